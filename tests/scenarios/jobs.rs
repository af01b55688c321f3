//! The steps of `.github/workflows/deploy-oke.yml`, as GitHub's runner runs and cancels them: `bash -e`, signals to the
//! first process only, SIGINT, then SIGTERM, then an end by force (actions/runner, `ProcessInvoker.cs`).

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::bench::{Bench, Running};
use crate::interrupts::{assert_calls_ended, deployed, is_back, tags};

/// The script of a step, by a word of its command.
fn step(word: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows/deploy-oke.yml");
    let text = std::fs::read_to_string(path).expect("a workflow");
    let workflow: Value = serde_yaml::from_str(&text).expect("YAML");
    let steps = workflow["jobs"]["deploy"]["steps"].as_array().expect("steps");
    let scripts = steps.iter().filter_map(|step| step["run"].as_str());
    let found: Vec<&str> = scripts.filter(|script| script.contains(word)).collect();
    assert_eq!(found.len(), 1, "{word}: {found:?}");
    found[0].to_owned()
}

/// Starts a step's script where the workflow has put todoctl.
fn start(bench: &Bench, script: &str, dry_run: bool) -> Running {
    let program = bench.path("project/target/dist/todoctl");
    if !program.exists() {
        std::fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_todoctl"), program).expect("a link");
    }
    bench.start_script(
        script,
        &[
            ("PROFILE", "sandbox"),
            ("DRY_RUN", if dry_run { "true" } else { "false" }),
            ("GITHUB_ACTIONS", "true"),
        ],
    )
}

const DEPLOY: &str = "todoctl up";
const UNDO: &str = "todoctl recover";

#[test]
fn a_cancelled_job_is_undone_by_its_next_step() {
    let bench = deployed("never-ready");
    // The rollback takes longer than the runner waits.
    bench.world(&json!({"faults": [{"tool": "helm", "args": "rollback frontend", "linger": 1500}]}));
    let running = start(&bench, &step(DEPLOY), false);
    bench.until_call("api", "deployments/frontend-deployment");
    running.signal(Signal::INT);
    bench.until_call("helm", "rollback frontend");
    running.signal(Signal::TERM);
    running.kill();
    assert_eq!(tags(&bench, "backend").len(), 2, "the backend is not back yet");

    let done = start(&bench, &step(UNDO), false).wait();
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    assert!(is_back(&bench, "backend") && is_back(&bench, "frontend"), "{}", done.stderr);
    assert_calls_ended(&bench);

    let again = start(&bench, &step(UNDO), false).wait();
    assert_eq!(
        (again.exit, again.stderr.as_str()),
        (Some(0), "Nothing to recover: no run of profile sandbox is open.\n")
    );
}

#[test]
fn a_job_that_is_cancelled_early_enough_has_rolled_back_by_itself() {
    let bench = deployed("never-ready");
    let running = start(&bench, &step(DEPLOY), false);
    bench.until_call("api", "deployments/frontend-deployment");
    running.signal(Signal::INT);
    let done = running.wait();
    assert_eq!(done.exit, Some(23), "{}", done.stderr);
    assert!(is_back(&bench, "backend") && is_back(&bench, "frontend"), "{}", done.stderr);
}

#[test]
fn a_job_that_is_only_to_show_changes_nothing() {
    let bench = deployed("ready");
    let before = bench.state();
    let done = start(&bench, &step(DEPLOY), true).wait();
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("release backend: revision 1"), "{}", done.stdout);
    assert_eq!(bench.state(), before);
}
