//! The backend against a PostgreSQL server and a sidecar of its own.

use axum::http::{Method, StatusCode};
use serde_json::json;
use test_postgres::Server;

use super::*;
use crate::config::Role;
use crate::faults::Fault;
use crate::http::Peer;
use crate::testing::{FakeSidecar, PATIENCE, ask, start};

/// One replica: its API, and its sender until it is dropped.
struct Replica {
    api: Peer,
    sender: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            sender.abort();
        }
    }
}

async fn replica(url: &str, fake: Option<&FakeSidecar>) -> Replica {
    let database = Arc::new(Database::new(url).unwrap());
    let process = Process::new(Role::Backend, Fault::default());
    let sidecar = fake.map(|fake| Arc::new(fake.client()));
    let news = Arc::new(Notify::new());
    let tasks = Tasks::new(database.clone(), news.clone());
    let sender = sidecar.clone().map(|sidecar| {
        let outbox = Outbox::new(database.clone(), sidecar, news, process.clone());
        tokio::spawn(async move { match outbox.run().await {} })
    });
    let backend = Backend { process: process.clone(), database, tasks, sidecar };
    let url = start(server::router(&process, routes(backend))).await;
    Replica { api: Peer::new("the backend", &url).unwrap(), sender }
}

impl Replica {
    async fn post(&self, body: &str) -> StatusCode {
        ask(&self.api, Method::POST, "/api/tasks", body).await.0
    }

    async fn patch(&self, name: &str, body: &str) -> StatusCode {
        ask(&self.api, Method::PATCH, &format!("/api/tasks/{name}"), body).await.0
    }

    async fn delete(&self, name: &str) -> StatusCode {
        ask(&self.api, Method::DELETE, &format!("/api/tasks/{name}"), "").await.0
    }
}

fn expected(events: &[(&str, &str)]) -> Vec<(String, String)> {
    events.iter().map(|(kind, subject)| (format!("todo.task.{kind}"), (*subject).to_owned())).collect()
}

/// All that needs a server, one after the other: starting one takes seconds.
#[tokio::test]
async fn with_a_database() {
    let Some(server) = Server::start() else { return };
    keys_are_unique(&server.database("keys")).await;
    events_wait_without_a_sidecar(&server.database("alone")).await;
    every_change_is_one_event(&server.database("changes")).await;
    no_event_is_lost_while_the_broker_is_away(&server.database("away")).await;
    a_lost_answer_is_a_duplicate(&server.database("lost")).await;
    replicas_do_not_send_twice(&server.database("replicas")).await;
    works_beside_the_version_before(&server.database("before")).await;
}

