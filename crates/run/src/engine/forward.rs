//! Owns the way forward: a step starts as soon as its needs are verified and its lane has a place (`places`).
//! After the first failure nothing new starts, running commands finish, waits end.

mod places;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use self::places::{Place, Places};
use super::wait::{Leftover, Unmet, Wait};
use super::watch_cache::Hub;
use super::{Engine, Failure};
use crate::lock::Loss;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::{Event, StepResult};
use todoctl_plan::plan::{Plan, PlannedStep};
use todoctl_plan::step::{Check, StepId};

/// How far it got.
pub(super) struct Forward {
    /// Steps whose commands were started, in that order.
    pub(super) touched: Vec<StepId>,
    /// What failed first.
    pub(super) failure: Option<Failure>,
    /// What checks have made and somebody must remove.
    pub(super) leftovers: Vec<Leftover>,
}

/// What the steps note while they run.
#[derive(Default)]
struct Notes {
    touched: Mutex<Vec<StepId>>,
    leftovers: Mutex<Vec<Leftover>>,
}

/// Carries out the steps of a plan.
pub(super) async fn run(engine: &Engine, plan: &Plan, hub: &Arc<Hub>) -> Forward {
    let notes = Notes::default();
    let failure = start_all(engine, plan, hub, &notes).await;
    Forward {
        touched: notes.touched.into_inner().unwrap_or_else(PoisonError::into_inner),
        failure,
        leftovers: notes.leftovers.into_inner().unwrap_or_else(PoisonError::into_inner),
    }
}

async fn start_all(engine: &Engine, plan: &Plan, hub: &Arc<Hub>, notes: &Notes) -> Option<Failure> {
    let (end, ending) = watch::channel(false);
    let mut waiting: Vec<&PlannedStep> = plan.steps.iter().collect();
    if engine.jobs > 1 {
        // What others wait for is begun first; one after the other, the documented order counts.
        let needed: BTreeSet<&StepId> = plan.steps.iter().flat_map(|step| &step.needs).collect();
        waiting.sort_by_key(|step| !needed.contains(&step.step));
    }
    let mut verified: BTreeSet<StepId> = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    let mut places = Places::new(engine.jobs);
    let mut failure = None;
    let mut interrupts = engine.interrupts.clone();
    let mut lost = engine.lock.as_ref().map(|lock| lock.lost());
    loop {
        while failure.is_none() {
            let ready = |step: &&PlannedStep| {
                step.needs.iter().all(|need| verified.contains(need)) && places.is_free(step.lane)
            };
            let Some(at) = waiting.iter().position(ready) else {
                break;
            };
            let step = waiting.remove(at);
            running.push(perform(engine, step, hub, (ending.clone(), places.take(step.lane)), notes));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            Some((step, result)) = running.next() => match result {
                Ok(()) => { verified.insert(step); }
                Err(Some(first)) if failure.is_none() => { failure = Some(first); end.send_replace(true); }
                Err(_) => {}
            },
            () = places.change() => {}
            Ok(_) = interrupts.wait_for(|count| *count > 0), if failure.is_none() => {
                failure = Some(interrupted());
                engine.events.emit(Event::Warning { message: INTERRUPTED.to_owned() });
                end.send_replace(true);
            }
            why = told(lost.as_mut()), if failure.is_none() => {
                failure = Some(failed(&StepId::single("run"), Diagnostic::new(Code::LockLost, why, "")));
                end.send_replace(true);
            }
        }
    }
    if let (None, Some(stuck)) = (&failure, waiting.first()) {
        // Profiles with circles are refused when they are loaded; a plan that has one anyway must not count as done.
        let what = format!("{}: its needs wait for each other", stuck.title);
        failure = Some(failed(&stuck.step, Diagnostic::bug(what)));
    }
    for step in waiting {
        let result = StepResult::Skipped;
        engine.events.emit(Event::StepFinished { step: step.step.clone(), result, seconds: 0.0 });
    }
    failure
}

