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

/// A Component that cannot be initialised: its name here, its connection string, more metadata, and what daprd says.
type Case = (&'static str, String, Vec<(&'static str, String)>, String);

fn cases(server: &Server) -> Vec<Case> {
    let (url, port) = (server.url("refusals", ""), server.port());
    let text = str::to_owned;
    vec![
        (
            "no-url",
            text("redis://here"),
            vec![],
            text("code = InvalidArgument desc = `connectionString` is not readable"),
        ),
        (
            "bad-entry",
            url.clone(),
            vec![("maxConns", text("many"))],
            text("`maxConns` is a number between 1 and 100"),
        ),
        (
            "wrong-password",
            url.replace(PASSWORD, "wrong"),
            vec![],
            format!(
                "desc = PostgreSQL at 127.0.0.1:{port}: password authentication failed for user \\\"todo\\\" (SQLSTATE \
                 28P01); check `connectionString`"
            ),
        ),
        (
            "no-rights",
            url.replace("todo:", "stranger:").replace(PASSWORD, "s"),
            vec![],
            format!(
                "desc = PostgreSQL at 127.0.0.1:{port}: permission denied for database refusals (SQLSTATE 42501); the \
                 README of this component, \\\"Rights\\\", has the grants"
            ),
        ),
        (
            "newer-schema",
            server.url("newer", ""),
            vec![],
            text(
                "desc = the schema dapr_pubsub has version 9, which works with components that know version 8 or a newer \
                 one; this one knows 1: use a newer image of the component",
            ),
        ),
        (
            "down",
            format!("postgres://todo:{PASSWORD}@127.0.0.1:1/refusals"),
            vec![],
            text(
                "desc = cannot reach PostgreSQL at 127.0.0.1:1: error connecting to server: Connection refused",
            ),
        ),
    ]
}

#[ignore = "scripts/test pubsub"]
#[tokio::test]
async fn daprd_says_why_a_component_cannot_be_initialised() {
    let server = Server::start().expect("PostgreSQL is installed");
    server.create("refusals");
    server.sql("refusals", "CREATE ROLE stranger LOGIN PASSWORD 's'");
    server.create("newer");
    server.sql(
        "newer",
        "CREATE SCHEMA dapr_pubsub; CREATE TABLE dapr_pubsub.schema (version int, oldest int);
         INSERT INTO dapr_pubsub.schema VALUES (9, 8)",
    );
    let folder = tempfile::tempdir().unwrap();
    let sidecars = cases(&server).into_iter().map(|(name, url, metadata, message)| {
        let broker = Broker::Postgres { url, metadata };
        (Sidecar::start(folder.path(), name, "app", None, &broker), message)
    });
    for (sidecar, message) in sidecars.collect::<Vec<_>>() {
        let failure =
            "[INIT_COMPONENT_FAILURE]: initialization error occurred for pubsub (pubsub.postgresql/v1)";
        said(&sidecar, failure, Duration::from_mins(1)).await;
        said(&sidecar, &message, Duration::from_secs(1)).await;
        said(&sidecar, "Fatal error from runtime", Duration::from_secs(10)).await;
    }
}

#[ignore = "scripts/test pubsub"]
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

#[ignore = "scripts/test pubsub"]
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
