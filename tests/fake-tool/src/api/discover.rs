//! Owns questions that are no lists: version, which resources are served, CRDs that take a while, what would be made of
//! an object, what the user may do, what a container says.

use serde_json::{Value, json};

use super::{Request, Response, refused, unknown};
use crate::cluster::said;
use crate::dapr;
use crate::state::{State, VERSION, moment};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";

/// When everything was said.
const TIME: &str = "2026-01-01T00:00:00.000000001Z ";

/// Whether a pod is there.
pub(super) fn has_pod(state: &State, request: &Request) -> bool {
    let pods = said::pods(state, request.now);
    pods.iter().any(|(name, ..)| request.path.contains(&format!("/pods/{name}/log")))
}

/// Nothing when the request is another one.
pub(super) fn answer(state: &mut State, request: &Request) -> Option<Response> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if let Some(name) = path.strip_prefix(CRDS).filter(|_| request.method == "GET") {
        let absent =
            || refused(404, "NotFound", &format!("customresourcedefinitions \"{name}\" not found"), name);
        return Some(dapr::crd(state, name).map_or_else(absent, |crd| ok(&crd)));
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["version"]) => Some(ok(&json!({"gitVersion": VERSION}))),
        ("POST", ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]) => {
            Some(review(state, request))
        }
        ("GET", ["apis", "dapr.io"]) => Some(group(state)),
        ("GET", ["apis", "dapr.io", _version]) => Some(resources(state)),
        ("GET", ["api", "v1", "namespaces", place, "pods", pod, "log"]) => {
            Some(log(state, place, pod, request))
        }
        ("POST", ["api", "v1", "namespaces", _, "pods" | "configmaps"]) if query == "dryRun=All" => {
            Some(would_create(state, request))
        }
        _ => None,
    }
}

fn ok(body: &Value) -> Response {
    Response { status: 200, body: body.to_string() }
}

fn group(state: &mut State) -> Response {
    let versions = json!([{"groupVersion": "dapr.io/v1alpha1", "version": "v1alpha1"}]);
    dapr::served(state).map_or_else(unknown, |_| ok(&json!({"kind": "APIGroup", "versions": versions})))
}

fn resources(state: &mut State) -> Response {
    let named = |name: String| json!({ "name": name });
    let list = dapr::served(state).map(|names| names.into_iter().map(named).collect::<Vec<_>>());
    list.map_or_else(unknown, |list| ok(&json!({"kind": "APIResourceList", "resources": list})))
}

/// What would be made, at which time; webhooks see it.
fn would_create(state: &mut State, request: &Request) -> Response {
    let Ok(mut object) = serde_json::from_str::<Value>(&request.body) else {
        return refused(400, "BadRequest", "the body is no JSON", "");
    };
    object["metadata"]["creationTimestamp"] = json!(moment(request.now));
    if object["kind"] == "Pod" {
        dapr::inject(state, &mut object);
    }
    Response { status: 201, body: object.to_string() }
}

/// Whether the user may do what is asked.
fn review(state: &State, request: &Request) -> Response {
    let Ok(mut review) = serde_json::from_str::<Value>(&request.body) else {
        return refused(400, "BadRequest", "the body is no JSON", "");
    };
    let about = &review["spec"]["resourceAttributes"];
    let text = |field: &str| about[field].as_str().unwrap_or_default();
    let dot = if text("group").is_empty() { "" } else { "." };
    let right = format!("{} {}{dot}{}", text("verb"), text("resource"), text("group"));
    review["status"] = json!({"allowed": !state.forbidden.contains(&right)});
    Response { status: 201, body: review.to_string() }
}

fn log(state: &State, place: &str, pod: &str, request: &Request) -> Response {
    let container = request.query("container").unwrap_or_default();
    let mut pods = said::pods(state, request.now).into_iter();
    let Some((_, _, set)) = pods.find(|(name, one, _)| name == pod && one.namespace == place) else {
        return refused(404, "NotFound", &format!("pods \"{pod}\" not found"), pod);
    };
    match said::lines(&set.behaviour, request.query("previous") == Some("true"), pod, container) {
        Ok(lines) => {
            let time = if request.query("timestamps") == Some("true") { TIME } else { "" };
            Response { status: 200, body: lines.map(|line| format!("{time}{line}\n")).concat() }
        }
        Err(why) => refused(400, "BadRequest", &why, ""),
    }
}
