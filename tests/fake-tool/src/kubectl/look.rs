//! Owns what kubectl answers when somebody only looks around: versions, Services with node ports, what the user may do.

use serde_json::{Value, json};

use crate::state::State;
use crate::{Answer, Call};

/// `kubectl version -o json`: the server's part is left out when it does not answer.
pub(super) fn version(state: &State, call: &Call) -> Answer {
    let mut said = json!({"clientVersion": {"gitVersion": "v1.34.4"}});
    if call.args.iter().any(|arg| arg == "--client") {
        return Answer::ok(said.to_string());
    }
    if state.sandbox == "running" {
        said["serverVersion"] = json!({"gitVersion": "v1.34.4"});
        return Answer::ok(said.to_string());
    }
    let text = "The connection to the server 10.245.0.2:6443 was refused - did you specify the right host or port?\n";
    Answer { stdout: said.to_string(), ..Answer::fail(1, text) }
}

/// The table of Services.
pub(super) fn services(state: &State) -> Answer {
    Answer::ok(state.services.join("\n"))
}

/// Whether the objects that are to be made are questions about rights.
pub(super) fn is_review(stdin: &str) -> bool {
    stdin.contains("SelfSubjectAccessReview")
}

/// Answers each question, one object after another.
pub(super) fn review(state: &State, stdin: &str) -> Answer {
    let list: Value = serde_json::from_str(stdin).unwrap_or_default();
    let answer = |review: &Value| {
        let about = &review["spec"]["resourceAttributes"];
        let text = |field: &str| about[field].as_str().unwrap_or_default();
        let dot = if text("group").is_empty() { "" } else { "." };
        let right = format!("{} {}{dot}{}", text("verb"), text("resource"), text("group"));
        let mut answered = review.clone();
        answered["status"] = json!({"allowed": !state.forbidden.contains(&right)});
        format!("{answered:#}\n")
    };
    let answers: Vec<String> = list["items"].as_array().into_iter().flatten().map(answer).collect();
    Answer::ok(answers.concat())
}
