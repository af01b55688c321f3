//! Owns the pages of `doctor` and `lint`: one line per finding, its fix below it, a count at the end.

use serde_json::{Value, json};

use crate::doctor::{Finding, State};
use crate::lint::Report;
use crate::output::{Look, Tone};
use crate::text;

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
        let tone = match one.state {
            State::Ok => Tone::Good,
            State::Warning => Tone::Careful,
            State::Failed => Tone::Bad,
            State::NotChecked => Tone::Dim,
        };
        let name = one.state.name();
        let head = format!("  {}{}", look.paint(tone, name), " ".repeat(STATE - name.len()));
        let said = text::clean(&format!("{}: {}", one.what, one.evidence));
        let said = said.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let hang = " ".repeat(STATE + 4);
        lines.extend(text::wrap(&format!("{head}{said}"), look.width, &hang));
        if let Some(fix) = &one.fix {
            let fix = text::clean(fix);
            for line in fix.lines() {
                lines.extend(text::wrap(&format!("{}fix: {line}", " ".repeat(STATE + 2)), look.width, &hang));
            }
        }
    }
    lines.push(String::new());
    lines.push(summary(findings));
    lines.join("\n")
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
pub fn faults(report: &Report, look: Look) -> String {
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
pub fn faults_json(report: &Report) -> Value {
    json!({"format": 1, "faults": report.faults, "not_checked": report.not_checked})
}
