//! Owns understanding what a changing command says: its progress while it runs, its complaint when it failed.
//! Refuses to show any of it: the engine makes events of it.

use super::docker::buildkit;
use super::minikube::events;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Dialect, Invocation, Output};
use todoctl_core::text;

/// What a line of a command that still runs says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// How far it has come.
    Progress(String),
    /// Something that is worth showing until the next line comes.
    Line(String),
    /// Something worth knowing that is no failure.
    Warning(String),
    /// Nothing for people.
    Nothing,
}

/// Whether the lines of such a command are read while it runs.
pub fn is_heard(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Text => false,
        Dialect::Lines | Dialect::MinikubeEvents | Dialect::BuildKit => true,
    }
}

/// What one line says.
pub fn read(dialect: Dialect, line: &str) -> Said {
    match dialect {
        Dialect::Text => Said::Nothing,
        Dialect::Lines if text::clean_line(line).is_empty() => Said::Nothing,
        Dialect::Lines => Said::Line(line.to_owned()),
        Dialect::MinikubeEvents => events::read(line),
        Dialect::BuildKit => buildkit::read(line),
    }
}

/// Why a command failed that the profile of this name needs: one line, what it said, and what to do when its words tell.
pub fn complaint(command: &Invocation, output: &Output, profile: &str) -> Diagnostic {
    let plain = || {
        let said = output.complaint();
        Diagnostic::new(Code::CommandFailed, output.headline(&command.tool.name()), "").because(said.lines())
    };
    match command.dialect {
        Dialect::Text | Dialect::Lines => plain(),
        Dialect::MinikubeEvents => events::complaint(output, profile).unwrap_or_else(plain),
        Dialect::BuildKit => buildkit::complaint(output).unwrap_or_else(plain),
    }
}
