//! The services that subscribe, as Dapr sees them, against a sidecar that runs in this process.

use axum::http::Method;
use serde_json::Value;

use super::*;
use crate::config::Role;
use crate::event::{Kind, Recurrence, sample_task};
use crate::faults::Fault;
use crate::http::Peer;
use crate::testing::{FakeSidecar, ask, event, event_of, start};
use crate::{audit, notification, recurring};

async fn service(role: Role, fake: &FakeSidecar, faults: Fault) -> Peer {
    let process = Process::new(role, faults);
    let routes = match role {
        Role::Audit => audit::routes(&process, fake.client()),
        Role::Notification => notification::routes(&process, fake.client()),
        Role::Recurring => recurring::routes(&process, fake.client(), "backend"),
        Role::Backend | Role::Frontend => panic!("no consumer"),
    };
    Peer::new("the service", &start(server::router(&process, routes)).await).unwrap()
}

/// Delivers a body as Dapr does and returns the status of the answer.
async fn deliver(service: &Peer, body: &str) -> String {
    let (code, answer) = ask(service, Method::POST, DELIVERY, body).await;
    assert_eq!(code, StatusCode::OK);
    answer["status"].as_str().unwrap().to_owned()
}

async fn deliver_event(service: &Peer, event: &Event) -> String {
    deliver(service, &event.to_cloud().to_string()).await
}

async fn figure(service: &Peer, outcome: &str) -> bool {
    let question = crate::http::Question::get("/metrics", crate::testing::PATIENCE);
    let answer = service.ask(question).await.unwrap();
    String::from_utf8(answer.body.to_vec())
        .unwrap()
        .contains(&format!("todo_events_total{{outcome=\"{outcome}\"}} 1\n"))
}

#[tokio::test]
async fn what_can_never_be_used_is_dropped() {
    let fake = FakeSidecar::start().await;
    let audit = service(Role::Audit, &fake, Fault::default()).await;
    for body in ["", "{}", r#"{"id":"1","type":"todo.task.painted","data":{}}"#] {
        assert_eq!(deliver(&audit, body).await, "DROP", "{body}");
    }
    assert_eq!(ask(&audit, Method::GET, "/log", "").await, (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn an_event_waits_for_the_state_store() {
    let fake = FakeSidecar::start().await;
    let audit = service(Role::Audit, &fake, Fault::default()).await;
    let milk = event(Kind::Created, 1, "milk");
    fake.life().down = true;
    assert_eq!(deliver_event(&audit, &milk).await, "RETRY");
    let (status, body) = ask(&audit, Method::GET, "/log?contains=milk", "").await;
    assert_eq!(
        (status, body["error"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("what is kept cannot be read: connection refused"))
    );
    let (status, body) = ask(&audit, Method::GET, "/readyz", "").await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("sidecar: connection refused"))
    );
    fake.life().down = false;
    assert_eq!(deliver_event(&audit, &milk).await, "SUCCESS");
    assert_eq!(ask(&audit, Method::GET, "/readyz", "").await.0, StatusCode::OK);
    assert!(figure(&audit, "refused").await && figure(&audit, "taken").await);
}

#[tokio::test]
async fn a_duplicate_is_one_entry_for_all_replicas() {
    let fake = FakeSidecar::start().await;
    let one = service(Role::Notification, &fake, Fault::default()).await;
    let other = service(Role::Notification, &fake, Fault::default()).await;
    let milk = event(Kind::Created, 1, "milk");
    assert_eq!(deliver_event(&one, &milk).await, "SUCCESS");
    assert_eq!(deliver_event(&other, &milk).await, "SUCCESS");
    assert!(figure(&other, "duplicate").await);
    for replica in [&one, &other] {
        let (_, found) = ask(replica, Method::GET, "/events?contains=milk", "").await;
        assert_eq!(
            found,
            json!([{
                "event": milk.id,
                "kind": "created",
                "task": { "id": 1, "key": "milk", "title": "buy milk", "done": false, "created_at": "2026-01-01T00:00:00.000Z" },
                "time": milk.time,
                "request_id": "request-1",
                "text": "New task: buy milk",
            }])
        );
        assert_eq!(
            ask(replica, Method::GET, "/events?contains=bread", "").await,
            (StatusCode::OK, json!([]))
        );
    }
}

#[tokio::test]
async fn a_fault_refuses_events_of_a_healthy_service() {
    let fake = FakeSidecar::start().await;
    let faults = Fault { refuse_events: true, ..Fault::default() };
    let audit = service(Role::Audit, &fake, faults).await;
    assert_eq!(deliver_event(&audit, &event(Kind::Created, 1, "milk")).await, "RETRY");
    assert_eq!(ask(&audit, Method::GET, "/readyz", "").await.0, StatusCode::OK);
    let sick =
        service(Role::Audit, &fake, Fault { never_ready: true, bad_health: true, ..Fault::default() }).await;
    for (path, status) in [("/health", 500), ("/api/health", 500), ("/ready", 503)] {
        assert_eq!(ask(&sick, Method::GET, path, "").await.0, status, "{path}");
    }
}

#[tokio::test]
async fn subscribes_to_the_topic() {
    let fake = FakeSidecar::start().await;
    for role in [Role::Audit, Role::Notification, Role::Recurring] {
        let service = service(role, &fake, Fault::default()).await;
        let expected: Value =
            json!([{ "pubsubname": "pubsub", "topic": "task-events", "route": "/task-events" }]);
        assert_eq!(ask(&service, Method::GET, "/dapr/subscribe", "").await, (StatusCode::OK, expected));
    }
}

#[tokio::test]
async fn the_next_task_is_created_once_its_backend_takes_it() {
    let fake = FakeSidecar::start().await;
    let recurring = service(Role::Recurring, &fake, Fault::default()).await;
    let mut task = sample_task(7, None, "water the plants");
    task.recurrence = Some(Recurrence::Weekly);
    let completed = event_of(Kind::Completed, task.clone());
    for (status, expected) in
        [(500, "RETRY"), (403, "RETRY"), (201, "SUCCESS"), (409, "SUCCESS"), (422, "DROP")]
    {
        fake.life().invoke_status = StatusCode::from_u16(status).unwrap();
        assert_eq!(deliver_event(&recurring, &completed).await, expected, "{status}");
    }
    assert!(figure(&recurring, "duplicate").await);
    let asked = (
        "backend /api/tasks".to_owned(),
        json!({ "title": "water the plants", "recurrence": "weekly", "key": "after-7" }),
    );
    assert_eq!(fake.life().invoked, vec![asked; 5]);
}

#[tokio::test]
async fn other_events_create_no_task() {
    let fake = FakeSidecar::start().await;
    let recurring = service(Role::Recurring, &fake, Fault::default()).await;
    let mut task = sample_task(7, None, "water the plants");
    assert_eq!(deliver_event(&recurring, &event_of(Kind::Completed, task.clone())).await, "SUCCESS");
    task.recurrence = Some(Recurrence::Daily);
    for kind in [Kind::Created, Kind::Updated, Kind::Deleted] {
        assert_eq!(deliver_event(&recurring, &event_of(kind, task.clone())).await, "SUCCESS");
    }
    assert_eq!(fake.life().invoked, []);
}
