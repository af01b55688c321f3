//! Stands for the API server: what it answers to one request, from the state that the tools share.
//! `serve` beside it is the door on the network.

mod discover;
mod objects;
mod proxy;
pub mod serve;
mod watch;
mod write;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dapr;
use crate::state::State;

/// One request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Who asks, as the header says it.
    pub authorization: String,
    /// What form of answer is wanted.
    pub accept: String,
    /// Body.
    pub body: String,
    /// Milliseconds since 1970.
    pub now: u64,
}

impl Request {
    /// A value of its query, as it is written.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.path.split_once('?')?.1.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(one, _)| *one == name).map(|(_, value)| value)
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
}

/// Where objects are.
struct Place<'a> {
    group: &'a str,
    plural: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, rest) = match parts.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, _version, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", name, rest @ ..] if !rest.is_empty() => (Some(*name), rest),
            rest => (None, rest),
        };
        match *rest {
            [plural] => Some(Self { group, plural, namespace, name: None }),
            [plural, name] => Some(Self { group, plural, namespace, name: Some(name) }),
            _ => None,
        }
    }

    fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Answers one request.
pub fn answer(state: &mut State, request: &Request) -> Response {
    if !state.token.is_empty() && request.authorization != format!("Bearer {}", state.token) {
        return refused(401, "Unauthorized", "Unauthorized", "");
    }
    if let Some(answer) = proxy::answer(state, request).or_else(|| discover::answer(state, request)) {
        return answer;
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let query: BTreeMap<String, String> = query.split('&').filter_map(pair).collect();
    let Some(place) = Place::of(path) else { return unknown() };
    match request.method.as_str() {
        "GET" => get(state, &place, &query, request),
        _ => write::answer(state, &place, request),
    }
}

fn unknown() -> Response {
    refused(404, "NotFound", "the server could not find the requested resource", "")
}

fn get(state: &State, place: &Place<'_>, query: &BTreeMap<String, String>, request: &Request) -> Response {
    let resource = place.resource();
    let kind = objects::kind(place.group, place.plural);
    let is_dapr = dapr::is_resource(&resource);
    if kind.is_empty() && !(is_dapr && dapr::is_served(state, &resource)) {
        return unknown();
    }
    let verb = if place.name.is_some() { "get" } else { "list" };
    let own = place.name.map(|name| format!("{verb} {resource}/{name}"));
    if state.forbidden.contains(&format!("{verb} {resource}"))
        || own.is_some_and(|own| state.forbidden.contains(&own))
    {
        let message =
            format!("{resource} is forbidden: User \"tester\" cannot {verb} resource \"{}\"", place.plural);
        return refused(403, "Forbidden", &message, "");
    }
    let selector = query.get("labelSelector").map(String::as_str).unwrap_or_default();
    let is_meant = |one: &Value| {
        let same = if is_dapr { dapr::is_of(one, &resource) } else { one["kind"] == kind };
        same && place.namespace.is_none_or(|name| one["metadata"]["namespace"] == name)
            && place.name.is_none_or(|name| one["metadata"]["name"] == name)
            && objects::selected(one, selector)
    };
    let found: Vec<Value> = objects::all(state, request.now).filter(is_meant).collect();
    if let Some(name) = place.name {
        return match found.into_iter().next() {
            Some(object) => Response { status: 200, body: object.to_string() },
            None => refused(404, "NotFound", &format!("{resource} \"{name}\" not found"), name),
        };
    }
    let metadata = request.accept.contains("as=PartialObjectMetadataList");
    let items: Vec<Value> = found.into_iter().map(|one| item(one, metadata)).collect();
    let empty = metadata && items.is_empty();
    let items = if empty { Value::Null } else { json!(items) };
    let list =
        json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items});
    Response { status: 200, body: list.to_string() }
}

/// An object in a list: without version and kind, as the API server leaves them out.
fn item(mut object: Value, metadata: bool) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, _| {
            !matches!(name.as_str(), "kind" | "apiVersion") && (!metadata || name == "metadata")
        });
    }
    object
}

fn refused(code: u16, reason: &str, message: &str, name: &str) -> Response {
    let details = if name.is_empty() { json!({}) } else { json!({"name": name}) };
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message, "details": details});
    Response { status: code, body: status.to_string() }
}

/// A name and a value of a query, decoded.
fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    Some((name.to_owned(), value.replace("%3D", "=").replace("%2F", "/").replace("%2C", ",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(state: &mut State, path: &str, accept: &str) -> (u16, Value) {
        let request =
            Request { method: "GET".into(), path: path.into(), accept: accept.into(), ..Request::default() };
        let Response { status, body } = answer(state, &request);
        (status, serde_json::from_str(&body).unwrap())
    }

    #[test]
    fn lists_leave_kinds_out_and_metadata_leaves_content_out() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "todo",
            "labels": {"todoctl.dev/secret": "x"}}, "data": {"k": "v"}});
        let mut state = State { secrets: vec![secret], ..State::default() };
        let (status, list) =
            ask(&mut state, "/api/v1/namespaces/todo/secrets?labelSelector=todoctl.dev%2Fsecret", "");
        assert_eq!(
            (status, list["items"][0]["kind"].is_null(), &list["items"][0]["data"]["k"]),
            (200, true, &json!("v"))
        );
        let (_, bare) = ask(
            &mut state,
            "/api/v1/secrets?limit=500",
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        );
        assert!(bare["items"][0]["data"].is_null());
        let (_, other) = ask(&mut state, "/api/v1/namespaces/other/secrets", "");
        assert_eq!(other["items"], json!([]));
    }

    #[test]
    fn what_is_not_there_is_told_from_what_is_not_known() {
        let mut state = State { forbidden: vec!["list nodes".into()], ..State::default() };
        let (status, absent) = ask(&mut state, "/api/v1/namespaces/nowhere", "");
        assert_eq!((status, &absent["details"]["name"]), (404, &json!("nowhere")));
        let (status, unknown) = ask(&mut state, "/apis/dapr.io/v1alpha1/namespaces/todo/components", "");
        assert_eq!((status, &unknown["details"]["name"]), (404, &Value::Null));
        assert_eq!(ask(&mut state, "/api/v1/nodes", "").0, 403);
        assert_eq!(ask(&mut state, "/api/v1/namespaces/kube-system", "").0, 200);
    }
}
