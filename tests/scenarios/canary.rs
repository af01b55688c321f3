//! Secret values are where they belong and nowhere else: every surface of a run is searched for them, in every form
//! in which a value could be written.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::bench::{Bench, Done};

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

    /// Input of `kubectl apply` is the one place where values belong.
    fn assert_absent_in_calls(&self, bench: &Bench) -> usize {
        let mut applied = 0;
        for line in bench.log() {
            let call = format!("{} {}", line.tool, line.args.join(" "));
            self.assert_absent(&format!("the arguments of {call}"), &call);
            for (name, value) in &line.environment {
                self.assert_absent(&format!("{name} of {call}"), value);
            }
            if call.starts_with("kubectl apply") {
                applied += usize::from(self.0.iter().any(|form| line.stdin.contains(form.as_str())));
            } else {
                self.assert_absent(&format!("the input of {call}"), &line.stdin);
            }
        }
        applied
    }
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
