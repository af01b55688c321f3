//! Owns what a wrong profile is reported as: one line per problem, and a hint.
//! Refuses to quote the file: the line next to a mistake may hold a secret.

use std::fmt;
use std::path::PathBuf;

use todoctl_core::diagnostic::{Code, Diagnostic, Place};

/// One thing that is wrong in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file that wrote it, relative to the project where it is inside.
    pub file: PathBuf,
    /// Line and column, both from 1.
    pub position: Option<(usize, usize)>,
    /// Field path such as `releases.backend.chart`; empty for the file as a whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A profile that cannot be used: every problem that could be found at once. `Display` is one line per problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    problems: Vec<Problem>,
    hint: String,
}

impl ProfileError {
    pub(crate) fn new(problems: Vec<Problem>, hint: impl Into<String>) -> Self {
        Self { problems, hint: hint.into() }
    }

    /// One problem with a file as a whole.
    pub(super) fn file(
        file: impl Into<PathBuf>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let problem =
            Problem { file: file.into(), position: None, field: String::new(), message: message.into() };
        Self::new(vec![problem], hint)
    }

    /// The problems, in the order of the file's sections.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileError {}

impl From<ProfileError> for Diagnostic {
    fn from(error: ProfileError) -> Self {
        let place = error.problems.first().map(|problem| Place {
            file: problem.file.display().to_string(),
            line: problem.position.map(|(line, _)| line),
        });
        Self { place, ..Self::new(Code::ProfileInvalid, error.to_string(), error.hint()) }
    }
}
