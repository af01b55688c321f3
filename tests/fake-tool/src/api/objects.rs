//! Owns which objects there are, by kind and by label: those of the cluster, and helm's records.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::{objects, said};
use crate::state::{Revision, State};

/// Every object, of every kind.
pub(super) fn all(state: &State, now: u64) -> impl Iterator<Item = Value> {
    let stored = state.nodes.iter().chain(&state.objects).chain(&state.secrets).chain(&state.leases);
    let stored = stored.chain(&state.dapr.objects).cloned();
    let made = objects::objects(state, now).into_iter().chain(said::events(state, now));
    made.chain(stored).chain(records(state))
}

/// Whether an object has the label that a selector asks for: `name`, or `name=value`.
pub(super) fn selected(object: &Value, selector: &str) -> bool {
    let labels = &object["metadata"]["labels"];
    match selector.split_once('=') {
        _ if selector.is_empty() => true,
        Some((name, value)) => labels[name] == value,
        None => labels.get(selector).is_some(),
    }
}

/// How a resource is called in an object; nothing when it is not known.
pub(super) fn kind(group: &str, plural: &str) -> &'static str {
    match (group, plural) {
        ("", "nodes") => "Node",
        ("", "namespaces") => "Namespace",
        ("", "pods") => "Pod",
        ("", "configmaps") => "ConfigMap",
        ("", "secrets") => "Secret",
        ("", "persistentvolumeclaims") => "PersistentVolumeClaim",
        ("", "services") => "Service",
        ("", "events") => "Event",
        ("", "persistentvolumes") => "PersistentVolume",
        ("apps", "deployments") => "Deployment",
        ("apps", "statefulsets") => "StatefulSet",
        ("apps", "replicasets") => "ReplicaSet",
        ("apiextensions.k8s.io", "customresourcedefinitions") => "CustomResourceDefinition",
        ("coordination.k8s.io", "leases") => "Lease",
        _ => "",
    }
}

/// helm's labels on a record, and those that a user gave.
fn labels(one: &Revision) -> BTreeMap<&str, String> {
    let mut labels: BTreeMap<&str, String> =
        one.labels.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    labels.extend([
        ("name", one.name.clone()),
        ("owner", "helm".to_owned()),
        ("status", one.status.clone()),
        ("version", one.number.to_string()),
    ]);
    labels
}

/// helm's records as objects, without their payload.
fn records(state: &State) -> Vec<Value> {
    let record = |one: &Revision| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": {
            "name": format!("sh.helm.release.v1.{}.v{}", one.name, one.number), "namespace": one.namespace,
            "labels": labels(one)}})
    };
    state.revisions.iter().map(record).collect()
}
