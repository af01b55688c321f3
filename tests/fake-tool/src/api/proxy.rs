//! Owns requests through the service proxy: what the programs of a deployed application answer. What one of them is
//! sent, all of them show, as if by events.

use serde_json::Value;

use super::{Request, Response, refused};
use crate::cluster;
use crate::state::{Behaviour, State};

/// `/api/v1/namespaces/NS/services/NAME:PORT/proxy/PATH`; nothing when it is no such address.
pub(super) fn answer(state: &mut State, request: &Request) -> Option<Response> {
    let parts: Vec<&str> = request.path.split('/').collect();
    let [_, "api", "v1", "namespaces", place, "services", service, "proxy", path @ ..] = parts.as_slice()
    else {
        return None;
    };
    let name = service.split(':').next().unwrap_or_default();
    let deployment = name.strip_suffix("-service").and_then(|release| cluster::find(state, place, release));
    let Some(deployment) = deployment else {
        return Some(refused(404, "NotFound", &format!("services \"{name}\" not found"), name));
    };
    let path = path.join("/");
    Some(match cluster::answers(deployment, request.now) {
        Some(Behaviour::Unwell) => said(500, "the database is away"),
        Some(Behaviour::Deaf) if path.contains("contains=") => said(200, "[]"),
        Some(_) => program(state, &request.method, &path, &request.body),
        None => {
            let message = format!("no endpoints available for service \"{service}\"");
            refused(503, "ServiceUnavailable", &message, "")
        }
    })
}

fn program(state: &mut State, method: &str, path: &str, body: &str) -> Response {
    match method {
        "GET" => match path.split_once("contains=") {
            Some((_, text)) => {
                let found: Vec<Value> = state
                    .sent
                    .iter()
                    .filter(|body| body.contains(text))
                    .map(|body| Value::String(body.clone()))
                    .collect();
                said(200, &Value::Array(found).to_string())
            }
            None => said(200, "{\"status\":\"ok\"}"),
        },
        "DELETE" => {
            let key = path.rsplit('/').next().unwrap_or_default();
            let before = state.sent.len();
            state.sent.retain(|body| !body.contains(key));
            said(if before == state.sent.len() { 404 } else { 200 }, "")
        }
        _ => {
            state.sent.push(body.to_owned());
            said(200, body)
        }
    }
}

fn said(status: u16, body: &str) -> Response {
    Response { status, body: body.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Wanted;
    use crate::dapr::Containers;

    #[test]
    fn a_program_answers_when_its_pods_are_ready() {
        let mut state = State::default();
        let wanted = Wanted {
            namespace: "todo".into(),
            release: "backend".into(),
            replicas: 1,
            image: "a:1".into(),
            behaviour: Behaviour::Ready,
            hash: "h".into(),
            sidecar: false,
            containers: Containers::default(),
            resources: Value::Null,
        };
        cluster::apply(&mut state, &wanted, 0);
        let path = "/api/v1/namespaces/todo/services/backend-service:8001/proxy/ready".to_owned();
        let request = Request { method: "GET".into(), path, ..Request::default() };
        assert_eq!(answer(&mut state, &request).unwrap().status, 200);
        cluster::scale(&mut state, "todo", "backend", 0).unwrap();
        let none = answer(&mut state, &request).unwrap();
        assert!(none.status == 503 && none.body.contains("no endpoints available"), "{none:?}");
        let other = Request { path: "/api/v1/namespaces/todo/pods".into(), ..request };
        assert!(answer(&mut state, &other).is_none());
    }
}
