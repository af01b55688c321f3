//! Owns the way back: every undo in reverse order, then the proof that everything is as it was.

mod order;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::undo_state::{self, UndoState};
use super::wait::{Unmet, Wait};
use super::watch_cache::Hub;
use super::{Engine, Start};
use crate::survey;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_plan::event::{Cause, Event, Outcome, Remaining, UndoResult};
use todoctl_plan::finalize;
use todoctl_plan::plan::{Plan, RunCommit};
use todoctl_plan::run_record::Ending;
use todoctl_plan::step::{Check, Guard, Returns, Reversal, StepId, Undo};
use todoctl_plan::tool::kubectl::{Kubectl, lacks_resource};
use todoctl_plan::world::leftovers::{Scope, sorted};
use todoctl_plan::world::releases::{ReleaseRef, Releases};

/// How often an undo command is tried: the API server may be away for a moment, and each is harmless to repeat.
const TRIES: u32 = 3;
/// Pause before it is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// What is collected on the way back.
#[derive(Default)]
struct Back {
    remaining: Vec<Remaining>,
    stays: Vec<String>,
    checks: Vec<(StepId, Undo, Check)>,
    returned: Vec<Returns>,
}

impl Back {
    fn add(&mut self, other: Self) {
        let Self { remaining, stays, checks, returned } = other;
        self.remaining.extend(remaining);
        self.stays.extend(stays);
        self.checks.extend(checks);
        self.returned.extend(returned);
    }
}

/// What is to be undone.
pub(super) struct Unwinding<'a> {
    /// Each step with its undo, in the reverse order of doing.
    pub(super) undo: &'a [(StepId, Undo)],
    /// The plan that they are of, by which undos go side by side; one by one when it is not known.
    pub(super) plan: Option<&'a Plan>,
}

impl Engine {
    /// Undoes steps and proves it. Never stops at a failed undo.
    /// `commit` records the run; a run that was not recorded has none.
    pub(super) async fn unwind(
        &self,
        cause: Cause,
        unwinding: Unwinding<'_>,
        hub: &Arc<Hub>,
        commit: Option<(&RunCommit, Start)>,
    ) -> Outcome {
        let Unwinding { undo, plan } = unwinding;
        let ordered = order::of(undo);
        let steps = ordered.iter().map(|(step, _)| step.clone()).collect();
        self.events.emit(Event::UnwindStarted { cause: cause.diagnostic.what.clone(), steps });
        let seen = self.releases(undo).await;
        let needs = plan.map(|plan| {
            plan.steps.iter().map(|one| (one.step.clone(), one.needs.clone())).collect::<order::Needs>()
        });
        let earlier = order::earlier(&ordered, needs.as_ref());
        let mut back = self.undo_all((&ordered, &earlier), cause.step.as_ref(), seen.as_ref()).await;
        self.prove(hub, &mut back).await;
        if let Some(loss) = self.lost() {
            let undo: Vec<(&StepId, &Undo)> = undo.iter().map(|(step, undo)| (step, undo)).collect();
            return self.ousted(loss, &undo);
        }
        self.look_for_leftovers(undo, &mut back).await;
        let outcome = if back.remaining.is_empty() {
            Outcome::RolledBack { cause, stays: back.stays }
        } else {
            let mut cause = Cause { interrupted: cause.interrupted || self.is_given_up(), ..cause };
            if cause.diagnostic.fix.is_empty() {
                "todoctl recover, or the same command again, undoes what is left"
                    .clone_into(&mut cause.diagnostic.fix);
            }
            Outcome::Stuck { cause, remaining: back.remaining }
        };
        self.commit(&back.returned, commit.map(|(commit, start)| (commit, self.ending(&outcome, &start))))
            .await;
        outcome
    }

    fn is_given_up(&self) -> bool {
        *self.interrupts.borrow() > 1 || self.lost().is_some()
    }

    /// Whether helm has recorded the change of a step although its command failed: an exit status of helm says little,
    /// and a lost answer of the API server is no failure.
    pub(super) async fn is_recorded(&self, undo: &Undo) -> bool {
        let Undo::Commands { guard: Guard::ReleaseChanged { release, namespace, revision, .. }, .. } = undo
        else {
            return false;
        };
        let Some(cluster) = &self.cluster else { return false };
        let seen = survey::releases(cluster, &[namespace.as_str()]).await;
        seen.is_ok_and(|seen| {
            let newest = seen.newest(namespace, release);
            newest.is_some_and(|newest| {
                newest.number == revision + 1 && newest.is_deployed() && newest.is_ours()
            })
        })
    }

