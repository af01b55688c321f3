//! The real program against fake tools, where a scenario's folder cannot tell it: signals, terminals, two runs at once,
//! every write that fails, and what must be seen nowhere. Its files are in `tests/scenarios`.

#[expect(dead_code, reason = "tests/scenarios.rs uses the rest")]
#[path = "support/bench.rs"]
mod bench;
#[path = "scenarios/canary.rs"]
mod canary;
#[path = "scenarios/charts.rs"]
mod charts;
#[path = "scenarios/clouds.rs"]
mod clouds;
#[path = "scenarios/faults.rs"]
mod faults;
#[path = "scenarios/interrupts.rs"]
mod interrupts;
#[path = "scenarios/jobs.rs"]
mod jobs;
#[path = "scenarios/locks.rs"]
mod locks;
#[path = "scenarios/prompts.rs"]
mod prompts;
#[path = "scenarios/runs.rs"]
mod runs;
#[path = "support/tool.rs"]
mod tool;

#[test]
fn nothing_to_do_costs_few_processes() {
    let bench = bench::Bench::new();
    // Each profile on the cluster as the one before left it.
    for (before, line) in [
        ("up sandbox", "up sandbox"),
        ("up sandbox", "plan sandbox"),
        ("up dapr", "up dapr"),
        ("up dapr", "plan dapr"),
    ] {
        assert_eq!(bench.todoctl(before).exit, Some(0));
        bench.forget_log();
        assert_eq!(bench.todoctl(line).exit, Some(0));
        let log = bench.log();
        let calls: Vec<String> = log
            .iter()
            .filter(|line| line.exit.is_none() && line.tool != "api")
            .map(|line| format!("{} {}", line.tool, line.args.join(" ")))
            .collect();
        // What the sandbox is asked; the cluster is asked over a connection.
        assert_eq!(calls.len(), 2, "{line}: {calls:#?}");
        assert!(log.iter().all(|line| !line.changes), "{line}: {calls:#?}");
    }
}
