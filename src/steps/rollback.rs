//! `todoctl rollback RELEASE [REVISION]`: one release returns to an earlier revision, verified, and comes back if it fails.

use std::sync::Arc;

use crate::inputs::Inputs;
use crate::step::{Change, Check, DecideError, Decision, Step, StepId};
use crate::steps::content::is_broken;
use crate::steps::history::{number_after, refuse_unfinished, way_back};
use crate::steps::release_id;
use crate::tool::helm::Helm;
use crate::world::World;
use crate::world::releases::Revision;

/// Rolls one release back.
pub struct RollbackStep {
    inputs: Arc<Inputs>,
    name: String,
    revision: u32,
}

impl RollbackStep {
    /// To a revision that `choose_revision` found.
    pub fn new(inputs: &Arc<Inputs>, name: &str, revision: u32) -> Self {
        Self { inputs: Arc::clone(inputs), name: name.to_owned(), revision }
    }
}

/// The revision to return to: the one asked for, else the newest verified one before the current.
/// Never the nearest guess: an error lists the revisions that exist.
pub fn choose_revision(name: &str, history: &[Revision], asked: Option<u32>) -> Result<u32, DecideError> {
    let Some(newest) = history.last() else {
        return Err(DecideError {
            evidence: Vec::new(),
            message: format!("there is no release {name}"),
            hint: "todoctl status lists the releases".to_owned(),
        });
    };
    let usable =
        |revision: &&Revision| revision.number != newest.number && !revision.status.starts_with("pending");
    let line = |revision: &Revision| {
        let verified = if revision.is_verified() { ", verified" } else { "" };
        format!("{} ({}{verified})", revision.number, revision.status)
    };
    let existing: Vec<String> = history.iter().map(line).collect();
    let hint = format!("revisions of {name}: {}", existing.join(", "));
    match asked {
        Some(number) if history.iter().any(|revision| revision.number == number) => Ok(number),
        Some(number) => Err(DecideError {
            evidence: Vec::new(),
            message: format!("release {name} has no revision {number}"),
            hint,
        }),
        None => history
            .iter()
            .rev()
            .filter(usable)
            .find(|revision| revision.is_verified())
            .map(|revision| revision.number)
            .ok_or_else(|| DecideError {
                evidence: Vec::new(),
                message: format!("release {name} has no earlier revision that was verified"),
                hint: format!("{hint}; name one of them"),
            }),
    }
}

impl Step for RollbackStep {
    fn id(&self) -> StepId {
        release_id(&self.name)
    }

    fn title(&self) -> String {
        format!("release {}", self.name)
    }

    fn order(&self) -> u8 {
        self.inputs.profile.releases[&self.name].order
    }

    fn needs(&self) -> Vec<StepId> {
        Vec::new()
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        let spec = &self.inputs.profile.releases[&self.name];
        let (name, namespace) = (self.name.clone(), self.inputs.namespace(spec).to_owned());
        let history = world.releases.history(&namespace, &name);
        let (Some(access), Some(newest)) = (world.cluster.access(), history.last()) else {
            return Ok(Decision::none("is not there"));
        };
        refuse_unfinished(&name, &namespace, newest, history)?;
        let helm = Helm::new(world.helm_major, access);
        let manifests = world.manifests.get(&name).cloned().unwrap_or_default();
        let Some(Ok(wanted)) = manifests.wanted else {
            return Err(DecideError {
                evidence: Vec::new(),
                message: format!("the manifest of revision {} cannot be read", self.revision),
                hint: format!("helm get manifest {name} -n {namespace} --revision {}", self.revision),
            });
        };
        let broken = is_broken(&name, &namespace, world);
        let seconds = spec.ready_seconds;
        let back = way_back((&name, &namespace), history, broken, manifests.target.as_deref(), seconds);
        let next = number_after(history);
        Ok(Decision {
            change: Change::Update {
                from: format!("revision {}", newest.number),
                to: format!("revision {next}, with the content of revision {}", self.revision),
            },
            apply: vec![helm.rollback(&name, &namespace, self.revision)],
            checks: vec![Check::RolledOut {
                release: name,
                namespace,
                workloads: wanted,
                within_seconds: seconds,
            }],
            undo: back,
            notes: Vec::new(),
        })
    }
}
