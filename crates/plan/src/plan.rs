//! Owns the plan: every decision in the documented order. Plan, dry run and run read the same one.
//! Refuses to render it (`render`) and to carry it out (`engine`).

mod run_commit;

pub use run_commit::{Mark, RunCommit};

use serde::Serialize;

use crate::bookkeeping::Entry;
use crate::event::StepInfo;
use crate::step::{Decision, Lane, Step, StepId};
use crate::tool::reversal::Reverser;
use crate::world::World;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::Invocation;

/// Everything a run will do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Name of the profile.
    pub profile: String,
    /// Address or context of the cluster; absent while it is not running.
    pub cluster: Option<String>,
    /// Whether the cluster has to be started first, so that the rest is known only then.
    pub known_after_start: bool,
    /// The steps, in the documented order.
    pub steps: Vec<PlannedStep>,
    /// The Dapr objects of the profile as they are once the run is done, for returning to it later.
    pub content: Vec<serde_json::Value>,
    /// What is done after everything is verified; a failure there is a warning.
    pub closing: Vec<Closing>,
}

/// A step and its decision.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedStep {
    /// Its name.
    pub step: StepId,
    /// Its title.
    pub title: String,
    /// Its number in the documented order.
    pub order: u8,
    /// The steps that must be verified first; only steps of this plan.
    pub needs: Vec<StepId>,
    /// Whose places it takes while it runs.
    #[serde(skip)]
    pub lane: Lane,
    /// What it does.
    pub decision: Decision,
    /// The commands of its undo, with the helm of this machine.
    pub undo: Vec<Invocation>,
}

impl PlannedStep {
    /// The step as a run announces it.
    pub fn info(&self) -> StepInfo {
        StepInfo {
            step: self.step.clone(),
            title: self.title.clone(),
            order: self.order,
            needs: self.needs.clone(),
            change: self.decision.change.clone(),
        }
    }
}

/// Work after the verification: marking what is verified, recording the run, removing what nothing uses any more.
#[derive(Debug, Clone, Serialize)]
pub struct Closing {
    /// What it is for.
    pub title: String,
    /// Its commands, in order.
    pub commands: Vec<Invocation>,
    /// What todoctl writes for itself, in no order.
    #[serde(skip)]
    pub entries: Vec<Entry>,
    /// Images that must be gone then, where the commands do not tell by their exit status.
    #[serde(skip)]
    pub gone: Vec<String>,
    /// What its entries are made from when it records the run: how the run ended is known only then.
    #[serde(skip)]
    pub commit: Option<RunCommit>,
}

impl Closing {
    /// Work that is known beforehand.
    pub fn new(title: String, commands: Vec<Invocation>) -> Self {
        Self { title, commands, entries: Vec::new(), gone: Vec::new(), commit: None }
    }

    /// Work for todoctl's own books.
    pub fn keeping(title: String, entries: Vec<Entry>) -> Self {
        Self { entries, ..Self::new(title, Vec::new()) }
    }

    /// Work that records the run.
    pub fn committing(title: String, commit: RunCommit) -> Self {
        Self { commit: Some(commit), ..Self::new(title, Vec::new()) }
    }
}

impl Plan {
    /// Lets every step decide. Steps that cannot are reported together. The closing work is added by `assemble`.
    pub fn decide(profile: &str, steps: &[Box<dyn Step>], world: &World) -> Result<Self, Diagnostic> {
        let mut planned = Vec::new();
        let mut errors = Vec::new();
        let reverser = world.cluster.access().map(|access| Reverser::new(world.helm_major, access));
        let ids: Vec<StepId> = steps.iter().map(|step| step.id()).collect();
        for step in steps {
            match step.decide(world) {
                Ok(decision) => planned.push(PlannedStep {
                    step: step.id(),
                    title: step.title(),
                    order: step.order(),
                    lane: step.lane(),
                    needs: step.needs().into_iter().filter(|need| ids.contains(need)).collect(),
                    undo: reverser.as_ref().map(|one| one.undo(&decision.undo)).unwrap_or_default(),
                    decision,
                }),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            let title = |count| format!("{count} steps cannot be planned");
            let code = Code::PlanUndecided;
            return Err(Diagnostic::together(code, errors, title, code.fix()).unchanged());
        }
        Ok(Self {
            profile: profile.to_owned(),
            cluster: world.cluster.access().map(|access| access.context.clone()),
            known_after_start: world.cluster.access().is_none(),
            steps: planned,
            content: Vec::new(),
            closing: Vec::new(),
        })
    }

    /// Whether a run would neither change nor check anything.
    pub fn is_empty(&self) -> bool {
        self.closing.is_empty()
            && self.steps.iter().all(|step| step.decision.change.is_none() && step.decision.checks.is_empty())
    }

    /// Whether it writes anything, and not only checks.
    pub fn changes(&self) -> bool {
        !self.closing.is_empty() || self.commands().next().is_some()
    }

    /// The changing commands, in the documented order.
    pub fn commands(&self) -> impl Iterator<Item = &Invocation> {
        let steps = self.steps.iter().flat_map(|step| &step.decision.apply);
        steps.chain(self.closing.iter().flat_map(|closing| &closing.commands))
    }

    /// What records the run, when it is recorded.
    pub fn commit(&self) -> Option<&RunCommit> {
        self.closing.iter().find_map(|closing| closing.commit.as_ref())
    }

    /// The steps as a run announces them.
    pub fn announce(&self) -> Vec<StepInfo> {
        self.steps.iter().map(PlannedStep::info).collect()
    }
}
