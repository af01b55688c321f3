//! Step 2: the cluster has an image. Its tag is the hash of its sources, so an image that is there is the right one.

use std::sync::Arc;

use crate::builder::Images;
use crate::inputs::Inputs;
use crate::invocation::{Invocation, Tool};
use crate::step::{Change, Check, DecideError, Decision, Step, StepId, Undo};
use crate::world::World;

/// How long a `prepare` command may take; a first compilation is slow.
const PREPARE: std::time::Duration = std::time::Duration::from_mins(30);

/// Builds one image when the cluster lacks it.
pub(super) struct ImageStep {
    inputs: Arc<Inputs>,
    images: Images,
    name: String,
}

impl ImageStep {
    pub(super) fn new(inputs: &Arc<Inputs>, images: &Images, name: String) -> Self {
        Self { inputs: Arc::clone(inputs), images: images.clone(), name }
    }

    /// What proves that a build, or a load, has brought the image where it must be.
    fn proof(&self, reference: &str) -> Vec<Check> {
        if self.images.store.is_believed() {
            return Vec::new();
        }
        vec![Check::Stored { images: vec![reference.to_owned()] }]
    }

    /// The step that a release waits for.
    pub(super) fn id_of(name: &str) -> StepId {
        StepId::of("image", name)
    }
}

impl Step for ImageStep {
    fn id(&self) -> StepId {
        Self::id_of(&self.name)
    }

    fn title(&self) -> String {
        format!("image {}", self.name)
    }

    fn order(&self) -> u8 {
        2
    }

    fn needs(&self) -> Vec<StepId> {
        vec![StepId::single("cluster")]
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        if world.cluster.access().is_none() {
            return Ok(Decision::none("known after start"));
        }
        let image = &self.inputs.profile.images[&self.name];
        let reference = self.inputs.image_reference(&self.name).ok_or_else(|| DecideError {
            evidence: Vec::new(),
            message: format!("image {} has no tag", self.name),
            hint: "this is a bug in todoctl: images are hashed before steps decide".to_owned(),
        })?;
        if world.images.contains(&reference) {
            return Ok(Decision::none(format!("{reference} is there")));
        }
        let prepare = image.prepare.split_first().map(|(program, args)| {
            Invocation::new(Tool::Project(program.into()), args.iter().cloned()).timeout(PREPARE)
        });
        let mut apply: Vec<Invocation> = prepare.into_iter().collect();
        apply.extend(self.images.builder.build(std::slice::from_ref(&reference), image));
        Ok(Decision {
            change: Change::Create { to: reference.clone() },
            apply,
            checks: self.proof(&reference),
            undo: Undo::Nothing {
                reason: "an image that nothing uses harms nothing; the next up removes it".to_owned(),
                stays: Some(format!("image {reference}")),
            },
            notes: Vec::new(),
        })
    }
}
