//! Secret values are where they belong and nowhere else: every surface of a run is searched for them, in every form
//! in which a value could be written.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use serde_json::Value;

use crate::bench::{Bench, Done};
use crate::prompts::{finish, press, terminal, until_hidden};

const FILE: &str = "postgresql://todo:C4n4ry \"quoted\\slash\"&<é>@db:5432/todo?x=y";
const ENVIRONMENT: &str = "C4n4ry-of-the-environment/with+signs=and%percent";

/// A value in every form.
fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let json = serde_json::to_string(value).expect("JSON");
    let (mut percent, mut hex) = (String::new(), String::new());
    for byte in bytes {
        let digits = format!("{byte:02x}");
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            percent.push(char::from(*byte));
        } else {
            percent.push('%');
            percent.push_str(&digits.to_uppercase());
        }
        hex.push_str(&digits);
    }
    let twice = serde_json::to_string(&json).expect("JSON");
    let mut forms = vec![
        value.to_owned(),
        value.escape_debug().to_string(),
        percent,
        hex,
        json.trim_matches('"').to_owned(),
        twice.trim_matches('"').to_owned(),
    ];
    forms.extend([
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
    ]);
    forms
}

/// What is looked for: the given values, what was generated, and a part that every form of the given ones shares.
struct Canary(Vec<String>);

impl Canary {
    fn assert_absent(&self, place: &str, text: &str) {
        for form in &self.0 {
            assert!(!text.contains(form.as_str()), "{place} holds a secret, as {form:?}");
        }
    }

    fn assert_absent_in_files(&self, folder: &Path) {
        // What was never made holds nothing.
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.assert_absent_in_files(&path);
            } else {
                let text = std::fs::read(&path).expect("a file");
                self.assert_absent(&path.display().to_string(), &String::from_utf8_lossy(&text));
            }
        }
    }

    fn assert_absent_in_output(&self, line: &str, done: &Done) {
        self.assert_absent(&format!("stdout of {line}"), &done.stdout);
        self.assert_absent(&format!("stderr of {line}"), &done.stderr);
    }

    /// A version of a Secret on the input of `kubectl apply` is the one place where values belong.
    fn assert_absent_in_calls(&self, bench: &Bench) -> usize {
        let mut applied = 0;
        for line in bench.log() {
            let call = format!("{} {}", line.tool, line.args.join(" "));
            self.assert_absent(&format!("the arguments of {call}"), &call);
            for (name, value) in &line.environment {
                self.assert_absent(&format!("{name} of {call}"), value);
            }
            let object = serde_json::from_str(&line.stdin).unwrap_or_default();
            if call.starts_with("kubectl apply") && is_version(&object) {
                applied += usize::from(self.0.iter().any(|form| line.stdin.contains(form.as_str())));
                self.assert_absent(&format!("the metadata of {call}"), &object["metadata"].to_string());
            } else {
                self.assert_absent(&format!("the input of {call}"), &line.stdin);
            }
        }
        applied
    }

    /// Everything in the cluster except the data of the versions: releases with their values and labels, run records,
    /// the open run, what pods got as configuration, names, annotations.
    fn assert_absent_in_cluster(&self, bench: &Bench) {
        let mut state = serde_json::to_value(bench.state()).expect("a state");
        for secret in state["secrets"].as_array_mut().into_iter().flatten() {
            if is_version(secret) {
                *secret = secret["metadata"].take();
            }
            for encoded in secret["data"].as_object().into_iter().flat_map(|data| data.values()) {
                let bytes = STANDARD.decode(encoded.as_str().unwrap_or_default()).unwrap_or_default();
                self.assert_absent("another Secret", &String::from_utf8_lossy(&bytes));
            }
        }
        self.assert_absent("the cluster", &state.to_string());
    }
}

/// Whether an object is a version of a logical Secret.
fn is_version(object: &Value) -> bool {
    object["kind"] == "Secret" && object["metadata"]["labels"]["todoctl.dev/secret"].is_string()
}

