//! Owns acting: it carries a plan out, waits, and undoes what it did when something fails.
//! Refuses to decide what should be done (`steps`) and to print (`render`).
//!
//! The undo list is on record before the first change. Undos run in reverse order, never stop at a failed one, are
//! verified after all of them, touch nothing this run did not change, and never lose the first cause.

mod cluster_lost;
mod ending;
mod evidence;
mod forward;
mod heard;
mod images;
mod keep;
mod undo_state;
mod unheld;
mod unwind;
mod wait;
mod watch_cache;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use tokio::sync::watch;

use self::ending::Start;
use self::forward::Forward;
use self::heard::Listener;
use self::unheld::undone_steps;
use self::unwind::Unwinding;
use self::watch_cache::Hub;
use crate::cluster::Connection;
use crate::emitter::Emitter;
use crate::lock::{Lock, Loss};
use crate::runner::{self, Heard, SharedRunner};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output, RunError};
use todoctl_plan::builder::Store;
use todoctl_plan::event::{Cause, Event, FORMAT, Outcome, Remaining, StepInfo};
use todoctl_plan::plan::{Closing, Plan};
use todoctl_plan::provider::Provider;
use todoctl_plan::run_record::Ending;
use todoctl_plan::step::{Check, StepId, Undo};
use todoctl_plan::tool::dialect;
use todoctl_plan::tool::kubectl::Kubectl;
use todoctl_plan::tool::reversal::Reverser;
use todoctl_plan::world::Access;
use todoctl_plan::world::lease::OpenRun;
use todoctl_plan::world::live::Live;
use todoctl_plan::world::releases::Releases;

/// Everything a run needs besides its plan.
pub struct Engine {
    /// Performs commands.
    pub runner: SharedRunner,
    /// Takes events.
    pub events: Emitter,
    /// The Lease that the run is held by; absent when the plan changes nothing that could be undone.
    pub lock: Option<Arc<Lock>>,
    /// Major version of helm.
    pub helm_major: u32,
    /// How the cluster is reached; absent when the plan only starts it.
    pub access: Option<Access>,
    /// The connection to it; absent when it cannot be reached.
    pub cluster: Option<Connection>,
    /// Where the cluster comes from.
    pub provider: Arc<dyn Provider>,
    /// Where images are.
    pub store: Arc<dyn Store>,
    /// Namespaces whose releases may be touched.
    pub namespaces: Vec<String>,
    /// Steps of one lane that may run at once; 1: one step at a time.
    pub jobs: usize,
    /// Whether a failure is rolled back.
    pub rollback: bool,
    /// How often a person has asked to stop.
    pub interrupts: watch::Receiver<u32>,
    /// What the run is called.
    pub names: Names,
}

/// What a run is called, for events and the record.
#[derive(Debug, Clone)]
pub struct Names {
    /// Id of the run.
    pub run: String,
    /// What was asked for, such as `up`.
    pub command: String,
    /// The whole command line to try it again.
    pub profile: String,
    /// Folder of the run's files.
    pub folder: PathBuf,
    /// Who runs it, and where.
    pub holder: String,
    /// Address of the CI job that runs it.
    pub ci: Option<String>,
    /// Address of the application.
    pub url: Option<String>,
}

impl Engine {
    /// Carries a plan out, or brings everything back. The undo list must be on record.
    pub async fn run(&self, plan: &Plan, live: Live) -> Outcome {
        let start = Start::now();
        self.begin(&self.names.command, plan.announce());
        let hub = Hub::new(self.cluster.as_ref(), live);
        let (outcome, is_kept) = self.act(plan, &hub, start.clone()).await;
        let ended = self.end(&outcome).await;
        let outcome = match ended {
            Err(why) if outcome == Outcome::Deployed && !is_kept => self.unrecorded(plan, &why),
            Ok(()) | Err(_) => outcome,
        };
        self.finish(&outcome, &start);
        outcome
    }

    /// Undoes what a dead run did, from its record. `now` is what helm says of its releases.
    pub async fn recover(&self, open: &OpenRun, live: Live, now: &Releases) -> Outcome {
        let start = Start::now();
        let hub = Hub::new(self.cluster.as_ref(), live);
        self.begin("recover", open.steps.iter().map(|step| step.info.clone()).collect());
        let what = format!("run {} ({}) did not finish", open.run, open.who);
        let cause = cause(Diagnostic::usual(Code::RunUnfinished, what));
        let undo = undo_state::undo_list(open, now);
        let commit = self.commit_of(open);
        let origin = start.clone().of(open);
        // Which step needed which is not on record where a step between them changed nothing.
        let unwinding = Unwinding { undo: &undo, plan: None };
        let commit = commit.as_ref().map(|commit| (commit, origin));
        let outcome = self.unwind(cause, unwinding, &hub, commit).await;
        // What a release of the lock that failed means was told.
        let _ = self.end(&outcome).await;
        self.finish(&outcome, &start);
        outcome
    }

