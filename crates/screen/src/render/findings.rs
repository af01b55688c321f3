//! Owns the pages of `doctor` and `lint`: one line per finding, its fix below it, a count at the end.

use serde_json::{Value, json};

use crate::output::{Look, Tone};
use todoctl_advice::doctor::{Finding, State};
use todoctl_advice::lint::LintReport;
use todoctl_core::text;

/// Columns of the longest state, and of the space after it.
const STATE: usize = 13;

/// Findings for people, by area.
pub fn text(findings: &[Finding], look: Look) -> String {
    let mut lines = Vec::new();
    let mut area = None;
    for one in findings {
        if area != Some(one.area) {
            if area.is_some() {
                lines.push(String::new());
            }
            lines.push(look.paint(Tone::Strong, one.area.title()));
            area = Some(one.area);
        }
        lines.extend(finding(one, look));
    }
    lines.push(String::new());
    lines.push(summary(findings));
    lines.join("\n")
}

/// The state in a column of its own; the fix below what was seen.
fn finding(one: &Finding, look: Look) -> Vec<String> {
    let tone = match one.state {
        State::Ok => Tone::Good,
        State::Warning => Tone::Careful,
        State::Failed => Tone::Bad,
        State::NotChecked => Tone::Dim,
    };
    let name = one.state.name();
    let width = look.width.saturating_sub(STATE + 2);
    let said = text::clean(&format!("{}: {}", one.what, one.evidence));
    let said = said.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut body = text::wrap(&said, width, "  ");
    for line in one.fix.iter().flat_map(|fix| fix.lines()) {
        body.extend(text::wrap(&format!("fix: {}", text::clean_line(line)), width, "  "));
    }
    let column = |index| {
        let name = if index == 0 { name } else { "" };
        let space = " ".repeat(STATE - name.len());
        format!("  {}{space}", if name.is_empty() { String::new() } else { look.paint(tone, name) })
    };
    body.iter().enumerate().map(|(index, line)| format!("{}{line}", column(index))).collect()
}

fn summary(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|one| one.state == state).count();
    let states = [State::Failed, State::Warning, State::NotChecked, State::Ok];
    let parts = states.into_iter().map(|state| (count(state), state.name())).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, name)| format!("{count} {name}")).collect();
    format!("{}.", parts.join(", "))
}

/// Findings for programs.
pub fn json(profile: Option<&str>, findings: &[Finding]) -> Value {
    json!({"format": 1, "profile": profile, "findings": findings})
}

/// What is wrong in files, for people.
pub fn faults(report: &LintReport, look: Look) -> String {
    let mut lines = Vec::new();
    for fault in &report.faults {
        lines.extend(text::wrap(&text::clean_line(&fault.to_string()), look.width, "  "));
        let fix = format!("  fix: {}", text::clean_line(&fault.fix));
        lines.extend(text::wrap(&fix, look.width, "    "));
    }
    for why in &report.not_checked {
        let line = format!("not checked: {}", text::clean_line(why));
        lines.extend(text::wrap(&line, look.width, "  "));
    }
    let found = match report.faults.len() {
        0 => "Nothing wrong was found.".to_owned(),
        some => format!("{} found.", text::count(some, "mistake")),
    };
    lines.push(found);
    lines.join("\n")
}

/// What is wrong in files, for programs.
pub fn faults_json(report: &LintReport) -> Value {
    json!({"format": 1, "faults": report.faults, "not_checked": report.not_checked})
}
