//! What daprd and the user see when a Component cannot be initialised, and with how little it can.

use std::time::{Duration, Instant};

use test_postgres::{PASSWORD, Pooler, Server};
use tonic::{Code, Status};

use super::component::{Component, Subscriber, eventually, init, publish, shared};

/// The refusal of an initialisation.
async fn refusal(component: &Component, url: &str, more: &[(&str, &str)]) -> Status {
    let mut client = component.connect().await;
    let status = init(&mut client, url, "g", more).await.expect_err("it is refused");
    assert!(!status.message().contains(PASSWORD), "{status}");
    assert!(!component.log().contains(PASSWORD), "{}", component.log());
    eventually("the log says it too", || component.log().contains("not initialised")).await;
    status
}

#[tokio::test]
async fn what_is_wrong_with_the_metadata_is_said() {
    let component = Component::start("a");
    let secret = format!("postgres://u:{PASSWORD}@h/d");
    for (url, more, message) in [
        ("", vec![], "the Component's metadata is not usable: `connectionString` is missing"),
        (&secret, vec![("brokers", "redpanda:9093")], "`brokers` is not known; there are connectionString"),
        (&secret, vec![("visibilityTimeout", "soon")], "`visibilityTimeout` is a duration such as"),
        (&secret.replace("postgres://", "mysql://"), vec![], "`connectionString` is not readable"),
        (&format!("{secret}?sslmode=often"), vec![], "sslmode is disable, allow, prefer, require"),
        (&format!("{secret}?sslmode=verify-ca&sslrootcert=/nowhere"), vec![], "sslrootcert /nowhere: "),
    ] {
        let status = refusal(&component, url, &more).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(message), "{status}");
    }
}

#[tokio::test]
async fn what_the_database_refuses_is_said_at_once() {
    let Some(server) = shared() else { return };
    server.create("refusing");
    let component = Component::start("a");
    let url = server.url("refusing", "");
    let wrong = url.replace(PASSWORD, "hunter3");
    let started = Instant::now();
    let status = refusal(&component, &wrong, &[]).await;
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(
        status.message().contains(
            "password authentication failed for user \"todo\" (SQLSTATE 28P01); check `connectionString`"
        ),
        "{status}"
    );
    let status = refusal(&component, &server.url("nowhere", ""), &[]).await;
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("database \"nowhere\" does not exist"), "{status}");
    let status = refusal(&component, &format!("{url}?sslmode=verify-full"), &[]).await;
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("no TLS with PostgreSQL at 127.0.0.1:"), "{status}");
    assert!(status.message().contains("UnknownIssuer"), "{status}");
    server.sql("postgres", "CREATE ROLE picky LOGIN PASSWORD 'p'; ALTER ROLE picky SET default_transaction_isolation = 'serializable'");
    let picky = url.replace("todo:", "picky:").replace(PASSWORD, "p");
    let status = refusal(&component, &picky, &[]).await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("transactions of this role are `serializable`"), "{status}");
    assert!(started.elapsed() < Duration::from_secs(20), "waiting would not help, and it waited");
}

#[tokio::test]
async fn tls_is_as_strict_as_it_is_asked_to_be() {
    let Some(server) = shared() else { return };
    server.create("tls");
    let component = Component::start("a");
    let root = format!("sslrootcert={}", server.authority().display());
    let by_name = server.url("tls", "").replace("127.0.0.1", "localhost");
    let by_number = server.url("tls", "");
    let encrypted = || {
        server.sql("tls", "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND datname = 'tls'")
    };
    for (url, mode, tls) in [
        (&by_number, "sslmode=disable", false),
        (&by_number, "sslmode=allow", false),
        (&by_number, "sslmode=prefer", true),
        (&by_number, "sslmode=require", true),
        (&by_number, &format!("sslmode=verify-ca&{root}"), true),
        (&by_name, &format!("sslmode=verify-full&{root}"), true),
    ] {
        let mut client = component.connect().await;
        init(&mut client, &format!("{url}?{mode}"), "g", &[])
            .await
            .unwrap_or_else(|status| panic!("{mode}: {status}"));
        assert_eq!(encrypted() != "0", tls, "{mode}");
    }
    let status = refusal(&component, &format!("{by_number}?sslmode=verify-full&{root}"), &[]).await;
    assert!(status.message().contains("not valid for name"), "{status}");
}

