//! Owns what nodes can give: their allocatable, less what runs there and stays.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Resources;
use super::pod::{Pod, quantity};
use crate::kubernetes::{Labels, Object, Taint, Toleration};
use todoctl_core::quantity::Quantity;
use todoctl_project::dapr::Dapr;
use todoctl_project::profile::Capacity;

/// The nodes of a cluster and the pods that hold room on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nodes {
    nodes: Vec<Room>,
    running: Vec<Running>,
}

/// A pod that holds room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Namespace.
    pub namespace: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    node: String,
    requests: Resources,
}

impl Running {
    /// Whether it is one of the pods that a workload's selector finds.
    pub fn is_of(&self, namespace: &str, selector: &BTreeMap<String, String>) -> bool {
        self.namespace == namespace
            && !selector.is_empty()
            && selector.iter().all(|(name, value)| self.labels.get(name) == Some(value))
    }
}

/// What one node has, and what is left of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    /// Name of the node.
    pub node: String,
    /// What it can give to pods: its allocatable.
    pub whole: Resources,
    /// What pods hold that stay.
    pub taken: Resources,
    /// How many more pods it can have.
    pub pods: u32,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Taints that keep pods away for good.
    pub taints: Vec<Taint>,
}

impl Room {
    /// What is left.
    pub fn free(&self) -> Resources {
        self.whole.minus(&self.taken)
    }

    /// Whether a pod may run here at all.
    pub fn admits(&self, pod: &Pod) -> bool {
        let tolerated = |taint: &Taint| pod.tolerations.iter().any(|one| tolerates(one, taint));
        pod.node_selector.iter().all(|(name, value)| self.labels.get(name) == Some(value))
            && self.taints.iter().all(tolerated)
    }
}

/// Whether a toleration bears a taint (Kubernetes `ToleratesTaint`).
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let exists = toleration.operator == "Exists";
    (toleration.effect.is_empty() || toleration.effect == taint.effect)
        && (toleration.key.is_empty() && exists || toleration.key == taint.key)
        && (exists || toleration.value == taint.value)
}

/// Whether a taint keeps pods away for good. Kubernetes' own ones tell of conditions that pass, such as a node that is
/// just starting; a cordon does not pass by itself.
fn is_lasting(taint: &Taint) -> bool {
    let key = taint.key.as_str();
    let passing =
        key.starts_with("node.kubernetes.io/") || key.starts_with("node.cloudprovider.kubernetes.io/");
    taint.effect != "PreferNoSchedule" && (!passing || key == "node.kubernetes.io/unschedulable")
}

impl Nodes {
    /// Of the nodes and pods that were read.
    pub fn of(objects: impl IntoIterator<Item = Value>) -> Result<Self, String> {
        let mut nodes = Self::default();
        for object in objects {
            let object =
                Object::deserialize(object).map_err(|error| format!("an object is not readable: {error}"))?;
            match object.kind.as_str() {
                "Node" => nodes.nodes.push(node(object)?),
                "Pod" => nodes.running.extend(running(object)?),
                _ => {}
            }
        }
        nodes.nodes.sort_by(|one, other| one.node.cmp(&other.node));
        Ok(nodes)
    }

    /// The nodes that a profile promises, with nothing on them.
    pub fn promised(capacity: &Capacity) -> Result<Self, String> {
        let number = |text: &str| text.parse::<Quantity>().map_err(|error| error.to_string());
        let whole = Resources { cpu: number(&capacity.cpu)?, memory: number(&capacity.memory)? };
        let node =
            |number: u16| Room { node: format!("node {number}"), whole, pods: u32::MAX, ..Room::default() };
        Ok(Self { nodes: (1..=capacity.nodes).map(node).collect(), running: Vec::new() })
    }

    /// Whether there is none: nothing can be said then.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What is left on each node when some pods are not counted, because they go or are counted elsewhere.
    pub fn rooms(&self, goes: impl Fn(&Running) -> bool) -> Vec<Room> {
        let mut rooms = self.nodes.clone();
        for pod in self.running.iter().filter(|pod| !goes(pod)) {
            if let Some(room) = rooms.iter_mut().find(|room| room.node == pod.node) {
                room.taken = room.taken + pod.requests;
                room.pods = room.pods.saturating_sub(1);
            }
        }
        rooms
    }
}

