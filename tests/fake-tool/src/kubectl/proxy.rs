//! Owns requests through the service proxy: what the programs of a deployed application answer. What one of them is
//! sent, all of them show, as if by events.

use serde_json::Value;

use super::not_found;
use crate::cluster;
use crate::state::{Behaviour, State};
use crate::{Answer, Call};

/// `/api/v1/namespaces/NS/services/NAME:PORT/proxy/PATH`.
pub(super) fn answer(state: &mut State, verb: &str, url: &str, call: &Call) -> Answer {
    let parts: Vec<&str> = url.split('/').collect();
    let [_, "api", "v1", "namespaces", place, "services", service, "proxy", path @ ..] = parts.as_slice()
    else {
        return not_known();
    };
    let name = service.split(':').next().unwrap_or_default();
    let deployment = name.strip_suffix("-service").and_then(|release| cluster::find(state, place, release));
    let Some(deployment) = deployment else { return not_found("services", name) };
    let path = path.join("/");
    match cluster::answers(deployment, call.now) {
        Some(Behaviour::Unwell) => Answer::fail(
            1,
            "Error from server (InternalError): an error on the server (\"the database is away\") has prevented the request from succeeding\n",
        ),
        Some(Behaviour::Deaf) if path.contains("contains=") => Answer::ok("[]"),
        Some(_) => program(state, verb, &path, &call.stdin),
        None => Answer::fail(
            1,
            format!(
                "Error from server (ServiceUnavailable): no endpoints available for service \"{service}\"\n"
            ),
        ),
    }
}

fn program(state: &mut State, verb: &str, path: &str, body: &str) -> Answer {
    match verb {
        "get" => match path.split_once("contains=") {
            Some((_, text)) => {
                let found: Vec<Value> = state
                    .sent
                    .iter()
                    .filter(|body| body.contains(text))
                    .map(|body| Value::String(body.clone()))
                    .collect();
                Answer::ok(Value::Array(found).to_string())
            }
            None => Answer::ok("{\"status\":\"ok\"}"),
        },
        "create" | "replace" => {
            state.sent.push(body.to_owned());
            Answer::ok(body)
        }
        "delete" => {
            let key = path.rsplit('/').next().unwrap_or_default();
            let before = state.sent.len();
            state.sent.retain(|body| !body.contains(key));
            if before == state.sent.len() { not_known() } else { Answer::ok("") }
        }
        _ => Answer::fail(1, format!("error: unknown flag: --raw of {verb}\n")),
    }
}

fn not_known() -> Answer {
    Answer::fail(1, "Error from server (NotFound): the server could not find the requested resource\n")
}
