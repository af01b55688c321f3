//! Failures to order, for trying out what a deployment does about them.
//!
//! Owns what each fault means; the places that are hit by one ask here.

use std::time::Duration;

use crate::config::Environment;
use crate::log;

/// The faults of this process. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Fault {
    /// `FAULT_NEVER_READY`: readiness says no for ever.
    pub(crate) never_ready: bool,
    /// `FAULT_BAD_HEALTH`: liveness answers 500.
    pub(crate) bad_health: bool,
    /// `FAULT_REFUSE_EVENTS`: the backend sends no events, the others take none.
    pub(crate) refuse_events: bool,
    /// `FAULT_EXIT_AT_START`: one log line, then exit status 1.
    pub(crate) exit_at_start: bool,
    /// `FAULT_SLOW_START_SECONDS`: nothing listens before.
    pub(crate) slow_start: Option<Duration>,
    /// `FAULT_CRASH_AFTER_SECONDS`: exit status 1 in the middle of the work.
    pub(crate) crash_after: Option<Duration>,
}

impl Fault {
    /// Reads the faults. What is wrong goes to `problem`.
    pub(crate) fn read(environment: &Environment, problem: &mut impl FnMut(String)) -> Self {
        Self {
            never_ready: environment.flag("FAULT_NEVER_READY", problem),
            bad_health: environment.flag("FAULT_BAD_HEALTH", problem),
            refuse_events: environment.flag("FAULT_REFUSE_EVENTS", problem),
            exit_at_start: environment.flag("FAULT_EXIT_AT_START", problem),
            slow_start: environment.number("FAULT_SLOW_START_SECONDS", problem).map(Duration::from_secs),
            crash_after: environment.number("FAULT_CRASH_AFTER_SECONDS", problem).map(Duration::from_secs),
        }
    }

    /// Waits for the ordered crash; for ever when there is none.
    pub(crate) async fn crash(after: Option<Duration>) -> String {
        let Some(delay) = after else {
            return std::future::pending().await;
        };
        log::warn("fault: will crash", &[("seconds", delay.as_secs().into())]);
        tokio::time::sleep(delay).await;
        format!("fault: crash after {} s", delay.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment;

    #[test]
    fn there_are_none_by_default() {
        assert_eq!(
            Fault::read(&environment(&[("FAULT_NEVER_READY", "0")]), &mut |problem| panic!("{problem}")),
            Fault::default()
        );
    }

    #[test]
    fn reads_them_all() {
        let given = environment(&[
            ("FAULT_NEVER_READY", "1"),
            ("FAULT_BAD_HEALTH", "true"),
            ("FAULT_REFUSE_EVENTS", "1"),
            ("FAULT_EXIT_AT_START", "1"),
            ("FAULT_SLOW_START_SECONDS", "3"),
            ("FAULT_CRASH_AFTER_SECONDS", "0"),
        ]);
        let faults = Fault::read(&given, &mut |problem| panic!("{problem}"));
        assert_eq!(
            faults,
            Fault {
                never_ready: true,
                bad_health: true,
                refuse_events: true,
                exit_at_start: true,
                slow_start: Some(Duration::from_secs(3)),
                crash_after: Some(Duration::ZERO),
            }
        );
    }

    #[test]
    fn a_misspelt_value_is_a_problem() {
        let mut problems = Vec::new();
        Fault::read(
            &environment(&[("FAULT_NEVER_READY", "yes"), ("FAULT_CRASH_AFTER_SECONDS", "soon")]),
            &mut |problem| problems.push(problem),
        );
        assert_eq!(
            problems,
            [
                "FAULT_NEVER_READY must be 1 or 0",
                "FAULT_CRASH_AFTER_SECONDS is not a whole number in its range"
            ]
        );
    }
}
