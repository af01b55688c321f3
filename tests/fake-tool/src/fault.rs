//! Owns scripted faults: what a tool does wrong that no input can cause.

use serde::{Deserialize, Serialize};

use crate::journal::{changes, locks};
use crate::state::State;

/// One fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a script")]
pub struct Fault {
    /// Tool it belongs to; any when empty.
    pub tool: String,
    /// Whether only calls that change something count.
    pub changing: bool,
    /// Whether what todoctl writes for itself counts too: the lock, marks, records.
    pub locking: bool,
    /// Text that the command line holds.
    pub args: String,
    /// Only this call, counted from 1; every call when absent.
    pub nth: Option<u32>,
    /// Calls that matched so far.
    pub calls: u32,
    /// Milliseconds before anything happens.
    pub delay: u64,
    /// Milliseconds after the work is done, before the tool ends.
    pub linger: u64,
    /// Exit status; absent when the tool works as usual.
    pub exit: Option<i32>,
    /// What it says on standard error.
    pub stderr: String,
    /// Whether it does its work before it fails.
    pub writes: bool,
    /// Whether somebody deletes the Minikube cluster just before.
    pub loses: bool,
    /// Whether it prints bytes that are no text, and succeeds.
    pub garbage: bool,
}

/// The first fault that a call meets; counts the call for all of them.
pub fn next(state: &mut State, tool: &str, args: &[String]) -> Option<Fault> {
    let line = args.join(" ");
    let mut met = None;
    for fault in &mut state.faults {
        let other = !fault.tool.is_empty() && fault.tool != tool;
        let counts = changes(tool, args) || (fault.locking && locks(tool, args));
        let reads = fault.changing && !counts;
        if other || reads || !line.contains(&fault.args) {
            continue;
        }
        fault.calls += 1;
        if met.is_none() && fault.nth.is_none_or(|nth| nth == fault.calls) {
            met = Some(fault.clone());
        }
    }
    met
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_every_tool_count_together() {
        let fault = Fault { changing: true, nth: Some(2), ..Fault::default() };
        let mut state = State { faults: vec![fault], ..State::default() };
        let args = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(next(&mut state, "kubectl", &args("apply -f -")).is_none());
        assert!(next(&mut state, "kubectl", &args("get pods")).is_none());
        assert!(next(&mut state, "helm", &args("rollback backend 1")).is_some());
    }

    #[test]
    fn only_the_named_call_is_met() {
        let fault = Fault {
            tool: "helm".into(),
            args: "upgrade --install backend".into(),
            nth: Some(2),
            ..Fault::default()
        };
        let mut state = State { faults: vec![fault], ..State::default() };
        let args = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let backend = args("upgrade --install backend charts/backend");
        assert!(next(&mut state, "helm", &backend).is_none());
        assert!(next(&mut state, "helm", &args("rollback backend 1")).is_none());
        assert!(next(&mut state, "helm", &backend).is_some());
        assert!(next(&mut state, "helm", &backend).is_none());
    }
}
