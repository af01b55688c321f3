//! Owns the application that receives: it subscribes, hands on what it gets, and answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::publisher::now;

/// An event that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub number: u64,
    /// Microseconds from its publication to its arrival.
    pub took: u64,
    /// The id that the publishing sidecar gave it: an event that was published twice has two.
    pub id: String,
}

/// The part of a `CloudEvent` that counts.
#[derive(Deserialize)]
struct CloudEvent {
    id: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    number: u64,
    at: u64,
}

/// An application. It listens as long as this lives.
pub struct App {
    /// Its port.
    pub port: u16,
    task: JoinHandle<()>,
}

/// What an application does with what comes to one of its routes; its answer.
type Handler = Arc<dyn Fn(&str, Value) -> Value + Send + Sync>;

impl App {
    /// Listens, and hands on what arrives of a topic.
    pub async fn start(topic: &str, events: mpsc::UnboundedSender<Event>) -> Self {
        let subscriptions = json!([{"pubsubname": "pubsub", "topic": topic, "route": "/events"}]);
        Self::with(subscriptions, move |_, event| {
            let event: CloudEvent = serde_json::from_value(event).expect("it is an event of ours");
            let took = now().saturating_sub(event.data.at);
            // Nobody may listen any more.
            let _ = events.send(Event { number: event.data.number, took, id: event.id });
            json!({"status": "SUCCESS"})
        })
        .await
    }

    /// Listens with these subscriptions, as daprd asks for them; what comes to a route, and the answer, are JSON.
    pub async fn with(
        subscriptions: Value,
        handler: impl Fn(&str, Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler = Arc::new(handler);
        let routes = Router::new()
            .route("/dapr/subscribe", get(async move || Json(subscriptions)))
            .route("/{route}", post(receive))
            .with_state(handler);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        Self { port, task }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(handler): State<Handler>, uri: Uri, body: Bytes) -> Json<Value> {
    // Not every content type of JSON is one that an extractor knows.
    Json(handler(uri.path(), serde_json::from_slice(&body).unwrap_or_default()))
}
