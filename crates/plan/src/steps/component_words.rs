//! Owns saying what a Dapr object is and what of it changes, by the names of its fields. Never a value: somebody else's
//! object may hold a password.

use serde_json::Value;

use crate::step::Change;
use crate::world::components::LiveObject;
use todoctl_project::dapr::{CONTAINER, Kind, image_of};

/// `pubsub.kafka v1`; the version of the kind for those that have no type.
pub(super) fn describe(kind: Kind, object: &Value) -> String {
    let text = |field: &str| object["spec"][field].as_str();
    match (kind, text("type"), text("version")) {
        (Kind::Component, Some(name), Some(version)) => format!("{name} {version}"),
        _ => kind.api_version().to_owned(),
    }
}

/// The change of an object that exists.
pub(super) fn change(live: &LiveObject, wanted: &Value) -> Change {
    let content = Value::Object(live.content.clone());
    let from = describe(live.kind, &content);
    let mut parts = vec![describe(live.kind, wanted)];
    let other = differences(&content, wanted);
    if !other.is_empty() {
        parts.push(format!("other {}", other.join(", ")));
    }
    parts.extend(container(live, wanted));
    Change::Update { from, to: parts.join(", ") }
}

/// What of the container that serves it changes.
fn container(live: &LiveObject, wanted: &Value) -> Option<String> {
    let wanted = wanted["metadata"]["annotations"][CONTAINER].as_str();
    if live.container() == wanted {
        return None;
    }
    let image = wanted.and_then(image_of);
    Some(match image.as_deref().and_then(|image| image.rsplit_once(':')) {
        Some((_, tag)) if image != live.image() => format!("image {tag}"),
        Some(_) => "other container".to_owned(),
        None => "no container".to_owned(),
    })
}

/// Names of what differs: entries of the metadata, fields of the spec, fields beside it.
fn differences(live: &Value, wanted: &Value) -> Vec<String> {
    let mut names = Vec::new();
    let mut compare = |live: &Value, wanted: &Value, leave: &[&str]| {
        let fields = |value: &Value| {
            value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let mut keys = fields(wanted);
        keys.extend(fields(live).into_iter().filter(|key| wanted.get(key).is_none()));
        let differs =
            keys.into_iter().filter(|key| !leave.contains(&key.as_str()) && live.get(key) != wanted.get(key));
        names.extend(differs);
    };
    let spec = |object: &Value| object["spec"].clone();
    compare(&entries(live), &entries(wanted), &[]);
    compare(&spec(live), &spec(wanted), &["metadata", "type", "version"]);
    compare(live, wanted, &["apiVersion", "kind", "metadata", "spec"]);
    names
}

/// The metadata of a component as a map of name to entry.
fn entries(object: &Value) -> Value {
    let all = object["spec"]["metadata"].as_array();
    let named =
        all.into_iter().flatten().filter_map(|one| Some((one["name"].as_str()?.to_owned(), one.clone())));
    Value::Object(named.collect())
}
