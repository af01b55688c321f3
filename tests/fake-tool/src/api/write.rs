//! Owns what the API server changes by single requests: Leases, and what is created only if it does not exist. Each request
//! is conditional, as in Kubernetes.

use serde_json::{Value, json};

use super::{Place, Request, Response, refused, unknown};
use crate::kubectl::put_secret;
use crate::state::{State, timestamp};

/// Answers a request that changes an object.
pub(super) fn answer(state: &mut State, place: &Place<'_>, request: &Request) -> Response {
    let resource = place.resource();
    let verb = match request.method.as_str() {
        "POST" => "create",
        "PATCH" => "patch",
        _ => "delete",
    };
    if state.forbidden.contains(&format!("{verb} {resource}")) {
        let message =
            format!("{resource} is forbidden: User \"tester\" cannot {verb} resource \"{}\"", place.plural);
        return refused(403, "Forbidden", &message, "");
    }
    let Ok(body) = serde_json::from_str::<Value>(&request.body) else {
        return refused(400, "BadRequest", "the body is no JSON", "");
    };
    match (request.method.as_str(), place.plural, place.name) {
        ("POST", "namespaces" | "secrets" | "leases", None) => create(state, place, body),
        ("PATCH", "leases", Some(name)) => patch(state, place, name, &body),
        ("PATCH", "secrets", Some(name)) => label(state, place, name, &body),
        ("PATCH", "configmaps", Some(name)) => apply(state, place, name, body),
        ("DELETE", "leases" | "secrets" | "configmaps", Some(name)) => delete(state, place, name, &body),
        _ => unknown(),
    }
}