fn bench() -> (Bench, Vec<(String, String)>) {
    let bench = Bench::new();
    std::fs::write(bench.path("secrets.env"), format!("DATABASE_URL='{FILE}'\n")).expect("a file");
    (bench, vec![("BETTER_AUTH_SECRET".to_owned(), ENVIRONMENT.to_owned())])
}

fn canary() -> Canary {
    let mut all: Vec<String> = [FILE, ENVIRONMENT].into_iter().flat_map(forms).collect();
    all.push("C4n4ry".to_owned());
    Canary(all)
}

/// Runs commands and searches everything they leave; answers how often a value was applied.
fn search(bench: &Bench, canary: &Canary, environment: &[(String, String)], lines: &[(&str, i32)]) -> usize {
    for (line, exit) in lines {
        let line = line.replace("FILE", &bench.path("secrets.env").display().to_string());
        let done = bench.todoctl_in(&line, environment);
        assert_eq!(done.exit, Some(*exit), "{line}: {}", done.stderr);
        canary.assert_absent_in_output(&line, &done);
    }
    canary.assert_absent_in_files(&bench.path("state"));
    canary.assert_absent_in_files(&bench.path("home"));
    canary.assert_absent_in_files(&bench.path("project"));
    canary.assert_absent_in_cluster(bench);
    canary.assert_absent_in_calls(bench)
}

#[test]
fn given_values_are_only_on_the_input_of_kubectl_apply() {
    let (bench, environment) = bench();
    let lines = [
        ("plan sandbox --env-file FILE --verbose", 0),
        ("plan sandbox --env-file FILE -o json", 0),
        ("up sandbox --env-file FILE --verbose", 0),
        ("up sandbox --env-file FILE -o json", 0),
        ("plan sandbox -o json", 0),
        ("status -o json", 0),
        ("verify -o json", 0),
        ("secrets list", 0),
        ("secrets list -o json", 0),
        ("secrets check -o json", 0),
        ("up --help", 0),
    ];
    assert_eq!(search(&bench, &canary(), &environment, &lines), 2, "each Secret is applied once");
}

#[test]
fn given_values_do_not_show_when_a_run_fails() {
    let (bench, environment) = bench();
    let good = [("up sandbox --env-file FILE", 0)];
    search(&bench, &canary(), &environment, &good);
    bench.write("sample/frontend/behaviour", "crash");
    let lines = [
        ("up sandbox --env-file FILE --verbose", 20),
        ("up sandbox --env-file FILE -o json", 20),
        ("down sandbox", 0),
    ];
    search(&bench, &canary(), &environment, &lines);
}

#[test]
fn a_failing_apply_does_not_show_what_it_was_given() {
    let (bench, environment) = bench();
    bench.world(&serde_json::json!({"faults": [{"tool": "kubectl", "args": "apply", "nth": 2, "exit": 1, "stderr": "error: timed out"}]}));
    search(&bench, &canary(), &environment, &[("up sandbox --env-file FILE --sequential --verbose", 20)]);
}

/// A tool that repeats a value: in clear, in JSON, in base64, in the midst of other text.
#[test]
fn what_a_tool_repeats_is_not_repeated() {
    use base64::Engine as _;
    let auth = STANDARD.encode(format!("user:{ENVIRONMENT}"));
    let json = serde_json::to_string(FILE).expect("JSON");
    let said = format!("error: cannot log in with {FILE} ({json}), auth {auth}, password {ENVIRONMENT}");
    for (tool, args, exit) in [
        ("api", "/log?", 500),
        ("api", "/events", 500),
        ("helm", "template frontend", 1),
        ("api", "/secrets", 500),
    ] {
        let (bench, environment) = bench();
        bench.write("sample/frontend/behaviour", "crash");
        bench.world(
            &serde_json::json!({"faults": [{"tool": tool, "args": args, "exit": exit, "stderr": said}]}),
        );
        let file = bench.path("secrets.env").display().to_string();
        for form in ["--verbose", "-o json"] {
            let line = format!("up sandbox --env-file {file} {form}");
            let done = bench.todoctl_in(&line, &environment);
            assert_ne!(done.exit, Some(0), "{tool} {args}: {}", done.stderr);
            canary().assert_absent_in_output(&line, &done);
        }
        canary().assert_absent_in_files(&bench.path("state"));

        let summary = bench.path("summary.md");
        let mut job = environment.clone();
        job.push(("GITHUB_ACTIONS".to_owned(), "true".to_owned()));
        job.push(("GITHUB_STEP_SUMMARY".to_owned(), summary.display().to_string()));
        let done = bench.todoctl_in(&format!("up sandbox --env-file {file}"), &job);
        let told = std::fs::read_to_string(summary).expect("a summary");
        canary().assert_absent("the summary of the job", &told);
        assert!(
            told.contains(r"\*\*\*") || told.contains("***") || ["/log?", "/events"].contains(&args),
            "{tool} {args}: {told}"
        );
        let beside: Vec<&str> =
            done.stderr.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
        canary().assert_absent("the log of the job", &beside.join("\n"));
    }
}

