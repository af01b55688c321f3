//! Owns a registry as the place of images: what is there is asked image by image, and nothing is removed, because
//! another cluster may run it.

use std::collections::BTreeSet;

use super::{Lookup, Store};
use crate::tool::docker;
use todoctl_core::invocation::{Invocation, Output};

pub(super) struct Registry;

impl Store for Registry {
    fn looks(&self, references: &[String]) -> Vec<Lookup> {
        let look = |name: &String| Lookup { about: Some(name.clone()), invocation: docker::inspect(name) };
        references.iter().map(look).collect()
    }

    fn found(&self, look: &Lookup, output: &Output) -> Result<BTreeSet<String>, String> {
        let Some(name) = &look.about else { return Ok(BTreeSet::new()) };
        Ok(docker::is_there(name, output)?.then(|| name.clone()).into_iter().collect())
    }

    fn load(&self, _reference: &str) -> Vec<Invocation> {
        Vec::new()
    }

    fn remove(&self, _names: &[String]) -> Option<Invocation> {
        None
    }

    fn tag(&self, reference: &str, names: &[String]) -> Option<Invocation> {
        Some(docker::tag(reference, names))
    }
}
