//! Owns where a cluster comes from: one trait, one implementation per kind of `cluster:` in the profile.
//! Refuses to run anything: a provider only says which invocations do it.

mod minikube;
mod sandbox;

use std::collections::BTreeSet;

use self::minikube::MinikubeProvider;
use self::sandbox::SandboxProvider;
use crate::invocation::Invocation;
use crate::profile;
use crate::runner::Output;
use crate::step::DecideError;
use crate::world::Cluster;

/// What a provider says of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whether it runs.
    pub cluster: Cluster,
    /// Why nothing may be deployed to it, although it is there: it is not the one that the profile asks for.
    pub unfit: Option<DecideError>,
}

impl Found {
    /// A cluster as the profile asks for it.
    fn fit(cluster: Cluster) -> Self {
        Self { cluster, unfit: None }
    }
}

/// Where a cluster comes from.
pub trait Provider: Send + Sync {
    /// What people call it: "cluster demo".
    fn title(&self) -> String;
    /// The reads that tell whether the cluster runs; they are made side by side.
    fn status(&self) -> Vec<Invocation>;
    /// What their answers mean, in the same order. Their exit status is part of the answer.
    fn found(&self, outputs: &[Output]) -> Result<Found, String>;
    /// The commands that make it run.
    fn start(&self) -> Vec<Invocation>;
    /// The command that removes it with everything in it.
    fn delete(&self) -> Invocation;
    /// The read that lists the images the cluster has.
    fn images(&self) -> Invocation;
    /// What its answer means.
    fn image_names(&self, output: &Output) -> Result<BTreeSet<String>, String>;
    /// The commands that bring an image into the cluster.
    fn build(&self, reference: &str, image: &profile::Image) -> Vec<Invocation>;
    /// The command that removes images from the cluster.
    fn remove_images(&self, names: &[String]) -> Invocation;
}

/// The provider that the profile of this name asks for.
pub fn of(profile: &str, cluster: &profile::Cluster) -> Box<dyn Provider> {
    match cluster {
        profile::Cluster::Sandbox(sandbox) => Box::new(SandboxProvider(sandbox.clone())),
        profile::Cluster::Minikube(minikube) => {
            Box::new(MinikubeProvider { profile: profile.to_owned(), minikube: minikube.clone() })
        }
    }
}
