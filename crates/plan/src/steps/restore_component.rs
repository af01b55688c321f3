//! `todoctl rollback --run`: a Dapr object gets the content that an earlier deployment left it with.

use std::sync::Arc;

use serde_json::Value;

use crate::kubernetes::Object;
use crate::step::{Change, Decision, Step, StepId};
use crate::steps::prune_component::{Why, of_profile};
use crate::steps::{component, component_words, release_id};
use crate::tool::kubectl::Kubectl;
use crate::world::World;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::dapr::Kind;
use todoctl_project::inputs::Inputs;

/// Gives one object its earlier content.
struct ComponentReturn {
    inputs: Arc<Inputs>,
    kind: Kind,
    name: String,
    manifest: Value,
}

/// The steps that bring the objects of then, and remove those of the profile that were not there then.
pub(super) fn steps(inputs: &Arc<Inputs>, world: &World, then: &[Value]) -> Vec<Box<dyn Step>> {
    let back: Vec<ComponentReturn> = then.iter().filter_map(|one| ComponentReturn::of(inputs, one)).collect();
    let mut away = of_profile(inputs, world, Why::NotThen);
    away.retain(|one| !back.iter().any(|other| other.id() == one.id()));
    let differs = |one: &ComponentReturn| {
        !world.components.get(one.kind, &one.name).is_some_and(|live| live.is(&one.manifest))
    };
    let back = back.into_iter().filter(differs).map(|one| Box::new(one) as Box<dyn Step>);
    back.chain(away.into_iter().map(|one| Box::new(one) as Box<dyn Step>)).collect()
}

impl ComponentReturn {
    fn of(inputs: &Arc<Inputs>, manifest: &Value) -> Option<Self> {
        let object = Object::of(manifest)?;
        Some(Self {
            inputs: Arc::clone(inputs),
            kind: Kind::parse(&object.kind)?,
            name: object.metadata.name,
            manifest: manifest.clone(),
        })
    }
}

impl Step for ComponentReturn {
    fn id(&self) -> StepId {
        component::id_of(self.kind, &self.name)
    }

    fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    fn order(&self) -> u8 {
        5
    }

    /// Dapr itself, when it returns in the same run: its operator reads what is applied.
    fn needs(&self) -> Vec<StepId> {
        self.inputs.profile.dapr.iter().map(|dapr| release_id(&dapr.release)).collect()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let Some(access) = world.cluster.access() else {
            return Ok(Decision::none("known after start"));
        };
        let live = world.components.get(self.kind, &self.name);
        if let Some(owner) = live.and_then(|live| live.owner()).filter(|owner| *owner != self.inputs.name) {
            return Err(Diagnostic {
                code: Code::ComponentForeign,
                what: format!("{} belongs to profile {owner}", self.title()),
                evidence: Vec::new(),
                fix: format!("remove that profile: todoctl down {owner}"),
                place: None,
            });
        }
        Ok(Decision {
            change: match live {
                None => Change::Create { to: component_words::describe(self.kind, &self.manifest) },
                Some(live) => component_words::change(live, &self.manifest),
            },
            apply: vec![Kubectl::new(access).apply(&self.manifest)],
            checks: Vec::new(),
            undo: component::back(self.kind, &self.name, live, self.inputs.profile.namespace.clone()),
            notes: Vec::new(),
        })
    }
}
