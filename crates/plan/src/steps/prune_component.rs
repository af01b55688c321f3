//! Dapr objects go away: those that left the profile, with a way back, and all of a profile in `todoctl down`.

use std::sync::Arc;

use crate::step::{Change, Decision, Step, StepId, Undo};
use crate::steps::{component, component_words, release_id};
use crate::tool::kubectl::Kubectl;
use crate::world::World;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_project::dapr::Kind;
use todoctl_project::inputs::Inputs;

/// Removes one Dapr object.
pub(super) struct ComponentRemoval {
    inputs: Arc<Inputs>,
    kind: Kind,
    name: String,
    why: Why,
}

/// Why an object goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The profile does not name it any more.
    Left,
    /// The deployment that is returned to did not have it.
    NotThen,
    /// The whole profile goes: then `todoctl up` is the way back.
    Down,
}

/// The objects that this profile made and does not name any more. None when `--only` names some releases.
pub(super) fn left_the_profile(inputs: &Arc<Inputs>, world: &World) -> Vec<ComponentRemoval> {
    if !inputs.is_whole() {
        return Vec::new();
    }
    let named = |kind: Kind, name: &str| {
        inputs.dapr.objects.iter().any(|object| object.kind == kind && object.name == name)
    };
    let mut gone = of_profile(inputs, world, Why::Left);
    gone.retain(|one| !named(one.kind, &one.name));
    gone
}

/// Every object that the profile made.
pub(super) fn of_profile(inputs: &Arc<Inputs>, world: &World, why: Why) -> Vec<ComponentRemoval> {
    let ours = world.components.of_profile(&inputs.name);
    ours.map(|one| ComponentRemoval {
        inputs: Arc::clone(inputs),
        kind: one.kind,
        name: one.name.clone(),
        why,
    })
    .collect()
}

impl Step for ComponentRemoval {
    fn id(&self) -> StepId {
        component::id_of(self.kind, &self.name)
    }

    fn title(&self) -> String {
        let why = match self.why {
            Why::Left => " (left the profile)",
            Why::NotThen => " (was not there then)",
            Why::Down => "",
        };
        format!("{} {}{why}", self.kind, self.name)
    }

    fn order(&self) -> u8 {
        if self.why == Why::Down { 5 } else { 8 }
    }

    /// After the services that used it run without it, or are gone.
    fn needs(&self) -> Vec<StepId> {
        let services = self.inputs.releases().filter(|(_, release)| release.sidecar);
        services.map(|(name, _)| release_id(name)).collect()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let live = world.components.get(self.kind, &self.name);
        let (Some(access), Some(live)) = (world.cluster.access(), live) else {
            return Ok(Decision::none("is not there"));
        };
        let namespace = self.inputs.profile.namespace.clone();
        let delete =
            Kubectl::new(access).delete(&namespace, self.kind.resource(), std::slice::from_ref(&self.name));
        let undo = if self.why == Why::Down {
            let reason = "removing was asked for; todoctl up brings it back".to_owned();
            Undo::Nothing { reason, stays: None }
        } else {
            component::back(self.kind, &self.name, Some(live), namespace)
        };
        let content = serde_json::Value::Object(live.content.clone());
        let from = component_words::describe(self.kind, &content);
        let change = Change::Remove { from };
        Ok(Decision { change, apply: vec![delete], checks: Vec::new(), undo, notes: Vec::new() })
    }
}
