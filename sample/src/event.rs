//! What happened to a task, as a `CloudEvent` on the topic.
//!
//! Owns the form of an event: written by the backend, read by the services that subscribe.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::server;

/// The names that the components and the services agree on (`dapr/components`).
pub(crate) const PUBSUB: &str = "pubsub";
pub(crate) const TOPIC: &str = "task-events";

/// What all types of this application's events begin with.
const FAMILY: &str = "todo.task.";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Created,
    Completed,
    /// Anything else about it, such as its title, or that it is open again.
    Updated,
    Deleted,
}

impl Kind {
    /// The word for it: `created`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Completed => "completed",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }

    fn parse(event_type: &str) -> Option<Self> {
        let name = event_type.strip_prefix(FAMILY)?;
        [Self::Created, Self::Completed, Self::Updated, Self::Deleted]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A task, as the API shows it and as events carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) id: i64,
    /// Chosen by the client that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    pub(crate) title: String,
    pub(crate) done: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recurrence: Option<Recurrence>,
    pub(crate) created_at: String,
}

impl Task {
    /// What it is called in the log and in the state store: its key, else its id.
    pub(crate) fn name(&self) -> String {
        self.key.clone().unwrap_or_else(|| self.id.to_string())
    }
}

/// How often a task comes back after it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Recurrence {
    Daily,
    Weekly,
    Monthly,
}

impl Recurrence {
    /// The word for it: `daily`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Daily, Self::Weekly, Self::Monthly].into_iter().find(|recurrence| recurrence.name() == text)
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Unique: by it, a second delivery of the same event is recognised.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) task: Task,
    /// When it happened, RFC 3339.
    pub(crate) time: String,
    /// The request that caused it.
    pub(crate) request_id: String,
}

/// Why an event cannot be used. It never can: it is not to be delivered again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

impl Event {
    /// An event of now.
    pub(crate) fn now(kind: Kind, task: Task, request_id: &str) -> Self {
        Self {
            id: format!("{}{}", server::new_id(), server::new_id()),
            kind,
            task,
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            request_id: request_id.to_owned(),
        }
    }

    /// The `CloudEvent`.
    pub(crate) fn to_cloud(&self) -> Value {
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": "backend",
            "type": format!("{FAMILY}{}", self.kind.name()),
            "subject": self.task.name(),
            "time": self.time,
            "datacontenttype": "application/json",
            "data": { "task": self.task, "request_id": self.request_id },
        })
    }

    /// Reads a `CloudEvent`.
    pub(crate) fn from_cloud(body: &[u8]) -> Result<Self, Unusable> {
        #[derive(Deserialize)]
        struct Data {
            task: Task,
            #[serde(default)]
            request_id: String,
        }
        #[derive(Deserialize)]
        struct Cloud {
            id: String,
            #[serde(rename = "type")]
            kind: String,
            #[serde(default)]
            time: String,
            #[serde(default)]
            data: Value,
        }
        let cloud: Cloud = serde_json::from_slice(body)
            .map_err(|error| Unusable(format!("not an event that can be read: {error}")))?;
        let kind = Kind::parse(&cloud.kind)
            .ok_or_else(|| Unusable(format!("the type '{}' is not known here", cloud.kind)))?;
        let data: Data = serde_json::from_value(cloud.data)
            .map_err(|error| Unusable(format!("the data of event {} cannot be read: {error}", cloud.id)))?;
        Ok(Self { id: cloud.id, kind, task: data.task, time: cloud.time, request_id: data.request_id })
    }
}

/// A task of tests.
#[cfg(test)]
pub(crate) fn sample_task(id: i64, key: Option<&str>, title: &str) -> Task {
    Task {
        id,
        key: key.map(str::to_owned),
        title: title.to_owned(),
        done: false,
        recurrence: None,
        created_at: "2026-01-01T00:00:00.000Z".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        Event::from_cloud(body.as_bytes()).unwrap_err().0
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        assert!(refused("[]").starts_with("not an event that can be read"));
        assert_eq!(
            refused(r#"{"id":"1","type":"todo.task.painted","data":{}}"#),
            "the type 'todo.task.painted' is not known here"
        );
        assert_eq!(
            refused(r#"{"id":"1","type":"com.dapr.event.sent"}"#),
            "the type 'com.dapr.event.sent' is not known here"
        );
        assert!(
            refused(r#"{"id":"7","type":"todo.task.created","data":{"task":{}}}"#)
                .starts_with("the data of event 7 cannot be read: missing field `id`")
        );
    }

    #[test]
    fn an_event_comes_back_as_it_was() {
        let mut task = sample_task(7, Some("milk"), "buy \"milk\"");
        task.recurrence = Some(Recurrence::Weekly);
        let event = Event::now(Kind::Completed, task, "r1");
        let cloud = event.to_cloud();
        assert_eq!(
            (cloud["type"].as_str(), cloud["subject"].as_str()),
            (Some("todo.task.completed"), Some("milk"))
        );
        // Dapr adds fields of its own.
        let mut delivered = cloud.clone();
        delivered["traceparent"] = "00-1".into();
        delivered["pubsubname"] = PUBSUB.into();
        assert_eq!(Event::from_cloud(delivered.to_string().as_bytes()), Ok(event.clone()));
        assert_ne!(Event::now(Kind::Created, event.task, "r1").id, event.id);
    }
}
