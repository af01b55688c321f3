//! Stands for kubectl: which verb does what, and the complaints that all share. `write` does the work.

mod write;

pub(crate) use write::put_secret;

use serde_json::json;

use crate::argv::Argv;
use crate::state::{State, VERSION};
use crate::{Answer, Call, dapr, kubeconfig};

const VALUED: [&str; 16] = [
    "-p",
    "--type",
    "--max-log-requests",
    "--dry-run",
    "-n",
    "--namespace",
    "--context",
    "-l",
    "-o",
    "--request-timeout",
    "-f",
    "--field-manager",
    "--raw",
    "--tail",
    "--timeout",
    "--replicas",
];
const BARE: [&str; 14] = [
    "--validate",
    "--ignore-errors",
    "--follow",
    "--show-labels",
    "--no-headers",
    "--all-namespaces",
    "-A",
    "--server-side",
    "--force-conflicts",
    "--ignore-not-found",
    "--wait",
    "--all-containers",
    "--prefix",
    "--previous",
];

/// Answers one call that ends by itself.
pub fn run(state: &mut State, call: &Call) -> Answer {
    if call.args.starts_with(&["config".to_owned(), "view".to_owned()]) {
        return view(state, call);
    }
    if call.args.first().is_some_and(|verb| verb == "version") {
        return Answer::ok(json!({"clientVersion": {"gitVersion": VERSION}}).to_string());
    }
    let argv = match parse(state, call) {
        Ok(argv) => argv,
        Err(answer) => return answer,
    };
    match argv.word(0) {
        "patch" if argv.word(1) == "crd" => dapr::patch_crd(state, argv.word(2)),
        "apply" => write::apply(state, &argv, &call.stdin),
        "delete" => write::delete(state, &argv, call.now),
        "scale" => write::scale(state, &argv),
        other => Answer::fail(1, format!("error: unknown command \"{other}\" for \"kubectl\"\n")),
    }
}

/// The user's kubeconfig is looked at without a cluster.
fn view(state: &State, call: &Call) -> Answer {
    match Argv::parse(&call.args, &["--context", "--kubeconfig"], &["--raw", "--minify", "--flatten"]) {
        Ok(argv) => kubeconfig::view(state, argv.value(&["--context"]).unwrap_or_default()).into(),
        Err(error) => Answer::fail(1, format!("error: {error}\n")),
    }
}

fn parse(state: &State, call: &Call) -> Result<Argv, Answer> {
    let argv = Argv::parse(&call.args, &VALUED, &BARE)
        .map_err(|error| Answer::fail(1, format!("error: {error}\n")))?;
    let context = argv.value(&["--context"]).unwrap_or_default();
    kubeconfig::reached(state, call, context).map_err(|text| Answer::fail(1, text))?;
    Ok(argv)
}

/// The namespace of a call; `None` for all.
fn namespace(argv: &Argv) -> Option<&str> {
    if argv.has(&["-A", "--all-namespaces"]) {
        return None;
    }
    Some(argv.value(&["-n", "--namespace"]).unwrap_or("default"))
}

fn not_found(kind: &str, name: &str) -> Answer {
    Answer::fail(1, format!("Error from server (NotFound): {kind} \"{name}\" not found\n"))
}

#[cfg(test)]
mod tests;
