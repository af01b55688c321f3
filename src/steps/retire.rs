//! A release that was deployed from this profile and has left it is uninstalled; its history stays, so that an undo
//! can bring it back (`helm rollback` of an uninstalled release with history works: tried with helm 3.21 and 4.2).

use std::sync::Arc;

use crate::inputs::Inputs;
use crate::labels;
use crate::step::{Change, Check, DecideError, Decision, Guard, Returns, Reversal, Step, StepId, Undo};
use crate::steps::release_id;
use crate::tool::helm::Helm;
use crate::world::World;

/// How long its pods may take to end.
const GONE_SECONDS: u32 = 120;

/// Uninstalls one release that left the profile.
pub(super) struct RetireStep {
    inputs: Arc<Inputs>,
    name: String,
}

impl RetireStep {
    pub(super) fn new(inputs: &Arc<Inputs>, name: String) -> Self {
        Self { inputs: Arc::clone(inputs), name }
    }
}

/// The releases in the application's namespace that carry this profile's label and are not in it any more.
/// None when `--only` names some: then nothing is said about the others.
pub(super) fn left_the_profile(inputs: &Inputs, world: &World) -> Vec<String> {
    if inputs.only.len() != inputs.profile.releases.len() {
        return Vec::new();
    }
    let ours = world.releases.iter().filter(|(namespace, name, revisions)| {
        let newest = revisions.last();
        *namespace == inputs.profile.namespace
            && !inputs.profile.releases.contains_key(*name)
            && newest.is_some_and(|one| {
                one.label(labels::PROFILE) == Some(&inputs.name) && one.status == "deployed"
            })
    });
    ours.map(|(_, name, _)| name.to_owned()).collect()
}

impl Step for RetireStep {
    fn id(&self) -> StepId {
        release_id(&self.name)
    }

    fn title(&self) -> String {
        format!("release {} (left the profile)", self.name)
    }

    fn order(&self) -> u8 {
        8
    }

    /// After everything that stays: what replaces it is up before it goes.
    fn needs(&self) -> Vec<StepId> {
        self.inputs.releases().map(|(name, _)| release_id(name)).collect()
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        let namespace = &self.inputs.profile.namespace;
        let (Some(access), Some(newest)) =
            (world.cluster.access(), world.releases.newest(namespace, &self.name))
        else {
            return Ok(Decision::none("is not there"));
        };
        let helm = Helm::new(world.helm_major, access);
        let workloads = world.live.release_workloads(&self.name, namespace);
        let (release, namespace) = (self.name.clone(), namespace.clone());
        let gone = Check::Gone {
            release: release.clone(),
            namespace: namespace.clone(),
            within_seconds: GONE_SECONDS,
        };
        let back = Check::RolledOut {
            release: release.clone(),
            namespace: namespace.clone(),
            workloads,
            within_seconds: GONE_SECONDS,
        };
        Ok(Decision {
            change: Change::Remove { from: format!("revision {}", newest.number) },
            apply: vec![helm.uninstall(&self.name, &namespace, true)],
            checks: vec![gone],
            undo: Undo::Commands {
                reversals: vec![Reversal::Release {
                    release: release.clone(),
                    namespace: namespace.clone(),
                    to: Some(newest.number),
                    keep_history: true,
                }],
                guard: Guard::ReleaseChanged {
                    release: release.clone(),
                    namespace: namespace.clone(),
                    revision: newest.number,
                    status: newest.status.clone(),
                },
                checks: vec![back],
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
