//! Owns building with `docker buildx`: straight into a registry, or into docker's store and from there into the
//! cluster's.

use std::sync::Arc;

use super::{ImageBuilder, Store, dockerfile};
use crate::tool::docker::{self, Goes};
use todoctl_core::invocation::Invocation;
use todoctl_project::profile::{Buildx, Image};

pub(super) struct BuildxBuilder {
    pub(super) buildx: Buildx,
    pub(super) goes: Goes,
    pub(super) store: Arc<dyn Store>,
}

impl ImageBuilder for BuildxBuilder {
    fn build(&self, reference: &str, image: &Image) -> Vec<Invocation> {
        let build = docker::build(&self.buildx, self.goes, reference, &dockerfile(image), &image.context);
        let mut commands = vec![build];
        match self.goes {
            Goes::Registry => {}
            Goes::Engine => commands.extend(self.store.load(reference)),
        }
        commands
    }
}
