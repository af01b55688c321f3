//! Owns what containers say, of one pod or of all pods of a release.

use super::{namespace, not_found, read};
use crate::Answer;
use crate::argv::Argv;
use crate::state::{Behaviour, State};

pub(super) fn logs(state: &State, argv: &Argv, now: u64) -> Answer {
    let previous = argv.has(&["--previous"]) && argv.value(&["--previous"]) != Some("false");
    let name = argv.word(1);
    let selected =
        argv.value(&["-l"]).and_then(|selector| selector.split_once('=')).map(|(_, release)| release);
    let mut said = String::new();
    let mut found = false;
    for (pod, deployment, set) in read::pods(state, namespace(argv), now) {
        if pod != name && selected != Some(&deployment.release) {
            continue;
        }
        found = true;
        match lines(&set.behaviour, previous, &pod, &deployment.release) {
            Ok(lines) => {
                said.extend(lines.map(|line| format!("[pod/{pod}/{}] {line}\n", deployment.release)));
            }
            Err(error) if argv.has(&["--ignore-errors"]) => said.push_str(&format_error(&error)),
            Err(error) => return Answer::fail(1, format!("Error from server (BadRequest): {error}\n")),
        }
    }
    if !found && selected.is_none() {
        return not_found("pods", name);
    }
    if !found {
        let text = format!("No resources found in {} namespace.\n", namespace(argv).unwrap_or("default"));
        return Answer { stderr: text, ..Answer::default() };
    }
    Answer::ok(said)
}

fn format_error(error: &str) -> String {
    format!("error: {error}\n")
}

fn lines(
    behaviour: &Behaviour,
    previous: bool,
    pod: &str,
    container: &str,
) -> Result<[&'static str; 2], String> {
    Ok(match (behaviour, previous) {
        (Behaviour::NoImage, _) => {
            return Err(format!(
                "container \"{container}\" in pod \"{pod}\" is waiting to start: trying and failing to pull image"
            ));
        }
        (Behaviour::Crash, _) => ["starting", "cannot listen on port: address in use"],
        (_, true) => {
            return Err(format!("previous terminated container \"{container}\" in pod \"{pod}\" not found"));
        }
        (Behaviour::NeverReady, false) => ["starting", "waiting for the database"],
        // Foreign text may try to steer the terminal.
        (Behaviour::Unwell, false) => {
            ["starting", "\u{1b}]0;title\u{7}\u{1b}[31mthe database is away\u{1b}[0m"]
        }
        (Behaviour::Ready | Behaviour::Slow(_) | Behaviour::Deaf, false) => ["starting", "listening"],
    })
}
