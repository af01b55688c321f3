//! What an application and its Dapr expect of any message bus: dead letters, raw payloads, bulk, large events.

use std::time::Duration;

use serde_json::{Value, json};
use test_postgres::Server;
use tokio::sync::mpsc;
use traffic::app::App;
use traffic::broker::Broker;
use traffic::publisher::Http;
use traffic::sidecar::Sidecar;

/// An application with its sidecar, and what comes to its routes.
struct Bench {
    sidecar: Sidecar,
    arrivals: mpsc::UnboundedReceiver<(String, Value)>,
    _app: App,
    _folder: tempfile::TempDir,
    _server: Server,
}

impl Bench {
    async fn start(subscriptions: Value, answer: fn(&str, &Value) -> Value) -> Self {
        let server = Server::start().expect("PostgreSQL is installed");
        server.create("semantics");
        let folder = tempfile::tempdir().expect("a folder");
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let app = App::with(subscriptions, move |route, body| {
            let answer = answer(route, &body);
            let _ = arrived.send((route.to_owned(), body));
            answer
        })
        .await;
        let broker = Broker::Postgres { url: server.url("semantics", ""), metadata: Vec::new() };
        let sidecar = Sidecar::start(folder.path(), "app", "app", Some(app.port), &broker);
        sidecar.ready().await;
        Self { sidecar, arrivals, _app: app, _folder: folder, _server: server }
    }

    /// Publishes; `place` is the topic, with the query.
    async fn publish(&self, place: &str, content_type: &str, body: impl Into<String>) {
        let url = format!("http://127.0.0.1:{}/v1.0/publish/pubsub/{place}", self.sidecar.port);
        let (status, said) =
            Http::default().post(&url, content_type, body.into().into()).await.expect("daprd answers");
        assert!(status.is_success(), "{}", String::from_utf8_lossy(&said));
    }

    /// What comes next, and where.
    async fn next(&mut self) -> (String, Value) {
        let next = tokio::time::timeout(Duration::from_secs(20), self.arrivals.recv()).await;
        next.ok().flatten().unwrap_or_else(|| panic!("nothing comes\n{}", self.sidecar.log()))
    }
}

fn success(_: &str, _: &Value) -> Value {
    json!({"status": "SUCCESS"})
}

#[ignore = "scripts/test pubsub"]
#[tokio::test]
async fn what_an_application_drops_or_cannot_handle_goes_to_the_dead_letter_topic() {
    let subscriptions = json!([
        {"pubsubname": "pubsub", "topic": "orders", "route": "/orders", "deadLetterTopic": "poison"},
        {"pubsubname": "pubsub", "topic": "poison", "route": "/poison"},
    ]);
    let mut bench = Bench::start(subscriptions, |route, event| match (route, event["data"].as_str()) {
        ("/orders", Some("dropped")) => json!({"status": "DROP"}),
        ("/orders", Some("failed")) => json!({"status": "RETRY"}),
        _ => json!({"status": "SUCCESS"}),
    })
    .await;
    for text in ["dropped", "failed", "good"] {
        bench.publish("orders", "text/plain", text).await;
    }
    let mut seen = Vec::new();
    for _ in 0..5 {
        let (route, event) = bench.next().await;
        seen.push(format!("{route} {}", event["data"].as_str().unwrap_or_default()));
    }
    seen.sort();
    assert_eq!(
        seen,
        ["/orders dropped", "/orders failed", "/orders good", "/poison dropped", "/poison failed"]
    );
}

#[ignore = "scripts/test pubsub"]
#[tokio::test]
async fn without_a_dead_letter_topic_what_an_application_cannot_handle_comes_again() {
    let subscriptions = json!([{"pubsubname": "pubsub", "topic": "orders", "route": "/orders"}]);
    let mut bench = Bench::start(subscriptions, |_, _| json!({"status": "RETRY"})).await;
    bench.publish("orders", "text/plain", "failed").await;
    let (_, first) = bench.next().await;
    let (_, second) = bench.next().await;
    assert_eq!(first, second);
}

#[ignore = "scripts/test pubsub"]
#[tokio::test]
async fn a_cloud_event_arrives_as_it_was_published() {
    let subscriptions = json!([{"pubsubname": "pubsub", "topic": "events", "route": "/events"}]);
    let mut bench = Bench::start(subscriptions, success).await;
    let event = json!({
        "specversion": "1.0", "id": "a-1", "source": "/tests", "type": "task.created", "subject": "ü",
        "time": "2026-11-28T00:00:00Z", "datacontenttype": "application/json", "tenant": "t1", "data": {"a": [1, null]}
    });
    // Not `traceparent`: daprd replaces it with that of the request.
    bench.publish("events", "application/cloudevents+json", event.to_string()).await;
    let (_, arrived) = bench.next().await;
    for (name, value) in event.as_object().unwrap() {
        assert_eq!(&arrived[name], value, "{name}");
    }
    // Larger than any packet or buffer on the way.
    let large = "x".repeat(1 << 20);
    bench.publish("events", "text/plain", large.clone()).await;
    assert_eq!(bench.next().await.1["data"], large);
}

#[ignore = "scripts/test pubsub"]
#[tokio::test]
async fn a_raw_payload_is_not_wrapped() {
    let subscriptions = json!([
        {"pubsubname": "pubsub", "topic": "raw", "route": "/raw", "metadata": {"rawPayload": "true"}},
    ]);
    let mut bench = Bench::start(subscriptions, success).await;
    bench.publish("raw?metadata.rawPayload=true", "application/octet-stream", "\u{1}raw").await;
    // daprd hands a raw payload on as the data of an event that it makes for it.
    let (_, arrived) = bench.next().await;
    assert_eq!(arrived["data_base64"], "AXJhdw==", "{arrived}");
}

#[ignore = "scripts/test pubsub"]
#[tokio::test]
async fn bulk_goes_in_and_out() {
    let subscriptions = json!([
        {"pubsubname": "pubsub", "topic": "bulk", "route": "/bulk", "bulkSubscribe": {"enabled": true}},
    ]);
    let mut bench = Bench::start(subscriptions, |_, body| {
        let entries = body["entries"].as_array().cloned().unwrap_or_default();
        let statuses = entries.iter().map(|entry| json!({"entryId": entry["entryId"], "status": "SUCCESS"}));
        json!({"statuses": statuses.collect::<Vec<_>>()})
    })
    .await;
    let entry = |number: u64| json!({"entryId": number.to_string(), "event": {"number": number}, "contentType": "application/json"});
    let url = format!("http://127.0.0.1:{}/v1.0-alpha1/publish/bulk/pubsub/bulk", bench.sidecar.port);
    let body = Value::Array((1..=3).map(entry).collect()).to_string();
    let (status, said) = Http::default().post(&url, "application/json", body.into()).await.unwrap();
    assert!(status.is_success(), "{}", String::from_utf8_lossy(&said));
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        let (_, body) = bench.next().await;
        let entries = body["entries"].as_array().cloned().unwrap_or_default();
        numbers.extend(entries.iter().filter_map(|entry| entry["event"]["data"]["number"].as_u64()));
    }
    assert_eq!(numbers, [1, 2, 3]);
}
