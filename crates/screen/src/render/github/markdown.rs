//! Owns the Markdown of a job's summary. Foreign text is escaped or fenced: it can neither format nor link.

use super::super::summary::{Ending, Left, ending, is_recovery};
use crate::report::{Report, StepProgress, StepReport};
use todoctl_core::text;
use todoctl_plan::event::{StepResult, UndoResult};
use todoctl_plan::step::Change;

/// Lines of evidence. GitHub drops a whole summary above 1 MiB.
const EVIDENCE: usize = 30;
/// Characters of one line of evidence.
const LINE: usize = 400;
/// Rows of the table of steps.
const ROWS: usize = 250;

/// The summary of a run that is over.
pub(super) fn run(report: &Report, url: Option<&str>, rerun: Option<&str>) -> String {
    let mut parts = Vec::new();
    match ending(report) {
        None => {
            parts.push(format!("### {}: {}", plain(&report.request()), done(report)));
            parts.extend(url.map(|url| format!("The application answers at {}", plain(url))));
            parts.extend(table(report));
            parts.extend(chain(report));
        }
        Some(end) => {
            parts.push(format!("### {}: {}", plain(&report.request()), plain(&end.headline)));
            parts.extend((!end.cause.is_empty()).then(|| plain(&end.cause)));
            parts.push(format!("**Outcome:** {}", plain(&end.outcome)));
            parts.extend(table(report));
            parts.extend(evidence(&end.evidence));
            parts.extend(left(report, &end));
            parts.extend((!end.hint.is_empty()).then(|| format!("**Hint:** {}", plain(&end.hint))));
        }
    }
    for warning in &report.warnings {
        parts.push(format!("**Warning:** {}", plain(warning)));
    }
    let again = rerun.map(|line| format!(" · `{}`", code(line))).unwrap_or_default();
    parts.push(format!("run {}{again}", plain(&report.run)));
    parts.join("\n\n") + "\n"
}

/// The summary of a command that failed before it began.
pub fn failure(title: &str, message: &str, details: &[String], hint: Option<&str>) -> String {
    let mut parts = vec![format!("### {}: failed", plain(title)), plain(message)];
    parts.extend(evidence(details));
    parts.extend(hint.filter(|hint| !hint.is_empty()).map(|hint| format!("**Hint:** {}", plain(hint))));
    parts.join("\n\n") + "\n"
}

/// The summary of a command whose result is one sentence.
pub fn words(title: &str, sentence: &str) -> String {
    format!("### {}\n\n{}\n", plain(title), plain(sentence))
}

/// The summary of a plan: its text as it is.
pub fn plan(title: &str, shown: &str) -> String {
    let lines: Vec<String> = shown.lines().map(str::to_owned).collect();
    format!("### {}\n\n{}\n", plain(title), fenced(&lines))
}

fn done(report: &Report) -> String {
    let took = report.finished.as_ref().map_or(0.0, |end| end.seconds);
    if is_recovery(report) {
        return format!("everything is as it was before that run, after {}", text::duration(took));
    }
    let word = match report.command.as_str() {
        "rollback" => "rolled back",
        "verify" => "verified",
        "down" => "removed",
        _ if report.changed().next().is_none() => "nothing to do",
        _ => "deployed and verified",
    };
    format!("{word} in {}", text::duration(took))
}

