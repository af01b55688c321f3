//! The record of runs, by the id of one, which no written scenario knows beforehand.

use std::collections::BTreeSet;

use fake_tool::state::State;

use crate::bench::{Bench, Done};

/// The ids on record, the oldest first.
fn runs(bench: &Bench) -> Vec<String> {
    let state = bench.state();
    let label =
        |one: &serde_json::Value| Some(one["metadata"]["labels"]["todoctl.dev/run"].as_str()?.to_owned());
    state.objects.iter().filter(|one| one["kind"] == "ConfigMap").filter_map(label).collect()
}

fn good(done: &Done) {
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
}

/// Deploys another backend.
fn deploy(bench: &Bench, role: &str) {
    bench.write("sample/backend/role", role);
    good(&bench.todoctl("up sandbox"));
}

fn tag(bench: &Bench) -> String {
    bench.state().history("todo", "backend").last().expect("a revision").values["image"]["tag"].to_string()
}

#[test]
fn a_run_is_returned_to_by_its_id_also_when_others_came_after_it() {
    let bench = Bench::new();
    deploy(&bench, "one");
    let (goal, then) = (runs(&bench).pop().expect("a record"), tag(&bench));
    deploy(&bench, "two");
    deploy(&bench, "three");
    assert_ne!(tag(&bench), then);
    good(&bench.todoctl(&format!("rollback --run {goal}")));
    assert_eq!((tag(&bench), runs(&bench).len()), (then, 4));
    let again = bench.todoctl(&format!("rollback --run {goal}"));
    good(&again);
    assert!(again.stderr.contains("Nothing to do"), "{}", again.stderr);
    assert_eq!(runs(&bench).len(), 4, "what changes nothing is not recorded");
}

#[test]
fn a_run_that_failed_is_no_goal() {
    let bench = Bench::new();
    deploy(&bench, "one");
    bench.write("sample/backend/behaviour", "crash");
    assert_eq!(bench.todoctl("up sandbox").exit, Some(20));
    let failed = runs(&bench).pop().expect("a record");
    let done = bench.todoctl(&format!("rollback --run {failed}"));
    assert_eq!(done.exit, Some(10), "{}", done.stderr);
    assert!(done.stderr.contains("deployed nothing that stayed (rolled back)"), "{}", done.stderr);
}

#[test]
fn the_newest_twenty_are_kept() {
    let bench = Bench::new();
    for at in 0..22 {
        deploy(&bench, &format!("role {at}"));
    }
    assert_eq!(runs(&bench).len(), 20);
}

#[test]
fn the_logs_of_a_run_are_what_its_commands_and_its_broken_pods_said() {
    let bench = Bench::new();
    deploy(&bench, "one");
    bench.write("sample/backend/behaviour", "crash");
    assert_eq!(bench.todoctl("up sandbox").exit, Some(20));
    let failed = runs(&bench).pop().expect("a record");
    let done = bench.todoctl(&format!("logs backend --run {failed}"));
    good(&done);
    for part in ["==> release-backend.log <==", "$ helm upgrade --install backend", "address in use"] {
        assert!(done.stdout.contains(part), "{part}:\n{}", done.stdout);
    }
    let other = bench.todoctl(&format!("logs frontend --run {failed}"));
    good(&other);
    assert!(other.stderr.contains("did nothing with frontend"), "{}", other.stderr);
    assert_eq!(bench.todoctl("logs backend --run ../../../etc").exit, Some(10), "an id is no path");
}

#[test]
fn following_goes_on_with_new_pods_and_ends_with_ctrl_c() {
    let bench = Bench::new();
    deploy(&bench, "one");
    let running = bench.start("logs backend -f", &[]);
    let pods = |bench: &Bench| {
        let said = std::fs::read_to_string(bench.path("output/stdout")).unwrap_or_default();
        said.lines()
            .filter_map(|line| Some(line.split_once('/')?.0.to_owned()))
            .collect::<BTreeSet<_>>()
            .len()
    };
    bench.until("both pods are followed", |bench| pods(bench) == 2);
    let replace = |state: &mut State| {
        let backend =
            state.deployments.iter_mut().find(|one| one.release == "backend").expect("a Deployment");
        backend.sets.last_mut().expect("pods").replaced += 1;
        state.tick();
    };
    bench.store.change(replace).expect("a state");
    bench.until("the new ones as well", |bench| pods(bench) == 4);
    running.interrupt();
    good(&running.wait());
}
