//! Owns what GitHub Actions shows of a run beside its log: annotations and the summary of the job.
//! Refuses to know where it runs (the program does) and to fail: a summary that cannot be written changes no outcome.
//!
//! There is no group per step: steps run side by side, and lines of one step would be folded into the group of
//! another.

pub mod command;
mod markdown;

pub use markdown::{failure as failure_summary, plan as plan_summary, words as words_summary};

use std::io::Write;

use jiff::Timestamp;

use self::command::Level;
use super::Renderer;
use super::summary::{Ending, ending, url};
use crate::output::print;
use crate::report::Report;
use todoctl_core::text;
use todoctl_plan::event::{Event, Outcome, Sink, Stamped};

/// Warnings of one run that become annotations. GitHub shows ten of a step, and other runs of the process have some.
const WARNINGS: usize = 5;

/// What a job of GitHub Actions gives.
pub struct GitHub {
    /// Where commands to the runner go. It reads them from both streams.
    pub commands: Box<dyn Write + Send>,
    /// The summary of the job, in Markdown, when it can be written.
    pub summary: Option<Box<dyn Write + Send>>,
    /// Ends a passage of foreign text. Random, so that the text cannot do it.
    pub token: String,
}

/// A screen that also tells GitHub.
pub(super) struct OnGitHub {
    inner: Box<dyn Renderer + Send>,
    github: GitHub,
    report: Report,
    rerun: Option<String>,
    warnings: usize,
}

impl OnGitHub {
    pub(super) fn new(inner: Box<dyn Renderer + Send>, github: GitHub, rerun: Option<String>) -> Self {
        Self { inner, github, report: Report::default(), rerun, warnings: 0 }
    }

    fn say(&mut self, command: &str) {
        print(&mut self.github.commands, command);
    }

    fn warn(&mut self, message: &str) {
        self.warnings += 1;
        if self.warnings <= WARNINGS {
            let title = self.report.request();
            self.say(&command::annotation(Level::Warning, &title, None, &text::clean(message)));
        }
    }

    fn end(&mut self, stamped: &Stamped) {
        let Some(end) = ending(&self.report) else {
            self.inner.event(stamped);
            return self.summarise();
        };
        // The screen shows what pods said: until the token comes, the runner takes no line for a command.
        self.say(&command::stop(&self.github.token));
        self.inner.event(stamped);
        self.say(&command::resume(&self.github.token));
        self.say(&command::annotation(
            Level::Error,
            &command::title(&format!("{}: {}", self.report.request(), end.headline), end.code),
            None,
            &message(&end),
        ));
        self.summarise();
    }

    fn summarise(&mut self) {
        let text = markdown::run(&self.report, url(&self.report).as_deref(), self.rerun.as_deref());
        let written = self.github.summary.as_mut().is_none_or(|summary| print(summary, &text));
        if !written {
            self.warn("the summary of the job cannot be written");
        }
    }
}

/// An annotation says the least that helps: cause, outcome, hint.
fn message(end: &Ending) -> String {
    let mut lines = vec![text::clean_line(&end.cause), text::clean_line(&end.outcome)];
    if !end.hint.is_empty() {
        lines.push(format!("hint: {}", text::clean_line(&end.hint)));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

impl Sink for OnGitHub {
    fn event(&mut self, stamped: &Stamped) {
        self.report.apply(stamped);
        match &stamped.event {
            Event::RunFinished { outcome: Outcome::Deployed, .. } => {
                self.inner.event(stamped);
                self.summarise();
            }
            Event::RunFinished { .. } => self.end(stamped),
            Event::Warning { message } => {
                self.inner.event(stamped);
                self.warn(message);
            }
            Event::RunStarted { .. }
            | Event::StepStarted { .. }
            | Event::CommandStarted { .. }
            | Event::CommandFinished { .. }
            | Event::StepWaiting { .. }
            | Event::StepProgress { .. }
            | Event::CommandSaid { .. }
            | Event::CheckPassed { .. }
            | Event::StepFinished { .. }
            | Event::EvidenceSaved { .. }
            | Event::UnwindStarted { .. }
            | Event::UndoStarted { .. }
            | Event::UndoFinished { .. } => self.inner.event(stamped),
        }
    }
}

impl Renderer for OnGitHub {
    fn tick(&mut self, now: Timestamp) {
        self.inner.tick(now);
    }

    fn finish(&mut self) {
        self.inner.finish();
    }
}
