//! Owns what a manifest asks of Kubernetes to run, as far as todoctl judges it: kind, name, replicas, images.
//! Refuses to know whether it runs (`health`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A workload as a release's manifest asks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workload {
    /// Deployment or StatefulSet.
    pub kind: WorkloadKind,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Replicas it asks for.
    pub replicas: u32,
    /// Images of its containers, init containers included, in the order of the manifest.
    pub images: Vec<String>,
}

/// The kinds of workload that todoctl judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
        })
    }
}
