//! Owns what is live: namespaces, workloads, replica sets and pods, from a read or from watch streams.
//! Refuses to judge (`health`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::lease::{self, Lease};
use super::manifest;
use super::nodes::Node;
use crate::kubernetes::Object;
use crate::look::{Resource, resource};
use crate::world::releases::ReleaseRef;
use todoctl_core::labels;
use todoctl_core::workload::{Workload, WorkloadKind};

/// Everything live that is known.
#[derive(Debug, Clone, Default)]
pub struct Live {
    objects: BTreeMap<(String, String, String), Object>,
    /// With when their deletion began.
    namespaces: BTreeMap<String, Option<String>>,
    identity: Option<String>,
    identity_is_hidden: bool,
    nodes: BTreeMap<String, Node>,
    restarted: Option<Timestamp>,
}

/// The namespace whose UID identifies a cluster: it is made with the cluster and never again (OpenTelemetry's
/// `k8s.cluster.uid`).
pub const IDENTITY: &str = "kube-system";

/// What tells about the health of workloads: only their own kinds, because each costs a stream.
pub fn watched(workloads: &[Workload]) -> Vec<Resource> {
    let any = |kind| workloads.iter().any(|workload| workload.kind == kind);
    let (deployment, stateful_set) = (any(WorkloadKind::Deployment), any(WorkloadKind::StatefulSet));
    let kinds = [
        (deployment, resource::DEPLOYMENTS),
        (stateful_set, resource::STATEFUL_SETS),
        (deployment, resource::REPLICA_SETS),
        (deployment || stateful_set, resource::PODS),
    ];
    kinds.into_iter().filter(|(needed, _)| *needed).map(|(_, kind)| kind).collect()
}

impl Live {
    /// Of objects that were read: namespaces, nodes, workloads, pods, Leases.
    pub fn of(objects: impl IntoIterator<Item = Value>) -> Result<Self, String> {
        let mut live = Self::default();
        live.merge(objects)?;
        Ok(live)
    }

    /// Takes in objects that were read.
    pub fn merge(&mut self, objects: impl IntoIterator<Item = Value>) -> Result<(), String> {
        for object in objects {
            let object =
                Object::deserialize(object).map_err(|error| format!("an object is not readable: {error}"))?;
            self.put(object);
        }
        Ok(())
    }

    /// Takes in all objects of a kind in a namespace: what is not among them is gone. An older state never replaces a
    /// newer one: a stream may lag behind a read.
    pub fn replace(&mut self, kind: &str, namespace: &str, objects: Vec<Value>) -> Result<(), String> {
        let named: BTreeSet<String> =
            objects.iter().filter_map(|one| one["metadata"]["name"].as_str().map(str::to_owned)).collect();
        self.objects
            .retain(|(one, place, name), _| one != kind || place != namespace || named.contains(name));
        self.merge(objects)
    }

    /// Takes in that an object is gone.
    pub fn remove(&mut self, object: &Value) {
        let Some(object) = Object::of(object) else { return };
        let key = key(&object);
        if self.objects.get(&key).is_none_or(|known| known.metadata.uid == object.metadata.uid) {
            self.objects.remove(&key);
        }
    }

    /// Forgets every object of a kind in a namespace: a new list follows.
    pub fn forget(&mut self, kind: &str, namespace: &str) {
        self.objects.retain(|(one, place, _), _| one != kind || place != namespace);
    }

    fn put(&mut self, object: Object) {
        if object.kind == "Namespace" {
            if object.metadata.name == IDENTITY && !object.metadata.uid.is_empty() {
                self.identity = Some(object.metadata.uid);
            }
            self.namespaces.insert(object.metadata.name, object.metadata.deletion_timestamp);
            return;
        }
        if object.kind == "Node" {
            self.nodes.insert(object.metadata.name.clone(), Node::of(&object));
            return;
        }
        if object.kind == "Lease" && object.metadata.name != lease::NAME {
            return;
        }
        let key = key(&object);
        let newer = self.objects.get(&key).is_none_or(|known| {
            known.metadata.uid != object.metadata.uid || !known.metadata.is_after(&object.metadata)
        });
        if newer {
            self.objects.insert(key, object);
        }
    }

    /// Says that the cluster was started at this moment, and that everything that ran in it had ended before. Until the
    /// kubelets have looked again, the API server tells of pods as they were.
    pub fn was_restarted(&mut self, at: Timestamp) {
        self.restarted = Some(at);
    }