    fn begin(&self, command: &str, steps: Vec<StepInfo>) {
        self.events.emit(Event::RunStarted {
            format: FORMAT,
            run: self.names.run.clone(),
            command: command.to_owned(),
            profile: self.names.profile.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            folder: self.names.folder.clone(),
            steps,
        });
    }

    /// Lets the lock go; a failure is a warning, and an answer.
    async fn end(&self, outcome: &Outcome) -> Result<(), String> {
        let Some(lock) = self.lock.as_ref().filter(|_| self.lost().is_none()) else { return Ok(()) };
        let done = match outcome {
            // What is left to do stays on record, for whoever comes next.
            Outcome::Stuck { .. } => lock.leave().await,
            Outcome::Deployed
            | Outcome::RolledBack { .. }
            | Outcome::Failed { .. }
            | Outcome::Kept { .. } => lock.release().await,
        };
        if let Err(message) = &done {
            self.events.emit(Event::Warning { message: message.clone() });
        }
        done
    }

    fn finish(&self, outcome: &Outcome, start: &Start) {
        let url = self.names.url.clone().filter(|_| *outcome == Outcome::Deployed);
        self.events.emit(Event::RunFinished {
            outcome: outcome.clone(),
            seconds: start.clock.elapsed().as_secs_f64(),
            url,
        });
    }

    /// Why nothing may be changed any more: the environment is not held by this run.
    fn lost(&self) -> Option<Loss> {
        self.lock.as_ref().and_then(|lock| lock.lost().borrow().clone())
    }

    /// The outcome, and whether everything of a deployment is in todoctl's books.
    async fn act(&self, plan: &Plan, hub: &Arc<Hub>, start: Start) -> (Outcome, bool) {
        let mut forward = forward::run(self, plan, hub).await;
        let Some(failure) = forward.failure.take() else {
            let outcome = Outcome::Deployed;
            let ending = self.ending(&outcome, &start);
            let (is_kept, ()) =
                tokio::join!(self.close(&plan.closing, &ending), self.tidy(&forward.leftovers));
            // Whoever holds the lock now finds no marks, and undoes what it finds. A lock that goes with its namespace,
            // which was to go, is no loss.
            return match self.lost().filter(|_| !is_kept) {
                Some(loss) => (self.ousted(loss, &undone_steps(plan, &forward.touched)), is_kept),
                None => (outcome, is_kept),
            };
        };
        (self.give_up(plan, hub, start, (failure, forward)).await, true)
    }

    /// Brings everything back after a failure, where that is asked for and possible.
    async fn give_up(
        &self,
        plan: &Plan,
        hub: &Arc<Hub>,
        start: Start,
        (failure, Forward { touched, leftovers, .. }): (Failure, Forward),
    ) -> Outcome {
        if let Some(loss) = self.lost() {
            return self.ousted(loss, &undone_steps(plan, &touched));
        }
        if let Some(state) = self.gone(&failure).await {
            return self.without_cluster(plan, failure, &touched, &state);
        }
        let (cause, ()) = tokio::join!(evidence::gather(self, plan, failure), self.tidy(&leftovers));
        let commit = plan.commit().map(|commit| commit.of(&touched));
        let undo = |step: &StepId| {
            plan.steps.iter().find(|one| one.step == *step).map(|one| one.decision.undo.clone())
        };
        let touched: Vec<(StepId, Undo)> =
            touched.into_iter().rev().filter_map(|step| Some((step.clone(), undo(&step)?))).collect();
        // What needs no undo and leaves nothing behind is not worth a rollback.
        let matters = |step: &StepId, undo: &Undo| match undo {
            Undo::Commands { .. } => true,
            Undo::Nothing { stays, .. } => stays.is_some() && cause.step.as_ref() != Some(step),
        };
        let touched: Vec<(StepId, Undo)> =
            touched.into_iter().filter(|(step, undo)| matters(step, undo)).collect();
        if touched.is_empty() {
            return Outcome::Failed { cause };
        }
        if !self.rollback {
            let remaining =
                touched.iter().filter_map(|(step, undo)| self.remaining(step, undo, "changed by this run"));
            let outcome = Outcome::Kept { cause, remaining: remaining.collect() };
            let commit = commit.as_ref().map(|commit| (commit, self.ending(&outcome, &start)));
            self.commit(&[], commit).await;
            return outcome;
        }
        let unwinding = Unwinding { undo: &touched, plan: Some(plan) };
        self.unwind(cause, unwinding, hub, commit.as_ref().map(|commit| (commit, start))).await
    }

