//! `todoctl rollback RELEASE [REVISION]`: one release returns to an earlier revision, verified, and comes back if it fails.

use std::sync::Arc;

use crate::step::{Change, Decision, StepId};
use crate::steps::content::is_broken;
use crate::steps::history::{number_after, refuse_unfinished, way_back};
use crate::steps::release_context::{AboutRelease, ReleaseContext};
use crate::tool::helm::Helm;
use crate::world::World;
use crate::world::releases::{ReleaseRef, Revision};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::inputs::Inputs;

/// Rolls one release back.
pub struct RollbackStep {
    subject: ReleaseContext,
    revision: u32,
    needs: Vec<StepId>,
    /// Steps whose undo comes before this one's.
    follows: Vec<StepId>,
}

impl RollbackStep {
    /// To a revision that `choose_revision` found.
    pub fn new(inputs: &Arc<Inputs>, name: &str, revision: u32) -> Self {
        Self { subject: ReleaseContext::of(inputs, name), revision, needs: Vec::new(), follows: Vec::new() }
    }

    /// As a part of returning to an earlier deployment.
    pub(super) fn part(subject: ReleaseContext, revision: u32, needs: Vec<StepId>) -> Self {
        Self { subject, revision, needs, follows: Vec::new() }
    }

    /// The same, undone after some steps.
    pub(super) fn undone_after(mut self, steps: Vec<StepId>) -> Self {
        self.follows = steps;
        self
    }
}

/// The revision to return to: the one asked for, else the newest verified one before the current.
/// Never the nearest guess: an error lists the revisions that exist.
pub fn choose_revision(name: &str, history: &[Revision], asked: Option<u32>) -> Result<u32, Diagnostic> {
    let Some(newest) = history.last() else {
        return Err(Diagnostic {
            code: Code::ReleaseAbsent,
            evidence: Vec::new(),
            what: format!("there is no release {name}"),
            fix: "todoctl status lists the releases".to_owned(),
            place: None,
        });
    };
    let usable = |revision: &&Revision| revision.number != newest.number && !revision.status.is_pending();
    let line = |revision: &Revision| {
        let verified = if revision.is_verified() { ", verified" } else { "" };
        format!("{} ({}{verified})", revision.number, revision.status)
    };
    let existing: Vec<String> = history.iter().map(line).collect();
    let hint = format!("revisions of {name}: {}", existing.join(", "));
    match asked {
        Some(number) if history.iter().any(|revision| revision.number == number) => Ok(number),
        Some(number) => Err(Diagnostic {
            code: Code::ReleaseRevision,
            evidence: Vec::new(),
            what: format!("release {name} has no revision {number}"),
            fix: hint,
            place: None,
        }),
        None => history
            .iter()
            .rev()
            .filter(usable)
            .find(|revision| revision.is_verified())
            .map(|revision| revision.number)
            .ok_or_else(|| Diagnostic {
                code: Code::ReleaseRevision,
                evidence: Vec::new(),
                what: format!("release {name} has no earlier revision that was verified"),
                fix: format!("{hint}; name one of them"),
                place: None,
            }),
    }
}

impl AboutRelease for RollbackStep {
    fn subject(&self) -> &ReleaseContext {
        &self.subject
    }

    fn needs(&self) -> Vec<StepId> {
        self.needs.clone()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let Some((access, newest)) = self.subject.newest(world) else {
            return Ok(Decision::none("is not there"));
        };
        let ReleaseContext { name, namespace, .. } = &self.subject;
        let history = self.subject.history(world);
        refuse_unfinished(name, namespace, newest, history)?;
        let manifests = world.manifests.get(name).cloned().unwrap_or_default();
        let Some(Ok(wanted)) = manifests.wanted else {
            return Err(Diagnostic {
                code: Code::ReleaseRevision,
                evidence: Vec::new(),
                what: format!("the manifest of revision {} of {name} cannot be read", self.revision),
                fix: format!("helm get manifest {name} -n {namespace} --revision {}", self.revision),
                place: None,
            });
        };
        let broken = is_broken(name, namespace, world);
        let target = manifests.target.as_deref();
        let to =
            format!("revision {}, with the content of revision {}", number_after(history), self.revision);
        Ok(Decision {
            change: if newest.is_present() {
                Change::Update { from: format!("revision {}", newest.number), to }
            } else {
                Change::Create { to }
            },
            apply: vec![Helm::new(world.helm_major, access).rollback(name, namespace, self.revision)],
            checks: vec![self.subject.rolled_out(wanted)],
            undo: way_back(
                ReleaseRef { namespace, name },
                history,
                broken,
                target,
                self.subject.ready_seconds(),
            )
            .after(self.follows.clone()),
            notes: Vec::new(),
        })
    }
}