#[tokio::test]
async fn a_database_that_is_down_is_waited_for() {
    let Some(mut server) = Server::start() else { return };
    server.create("down");
    let url = server.url("down", "");
    server.stop();
    let component = Component::start("a");
    let mut client = component.connect().await;
    let begun = tokio::spawn(async move { init(&mut client, &url, "g", &[]).await });
    eventually("it says what it waits for", || component.log().contains("Connection refused")).await;
    assert!(!begun.is_finished());
    server.resume();
    begun.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_database_that_stays_down_is_said_in_time() {
    let component = Component::start("a");
    let started = Instant::now();
    // Port 1 of this machine refuses.
    let url = format!("postgres://todo:{PASSWORD}@127.0.0.1:1/down");
    let status = refusal(&component, &url, &[]).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains(
            "cannot reach PostgreSQL at 127.0.0.1:1: error connecting to server: Connection refused"
        ),
        "{status}"
    );
    assert!((20..40).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn many_start_at_once_and_the_schema_is_made_once() {
    let Some(server) = shared() else { return };
    server.create("many");
    let url = server.url("many", "");
    let hosts = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let components = hosts.map(Component::start);
    let mut clients = Vec::new();
    for component in &components {
        clients.push(component.connect().await);
    }
    let begun: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let url = url.clone();
            tokio::spawn(async move { init(&mut client, &url, "g", &[]).await })
        })
        .collect();
    for one in begun {
        one.await.unwrap().unwrap();
    }
    let made = components.iter().filter(|one| one.log().contains("was migrated")).count();
    assert_eq!(made, 1);
    assert_eq!(server.sql("many", "SELECT * FROM dapr_pubsub.schema"), "1|1");
}

#[tokio::test]
async fn a_role_with_the_grants_of_the_readme_is_enough() {
    let Some(server) = shared() else { return };
    server.create("rights");
    let component = Component::start("a");
    server.sql("rights", "CREATE ROLE worker LOGIN PASSWORD 'w'");
    let worker = server.url("rights", "").replace("todo:", "worker:").replace(PASSWORD, "w");
    let status = refusal(&component, &worker, &[]).await;
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(
        status.message().contains(
            "permission denied for database rights (SQLSTATE 42501); the README of this component, \"Rights\""
        ),
        "{status}"
    );
    // The owner makes the schema, by starting once.
    let owner = Component::start("b");
    drop(owner.ready(&server.url("rights", ""), "g", &[]).await);
    let status = refusal(&component, &worker, &[]).await;
    assert!(status.message().contains("permission denied for schema dapr_pubsub"), "{status}");
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let [grants, state] = blocks.collect::<Vec<_>>()[..] else { panic!("the README has two") };
    server.sql("rights", grants);
    let mut client = component.ready(&worker, "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    publish(&mut client, "t", "hello").await.unwrap();
    assert_eq!(subscriber.texts(1).await, ["hello"]);
    let state = server.sql("rights", &format!("SET ROLE worker; {state}"));
    assert!(state.starts_with("t|g|0|") && state.ends_with("|0"), "{state}");
    server.sql("rights", "UPDATE dapr_pubsub.segments SET opened_at = '2020-01-01'");
    let kept = "SET ROLE worker; SELECT dapr_pubsub.turn(0, 0); SELECT emptied FROM dapr_pubsub.tidy(0, true); \
                SELECT dapr_pubsub.forget('g')";
    eventually("the worker may do everything that is done", || {
        server.sql("rights", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
    assert_eq!(server.sql("rights", kept), "t\n1\n1");
}

#[tokio::test]
async fn through_a_pooler_it_looks_by_itself() {
    let Some(server) = shared() else { return };
    server.create("pooled");
    let Some(pooler) = Pooler::start(&server) else { return };
    let (component, other) = (Component::start("a"), Component::start("b"));
    let fast = [("pollInterval", "200ms"), ("visibilityTimeout", "2s")];
    let mut client = component.ready(&pooler.url("pooled"), "g", &fast).await;
    let mut publisher = other.ready(&pooler.url("pooled"), "p", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for number in 0..50 {
        publish(&mut publisher, "t", &number.to_string()).await.unwrap();
    }
    assert_eq!(subscriber.texts(50).await, (0..50).map(|number| number.to_string()).collect::<Vec<_>>());
    eventually("it notices that announcements do not arrive", || {
        component
            .log()
            .contains("announcements do not arrive, so consumers look for messages every `pollInterval`")
    })
    .await;
    let started = Instant::now();
    publish(&mut publisher, "t", "by looking").await.unwrap();
    let message = subscriber.next().await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    subscriber.refuse(&message.id).await;
    assert_eq!(subscriber.texts(1).await, ["by looking"]);
    // With the database itself in reach, announcements are proved and used.
    let direct = Component::start("c");
    let mut direct_client = direct.ready(&server.url("pooled", ""), "d", &[]).await;
    let _subscriber = Subscriber::new(&mut direct_client, "t").await;
    eventually("announcements arrive", || direct.log().contains("listening for announcements")).await;
}
