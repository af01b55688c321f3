//! Owns following a list: what a watch tells after it. It looks at the state file, which other processes replace.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::{Request, answer};
use crate::state::{Behaviour, State};
use crate::store::Store;

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Counts what is told; later is larger.
#[derive(Clone, Default)]
pub(super) struct Clock(Arc<AtomicU64>);

impl Clock {
    /// The next number.
    pub(super) fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The objects of a list by name, as one moment had them.
pub(super) type Snapshot = BTreeMap<String, Value>;

/// Tells what differs from `known`, and goes on until the reader is gone or a read fails.
pub(super) async fn follow(
    (store, clock): (Store, Clock),
    request: Request,
    mut known: Snapshot,
    lines: UnboundedSender<Bytes>,
) {
    let (mut text, mut moving) = (String::new(), true);
    while !lines.is_closed() {
        let Ok(now) = store.text() else { return };
        if moving || now != text {
            let Ok((current, slow)) = look(&now, &request) else { return };
            (text, moving) = (now, slow);
            for mut event in events(&known, &current) {
                mark(&mut event["object"], clock.tick());
                if lines.send(Bytes::from(format!("{event}\n"))).is_err() {
                    return;
                }
            }
            known = current;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The objects now, and whether time alone may change something.
fn look(text: &str, request: &Request) -> io::Result<(Snapshot, bool)> {
    let mut state: State = serde_json::from_str(text)?;
    let sets = state.deployments.iter().flat_map(|one| &one.sets);
    let slow = sets.into_iter().any(|set| matches!(set.behaviour, Behaviour::Slow(_)));
    let list = answer(&mut state, &Request { now: super::serve::now(), ..request.clone() });
    let list: Value = serde_json::from_str(&list.body)?;
    Ok((snapshot(list["items"].as_array().map_or(&[], Vec::as_slice)), slow))
}

/// The objects of a list by name.
pub(super) fn snapshot(items: &[Value]) -> Snapshot {
    items
        .iter()
        .map(|one| (one["metadata"]["name"].as_str().unwrap_or_default().to_owned(), one.clone()))
        .collect()
}

/// Gives an object a version, unless it has one.
pub(super) fn mark(object: &mut Value, version: u64) {
    if object["metadata"]["name"].is_string() && object["metadata"]["resourceVersion"].is_null() {
        object["metadata"]["resourceVersion"] = json!(version.to_string());
    }
}

fn events(known: &Snapshot, current: &Snapshot) -> Vec<Value> {
    let changed = current.iter().filter_map(|(name, object)| match known.get(name) {
        None => Some(json!({"type": "ADDED", "object": object})),
        Some(old) if old != object => Some(json!({"type": "MODIFIED", "object": object})),
        Some(_) => None,
    });
    let gone = known.iter().filter(|(name, _)| !current.contains_key(*name));
    changed.chain(gone.map(|(_, object)| json!({"type": "DELETED", "object": object}))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_once() {
        let all = |items: Value| snapshot(items.as_array().unwrap());
        let one = |name: &str, image: &str| json!({"metadata": {"name": name}, "spec": image});
        let known = all(json!([one("same", "a"), one("other", "a"), one("gone", "a")]));
        let current = all(json!([one("same", "a"), one("other", "b"), one("new", "a")]));
        let told: Vec<String> = events(&known, &current)
            .iter()
            .map(|event| format!("{} {}", event["type"], event["object"]["metadata"]["name"]))
            .collect();
        assert_eq!(told, [r#""ADDED" "new""#, r#""MODIFIED" "other""#, r#""DELETED" "gone""#]);
    }
}
