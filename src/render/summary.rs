//! Owns the last words of a run: how it ended, and what to do next. Every screen says the same ones.
//! Refuses to know the screen.

use std::io::Write;

use super::error::Form;
use crate::event::{Cause, Outcome, Remaining};
use crate::output::{Look, Tone, print};
use crate::report::{self, Finished, Progress, Report, StepReport};
use crate::text;

/// The summary of a run that is over; empty before.
pub fn summary(report: &Report, look: Look, rerun: Option<&str>) -> String {
    let Some(finished) = &report.finished else {
        return String::new();
    };
    let failure = Failure { report, look, rerun };
    match &finished.outcome {
        Outcome::Deployed => success(report, finished, look),
        Outcome::RolledBack { .. } if is_recovery(report) => recovered(report, finished, look),
        Outcome::RolledBack { cause, stays } => failure.rolled_back(cause, stays),
        Outcome::Failed { cause } => failure.form(cause, "nothing was changed", &Below::Nothing),
        Outcome::Stuck { cause, remaining } => {
            let outcome = format!("stuck: not everything is back: {}", failure.titles(remaining));
            failure.form(cause, &outcome, &Below::Remaining("to finish by hand", remaining))
        }
        Outcome::Kept { cause, remaining } => {
            let outcome = format!("kept because of --no-rollback: {}", failure.titles(remaining));
            failure.form(cause, &outcome, &Below::Remaining("to undo by hand", remaining))
        }
    }
}

/// Prints the summary; a failure stands apart from the lines before it.
pub(super) fn print_summary(note: &mut dyn Write, report: &Report, look: Look, rerun: Option<&str>) {
    let text = summary(report, look, rerun);
    let failed = report.finished.as_ref().is_some_and(|end| match end.outcome {
        Outcome::Deployed => false,
        Outcome::RolledBack { .. } => !is_recovery(report),
        Outcome::Failed { .. } | Outcome::Stuck { .. } | Outcome::Kept { .. } => true,
    });
    print(note, &if failed { format!("\n{text}") } else { text });
}

/// The address of the application, when the run ended with one.
pub(super) fn url(report: &Report) -> Option<String> {
    report.finished.as_ref()?.url.as_deref().map(text::clean_line)
}

/// Whether the run only undid what a dead one had done: then being back is what was asked for.
fn is_recovery(report: &Report) -> bool {
    report.command == "recover"
}

fn recovered(report: &Report, finished: &Finished, look: Look) -> String {
    let seconds = report.unwind_seconds().unwrap_or(finished.seconds);
    let mark = look.paint(Tone::Good, look.pick("✓", "*"));
    format!(
        "{mark} recovered: everything is as it was before that run, verified in {}",
        text::duration(seconds)
    )
}

fn success(report: &Report, finished: &Finished, look: Look) -> String {
    let took = text::duration(finished.seconds);
    let mark = look.paint(Tone::Good, look.pick("✓", "*"));
    let releases = |removal: bool| {
        report
            .changed()
            .filter(|step| report::is_release(step) && report::is_removal(step) == removal)
            .count()
    };
    let (deployed, removed) = (releases(false), releases(true));
    let unchanged = report.unchanged().filter(|step| report::is_release(step)).count();
    let others = report.changed().filter(|step| !report::is_release(step)).count();
    if deployed + removed + others == 0 {
        let kept = match unchanged {
            0 => text::count(report.unchanged().count(), "step"),
            some => text::count(some, "release"),
        };
        return match report.command.as_str() {
            "verify" => format!("{mark} {kept} verified in {took}"),
            _ => format!("{mark} nothing to do: {kept} unchanged, verified in {took}"),
        };
    }
    let mut parts = Vec::new();
    if deployed > 0 {
        let verb = if report.command == "rollback" { "rolled back" } else { "deployed" };
        parts.push(format!("{} {verb}", text::count(deployed, "release")));
    }
    if removed > 0 {
        parts.push(format!("{} removed", text::count(removed, "release")));
    }
    if parts.is_empty() {
        parts.push(format!("{} done", text::count(others, "step")));
    }
    if unchanged > 0 {
        parts.push(format!("{unchanged} unchanged"));
    }
    let mut lines = vec![format!("{mark} {} in {took}", parts.join(", "))];
    lines.extend(longest_chain(report, look));
    lines.join("\n")
}

