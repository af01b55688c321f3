//! Owns which Dapr objects a profile has once a plan is carried out, and what a record says of them.

use serde_json::Value;

use crate::kubernetes::Object;
use crate::plan::Plan;
use crate::run_record::ObjectAt;
use crate::step::StepId;
use crate::steps;
use crate::world::World;
use crate::world::components::secrets_of;
use todoctl_core::labels;
use todoctl_project::dapr::{CONTAINER, image_of};
use todoctl_project::inputs::Inputs;

/// The objects as whole manifests: what the plan leaves alone as it is, what it applies as it will be.
pub fn content(inputs: &Inputs, world: &World, plan: &Plan) -> Vec<Value> {
    let changed =
        |id: &StepId| plan.steps.iter().any(|one| one.step == *id && !one.decision.change.is_none());
    let namespace = &inputs.profile.namespace;
    let kept = world
        .components
        .of_profile(&inputs.name)
        .filter(|one| !changed(&steps::object_id(one.kind, &one.name)));
    let applied = inputs.components().filter(|one| changed(&steps::object_id(one.kind, &one.name)));
    let kept = kept.map(|one| one.manifest(namespace));
    kept.chain(applied.map(|one| steps::object_manifest(inputs, one, world))).collect()
}

/// What a record says of objects.
pub(super) fn recorded(content: &[Value]) -> Vec<ObjectAt> {
    let mut objects: Vec<ObjectAt> = content
        .iter()
        .filter_map(Object::of)
        .map(|Object { kind, metadata, .. }| ObjectAt {
            kind,
            digest: metadata.labels.text(labels::DIGEST).unwrap_or_default().to_owned(),
            image: metadata.annotations.text(CONTAINER).and_then(image_of),
            name: metadata.name,
        })
        .collect();
    objects.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    objects
}

/// The versions of Secrets that objects refer to.
pub(super) fn secrets(content: &[Value]) -> Vec<String> {
    content.iter().filter_map(Value::as_object).flat_map(secrets_of).collect()
}
