//! Owns the resources that are looked at: their names, and where the API has them.

use todoctl_core::workload::WorkloadKind;
use todoctl_project::dapr::Kind;

/// A resource of the API. Group and version are those that every supported Kubernetes serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// Group; empty for the core.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Its name in addresses.
    pub plural: &'static str,
    /// What an object of it says it is.
    pub kind: &'static str,
    in_namespaces: bool,
}

/// Namespaces.
pub const NAMESPACES: Resource = core("namespaces", "Namespace").of_cluster();
/// Nodes.
pub const NODES: Resource = core("nodes", "Node").of_cluster();
/// Volumes.
pub const VOLUMES: Resource = core("persistentvolumes", "PersistentVolume").of_cluster();
/// Claims of volumes.
pub const VOLUME_CLAIMS: Resource = core("persistentvolumeclaims", "PersistentVolumeClaim");
/// Secrets.
pub const SECRETS: Resource = core("secrets", "Secret");
/// `ConfigMap`s.
pub const CONFIG_MAPS: Resource = core("configmaps", "ConfigMap");
/// Pods.
pub const PODS: Resource = core("pods", "Pod");
/// Services.
pub const SERVICES: Resource = core("services", "Service");
/// Events.
pub const EVENTS: Resource = core("events", "Event");
/// Deployments.
pub const DEPLOYMENTS: Resource = apps("deployments", "Deployment");
/// `StatefulSet`s.
pub const STATEFUL_SETS: Resource = apps("statefulsets", "StatefulSet");
/// `ReplicaSet`s.
pub const REPLICA_SETS: Resource = apps("replicasets", "ReplicaSet");
/// Leases.
pub const LEASES: Resource = Resource { group: "coordination.k8s.io", ..core("leases", "Lease") };
/// Definitions of custom resources.
pub const CRDS: Resource = Resource {
    group: "apiextensions.k8s.io",
    ..core("customresourcedefinitions", "CustomResourceDefinition").of_cluster()
};

/// The resource of a kind of Dapr objects.
pub fn of_dapr(kind: Kind) -> Resource {
    let (group, version) = kind.api_version().split_once('/').unwrap_or_default();
    let plural = kind.resource().split_once('.').unwrap_or_default().0;
    Resource { group, version, plural, kind: kind.name(), in_namespaces: true }
}

/// The resource of a kind of workloads.
pub fn of_workload(kind: WorkloadKind) -> Resource {
    match kind {
        WorkloadKind::Deployment => DEPLOYMENTS,
        WorkloadKind::StatefulSet => STATEFUL_SETS,
    }
}

const fn core(plural: &'static str, kind: &'static str) -> Resource {
    Resource { group: "", version: "v1", plural, kind, in_namespaces: true }
}

const fn apps(plural: &'static str, kind: &'static str) -> Resource {
    Resource { group: "apps", ..core(plural, kind) }
}

impl Resource {
    const fn of_cluster(self) -> Self {
        Self { in_namespaces: false, ..self }
    }

    /// Whether its objects belong to no namespace.
    pub fn is_of_the_cluster(&self) -> bool {
        !self.in_namespaces
    }

    /// As kubectl takes it, and as the server calls it in its complaints.
    pub fn name(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// What its objects have as `apiVersion`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The address of its objects; of one namespace.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let place = namespace
            .filter(|_| self.in_namespaces)
            .map(|name| format!("/namespaces/{}", super::encoded(name)));
        format!("{root}/{}{}/{}", self.api_version(), place.unwrap_or_default(), self.plural)
    }
}
