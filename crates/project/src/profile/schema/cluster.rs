//! Owns the shape of `cluster:`: one provider and its settings.
//! Refuses to know what a provider does with them.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::Builder;
use super::minikube::Minikube;

/// Where the cluster comes from: exactly one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cluster {
    /// The one-machine Kubernetes of this repository.
    Sandbox(Sandbox),
    /// A Minikube cluster on this machine.
    Minikube(Minikube),
    /// A cluster that a context of the user's kubeconfig leads to. It is neither started nor deleted.
    Context(Context),
    /// The cluster that todoctl itself runs in, as the service account of its pod: for a pipeline's runner. It is neither
    /// started nor deleted.
    InCluster(InCluster),
    /// A cluster of Oracle Kubernetes Engine, found by the `oci` command. It is neither started nor deleted.
    Oke(Oke),
}

/// Which cluster a profile means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin<'a> {
    /// The one that its provider makes: whichever is there is it.
    Own,
    /// One of somebody else's; which one, a person says at its first use.
    Unpinned,
    /// The one with this identity.
    Uid(&'a str),
}

impl Cluster {
    /// Which cluster is meant.
    pub fn pin(&self) -> Pin<'_> {
        let (uid, without) = match self {
            Self::Sandbox(_) | Self::Minikube(_) => return Pin::Own,
            Self::Context(context) => (&context.uid, Pin::Unpinned),
            // A pod is in one cluster alone.
            Self::InCluster(here) => (&here.uid, Pin::Own),
            Self::Oke(oke) => (&oke.uid, Pin::Unpinned),
        };
        // A variable that is not set may stand there.
        uid.as_deref().filter(|uid| !uid.is_empty()).map_or(without, Pin::Uid)
    }

    /// What builds images straight into its store; none where it pulls them from a registry.
    pub fn builder(&self) -> Option<Builder> {
        match self {
            Self::Sandbox(sandbox) => Some(Builder::Sandbox(sandbox.clone())),
            Self::Minikube(minikube) => Some(Builder::Minikube(minikube.clone())),
            Self::Context(_) | Self::InCluster(_) | Self::Oke(_) => None,
        }
    }

    /// Whether images of the machine's Docker can be brought into its store.
    pub fn loads_from_docker(&self) -> bool {
        match self {
            Self::Minikube(_) => true,
            Self::Sandbox(_) | Self::Context(_) | Self::InCluster(_) | Self::Oke(_) => false,
        }
    }

    /// The program of the project that runs it, and that makes the charts beside it.
    pub fn maker(&self) -> Option<&Path> {
        match self {
            Self::Sandbox(sandbox) => Some(&sandbox.command),
            Self::Minikube(_) | Self::Context(_) | Self::InCluster(_) | Self::Oke(_) => None,
        }
    }

    /// The provider's name, as the profile says it.
    pub fn provider(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => "sandbox",
            Self::Minikube(_) => "minikube",
            Self::Context(_) => "context",
            Self::InCluster(_) => "in-cluster",
            Self::Oke(_) => "oke",
        }
    }
}

/// The one-machine Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sandbox {
    /// Name of the sandbox, also the name of its kubeconfig context.
    #[serde(default = "default_sandbox_name")]
    pub name: String,
    /// First two numbers of its address range, such as `10.245`; the tool's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// The tool that runs it, relative to the project.
    #[serde(default = "default_sandbox_command")]
    pub command: PathBuf,
}

fn default_sandbox_name() -> String {
    "sandbox".to_owned()
}

fn default_sandbox_command() -> PathBuf {
    PathBuf::from("sandbox/sandbox")
}

/// An existing context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    /// Name of the context.
    pub context: String,
    /// The kubeconfig that has it, relative to the project; the files of `KUBECONFIG`, or `~/.kube/config`, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// The cluster's identity: the UID of its namespace `kube-system`. Another cluster is refused. Without it the first
    /// use asks, and remembers the answer on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// The cluster around a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InCluster {
    /// The cluster's identity: the UID of its namespace `kube-system`. Another cluster is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// A cluster of Oracle Kubernetes Engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Oke {
    /// The cluster's OCID.
    pub cluster_id: String,
    /// Region, such as `us-ashburn-1`.
    pub region: String,
    /// Which of the cluster's addresses is used.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// The cluster's identity: the UID of its namespace `kube-system`. Another cluster is refused. Without it the first
    /// use asks, and remembers the answer on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// An address of a cluster of Oracle Kubernetes Engine, in Oracle's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Endpoint {
    /// Reachable from the internet.
    #[default]
    PublicEndpoint,
    /// Reachable from the cluster's network.
    PrivateEndpoint,
    /// The name in the cluster's network.
    VcnHostname,
}
