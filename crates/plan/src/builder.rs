//! Owns how images are made and where they must be: two traits, and which of their implementations a profile means.
//! Refuses to run anything: a builder and a store only say which invocations do it.

mod buildx;
mod minikube;
mod registry;
mod sandbox;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use self::buildx::BuildxBuilder;
use self::minikube::MinikubeImages;
use self::registry::Registry;
use self::sandbox::SandboxImages;
use crate::tool::docker::Goes;
use todoctl_core::invocation::{Invocation, Output};
use todoctl_project::profile::{self, Buildx, Delivery, Image, Profile};

/// Where images must be for the cluster's pods to find them.
pub trait Store: Send + Sync {
    /// The reads that tell which of these images are there, side by side.
    fn looks(&self, references: &[String]) -> Vec<Lookup>;
    /// The images that are there, as the answer to one of them says: at least those that it was about.
    fn found(&self, look: &Lookup, output: &Output) -> Result<BTreeSet<String>, String>;
    /// The commands that bring an image from docker's own store into this one.
    fn load(&self, reference: &str) -> Vec<Invocation>;
    /// The command that removes images; none where they are kept.
    fn remove(&self, names: &[String]) -> Option<Invocation>;
    /// Whether what changes it tells by its exit status that it failed. Else the store is asked after each change.
    fn tells_by_exit_status(&self) -> bool {
        true
    }
    /// The command that gives an image of the store more names; none where images have one.
    fn tag(&self, reference: &str, names: &[String]) -> Option<Invocation>;
}

/// What makes images.
pub trait ImageBuilder: Send + Sync {
    /// The commands that make an image and bring it into the store.
    fn build(&self, reference: &str, image: &Image) -> Vec<Invocation>;
}

/// A read of a store.
pub struct Lookup {
    /// The image that it asks about; every image of the store when absent.
    pub about: Option<String>,
    /// The command.
    pub invocation: Invocation,
}

/// How the images of a profile are made, and where they must be.
#[derive(Clone)]
pub struct Images {
    /// What makes them.
    pub builder: Arc<dyn ImageBuilder>,
    /// Where they must be.
    pub store: Arc<dyn Store>,
}

impl Images {
    /// Of what builds straight into its own store.
    fn own(both: impl ImageBuilder + Store + 'static) -> Self {
        let both = Arc::new(both);
        Self { builder: both.clone(), store: both }
    }

    /// Of docker, in a registry.
    fn pushed(buildx: &Buildx) -> Self {
        let store = Arc::new(Registry);
        let builder = BuildxBuilder { buildx: buildx.clone(), goes: Goes::Registry, store: store.clone() };
        Self { builder: Arc::new(builder), store }
    }

    /// Of docker, brought into the cluster's store.
    fn loaded(buildx: &Buildx, store: Arc<dyn Store>) -> Self {
        let builder = BuildxBuilder { buildx: buildx.clone(), goes: Goes::Engine, store: Arc::clone(&store) };
        Self { builder: Arc::new(builder), store }
    }
}

/// The builder and the store that a profile asks for. What does not go together is refused when it is loaded.
pub fn of(profile: &Profile) -> Images {
    of_builder(&profile.builds_with(), profile)
}

fn of_builder(builder: &profile::Builder, profile: &Profile) -> Images {
    match builder {
        profile::Builder::Sandbox(sandbox) => Images::own(SandboxImages(sandbox.clone())),
        profile::Builder::Minikube(minikube) => Images::own(MinikubeImages(minikube.clone())),
        profile::Builder::Buildx(buildx) => match (profile.delivery(), profile.cluster.builder()) {
            (Delivery::Load, Some(own)) => Images::loaded(buildx, of_builder(&own, profile).store),
            (Delivery::Load | Delivery::Push, _) => Images::pushed(buildx),
        },
    }
}

/// The Dockerfile of an image, relative to the project.
fn dockerfile(image: &Image) -> PathBuf {
    image.dockerfile.clone().unwrap_or_else(|| image.context.join("Dockerfile"))
}
