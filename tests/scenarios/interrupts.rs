//! Being asked to stop, being killed, and two runs at once: the real program against fake tools.

use serde_json::json;

use crate::bench::{Bench, Running};

/// A bench on which a version is deployed and the next one has other images; the frontend behaves as said.
pub(crate) fn deployed(frontend: &str) -> Bench {
    let bench = Bench::new();
    let done = bench.todoctl("up sandbox");
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    bench.write("sample/backend/role", "other backend\n");
    bench.write("sample/frontend/behaviour", frontend);
    bench.forget_log();
    bench
}

/// A run that has upgraded both releases and waits for the frontend.
fn waiting(bench: &Bench) -> Running {
    let running = bench.start("up sandbox", &[]);
    bench.until_call("api", "deployments/frontend-deployment");
    running
}

/// Release, and the image tags of its revisions.
pub(crate) fn tags(bench: &Bench, release: &str) -> Vec<String> {
    let state = bench.state();
    let history = state.history("todo", release);
    history.iter().map(|one| one.values["image"]["tag"].as_str().unwrap_or_default().to_owned()).collect()
}

pub(crate) fn is_back(bench: &Bench, release: &str) -> bool {
    let tags = tags(bench, release);
    tags.len() == 3 && tags[0] == tags[2] && tags[0] != tags[1]
}

/// No call was cut off; streams are meant to be.
pub(crate) fn assert_calls_ended(bench: &Bench) {
    let log = bench.log();
    let begun =
        log.iter().filter(|line| line.exit.is_none() && !line.args.iter().any(|arg| arg == "--watch"));
    for line in begun {
        assert!(
            log.iter().any(|other| other.pid == line.pid && other.exit.is_some()),
            "cut off: {} {}",
            line.tool,
            line.args.join(" ")
        );
    }
}

#[test]
fn an_interrupt_while_waiting_rolls_back() {
    let bench = deployed("never-ready");
    let running = waiting(&bench);
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.exit, Some(23), "{}", done.stderr);
    assert!(is_back(&bench, "backend") && is_back(&bench, "frontend"), "{}", done.stderr);
    assert_calls_ended(&bench);
}

#[test]
fn an_interrupt_during_a_helm_call_lets_it_finish() {
    let bench = deployed("ready");
    bench.world(&json!({"faults": [{"tool": "helm", "args": "upgrade --install backend", "linger": 500}]}));
    let running = bench.start("up sandbox", &[]);
    bench.until_call("helm", "upgrade --install backend");
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.exit, Some(23), "{}", done.stderr);
    assert!(is_back(&bench, "backend"), "{}", done.stderr);
    assert_eq!(tags(&bench, "frontend").len(), 1, "nothing new was started");
    assert_calls_ended(&bench);
}

#[test]
fn an_interrupt_before_the_first_change_changes_nothing() {
    let bench = deployed("ready");
    bench.world(&json!({"faults": [{"tool": "sandbox", "args": "image build", "delay": 500}]}));
    let before = tags(&bench, "backend");
    let running = bench.start("up sandbox --sequential", &[]);
    bench.until_call("sandbox", "image build");
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.exit, Some(23), "{}", done.stderr);
    assert_eq!(tags(&bench, "backend"), before);
}

#[test]
fn a_second_interrupt_stops_rolling_back_and_says_what_remains() {
    let bench = deployed("never-ready");
    bench.world(&json!({"faults": [{"tool": "helm", "args": "rollback frontend", "linger": 500}]}));
    let running = waiting(&bench);
    running.interrupt();
    bench.until_call("helm", "rollback frontend");
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.exit, Some(22), "{}", done.stderr);
    assert!(done.stderr.contains("helm rollback backend 1 --namespace todo"), "{}", done.stderr);
    assert_calls_ended(&bench);

    bench.world(&json!({"faults": []}));
    bench.write("sample/frontend/behaviour", "ready\n");
    bench.forget_log();
    let again = bench.todoctl("up sandbox");
    assert_eq!(again.exit, Some(0), "{}", again.stderr);
    let log = bench.log();
    let calls: Vec<String> = log
        .iter()
        .filter(|line| line.changes && line.tool == "helm" && line.exit.is_none())
        .map(|line| line.args[..3].join(" "))
        .collect();
    let at = |call: &str| calls.iter().position(|one| one == call).unwrap_or(usize::MAX);
    assert!(
        at("rollback backend 1") < at("upgrade --install backend"),
        "what was left is undone first: {calls:?}"
    );
}

#[test]
fn a_killed_run_is_undone_by_the_next_one() {
    let bench = deployed("never-ready");
    let running = waiting(&bench);
    running.kill();
    bench.write("sample/frontend/behaviour", "ready\n");
    let done = bench.todoctl("up sandbox");
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("did not finish; undoing it first"), "{}", done.stderr);
    assert_eq!(tags(&bench, "backend").len(), 4, "upgraded, undone, upgraded again");
    assert_eq!(
        bench.todoctl("up sandbox --progress quiet").stderr.trim(),
        "Nothing to do: profile sandbox is deployed, verified and healthy."
    );
}

#[test]
fn a_second_run_is_told_who_holds_the_profile() {
    let bench = deployed("never-ready");
    let running = waiting(&bench);
    let second = bench.todoctl("up sandbox");
    assert_eq!(second.exit, Some(11), "{}", second.stderr);
    assert!(second.stderr.contains("up of tester@"), "{}", second.stderr);
    running.interrupt();
    assert_eq!(running.wait().exit, Some(23));
}

#[test]
fn a_reader_that_goes_away_changes_no_outcome() {
    let bench = deployed("crash");
    let (exit, complaint) = bench.todoctl_to_nobody("up sandbox");
    assert_eq!(exit, Some(20), "{complaint}");
    assert!(is_back(&bench, "backend"));
    for line in ["plan sandbox --verbose", "status", "verify", "up sandbox --help"] {
        assert_eq!(bench.todoctl_to_nobody(line).0, Some(0), "{line}");
    }
}