fn create(state: &mut State, place: &Place<'_>, mut item: Value) -> Response {
    let resource = place.resource();
    let name = item["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let namespace = place.namespace.unwrap_or_default();
    let exists = match place.plural {
        "namespaces" => state.namespaces.contains(&name),
        "secrets" => position(&state.secrets, namespace, &name).is_some(),
        _ => position(&state.leases, namespace, &name).is_some(),
    };
    if exists {
        return refused(409, "AlreadyExists", &format!("{resource} \"{name}\" already exists"), &name);
    }
    if let Some(namespace) = place.namespace {
        item["metadata"]["namespace"] = json!(namespace);
    }
    if place.plural == "namespaces" {
        state.namespaces.insert(name);
    } else if !state.namespaces.contains(namespace) {
        return refused(404, "NotFound", &format!("namespaces \"{namespace}\" not found"), namespace);
    } else if place.plural == "secrets" {
        if let Err(error) = put_secret(state, &item) {
            return refused(422, "Invalid", &error, &name);
        }
    } else {
        item["metadata"]["uid"] = json!(format!("lease-{}", state.clock + 1));
        version(state, &mut item);
        state.leases.push(item.clone());
        return Response { status: 201, body: item.to_string() };
    }
    version(state, &mut item);
    Response { status: 201, body: item.to_string() }
}

fn version(state: &mut State, item: &mut Value) {
    item["metadata"]["resourceVersion"] = json!(state.tick().to_string());
}

/// A JSON patch: all of it or nothing.
fn patch(state: &mut State, place: &Place<'_>, name: &str, operations: &Value) -> Response {
    let Some(at) = position(&state.leases, place.namespace.unwrap_or_default(), name) else {
        return absent(place, name);
    };
    let mut fresh = state.leases[at].clone();
    if !operations.as_array().into_iter().flatten().all(|operation| carry_out(&mut fresh, operation)) {
        let message = "the server rejected our request due to an error in our request";
        return refused(422, "Invalid", message, name);
    }
    version(state, &mut fresh);
    state.leases[at] = fresh.clone();
    Response { status: 200, body: fresh.to_string() }
}

/// A merge patch of a record of helm's: labels.
fn label(state: &mut State, place: &Place<'_>, name: &str, patch: &Value) -> Response {
    let namespace = place.namespace.unwrap_or_default();
    let found = state.revisions.iter_mut().find(|one| {
        one.namespace == namespace && format!("sh.helm.release.v1.{}.v{}", one.name, one.number) == name
    });
    let Some(revision) = found else { return absent(place, name) };
    for (label, value) in patch["metadata"]["labels"].as_object().into_iter().flatten() {
        revision.labels.insert(label.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    changed(state)
}

/// Applied server side, by the only one who writes it.
fn apply(state: &mut State, place: &Place<'_>, name: &str, mut item: Value) -> Response {
    let namespace = place.namespace.unwrap_or_default();
    if !state.namespaces.contains(namespace) {
        return refused(404, "NotFound", &format!("namespaces \"{namespace}\" not found"), namespace);
    }
    item["metadata"]["creationTimestamp"] = json!(timestamp(state.tick()));
    let is_it = |one: &Value| {
        one["kind"] == "ConfigMap"
            && one["metadata"]["name"] == name
            && one["metadata"]["namespace"] == namespace
    };
    state.objects.retain(|one| !is_it(one));
    state.objects.push(item);
    changed(state)
}

fn changed(state: &mut State) -> Response {
    let version = state.tick().to_string();
    Response { status: 200, body: json!({"metadata": {"resourceVersion": version}}).to_string() }
}

/// Whether one operation of a patch could be done.
fn carry_out(object: &mut Value, operation: &Value) -> bool {
    let path = operation["path"].as_str().unwrap_or_default();
    let Some(place) = object.pointer_mut(path) else { return false };
    match operation["op"].as_str() {
        Some("test") => *place == operation["value"],
        Some("replace") => {
            place.clone_from(&operation["value"]);
            true
        }
        _ => false,
    }
}

/// With the version that it must have, when one is given.
fn delete(state: &mut State, place: &Place<'_>, name: &str, options: &Value) -> Response {
    let namespace = place.namespace.unwrap_or_default();
    let all = match place.plural {
        "leases" => &mut state.leases,
        "secrets" => &mut state.secrets,
        _ => &mut state.objects,
    };
    let Some(at) = position(all, namespace, name) else {
        return absent(place, name);
    };
    let wanted = &options["preconditions"]["resourceVersion"];
    if !wanted.is_null() && *wanted != all[at]["metadata"]["resourceVersion"] {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the ResourceVersion in the precondition does not match",
            place.resource()
        );
        return refused(409, "Conflict", &message, name);
    }
    all.remove(at);
    state.tick();
    Response { status: 200, body: json!({"kind": "Status", "status": "Success"}).to_string() }
}

fn absent(place: &Place<'_>, name: &str) -> Response {
    refused(404, "NotFound", &format!("{} \"{name}\" not found", place.resource()), name)
}

fn position(all: &[Value], place: &str, name: &str) -> Option<usize> {
    all.iter().position(|one| one["metadata"]["namespace"] == place && one["metadata"]["name"] == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Request, answer};
    use super::*;
    use crate::state::Revision;

    fn ask(state: &mut State, method: &str, path: &str, body: &Value) -> u16 {
        let request = Request {
            method: method.into(),
            path: path.into(),
            body: body.to_string(),
            ..Request::default()
        };
        answer(state, &request).status
    }

    fn state() -> State {
        let mut state = State::default();
        state.namespaces.insert("todo".to_owned());
        state
    }

    const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/todo/leases";

    #[test]
    fn of_two_that_create_one_is_first_and_a_stale_version_deletes_nothing() {
        let mut state = state();
        let lease = json!({"kind": "Lease", "metadata": {"name": "todoctl", "namespace": "todo"}, "spec": {"holderIdentity": "a"}});
        assert_eq!(ask(&mut state, "POST", LEASES, &lease), 201);
        assert_eq!(ask(&mut state, "POST", LEASES, &lease), 409);
        let one = format!("{LEASES}/todoctl");
        let old = json!({"preconditions": {"resourceVersion": "0"}});
        assert_eq!(ask(&mut state, "DELETE", &one, &old), 409);
        let patch = |from: &str| {
            json!([{"op": "test", "path": "/spec/holderIdentity", "value": from},
                {"op": "replace", "path": "/spec/holderIdentity", "value": "b"}])
        };
        assert_eq!(ask(&mut state, "PATCH", &one, &patch("other")), 422);
        assert_eq!(state.leases[0]["spec"]["holderIdentity"], "a");
        assert_eq!(ask(&mut state, "PATCH", &one, &patch("a")), 200);
        let fresh =
            json!({"preconditions": {"resourceVersion": state.leases[0]["metadata"]["resourceVersion"]}});
        assert_eq!(ask(&mut state, "DELETE", &one, &fresh), 200);
        assert_eq!(ask(&mut state, "DELETE", &one, &fresh), 404);
    }

    #[test]
    fn records_of_helm_take_labels_and_are_never_created() {
        let mut state = state();
        state.revisions.push(Revision {
            name: "backend".to_owned(),
            namespace: "todo".to_owned(),
            number: 3,
            status: "deployed".to_owned(),
            server_side: true,
            labels: BTreeMap::new(),
            values: json!({}),
            description: String::new(),
        });
        let place =
            |number: u32| format!("/api/v1/namespaces/todo/secrets/sh.helm.release.v1.backend.v{number}");
        let patch = json!({"metadata": {"labels": {"todoctl.dev/verified": "3"}}});
        assert_eq!(ask(&mut state, "PATCH", &place(3), &patch), 200);
        assert_eq!(state.revisions[0].labels["todoctl.dev/verified"], "3");
        assert_eq!(ask(&mut state, "PATCH", &place(4), &patch), 404);
    }
}
