//! Every write of a run fails once, before and after it was done; and todoctl is killed during every write. The set
//! is all new or all as it was, and the next run finds its way.

use std::collections::BTreeMap;

use fake_tool::state::State;
use serde_json::{Value, json};

use crate::bench::{Bench, Done};

/// What matters of a world: the image that runs and the one that helm has recorded, by release, and the Secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Deployed {
    running: BTreeMap<String, String>,
    recorded: BTreeMap<String, (String, String)>,
    secrets: usize,
}

impl Deployed {
    fn of(state: &State) -> Self {
        let running = state
            .deployments
            .iter()
            .map(|one| (one.release.clone(), one.sets.last().expect("pods").image.clone()));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut recorded = BTreeMap::new();
        for one in &state.revisions {
            recorded.insert(one.name.clone(), (one.status.clone(), text(&one.values["image"]["tag"])));
        }
        Self { running: running.collect(), recorded, secrets: state.secrets.len() }
    }
}

/// A bench before the run that is disturbed: with another version deployed, or with nothing.
fn bench(upgrade: bool) -> Bench {
    let bench = Bench::new();
    if upgrade {
        let done = bench.todoctl("up sandbox");
        assert_eq!(done.exit, Some(0), "{}", done.stderr);
        bench.write("sample/backend/role", "other backend\n");
        bench.write("sample/frontend/role", "other frontend\n");
    }
    bench.forget_log();
    bench
}

/// The n-th write goes wrong; those of the lock count too.
fn fault(nth: usize, what: &Value) -> Value {
    let mut fault = json!({"changing": true, "locking": true, "nth": nth});
    for (key, value) in what.as_object().into_iter().flatten() {
        fault[key] = value.clone();
    }
    json!({"faults": [fault]})
}

/// The writes of a run that nothing disturbs, and what it leaves.
fn undisturbed(upgrade: bool) -> (usize, Deployed) {
    let bench = bench(upgrade);
    let done = bench.todoctl("up sandbox --sequential");
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    (writes(&bench).len(), Deployed::of(&bench.state()))
}

/// The writes that have begun, with those of the lock; for each whether it is one of those.
fn writes(bench: &Bench) -> Vec<bool> {
    let log = bench.log();
    let begun = log.iter().filter(|line| (line.changes || line.locks) && line.exit.is_none());
    begun.map(|line| line.locks).collect()
}

/// `todoctl recover` with nothing but the cluster: the state folder is gone.
fn recover_elsewhere(bench: &Bench, what: &str) -> String {
    recover_profile(bench, "sandbox", what)
}

fn recover_profile(bench: &Bench, profile: &str, what: &str) -> String {
    let _ = std::fs::remove_dir_all(bench.path("state"));
    bench.world(&json!({"faults": []}));
    let done = bench.todoctl(&format!("recover --profile {profile}"));
    assert_eq!(done.exit, Some(0), "{what}: {}", done.stderr);
    let state = bench.state();
    assert!(state.leases.is_empty(), "{what}: a lock is left");
    assert!(state.revisions.iter().all(|one| !one.status.starts_with("pending")), "{what}");
    let again = bench.todoctl(&format!("recover --profile {profile}"));
    assert!(again.exit == Some(0) && again.stderr.contains("Nothing to recover"), "{what}: {}", again.stderr);
    done.stderr
}

/// The next run succeeds, and then there is nothing to do. Gives what the next run said.
fn assert_next_run_deploys(bench: &Bench, new: &Deployed, what: &str) -> String {
    bench.world(&json!({"faults": []}));
    let next = bench.todoctl("up sandbox");
    assert_eq!(next.exit, Some(0), "{what}: {}", next.stderr);
    let found = Deployed::of(&bench.state());
    assert_eq!((&found.running, &found.recorded), (&new.running, &new.recorded), "{what}");
    bench.forget_log();
    let again = bench.todoctl("up sandbox");
    assert!(again.stderr.contains("Nothing to do"), "{what}: {}", again.stderr);
    // What begins now counts: an image build that outlived the killed run may end meanwhile.
    assert!(bench.log().iter().all(|line| !line.changes || line.exit.is_some()), "{what}");
    next.stderr
}

