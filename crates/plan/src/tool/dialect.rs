//! Owns understanding what a changing command says: its progress while it runs, its complaint when it failed.
//! Refuses to show any of it: the engine makes events of it.

use super::docker::buildkit;
use super::minikube::events;
use todoctl_core::invocation::{Dialect, Invocation, Output};

/// What a line of a command that still runs says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// How far it has come.
    Progress(String),
    /// Something worth knowing that is no failure.
    Warning(String),
    /// Nothing for people.
    Nothing,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// One line that says what failed.
    pub headline: String,
    /// What it said, line by line.
    pub evidence: Vec<String>,
    /// What to do about it, when the tool's words tell.
    pub hint: Option<String>,
}

/// Whether the lines of such a command are read while it runs.
pub fn is_heard(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Text => false,
        Dialect::MinikubeEvents | Dialect::BuildKit => true,
    }
}

/// What one line says.
pub fn read(dialect: Dialect, line: &str) -> Said {
    match dialect {
        Dialect::Text => Said::Nothing,
        Dialect::MinikubeEvents => events::read(line),
        Dialect::BuildKit => buildkit::read(line),
    }
}

/// Why a command failed that the profile of this name needs.
pub fn complaint(command: &Invocation, output: &Output, profile: &str) -> Complaint {
    let text = || Complaint {
        headline: output.headline(&command.tool.name()),
        evidence: output.complaint().lines().map(str::to_owned).collect(),
        hint: None,
    };
    match command.dialect {
        Dialect::Text => text(),
        Dialect::MinikubeEvents => events::complaint(output, profile).unwrap_or_else(text),
        Dialect::BuildKit => buildkit::complaint(output).unwrap_or_else(text),
    }
}
