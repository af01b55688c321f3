//! Owns the rules of a Component: its type, its metadata, the Secrets it refers to.
//! Refuses to look at values of Secrets: the step does, when they are known.

use serde_json::Value;

use super::SecretRef;
use super::container::{self, Container};
use super::file::Document;
use super::types::{self, ComponentType, Unknown};
use crate::profile::names;
use todoctl_core::yaml::{Node, Seg};

/// What is said of a secret in a file.
pub(super) const LITERAL: &str = "a secret does not belong in a file: declare it in `secrets` of the profile and write \
     `secretKeyRef: {name: SET, key: KEY}` instead of `value`";

/// The names that Dapr replaces in metadata values (dapr/dapr v1.18.1, `pkg/runtime/meta/meta.go`).
const REPLACED: [&str; 4] = ["{appID}", "{namespace}", "{podName}", "{uuid}"];

/// What a Component has beside its content.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) secrets: Vec<SecretRef>,
    pub(super) notes: Vec<String>,
    pub(super) container: Option<Container>,
}

/// Judges a Component.
pub(super) fn judge(document: &mut Document<'_>) -> Parts {
    let known = component_type(document);
    let container = container::judge(document, known.map(|known| known.pluggable));
    let mut parts = Parts { container, ..Parts::default() };
    let path = [Seg::from("spec"), "metadata".into()];
    let entries = match document.node.at_path(&path).map(Node::to_value) {
        Some(Value::Array(entries)) => entries,
        Some(_) => {
            document.problem(&path, "a list of entries, `[]` when there is none");
            return parts;
        }
        None => {
            document.problem(&path, "`spec.metadata` is missing; write `[]` when there is nothing to say");
            return parts;
        }
    };
    let ours = resolved_by_dapr(document);
    for (index, entry) in entries.iter().enumerate() {
        let at = |field: &str| [Seg::from("spec"), "metadata".into(), index.into(), field.into()];
        let Some(name) = document.text(&at("name")) else { continue };
        if entries[..index].iter().any(|one| one["name"] == *name) {
            document.problem(&at("name"), format!("`{name}` is there twice"));
        }
        if let Some(note) = known.and_then(|known| known.stranger(&name)) {
            parts.notes.push(format!("{}: {note}", document.place(&at("name"))));
        }
        match (entry.get("value"), entry.get("secretKeyRef"), entry.get("envRef")) {
            (Some(value), None, None) => literal(document, known, (&name, value), &at("value")),
            (None, Some(_), None) => {
                let postgres = known.is_some_and(|known| known.is_postgres(&name));
                parts.secrets.extend(reference(document, (index, postgres), ours));
            }
            (None, None, Some(_)) => {}
            _ => document.problem(
                &at("name"),
                format!("`{name}` needs `value`, `secretKeyRef` or `envRef`, one of them"),
            ),
        }
    }
    if let Some(known) = known {
        required(document, known, &entries);
    }
    parts
}

fn component_type<'a>(document: &mut Document<'a>) -> Option<&'a ComponentType> {
    let (name, version) = ([Seg::from("spec"), "type".into()], [Seg::from("spec"), "version".into()]);
    let text = document.text(&name)?;
    let number = document.text(&version)?;
    match types::find(document.declared, &text, &number) {
        Ok(known) => return Some(known),
        Err(Unknown::Type(message)) => document.problem(&name, message),
        Err(Unknown::Version(message)) => document.problem(&version, message),
    }
    None
}

fn required(document: &mut Document<'_>, known: &ComponentType, entries: &[Value]) {
    let has = |field: &String| {
        entries
            .iter()
            .any(|entry| entry["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(field)))
    };
    for choice in known.required.iter().filter(|choice| !choice.iter().any(has)) {
        let message = match choice.as_slice() {
            [only] => format!("`{only}` is missing; the sidecar ends without it"),
            many => format!("one of {} is missing; the sidecar ends without it", many.join(", ")),
        };
        document.problem(&["spec".into(), "metadata".into()], message);
    }
}

fn literal(
    document: &mut Document<'_>,
    known: Option<&ComponentType>,
    (name, value): (&str, &Value),
    path: &[Seg],
) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null => return,
        Value::Array(_) | Value::Object(_) => {
            return document.problem(path, "a text, number or truth value is needed");
        }
    };
    if known.is_some_and(|known| known.is_sensitive(name)) && !text.is_empty() {
        // A password in it was reported where every text is looked at.
        if !super::literal::holds_password(&text) {
            document.problem(path, format!("`{name}`: {LITERAL}"));
        }
        return;
    }
    let lower = text.to_ascii_lowercase();
    for right in REPLACED {
        if lower.contains(&right.to_ascii_lowercase()) && !text.contains(right) {
            document.problem(path, format!("Dapr replaces {right} only, in exactly this spelling"));
        }
    }
    if let Some(allowed) = known.and_then(|known| known.allowed(name))
        && !text.contains('{')
        && !allowed.iter().any(|one| one.eq_ignore_ascii_case(&text))
    {
        document.problem(path, format!("not a value of `{name}`; it is one of {}", allowed.join(", ")));
    }
}

/// Whether Dapr's operator resolves the references, from Kubernetes Secrets: then their names are sets of the profile.
fn resolved_by_dapr(document: &mut Document<'_>) -> bool {
    let path = [Seg::from("auth"), "secretStore".into()];
    match document.node.at_path(&path).map(Node::to_value) {
        None | Some(Value::Null) => true,
        Some(Value::String(store)) => store.is_empty() || store == "kubernetes",
        Some(_) => {
            document.problem(&path, "a text is needed");
            true
        }
    }
}

fn reference(document: &mut Document<'_>, (entry, postgres): (usize, bool), ours: bool) -> Option<SecretRef> {
    let at = |field: &str| {
        [Seg::from("spec"), "metadata".into(), entry.into(), "secretKeyRef".into(), field.into()]
    };
    let (set, key) = (document.text(&at("name")), document.text(&at("key")));
    let (set, key) = (set?, key?);
    if !ours {
        return None;
    }
    let sets = &document.profile.secrets.sets;
    let Some(keys) = sets.get(&set) else {
        let message = names::unknown("set of `secrets.sets`", &set, sets.keys().map(String::as_str));
        document.problem(&at("name"), message);
        return None;
    };
    if !keys.contains_key(&key) {
        let message =
            names::unknown(&format!("key of `secrets.sets.{set}`"), &key, keys.keys().map(String::as_str));
        document.problem(&at("key"), message);
        return None;
    }
    Some(SecretRef { set, key, postgres, place: document.place(&at("key")), entry })
}
