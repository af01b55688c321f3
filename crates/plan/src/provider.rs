//! Owns where a cluster comes from: one trait, one implementation per kind of `cluster:` in the profile.
//! Refuses to run anything: a provider only says which invocations do it.

mod context;
mod in_cluster;
mod minikube;
mod oke;
mod sandbox;

use std::path::PathBuf;

use secrecy::SecretString;

use self::context::ContextProvider;
use self::in_cluster::InClusterProvider;
use self::minikube::MinikubeProvider;
use self::oke::OkeProvider;
use self::sandbox::SandboxProvider;
use crate::tool::version::Version;
use crate::world::Down;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::invocation::{Invocation, Output};
use todoctl_project::profile;

/// What a provider says of its cluster.
#[derive(Debug, Clone)]
pub struct Found {
    /// Whether it runs.
    pub cluster: ClusterState,
    /// Why nothing may be deployed to it, although it is there: it is not the one that the profile asks for.
    pub unfit: Option<Diagnostic>,
}

impl Found {
    /// A cluster as the profile asks for it.
    fn fit(cluster: ClusterState) -> Self {
        Self { cluster, unfit: None }
    }
}

/// Whether a cluster runs.
#[derive(Debug, Clone)]
pub enum ClusterState {
    /// It runs, or is not ours to start.
    Running(Reach),
    /// It must be started first.
    Down(Down),
}

/// How a cluster is reached, before its kubeconfig is in a file that children can see.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The kubeconfig: one cluster, one user, one context.
    pub kubeconfig: Kubeconfig,
    /// Address of a node, where the provider knows it.
    pub node: String,
}

/// Where the kubeconfig of a cluster comes from. Whatever it is, children see one private file with this cluster alone.
#[derive(Debug, Clone)]
pub enum Kubeconfig {
    /// A file that holds this cluster alone already, and its context.
    File {
        /// The file.
        path: PathBuf,
        /// The context in it.
        context: String,
    },
    /// This text; its current context is the one.
    Text(SecretString),
    /// The same, taken out of a kubeconfig of the user, so that some paths in it are from the folder of that file.
    Part {
        /// The text.
        text: SecretString,
        /// The file, relative to the project; those that kubectl reads when absent.
        of: Option<PathBuf>,
    },
    /// What this command prints; its current context is the one. It is asked once per run.
    By(Box<Invocation>),
    /// What a pod is given by its cluster.
    OfPod,
}

/// What is true of clusters of a provider, for whoever judges them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The program that it needs beside kubectl and helm.
    pub program: Option<Program>,
    /// Whether it is a container of Docker on this machine.
    pub in_docker: bool,
    /// Whether its node is this machine itself.
    pub is_this_machine: bool,
    /// What it asks for on this machine; nothing when it is elsewhere.
    pub size: Size,
    /// Bytes of the smallest volume: smaller ones become as large.
    pub smallest_volume: u64,
}

/// A program that a provider needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name on the PATH, or its path in the project.
    pub name: String,
    /// The oldest version that works, when one is known.
    pub minimum: Option<Version>,
    /// What it does: "runs the cluster".
    pub purpose: &'static str,
}

/// What a cluster asks for; a part that a profile does not say is not judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Processors.
    pub cpus: Option<u64>,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Disk in bytes.
    pub disk: Option<u64>,
}

/// Where a cluster comes from.
pub trait Provider: Send + Sync {
    /// What people call it: "cluster demo".
    fn title(&self) -> String;
    /// What is true of its clusters.
    fn facts(&self) -> Facts;
    /// The reads that tell whether the cluster runs; they are made side by side.
    fn status(&self) -> Vec<Invocation>;
    /// What their answers mean, in the same order. Their exit status is part of the answer.
    fn found(&self, outputs: &[Output]) -> Result<Found, String>;
    /// The commands that make it run.
    fn start(&self) -> Vec<Invocation>;
    /// The command that removes it with everything in it, or why it is not ours to remove.
    fn delete(&self) -> Result<Invocation, String>;
}

/// What is true of the clusters that a profile asks for.
pub fn facts(cluster: &profile::Cluster) -> Facts {
    of("", cluster).facts()
}

/// The provider that the profile of this name asks for.
pub fn of(profile: &str, cluster: &profile::Cluster) -> Box<dyn Provider> {
    match cluster {
        profile::Cluster::Sandbox(sandbox) => Box::new(SandboxProvider(sandbox.clone())),
        profile::Cluster::Minikube(minikube) => {
            Box::new(MinikubeProvider { profile: profile.to_owned(), minikube: minikube.clone() })
        }
        profile::Cluster::Context(context) => Box::new(ContextProvider(context.clone())),
        profile::Cluster::InCluster(_) => Box::new(InClusterProvider),
        profile::Cluster::Oke(oke) => Box::new(OkeProvider(oke.clone())),
    }
}