/// What decided how long the run took; nothing for a run of one step.
fn longest_chain(report: &Report, look: Look) -> Vec<String> {
    let chain = report.longest_chain();
    if chain.len() < 2 {
        return Vec::new();
    }
    let part = |step: &&StepReport| match &step.forward {
        Progress::Finished { seconds, .. } => format!("{} {}", step.info.title, text::duration(*seconds)),
        Progress::Pending | Progress::Running { .. } => step.info.title.clone(),
    };
    let links: Vec<String> = chain.iter().map(part).collect();
    let line = format!("  longest chain: {}", links.join(look.pick(" → ", " > ")));
    text::wrap(&line, look.width, "    ")
}

/// What all failures share.
struct Failure<'a> {
    report: &'a Report,
    look: Look,
    rerun: Option<&'a str>,
}

/// What a failure lists below its evidence.
enum Below<'a> {
    Nothing,
    Stays(&'a [String]),
    Remaining(&'static str, &'a [Remaining]),
}

impl Failure<'_> {
    fn rolled_back(&self, cause: &Cause, stays: &[String]) -> String {
        let seconds = self.report.unwind_seconds();
        let took = seconds.map_or_else(String::new, |seconds| format!(" in {}", text::duration(seconds)));
        let outcome = if stays.is_empty() {
            format!("rolled back: everything is as it was, verified{took}")
        } else {
            format!("rolled back and verified{took}; only what is listed below is left behind")
        };
        self.form(cause, &outcome, &Below::Stays(stays))
    }

    fn form(&self, cause: &Cause, outcome: &str, below: &Below<'_>) -> String {
        let mut form = Form::new(&self.headline(cause), self.look);
        form.field("outcome", outcome);
        let step = cause.step.as_ref();
        form.field("cause", step.map_or(&cause.message, |step| self.report.own(step, &cause.message)));
        form.evidence(self.evidence(cause));
        self.below(&mut form, below);
        form.field("hint", &cause.hint);
        let request = self.report.request();
        form.verbatim("rerun", self.rerun.unwrap_or(&request));
        let folder = self.report.evidence.as_ref().map_or(&self.report.folder, |evidence| &evidence.folder);
        form.verbatim("details", &folder.display().to_string());
        form.finish()
    }

    fn below(&self, form: &mut Form, below: &Below<'_>) {
        match below {
            Below::Nothing | Below::Stays([]) | Below::Remaining(_, []) => {}
            Below::Stays(stays) => {
                form.title("stays");
                for one in *stays {
                    form.item(one);
                }
            }
            Below::Remaining(title, remaining) => {
                form.title(title);
                for one in *remaining {
                    let why = self.report.own(&one.step, &one.why);
                    form.item(&format!("{}: {why}", self.report.title(&one.step)));
                    for command in &one.commands {
                        form.command(command);
                    }
                }
            }
        }
    }

    fn headline(&self, cause: &Cause) -> String {
        match (&cause.step, cause.interrupted) {
            (_, true) => "interrupted".to_owned(),
            (Some(step), false) => format!("{} failed", self.report.title(step)),
            (None, false) => format!("{} failed", self.report.request()),
        }
    }

    fn evidence<'a>(&'a self, cause: &'a Cause) -> &'a [String] {
        match (&self.report.evidence, cause.evidence.is_empty()) {
            (Some(saved), true) => &saved.excerpt,
            (_, _) => &cause.evidence,
        }
    }

    fn titles(&self, remaining: &[Remaining]) -> String {
        remaining.iter().map(|one| self.report.title(&one.step)).collect::<Vec<_>>().join(", ")
    }
}
