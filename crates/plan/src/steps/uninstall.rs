//! `todoctl down`: one release is uninstalled, history included. Not undone: the way back is `todoctl up`.

use std::sync::Arc;

use crate::step::{Change, Decision, Step, StepId, Undo};
use crate::steps::release_context::{AboutRelease, ReleaseContext};
use crate::steps::{prune_component, release_id};
use crate::tool::helm::Helm;
use crate::world::World;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::labels;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Release;

/// Uninstalls one release.
struct UninstallStep {
    subject: ReleaseContext,
    /// What goes first.
    after: Vec<StepId>,
}

/// The steps that remove what a profile has deployed. Releases outside the application's namespace may serve others:
/// they go only with `purge`. What another profile has installed never goes.
pub fn removal(inputs: &Arc<Inputs>, world: &World, purge: bool) -> Vec<Box<dyn Step>> {
    let found: Vec<(&str, &str)> = world
        .releases
        .iter()
        .filter(|(namespace, name, revisions)| {
            let newest = revisions.last();
            let at = |spec| inputs.namespace(spec) == *namespace;
            let named = inputs.profile.releases.get(*name).is_some_and(at);
            let ours =
                newest.is_some_and(|newest| newest.label(labels::PROFILE) == Some(inputs.name.as_str()));
            let foreign = newest.is_some_and(|newest| newest.label(labels::PROFILE).is_some()) && !ours;
            let inside = *namespace == inputs.profile.namespace;
            (named || ours) && !foreign && (inside || purge)
        })
        .map(|(namespace, name, _)| (namespace, name))
        .collect();
    let objects = prune_component::of_profile(inputs, world, prune_component::Why::Down);
    let order = |name: &str| inputs.profile.releases.get(name).map_or(u8::MAX, Release::order);
    let step = |(namespace, name): &(&str, &str)| {
        // The documented order backwards: what came last goes first.
        let later = found.iter().filter(|(_, other)| order(other) > order(name));
        // What serves the objects of Dapr goes after them: it may take their kinds with it.
        let objects = objects.iter().filter(|one| one.order() > order(name)).map(Step::id);
        let after = later.map(|(_, other)| release_id(other)).chain(objects).collect();
        let known = inputs.profile.releases.contains_key(*name);
        let subject = if known {
            ReleaseContext::of(inputs, name)
        } else {
            ReleaseContext::found(inputs, namespace, name, LEFT)
        };
        Box::new(UninstallStep { subject, after }) as Box<dyn Step>
    };
    let releases: Vec<_> = found.iter().map(step).collect();
    let objects = objects.into_iter().map(|one| Box::new(one) as Box<dyn Step>);
    objects.chain(releases).collect()
}

/// Said of a release that the profile does not have any more.
const LEFT: Option<&str> = Some("left the profile");

impl AboutRelease for UninstallStep {
    fn subject(&self) -> &ReleaseContext {
        &self.subject
    }

    fn needs(&self) -> Vec<StepId> {
        self.after.clone()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let Some((access, newest)) = self.subject.newest(world) else {
            return Ok(Decision::none("is not there"));
        };
        let ReleaseContext { name, namespace, .. } = &self.subject;
        Ok(Decision {
            change: Change::Remove { from: format!("revision {}", newest.number) },
            apply: vec![Helm::new(world.helm_major, access).uninstall(name, namespace, false)],
            checks: vec![self.subject.gone()],
            undo: Undo::Nothing {
                reason: "removing was asked for; todoctl up brings it back".to_owned(),
                stays: None,
            },
            notes: Vec::new(),
        })
    }
}
