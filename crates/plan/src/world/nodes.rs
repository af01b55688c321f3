//! Owns what is known of the cluster's nodes: architecture and addresses.
//! Refuses to judge whether an image fits them.

use crate::kubernetes::Object;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its architecture, as images name it: `amd64`, `arm64`.
    pub architecture: String,
    /// Where it is reached: the external address where it has one, else the internal one.
    pub address: String,
    /// Whether pods may be placed on it.
    pub schedulable: bool,
}

impl Node {
    /// Reads a Node object (`status.nodeInfo.architecture`, `status.addresses`).
    pub(super) fn of(object: &Object) -> Self {
        let address = |kind: &str| {
            let found = object.status.addresses.iter().find(|one| one.kind == kind);
            found.map(|one| one.address.clone())
        };
        Self {
            architecture: object.status.node_info.architecture.clone(),
            address: address("ExternalIP").or_else(|| address("InternalIP")).unwrap_or_default(),
            schedulable: !object.spec.unschedulable,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::world::live::Live;

    #[test]
    fn the_external_address_comes_first() {
        let node = |name: &str, spec: Value, addresses: Value| {
            json!({"kind": "Node", "metadata": {"name": name}, "spec": spec,
                "status": {"nodeInfo": {"architecture": "arm64"}, "addresses": addresses}})
        };
        let inner = json!({"type": "InternalIP", "address": "10.0.0.1"});
        let outer = json!({"type": "ExternalIP", "address": "1.2.3.4"});
        let list = [
            node("a", json!({"unschedulable": true}), json!([inner])),
            node("b", json!({}), json!([inner, outer])),
            node("c", json!({}), json!([])),
        ];
        let live = Live::of(list).unwrap();
        let seen: Vec<(&str, &str, bool)> =
            live.nodes().map(|(name, one)| (name, one.address.as_str(), one.schedulable)).collect();
        assert_eq!(seen, [("a", "10.0.0.1", false), ("b", "1.2.3.4", true), ("c", "", true)]);
    }
}
