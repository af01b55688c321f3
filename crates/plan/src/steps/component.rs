//! Step 5: a Dapr object has the wanted content, with the names of its Secrets' versions filled in.
//!
//! What the files alone tell was judged when they were read (`dapr`). Here come the questions that need the cluster and
//! the secret values: is it there, whose is it, is there a value behind each reference, and one that Dapr accepts.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::step::{Change, Decision, Guard, Reversal, Step, StepId, Undo};
use crate::steps::{component_words, image::ImageStep, namespace, release_id, secret};
use crate::tool::kubectl::Kubectl;
use crate::world::World;
use crate::world::components::LiveObject;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::labels;
use todoctl_project::dapr::{Kind, Object, SecretRef};
use todoctl_project::digest;
use todoctl_project::inputs::Inputs;

/// Applies one Dapr object.
pub(super) struct ComponentStep {
    inputs: Arc<Inputs>,
    object: Object,
}

impl ComponentStep {
    pub(super) fn new(inputs: &Arc<Inputs>, object: &Object) -> Self {
        Self { inputs: Arc::clone(inputs), object: object.clone() }
    }
}

/// The step of an object: `component/pubsub`.
pub fn id_of(kind: Kind, name: &str) -> StepId {
    StepId::of(&kind.to_string(), name)
}

/// The steps that a service with a sidecar waits for: Dapr itself, and the objects in its scope.
pub(super) fn needs_of(inputs: &Inputs, release: &str) -> Vec<StepId> {
    let dapr = inputs.profile.dapr.iter().map(|dapr| release_id(&dapr.release));
    let objects = inputs.components().filter(|object| object.is_for(release));
    dapr.chain(objects.map(|object| id_of(object.kind, &object.name))).collect()
}

/// The manifest of an object in this run.
pub fn manifest(inputs: &Inputs, object: &Object, world: &World) -> Value {
    let version = |set: &str| secret::wanted(inputs, set, world).version;
    object.manifest((&inputs.profile.namespace, &inputs.name), version, |name| image_of(inputs, name))
}

/// The whole name of a container's image; without its tag where nothing was hashed.
pub(super) fn image_of(inputs: &Inputs, image: &str) -> String {
    inputs.image_reference(image).or_else(|| inputs.image_repository(image)).unwrap_or_default()
}

/// Digest of what a sidecar reads once, at its start: the objects in its scope, with the versions of their Secrets, and
/// Dapr's version. As an annotation of the pods it makes them start anew when one of these changes.
pub(super) fn scope_digest(inputs: &Inputs, release: &str, world: &World) -> String {
    let objects = inputs.dapr.objects.iter().filter(|object| object.is_for(release));
    let mut parts: Vec<String> = objects
        .map(|object| {
            let manifest = manifest(inputs, object, world);
            let content = manifest["metadata"]["labels"][labels::DIGEST].as_str().unwrap_or_default();
            format!("{} {} {content}", object.kind, object.name)
        })
        .collect();
    parts.sort();
    digest::combine(&[("dapr", inputs.dapr.version.as_bytes()), ("objects", parts.join("\n").as_bytes())])
}

impl Step for ComponentStep {
    fn id(&self) -> StepId {
        id_of(self.object.kind, &self.object.name)
    }

    fn title(&self) -> String {
        format!("{} {}", self.object.kind, self.object.name)
    }

    fn order(&self) -> u8 {
        5
    }

    fn needs(&self) -> Vec<StepId> {
        let mut needs = vec![namespace::before(&self.inputs)];
        needs.extend(self.inputs.profile.dapr.iter().map(|dapr| release_id(&dapr.release)));
        needs.extend(self.object.secrets.iter().map(|one| secret::SecretStep::id_of(&one.set)));
        needs.extend(self.object.container.iter().map(|one| ImageStep::id_of(&one.image)));
        needs.dedup();
        needs
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let Some(access) = world.cluster.access() else {
            return Ok(Decision::none("known after start"));
        };
        for reference in &self.object.secrets {
            self.judge_value(reference, world)?;
        }
        self.refuse_without_dapr(world)?;
        let live = world.components.get(self.object.kind, &self.object.name);
        self.refuse_others(live)?;
        let manifest = manifest(&self.inputs, &self.object, world);
        let mut notes = self.object.notes.clone();
        if live.is_some_and(|live| live.is(&manifest)) {
            return Ok(Decision { notes, ..Decision::none("has this content") });
        }
        if live.is_some_and(|live| live.owner().is_none()) {
            notes.push(format!(
                "{} is there already, made by someone else; it will be replaced",
                self.title()
            ));
        }
        let wanted = component_words::describe(self.object.kind, &manifest);
        let namespace = self.inputs.profile.namespace.clone();
        Ok(Decision {
            change: match live {
                None => Change::Create { to: wanted },
                Some(live) => component_words::change(live, &manifest),
            },
            apply: vec![Kubectl::new(access).apply(&manifest)],
            checks: Vec::new(),
            undo: back(self.object.kind, &self.object.name, live, namespace),
            notes,
        })
    }
}

