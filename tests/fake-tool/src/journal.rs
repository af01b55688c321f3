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
    /// Whether it takes, leaves or removes the lock.
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

/// Whether a call takes, leaves or removes the lock. A renewal does not count: how many there are depends on time.
pub fn locks(tool: &str, args: &[String]) -> bool {
    let line = args.join(" ");
    let changes_hands =
        line.starts_with("patch lease ") && line.contains("\"replace\",\"path\":\"/spec/holderIdentity\"");
    tool == "kubectl"
        && ((line.starts_with("create ") && line.contains(" -f - ") && !line.contains("--raw"))
            || changes_hands
            || line.starts_with("delete --raw /apis/coordination"))
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
        _ => has("start") || has("delete") || has("build") || has("rm") || has("load"),
    }
}
