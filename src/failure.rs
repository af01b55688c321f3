//! Owns expected failures of commands: what failed, why, the evidence, what to do next, and the exit status.

use todoctl_advice::doctor::Finding;
use todoctl_core::exit::Exit;
use todoctl_core::invocation::RunError;
use todoctl_core::redact::Redactor;
use todoctl_plan::step::DecideError;
use todoctl_project::chart::ChartError;
use todoctl_project::digest::DigestError;
use todoctl_project::profile::ProfileError;
use todoctl_run::survey::SurveyError;

/// A command that ends without its result. Nothing was changed, unless its exit status says otherwise.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) message: String,
    pub(super) evidence: Vec<String>,
    /// What to do next; absent only for bugs and answers of the person.
    pub(super) hint: Option<String>,
    /// File of the project and line that it is about, when there is one.
    pub(super) place: Option<(String, Option<usize>)>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, message: message.into(), evidence: Vec::new(), hint: Some(hint.into()), place: None }
    }

    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, hint)
    }

    pub(super) fn preflight(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Preflight, message, hint)
    }

    pub(super) fn bug(message: impl Into<String>) -> Self {
        Self { exit: Exit::Bug, message: message.into(), evidence: Vec::new(), hint: None, place: None }
    }

    /// The same without known secret values.
    pub(super) fn redacted(self, redactor: &Redactor) -> Self {
        let clean = |text: &String| redactor.text(text).into_owned();
        Self {
            message: clean(&self.message),
            evidence: self.evidence.iter().map(clean).collect(),
            hint: self.hint.as_ref().map(clean),
            ..self
        }
    }

    /// Before the first change. The message's first line says what failed; the rest of it is evidence.
    pub(super) fn unchanged(message: &str, evidence: &[String], hint: impl Into<String>) -> Self {
        let mut lines = message.lines();
        let first = lines.next().unwrap_or_default().trim_end_matches(':');
        let rest = lines.map(|line| line.trim().to_owned());
        Self {
            evidence: rest.chain(evidence.iter().cloned()).collect(),
            ..Self::preflight(format!("{first}; nothing was changed"), hint)
        }
    }

    /// What the preflight found in the way, all at once, in the words of `doctor`.
    pub(super) fn findings(found: &[Finding], profile: &str) -> Self {
        let told = |one: &Finding| format!("{} {}", one.what, one.evidence);
        if let [only] = found {
            return Self::unchanged(&told(only), &[], only.fix.clone().unwrap_or_default());
        }
        let lines = found.iter().flat_map(|one| {
            let fix = one.fix.as_ref().map(|fix| format!("  fix: {fix}"));
            std::iter::once(format!("- {}", told(one))).chain(fix)
        });
        let message = format!("{} things are in the way", found.len());
        let hint =
            format!("mend them, then run the same command again; everything else: todoctl doctor {profile}");
        Self::unchanged(&message, &lines.collect::<Vec<_>>(), hint)
    }

    /// Several steps that cannot decide, told together.
    pub(super) fn undecided(errors: &[DecideError]) -> Self {
        if let [only] = errors {
            return Self::unchanged(&only.message, &only.evidence, &only.hint);
        }
        let told = errors.iter().flat_map(|error| {
            let what = format!("- {error}");
            let evidence = error.evidence.iter().map(|line| format!("  {line}"));
            std::iter::once(what)
                .chain(evidence)
                .chain([format!("  hint: {}", error.hint)])
                .collect::<Vec<_>>()
        });
        let message = format!("{} steps cannot be planned", errors.len());
        Self::unchanged(&message, &told.collect::<Vec<_>>(), "mend them, then run the same command again")
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        let place = error
            .problems()
            .first()
            .map(|problem| (problem.file.display().to_string(), problem.position.map(|(line, _)| line)));
        Self { place, ..Self::preflight(error.to_string(), error.hint()) }
    }
}

impl From<&ChartError> for Failure {
    fn from(error: &ChartError) -> Self {
        Self::unchanged(&error.to_string(), &[], error.hint())
    }
}

impl From<DigestError> for Failure {
    fn from(error: DigestError) -> Self {
        Self::preflight(error.to_string(), error.hint())
    }
}

impl From<SurveyError> for Failure {
    fn from(error: SurveyError) -> Self {
        Self::unchanged(&error.to_string(), &[], error.hint())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::preflight(error.to_string(), error.hint())
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Self {
        Self::unchanged(&error.message, &error.evidence, error.hint)
    }
}