    /// What helm says now, for the guards; nothing when it cannot be read, then every undo runs.
    async fn releases(&self, undo: &[(StepId, Undo)]) -> Option<Releases> {
        let guarded =
            |undo: &Undo| matches!(undo, Undo::Commands { guard: Guard::ReleaseChanged { .. }, .. });
        let cluster = self.cluster.as_ref().filter(|_| undo.iter().any(|(_, undo)| guarded(undo)))?;
        let namespaces: Vec<&str> = self.namespaces.iter().map(String::as_str).collect();
        match survey::releases(cluster, &namespaces).await {
            Ok(releases) => Some(releases),
            Err(error) => {
                self.events.emit(Event::Warning { message: format!("{error}; every undo is run") });
                None
            }
        }
    }

    /// Carries undos out, each when those that must come before it have ended, up to `jobs` at once. What comes of them is
    /// in their order, whichever ended first.
    async fn undo_all(
        &self,
        (ordered, earlier): (&[&(StepId, Undo)], &[Vec<usize>]),
        failed: Option<&StepId>,
        seen: Option<&Releases>,
    ) -> Back {
        let mut ended: Vec<Option<Back>> = ordered.iter().map(|_| None).collect();
        let mut waiting: Vec<usize> = (0..ordered.len()).collect();
        let mut running = FuturesUnordered::new();
        loop {
            let is_ready = |at: &usize| earlier[*at].iter().all(|before| ended[*before].is_some());
            while running.len() < self.jobs.max(1)
                && let Some(next) = waiting.iter().position(is_ready)
            {
                let at = waiting.remove(next);
                let (step, undo) = ordered[at];
                running.push(async move {
                    if self.is_given_up() {
                        let why = "not undone: the rollback was interrupted";
                        let remaining = self.remaining(step, undo, why).into_iter().collect();
                        return (at, Back { remaining, ..Back::default() });
                    }
                    (at, self.undo((step, undo), failed, seen).await)
                });
            }
            // Each waits only for earlier ones, so that what waits goes on when these end.
            let Some((at, back)) = running.next().await else { break };
            ended[at] = Some(back);
        }
        let mut all = Back::default();
        ended.into_iter().flatten().for_each(|back| all.add(back));
        all
    }

    async fn undo(
        &self,
        (step, undo): (&StepId, &Undo),
        failed: Option<&StepId>,
        seen: Option<&Releases>,
    ) -> Back {
        let mut back = Back::default();
        let start = Instant::now();
        self.events.emit(Event::UndoStarted { step: step.clone() });
        let result = match undo {
            Undo::Nothing { reason, stays } => {
                // What failed half way was not made.
                back.stays.extend(stays.clone().filter(|_| failed != Some(step)));
                UndoResult::Untouched { why: reason.clone() }
            }
            Undo::Commands { guard, returns, .. }
                if undo_state::seen(guard, returns.as_ref(), seen) == UndoState::Untouched =>
            {
                UndoResult::Untouched { why: "helm has recorded no change".to_owned() }
            }
            Undo::Commands { guard, checks, returns, stays, .. } => {
                let done = match undo_state::seen(guard, returns.as_ref(), seen) {
                    UndoState::Returned => Ok(()),
                    UndoState::Untouched | UndoState::Changed => self.undo_commands(step, undo).await,
                };
                match done {
                    Ok(()) => {
                        back.checks
                            .extend(checks.iter().map(|check| (step.clone(), undo.clone(), check.clone())));
                        back.returned.extend(returns.clone());
                        back.stays.extend(stays.clone());
                        UndoResult::Undone
                    }
                    Err(cause) => {
                        back.remaining.extend(self.remaining(step, undo, &cause));
                        UndoResult::Failed { cause }
                    }
                }
            }
        };
        self.events.emit(Event::UndoFinished {
            step: step.clone(),
            result,
            seconds: start.elapsed().as_secs_f64(),
        });
        back
    }

    async fn undo_commands(&self, step: &StepId, undo: &Undo) -> Result<(), String> {
        for (command, reversal) in self.reversal(undo).iter().zip(undo.reversals()) {
            // Where a kind is not known, nothing of it is left to be deleted.
            let is_gone = |failure: &Diagnostic| {
                matches!(reversal, Reversal::Delete { .. }) && lacks_resource(&failure.evidence.join("\n"))
            };
            let mut tries = 1;
            loop {
                let why = match self.command(step, command).await {
                    Err(failure) if is_gone(&failure) => break,
                    Err(failure) => failure.what,
                    Ok(_) if self.is_still_recorded(reversal).await => {
                        "helm ended with 0 and still has a record of the release".to_owned()
                    }
                    Ok(_) => break,
                };
                if tries == TRIES || self.is_given_up() {
                    return Err(why);
                }
                tries += 1;
                tokio::time::sleep(AGAIN).await;
            }
        }
        Ok(())
    }

