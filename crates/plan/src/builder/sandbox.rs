//! Owns the sandbox's builder, which builds straight into the sandbox's image store.

use std::collections::BTreeSet;

use super::{ImageBuilder, Lookup, Store, dockerfile};
use crate::tool::sandbox;
use todoctl_core::invocation::{Invocation, Output};
use todoctl_project::profile::{Image, Sandbox};

pub(super) struct SandboxImages(pub(super) Sandbox);

impl ImageBuilder for SandboxImages {
    fn build(&self, reference: &str, image: &Image) -> Vec<Invocation> {
        vec![sandbox::build(&self.0, reference, &dockerfile(image), &image.context)]
    }
}

impl Store for SandboxImages {
    fn looks(&self, _references: &[String]) -> Vec<Lookup> {
        vec![Lookup { about: None, invocation: sandbox::images(&self.0) }]
    }

    fn found(&self, _look: &Lookup, output: &Output) -> Result<BTreeSet<String>, String> {
        if !output.is_success() {
            return Err(output.complaint());
        }
        let names: Vec<sandbox::ImageName> =
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        Ok(names.into_iter().map(|image| image.name).collect())
    }

    fn load(&self, _reference: &str) -> Vec<Invocation> {
        Vec::new()
    }

    fn remove(&self, names: &[String]) -> Option<Invocation> {
        Some(sandbox::remove_images(&self.0, names))
    }

    fn tag(&self, _reference: &str, _names: &[String]) -> Option<Invocation> {
        None
    }
}