fn every_write_fails(upgrade: bool, how: &Value) {
    let (writes, new) = undisturbed(upgrade);
    for nth in 1..=writes {
        let bench = bench(upgrade);
        let old = Deployed::of(&bench.state());
        bench.world(&fault(nth, how));
        let done = bench.todoctl("up sandbox --sequential");
        let what = format!("write {nth} of {writes}, {how}");
        assert_all_or_nothing(&bench, &done, (&old, &new), &what);
        assert_next_run_deploys(&bench, &new, &what);
    }
}

fn assert_all_or_nothing(bench: &Bench, done: &Done, (old, new): (&Deployed, &Deployed), what: &str) {
    let found = Deployed::of(&bench.state());
    match done.exit {
        // helm failed and had done its work, or what failed is work after the verification.
        Some(0) => assert_eq!(&found, new, "{what}: {}", done.stderr),
        // 10: the lock could not be taken.
        Some(10 | 20) => assert_eq!(&found, old, "{what}: {}", done.stderr),
        other => panic!("{what}: exit {other:?}: {}", done.stderr),
    }
}

#[test]
fn every_write_of_an_upgrade_may_fail_undone() {
    every_write_fails(true, &json!({"exit": 1, "stderr": "Error: refused"}));
}

#[test]
fn every_write_of_an_upgrade_may_fail_done() {
    every_write_fails(true, &json!({"exit": 1, "stderr": "Error: timed out", "writes": true}));
}

#[test]
fn every_write_of_an_installation_may_fail_undone() {
    every_write_fails(false, &json!({"exit": 1, "stderr": "Error: refused"}));
}

#[test]
fn every_write_of_an_installation_may_fail_done() {
    every_write_fails(false, &json!({"exit": 1, "stderr": "Error: timed out", "writes": true}));
}

/// What follows a `kill -9`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// `todoctl recover` from the cluster alone: all old, or all new when the run had been verified.
    Recover,
    /// `todoctl up`, from the cluster alone: all new.
    Up,
}

/// `kill -9` while the n-th write is under way; the write itself ends later, as an orphan.
fn killed_during_every_write(upgrade: bool, how: &Value, then: Then) {
    let (count, new) = undisturbed(upgrade);
    for nth in 1..=count {
        let bench = bench(upgrade);
        let old = Deployed::of(&bench.state());
        bench.world(&fault(nth, how));
        let running = bench.start("up sandbox --sequential", &[]);
        bench.until("the write", |bench| writes(bench).len() >= nth);
        running.kill();
        let what = format!("killed during write {nth} of {count}, {how}");
        let of_lock = writes(&bench)[nth - 1];
        if then == Then::Recover {
            if of_lock {
                // The orphan may create or remove the lock after the recovery has looked.
                std::thread::sleep(std::time::Duration::from_millis(500));
            }
            recover_elsewhere(&bench, &what);
            let found = Deployed::of(&bench.state());
            assert!(found == old || found == new, "{what}: {found:#?}");
            // Two marks and the record are written side by side, then the lock goes.
            assert!(found == old || nth + 3 >= count, "{what}: all new only after the marks");
        }
        let _ = std::fs::remove_dir_all(bench.path("state"));
        let said = assert_next_run_deploys(&bench, &new, &what);
        assert!(bench.state().leases.is_empty(), "{what}: a lock is left");
        if then == Then::Up && !of_lock {
            let told = said.contains("undoing it first") || said.contains("was verified and cut off");
            assert!(told, "{what}: {said}");
        }
    }
}

#[test]
fn todoctl_may_be_killed_before_any_write_of_an_upgrade_is_done() {
    killed_during_every_write(true, &json!({"delay": 200}), Then::Recover);
}

#[test]
fn todoctl_may_be_killed_after_any_write_of_an_upgrade_is_done() {
    killed_during_every_write(true, &json!({"linger": 200}), Then::Up);
}

#[test]
fn todoctl_may_be_killed_before_any_write_of_an_installation_is_done() {
    killed_during_every_write(false, &json!({"delay": 200}), Then::Recover);
}