    /// Work after the verification, side by side unless everything goes by the list; a failure is a warning. Tells whether
    /// everything is in todoctl's books.
    async fn close(&self, closing: &[Closing], ending: &Ending) -> bool {
        let works = closing.iter().map(async |work| {
            let commit = work.commit.as_ref().map(|commit| commit.verified(ending.clone()));
            let is_kept = self.keep(&work.title, commit.as_ref().unwrap_or(&work.entries)).await;
            self.perform(&work.title, &work.commands).await;
            self.prove_gone(&work.title, &work.gone).await;
            is_kept
        });
        if self.jobs > 1 {
            return join_all(works).await.into_iter().all(|is_kept| is_kept);
        }
        let mut all = true;
        for work in works {
            all &= work.await;
        }
        all
    }

    /// Closing work under its title; a failure is a warning.
    async fn perform(&self, title: &str, commands: &[Invocation]) {
        let step = StepId::single("verify");
        for command in commands {
            if let Err(failure) = self.command(&step, command).await {
                let message = format!("could not {title}: {}", failure.what);
                self.events.emit(Event::Warning { message });
                break;
            }
        }
    }

    /// Runs one changing command and tells about it. A status other than 0 is a failure.
    async fn command(&self, step: &StepId, command: &Invocation) -> Result<Output, Diagnostic> {
        let _place = runner::place(self.runner.as_ref(), &command.tool).await;
        if let Some(lock) = &self.lock {
            lock.gate().await.map_err(|why| Diagnostic::new(Code::LockLost, why, ""))?;
        }
        let line = command.line();
        self.events.emit(Event::CommandStarted { step: step.clone(), command: line.clone() });
        let start = Instant::now();
        let result = self.run_logged(step, command.clone()).await;
        let exit = result.as_ref().ok().and_then(|output| output.status);
        self.events.emit(Event::CommandFinished {
            step: step.clone(),
            command: line.clone(),
            seconds: start.elapsed().as_secs_f64(),
            exit,
        });
        match result {
            Ok(output) if output.is_success() => Ok(output),
            Ok(output) => Err(self.complaint(step, command, &output)),
            Err(error) => Err(error.into()),
        }
    }

    /// Why a command failed, in its own words.
    fn complaint(&self, step: &StepId, command: &Invocation, output: &Output) -> Diagnostic {
        let complaint = dialect::complaint(command, output, &self.names.profile);
        let log = self.names.folder.join(format!("{}.log", log_name(step)));
        let whole = format!("its whole output: {}", log.display());
        let fix = match complaint.fix.as_str() {
            "" => whole,
            fix => format!("{fix} ({whole})"),
        };
        let what = format!("{} failed: {}", command.tool.name(), complaint.what);
        Diagnostic { what, fix, ..complaint }
    }

    async fn run_logged(&self, step: &StepId, command: Invocation) -> Result<Output, RunError> {
        let (runner, log, program) = (SharedRunner::clone(&self.runner), log_name(step), command.tool.name());
        let mut listener = Listener::new(&self.events, step, command.dialect);
        let mut hear = move |lines: &[String]| listener.hear(lines);
        let heard = dialect::is_heard(command.dialect);
        tokio::task::spawn_blocking(move || {
            runner.run_logged(&command, &log, heard.then_some(&mut hear as Heard<'_>))
        })
        .await
        .unwrap_or_else(|error| Err(RunError::Start { program, why: error.to_string() }))
    }

    /// The commands of an undo.
    fn reversal(&self, undo: &Undo) -> Vec<Invocation> {
        let access = self.access.as_ref();
        access.map(|access| Reverser::new(self.helm_major, access).undo(undo)).unwrap_or_default()
    }

    /// What is left to do of a step, with the commands that do it; nothing for a step that needs no undo.
    fn remaining(&self, step: &StepId, undo: &Undo, why: &str) -> Option<Remaining> {
        match undo {
            Undo::Commands { .. } => Some(Remaining {
                step: step.clone(),
                why: why.to_owned(),
                commands: self.reversal(undo).iter().map(Invocation::shell).collect(),
            }),
            Undo::Nothing { .. } => None,
        }
    }

    fn kubectl(&self) -> Option<Kubectl> {
        self.access.as_ref().map(Kubectl::new)
    }
}

/// Why the way forward ended early.
struct Failure {
    step: Option<StepId>,
    diagnostic: Diagnostic,
    /// Pods whose logs show it.
    pods: Vec<String>,
    /// Releases that show it, with their namespaces; none: the check's own.
    releases: Vec<(String, String)>,
    /// The check that does not hold, when it was one.
    check: Option<Check>,
    interrupted: bool,
}

/// A cause that belongs to no step.
fn cause(diagnostic: Diagnostic) -> Cause {
    Cause { step: None, diagnostic, interrupted: false }
}

/// Name of the log of a step's commands, without its ending.
fn log_name(step: &StepId) -> String {
    step.as_str().replace('/', "-")
}

#[cfg(test)]
mod tests;
