//! The Dapr sidecar of this pod.
//!
//! Owns the paths of Dapr's HTTP API, and what its answers mean. <https://docs.dapr.io/reference/api/>

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::event::{PUBSUB, TOPIC};
use crate::http::{Answer, Peer, Question};
use crate::server::RequestId;

/// The state store (`dapr/components/statestore.yaml`).
const STORE: &str = "statestore";

/// How long an answer may take. A broker or database that is away makes the sidecar wait much longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same for a question of health, which a probe with a timeout of 3 s waits for.
const HEALTH_PATIENCE: Duration = Duration::from_millis(1_500);

/// A value of the state store, and the mark of this version of it.
pub(crate) struct Stored<T> {
    pub(crate) value: T,
    pub(crate) etag: String,
}

/// Whether a value was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    Done,
    /// Somebody else saved it since it was read.
    Conflict,
}

/// The way to the sidecar.
pub(crate) struct Sidecar(Peer);

impl Sidecar {
    /// The sidecar at a URL of this pod.
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        Peer::new("the sidecar", url).map(Self)
    }

    /// Asks whether the sidecar and its components work. Not `/v1.0/healthz`: that waits for the application, and the
    /// application's readiness waits for this answer.
    pub(crate) async fn healthy(&self) -> Result<(), String> {
        self.0.ask(Question::get("/v1.0/healthz/outbound", HEALTH_PATIENCE)).await?.success().map(drop)
    }

    /// Publishes a `CloudEvent`. Events of one subject stay in order. An error may also mean that it was published and the
    /// answer was lost.
    pub(crate) async fn publish(&self, event: &str, subject: &str) -> Result<(), String> {
        let path = format!("/v1.0/publish/{PUBSUB}/{TOPIC}?metadata.partitionKey={subject}");
        let question = Question {
            content_type: "application/cloudevents+json",
            ..Question::post(&path, Bytes::copy_from_slice(event.as_bytes()), PATIENCE)
        };
        self.0.ask(question).await?.success().map(drop)
    }

    /// Calls another service through both sidecars. `path` begins with a slash.
    pub(crate) async fn invoke(
        &self,
        app: &str,
        method: Method,
        path: &str,
        body: Bytes,
        id: &RequestId,
    ) -> Result<Answer, String> {
        let path = format!("/v1.0/invoke/{app}/method{path}");
        self.0.ask(Question { method, id: Some(id), ..Question::post(&path, body, PATIENCE) }).await
    }

    /// Reads a value. `None`: there is none.
    pub(crate) async fn load<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Stored<T>>, String> {
        let path = format!("/v1.0/state/{STORE}/{key}");
        let answer = self.0.ask(Question::get(&path, PATIENCE)).await?.success()?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let etag = answer.headers.get(header::ETAG).and_then(|value| value.to_str().ok());
        let etag = etag.ok_or("the state store gives no ETag")?.to_owned();
        Ok(Some(Stored { value: answer.json()?, etag }))
    }

    /// Saves a value: over the version with this mark, or, without one, where there is none yet.
    pub(crate) async fn save<T: Serialize + Sync>(
        &self,
        key: &str,
        value: &T,
        etag: Option<&str>,
    ) -> Result<Saved, String> {
        let mut item = json!({
            "key": key,
            "value": value,
            "options": { "concurrency": "first-write", "consistency": "strong" },
        });
        if let Some(etag) = etag {
            item["etag"] = etag.into();
        }
        let path = format!("/v1.0/state/{STORE}");
        let body = json!([item]).to_string();
        let answer = self.0.ask(Question::post(&path, body.into(), PATIENCE)).await?;
        if answer.status == StatusCode::CONFLICT {
            return Ok(Saved::Conflict);
        }
        answer.success().map(|_| Saved::Done)
    }
}
