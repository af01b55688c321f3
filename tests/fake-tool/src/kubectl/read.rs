//! Owns what kubectl reads: lists, single objects, logs, descriptions, events.

use serde_json::{Value, json};

use super::{columns, namespace, not_found, table};
use crate::Answer;
use crate::argv::Argv;
use crate::cluster::objects;
use crate::state::{Behaviour, Deployment, ReplicaSet, State};

pub(super) fn get(state: &State, argv: &Argv, now: u64) -> Answer {
    let place = namespace(argv);
    match argv.word(1) {
        "secrets" if argv.value(&["-l"]) == Some("owner=helm") => table::releases(state, place),
        "secrets" => {
            let selector = argv.value(&["-l"]).unwrap_or_default().to_owned();
            let items = state.secrets.iter().filter(|one| {
                place.is_none_or(|name| one["metadata"]["namespace"] == name)
                    && (selector.is_empty() || one["metadata"]["labels"].get(&selector).is_some())
            });
            shown(argv, &items.cloned().collect::<Vec<_>>())
        }
        "events" => list(&events(state, place, now)),
        first if first.contains('/') => named(state, &argv.words[1..], place, now),
        kinds => {
            let kinds: Vec<&str> = kinds.split(',').map(kind).collect();
            let selector = argv.value(&["-l"]).unwrap_or_default();
            let wanted = |one: &Value| {
                kinds.iter().any(|kind| one["kind"] == *kind)
                    && (one["metadata"]["namespace"].is_null()
                        || place.is_none_or(|name| one["metadata"]["namespace"] == name))
                    && selected(one, selector)
            };
            let stored =
                state.nodes.iter().chain(&state.objects).chain(&state.secrets).chain(&state.leases).cloned();
            let all = objects::objects(state, now).into_iter().chain(stored).chain(table::records(state));
            shown(argv, &all.filter(wanted).collect::<Vec<_>>())
        }
    }
}

/// Objects in the form that is asked for.
fn shown(argv: &Argv, items: &[Value]) -> Answer {
    match argv.value(&["-o"]) {
        Some("name") => Answer::ok(columns::names(items)),
        Some(form) if form.starts_with("custom-columns=") => Answer::ok(columns::table(form, items)),
        _ => list(items),
    }
}

/// Whether an object has the label that a selector asks for: `name`, or `name=value`.
pub fn selected(object: &Value, selector: &str) -> bool {
    let labels = &object["metadata"]["labels"];
    match selector.split_once('=') {
        _ if selector.is_empty() => true,
        Some((name, value)) => labels[name] == value,
        None => labels.get(selector).is_some(),
    }
}

/// How a kind is called in an object.
pub fn kind(name: &str) -> &'static str {
    match name {
        "nodes" | "node" => "Node",
        "namespaces" | "namespace" => "Namespace",
        "deployments" | "deployment" => "Deployment",
        "statefulsets" | "statefulset" => "StatefulSet",
        "replicasets" => "ReplicaSet",
        "pods" | "pod" => "Pod",
        "configmaps" => "ConfigMap",
        "secrets" => "Secret",
        "persistentvolumeclaims" => "PersistentVolumeClaim",
        "services" | "service" => "Service",
        "events" => "Event",
        "persistentvolumes" => "PersistentVolume",
        "customresourcedefinitions" => "CustomResourceDefinition",
        "leases" | "lease" => "Lease",
        _ => "",
    }
}

fn list(items: &[Value]) -> Answer {
    Answer::ok(format!(
        "{}\n",
        json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
    ))
}

fn named(state: &State, names: &[String], place: Option<&str>, now: u64) -> Answer {
    let all = objects::objects(state, now);
    let mut found = Vec::new();
    for name in names {
        let (plural, name) = name.split_once('/').unwrap_or(("", name));
        let object = all.iter().find(|one| {
            one["kind"] == kind(plural)
                && one["metadata"]["name"] == name
                && place.is_none_or(|place| one["metadata"]["namespace"] == place)
        });
        match object {
            Some(object) => found.push(object.clone()),
            None => return not_found(&format!("{plural}s.apps"), name),
        }
    }
    match found.as_slice() {
        [only] => Answer::ok(format!("{only}\n")),
        _ => list(&found),
    }
}

pub(super) fn pods<'a>(
    state: &'a State,
    place: Option<&str>,
    now: u64,
) -> Vec<(String, &'a Deployment, &'a ReplicaSet)> {
    let deployments = state.deployments.iter().filter(|one| place.is_none_or(|name| name == one.namespace));
    deployments
        .flat_map(|one| objects::pods(one, now).into_iter().map(move |(name, set)| (name, one, set)))
        .collect()
}

pub(super) fn describe(state: &State, argv: &Argv, now: u64) -> Answer {
    let release =
        argv.value(&["-l"]).and_then(|selector| selector.split_once('=')).map_or("", |(_, release)| release);
    let ours = pods(state, namespace(argv), now)
        .into_iter()
        .filter(|(_, deployment, _)| deployment.release == release);
    let text: Vec<String> = ours
        .map(|(name, deployment, set)| {
            format!(
                "Name:         {name}\nNamespace:    {}\nImage:        {}\n",
                deployment.namespace, set.image
            )
        })
        .collect();
    Answer::ok(text.join("\n"))
}

fn events(state: &State, place: Option<&str>, now: u64) -> Vec<Value> {
    let event = |(name, deployment, set): (String, &Deployment, &ReplicaSet)| {
        let (reason, message) = match set.behaviour {
            Behaviour::NoImage => ("Failed", format!("Failed to pull image \"{}\": not found", set.image)),
            Behaviour::Crash => {
                ("BackOff", format!("Back-off restarting failed container {}", deployment.release))
            }
            Behaviour::NeverReady => {
                ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned())
            }
            Behaviour::Ready | Behaviour::Slow(_) | Behaviour::Unwell | Behaviour::Deaf => return None,
        };
        Some(
            json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": reason, "message": message, "count": 3,
            "lastTimestamp": "2026-01-01T00:00:00Z", "involvedObject": {"kind": "Pod", "name": name, "namespace": deployment.namespace}}),
        )
    };
    pods(state, place, now).into_iter().filter_map(event).collect()
}
