//! A small Dapr sidecar for tests, and asking what is tested.
//!
//! It behaves as Dapr 1.18 with `state.postgresql` v2: 204 for what is not there, 409 for an old `ETag`, and 500 for a value
//! that is there already.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::event::{Event, Kind, Task, sample_task};
use crate::http::{Peer, Question};
use crate::server;
use crate::sidecar::Sidecar;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Serves on a free port of this machine and returns its URL.
pub(crate) async fn start(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// Asks a service under test.
pub(crate) async fn ask(peer: &Peer, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    let question =
        Question { method, ..Question::post(path, Bytes::copy_from_slice(body.as_bytes()), PATIENCE) };
    let answer = peer.ask(question).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// An event about a task with a key.
pub(crate) fn event(kind: Kind, id: i64, key: &str) -> Event {
    event_of(kind, sample_task(id, Some(key), "buy milk"))
}

pub(crate) fn event_of(kind: Kind, task: Task) -> Event {
    Event::now(kind, task, "request-1")
}

/// What the fake sidecar does and remembers.
#[derive(Default)]
pub(crate) struct Life {
    pub(crate) down: bool,
    /// So many saves are refused because somebody else was first.
    pub(crate) conflicts: usize,
    /// So many saves of what is not there yet find that somebody else has saved this meanwhile.
    pub(crate) overtaken_by: Vec<Value>,
    pub(crate) state: BTreeMap<String, (Value, u64)>,
    /// So many publishes work, but their answers are lost.
    pub(crate) lost_answers: usize,
    pub(crate) invoke_status: StatusCode,
    pub(crate) invoked: Vec<(String, Value)>,
}

/// The fake sidecar of one pod, or of several: state and events are shared.
#[derive(Clone)]
pub(crate) struct FakeSidecar {
    url: String,
    life: Arc<Mutex<Life>>,
    published: Arc<watch::Sender<Vec<Value>>>,
}

impl FakeSidecar {
    pub(crate) async fn start() -> Self {
        let life = Arc::new(Mutex::new(Life { invoke_status: StatusCode::CREATED, ..Life::default() }));
        let mut fake = Self { url: String::new(), life, published: Arc::new(watch::Sender::new(Vec::new())) };
        let routes = Router::new()
            .route("/v1.0/healthz/outbound", get(health))
            .route("/v1.0/publish/pubsub/task-events", post(publish))
            .route("/v1.0/state/statestore", post(save))
            .route("/v1.0/state/statestore/{key}", get(load))
            .route("/v1.0/invoke/{app}/method/{*path}", post(invoke))
            .with_state(fake.clone());
        fake.url = start(routes).await;
        fake
    }

    pub(crate) fn client(&self) -> Sidecar {
        Sidecar::new(&self.url).unwrap()
    }

    pub(crate) fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many events were published, and returns their types and subjects.
    pub(crate) async fn published(&self, number: usize) -> Vec<(String, String)> {
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        self.published_events(number)
            .await
            .iter()
            .map(|event| (text(event, "type"), text(event, "subject")))
            .collect()
    }

    pub(crate) async fn published_events(&self, number: usize) -> Vec<Value> {
        let mut receiver = self.published.subscribe();
        let waiting = receiver.wait_for(|events| events.len() >= number);
        tokio::time::timeout(PATIENCE, waiting).await.expect("the events come").unwrap().clone()
    }

    fn refusal(&self) -> Option<Response> {
        self.life().down.then(|| {
            let body = json!({ "errorCode": "ERR", "message": "connection refused" });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
        })
    }
}

async fn health(State(fake): State<FakeSidecar>) -> Response {
    fake.refusal().unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
}

async fn publish(State(fake): State<FakeSidecar>, body: Bytes) -> Response {
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    let event = serde_json::from_slice(&body).unwrap();
    fake.published.send_modify(|events| events.push(event));
    let mut life = fake.life();
    if life.lost_answers > 0 {
        life.lost_answers -= 1;
        return server::error(StatusCode::INTERNAL_SERVER_ERROR, "the answer is lost");
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn load(State(fake): State<FakeSidecar>, Path(key): Path<String>) -> Response {
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    match fake.life().state.get(&key) {
        None => StatusCode::NO_CONTENT.into_response(),
        Some((value, etag)) => ([(header::ETAG, etag.to_string())], Json(value.clone())).into_response(),
    }
}

async fn save(State(fake): State<FakeSidecar>, Json(items): Json<Vec<Value>>) -> Response {
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    let mut life = fake.life();
    let item = &items[0];
    assert_eq!(item["options"]["concurrency"], "first-write");
    let key = item["key"].as_str().unwrap().to_owned();
    if let Some(value) = life.overtaken_by.pop() {
        life.state.insert(key.clone(), (value, 1));
    }
    let current = life.state.get(&key).map(|(_, etag)| *etag);
    let given = item["etag"].as_str().map(|etag| etag.parse::<u64>().unwrap());
    if life.conflicts > 0 {
        life.conflicts -= 1;
        return server::error(StatusCode::CONFLICT, "possible etag mismatch");
    }
    if given.is_some() && given != current {
        return server::error(StatusCode::CONFLICT, "possible etag mismatch");
    }
    if given.is_none() && current.is_some() {
        return server::error(StatusCode::INTERNAL_SERVER_ERROR, "no item was updated");
    }
    life.state.insert(key, (item["value"].clone(), current.unwrap_or_default() + 1));
    StatusCode::NO_CONTENT.into_response()
}

async fn invoke(
    State(fake): State<FakeSidecar>,
    Path((app, path)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    let mut life = fake.life();
    life.invoked.push((format!("{app} /{path}"), body));
    server::error(life.invoke_status, "as ordered")
}
