//! What daprd says, and so whoever looks at a pod that does not start.

use std::time::Duration;

use test_postgres::{PASSWORD, Server};
use tokio::sync::mpsc;
use traffic::app::App;
use traffic::broker::Broker;
use traffic::publisher::Publisher;
use traffic::sidecar::Sidecar;

/// Waits until the sidecar says something.
async fn said(sidecar: &Sidecar, text: &str, within: Duration) {
    let said = async {
        while !sidecar.log().contains(text) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(within, said).await.is_ok();
    assert!(in_time, "daprd does not say: {text}\n{}\n{}", sidecar.log(), sidecar.component_log());
    for log in [sidecar.log(), sidecar.component_log()] {
        assert!(!log.contains(PASSWORD), "{log}");
    }
}

#[tokio::test]
async fn daprd_says_why_a_component_cannot_be_initialised() {
    let server = Server::start().expect("PostgreSQL is installed");
    server.create("refusals");
    server.sql("refusals", "CREATE ROLE stranger LOGIN PASSWORD 's'");
    let url = server.url("refusals", "");
    let nobody = format!("postgres://todo:{PASSWORD}@127.0.0.1:1/refusals");
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (
            "no-url",
            "redis://here".to_owned(),
            vec![],
            "code = InvalidArgument desc = `connectionString` is not readable",
        ),
        (
            "bad-entry",
            url.clone(),
            vec![("maxConns", "many".to_owned())],
            "`maxConns` is a number between 1 and 100",
        ),
        (
            "wrong-password",
            url.replace(PASSWORD, "wrong"),
            vec![],
            "desc = PostgreSQL at 127.0.0.1:PORT: password authentication failed for user \\\"todo\\\" (SQLSTATE 28P01); \
             check `connectionString`",
        ),
        (
            "no-rights",
            url.replace("todo:", "stranger:").replace(PASSWORD, "s"),
            vec![],
            "desc = PostgreSQL at 127.0.0.1:PORT: permission denied for database refusals (SQLSTATE 42501); the README of \
             this component, \\\"Rights\\\", has the grants",
        ),
        (
            "down",
            nobody,
            vec![],
            "desc = cannot reach PostgreSQL at 127.0.0.1:1: error connecting to server: Connection refused",
        ),
    ];
    let sidecars = cases.map(|(name, url, metadata, message)| {
        let broker = Broker::Postgres { url, metadata };
        (Sidecar::start(folder.path(), name, "app", None, &broker), message)
    });
    for (sidecar, message) in &sidecars {
        let message = message.replace("PORT", &server.port().to_string());
        said(
            sidecar,
            "[INIT_COMPONENT_FAILURE]: initialization error occurred for pubsub (pubsub.postgresql/v1)",
            Duration::from_mins(1),
        )
        .await;
        said(sidecar, &message, Duration::from_secs(1)).await;
        said(sidecar, "Fatal error from runtime", Duration::from_secs(10)).await;
    }
}

#[tokio::test]
async fn a_sidecar_without_its_component_says_so_and_finds_it_at_its_next_start() {
    let server = Server::start().expect("PostgreSQL is installed");
    server.create("late");
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::Postgres { url: server.url("late", ""), metadata: Vec::new() };
    let mut sidecar = Sidecar::without_component(folder.path(), "late", "app", &broker);
    said(&sidecar, "couldn't find message bus pubsub.postgresql/v1", Duration::from_secs(20)).await;
    // Kubernetes starts it again.
    sidecar.start_component();
    sidecar.ready().await;
}

#[tokio::test]
async fn a_database_that_goes_away_later_is_an_error_of_the_publisher_and_no_end_of_the_sidecar() {
    let mut server = Server::start().expect("PostgreSQL is installed");
    server.create("later");
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::Postgres { url: server.url("later", ""), metadata: Vec::new() };
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let app = App::start("t", arrived).await;
    let sidecar = Sidecar::start(folder.path(), "app", "app", Some(app.port), &broker);
    sidecar.ready().await;
    let publisher = Publisher::new(sidecar.port, "t");
    publisher.publish(1).await;
    assert_eq!(arrivals.recv().await.map(|event| event.number), Some(1));
    server.stop();
    let refused = publisher.attempt(2).await.expect_err("nothing can be stored");
    assert!(refused.contains("code = Unavailable desc = cannot reach PostgreSQL at 127.0.0.1:"), "{refused}");
    server.resume();
    publisher.publish(3).await;
    let arrived = tokio::time::timeout(Duration::from_secs(20), arrivals.recv()).await;
    assert_eq!(arrived.expect("it comes").map(|event| event.number), Some(3));
    assert_eq!(sidecar.daprd.starts(), 1);
}
