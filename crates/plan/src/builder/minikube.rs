//! Owns Minikube's builder and its image store.
//!
//! `image build`, `image load` and `image rm` exit with 0 when they fail: only the list of images tells.

use std::collections::BTreeSet;

use super::{ImageBuilder, Lookup, Store, dockerfile};
use crate::tool::minikube;
use todoctl_core::invocation::{Invocation, Output};
use todoctl_project::profile::{Image, Minikube};

pub(super) struct MinikubeImages(pub(super) Minikube);

impl ImageBuilder for MinikubeImages {
    fn build(&self, reference: &str, image: &Image) -> Vec<Invocation> {
        vec![minikube::build(&self.0, reference, &dockerfile(image), &image.context)]
    }
}

impl Store for MinikubeImages {
    fn looks(&self, _references: &[String]) -> Vec<Lookup> {
        vec![Lookup { about: None, invocation: minikube::images(&self.0) }]
    }

    fn found(&self, _look: &Lookup, output: &Output) -> Result<BTreeSet<String>, String> {
        minikube::parse_images(output)
    }

    fn load(&self, reference: &str) -> Vec<Invocation> {
        vec![minikube::load(&self.0, reference)]
    }

    fn remove(&self, names: &[String]) -> Option<Invocation> {
        Some(minikube::remove_images(&self.0, names))
    }

    fn tells_by_exit_status(&self) -> bool {
        false
    }

    fn tag(&self, _reference: &str, _names: &[String]) -> Option<Invocation> {
        None
    }
}
