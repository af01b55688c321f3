//! The database goes away while the component is at work.

use std::time::Duration;

use test_postgres::Server;
use tonic::Code;

use super::component::{Component, Subscriber, eventually, publish, text};

#[tokio::test]
async fn a_killed_database_costs_no_message_and_no_subscription() {
    let Some(mut server) = Server::start() else { return };
    server.create("killed");
    let component = Component::start("a");
    let fast = [("visibilityTimeout", "2s"), ("pollInterval", "200ms")];
    let mut client = component.ready(&server.url("killed", ""), "g", &fast).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    publish(&mut client, "t", "first").await.unwrap();
    let first = subscriber.next().await;
    for round in ["kill", "stop"] {
        publish(&mut client, "t", round).await.unwrap();
        match round {
            "kill" => server.kill(),
            _ => server.stop(),
        }
        let failed = publish(&mut client, "t", "lost?").await.unwrap_err();
        assert_eq!(failed.code(), Code::Unavailable, "{failed}");
        // The subscriber answers while nobody can be told.
        if round == "kill" {
            subscriber.ack(&first.id).await;
        }
        eventually("it says that it waits", || component.log().contains("waiting for the database")).await;
        server.resume();
        let mut seen = Vec::new();
        while !seen.contains(&round.to_owned()) {
            let message = subscriber.next().await;
            subscriber.ack(&message.id).await;
            seen.push(text(&message));
        }
        publish(&mut client, "t", &format!("after {round}")).await.unwrap();
        while !seen.contains(&format!("after {round}")) {
            seen.extend(subscriber.texts(1).await);
        }
    }
    eventually("it says that the database is back", || component.log().contains("the database is back"))
        .await;
    eventually("everything is acknowledged", || {
        server.sql("killed", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
    assert_eq!(subscriber.next_within(Duration::from_secs(3)).await, None);
}

#[tokio::test]
async fn who_subscribes_while_the_database_is_down_is_served_when_it_is_back() {
    let Some(mut server) = Server::start() else { return };
    server.create("later");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("later", ""), "g", &[]).await;
    publish(&mut client, "t", "kept").await.unwrap();
    server.stop();
    let begun = tokio::spawn(async move { Subscriber::new(&mut client, "t").await });
    eventually("it waits", || component.log().contains("cannot subscribe yet")).await;
    server.resume();
    let mut subscriber = begun.await.unwrap();
    assert_eq!(subscriber.texts(1).await, ["kept"]);
}