#[test]
fn malformed_values_are_not_quoted() {
    let (bench, _) = bench();
    std::fs::write(
        bench.path("secrets.env"),
        "DATABASE_URL=mysql://C4n4ry\nBETTER_AUTH_SECRET=C4n4ry\nthis line has C4n4ry\n",
    )
    .expect("a file");
    search(
        &bench,
        &canary(),
        &[],
        &[("up sandbox --env-file FILE", 10), ("plan sandbox --env-file FILE -o json", 10)],
    );
    let short = vec![("BETTER_AUTH_SECRET".to_owned(), "C4n4ry".to_owned())];
    search(&bench, &canary(), &short, &[("up sandbox", 10)]);
}

/// A profile in which Dapr's URL is derived, and which asks.
const DERIVED: &str = "extends: sandbox.yaml
confirm: ask
secrets:
  values:
    dapr-url: {from: database-url, form: postgres}
  sets:
    backend-secrets: {dapr-url: dapr-url}
";
// todoctl-lint: no secret
const URL: &str = "postgresql://todo:C4n4ry+and%2Fmore@db:5432/todo?ssl=require";
// todoctl-lint: no secret
const DERIVED_URL: &str = "postgres://todo:C4n4ry%2Band%2Fmore@db:5432/todo?sslmode=require";

fn derived_canary() -> Canary {
    let mut all: Vec<String> = [URL, DERIVED_URL, ENVIRONMENT].into_iter().flat_map(forms).collect();
    all.push("C4n4ry".to_owned());
    Canary(all)
}

#[test]
fn values_on_standard_input_and_derived_ones_go_the_same_way() {
    let bench = Bench::new();
    bench.write("profiles/derived.yaml", DERIVED);
    let object = serde_json::json!({"database-url": URL, "auth-secret": ENVIRONMENT});
    std::fs::write(bench.path("secrets.env"), object.to_string()).expect("a file");
    let lines = [
        ("plan derived --secrets-from FILE --verbose", 0),
        ("up derived --yes --secrets-from FILE --verbose", 0),
        ("secrets set database-url --yes --profile derived --secrets-from FILE", 0),
        ("secrets check --profile derived", 0),
    ];
    assert_eq!(search(&bench, &derived_canary(), &[], &lines), 2, "each Secret is applied once");
    std::fs::write(bench.path("secrets.env"), object.to_string().replace("more", "less")).expect("a file");
    bench.write("sample/backend/behaviour", "crash");
    let lines = [
        ("secrets set database-url --yes --profile derived --secrets-from FILE -o json", 0),
        ("up derived --yes --verbose", 20),
        ("up derived --yes -o json", 20),
        ("rollback backend --yes --profile derived", 0),
        ("secrets list --profile derived", 0),
        ("down derived --yes", 0),
    ];
    search(&bench, &derived_canary(), &[], &lines);
}

