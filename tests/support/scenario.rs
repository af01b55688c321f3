//! Owns one scenario: a folder with `scenario.yaml` and `golden.txt`. Tells the story, runs the command, compares
//! everything a person would look at. `TODOCTL_BLESS=1` writes the goldens anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use fake_tool::dapr::has_sidecar;
use fake_tool::journal::Line;
use serde::Deserialize;
use serde_json::Value;

use crate::bench::{Bench, Done};
use crate::{commands, redact};

/// Where a scenario on GitHub Actions has the summary of its job: `GITHUB_STEP_SUMMARY: "[DIR]summary.md"`.
const SUMMARY: &str = "summary.md";

/// What `scenario.yaml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Scenario {
    /// What it shows, for the reader.
    about: String,
    /// What happened before.
    #[serde(default)]
    before: Vec<Happening>,
    /// The command, without `todoctl`.
    run: String,
    /// The command that shows its plan; none when there is no plan.
    #[serde(default)]
    plan: Option<String>,
    /// Environment of both.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Tools that are not installed.
    #[serde(default)]
    missing: Vec<String>,
}

/// Something that happened before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Happening {
    /// A todoctl command that succeeds.
    Todoctl(String),
    /// A todoctl command that fails.
    TodoctlFails(String),
    /// A helm command of somebody else.
    Helm(String),
    /// A kubectl command of somebody else.
    Kubectl(String),
    /// Files of the project are written.
    Write(BTreeMap<String, String>),
    /// The running pods of some releases begin to behave otherwise.
    Turns(BTreeMap<String, String>),
    /// The world is changed: its state is merged with this.
    World(Value),
}

/// Runs a scenario and compares it with its golden.
pub(crate) fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    let text = std::fs::read_to_string(folder.join("scenario.yaml")).expect("a scenario");
    // By way of JSON: there an enum is a map with one key, as in a profile.
    let value: Value = serde_yaml::from_str(&text).expect("YAML");
    let scenario: Scenario = serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error}"));
    let bench = Bench::new();
    prepare(&bench, &scenario);
    let seen = perform(&bench, &scenario);
    compare(&folder.join("golden.txt"), &redact::text(&seen, &bench.path("").display().to_string()));
}

fn prepare(bench: &Bench, scenario: &Scenario) {
    for happening in &scenario.before {
        match happening {
            Happening::Todoctl(line) => {
                let done = bench.todoctl(line);
                assert_eq!(done.exit, Some(0), "todoctl {line}:\n{}", done.stderr);
            }
            Happening::TodoctlFails(line) => {
                let done = bench.todoctl(line);
                assert_ne!(done.exit, Some(0), "todoctl {line}:\n{}", done.stderr);
            }
            Happening::Helm(line) => bench.tool("helm", line),
            Happening::Kubectl(line) => bench.tool("kubectl", line),
            Happening::Write(files) => {
                for (name, text) in files {
                    bench.write(name, text);
                }
            }
            Happening::Turns(releases) => {
                for (release, behaviour) in releases {
                    bench.turn(release, behaviour);
                }
            }
            Happening::World(patch) => bench.world(patch),
        }
    }
    for tool in &scenario.missing {
        std::fs::remove_file(bench.path("bin").join(tool)).expect("a tool");
    }
}

fn perform(bench: &Bench, scenario: &Scenario) -> String {
    let folder = bench.path("").display().to_string();
    let environment: Vec<(String, String)> = scenario
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), value.replace("[DIR]", &folder)))
        .collect();
    let mut seen = format!("{}\n", scenario.about);
    let mut planned = None;
    if let Some(plan) = &scenario.plan {
        let before = bench.state();
        bench.forget_log();
        show(&mut seen, plan, &bench.todoctl_in(plan, &environment));
        let json = bench.todoctl_in(&format!("{plan} -o json"), &environment);
        planned = serde_json::from_str::<Value>(&json.stdout).ok();
        assert!(bench.log().iter().all(|line| !line.changes), "a plan changes nothing");
        let mut after = bench.state();
        after.faults.clone_from(&before.faults);
        assert_eq!(before, after, "a plan changes nothing");
        // A fault that counts calls means those of the run.
        bench.store.save(&before).expect("a state");
    }
    bench.forget_log();
    let done = bench.todoctl_in(&scenario.run, &environment);
    show(&mut seen, &scenario.run, &done);
    let summary = std::fs::read_to_string(bench.path(SUMMARY)).unwrap_or_default();
    section(&mut seen, "job summary", &summary);
    let log = bench.log();
    let ran = commands::changing(&log);
    let mut shown: Vec<String> = ran.iter().map(commands::Command::shown).collect();
    if !scenario.run.contains("--sequential") {
        shown.sort();
    }
    section(&mut seen, "changing commands", &shown.concat());
    section(&mut seen, "record", &records(&log));
    section(&mut seen, "requests", &requests(&log));
    section(&mut seen, "left by requests", &bench.state().sent.join("\n"));
    section(&mut seen, "releases", &releases(bench));
    section(&mut seen, "secrets", &secrets(bench));
    section(&mut seen, "lock", &lock(bench));
    section(&mut seen, "Dapr objects", &dapr_objects(bench));
    if let Some(planned) = planned {
        commands::assert_as_planned(&planned, &ran, done.exit, &scenario.run);
    }
    seen
}

fn show(seen: &mut String, line: &str, done: &Done) {
    let _ = write!(seen, "\n$ todoctl {line}\n");
    let exit = done.exit.map_or_else(|| "none".to_owned(), |code| code.to_string());
    let events: Vec<&str> =
        done.stdout.lines().filter(|line| !line.contains("\"event\":\"step-waiting\"")).collect();
    section(seen, "stdout", &events.join("\n"));
    section(seen, "stderr", &without_waits(&done.stderr));
    let _ = writeln!(seen, "exit status {exit}");
}

