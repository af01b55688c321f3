//! What a service keeps of the events: in Dapr's state store, so that all replicas answer alike.
//!
//! The store has no query. So there is one document per task, found by the task's name, and one with the latest entries of
//! all tasks. Both are bounded; each recognises an event that it already has. Replicas that write at the same time are
//! told apart by `ETag`s: the later one reads again.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Kind, Task};
use crate::sidecar::{Saved, Sidecar, Stored};

/// How many entries a document keeps, the latest.
const OF_A_TASK: usize = 50;
const OF_ALL: usize = 100;

/// The document with the latest entries of all tasks.
const LATEST: &str = "latest";

/// How often a document that others change too is read again.
const ATTEMPTS: usize = 5;

/// One event, as the service keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The event's id.
    pub(crate) event: String,
    pub(crate) kind: Kind,
    pub(crate) task: Task,
    pub(crate) time: String,
    pub(crate) request_id: String,
    /// What the service says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

impl Entry {
    pub(crate) fn of(event: &Event, text: Option<String>) -> Self {
        Self {
            event: event.id.clone(),
            kind: event.kind,
            task: event.task.clone(),
            time: event.time.clone(),
            request_id: event.request_id.clone(),
            text,
        }
    }

    fn contains(&self, text: &str) -> bool {
        self.task.name().contains(text) || self.task.title.contains(text) || self.kind.name().contains(text)
    }
}

/// The way to the kept entries.
pub(crate) struct Ledger {
    sidecar: Sidecar,
}

impl Ledger {
    pub(crate) fn new(sidecar: Sidecar) -> Self {
        Self { sidecar }
    }

    pub(crate) fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }

    /// Keeps an entry in both documents. False: it was there already. After an error, keeping it again is harmless.
    pub(crate) async fn keep(&self, entry: &Entry) -> Result<bool, String> {
        let of_task = self.append(&of_task(&entry.task.name()), entry, OF_A_TASK).await?;
        let of_all = self.append(LATEST, entry, OF_ALL).await?;
        Ok(of_task || of_all)
    }

    /// The entries whose task or kind contains a text, latest first. A task's whole name also finds what is no longer
    /// among the latest.
    pub(crate) async fn find(&self, text: &str) -> Result<Vec<Entry>, String> {
        let mut found = self.read(LATEST).await?;
        if is_name(text) {
            for entry in self.read(&of_task(text)).await? {
                if found.iter().all(|known| known.event != entry.event) {
                    found.push(entry);
                }
            }
        }
        found.retain(|entry| entry.contains(text));
        found.sort_by(|one, other| other.time.cmp(&one.time));
        Ok(found)
    }

    async fn read(&self, key: &str) -> Result<Vec<Entry>, String> {
        Ok(self.sidecar.load(key).await?.map(|stored| stored.value).unwrap_or_default())
    }

    async fn append(&self, key: &str, entry: &Entry, limit: usize) -> Result<bool, String> {
        for _ in 0..ATTEMPTS {
            let stored = self.sidecar.load::<Vec<Entry>>(key).await?;
            let (mut entries, etag) = match stored {
                Some(Stored { value, etag }) => (value, Some(etag)),
                None => (Vec::new(), None),
            };
            if entries.iter().any(|known| known.event == entry.event) {
                return Ok(false);
            }
            entries.push(entry.clone());
            entries.drain(..entries.len().saturating_sub(limit));
            match self.sidecar.save(key, &entries, etag.as_deref()).await {
                Ok(Saved::Done) => return Ok(true),
                Ok(Saved::Conflict) => {}
                // Not every store calls it a conflict when a value is there that should not be yet (PostgreSQL's says
                // "no item was updated"). So the value itself decides.
                Err(reason) if etag.is_none() => {
                    if self.sidecar.load::<serde_json::Value>(key).await?.is_none() {
                        return Err(reason);
                    }
                }
                Err(reason) => return Err(reason),
            }
        }
        Err(format!("'{key}' was changed by others {ATTEMPTS} times in a row"))
    }
}

fn of_task(name: &str) -> String {
    format!("task-{name}")
}

/// Whether a text can be a task's name: then it can be part of a key and of a path.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests;
