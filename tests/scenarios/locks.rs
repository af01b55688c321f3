//! Who holds the environment, and who may take it: the real program against fake tools.

use std::time::{Duration, Instant};

use fake_tool::state::State;
use serde_json::{Value, json};

use crate::bench::{Bench, Running};

const HOLDER: &str = "todoctl.dev/holder";

/// A bench on which a version is deployed, and the next one's frontend never becomes ready.
fn deployed() -> Bench {
    let bench = Bench::new();
    assert_eq!(bench.todoctl("up sandbox").exit, Some(0));
    bench.write("sample/backend/role", "other backend\n");
    bench.write("sample/frontend/behaviour", "never-ready\n");
    bench.forget_log();
    bench
}

/// A run that has upgraded both releases and waits for the frontend.
fn waiting(bench: &Bench, environment: &[(String, String)]) -> Running {
    let running = bench.start("up sandbox", environment);
    bench.until_call("api", "deployments/frontend-deployment");
    running
}

/// Changes the Lease in the cluster.
fn lease(bench: &Bench, change: impl FnOnce(&mut Value)) {
    let change = |state: &mut State| {
        let at = state.leases.last_mut().expect("a Lease");
        change(at);
        state.tick();
        state.leases[0]["metadata"]["resourceVersion"] = json!(state.clock.to_string());
    };
    bench.store.change(change).expect("a state");
}

/// Makes the holder one of another machine, silent since a minute, whose Lease lasts two seconds.
fn move_elsewhere(bench: &Bench, renewed: &str) {
    lease(bench, |lease| {
        let text = lease["metadata"]["annotations"][HOLDER].as_str().expect("a holder").to_owned();
        let mut holder: Value = serde_json::from_str(&text).expect("JSON");
        holder["boot"] = json!("another machine");
        lease["metadata"]["annotations"][HOLDER] = json!(holder.to_string());
        lease["spec"]["leaseDurationSeconds"] = json!(2);
        lease["spec"]["renewTime"] = json!(renewed);
    });
}

