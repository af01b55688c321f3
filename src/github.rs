//! Owns what a job of GitHub Actions adds to a command: annotations, the job's summary, masks, groups.
//! Refuses to fail: what cannot be told changes no outcome.

use std::fs::OpenOptions;
use std::io::Write;

use crate::folders::{self, variable};
use crate::hygiene;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_screen::output::{Color, Output};
use todoctl_screen::render::GitHub;
use todoctl_screen::render::github::command::{self, Level};
use todoctl_screen::render::github::{failure_summary, plan_summary, words_summary};

/// Whether this process is part of a job.
pub(super) fn is_here() -> bool {
    variable("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// What a screen needs of the job.
pub(super) fn of_screen(color: Color) -> Option<GitHub> {
    is_here().then(|| {
        let output = Output::standard(color, &folders::terminal(), hygiene::redactor().clone());
        GitHub {
            commands: output.into_writers().1,
            summary: summary(),
            token: format!("{:032x}", rand::random::<u128>()),
        }
    })
}

/// The file of the job's summary: each step has its own, and more than one command may add to it.
fn summary() -> Option<Box<dyn Write + Send>> {
    let path = variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty())?;
    let file = OpenOptions::new().append(true).create(true).open(path).ok()?;
    Some(Box::new(file))
}

/// Tells of a command that ended without its result.
pub(super) fn failure(failure: &Diagnostic, output: &mut Output) {
    if !is_here() {
        return;
    }
    let title = folders::command_line();
    let place = failure.place.as_ref().map(|place| (place.file.as_str(), place.line));
    let mut message = failure.what.clone();
    if !failure.fix.is_empty() {
        message = format!("{message}\nhint: {}", failure.fix);
    }
    let told = command::title(&title, failure.code);
    output.note(&command::annotation(Level::Error, &told, place, &message));
    write(&failure_summary(&title, &failure.what, &failure.evidence, Some(&failure.fix)));
}

/// Tells of a command whose result is one sentence.
pub(super) fn words(sentence: &str) {
    if is_here() {
        write(&words_summary(&folders::command_line(), sentence));
    }
}

/// Puts a plan into the job's summary.
pub(super) fn plan(shown: &str) {
    if is_here() {
        write(&plan_summary(&folders::command_line(), shown));
    }
}

/// Text that a reader of the log can fold away.
pub(super) fn group(title: &str, text: &str) -> String {
    if is_here() {
        return format!("{}\n{text}\n{}", command::group(title), command::end_group());
    }
    text.to_owned()
}

fn write(markdown: &str) {
    if let Some(mut summary) = summary() {
        let text = hygiene::redactor().text(markdown);
        // A summary that cannot be written is no failure.
        let _: std::io::Result<()> = summary.write_all(text.as_bytes());
    }
}