/// Ends when the lock is lost, with why; never without a lock.
async fn told(lost: Option<&mut watch::Receiver<Option<Loss>>>) -> String {
    match lost {
        Some(lost) => match lost.wait_for(Option::is_some).await {
            Ok(how) => how.as_ref().map(|how| how.why.clone()).unwrap_or_default(),
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// Said at once, so that a person does not have to ask again.
const INTERRUPTED: &str = "interrupted: nothing new starts; what runs now ends first, then everything is rolled back (again: stop as soon as possible)";

fn interrupted() -> Failure {
    let diagnostic = Diagnostic::usual(Code::RunInterrupted, "interrupted");
    Failure { step: None, interrupted: true, ..failed(&StepId::single("run"), diagnostic) }
}

/// The failure of a step, with nothing but what is wrong.
fn failed(step: &StepId, diagnostic: Diagnostic) -> Failure {
    Failure {
        step: Some(step.clone()),
        diagnostic,
        pods: Vec::new(),
        releases: Vec::new(),
        check: None,
        interrupted: false,
    }
}

/// One step: apply, then check. `Err(None)` when it was stopped because another failed.
async fn perform(
    engine: &Engine,
    step: &PlannedStep,
    hub: &Arc<Hub>,
    turn: (watch::Receiver<bool>, Place),
    notes: &Notes,
) -> (StepId, Result<(), Option<Failure>>) {
    let start = Instant::now();
    let id = step.step.clone();
    engine.events.emit(Event::StepStarted { step: id.clone() });
    let ended = attempt(engine, step, hub, turn, notes).await;
    let result = match &ended {
        Ok(()) if step.decision.change.is_none() && step.decision.checks.is_empty() => StepResult::Unchanged,
        Ok(()) if step.decision.change.is_none() => StepResult::Checked,
        Ok(()) => StepResult::Verified,
        Err(Some(failure)) => StepResult::Failed { cause: failure.diagnostic.what.clone() },
        Err(None) => StepResult::Skipped,
    };
    engine.events.emit(Event::StepFinished {
        step: id.clone(),
        result,
        seconds: start.elapsed().as_secs_f64(),
    });
    (id, ended)
}

async fn attempt(
    engine: &Engine,
    step: &PlannedStep,
    hub: &Arc<Hub>,
    (ending, place): (watch::Receiver<bool>, Place),
    notes: &Notes,
) -> Result<(), Option<Failure>> {
    let mut last = None;
    for (at, command) in step.decision.apply.iter().enumerate() {
        if *ending.borrow() {
            return Err(None);
        }
        if at == 0 {
            notes.touched.lock().unwrap_or_else(PoisonError::into_inner).push(step.step.clone());
        }
        let failure = match engine.command(&step.step, command).await {
            Ok(output) => {
                last = Some((command, output));
                continue;
            }
            Err(failure) => failure,
        };
        if engine.is_recorded(&step.decision.undo).await {
            let message =
                format!("{}: {}; but helm has recorded it, so its health decides", step.title, failure.what);
            engine.events.emit(Event::Warning { message });
            continue;
        }
        let what = format!("{}: {}", step.title, failure.what);
        return Err(Some(failed(&step.step, Diagnostic { what, ..failure })));
    }
    let changed = !step.decision.apply.is_empty();
    let _place = place.unless_only_watched(&step.decision.checks);
    let mut wait = Wait { engine, hub, step: &step.step, stop: ending, changed, leftovers: &notes.leftovers };
    wait.all(&step.decision.checks).await.map_err(|(check, unmet)| match unmet {
        Unmet::Stopped => None,
        Unmet::Failed { mut diagnostic, pods, releases } => {
            // What does not tell by its exit status that it failed may tell by its words.
            let said = last.filter(|_| matches!(check, Check::ImagesStored { .. }));
            if let Some((command, output)) = said {
                let said = engine.complaint(&step.step, command, &output);
                diagnostic = Diagnostic { fix: said.fix, ..diagnostic.because(said.evidence) };
            }
            diagnostic.what = format!("{}: {}", step.title, diagnostic.what);
            Some(Failure { pods, releases, check: Some(check), ..failed(&step.step, diagnostic) })
        }
    })
}