#[test]
fn a_second_writer_is_told_who_where_since_when_and_what() {
    let bench = deployed();
    let job = ("CI_JOB_URL".to_owned(), "https://ci.example/7".to_owned());
    let running = waiting(&bench, &[job]);
    let begun = Instant::now();
    for command in ["up sandbox", "down sandbox", "rollback backend 1", "recover --profile sandbox"] {
        let second = bench.todoctl(command);
        assert_eq!(second.exit, Some(11), "{command}: {}", second.stderr);
        let said = second.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["up of tester@", ", process ", " since 20", "https://ci.example/7", "wait until run 20"]
        {
            assert!(said.contains(part), "{command}: {part}: {said}");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "two seconds each: {:?}", begun.elapsed());
    running.interrupt();
    assert_eq!(running.wait().exit, Some(23));
    assert!(bench.state().leases.is_empty());
}

#[test]
fn a_patient_writer_waits_for_the_first() {
    let bench = deployed();
    bench.write("sample/frontend/behaviour", "ready\n");
    bench.world(&json!({"faults": [{"tool": "helm", "args": "upgrade --install backend", "delay": 1500}]}));
    let first = bench.start("up sandbox", &[]);
    bench.until_call("helm", "upgrade --install backend");
    let second = bench.todoctl("up sandbox --lock-timeout 1m");
    assert_eq!(second.exit, Some(0), "{}", second.stderr);
    assert!(
        second.stderr.contains("it is held") && second.stderr.contains("Nothing to do"),
        "{}",
        second.stderr
    );
    // Its streams are the second's by now.
    assert_eq!(first.wait().exit, Some(0));
}

#[test]
fn the_dead_of_another_machine_are_taken_over_after_a_silent_duration() {
    let bench = deployed();
    waiting(&bench, &[]).kill();
    // An hour ahead or behind: clocks of two machines decide nothing. Behind, it is watched; ahead, it takes a recovery.
    for (renewed, command) in [
        ("2020-01-01T00:00:00.000000Z", "up sandbox"),
        ("2099-01-01T00:00:00.000000Z", "recover --profile sandbox"),
    ] {
        if bench.state().leases.is_empty() {
            waiting(&bench, &[]).kill();
        }
        move_elsewhere(&bench, renewed);
        bench.write("sample/frontend/behaviour", "ready\n");
        let begun = Instant::now();
        let done = bench.todoctl(command);
        assert_eq!(done.exit, Some(0), "{command}: {}", done.stderr);
        assert!(begun.elapsed() >= Duration::from_secs(2), "it must be watched first");
        assert!(done.stderr.contains("undoing it first"), "{command}: {}", done.stderr);
        assert!(bench.state().leases.is_empty());
        bench.write("sample/backend/role", "a third backend\n");
        bench.write("sample/frontend/behaviour", "never-ready\n");
        bench.forget_log();
    }
}

#[test]
fn what_looks_alive_elsewhere_is_not_touched() {
    let bench = deployed();
    waiting(&bench, &[]).kill();
    move_elsewhere(&bench, "2099-01-01T00:00:00.000000Z");
    bench.forget_log();
    let done = bench.todoctl("up sandbox");
    assert_eq!(done.exit, Some(11), "{}", done.stderr);
    assert!(bench.log().iter().all(|line| !line.changes && !line.locks));
}

#[test]
fn a_run_whose_lock_was_taken_changes_nothing_more() {
    let bench = deployed();
    let running = waiting(&bench, &[]);
    bench.forget_log();
    lease(&bench, |lease| lease["spec"]["holderIdentity"] = json!("somebody else"));
    let done = running.wait();
    assert_eq!(done.exit, Some(22), "{}", done.stderr);
    assert!(done.stderr.contains("the lock was taken over by"), "{}", done.stderr);
    assert!(bench.log().iter().all(|line| !line.changes && !line.locks), "{:#?}", bench.log());
    assert_eq!(bench.state().leases[0]["spec"]["holderIdentity"], "somebody else");
}

#[test]
fn a_lock_is_removed_by_hand_only_with_the_id_of_its_run() {
    let bench = deployed();
    waiting(&bench, &[]).kill();
    let wrong = bench.todoctl("unlock 20200101-000000-0000 --profile sandbox");
    assert_eq!(wrong.exit, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("it is held by run 20"), "{}", wrong.stderr);
    let run =
        bench.state().leases[0]["metadata"]["labels"]["todoctl.dev/run"].as_str().expect("a run").to_owned();
    let done = bench.todoctl(&format!("unlock {run} --profile sandbox"));
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("helm rollback backend 1 --namespace todo"), "{}", done.stdout);
    assert!(bench.state().leases.is_empty());
    let again = bench.todoctl(&format!("unlock {run} --profile sandbox"));
    assert!(again.exit == Some(0) && again.stderr.contains("Nothing to unlock"), "{}", again.stderr);
}

#[test]
fn nothing_to_do_makes_no_lock() {
    let bench = Bench::new();
    assert_eq!(bench.todoctl("up sandbox").exit, Some(0));
    bench.forget_log();
    assert_eq!(bench.todoctl("up sandbox").exit, Some(0));
    assert!(bench.log().iter().all(|line| !line.locks));
}

#[test]
fn a_lock_that_goes_with_the_namespace_that_was_to_go_is_no_loss() {
    let bench = Bench::new();
    assert_eq!(bench.todoctl("up sandbox").exit, Some(0));
    // Longer than the pause between two renewals: one of them finds that the Lease is gone.
    bench.world(&json!({"faults": [{"tool": "kubectl", "args": "delete namespace", "linger": 7000}]}));
    let done = bench.todoctl("down sandbox --purge --yes");
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    assert!(!bench.state().namespaces.contains("todo"));
}
