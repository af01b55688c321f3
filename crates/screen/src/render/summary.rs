//! Owns the last words of a run: how it ended, and what to do next. Every screen says the same ones.
//! Refuses to know the screen.

use std::io::Write;

use super::error::Form;
use crate::output::{Look, Tone, print};
use crate::report::{self, Finished, Report, StepProgress, StepReport};
use todoctl_core::diagnostic::Code;
use todoctl_core::text;
use todoctl_plan::event::{Cause, Outcome, Remaining};

/// The summary of a run that is over; empty before.
pub fn summary(report: &Report, look: Look, rerun: Option<&str>) -> String {
    let Some(finished) = &report.finished else {
        return String::new();
    };
    match ending(report) {
        Some(end) => form(report, &end, look, rerun),
        None if is_recovery(report) => recovered(report, finished, look),
        None => success(report, finished, look),
    }
}

/// How a run failed, in words that every form of a summary uses.
pub(super) struct Ending {
    /// What failed: "release backend failed".
    pub(super) headline: String,
    /// What that means for what was deployed.
    pub(super) outcome: String,
    /// The reason.
    pub(super) code: Code,
    /// Why; foreign.
    pub(super) cause: String,
    /// Lines that show it; foreign.
    pub(super) evidence: Vec<String>,
    /// What is not as it was.
    pub(super) left: Left,
    /// What to do next; may be empty.
    pub(super) hint: String,
}

/// What a run left.
pub(super) enum Left {
    Nothing,
    /// What a first installation leaves behind.
    Stays(Vec<String>),
    /// What these commands are for, and the work they finish.
    Remaining(&'static str, Vec<Remaining>),
}

/// How a run failed; nothing while it runs, and for one that ended as was asked.
pub(super) fn ending(report: &Report) -> Option<Ending> {
    let told = |cause: &Cause, outcome: String, left: Left| Ending {
        headline: headline(report, cause),
        outcome,
        code: cause.diagnostic.code,
        cause: cause
            .step
            .as_ref()
            .map_or(&*cause.diagnostic.what, |step| report.own(step, &cause.diagnostic.what))
            .to_owned(),
        evidence: evidence(report, cause).to_vec(),
        left,
        hint: cause.diagnostic.fix.clone(),
    };
    Some(match &report.finished.as_ref()?.outcome {
        Outcome::Deployed => return None,
        Outcome::RolledBack { .. } if is_recovery(report) => return None,
        Outcome::RolledBack { cause, stays } => {
            told(cause, rolled_back(report, stays), Left::Stays(stays.clone()))
        }
        Outcome::Failed { cause } => told(cause, "nothing was changed".to_owned(), Left::Nothing),
        Outcome::Stuck { cause, remaining } => {
            let outcome = format!("stuck: not everything is back: {}", titles(report, remaining));
            told(cause, outcome, Left::Remaining("to finish by hand", remaining.clone()))
        }
        Outcome::Kept { cause, remaining } => {
            let outcome = format!("kept because of --no-rollback: {}", titles(report, remaining));
            told(cause, outcome, Left::Remaining("to undo by hand", remaining.clone()))
        }
    })
}

/// Prints the summary; a failure stands apart from the lines before it.
pub(super) fn print_summary(note: &mut dyn Write, report: &Report, look: Look, rerun: Option<&str>) {
    let text = summary(report, look, rerun);
    let failed = ending(report).is_some();
    print(note, &if failed { format!("\n{text}") } else { text });
}

/// The address of the application, when the run ended with one.
pub(super) fn url(report: &Report) -> Option<String> {
    report.finished.as_ref()?.url.as_deref().map(text::clean_line)
}

/// Whether the run only undid what a dead one had done: then being back is what was asked for.
pub(super) fn is_recovery(report: &Report) -> bool {
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
        StepProgress::Finished { seconds, .. } => format!("{} {}", step.info.title, text::duration(*seconds)),
        StepProgress::Pending | StepProgress::Running { .. } => step.info.title.clone(),
    };
    let links: Vec<String> = chain.iter().map(part).collect();
    let line = format!("  longest chain: {}", links.join(look.pick(" → ", " > ")));
    text::wrap(&line, look.width, "    ")
}

fn rolled_back(report: &Report, stays: &[String]) -> String {
    let seconds = report.unwind_seconds();
    let took = seconds.map_or_else(String::new, |seconds| format!(" in {}", text::duration(seconds)));
    if stays.is_empty() {
        return format!("rolled back: everything is as it was, verified{took}");
    }
    format!("rolled back and verified{took}; only what is listed below is left behind")
}

fn form(report: &Report, end: &Ending, look: Look, rerun: Option<&str>) -> String {
    let mut form = Form::new(&end.headline, look);
    form.field("outcome", &end.outcome);
    form.field("cause", &end.cause);
    form.evidence(&end.evidence);
    below(report, &mut form, &end.left);
    form.field("hint", &end.hint);
    let request = report.request();
    form.verbatim("rerun", rerun.unwrap_or(&request));
    let folder = report.evidence.as_ref().map_or(&report.folder, |evidence| &evidence.folder);
    form.verbatim("details", &folder.display().to_string());
    form.finish()
}

fn below(report: &Report, form: &mut Form, left: &Left) {
    match left {
        Left::Nothing => {}
        Left::Stays(stays) => {
            if !stays.is_empty() {
                form.title("stays");
            }
            for one in stays {
                form.item(one);
            }
        }
        Left::Remaining(title, remaining) => {
            if !remaining.is_empty() {
                form.title(title);
            }
            for one in remaining {
                let why = report.own(&one.step, &one.why);
                form.item(&format!("{}: {why}", report.title(&one.step)));
                for command in &one.commands {
                    form.command(command);
                }
            }
        }
    }
}

fn headline(report: &Report, cause: &Cause) -> String {
    match (&cause.step, cause.interrupted) {
        (_, true) => "interrupted".to_owned(),
        (Some(step), false) => format!("{} failed", report.title(step)),
        (None, false) => format!("{} failed", report.request()),
    }
}

fn evidence<'a>(report: &'a Report, cause: &'a Cause) -> &'a [String] {
    match (&report.evidence, cause.diagnostic.evidence.is_empty()) {
        (Some(saved), true) => &saved.excerpt,
        (_, _) => &cause.diagnostic.evidence,
    }
}

fn titles(report: &Report, remaining: &[Remaining]) -> String {
    remaining.iter().map(|one| report.title(&one.step)).collect::<Vec<_>>().join(", ")
}
