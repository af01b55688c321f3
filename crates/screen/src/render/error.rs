//! Owns the house form of an error: what failed, why, the evidence, what to do next.
//! Refuses to decide what is an error and which status it ends with.

use crate::output::{Look, Tone};
use todoctl_core::text;

/// Lines of evidence that are shown; the rest is in the run's folder.
const EVIDENCE_LINES: usize = 30;
/// Columns of one line of evidence, in screen widths.
const EVIDENCE_ROWS: usize = 4;

/// An error in the house form, without colour.
pub fn error_text(message: &str, causes: &[String], evidence: &[String], hint: Option<&str>) -> String {
    styled_error_text(message, causes, evidence, hint, Look::PLAIN)
}

/// An error in the house form.
pub fn styled_error_text(
    message: &str,
    causes: &[String],
    evidence: &[String],
    hint: Option<&str>,
    look: Look,
) -> String {
    let mut form = Form::new(message, look);
    for cause in causes {
        form.field("cause", cause);
    }
    form.evidence(evidence);
    form.field("hint", hint.unwrap_or_default());
    form.finish()
}

/// Builds an error field by field. Everything foreign is cleaned; an empty field is left out.
pub(super) struct Form {
    look: Look,
    lines: Vec<String>,
}

impl Form {
    pub(super) fn new(message: &str, look: Look) -> Self {
        let head = look.paint(Tone::Bad, "error:");
        let mut form = Self { look, lines: Vec::new() };
        let message = text::clean(message);
        let mut lines = message.lines();
        form.wrapped(&format!("{head} {}", lines.next().unwrap_or_default()), "  ");
        for line in lines {
            form.foreign(line);
        }
        form
    }

    /// A field on one line, or on several when it is long.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        let value = text::clean(value);
        let mut lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(first) = lines.next() else { return };
        let name = self.look.paint(Tone::Strong, &format!("{name}:"));
        self.wrapped(&format!("  {name} {first}"), "    ");
        for line in lines {
            self.foreign(line);
        }
    }

    /// A field whose value must stay in one piece, such as a command or a path.
    pub(super) fn verbatim(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let name = self.look.paint(Tone::Strong, &format!("{name}:"));
            self.lines.push(format!("  {name} {}", text::clean_line(value)));
        }
    }

    /// The newest lines of evidence.
    pub(super) fn evidence(&mut self, evidence: &[String]) {
        let cleaned: Vec<String> = evidence.iter().map(|line| text::clean(line)).collect();
        let lines: Vec<&str> = cleaned.iter().flat_map(|text| text.lines()).collect();
        if lines.is_empty() {
            return;
        }
        self.title("evidence");
        let left_out = lines.len().saturating_sub(EVIDENCE_LINES);
        if left_out > 0 {
            self.lines.push(format!("    ({} before these)", text::count(left_out, "line")));
        }
        for line in &lines[left_out..] {
            self.foreign(line);
        }
    }

    /// A line that stands alone and is followed by indented ones.
    pub(super) fn title(&mut self, name: &str) {
        self.lines.push(format!("  {}", self.look.paint(Tone::Strong, &format!("{name}:"))));
    }

    /// An indented line.
    pub(super) fn item(&mut self, value: &str) {
        self.wrapped(&format!("    {}", text::clean_line(value)), "      ");
    }

    /// A command to be copied: never broken.
    pub(super) fn command(&mut self, command: &str) {
        self.lines.push(format!("      $ {}", text::clean_line(command)));
    }

    pub(super) fn finish(self) -> String {
        self.lines.join("\n")
    }

    /// Somebody else's line, behind a gutter: so it cannot pass for one of ours or for a command to a CI service.
    fn foreign(&mut self, line: &str) {
        let tail = self.look.pick("…", "...");
        let line = text::cut(line.trim_end(), self.look.width * EVIDENCE_ROWS, tail);
        for part in text::wrap(&line, self.look.width.saturating_sub(6), "  ") {
            self.lines.push(format!("    {} {part}", self.look.pick("│", "|")));
        }
    }

    fn wrapped(&mut self, line: &str, hang: &str) {
        self.lines.extend(text::wrap(line, self.look.width, hang));
    }
}
