//! The component ends, by itself or not, and comes back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::component::{Component, NEVER, SOON, Subscriber, eventually, publish, shared, text};
use super::daprd::Daprd;

#[tokio::test]
async fn a_killed_component_finds_what_it_had_at_once_when_it_is_back() {
    let Some(server) = shared() else { return };
    server.create("crash");
    let url = server.url("crash", "");
    let mut component = Component::start("pod-1");
    let mut client = component.ready(&url, "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for number in 0..100 {
        publish(&mut client, "t", &number.to_string()).await.unwrap();
    }
    let mut seen: BTreeSet<String> = subscriber.texts(30).await.into_iter().collect();
    seen.insert(text(&subscriber.next().await));
    component.kill().await;
    component.again();
    let started = Instant::now();
    let mut client = component.ready(&url, "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    let mut again = 0;
    while seen.len() < 100 {
        for text in subscriber.texts(1).await {
            again += u32::from(!seen.insert(text));
        }
    }
    assert!(started.elapsed() < SOON, "the visibility timeout of a minute was not waited for");
    // Those acknowledged in the last moment before the end, and the one without an answer.
    assert!(again <= 31, "{again} came again");
}

#[tokio::test]
async fn asked_to_end_it_lets_the_sidecar_finish() {
    let Some(server) = shared() else { return };
    server.create("drain");
    let url = server.url("drain", "");
    let mut component = Component::start("a");
    let mut client = component.ready(&url, "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for number in 0..10 {
        publish(&mut client, "t", &number.to_string()).await.unwrap();
    }
    assert_eq!(subscriber.texts(3).await.len(), 3);
    let last = subscriber.next().await;
    component.terminate();
    // No new message, but the last one may be acknowledged, and what the application still publishes is taken.
    let heir = Component::start("b");
    let mut heir_client = heir.ready(&url, "g", &[]).await;
    let mut heir_subscriber = Subscriber::new(&mut heir_client, "t").await;
    // One that it had already fetched goes back a moment after the others are there: order is not promised.
    let mut rest = heir_subscriber.texts(6).await;
    rest.sort();
    assert_eq!(rest, ["4", "5", "6", "7", "8", "9"]);
    publish(&mut client, "t", "at the end").await.unwrap();
    subscriber.ack(&last.id).await;
    assert_eq!(heir_subscriber.texts(1).await, ["at the end"]);
    assert_eq!(subscriber.next_within(NEVER).await, None);
    drop((subscriber, client));
    assert!(component.ended().await);
    // Its last words are read a moment after its end.
    eventually("it says why it ended", || component.log().contains("ended: the sidecar has gone")).await;
    assert_eq!(heir_subscriber.next_within(NEVER).await, None);
    eventually("all is acknowledged", || {
        server.sql("drain", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
}

#[tokio::test]
async fn without_a_sidecar_it_ends_at_once() {
    let mut component = Component::start("a");
    drop(component.connect().await);
    component.terminate();
    assert!(component.ended().await);
}

#[tokio::test]
async fn a_sidecar_that_knew_a_predecessor_is_asked_to_start_anew() {
    let daprd = Daprd::start(true).await;
    let environment =
        [("DAPR_HTTP_PORT", daprd.port.to_string()), ("DAPR_API_TOKEN", "token-of-the-test".to_owned())];
    let component = Component::start_with("a", &environment);
    eventually("daprd is asked", || !daprd.shutdowns().is_empty()).await;
    let request = daprd.shutdowns().remove(0);
    assert!(request.contains("dapr-api-token: token-of-the-test"), "{request}");
    eventually("it says so", || component.log().contains("it was asked to start anew")).await;
    assert!(!component.log().contains("token-of-the-test"));
}

#[tokio::test]
async fn a_sidecar_that_starts_is_left_alone() {
    let Some(server) = shared() else { return };
    server.create("fresh");
    let daprd = Daprd::start(false).await;
    let component = Component::start_with("a", &[("DAPR_HTTP_PORT", daprd.port.to_string())]);
    eventually("it looks", || daprd.asked() > 1).await;
    let _client = component.ready(&server.url("fresh", ""), "g", &[]).await;
    daprd.get_ready();
    let looks = daprd.asked();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(daprd.shutdowns(), Vec::<String>::new());
    assert!(daprd.asked() <= looks + 1, "it looks on though it was initialised");
}