/// Killed while it waits for the frontend; then the recovery is killed during each of its writes, and again.
#[test]
fn a_recovery_may_be_killed_during_any_write_and_again() {
    let dead = || {
        let bench = bench(true);
        bench.write("sample/frontend/behaviour", "never-ready\n");
        let running = bench.start("up sandbox --sequential", &[]);
        bench.until_call("api", "deployments/frontend-deployment");
        running.kill();
        bench.forget_log();
        bench
    };
    let whole = dead();
    recover_elsewhere(&whole, "undisturbed");
    let (count, old) = (writes(&whole).len(), Deployed::of(&whole.state()));
    assert!(count > 4, "takeover, two rollbacks, secrets, marks, release: {count}");
    for nth in 1..=count {
        let bench = dead();
        for again in [nth, 1] {
            bench.forget_log();
            bench.world(&fault(again, &json!({"delay": 200})));
            let running = bench.start("recover --profile sandbox", &[]);
            bench.until("the write", |bench| writes(bench).len() >= again);
            running.kill();
            // What an orphan does to the lock is done before the next one looks.
            std::thread::sleep(std::time::Duration::from_millis(300));
            if bench.state().leases.is_empty() {
                break;
            }
        }
        let what = format!("recovery killed during write {nth} of {count}");
        recover_elsewhere_or_clean(&bench, &what);
        let found = Deployed::of(&bench.state());
        assert_eq!(found, old, "{what}");
    }
}

/// The earlier content of Dapr's objects is in the cluster as well.
#[test]
fn the_content_of_components_comes_back_from_the_cluster_alone() {
    let specs = |bench: &Bench| -> Vec<Value> {
        let state = bench.state();
        state
            .dapr
            .objects
            .iter()
            .map(|one| json!([one["metadata"]["name"], one["spec"], one["scopes"]]))
            .collect()
    };
    let bench = Bench::new();
    let done = bench.todoctl("up dapr");
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    let (old, before) = (Deployed::of(&bench.state()), specs(&bench));
    let file = "dapr/components/statestore.yaml";
    let text = std::fs::read_to_string(bench.path("project").join(file)).expect("a component");
    bench.write(file, &text.replace("  version: v2\n", "  version: v2\n  initTimeout: 60s\n"));
    bench.world(&json!({"faults": [{"tool": "helm", "args": "upgrade --install audit", "delay": 300}]}));
    bench.forget_log();
    let running = bench.start("up dapr --sequential", &[]);
    bench.until_call("helm", "upgrade --install audit");
    running.kill();
    assert_ne!(specs(&bench), before, "the component is applied before its services");
    let lease = bench.state().leases[0].to_string();
    assert!(!lease.contains("connectionString"), "content is not in the Lease: {lease}");
    recover_profile(&bench, "dapr", "killed after a component was applied");
    assert_eq!(specs(&bench), before);
    assert_eq!(Deployed::of(&bench.state()).running, old.running);
}

/// The same when the lock may be gone already.
fn recover_elsewhere_or_clean(bench: &Bench, what: &str) {
    bench.world(&json!({"faults": []}));
    if bench.state().leases.is_empty() {
        let done = bench.todoctl("recover --profile sandbox");
        assert_eq!(done.exit, Some(0), "{what}: {}", done.stderr);
    } else {
        recover_elsewhere(bench, what);
    }
}

/// The next version's frontend crashes, so that its run is rolled back; `kill -9` during every write of the way back.
#[test]
fn todoctl_may_be_killed_during_any_write_of_a_rollback() {
    let failing = || {
        let bench = bench(true);
        bench.write("sample/frontend/behaviour", "crash\n");
        bench
    };
    let (_, new) = undisturbed(true);
    let whole = failing();
    assert_eq!(whole.todoctl("up sandbox --sequential").exit, Some(20));
    let log = whole.log();
    let begun = log.iter().filter(|line| (line.changes || line.locks) && line.exit.is_none());
    let forward = begun.take_while(|line| line.args[0] != "rollback").count();
    for nth in forward + 1..writes(&whole).len() {
        let bench = failing();
        bench.world(&fault(nth, &json!({"delay": 200})));
        let running = bench.start("up sandbox --sequential", &[]);
        bench.until("the write", |bench| writes(bench).len() >= nth);
        running.kill();
        bench.write("sample/frontend/behaviour", "ready\n");
        let what = format!("killed during write {nth}, on the way back");
        let said = assert_next_run_deploys(&bench, &new, &what);
        assert!(said.contains("undoing it first"), "{what}: {said}");
    }
}