fn section(seen: &mut String, title: &str, text: &str) {
    if !text.trim().is_empty() {
        let _ = write!(seen, "---- {title}\n{}\n", text.trim_end());
    }
}

/// What a step waits for may or may not be printed, depending on who is faster. Where a line with a process id breaks
/// depends on the machine, so it is joined.
fn without_waits(stderr: &str) -> String {
    let numbers = |c: char| c.is_ascii_digit() || c == '/' || c == ' ';
    let waits = |line: &str| line.trim_start_matches(numbers).starts_with("… ");
    let mut kept: Vec<String> = Vec::new();
    let mut waiting = false;
    for line in stderr.lines() {
        let hangs = line.starts_with("  ");
        // A wrapped reason goes on in lines that hang.
        waiting = waits(line) || (waiting && line.starts_with("        "));
        match kept.last_mut() {
            _ if waiting => {}
            Some(last) if hangs && last.contains(", process ") => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => kept.push(line.to_owned()),
        }
    }
    kept.join("\n")
}

/// The requests that change something, in order.
fn requests(log: &[Line]) -> String {
    let is_sent = |line: &&Line| {
        let is_get = line.args.first().is_some_and(|method| method == "GET");
        line.tool == "api" && line.exit.is_none() && !is_get && line.args[1].contains("/proxy/")
    };
    let sent = log.iter().filter(is_sent);
    let mut text = String::new();
    for line in sent {
        let body = if line.stdin.is_empty() { String::new() } else { format!("    < {}\n", line.stdin) };
        let _ = write!(text, "{}\n{body}", line.args.join(" "));
    }
    text
}

fn releases(bench: &Bench) -> String {
    let state = bench.state();
    let mut text = String::new();
    let mut revisions: Vec<_> = state.revisions.iter().collect();
    revisions.sort_by_key(|one| (&one.name, one.number));
    for one in revisions {
        let label = |name: &str| one.labels.get(name).map_or("-", String::as_str).to_owned();
        let (ours, verified) = (label("todoctl.dev/revision"), label("todoctl.dev/verified"));
        let image = one.values.pointer("/image/tag").and_then(Value::as_str).unwrap_or("-");
        let secret = one.values.get("existingSecret").and_then(Value::as_str).unwrap_or("-");
        let _ = writeln!(
            text,
            "{} {} {}: written for {ours}, verified {verified}, image {image}, secret {secret}",
            one.name, one.number, one.status
        );
    }
    let mut deployments: Vec<_> = state.deployments.iter().collect();
    // Those of a release come in the order of deploying, which differs when several are at work.
    deployments.sort_by_key(|one| &one.release);
    for one in deployments {
        let running = one.sets.last().map(|set| set.image.clone()).unwrap_or_default();
        let sidecar = match one.sets.last() {
            Some(set) if set.sidecar.is_none() => "",
            Some(set) if has_sidecar(set) => ", with its sidecar",
            _ => ", without its sidecar",
        };
        let _ = writeln!(text, "{}-deployment: {} x {running}{sidecar}", one.release, one.replicas);
    }
    text
}

/// The objects with their content, and the profile that made them.
fn dapr_objects(bench: &Bench) -> String {
    let state = bench.state();
    let mut lines: Vec<String> = state
        .dapr
        .objects
        .iter()
        .map(|one| {
            let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (kind, name) = (text("/kind"), text("/metadata/name"));
            let owner = one["metadata"]["labels"]["todoctl.dev/profile"].as_str().unwrap_or("nobody");
            let mut content = one.clone();
            for field in ["apiVersion", "kind", "metadata"] {
                content.as_object_mut().expect("an object").shift_remove(field);
            }
            format!("{kind} {name}, of {owner}: {content}\n")
        })
        .collect();
    lines.sort();
    lines.concat()
}

fn secrets(bench: &Bench) -> String {
    let name = |secret: &Value| secret["metadata"]["name"].as_str().map(|name| format!("{name}\n"));
    let mut names: Vec<String> = bench.state().secrets.iter().filter_map(name).collect();
    // Those of one set are in the order in which they were made.
    names.sort_by_key(|name| name.split("-secrets").next().unwrap_or_default().to_owned());
    names.concat()
}

/// What was written down of the run.
fn records(log: &[Line]) -> String {
    let is_record = |line: &&Line| {
        let request = line.args.join(" ");
        line.exit.is_none() && request.starts_with("PATCH ") && request.contains("/configmaps/")
    };
    let record = |line: &Line| {
        let object: Value = serde_json::from_str(&line.stdin).expect("JSON");
        let run = object["data"]["run.json"].as_str().unwrap_or_default().to_owned();
        format!("{}\n{run}\n", object["metadata"]["labels"])
    };
    log.iter().filter(is_record).map(record).collect()
}

/// Who holds the environment when all is done; nobody, as a rule.
fn lock(bench: &Bench) -> String {
    let one = |lease: &Value| {
        let text =
            |pointer: &str| lease.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{} run {}\n", text("/spec/holderIdentity"), text("/metadata/labels/todoctl.dev~1run"))
    };
    bench.state().leases.iter().map(one).collect()
}

fn compare(golden: &Path, seen: &str) {
    if std::env::var_os("TODOCTL_BLESS").is_some() {
        std::fs::write(golden, seen).expect("a golden");
        return;
    }
    let known = std::fs::read_to_string(golden).unwrap_or_default();
    if known != seen {
        let diff = similar::TextDiff::from_lines(known.as_str(), seen)
            .unified_diff()
            .header("golden", "seen")
            .to_string();
        panic!("{} differs; TODOCTL_BLESS=1 accepts it:\n{diff}", golden.display());
    }
}
