//! Owns the application that receives: it subscribes to one topic and hands on what it gets.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
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

impl App {
    /// Listens, and hands on what arrives of a topic.
    pub async fn start(topic: &str, events: mpsc::UnboundedSender<Event>) -> Self {
        let subscriptions = json!([{"pubsubname": "pubsub", "topic": topic, "route": "/events"}]);
        let routes = Router::new()
            .route("/dapr/subscribe", get(async move || Json(subscriptions)))
            .route("/events", post(receive))
            .with_state(events);
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

async fn receive(
    State(events): State<mpsc::UnboundedSender<Event>>,
    Json(event): Json<Value>,
) -> Json<Value> {
    let event: CloudEvent = serde_json::from_value(event).expect("it is an event of ours");
    let took = now().saturating_sub(event.data.at);
    // Nobody may listen any more.
    let _ = events.send(Event { number: event.data.number, took, id: event.id });
    Json(json!({"status": "SUCCESS"}))
}
