//! Owns the ordered list of steps. Adding a kind is one file here and one line in `deployment`.
//! Steps never spawn, never wait and never print.

mod cluster;
mod component;
mod component_words;
mod content;
mod history;
mod image;
mod namespace;
mod prune;
mod prune_component;
mod release;
mod release_context;
mod restore_component;
mod rollback;
mod rollback_run;
mod secret;
mod uninstall;
mod verify;

pub use component::{id_of as object_id, manifest as object_manifest};
pub use content::{is_broken, is_current, is_drifted, live_workloads_of, release_labels, upgrade};
pub use history::{number_after, refuse_unfinished};
pub use prune::left_the_profile as leaving;
pub use release_context::owner;
pub use rollback::{RollbackStep, choose_revision};
pub use rollback_run::{Goal, goal, objects_are};
pub use secret::{Question, Why, generated, missing, questions, values};
pub use uninstall::removal;

use std::sync::Arc;

use crate::builder::Images;
use crate::provider::Provider;
use crate::step::{Step, StepId};
use crate::world::World;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::SecretValue;

/// The documented order: number and title of the steps that every profile has. Between them stand the releases, each at
/// the position that its profile gives it.
pub const ORDER: [(u8, &str); 5] =
    [(1, "cluster and namespace"), (2, "images"), (3, "secrets"), (5, "Dapr components"), (9, "verify")];

/// Every step of a deployment, in the documented order.
pub fn deployment(
    inputs: &Arc<Inputs>,
    provider: &Arc<dyn Provider>,
    images: &Images,
    world: &World,
) -> Vec<Box<dyn Step>> {
    let platforms = (!inputs.tags.is_empty()).then(|| inputs.profile.platforms());
    let mut steps: Vec<Box<dyn Step>> =
        vec![Box::new(cluster::ClusterStep::running(provider, platforms.as_deref()))];
    steps.push(Box::new(namespace::NamespaceStep::new(inputs)));
    let names = inputs.image_names().into_iter();
    steps.extend(names.map(|name| Box::new(image::ImageStep::new(inputs, images, name)) as Box<dyn Step>));
    let secrets = inputs.secret_names().into_iter();
    steps.extend(secrets.map(|name| Box::new(secret::SecretStep::new(inputs, name)) as Box<dyn Step>));
    let components = inputs.components();
    steps.extend(components.map(|one| Box::new(component::ComponentStep::new(inputs, one)) as Box<dyn Step>));
    let releases = inputs.releases();
    steps
        .extend(releases.map(|(name, _)| Box::new(release::ReleaseStep::new(inputs, name)) as Box<dyn Step>));
    let pruned = prune::left_the_profile(inputs, world).into_iter();
    let mut pruned: Vec<Box<dyn Step>> =
        pruned.map(|name| Box::new(prune::PruneStep::left(inputs, &name)) as Box<dyn Step>).collect();
    let components = prune_component::left_the_profile(inputs, world).into_iter();
    pruned.extend(components.map(|one| Box::new(one) as Box<dyn Step>));
    let ids: Vec<StepId> = pruned.iter().map(|step| step.id()).collect();
    steps.push(Box::new(verify::VerifyStep::after(inputs, &ids)));
    steps.append(&mut pruned);
    steps.sort_by_key(|step| step.order());
    steps
}

/// The images alone, which also get these tags.
pub fn images(inputs: &Arc<Inputs>, images: &Images, tags: &[String]) -> Vec<Box<dyn Step>> {
    let names = inputs.image_names().into_iter();
    let step = |name| image::ImageStep::new(inputs, images, name).tagged(tags);
    names.map(|name| Box::new(step(name)) as Box<dyn Step>).collect()
}

/// New versions of some logical Secrets, without anything that uses them.
pub fn staging(inputs: &Arc<Inputs>, sets: &[String]) -> Vec<Box<dyn Step>> {
    let mut steps: Vec<Box<dyn Step>> = vec![Box::new(namespace::NamespaceStep::new(inputs))];
    let sets = sets.iter().cloned();
    steps.extend(sets.map(|name| Box::new(secret::SecretStep::new(inputs, name)) as Box<dyn Step>));
    steps
}

/// The cluster alone: what can be done while it does not run.
pub fn cluster_only(provider: &Arc<dyn Provider>) -> Vec<Box<dyn Step>> {
    vec![Box::new(cluster::ClusterStep::new(provider))]
}

/// The checks of the profile over what runs now.
pub fn verification(inputs: &Arc<Inputs>) -> Vec<Box<dyn Step>> {
    let mut steps: Vec<Box<dyn Step>> = Vec::new();
    let releases = inputs.releases();
    steps
        .extend(releases.map(|(name, _)| Box::new(verify::ReleaseCheck::new(inputs, name)) as Box<dyn Step>));
    steps.push(Box::new(verify::VerifyStep::always(inputs)));
    steps.sort_by_key(|step| step.order());
    steps
}

/// Secret values that are neither given nor in the cluster and must be asked for: name and declaration.
pub type Missing<'a> = Vec<(&'a str, &'a SecretValue)>;

fn release_id(name: &str) -> StepId {
    StepId::of("release", name)
}