    /// When the cluster was started, when this run did it.
    pub(crate) fn restarted(&self) -> Option<Timestamp> {
        self.restarted
    }

    /// What identifies the cluster, when it says so.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Says that this user may not see what identifies the cluster.
    pub fn hide_identity(&mut self) {
        self.identity_is_hidden = true;
    }

    /// Whether this user may not see what identifies the cluster.
    pub fn has_hidden_identity(&self) -> bool {
        self.identity_is_hidden
    }

    /// The nodes by name, where they were read.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// Whether a namespace exists.
    pub fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.contains_key(name)
    }

    /// Since when a namespace is being deleted, RFC 3339; nothing is made in it any more.
    pub fn is_going_since(&self, name: &str) -> Option<&str> {
        self.namespaces.get(name)?.as_deref()
    }

    /// The Lease of a namespace; an unreadable one is an error.
    pub fn lease(&self, namespace: &str) -> Result<Option<Lease>, String> {
        let key = ("Lease".to_owned(), namespace.to_owned(), lease::NAME.to_owned());
        self.objects.get(&key).map(Lease::of).transpose()
    }

    /// A workload by name.
    pub fn workload(&self, kind: WorkloadKind, namespace: &str, name: &str) -> Option<&Object> {
        let kind = match kind {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
        };
        self.objects.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned()))
    }

    /// Objects of a kind in a namespace.
    pub fn of_kind<'a>(&'a self, kind: &'a str, namespace: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects
            .iter()
            .filter(move |((one, place, _), _)| one == kind && place == namespace)
            .map(|(_, object)| object)
    }

    /// The objects of a release. helm annotates every object it makes.
    fn release_objects(&self, release: &str, namespace: &str) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(move |object| {
            let annotation = |name: &str| object.metadata.annotations.text(name);
            annotation("meta.helm.sh/release-name") == Some(release)
                && annotation("meta.helm.sh/release-namespace") == Some(namespace)
        })
    }

    /// Namespace and labels by which the workloads of a release know their pods.
    pub fn release_selectors(
        &self,
        release: &str,
        namespace: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        let objects = self.release_objects(release, namespace);
        let selectors = objects.filter_map(|object| {
            let labels = &object.spec.selector.match_labels.0;
            (!labels.is_empty()).then(|| (object.metadata.namespace.clone(), labels.clone()))
        });
        selectors.collect()
    }

    /// The pods of a release: those that its workloads know, and those that say so themselves.
    pub fn release_pods(&self, ReleaseRef { namespace, name }: ReleaseRef<'_>) -> Vec<&Object> {
        let selectors = self.release_selectors(name, namespace);
        let is_known = |pod: &Object| {
            let has = |(label, value): (&String, &String)| pod.metadata.labels.get(label) == Some(value);
            selectors.iter().any(|(place, labels)| *place == pod.metadata.namespace && labels.iter().all(has))
        };
        let says = |pod: &Object| {
            pod.metadata.namespace == namespace && pod.metadata.labels.text(labels::INSTANCE) == Some(name)
        };
        let pods = self.objects.values().filter(|one| one.kind == "Pod");
        pods.filter(|pod| is_known(pod) || says(pod)).collect()
    }

    /// The workloads of a release, as they are asked for now.
    pub fn release_workloads(&self, release: &str, namespace: &str) -> Vec<Workload> {
        let mut found: Vec<Workload> = self
            .release_objects(release, namespace)
            .filter_map(|object| manifest::workload(object, namespace))
            .collect();
        found.sort();
        found
    }
}

fn key(object: &Object) -> (String, String, String) {
    (object.kind.clone(), object.metadata.namespace.clone(), object.metadata.name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(version: &str, replicas: u32) -> Value {
        json!({"kind": "Deployment", "metadata": {"name": "d", "namespace": "n", "uid": "u", "generation": 2,
            "resourceVersion": version}, "status": {"replicas": replicas}})
    }

    #[test]
    fn a_read_that_an_event_overtook_changes_nothing() {
        let mut live = Live::default();
        live.merge([deployment("9", 3)]).unwrap();
        live.merge([deployment("10", 2)]).unwrap();
        live.merge([deployment("9", 3)]).unwrap();
        assert_eq!(live.of_kind("Deployment", "n").map(|one| one.status.replicas).collect::<Vec<_>>(), [2]);
        live.merge([deployment("11", 1)]).unwrap();
        assert_eq!(live.of_kind("Deployment", "n").map(|one| one.status.replicas).collect::<Vec<_>>(), [1]);
    }
}
