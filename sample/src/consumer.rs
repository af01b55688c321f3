//! What the services that subscribe have in common: the subscription, the delivery of events, readiness.
//!
//! Dapr delivers an event at least once, and again after RETRY; DROP ends it. What an event means is the role's.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use crate::event::{Event, PUBSUB, TOPIC, Unusable};
use crate::ledger::Ledger;
use crate::log;
use crate::server::{self, Process};
use crate::sidecar::Sidecar;

/// Where the sidecar sends events.
pub(crate) const DELIVERY: &str = "/task-events";

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    /// It was delivered before.
    Duplicate,
    /// It is not of interest here.
    Skipped,
}

impl Taken {
    fn name(self) -> &'static str {
        match self {
            Self::New => "taken",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
        }
    }
}

/// Why an event was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It may work later.
    Later(String),
    /// It never will.
    Never(String),
}

impl From<Unusable> for Refusal {
    fn from(Unusable(reason): Unusable) -> Self {
        Self::Never(reason)
    }
}

/// A service that does something about events.
pub(crate) trait Consumer: Send + Sync + 'static {
    /// Takes one event. It may come more than once.
    fn take(&self, event: Event) -> impl Future<Output = Result<Taken, Refusal>> + Send;

    /// The sidecar that delivers the events.
    fn sidecar(&self) -> &Sidecar;
}

struct Subscriber<C> {
    process: Arc<Process>,
    consumer: Arc<C>,
}

/// The routes that every consumer has.
pub(crate) fn routes<C: Consumer>(process: &Arc<Process>, consumer: &Arc<C>) -> Router {
    Router::new()
        .route("/dapr/subscribe", get(subscriptions))
        .route(DELIVERY, post(deliver::<C>))
        .route("/ready", get(ready::<C>))
        .route("/readyz", get(ready::<C>))
        .route("/api/health", get(api_health::<C>))
        .with_state(Arc::new(Subscriber { process: process.clone(), consumer: consumer.clone() }))
}

async fn subscriptions() -> Response {
    Json(json!([{ "pubsubname": PUBSUB, "topic": TOPIC, "route": DELIVERY }])).into_response()
}

/// The body is read by hand: Dapr sends the content type of a `CloudEvent`, and an unreadable one must be answered by DROP.
async fn deliver<C: Consumer>(State(subscriber): State<Arc<Subscriber<C>>>, body: Bytes) -> Response {
    let process = &subscriber.process;
    let result = match process.event_refusal() {
        Some(reason) => Err(Refusal::Later(reason.to_owned())),
        None => take(&*subscriber.consumer, &body).await,
    };
    let (outcome, status) = match result {
        Ok(taken) => (taken.name(), "SUCCESS"),
        Err(Refusal::Later(reason)) => {
            log::warn("event refused", &[("answer", "RETRY".into()), ("reason", reason.into())]);
            ("refused", "RETRY")
        }
        Err(Refusal::Never(reason)) => {
            log::error("event refused", &[("answer", "DROP".into()), ("reason", reason.into())]);
            ("dropped", "DROP")
        }
    };
    process.metrics().count_event(outcome, 1);
    Json(json!({ "status": status })).into_response()
}

async fn take<C: Consumer>(consumer: &C, body: &[u8]) -> Result<Taken, Refusal> {
    let event = Event::from_cloud(body)?;
    let taken = consumer.take(event.clone()).await?;
    log::info(
        "event",
        &[
            ("outcome", taken.name().into()),
            ("event", event.id.into()),
            ("kind", event.kind.name().into()),
            ("task", event.task.name().into()),
            ("request_id", event.request_id.into()),
        ],
    );
    Ok(taken)
}

/// Ready when the sidecar is: events come and state is kept through it.
async fn ready<C: Consumer>(State(subscriber): State<Arc<Subscriber<C>>>) -> Response {
    let process = &subscriber.process;
    if let Some(reason) = process.unready() {
        return process.not_ready(reason);
    }
    match subscriber.consumer.sidecar().healthy().await {
        Ok(()) => process.well(&[("sidecar", "healthy")]),
        Err(reason) => process.not_ready(&format!("sidecar: {reason}")),
    }
}

/// Health and readiness in one answer.
async fn api_health<C: Consumer>(State(subscriber): State<Arc<Subscriber<C>>>) -> Response {
    match subscriber.process.sick() {
        Some(answer) => answer,
        None => ready(State(subscriber)).await,
    }
}

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    contains: String,
}

/// Answers `?contains=TEXT` from what is kept; without it, the latest.
pub(crate) async fn search(ledger: &Ledger, Query(search): Query<Search>) -> Response {
    match ledger.find(&search.contains).await {
        Ok(entries) => Json(entries).into_response(),
        Err(reason) => {
            log::warn("state store", &[("reason", reason.as_str().into())]);
            server::error(StatusCode::SERVICE_UNAVAILABLE, &format!("what is kept cannot be read: {reason}"))
        }
    }
}

#[cfg(test)]
mod tests;
