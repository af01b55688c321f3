//! A release that is deployed and is not wanted any more is uninstalled; its history stays, so that an undo can bring
//! it back (`helm rollback` of an uninstalled release with history works: tried with helm 3.21 and 4.2).

use std::sync::Arc;

use crate::step::{Change, Decision, Guard, Returns, Reversal, StepId, Undo};
use crate::steps::release_context::{AboutRelease, ReleaseContext};
use crate::steps::{component, release_id};
use crate::tool::helm::Helm;
use crate::world::World;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::labels;
use todoctl_project::inputs::Inputs;

/// Uninstalls one release, history kept.
pub(super) struct PruneStep {
    subject: ReleaseContext,
    after: Vec<StepId>,
}

impl PruneStep {
    /// A release that left the profile. It goes after everything that stays: what replaces it is up before.
    pub(super) fn left(inputs: &Arc<Inputs>, name: &str) -> Self {
        let after = inputs.releases().map(|(name, _)| release_id(name)).collect();
        let namespace = &inputs.profile.namespace;
        Self { subject: ReleaseContext::found(inputs, namespace, name, Some("left the profile")), after }
    }

    /// A release that an earlier deployment did not have.
    pub(super) fn not_then(inputs: &Arc<Inputs>, namespace: &str, name: &str, after: Vec<StepId>) -> Self {
        Self { subject: ReleaseContext::found(inputs, namespace, name, Some("was not there then")), after }
    }
}

/// The releases in the application's namespace that carry this profile's label and are not in it any more.
/// None when `--only` names some: then nothing is said about the others.
pub fn left_the_profile(inputs: &Inputs, world: &World) -> Vec<String> {
    if !inputs.is_whole() {
        return Vec::new();
    }
    let ours = world.releases.iter().filter(|(namespace, name, revisions)| {
        let newest = revisions.last();
        *namespace == inputs.profile.namespace
            && !inputs.profile.releases.contains_key(*name)
            && newest.is_some_and(|one| one.label(labels::PROFILE) == Some(&inputs.name) && one.is_deployed())
    });
    ours.map(|(_, name, _)| name.to_owned()).collect()
}

impl AboutRelease for PruneStep {
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
        let (release, namespace) = (self.subject.name.clone(), self.subject.namespace.clone());
        let workloads = world.live.release_workloads(&release, &namespace);
        Ok(Decision {
            change: Change::Remove { from: format!("revision {}", newest.number) },
            apply: vec![Helm::new(world.helm_major, access).uninstall(&release, &namespace, true)],
            checks: vec![self.subject.gone()],
            undo: Undo::Commands {
                reversals: vec![Reversal::Release {
                    release: release.clone(),
                    namespace: namespace.clone(),
                    to: Some(newest.number),
                    keep_history: true,
                }],
                // Its sidecar reads them when it starts.
                follows: world
                    .components
                    .of_profile(&self.subject.inputs.name)
                    .map(|one| component::id_of(one.kind, &one.name))
                    .collect(),
                guard: Guard::ReleaseChanged {
                    release: release.clone(),
                    namespace: namespace.clone(),
                    revision: newest.number,
                    status: Some(newest.status),
                },
                checks: vec![self.subject.rolled_out(workloads)],
                returns: Some(Returns {
                    release,
                    namespace,
                    revision: newest.number,
                    ours: newest.is_ours(),
                    verified: newest.is_verified(),
                }),
                stays: None,
            },
            notes: Vec::new(),
        })
    }
}
