//! The frontend's way to the backend.
//!
//! Owns how long the frontend waits for it.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;

use super::Task;
use crate::http::{Answer, Peer, Question};
use crate::server::RequestId;

/// How long an answer may take; less for a question of health, which a probe with a timeout of 3 s waits for.
const PATIENCE: Duration = Duration::from_secs(5);
const HEALTH_PATIENCE: Duration = Duration::from_millis(1_500);

/// A client of the backend's API.
pub(super) struct Backend(Peer);

impl Backend {
    pub(super) fn new(url: &str) -> Result<Self, String> {
        Peer::new("the backend", url).map(Self)
    }

    #[cfg(test)]
    pub(super) fn url(&self) -> &str {
        self.0.url()
    }

    /// Sends one request and reads its answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        id: &RequestId,
    ) -> Result<Answer, String> {
        self.0.ask(Question { method, id: Some(id), ..Question::post(path, body, PATIENCE) }).await
    }

    /// The list of tasks.
    pub(super) async fn tasks(&self, id: &RequestId) -> Result<Vec<Task>, String> {
        self.call(Method::GET, "/api/tasks", Bytes::new(), id).await?.success()?.json()
    }

    /// Asks whether the backend answers at all.
    pub(super) async fn health(&self, id: &RequestId) -> Result<(), String> {
        let question = Question { id: Some(id), ..Question::get("/health", HEALTH_PATIENCE) };
        self.0.ask(question).await?.success().map(drop)
    }
}