#[test]
fn values_that_components_refer_to_are_nowhere_else() {
    let bench = Bench::new();
    let object = serde_json::json!({"database-url": URL, "auth-secret": ENVIRONMENT});
    std::fs::write(bench.path("secrets.env"), object.to_string()).expect("a file");
    let up = [("up dapr --secrets-from FILE --verbose", 0), ("plan dapr --secrets-from FILE -o json", 0)];
    assert_eq!(search(&bench, &derived_canary(), &[], &up), 3, "each Secret is applied once");
    bench.write("sample/frontend/behaviour", "crash");
    let rotated = object.to_string().replace("more", "less");
    std::fs::write(bench.path("secrets.env"), rotated).expect("a file");
    let lines = [("up dapr --secrets-from FILE --verbose", 20), ("history -o json", 0), ("down dapr", 0)];
    search(&bench, &derived_canary(), &[], &lines);
}

#[test]
fn refused_values_of_every_source_are_not_quoted() {
    let bench = Bench::new();
    bench.write("profiles/derived.yaml", DERIVED);
    let refused = [
        r#"{"database-url": "postgresql://todo:C4n4ry@/todo"}"#,
        r#"{"database-url": "mysql://C4n4ry"}"#,
        r#"{"auth-secret": "C4n4ry"}"#,
        r#"{"auth-secret": ["C4n4ry"]}"#,
        r#"{"auth-secret": "C4n4ry""#,
        "C4n4ry",
    ];
    for text in refused {
        std::fs::write(bench.path("secrets.env"), text).expect("a file");
        let lines = [
            ("up derived --yes --secrets-from FILE --verbose", 10),
            ("plan derived --secrets-from FILE", 10),
        ];
        search(&bench, &derived_canary(), &[], &lines);
    }
    // A command that prints a value which is no good.
    std::fs::write(
        bench.path("print"),
        "#!/bin/sh\necho mysql://C4n4ry-of-the-command\necho C4n4ry complaint >/dev/null\n",
    )
    .expect("a file");
    bench.write(
        "profiles/command.yaml",
        "extends: sandbox.yaml\nsecrets: {values: {database-url: {command: [sh, ../print]}}}\n",
    );
    let path = vec![("PATH".to_owned(), format!("{}:/usr/bin:/bin", bench.path("bin").display()))];
    search(&bench, &derived_canary(), &path, &[("up command --verbose", 10), ("plan command", 10)]);
}

#[test]
fn typed_values_are_seen_nowhere() {
    let bench = Bench::new();
    bench.write(
        "profiles/derived.yaml",
        &DERIVED.replace("  values:\n", "  values:\n    database-url: {command: []}\n"),
    );
    let mut session = terminal(&bench, "up derived --verbose");
    session.exp_string("Generate auth-secret").expect("a proposal");
    press(&mut session, "n");
    for (name, typed) in [
        ("auth-secret", "C4n4ry"),
        ("auth-secret", ENVIRONMENT),
        ("database-url", "mysql://C4n4ry"),
        ("database-url", URL),
        ("openai-api-key", "C4n4ry-of-openai"),
    ] {
        until_hidden(&mut session, name);
        session.send_line(typed).expect("typed");
    }
    let mut seen = session.exp_string("Go on?").expect("the question before the change");
    press(&mut session, "y");
    let (rest, exit) = finish(&mut session);
    seen += &rest;
    assert_eq!(exit, 0, "{seen}");
    derived_canary().assert_absent("the terminal", &seen);
    let lines = [("plan derived --verbose", 0), ("secrets list --profile derived", 0)];
    assert_eq!(search(&bench, &derived_canary(), &[], &lines), 2, "each Secret is applied once");
}

#[test]
fn generated_values_are_only_in_the_cluster() {
    let (bench, _) = bench();
    search(
        &bench,
        &Canary(Vec::new()),
        &[],
        &[("up sandbox --verbose", 0), ("plan sandbox --verbose -o json", 0)],
    );
    let state = bench.state();
    let encoded =
        state.secrets.iter().find_map(|one| one["data"]["auth-secret"].as_str()).expect("a generated value");
    let value = String::from_utf8(STANDARD.decode(encoded).expect("base64")).expect("text");
    assert_eq!(value.len(), 64);
    let canary = Canary(forms(&value));
    canary.assert_absent_in_files(&bench.path("state"));
    assert_eq!(canary.assert_absent_in_calls(&bench), 2);
}
