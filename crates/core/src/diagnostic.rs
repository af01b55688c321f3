//! Owns the one form in which todoctl says that something is wrong: what failed and why, the evidence, what to do next,
//! where, and a stable code for the reason. Refuses to print (`screen`) and to choose an exit status beside the code's.

mod code;

pub use code::Code;

use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::redact::Redactor;

/// Something that is wrong. Its parts are shown in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}")]
pub struct Diagnostic {
    /// The reason, for programs and for looking it up: `docs/reasons.md`.
    #[serde(default)]
    pub code: Code,
    /// What failed and why, in one line.
    #[serde(rename = "message")]
    pub what: String,
    /// What shows it, line by line: a tool's own words, states of containers, the end of a log.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What to do next; empty for bugs, for a person's own answer, and where nothing can be suggested.
    #[serde(rename = "hint", default)]
    pub fix: String,
    /// File of the project that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the project where it is inside.
    pub file: String,
    /// Line, from 1; absent for the file as a whole.
    pub line: Option<usize>,
}

impl Diagnostic {
    /// With no evidence yet.
    pub fn new(code: Code, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, what: what.into(), evidence: Vec::new(), fix: fix.into(), place: None }
    }

    /// With what the table of codes advises.
    pub fn usual(code: Code, what: impl Into<String>) -> Self {
        Self::new(code, what, code.fix())
    }

    /// A mistake of todoctl itself.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(Code::InternalBug, what, "")
    }

    /// The same with more evidence.
    #[must_use]
    pub fn because<L: Into<String>>(mut self, lines: impl IntoIterator<Item = L>) -> Self {
        self.evidence.extend(lines.into_iter().map(Into::into));
        self
    }

    /// The same of a command that ends before its first change. The first line of a longer text says what failed; the
    /// rest of it is evidence.
    #[must_use]
    pub fn unchanged(self) -> Self {
        let mut lines = self.what.lines();
        let first = lines.next().unwrap_or_default().trim_end_matches(':');
        let rest = lines.map(|line| line.trim().to_owned());
        Self {
            what: format!("{first}; nothing was changed"),
            evidence: rest.chain(self.evidence.iter().cloned()).collect(),
            ..self
        }
    }

    /// Several that were found at once, told as one. `title` says how many of what there are.
    pub fn together(code: Code, all: Vec<Self>, title: impl FnOnce(usize) -> String, fix: &str) -> Self {
        match <[Self; 1]>::try_from(all) {
            Ok([only]) => only,
            Err(all) => {
                let told = all.iter().flat_map(|one| {
                    let evidence = one.evidence.iter().map(|line| format!("  {line}"));
                    let fix = (!one.fix.is_empty()).then(|| format!("  hint: {}", one.fix));
                    std::iter::once(format!("- {}", one.what)).chain(evidence).chain(fix)
                });
                Self::new(code, title(all.len()), fix).because(told)
            }
        }
    }

    /// The same without known secret values.
    #[must_use]
    pub fn redacted(self, redactor: &Redactor) -> Self {
        let clean = |text: &str| redactor.text(text).into_owned();
        Self {
            what: clean(&self.what),
            evidence: self.evidence.iter().map(|line| clean(line)).collect(),
            fix: clean(&self.fix),
            ..self
        }
    }

    /// The status that a command ends with because of it.
    pub fn exit(&self) -> Exit {
        self.code.exit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(what: &str) -> Diagnostic {
        Diagnostic::new(Code::ClusterUnreachable, what, "try it")
    }

    #[test]
    fn a_long_text_is_one_line_and_evidence() {
        let told = lost("cannot read the nodes:\n  no route\n  to host").because(["asked twice"]).unchanged();
        assert_eq!(told.what, "cannot read the nodes; nothing was changed");
        assert_eq!(told.evidence, ["no route", "to host", "asked twice"]);
    }

    #[test]
    fn one_is_told_as_it_is_and_several_as_a_list() {
        let title = |count| format!("{count} things");
        let one = Diagnostic::together(Code::PlanUndecided, vec![lost("a")], title, "mend them");
        assert_eq!(one, lost("a"));
        let both = vec![lost("a").because(["shown"]), lost("b")];
        let both = Diagnostic::together(Code::PlanUndecided, both, title, "mend them");
        assert_eq!((both.what.as_str(), both.code), ("2 things", Code::PlanUndecided));
        assert_eq!(both.evidence, ["- a", "  shown", "  hint: try it", "- b", "  hint: try it"]);
    }

    #[test]
    fn it_is_saved_with_its_code_and_read_without() {
        let saved = serde_json::to_string(&lost("gone")).unwrap();
        assert_eq!(saved, r#"{"code":"cluster.unreachable","message":"gone","evidence":[],"hint":"try it"}"#);
        assert_eq!(serde_json::from_str::<Diagnostic>(&saved).unwrap(), lost("gone"));
        let old: Diagnostic = serde_json::from_str(r#"{"message":"x","evidence":[],"hint":""}"#).unwrap();
        assert_eq!(old.code, Code::Unknown);
        let newer: Diagnostic = serde_json::from_str(r#"{"code":"moon.full","message":"x"}"#).unwrap();
        assert_eq!(newer.code, Code::Unknown);
    }
}
