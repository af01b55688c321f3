//! Owns asking programs through the service proxy: a request, what must then be seen elsewhere because of it, and
//! cleaning up, which nobody waits for until the run ends. How many requests there were is counted.
//! Refuses to send a changing request twice unless the first certainly reached no program.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::super::Engine;
use super::{Unmet, Wait, deadline};
use crate::cluster::Connection;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::text;
use todoctl_plan::event::{Event, Seen};
use todoctl_plan::step::{Expectation, Request, RequestCheck};
use todoctl_project::profile::Method;

/// Pause before the first repetition; each further one is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Most characters of an answer that are shown as evidence.
const SHOWN: usize = 400;

/// Something that a check's request may have made.
#[derive(Debug)]
pub(in crate::engine) struct Leftover {
    /// Name of the check.
    check: String,
    /// What removes it.
    request: Request,
    /// Whether the check held, so that it must be there; else that it is not there is no surprise.
    expected: bool,
}

/// An expectation that was not met.
struct Missing<'a> {
    expected: &'a Expectation,
    /// The answer to the last question, or why there was none.
    last: String,
}

/// How a poll of an expectation ended, and how often it asked.
type Polled<'a> = (Result<Seen, Ended<'a>>, u32);

enum Ended<'a> {
    Missing(Missing<'a>),
    Stopped,
}

/// When to ask again.
struct Pace {
    pause: Duration,
    deadline: Instant,
}

impl Pace {
    fn until(deadline: Instant) -> Self {
        Self { pause: FIRST_PAUSE, deadline }
    }
}

impl Wait<'_> {
    /// Sends a check's request, waits until everything expected is seen, and leaves a note of what is to be removed.
    pub(super) async fn asked(&mut self, check: &RequestCheck) -> Result<(), Unmet> {
        let Some(cluster) = &self.engine.cluster else {
            return Ok(());
        };
        let start = Instant::now();
        let deadline = deadline(check.within_seconds);
        let (answered, requests) = self.sent(cluster, check, deadline).await;
        let (answered, delivered) = match answered {
            Ok(()) => (Ok(()), true),
            Err((unmet, delivered)) => (Err(unmet), delivered),
        };
        let held = match answered {
            Ok(()) => self.seen(cluster, check, deadline).await,
            Err(unmet) => Err(unmet),
        };
        if let Some(request) = check.cleanup.clone().filter(|_| delivered) {
            let leftover = Leftover { check: check.name.clone(), request, expected: held.is_ok() };
            self.leftovers.lock().unwrap_or_else(PoisonError::into_inner).push(leftover);
        }
        let (seen, more) = held?;
        self.engine.events.emit(Event::CheckPassed {
            step: self.step.clone(),
            check: check.name.clone(),
            seconds: start.elapsed().as_secs_f64(),
            requests: requests + more,
            seen,
        });
        Ok(())
    }

    /// Sends the request until it is answered. An error says whether the request may have been delivered.
    async fn sent(
        &mut self,
        cluster: &Connection,
        check: &RequestCheck,
        deadline: Instant,
    ) -> (Result<(), (Unmet, bool)>, u32) {
        let mut pace = Pace::until(deadline);
        let (mut said, mut requests) = (String::new(), 0);
        // A GET leaves nothing behind, however often it was delivered.
        let changes = check.request.method != Method::Get;
        loop {
            requests += 1;
            let Err(refusal) = cluster.ask(&check.request).await else {
                return (Ok(()), requests);
            };
            let why = format!("check \"{}\": {}", check.name, refusal.why);
            if changes && !refusal.undelivered {
                let Request { method, path, .. } = &check.request;
                let why = format!("{why} (sent once: {} {path})", method.name());
                return (Err((Unmet::failed(Code::CheckFailed, why, Vec::new()), true)), requests);
            }
            self.say(&mut said, &why);
            if let Err(unmet) = self.rest(&mut pace, &why).await {
                return (Err((unmet, false)), requests);
            }
        }
    }

    /// Asks for everything that is expected, side by side.
    async fn seen(
        &mut self,
        cluster: &Connection,
        check: &RequestCheck,
        deadline: Instant,
    ) -> Result<(Vec<Seen>, u32), Unmet> {
        let since = Instant::now();
        let polls = check.expect.iter().map(|expected| {
            let mut wait = self.clone();
            async move { wait.polled(cluster, (&check.name, expected), since, deadline).await }
        });
        let (mut seen, mut missing, mut requests) = (Vec::new(), Vec::new(), 0);
        for (ended, asked) in join_all(polls).await {
            requests += asked;
            match ended {
                Ok(one) => seen.push(one),
                Err(Ended::Missing(one)) => missing.push(one),
                Err(Ended::Stopped) => return Err(Unmet::Stopped),
            }
        }
        if missing.is_empty() { Ok((seen, requests)) } else { Err(unseen(check, &seen, &missing)) }
    }

    async fn polled<'e>(
        &mut self,
        cluster: &Connection,
        (check, expected): (&str, &'e Expectation),
        since: Instant,
        deadline: Instant,
    ) -> Polled<'e> {
        let mut pace = Pace::until(deadline);
        let (mut said, mut requests) = (String::new(), 0);
        loop {
            requests += 1;
            let last = match cluster.ask(&expected.request).await {
                Ok(answer) if answer.contains(&expected.contains) => {
                    let seconds = since.elapsed().as_secs_f64();
                    return (Ok(Seen { name: expected.name.clone(), seconds }), requests);
                }
                Ok(answer) => answer,
                Err(refusal) => refusal.why,
            };
            let why = format!("check \"{check}\": {} has not shown \"{}\"", expected.name, expected.contains);
            self.say(&mut said, &why);
            match self.rest(&mut pace, &why).await {
                Ok(()) => {}
                Err(Unmet::Stopped) => return (Err(Ended::Stopped), requests),
                Err(Unmet::Failed { .. }) => {
                    return (Err(Ended::Missing(Missing { expected, last })), requests);
                }
            }
        }
    }

    async fn rest(&mut self, pace: &mut Pace, why: &str) -> Result<(), Unmet> {
        let pause = pace.pause;
        pace.pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        self.pause(pause, Code::CheckFailed, why, pace.deadline).await
    }
}