/// How a change of an object is reversed: its content comes back, or it goes away.
pub(super) fn back(kind: Kind, name: &str, live: Option<&LiveObject>, namespace: String) -> Undo {
    let reversal = match live {
        Some(live) => Reversal::Restore { objects: vec![live.manifest(&namespace)] },
        None => {
            Reversal::Delete { kind: kind.resource().to_owned(), namespace, names: vec![name.to_owned()] }
        }
    };
    Undo::Commands {
        reversals: vec![reversal],
        guard: Guard::Always,
        follows: Vec::new(),
        checks: Vec::new(),
        returns: None,
        stays: None,
    }
}

impl ComponentStep {
    /// Every reference has a value, and where the component reads a connection string, one that it can read.
    fn judge_value(&self, reference: &SecretRef, world: &World) -> Result<(), Diagnostic> {
        let SecretRef { set, key, postgres, place, .. } = reference;
        let name = &self.inputs.profile.secrets.sets[set][key];
        let Some(value) = secret::value(&self.inputs.profile, name, world) else {
            if self.inputs.profile.secrets.values.get(name).is_none_or(|spec| !spec.optional) {
                // The secret's own step says what is wrong with it.
                return Ok(());
            }
            return Err(Diagnostic {
                code: Code::ComponentSecret,
                what: format!("{place}: {} refers to {set}, {key}, which has no value", self.title()),
                evidence: Vec::new(),
                fix: format!("give {name}, which the profile calls optional, or leave the reference out"),
                place: None,
            });
        };
        if *postgres && !is_for_postgres(&value) {
            return Err(Diagnostic {
                code: Code::ComponentSecret,
                what: format!(
                    "{place}: {name} is not a connection string that Dapr's PostgreSQL accepts (postgres://… or host=…)",
                ),
                evidence: Vec::new(),
                fix: format!(
                    "let todoctl derive it: a value with `from: {name}` and `form: postgres` in secrets.values, and that value in secrets.sets.{set}"
                ),
                place: None,
            });
        }
        Ok(())
    }

    fn refuse_without_dapr(&self, world: &World) -> Result<(), Diagnostic> {
        let Some(dapr) = &self.inputs.profile.dapr else { return Ok(()) };
        if world.components.known || self.inputs.only.contains(&dapr.release) {
            return Ok(());
        }
        Err(Diagnostic {
            code: Code::DaprAbsent,
            what: format!("{} needs Dapr, and Kubernetes does not know its kinds", self.title()),
            evidence: Vec::new(),
            fix: format!("name release {} in --only as well, or leave --only out", dapr.release),
            place: None,
        })
    }

    fn refuse_others(&self, live: Option<&LiveObject>) -> Result<(), Diagnostic> {
        match live.and_then(LiveObject::owner) {
            Some(owner) if owner != self.inputs.name => Err(Diagnostic {
                code: Code::ComponentForeign,
                what: format!("{} belongs to profile {owner}", self.title()),
                evidence: Vec::new(),
                fix: format!("use another namespace, or remove that profile: todoctl down {owner}"),
                place: None,
            }),
            Some(_) | None => Ok(()),
        }
    }
}

/// What pgx reads: a URL of two schemes, or words `name=value` (components-contrib v1.18.0,
/// `common/authentication/postgresql`). SQLAlchemy's `postgresql+asyncpg://` ends the sidecar.
fn is_for_postgres(value: &SecretString) -> bool {
    let text = value.expose_secret();
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme {
        Some(scheme) => scheme == "postgres" || scheme == "postgresql",
        None => text.contains('='),
    }
}

#[cfg(test)]
mod tests;
