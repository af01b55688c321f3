//! Step 2: the cluster has an image. Its tag is the hash of its sources, so an image that is there is the right one.

use std::sync::Arc;

use crate::builder::Images;
use crate::step::{Change, Check, Decision, Lane, Step, StepId, Undo};
use crate::world::World;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Dialect, Invocation, Tool};
use todoctl_core::text;
use todoctl_project::inputs::Inputs;

/// How long a `prepare` command may take; a first compilation is slow.
const PREPARE: std::time::Duration = std::time::Duration::from_mins(30);

/// Bytes of a build context from which on it is worth a word.
const HEAVY: u64 = 100_000_000;

/// Builds one image when the cluster lacks it.
pub(super) struct ImageStep {
    inputs: Arc<Inputs>,
    images: Images,
    name: String,
    /// Further names that the image gets in its store.
    names: Vec<String>,
}

impl ImageStep {
    pub(super) fn new(inputs: &Arc<Inputs>, images: &Images, name: String) -> Self {
        Self { inputs: Arc::clone(inputs), images: images.clone(), name, names: Vec::new() }
    }

    /// The same step, which also moves these tags to the image.
    pub(super) fn tagged(self, tags: &[String]) -> Self {
        let repository = self.inputs.image_repository(&self.name).unwrap_or_default();
        Self { names: tags.iter().map(|tag| format!("{repository}:{tag}")).collect(), ..self }
    }

    /// What proves that a build, or a load, has brought the image where it must be.
    fn proof(&self, reference: &str) -> Vec<Check> {
        if self.images.store.tells_by_exit_status() {
            return Vec::new();
        }
        vec![Check::ImagesStored { images: vec![reference.to_owned()] }]
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

    fn lane(&self) -> Lane {
        Lane::Build
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let Some(there) = &world.images else {
            return Ok(Decision::none("known after start"));
        };
        let reference = self.inputs.image_reference(&self.name).ok_or_else(|| Diagnostic {
            code: Code::InternalBug,
            evidence: Vec::new(),
            what: format!("image {} has no tag", self.name),
            fix: "this is a bug in todoctl: images are hashed before steps decide".to_owned(),
            place: None,
        })?;
        let is_there = there.contains(&reference);
        let change = match (is_there, self.names.as_slice()) {
            (true, []) => return Ok(Decision::none(format!("{reference} is there"))),
            (true, _) => Change::Update { from: format!("{reference} is there"), to: self.also() },
            (false, []) => Change::Create { to: reference.clone() },
            (false, _) => Change::Create { to: format!("{reference}, {}", self.also()) },
        };
        let mut apply = if is_there { Vec::new() } else { self.making(&reference) };
        apply.extend(self.images.store.tag(&reference, &self.names).filter(|_| !self.names.is_empty()));
        Ok(Decision {
            change,
            apply,
            checks: self.proof(&reference),
            undo: Undo::Nothing {
                reason: format!("an image that nothing uses harms nothing; {}", self.fate(&reference)),
                stays: Some(format!("image {reference}")),
            },
            notes: self.weight(world).into_iter().collect(),
        })
    }
}

impl ImageStep {
    /// What becomes of an image that nothing uses.
    fn fate(&self, reference: &str) -> &'static str {
        match self.images.store.remove(&[reference.to_owned()]) {
            Some(_) => "the next up removes it",
            None => "a registry keeps it",
        }
    }

    /// The commands that make the image.
    fn making(&self, reference: &str) -> Vec<Invocation> {
        let image = &self.inputs.profile.images[&self.name];
        let words = image.prepare_for(&self.inputs.profile.platforms());
        let prepare = words.split_first().map(|(program, args)| {
            Invocation::new(Tool::Project(program.into()), args.iter().cloned())
                .timeout(PREPARE)
                .speaking(Dialect::Lines)
        });
        prepare.into_iter().chain(self.images.builder.build(reference, image)).collect()
    }

    /// What a person should know of a heavy context.
    fn weight(&self, world: &World) -> Option<String> {
        let weight = world.contexts.get(&self.name).filter(|weight| weight.bytes > HEAVY)?;
        let heaviest: Vec<String> = weight
            .heaviest
            .iter()
            .map(|(name, bytes)| format!("{name} {}", text::megabytes(*bytes)))
            .collect();
        let context = &self.inputs.profile.images[&self.name].context;
        Some(format!(
            "its build context {} has {} ({}); what the image does not need belongs into its .dockerignore",
            context.display(),
            text::megabytes(weight.bytes),
            heaviest.join(", "),
        ))
    }

    /// "also TAG, TAG".
    fn also(&self) -> String {
        let tags: Vec<&str> = self.names.iter().filter_map(|name| Some(name.rsplit_once(':')?.1)).collect();
        format!("also {}", tags.join(", "))
    }
}
