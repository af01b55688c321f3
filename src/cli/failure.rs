//! Owns expected failures of commands: what failed, why, the evidence, what to do next, and the exit status.

use crate::digest::DigestError;
use crate::exit::Exit;
use crate::profile::ProfileError;
use crate::runner::RunError;
use crate::step::DecideError;
use crate::survey::SurveyError;

/// A command that ends without its result. Nothing was changed, unless its exit status says otherwise.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) message: String,
    pub(super) evidence: Vec<String>,
    /// What to do next; absent only for bugs and answers of the person.
    pub(super) hint: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, message: message.into(), evidence: Vec::new(), hint: Some(hint.into()) }
    }

    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, hint)
    }

    pub(super) fn preflight(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Preflight, message, hint)
    }

    pub(super) fn bug(message: impl Into<String>) -> Self {
        Self { exit: Exit::Bug, message: message.into(), evidence: Vec::new(), hint: None }
    }

    /// Several steps that cannot decide, told together.
    pub(super) fn undecided(errors: &[DecideError]) -> Self {
        let [only] = errors else {
            let list: Vec<String> =
                errors.iter().map(|error| format!("- {error}\n  hint: {}", error.hint)).collect();
            let message = format!("{} steps cannot be planned; nothing was changed", errors.len());
            return Self {
                exit: Exit::Preflight,
                message,
                evidence: list,
                hint: Some("mend them, then run the same command again".to_owned()),
            };
        };
        Self::preflight(format!("{only}; nothing was changed"), &only.hint)
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::preflight(error.to_string(), error.hint())
    }
}

impl From<DigestError> for Failure {
    fn from(error: DigestError) -> Self {
        Self::preflight(error.to_string(), error.hint())
    }
}

impl From<SurveyError> for Failure {
    fn from(error: SurveyError) -> Self {
        Self::preflight(format!("{error}; nothing was changed"), error.hint())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::preflight(error.to_string(), error.hint())
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Self {
        Self::preflight(format!("{error}; nothing was changed"), error.hint)
    }
}
