//! The real program against fake tools: every folder of `tests/scenarios` with a `scenario.yaml` is a test, which
//! compares what a person would look at with its `golden.txt`. `TODOCTL_BLESS=1 cargo test --test scenarios` accepts
//! what is seen; read the difference before.

#[expect(dead_code, reason = "tests/stories.rs uses the rest")]
#[path = "support/bench.rs"]
mod bench;
#[path = "support/commands.rs"]
mod commands;
#[path = "support/redact.rs"]
mod redact;
#[path = "support/scenario.rs"]
mod scenario;
#[path = "support/tool.rs"]
mod tool;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let trials = names().into_iter().map(|name| {
        // As a function would be called.
        let shown = name.replace('-', "_");
        Trial::test(shown, move || {
            scenario::check(&name);
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// The folders with a scenario.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("scenario.yaml").is_file())
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(!names.is_empty(), "there are no scenarios");
    names.sort();
    names
}
