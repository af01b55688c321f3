//! Owns how a comparison of profiles looks: a line per difference for people, JSON for programs.

use serde_json::{Value, json};

use crate::output::Look;
use todoctl_advice::parity::Difference;
use todoctl_core::text;

/// For people.
pub fn text(names: (&str, &str), differences: &[Difference], look: Look) -> String {
    let (explained, found): (Vec<_>, Vec<_>) = differences.iter().partition(|one| one.reason.is_some());
    let mut lines = Vec::new();
    for one in &found {
        let (from, to) = (shown(&one.other), shown(&one.one));
        let line = format!("{from}: {}: {} (compared with {to})", one.field, one.what);
        lines.extend(text::wrap(&text::clean_line(&line), look.width, "  "));
    }
    let mut reasons: Vec<&str> = explained.iter().filter_map(|one| one.reason.as_deref()).collect();
    reasons.dedup();
    for reason in reasons {
        let fields: Vec<&str> = explained
            .iter()
            .filter(|one| one.reason.as_deref() == Some(reason))
            .map(|one| one.field.as_str())
            .collect();
        let line = format!("on purpose: {} ({reason})", fields.join(", "));
        lines.extend(text::wrap(&text::clean_line(&line), look.width, "  "));
    }
    let (one, other) = names;
    lines.push(match found.len() {
        0 => format!("Profiles {one} and {other} differ only in what may differ."),
        many => {
            format!("{} between profiles {one} and {other} that may not be.", text::count(many, "difference"))
        }
    });
    if !found.is_empty() {
        let hint = "hint: make it the same, or say why it differs under `parity` of a profile: FIELD: reason";
        lines.extend(text::wrap(hint, look.width, "  "));
    }
    lines.join("\n")
}

fn shown(place: &todoctl_advice::parity::Place) -> String {
    format!("{}:{}", place.file.display(), place.line)
}

/// For programs.
pub fn json((one, other): (&str, &str), differences: &[Difference]) -> Value {
    let same = differences.iter().all(|one| one.reason.is_some());
    json!({"format": 1, "profiles": [one, other], "same": same, "differences": differences})
}
