//! Stands for docker: its version and its engine.

use serde_json::json;

use crate::state::State;
use crate::{Answer, Call};

/// Answers one call.
pub fn run(_state: &mut State, call: &Call) -> Answer {
    let words: Vec<&str> = call.args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--version"] => Answer::ok("Docker version 28.3.0, build 38b7060\n"),
        ["info", ..] => {
            let info = json!({"ServerVersion": "28.3.0", "MemTotal": 25_000_000_000_u64, "NCPU": 8});
            Answer::ok(format!("{info}\n"))
        }
        _ => Answer::fail(1, format!("docker: unknown command: docker {}\n", words.join(" "))),
    }
}
