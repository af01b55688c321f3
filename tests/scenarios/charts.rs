//! Charts of repositories: what a golden does not show, which is how often helm is asked.

use serde_json::json;

use crate::bench::Bench;

const PROFILE: &str = "extends: dapr
releases:
  dapr: {chart: {repository: https://charts.example.com, name: dapr, version: 1.18.1}}
";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("profiles/fetched.yaml", PROFILE);
    bench.world(&json!({"charts": {"https://charts.example.com dapr 1.18.1": "charts/dapr"}}));
    bench
}

/// How often helm was asked for a chart since the log was forgotten.
fn pulls(bench: &Bench) -> usize {
    let log = bench.log();
    log.iter()
        .filter(|line| line.exit.is_none() && line.args.first().is_some_and(|verb| verb == "pull"))
        .count()
}

fn up(bench: &Bench) -> String {
    let done = bench.todoctl("up fetched");
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    done.stderr
}

#[test]
fn a_chart_is_fetched_once_and_then_costs_no_process() {
    let bench = bench();
    up(&bench);
    assert_eq!(pulls(&bench), 1);
    bench.forget_log();
    let said = up(&bench);
    assert!(said.contains("Nothing to do"), "{said}");
    assert_eq!(pulls(&bench), 0);
    let calls = bench.log().iter().filter(|line| line.exit.is_none() && line.tool != "api").count();
    assert_eq!(calls, 2, "processes");
}

#[test]
fn what_was_half_written_is_fetched_anew() {
    let bench = bench();
    up(&bench);
    let kept = bench.path("home/.cache/todoctl/charts");
    let folder = |path: &std::path::PathBuf| path.join("dapr/Chart.yaml").is_file();
    let entries = std::fs::read_dir(&kept).expect("the charts").map(|entry| entry.expect("an entry").path());
    let files = entries.filter(folder).collect::<Vec<_>>();
    let [files] = files.as_slice() else { panic!("one chart: {files:?}") };
    std::fs::remove_file(files.join("dapr/Chart.yaml")).expect("a file");
    bench.forget_log();
    let said = up(&bench);
    assert!(said.contains("Nothing to do"), "the same chart: {said}");
    assert_eq!(pulls(&bench), 1);
}

#[test]
fn a_killed_fetch_leaves_nothing_that_counts() {
    let bench = bench();
    bench.world(&json!({"faults": [{"tool": "helm", "args": "pull", "nth": 1, "linger": 60000}]}));
    let running = bench.start("plan fetched", &[]);
    bench.until_call("helm", "pull");
    running.kill();
    bench.world(&json!({"faults": []}));
    bench.forget_log();
    up(&bench);
    assert_eq!(pulls(&bench), 1);
}

#[test]
fn a_run_that_does_not_need_a_chart_does_not_fetch_it() {
    let bench = bench();
    up(&bench);
    std::fs::remove_dir_all(bench.path("home/.cache")).expect("the charts");
    bench.forget_log();
    let done = bench.todoctl("up fetched --only frontend");
    assert_eq!((done.exit, pulls(&bench)), (Some(0), 0), "{}", done.stderr);
}