async fn keys_are_unique(url: &str) {
    let backend = replica(url, None).await;
    assert_eq!(backend.post(r#"{"title":"milk","key":"milk"}"#).await, StatusCode::CREATED);
    let taken = ask(&backend.api, Method::POST, "/api/tasks", r#"{"title":"more","key":"milk"}"#).await;
    assert_eq!(taken, (StatusCode::CONFLICT, json!({ "error": "there is a task with this key" })));
    assert_eq!(backend.post(r#"{"title":"bread"}"#).await, StatusCode::CREATED);
    assert_eq!(backend.post(r#"{"title":"bread"}"#).await, StatusCode::CREATED);
    for name in ["eggs", "4711"] {
        assert_eq!(backend.patch(name, r#"{"done":true}"#).await, StatusCode::NOT_FOUND);
        assert_eq!(backend.delete(name).await, StatusCode::NOT_FOUND);
    }
    assert_eq!(backend.patch("milk", "{}").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(backend.delete("milk").await, StatusCode::NO_CONTENT);
    assert_eq!(backend.post(r#"{"title":"milk","key":"milk"}"#).await, StatusCode::CREATED);
}

async fn events_wait_without_a_sidecar(url: &str) {
    let backend = replica(url, None).await;
    assert_eq!(backend.post(r#"{"title":"milk","key":"milk"}"#).await, StatusCode::CREATED);
    let (status, body) = ask(&backend.api, Method::GET, "/readyz", "").await;
    assert_eq!((status, body["sidecar"].as_str()), (StatusCode::OK, Some("none")));
    // Dapr is turned on later.
    let fake = FakeSidecar::start().await;
    let _with_dapr = replica(url, Some(&fake)).await;
    assert_eq!(fake.published(1).await, expected(&[("created", "milk")]));
}

async fn every_change_is_one_event(url: &str) {
    let fake = FakeSidecar::start().await;
    let backend = replica(url, Some(&fake)).await;
    let (_, task) =
        ask(&backend.api, Method::POST, "/api/tasks", r#"{"title":"milk","recurrence":"daily"}"#).await;
    let id = task["id"].to_string();
    for (body, status) in [
        (r#"{"done":true}"#, StatusCode::OK),
        // As it is: no event.
        (r#"{"done":true}"#, StatusCode::OK),
        (r#"{"title":"oat milk"}"#, StatusCode::OK),
        (r#"{"done":false,"title":"milk"}"#, StatusCode::OK),
        (r#"{"title":" "}"#, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(backend.patch(&id, body).await, status, "{body}");
    }
    assert_eq!(backend.delete(&id).await, StatusCode::NO_CONTENT);
    let events = fake.published(5).await;
    let kinds = ["created", "completed", "updated", "updated", "deleted"].map(|kind| (kind, id.as_str()));
    assert_eq!(events, expected(&kinds));
    let data = &fake.published_events(5).await[1]["data"]["task"];
    assert_eq!((data["done"].as_bool(), data["recurrence"].as_str()), (Some(true), Some("daily")));
}

async fn no_event_is_lost_while_the_broker_is_away(url: &str) {
    let fake = FakeSidecar::start().await;
    fake.life().down = true;
    let backend = replica(url, Some(&fake)).await;
    for key in ["a", "b", "c"] {
        let body = json!({ "title": key, "key": key }).to_string();
        assert_eq!(backend.post(&body).await, StatusCode::CREATED);
    }
    let (status, body) = ask(&backend.api, Method::GET, "/readyz", "").await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("sidecar: connection refused"))
    );
    // The sender ends; the events are in the database.
    drop(backend);
    let backend = replica(url, Some(&fake)).await;
    fake.life().down = false;
    assert_eq!(fake.published(3).await, expected(&[("created", "a"), ("created", "b"), ("created", "c")]));
    assert_eq!(ask(&backend.api, Method::GET, "/readyz", "").await.0, StatusCode::OK);
}

async fn a_lost_answer_is_a_duplicate(url: &str) {
    let fake = FakeSidecar::start().await;
    fake.life().lost_answers = 1;
    let backend = replica(url, Some(&fake)).await;
    backend.post(r#"{"title":"milk","key":"milk"}"#).await;
    let events = fake.published_events(2).await;
    assert_eq!(events[0], events[1]);
}

async fn replicas_do_not_send_twice(url: &str) {
    let fake = FakeSidecar::start().await;
    let (one, other) = (replica(url, Some(&fake)).await, replica(url, Some(&fake)).await);
    for number in 0..50 {
        let body = json!({ "title": "x", "key": format!("t{number}") }).to_string();
        let replica = if number % 2 == 0 { &one } else { &other };
        assert_eq!(replica.post(&body).await, StatusCode::CREATED);
    }
    backlog_is_empty(url).await;
    let wanted: Vec<_> =
        (0..50).map(|number| ("todo.task.created".to_owned(), format!("t{number}"))).collect();
    assert_eq!(fake.published(50).await, wanted);
}

async fn works_beside_the_version_before(url: &str) {
    let old = sqlx::PgPool::connect(url).await.unwrap();
    sqlx::query(
        "CREATE TABLE sample_tasks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, \
         done boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now())",
    )
    .execute(&old)
    .await
    .unwrap();
    let insert = "INSERT INTO sample_tasks (title) VALUES ('old')";
    sqlx::query(insert).execute(&old).await.unwrap();
    let backend = replica(url, None).await;
    assert_eq!(
        backend.post(r#"{"title":"new","key":"new","recurrence":"monthly"}"#).await,
        StatusCode::CREATED
    );
    sqlx::query(insert).execute(&old).await.unwrap();
    let (_, list) = ask(&backend.api, Method::GET, "/api/tasks", "").await;
    let titles: Vec<_> =
        list.as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["old", "new", "old"]);
    assert_eq!((list[0].get("key"), list[1]["recurrence"].as_str()), (None, Some("monthly")));
}

/// Waits until nothing is left to send, by waiting for the sender's lock to find it so.
async fn backlog_is_empty(url: &str) {
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    let empty = async {
        loop {
            let mut transaction = pool.begin().await.unwrap();
            // The lock that a sender holds while it sends; this waits for its end.
            sqlx::query("SELECT pg_advisory_xact_lock(7620452)").execute(&mut *transaction).await.unwrap();
            let left: i64 = sqlx::query_scalar("SELECT count(*) FROM sample_outbox")
                .fetch_one(&mut *transaction)
                .await
                .unwrap();
            if left == 0 {
                return;
            }
            drop(transaction);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, empty).await.expect("the outbox empties");
}