fn node(object: Object) -> Result<Room, String> {
    let (name, can) = (object.metadata.name, object.status.allocatable);
    let part = |field: &str| quantity(&can, field, &format!("node {name}")).map(Option::unwrap_or_default);
    Ok(Room {
        whole: Resources { cpu: part("cpu")?, memory: part("memory")? },
        taken: Resources::default(),
        pods: quantity(&can, "pods", &name)?
            .map_or(u32::MAX, |pods| u32::try_from(pods.whole()).unwrap_or(u32::MAX)),
        labels: object.metadata.labels.0,
        taints: object.spec.taints.into_iter().filter(is_lasting).collect(),
        node: name,
    })
}

/// A pod that holds room: one that has a node and has not ended.
fn running(object: Object) -> Result<Option<Running>, String> {
    let spec = object.pod();
    if spec.node_name.is_empty() || matches!(object.status.phase.as_str(), "Succeeded" | "Failed") {
        return Ok(None);
    }
    // What the injector added is in the spec already.
    let pod = Pod::read(spec, &Labels::default(), &Dapr::default())
        .map_err(|error| format!("pod {}: {error}", object.metadata.name))?;
    Ok(Some(Running {
        node: spec.node_name.clone(),
        namespace: object.metadata.namespace,
        labels: object.metadata.labels.0,
        requests: pod.requests,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cluster() -> Nodes {
        let node = |name: &str, taints: Value| {
            json!({"kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/arch": "arm64"}},
                "spec": {"taints": taints}, "status": {"allocatable": {"cpu": "1830m", "memory": "9Gi", "pods": "31"}}})
        };
        let pod = |name: &str, app: &str, node: &str, phase: &str| {
            json!({"kind": "Pod", "metadata": {"name": name, "namespace": "todo", "labels": {"app": app}},
                "spec": {"nodeName": node, "containers": [{"name": "c", "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}}]},
                "status": {"phase": phase}})
        };
        let all = [
            node("b", json!([{"key": "team", "value": "x", "effect": "NoSchedule"}])),
            node("a", json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}])),
            pod("ours", "web", "a", "Running"),
            pod("theirs", "dns", "a", "Pending"),
            pod("done", "job", "a", "Succeeded"),
            pod("waits", "dns", "", "Pending"),
        ];
        Nodes::of(all).unwrap()
    }

    #[test]
    fn what_a_node_cannot_mean_is_an_error() {
        let odd = json!({"kind": "Node", "metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "x"}}});
        assert!(Nodes::of([odd]).unwrap_err().starts_with("node a, cpu: not a quantity"));
    }

    #[test]
    fn what_stays_and_has_not_ended_takes_room() {
        let selector = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let free = |goes: &dyn Fn(&Running) -> bool| {
            let rooms = cluster().rooms(goes);
            rooms
                .iter()
                .map(|room| format!("{}: {}, {} pods", room.node, room.free().text(), room.pods))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            free(&|_| false),
            ["a: 1630m CPU and 7Gi memory, 29 pods", "b: 1830m CPU and 9Gi memory, 31 pods"]
        );
        assert_eq!(
            free(&|pod| pod.is_of("todo", &selector)),
            ["a: 1730m CPU and 8Gi memory, 30 pods", "b: 1830m CPU and 9Gi memory, 31 pods"]
        );
        assert_eq!(free(&|pod| pod.is_of("todo", &BTreeMap::new())).len(), 2, "no selector finds nothing");
    }

    #[test]
    fn taints_and_labels_keep_pods_away_unless_they_pass() {
        let rooms = cluster().rooms(|_| false);
        let admits = |pod: &Pod| rooms.iter().map(|room| room.admits(pod)).collect::<Vec<_>>();
        let with = |toleration: Value| {
            let toleration = Toleration::deserialize(toleration).unwrap();
            Pod { tolerations: vec![toleration], ..Pod::default() }
        };
        assert_eq!(admits(&Pod::default()), [true, false]);
        assert_eq!(admits(&with(json!({"operator": "Exists"}))), [true, true]);
        assert_eq!(admits(&with(json!({"key": "team", "value": "x"}))), [true, true]);
        assert_eq!(admits(&with(json!({"key": "team", "value": "y"}))), [true, false]);
        assert_eq!(
            admits(&with(json!({"key": "team", "operator": "Exists", "effect": "NoExecute"}))),
            [true, false]
        );
        let amd = BTreeMap::from([("kubernetes.io/arch".to_owned(), "amd64".to_owned())]);
        assert_eq!(admits(&Pod { node_selector: amd, ..Pod::default() }), [false, false]);
    }
}
