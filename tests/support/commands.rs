//! Owns comparing a plan with what was run: the changing commands, redacted, in order.

use fake_tool::journal::Line;
use serde_json::Value;

use crate::bench::words;
use crate::redact;

/// One changing command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Command {
    tool: String,
    args: Vec<String>,
    /// Public input; nothing when it is secret.
    stdin: Option<String>,
    exit: Option<i32>,
}

impl Command {
    /// As a line.
    pub(crate) fn shown(&self) -> String {
        let exit = match self.exit {
            Some(0) => String::new(),
            Some(exit) => format!("    # exit {exit}"),
            None => "    # did not end".to_owned(),
        };
        let stdin = self.stdin.as_ref().map(|text| format!("    < {text}\n")).unwrap_or_default();
        format!("{} {}{exit}\n{stdin}", self.tool, self.args.join(" "))
    }

    /// As in a plan: what differs from run to run has its name.
    fn planned(&self) -> (String, Vec<String>, Option<String>) {
        (
            self.tool.clone(),
            self.args.iter().map(|arg| redact::line(arg)).collect(),
            self.stdin.as_deref().map(redact::line),
        )
    }
}

/// The changing commands of a log, in the order in which they began.
pub(crate) fn changing(log: &[Line]) -> Vec<Command> {
    let begun = log.iter().filter(|line| line.changes && line.exit.is_none());
    let command = |line: &Line| {
        let end =
            log.iter().find(|other| other.pid == line.pid && other.exit.is_some() && other.args == line.args);
        // Secrets have data; nothing else that is applied has.
        let public = !line.stdin.is_empty() && !line.stdin.contains("stringData");
        Command {
            tool: line.tool.clone(),
            args: line.args.clone(),
            stdin: public.then(|| line.stdin.clone()),
            exit: end.and_then(|end| end.exit),
        }
    };
    begun.map(command).collect()
}

/// The changing commands that a plan in JSON announces, in order.
fn announced(plan: &Value) -> Vec<Command> {
    let empty = Vec::new();
    let list = |name: &str| plan[name].as_array().unwrap_or(&empty).clone();
    let parts = list("steps").into_iter().chain(list("closing"));
    let all = parts.flat_map(|part| part["commands"].as_array().cloned().unwrap_or_default());
    let command = |one: Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tool = text(&one["tool"]);
        Command {
            tool: tool.rsplit('/').next().unwrap_or(&tool).to_owned(),
            args: one["args"].as_array().into_iter().flatten().map(text).collect(),
            stdin: one["stdin"].as_str().map(str::to_owned),
            exit: None,
        }
    };
    all.map(command).collect()
}

/// A run does what its plan says: all of it when it succeeds; otherwise the beginning of it, and then nothing of the
/// rest. A plan for a cluster that must be started says only that.
pub(crate) fn assert_as_planned(plan: &Value, ran: &[Command], exit: Option<i32>, run: &str) {
    let mut planned: Vec<_> = announced(plan).iter().map(Command::planned).collect();
    let mut done: Vec<_> = ran.iter().map(Command::planned).collect();
    if !words(run).iter().any(|word| word == "--sequential") {
        planned.sort();
        done.sort();
    }
    if plan["known_after_start"] == true {
        assert!(done.starts_with(&planned), "{planned:#?}\n{done:#?}");
        return;
    }
    if exit == Some(0) {
        assert_eq!(planned, done, "a run does what its plan says");
        return;
    }
    let same = planned.iter().zip(&done).take_while(|(planned, done)| planned == done).count();
    let strays: Vec<_> = done[same..].iter().filter(|one| planned.contains(one)).collect();
    assert!(
        strays.is_empty(),
        "after the failure nothing of the plan is run: {strays:#?}\nplanned {planned:#?}\ndone {done:#?}"
    );
}
