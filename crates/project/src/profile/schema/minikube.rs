//! Owns the shape of `cluster: minikube`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Minikube cluster. One that exists must have the size, driver, container runtime and Kubernetes version given here:
/// Minikube itself would keep the old ones and say so in a warning only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Minikube {
    /// Minikube's own profile (`minikube -p`), also the name of its kubeconfig context.
    #[serde(default = "default_profile")]
    pub profile: String,
    /// Its driver, such as `docker`, `kvm2` or `none`.
    #[serde(default = "default_driver")]
    pub driver: String,
    /// Its container runtime: `containerd`, `docker` or `cri-o`.
    #[serde(default = "default_container_runtime")]
    pub container_runtime: String,
    /// Its version of Kubernetes, such as `v1.34.4`.
    #[serde(default = "default_kubernetes_version")]
    pub kubernetes_version: String,
    /// CPUs of the node.
    #[serde(default = "default_cpus")]
    pub cpus: u32,
    /// Memory of the node, in MB as Minikube counts them (1024 × 1024 bytes).
    #[serde(default = "default_memory_mb")]
    pub memory_mb: u32,
    /// Disk of the node, in GB; Minikube's default when absent. Not compared with a cluster that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_gb: Option<u32>,
    /// More arguments of `minikube start`, such as `--cni=bridge`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
}

fn default_profile() -> String {
    "minikube".to_owned()
}

fn default_driver() -> String {
    "docker".to_owned()
}

fn default_container_runtime() -> String {
    "containerd".to_owned()
}

fn default_kubernetes_version() -> String {
    "v1.34.4".to_owned()
}

fn default_cpus() -> u32 {
    6
}

fn default_memory_mb() -> u32 {
    12288
}