/// The steps that did something, or tried; the others are counted.
fn table(report: &Report) -> Option<String> {
    let (told, still): (Vec<&StepReport>, Vec<&StepReport>) = report.steps.iter().partition(|step| {
        !matches!(
            step.forward.result(),
            Some(StepResult::Unchanged | StepResult::Checked | StepResult::Skipped)
        ) && step.forward != StepProgress::Pending
            || step.undo != StepProgress::Pending
    });
    let mut lines = Vec::new();
    if !told.is_empty() {
        lines.extend(
            ["| | step | change | result | time |", "| ---: | --- | --- | --- | ---: |"].map(str::to_owned),
        );
        lines.extend(told.iter().take(ROWS).map(|step| row(step)));
    }
    let skipped = still.iter().filter(|step| step.forward.result() == Some(&StepResult::Skipped)).count();
    let unchanged = report.unchanged().count();
    let rest: Vec<String> = [(unchanged, "unchanged"), (skipped, "not started")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", text::count(number, "step")))
        .collect();
    let rest = (!rest.is_empty()).then(|| rest.join(", "));
    match (lines.is_empty(), rest) {
        (true, rest) => rest,
        (false, None) => Some(lines.join("\n")),
        (false, Some(rest)) => Some(format!("{}\n\n{rest}", lines.join("\n"))),
    }
}

fn row(step: &StepReport) -> String {
    let change = match &step.info.change {
        Change::None { .. } => String::new(),
        Change::Create { to } => plain(to),
        Change::Update { from, to } => format!("{} → {}", plain(from), plain(to)),
        Change::Remove { from } => format!("remove {}", plain(from)),
    };
    let (forward, seconds) = match &step.forward {
        StepProgress::Pending => ("", String::new()),
        StepProgress::Running { .. } => ("stopped", String::new()),
        StepProgress::Finished { result, seconds } => (word(result), text::duration(*seconds)),
    };
    let undone = match step.undo.result() {
        None => "",
        Some(UndoResult::Undone) => "undone",
        Some(UndoResult::Untouched { .. }) => "left as it is",
        Some(UndoResult::Failed { .. }) => "**undo failed**",
    };
    let results: Vec<&str> = [forward, undone].into_iter().filter(|text| !text.is_empty()).collect();
    let title = plain(&step.info.title);
    format!("| {} | {title} | {change} | {} | {seconds} |", step.info.order, results.join(", "))
}

fn word(result: &StepResult) -> &'static str {
    match result {
        StepResult::Unchanged => "unchanged",
        StepResult::Checked => "healthy",
        StepResult::Verified => "done",
        StepResult::Failed { .. } => "**failed**",
        StepResult::Skipped => "not started",
    }
}

fn chain(report: &Report) -> Option<String> {
    let part = |step: &&StepReport| match &step.forward {
        StepProgress::Finished { seconds, .. } => {
            format!("{} {}", plain(&step.info.title), text::duration(*seconds))
        }
        StepProgress::Pending | StepProgress::Running { .. } => plain(&step.info.title),
    };
    let links: Vec<String> = report.longest_chain().iter().map(part).collect();
    (links.len() > 1).then(|| format!("Longest chain: {}", links.join(" → ")))
}

fn evidence(lines: &[String]) -> Option<String> {
    let lines: Vec<String> = lines.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    let from = lines.len().saturating_sub(EVIDENCE);
    (!lines.is_empty()).then(|| fenced(&lines[from..]))
}

fn left(report: &Report, end: &Ending) -> Option<String> {
    let mut lines = match &end.left {
        Left::Nothing => return None,
        Left::Stays(stays) if stays.is_empty() => return None,
        Left::Stays(stays) => {
            let mut lines = vec!["**What stays:**".to_owned(), String::new()];
            lines.extend(stays.iter().map(|one| format!("- {}", plain(one))));
            return Some(lines.join("\n"));
        }
        Left::Remaining(title, _) => vec![format!("**What remains, {title}:**"), String::new()],
    };
    if let Left::Remaining(_, remaining) = &end.left {
        for one in remaining {
            let why = plain(report.own(&one.step, &one.why));
            lines.push(format!("- {}: {why}", plain(&report.title(&one.step))));
            lines.extend(one.commands.iter().map(|command| format!("  - `{}`", code(command))));
        }
    }
    Some(lines.join("\n"))
}

/// Text that formats nothing: what Markdown or HTML would read is escaped.
fn plain(foreign: &str) -> String {
    let mut out = String::new();
    for c in text::clean_line(foreign).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Otherwise a name after it is told of the run.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Text between backticks.
fn code(foreign: &str) -> String {
    text::clean_line(foreign).replace('`', "'").replace('|', "\\|")
}

/// Lines as they are, behind a fence that is longer than any in them.
fn fenced(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| text::cut(&text::clean(line), LINE, "…")).collect();
    let text = lines.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}