impl Engine {
    /// Removes what checks have made.
    pub(in crate::engine) async fn tidy(&self, leftovers: &[Leftover]) {
        join_all(leftovers.iter().map(|leftover| self.remove(leftover))).await;
    }

    async fn remove(&self, Leftover { check, request, expected }: &Leftover) {
        let Some(cluster) = &self.cluster else { return };
        let Err(refusal) = cluster.ask(request).await else { return };
        if *expected || !refusal.absent {
            let (method, path) = (request.method.name(), &request.path);
            self.events.emit(Event::Warning {
                message: format!(
                    "check \"{check}\" could not clean up after itself ({method} {path}): {}",
                    refusal.why
                ),
            });
        }
    }
}

/// Which expectations were not met, with the last answers, and which were.
fn unseen(check: &RequestCheck, seen: &[Seen], missing: &[Missing<'_>]) -> Unmet {
    let lacking: Vec<String> = missing
        .iter()
        .map(|one| format!("{} has not shown \"{}\"", one.expected.name, one.expected.contains))
        .collect();
    let met = match seen {
        [] => String::new(),
        seen => format!(" ({})", Seen::list(seen)),
    };
    let why = format!(
        "check \"{}\": not within {}: {}{met}",
        check.name,
        text::whole_seconds(f64::from(check.within_seconds)),
        lacking.join(", ")
    );
    Unmet::Failed {
        diagnostic: Diagnostic::new(Code::CheckFailed, why, "").because(missing.iter().map(last_answer)),
        pods: Vec::new(),
        releases: missing.iter().map(place).collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

/// The release that should have shown it, with its namespace.
fn place(missing: &Missing<'_>) -> (String, String) {
    (missing.expected.release.clone(), missing.expected.request.namespace.clone())
}

fn last_answer(missing: &Missing<'_>) -> String {
    let Missing { expected, last } = missing;
    let shown = text::cut(&text::clean_line(last), SHOWN, "…");
    let shown = if shown.is_empty() { "nothing" } else { &shown };
    format!("last answer of {} to GET {}: {shown}", expected.name, expected.request.path)
}
