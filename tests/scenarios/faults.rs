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

fn fault(nth: usize, what: &Value) -> Value {
    let mut fault = json!({"changing": true, "nth": nth});
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
    let writes = bench.log().iter().filter(|line| line.changes && line.exit.is_none()).count();
    (writes, Deployed::of(&bench.state()))
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
    assert!(bench.log().iter().all(|line| !line.changes), "{what}");
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
        Some(20) => assert_eq!(&found, old, "{what}: {}", done.stderr),
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

/// `kill -9` while the n-th write is under way; the write itself ends later, as an orphan.
fn killed_during_every_write(upgrade: bool, how: &Value) {
    let (writes, new) = undisturbed(upgrade);
    for nth in 1..=writes {
        let bench = bench(upgrade);
        bench.world(&fault(nth, how));
        let running = bench.start("up sandbox --sequential", &[]);
        bench.until("the write", |bench| {
            bench.log().iter().filter(|line| line.changes && line.exit.is_none()).count() >= nth
        });
        running.kill();
        let what = format!("killed during write {nth} of {writes}, {how}");
        let said = assert_next_run_deploys(&bench, &new, &what);
        assert!(said.contains("undoing it first"), "{what}: {said}");
    }
}

#[test]
fn todoctl_may_be_killed_before_any_write_of_an_upgrade_is_done() {
    killed_during_every_write(true, &json!({"delay": 200}));
}

#[test]
fn todoctl_may_be_killed_after_any_write_of_an_upgrade_is_done() {
    killed_during_every_write(true, &json!({"linger": 200}));
}

#[test]
fn todoctl_may_be_killed_before_any_write_of_an_installation_is_done() {
    killed_during_every_write(false, &json!({"delay": 200}));
}

/// The next version's frontend crashes, so that its run is rolled back; `kill -9` during every write of the way back.
#[test]
fn todoctl_may_be_killed_during_any_write_of_a_rollback() {
    let failing = || {
        let bench = bench(true);
        bench.write("sample/frontend/behaviour", "crash\n");
        bench
    };
    let writes =
        |bench: &Bench| bench.log().iter().filter(|line| line.changes && line.exit.is_none()).count();
    let (_, new) = undisturbed(true);
    let whole = failing();
    assert_eq!(whole.todoctl("up sandbox --sequential").exit, Some(20));
    let log = whole.log();
    let begun = log.iter().filter(|line| line.changes && line.exit.is_none());
    let forward = begun.take_while(|line| line.args[0] != "rollback").count();
    for nth in forward + 1..=writes(&whole) {
        let bench = failing();
        bench.world(&fault(nth, &json!({"delay": 200})));
        let running = bench.start("up sandbox --sequential", &[]);
        bench.until("the write", |bench| writes(bench) >= nth);
        running.kill();
        bench.write("sample/frontend/behaviour", "ready\n");
        let what = format!("killed during write {nth}, on the way back");
        let said = assert_next_run_deploys(&bench, &new, &what);
        assert!(said.contains("undoing it first"), "{what}: {said}");
    }
}
