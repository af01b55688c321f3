//! Owns the log of calls: one JSON line when a call begins and one when it ends. The beginning holds the whole
//! command line, input and environment; a call that was killed has no end.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Process id of the call.
    pub pid: u32,
    /// Tool.
    pub tool: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Whether the call changes something that a plan announces.
    pub changes: bool,
    /// Whether it takes, leaves or removes the lock, or writes what else todoctl keeps for itself.
    #[serde(default)]
    pub locks: bool,
    /// Exit status; absent when the call begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Standard input; only when the call begins.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdin: String,
    /// Environment; only when the call begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// Adds a line.
pub fn append(path: &Path, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    // One write to a file opened for appending: lines of several processes do not mix.
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

/// Whether a call takes, leaves or removes the lock, or writes what else todoctl keeps for itself. A renewal does not count: how many there are
/// depends on time. Of a request the arguments are method, path and body.
pub fn locks(tool: &str, args: &[String]) -> bool {
    let [method, path, body] = args else { return false };
    let changes_hands = body.contains(r#""replace","path":"/spec/holderIdentity""#);
    tool == "api"
        && !path.contains("/proxy/")
        && !path.contains("?dryRun=")
        && match method.as_str() {
            "POST" | "DELETE" => true,
            // Every other patch is of the books that end a run.
            "PATCH" => changes_hands || !path.contains("/leases/"),
            _ => false,
        }
}

/// Whether a call changes something that a plan announces.
pub fn changes(tool: &str, args: &[String]) -> bool {
    let has = |word: &str| args.iter().any(|arg| arg == word);
    match tool {
        "helm" => has("upgrade") || has("install") || has("rollback") || has("uninstall"),
        // A request to a program changes nothing that todoctl deploys.
        "kubectl" if has("--raw") || has("--dry-run=server") => false,
        "kubectl" if args.len() > 1 && args[0] == "patch" && args[1] == "crd" => true,
        "kubectl" => matches!(args.first().map(String::as_str), Some("apply" | "delete" | "scale")),
        "docker" => has("build") || has("create"),
        "api" => false,
        _ => has("start") || has("delete") || has("build") || has("rm") || has("load"),
    }
}
