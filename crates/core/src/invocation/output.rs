//! Owns what an invocation gives back: its output, or why there is none, as text.
//! Refuses to understand what a tool said (`tool`).

use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};

/// What a finished process gave.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// Exit status; absent when a signal ended it.
    pub status: Option<i32>,
    /// Standard output; empty for logged commands.
    pub stdout: Vec<u8>,
    /// The end of standard error, or of all output for logged commands; lossy text, at most some kilobytes.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Output {
    /// Whether it exited with 0.
    pub fn is_success(&self) -> bool {
        self.status == Some(0)
    }

    /// The last lines of its error output that say something, joined.
    pub fn complaint(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let from = lines.len().saturating_sub(8);
        let text = lines[from..].join("\n");
        if text.is_empty() { format!("exit status {}", self.status_text()) } else { text }
    }

    /// The one line that says what failed: the last that looks like an error of `program`, else the last of all.
    pub fn headline(&self, program: &str) -> String {
        let name = program.rsplit('/').next().unwrap_or(program);
        let is_error = |line: &&str| {
            line.starts_with("Error") || line.starts_with("error") || line.starts_with(&format!("{name}: "))
        };
        let complaint = self.complaint();
        let found = complaint.lines().rev().find(is_error).or_else(|| complaint.lines().last());
        found.unwrap_or_default().to_owned()
    }

    /// The exit status for people.
    pub fn status_text(&self) -> String {
        self.status.map_or_else(|| "none (ended by a signal)".to_owned(), |code| code.to_string())
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Why a process gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RunError {
    /// The program does not exist.
    #[error("{program} is not installed or not on the PATH")]
    Missing {
        /// The program.
        program: String,
    },
    /// It could not be started, or its files could not be written.
    #[error("cannot run {program}: {why}")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        why: String,
    },
    /// It ran longer than allowed and was stopped.
    #[error("{program} did not end within {limit:?} and was stopped")]
    Timeout {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
        /// The log of its output, if it has one.
        log: Option<PathBuf>,
    },
}

impl RunError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { program } => super::install(program)
                .map_or_else(|| format!("check the path of {program} in the profile"), str::to_owned),
            Self::Start { program, .. } => format!("run {program} by hand to see why"),
            Self::Timeout { .. } => "run the command by hand to see what it waits for".to_owned(),
        }
    }
}

impl From<RunError> for Diagnostic {
    fn from(error: RunError) -> Self {
        let code = match error {
            RunError::Missing { .. } => Code::ToolMissing,
            RunError::Start { .. } => Code::ToolFailed,
            RunError::Timeout { .. } => Code::ToolTimeout,
        };
        Self::new(code, error.to_string(), error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_is_the_error_and_not_the_advice_below_it() {
        let said = |text: &str| Output { stderr: text.to_owned(), ..Output::default() };
        let sandbox = said("   0.10 s  network\nsandbox: the range is taken\n  choose another: --net 10.9\n");
        assert_eq!(sandbox.headline("sandbox/sandbox"), "sandbox: the range is taken");
        assert_eq!(
            said("W0101 warning\nError: UPGRADE FAILED: x\n").headline("helm"),
            "Error: UPGRADE FAILED: x"
        );
        assert_eq!(said("a\nb\n").headline("make"), "b");
    }
}
