//! Owns how a run ended, for its record: also of a run that died, once it is undone.

use std::time::Instant;

use jiff::Timestamp;

use super::Engine;
use todoctl_plan::event::Outcome;
use todoctl_plan::finalize;
use todoctl_plan::plan::RunCommit;
use todoctl_plan::run_record::{self, Ended, Ending, RunRecord};
use todoctl_plan::world::lease::OpenRun;

/// When a run began.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) at: Timestamp,
    pub(super) clock: Instant,
    /// The run that is undone, when it is another one.
    of: Option<Box<Origin>>,
}

impl Start {
    pub(super) fn now() -> Self {
        Self { at: Timestamp::now(), clock: Instant::now(), of: None }
    }

    /// For undoing another run.
    pub(super) fn of(mut self, open: &OpenRun) -> Self {
        let (command, who, since) = (open.command.clone(), open.who.clone(), open.since);
        self.of = Some(Box::new(Origin { command, who, since }));
        self
    }
}

/// What the record of a dead run says of it.
#[derive(Debug, Clone)]
struct Origin {
    command: String,
    who: String,
    since: Timestamp,
}

impl Engine {
    /// How a run ended, for its record.
    pub(super) fn ending(&self, outcome: &Outcome, start: &Start) -> Ending {
        let ended = match outcome {
            Outcome::Deployed => Ended::Deployed,
            Outcome::RolledBack { .. } => Ended::RolledBack,
            Outcome::Failed { .. } => Ended::Failed,
            Outcome::Stuck { .. } => Ended::Stuck,
            Outcome::Kept { .. } => Ended::Kept,
        };
        let cause = outcome.cause();
        let own = || Origin {
            command: self.names.command.clone(),
            who: self.names.holder.clone(),
            since: start.at,
        };
        let (ci, seconds) = match &start.of {
            Some(origin) => (None, Timestamp::now().duration_since(origin.since).as_secs_f64()),
            None => (self.names.ci.clone(), start.clock.elapsed().as_secs_f64()),
        };
        let Origin { command, who, since } = start.of.as_deref().cloned().unwrap_or_else(own);
        Ending {
            command,
            outcome: ended,
            cause: cause.map(|cause| cause.diagnostic.what.clone()),
            started: since,
            seconds,
            holder: who,
            ci,
        }
    }

    /// What records a dead run.
    pub(super) fn commit_of(&self, open: &OpenRun) -> Option<RunCommit> {
        let (namespace, marks) = (self.namespaces.first()?.clone(), Vec::new());
        Some(RunCommit { namespace, marks, record: record_of(open, self.helm_major) })
    }
}

/// The record of a dead run, without what is deployed once it is undone.
fn record_of(open: &OpenRun, helm_major: u32) -> RunRecord {
    let changes = open.steps.iter().map(|step| (&step.info.step, &step.info.change));
    RunRecord {
        format: run_record::FORMAT,
        run: open.run.clone(),
        profile: open.profile.clone(),
        helm: Some(helm_major),
        todoctl: open.version.clone(),
        changed: finalize::changes(changes),
        set: run_record::Deployed::default(),
        ending: None,
    }
}
