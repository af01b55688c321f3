//! Owns what is read of pods and of the nodes that they run on.

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{Labels, Metadata, Quantities, Requirements, lenient, read};

read! {
    /// What a workload makes its pods of.
    Template {
        /// Labels and annotations of the pods.
        metadata: Metadata,
        /// The pods.
        spec: PodSpec,
    }
    /// What a pod asks for.
    PodSpec {
        /// The node that it runs on; empty until there is one.
        node_name: String,
        /// Labels that its node must have.
        node_selector: Labels,
        /// What it costs beside its containers.
        overhead: Quantities,
        /// Those that start one after another, before the others.
        init_containers: Vec<Container>,
        /// Its containers.
        containers: Vec<Container>,
        /// Taints that it bears.
        tolerations: Vec<Toleration>,
        /// What it asks for as a whole (Kubernetes 1.34).
        resources: Requirements,
    }
    /// A container of a pod.
    Container {
        /// Name.
        name: String,
        /// Image.
        image: String,
        /// `Always` of an init container that goes on running beside the others.
        restart_policy: String,
        /// Only whether there is one.
        readiness_probe: Option<Value>,
        /// Only whether there is one.
        liveness_probe: Option<Value>,
        /// What it asks for.
        resources: Requirements,
    }
    /// What is so of a container.
    ContainerStatus {
        /// Name.
        name: String,
        /// Whether it passes its readiness probe.
        ready: Option<bool>,
        /// Whether it has passed its startup probe.
        started: Option<bool>,
        /// How often it was started again.
        restart_count: i64,
        /// Now.
        state: ContainerState,
        /// Before it was started again.
        last_state: ContainerState,
    }
    /// One of these says something.
    ContainerState {
        /// Since when it runs.
        running: Running,
        /// Why it does not run yet.
        waiting: Stop,
        /// How it ended.
        terminated: Stop,
    }
    /// A container that runs.
    Running {
        /// Since when, by the clock of its node.
        started_at: Option<Timestamp>,
    }
    /// Why a container does not run.
    Stop {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
        /// Exit status, when it ended.
        exit_code: Option<i64>,
    }
    /// What keeps pods away from a node.
    Taint {
        /// Key.
        key: String,
        /// Value.
        value: String,
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        effect: String,
    }
    /// A taint that a pod bears.
    Toleration {
        /// Key; every one when it is empty and the operator is `Exists`.
        key: String,
        /// `Exists` or `Equal`.
        operator: String,
        /// Value.
        value: String,
        /// Effect; every one when it is empty.
        effect: String,
    }
    /// An address of a node.
    Address {
        /// `InternalIP`, `ExternalIP` …
        #[serde(rename = "type")]
        kind: String,
        /// The address.
        address: String,
    }
    /// What a node is.
    NodeInfo {
        /// As images name it: `amd64`, `arm64`.
        architecture: String,
    }
}

impl PodSpec {
    /// Every container, those that start first first.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }

    /// Whether it has a container of this name.
    pub fn has_container(&self, name: &str) -> bool {
        self.all_containers().any(|one| one.name == name)
    }
}
