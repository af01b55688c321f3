//! Owns what kubectl changes: applied objects, deleted ones, scaled ones.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{namespace, not_found};
use crate::argv::Argv;
use crate::state::{State, timestamp};
use crate::{Answer, cluster, dapr};

pub(super) fn apply(state: &mut State, argv: &Argv, stdin: &str) -> Answer {
    if !argv.has(&["--server-side"]) {
        return Answer::fail(1, "error: this test knows only server-side apply\n");
    }
    if let Some(folder) = argv.value(&["-f"]).filter(|source| *source != "-") {
        return dapr::apply_folder(state, folder);
    }
    let Ok(object) = serde_json::from_str::<Value>(stdin) else {
        return Answer::fail(1, "error: error parsing STDIN: invalid character\n");
    };
    let items = object.get("items").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![object]);
    let mut said = String::new();
    for item in items {
        match apply_one(state, &item) {
            Ok(line) => said.push_str(&line),
            Err(error) => return Answer { stdout: said, stderr: error, exit: 1 },
        }
    }
    Answer::ok(said)
}

fn apply_one(state: &mut State, item: &Value) -> Result<String, String> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    match (kind.as_str(), text("/type").as_str()) {
        ("Namespace", _) => {
            state.namespaces.insert(name.clone());
            state.tick();
            Ok(format!("namespace/{name} serverside-applied\n"))
        }
        ("Secret", _) => apply_secret(state, item, &text("/metadata/namespace"), &name),
        _ if text("/apiVersion").starts_with("dapr.io/") => dapr::apply(state, item),
        _ => Err(format!("error: this test knows no {kind}\n")),
    }
}

pub(crate) fn put_secret(state: &mut State, item: &Value) -> Result<String, String> {
    let text = |name: &str| item["metadata"][name].as_str().unwrap_or_default().to_owned();
    apply_secret(state, item, &text("namespace"), &text("name"))
}

fn apply_secret(state: &mut State, item: &Value, place: &str, name: &str) -> Result<String, String> {
    if !state.namespaces.contains(place) {
        return Err(format!("Error from server (NotFound): namespaces \"{place}\" not found\n"));
    }
    let mut stored = item.clone();
    let mut data = stored.get("data").cloned().unwrap_or_else(|| json!({}));
    for (key, value) in item["stringData"].as_object().into_iter().flatten() {
        data[key] = json!(STANDARD.encode(value.as_str().unwrap_or_default()));
    }
    if let Some(stored) = stored.as_object_mut() {
        stored.remove("stringData");
    }
    stored["data"] = data;
    stored["metadata"]["creationTimestamp"] = json!(timestamp(state.tick()));
    let same = |one: &&mut Value| one["metadata"]["namespace"] == place && one["metadata"]["name"] == name;
    match state.secrets.iter_mut().find(same) {
        Some(old) if old["immutable"] == true && old["data"] != stored["data"] => Err(format!(
            "The Secret \"{name}\" is invalid: data: Forbidden: field is immutable when `immutable` is set\n"
        )),
        Some(old) => {
            *old = stored;
            Ok(format!("secret/{name} serverside-applied\n"))
        }
        None => {
            state.secrets.push(stored);
            Ok(format!("secret/{name} serverside-applied\n"))
        }
    }
}

fn remove_object(state: &mut State, kind: &str, place: &str, name: &str) -> bool {
    let before = state.objects.len();
    let same = |one: &Value| {
        one["kind"] == kind && one["metadata"]["name"] == name && one["metadata"]["namespace"] == place
    };
    state.objects.retain(|one| !same(one));
    before != state.objects.len()
}

pub(super) fn delete(state: &mut State, argv: &Argv, now: u64) -> Answer {
    let place = namespace(argv).unwrap_or("default").to_owned();
    let names = &argv.words[2..];
    if dapr::is_resource(argv.word(1)) {
        return dapr::delete(state, argv.word(1), &place, names, argv.has(&["--ignore-not-found"]));
    }
    if argv.word(1) == "pod" {
        dapr::replace_pods(state, &place, names, now);
    }
    let mut said = String::new();
    let kinds: Vec<&str> = argv.word(1).split(',').collect();
    for (kind, name) in kinds.iter().flat_map(|kind| argv.words[2..].iter().map(move |name| (*kind, name))) {
        let known = match kind {
            "secret" => remove_secret(state, &place, name),
            "configmap" => remove_object(state, "ConfigMap", &place, name),
            "namespace" => remove_namespace(state, name),
            // A deleted pod comes back: its replica set makes another.
            "pod" => true,
            other => {
                return Answer::fail(
                    1,
                    format!("error: the server doesn't have a resource type \"{other}\"\n"),
                );
            }
        };
        if known {
            said.push_str(&format_deleted(kind, name, &place));
        } else if !argv.has(&["--ignore-not-found"]) {
            return not_found(&format!("{kind}s"), name);
        }
    }
    Answer::ok(said)
}

fn format_deleted(kind: &str, name: &str, place: &str) -> String {
    if kind == "namespace" {
        format!("namespace \"{name}\" deleted\n")
    } else {
        format!("{kind} \"{name}\" deleted from {place} namespace\n")
    }
}

fn remove_secret(state: &mut State, place: &str, name: &str) -> bool {
    let before = state.secrets.len();
    state.secrets.retain(|one| one["metadata"]["namespace"] != place || one["metadata"]["name"] != name);
    before != state.secrets.len()
}

fn remove_namespace(state: &mut State, name: &str) -> bool {
    state.leases.retain(|one| one["metadata"]["namespace"] != name);
    state.secrets.retain(|one| one["metadata"]["namespace"] != name);
    state.objects.retain(|one| one["metadata"]["namespace"] != name);
    state.revisions.retain(|one| one.namespace != name);
    state.deployments.retain(|one| one.namespace != name);
    state.dapr.objects.retain(|one| one["metadata"]["namespace"] != name);
    state.namespaces.remove(name)
}

pub(super) fn scale(state: &mut State, argv: &Argv) -> Answer {
    let place = namespace(argv).unwrap_or("default").to_owned();
    let name = argv.word(1).trim_start_matches("deployment/").to_owned();
    let replicas = argv.value(&["--replicas"]).and_then(|text| text.parse().ok()).unwrap_or(1);
    match cluster::scale(state, &place, name.trim_end_matches("-deployment"), replicas) {
        Some(()) => Answer::ok(format!("deployment.apps/{name} scaled\n")),
        None => not_found("deployments.apps", &name),
    }
}
