//! Owns what can be wrong in the files of a project, told by file and line: profiles, charts, Dapr objects, workflows,
//! committed secrets. Refuses to run anything and to repeat a secret: what helm and git say is handed in.

pub mod charts;
pub mod leaks;
pub mod profiles;
pub mod workflows;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The file, relative to the project.
    pub file: PathBuf,
    /// Line, from 1; absent for the file as a whole.
    pub line: Option<usize>,
    /// What kind of mistake it is, such as `profile` or `secret`.
    pub rule: &'static str,
    /// What is wrong, without the value of a secret.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        write!(out, ": {}: {}", self.rule, self.message)
    }
}

/// What was found in a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LintReport {
    /// Everything wrong, by file and line.
    pub faults: Vec<Fault>,
    /// What could not be looked at, and why.
    pub not_checked: Vec<String>,
}

impl LintReport {
    /// In order of files and lines, each once: several profiles may find the same.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.faults.sort();
        self.faults.dedup();
        self.not_checked.sort();
        self.not_checked.dedup();
        self
    }
}
