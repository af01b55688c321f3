//! Owns what is left of a run that does not hold its lock any more, or cannot let it go.

use super::{Engine, cause};
use crate::lock::Loss;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::{Cause, Outcome, Remaining};
use todoctl_plan::plan::{Plan, PlannedStep};
use todoctl_plan::step::{StepId, Undo};

impl Engine {
    /// What is left when the lock was lost: nothing that a person should do by hand, where somebody else holds it.
    pub(super) fn ousted(&self, loss: Loss, touched: &[(&StepId, &Undo)]) -> Outcome {
        let Loss { why, has_heir } = loss;
        let remaining = |(step, undo): &(&StepId, &Undo)| {
            if has_heir {
                let left = self.remaining(step, undo, "undone by whoever holds the lock now")?;
                return Some(Remaining { commands: Vec::new(), ..left });
            }
            self.remaining(step, undo, "the lock that named it is gone, so no other run undoes it")
        };
        let code = if has_heir { Code::LockLost } else { Code::LockRemoved };
        let cause = Cause { interrupted: has_heir, ..cause(Diagnostic::usual(code, why)) };
        Outcome::Stuck { cause, remaining: touched.iter().filter_map(remaining).collect() }
    }

    /// What a deployment is that is neither marked as verified nor free of its lock.
    pub(super) fn unrecorded(&self, plan: &Plan, why: &str) -> Outcome {
        let why = format!("what is deployed is not on record, and {why}");
        let cause = cause(Diagnostic::usual(Code::RunUnrecorded, why));
        let undone = |one: &PlannedStep| {
            let left = self.remaining(
                &one.step,
                &one.decision.undo,
                "deployed and verified, and undone by the next run",
            )?;
            (!one.decision.apply.is_empty()).then_some(Remaining { commands: Vec::new(), ..left })
        };
        Outcome::Stuck { cause, remaining: plan.steps.iter().filter_map(undone).collect() }
    }
}

/// Those of some steps that have something to undo.
pub(super) fn undone_steps<'p>(plan: &'p Plan, touched: &[StepId]) -> Vec<(&'p StepId, &'p Undo)> {
    let planned = |step: &StepId| plan.steps.iter().find(|one| one.step == *step);
    let undo = |one: &'p PlannedStep| (&one.step, &one.decision.undo);
    let all = touched.iter().filter_map(planned).map(undo);
    all.filter(|(_, undo)| matches!(undo, Undo::Commands { .. })).collect()
}
