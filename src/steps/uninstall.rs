//! `todoctl down`: one release is uninstalled, history included. Not undone: the way back is `todoctl up`.

use std::sync::Arc;

use crate::inputs::Inputs;
use crate::step::{Change, Check, DecideError, Decision, Step, StepId, Undo};
use crate::steps::release_id;
use crate::tool::helm::Helm;
use crate::world::World;

/// How long its pods may take to end.
const GONE_SECONDS: u32 = 120;

/// Uninstalls one release.
pub struct UninstallStep {
    inputs: Arc<Inputs>,
    name: String,
}

impl UninstallStep {
    /// For a release of the profile.
    pub fn new(inputs: &Arc<Inputs>, name: &str) -> Self {
        Self { inputs: Arc::clone(inputs), name: name.to_owned() }
    }
}

impl Step for UninstallStep {
    fn id(&self) -> StepId {
        release_id(&self.name)
    }

    fn title(&self) -> String {
        format!("release {}", self.name)
    }

    fn order(&self) -> u8 {
        self.inputs.profile.releases[&self.name].order
    }

    /// What needs it goes first.
    fn needs(&self) -> Vec<StepId> {
        let dependants =
            self.inputs.profile.releases.iter().filter(|(_, release)| release.needs.contains(&self.name));
        dependants.map(|(name, _)| release_id(name)).collect()
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        let namespace = self.inputs.namespace(&self.inputs.profile.releases[&self.name]).to_owned();
        let (Some(access), Some(newest)) =
            (world.cluster.access(), world.releases.newest(&namespace, &self.name))
        else {
            return Ok(Decision::none("is not there"));
        };
        let release = self.name.clone();
        Ok(Decision {
            change: Change::Remove { from: format!("revision {}", newest.number) },
            apply: vec![Helm::new(world.helm_major, access).uninstall(&release, &namespace, false)],
            checks: vec![Check::Gone { release, namespace, within_seconds: GONE_SECONDS }],
            undo: Undo::Nothing {
                reason: "removing was asked for; todoctl up brings it back".to_owned(),
                stays: None,
            },
            notes: Vec::new(),
        })
    }
}