    /// Whether helm has a record of a release that was to be removed: its exit status does not tell. Not known, when it
    /// cannot be read: then the proof asks again.
    async fn is_still_recorded(&self, reversal: &Reversal) -> bool {
        let Reversal::Release { release, namespace, to: None, .. } = reversal else { return false };
        let Some(cluster) = &self.cluster else { return false };
        let records = survey::releases(cluster, &[namespace.as_str()]).await;
        records.is_ok_and(|records| records.has(ReleaseRef { namespace, name: release }))
    }

    /// Waits for every undone step's checks, side by side.
    async fn prove(&self, hub: &Arc<Hub>, back: &mut Back) {
        let (give_up, stop) = watch::channel(self.is_given_up());
        let checks = std::mem::take(&mut back.checks);
        // An undo asks no program, so nothing is left over.
        let leftovers = Mutex::default();
        let proofs = join_all(checks.iter().map(|(step, undo, check)| {
            let leftovers = &leftovers;
            let mut wait = Wait { engine: self, hub, step, stop: stop.clone(), changed: true, leftovers };
            async move {
                wait.until(check).await.err().and_then(|unmet| self.remaining(step, undo, &unproven(unmet)))
            }
        }));
        let mut interrupts = self.interrupts.clone();
        tokio::pin!(proofs);
        let found = tokio::select! {
            found = &mut proofs => found,
            Ok(_) = interrupts.wait_for(|count| *count > 1) => {
                give_up.send_replace(true);
                proofs.await
            }
        };
        back.remaining.extend(found.into_iter().flatten());
    }

    /// Lists the volumes that releases leave behind which were new and are gone, as the cluster tells them.
    async fn look_for_leftovers(&self, undo: &[(StepId, Undo)], back: &mut Back) {
        let gone: Vec<(&str, &str)> = undo.iter().flat_map(|(_, undo)| removed(undo)).collect();
        let (Some(access), Some(cluster)) = (&self.access, &self.cluster) else { return };
        if gone.is_empty() {
            return;
        }
        let namespaces: BTreeSet<&str> = gone.iter().map(|(namespace, _)| *namespace).collect();
        let namespaces = Vec::from_iter(namespaces);
        let releases: Vec<&str> = gone.iter().map(|(_, release)| *release).collect();
        let scope = Scope { namespaces: &namespaces, releases: Some(&releases), crds: None };
        match survey::volume_claims(cluster, &namespaces).await {
            Ok(all) => back.stays.extend(sorted(&all, scope).iter().map(|(sort, names)| {
                let command = Kubectl::new(access).removal(sort, names);
                format!(
                    "{} {} in namespace {} ({})",
                    sort.noun,
                    names.join(", "),
                    sort.namespace,
                    command.line()
                )
            })),
            Err(error) => {
                back.stays.push(format!("volume claims, if there are any: they could not be read ({error})"));
            }
        }
    }

    /// Renews the labels of the revisions that came back, so that the next run knows them, and records the run.
    pub(super) async fn commit(&self, returned: &[Returns], record: Option<(&RunCommit, Ending)>) {
        let Some(cluster) = &self.cluster else { return };
        if returned.is_empty() && record.is_none() {
            return;
        }
        let namespaces: Vec<&str> = self.namespaces.iter().map(String::as_str).collect();
        let after = match survey::releases(cluster, &namespaces).await {
            Ok(after) => after,
            Err(error) => {
                let message = format!("the restored revisions could not be marked: {error}");
                self.events.emit(Event::Warning { message });
                return;
            }
        };
        let marks = finalize::of_undo(returned, &after);
        for work in finalize::of_failure(&marks, &after, record) {
            self.keep(&work.title, &work.entries).await;
        }
    }
}

/// The releases that an undo takes away, with their namespaces.
fn removed(undo: &Undo) -> Vec<(&str, &str)> {
    let Undo::Commands { reversals, .. } = undo else { return Vec::new() };
    let removed = |one| match one {
        &Reversal::Release { ref release, ref namespace, to: None, .. } => {
            Some((namespace.as_str(), release.as_str()))
        }
        Reversal::Release { to: Some(_), .. } | Reversal::Delete { .. } | Reversal::Restore { .. } => None,
    };
    reversals.iter().filter_map(removed).collect()
}

fn unproven(unmet: Unmet) -> String {
    match unmet {
        Unmet::Failed { diagnostic, .. } => format!("undone, but {}", diagnostic.what),
        Unmet::Stopped => "undone, but not verified: the rollback was interrupted".to_owned(),
    }
}
