//! Who gets a message, how often, and when again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pubsub_postgresql::proto::{PauseRequest, ResumeRequest};

use super::component::{Component, NEVER, SOON, Subscriber, eventually, publish, shared, text};

#[tokio::test]
async fn each_group_gets_every_message_and_its_consumers_share_them() {
    let Some(server) = shared() else { return };
    server.create("groups");
    let url = server.url("groups", "");
    let (audit, first, second) = (Component::start("a"), Component::start("b"), Component::start("c"));
    let mut audit = audit.ready(&url, "audit", &[]).await;
    let mut first = first.ready(&url, "notification", &[]).await;
    let mut second = second.ready(&url, "notification", &[]).await;
    let mut audit_subscriber = Subscriber::new(&mut audit, "t").await;
    let mut one = Subscriber::new(&mut first, "t").await;
    let mut other = Subscriber::new(&mut second, "t").await;
    let wanted: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    for text in &wanted {
        publish(&mut audit, "t", text).await.unwrap();
    }
    assert_eq!(audit_subscriber.texts(100).await, wanted);
    let mut seen = [Vec::new(), Vec::new()];
    while seen[0].len() + seen[1].len() < 100 {
        let (message, subscriber, who) = tokio::select! {
            message = one.next() => (message, &one, 0),
            message = other.next() => (message, &other, 1),
        };
        subscriber.ack(&message.id).await;
        seen[who].push(text(&message).parse::<u32>().unwrap());
    }
    for who in &seen {
        assert!(who.is_sorted(), "{who:?}");
    }
    let all: BTreeSet<u32> = seen.iter().flatten().copied().collect();
    assert_eq!(all.len(), 100);
    assert_eq!(one.next_within(NEVER).await, None);
    assert_eq!(other.next_within(NEVER).await, None);
    eventually("nothing is left to acknowledge", || {
        server.sql("groups", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
}

#[tokio::test]
async fn a_new_group_begins_where_it_says() {
    let Some(server) = shared() else { return };
    server.create("offset");
    let url = server.url("offset", "");
    let component = Component::start("a");
    let mut publisher = component.ready(&url, "p", &[]).await;
    publish(&mut publisher, "t", "before").await.unwrap();
    let (oldest, newest) = (Component::start("b"), Component::start("c"));
    let mut oldest = oldest.ready(&url, "oldest", &[]).await;
    let mut newest_client = newest.ready(&url, "newest", &[("initialOffset", "newest")]).await;
    let mut from_oldest = Subscriber::new(&mut oldest, "t").await;
    let mut from_newest = Subscriber::new(&mut newest_client, "t").await;
    eventually("both have subscribed", || {
        server.sql("offset", "SELECT count(*) FROM dapr_pubsub.subscriptions") == "2"
    })
    .await;
    publish(&mut publisher, "t", "after").await.unwrap();
    assert_eq!(from_oldest.texts(2).await, ["before", "after"]);
    assert_eq!(from_newest.texts(1).await, ["after"]);
    eventually("both have acknowledged", || {
        server.sql("offset", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
    // It says so at its first subscription only: what comes while it is away waits for it.
    drop(from_newest);
    publish(&mut publisher, "t", "meanwhile").await.unwrap();
    let mut from_newest = Subscriber::new(&mut newest_client, "t").await;
    assert_eq!(from_newest.texts(1).await, ["meanwhile"]);
}

#[tokio::test]
async fn a_refused_message_comes_again_and_keeps_nobody_waiting() {
    let Some(server) = shared() else { return };
    server.create("refuse");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("refuse", ""), "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for text in ["bad", "good", "better"] {
        publish(&mut client, "t", text).await.unwrap();
    }
    let bad = subscriber.next().await;
    assert_eq!(text(&bad), "bad");
    let refused = Instant::now();
    subscriber.refuse(&bad.id).await;
    assert_eq!(subscriber.texts(2).await, ["good", "better"]);
    let again = subscriber.next().await;
    assert_eq!((text(&again).as_str(), &again.id), ("bad", &bad.id));
    let took = refused.elapsed();
    assert!(took >= Duration::from_millis(900), "no back-off: {took:?}");
    let refused = Instant::now();
    subscriber.refuse(&again.id).await;
    assert_eq!(subscriber.texts(1).await, ["bad"]);
    assert!(
        refused.elapsed() >= Duration::from_millis(1900),
        "the back-off does not grow: {:?}",
        refused.elapsed()
    );
    assert_eq!(subscriber.next_within(NEVER).await, None);
}

#[tokio::test]
async fn a_message_without_an_answer_goes_to_another_consumer_and_a_late_answer_counts() {
    let Some(server) = shared() else { return };
    server.create("visibility");
    let url = server.url("visibility", "");
    let fast = [("visibilityTimeout", "1s"), ("pollInterval", "200ms")];
    let (stuck, other) = (Component::start("a"), Component::start("b"));
    let mut stuck = stuck.ready(&url, "g", &fast).await;
    publish(&mut stuck, "t", "slow").await.unwrap();
    let mut slow = Subscriber::new(&mut stuck, "t").await;
    let message = slow.next().await;
    publish(&mut stuck, "t", "next").await.unwrap();
    let mut other = other.ready(&url, "g", &fast).await;
    let mut quick = Subscriber::new(&mut other, "t").await;
    let first = quick.next().await;
    // Where the other took longer to start than an answer may take, the message without an answer comes first, and who
    // has it now gets nothing else before it answers.
    let is_late = first.id == message.id;
    if !is_late {
        assert_eq!(text(&first), "next");
        quick.ack(&first.id).await;
        assert_eq!(quick.next().await.id, message.id);
    }
    // Both have it now; whoever is first, acknowledges it.
    slow.ack(&message.id).await;
    if is_late {
        quick.refuse(&message.id).await;
        let next = tokio::select! { next = quick.next() => next, next = slow.next() => next };
        assert_eq!(text(&next), "next");
        quick.ack(&next.id).await;
        slow.ack(&next.id).await;
    }
    eventually("it is acknowledged", || {
        server.sql("visibility", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
    quick.refuse(&message.id).await;
    assert_eq!(quick.next_within(Duration::from_secs(2)).await, None);
}

#[tokio::test]
async fn a_message_is_given_up_after_so_many_deliveries() {
    let Some(server) = shared() else { return };
    server.create("give_up");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("give_up", ""), "g", &[("maxDeliveries", "2")]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    publish(&mut client, "t", "poison").await.unwrap();
    for _ in 0..2 {
        let message = subscriber.next().await;
        subscriber.refuse(&message.id).await;
    }
    assert_eq!(subscriber.next_within(Duration::from_secs(3)).await, None);
    assert!(component.log().contains("given up after `maxDeliveries` deliveries"), "{}", component.log());
    // It stays where it can be looked at, as long as its segment does.
    let kept = "SELECT convert_from(m.data, 'UTF8'), d.delivery FROM dapr_pubsub.deliveries d \
                JOIN dapr_pubsub.messages m USING (id) WHERE d.visible_at = 'infinity'";
    assert_eq!(server.sql("give_up", kept), "poison|2");
}

#[tokio::test]
async fn a_subscriber_that_goes_gives_back_what_it_had() {
    let Some(server) = shared() else { return };
    server.create("gone");
    let url = server.url("gone", "");
    let (going, staying) = (Component::start("a"), Component::start("b"));
    let mut going = going.ready(&url, "g", &[]).await;
    let mut staying = staying.ready(&url, "g", &[]).await;
    for number in 0..20 {
        publish(&mut going, "t", &number.to_string()).await.unwrap();
    }
    let mut leaver = Subscriber::new(&mut going, "t").await;
    assert_eq!(leaver.texts(5).await.len(), 5);
    let unanswered = text(&leaver.next().await);
    let mut heir = Subscriber::new(&mut staying, "t").await;
    drop(leaver);
    let started = Instant::now();
    let mut rest: BTreeSet<u32> = BTreeSet::new();
    while rest.len() < 15 {
        rest.extend(heir.texts(1).await.iter().map(|text| text.parse::<u32>().unwrap()));
    }
    assert!(started.elapsed() < SOON, "long after the visibility timeout of a minute was not waited for");
    assert_eq!(rest, (5..20).collect());
    assert_eq!(unanswered, "5");
    assert_eq!(heir.next_within(NEVER).await, None);
}

#[tokio::test]
async fn while_it_is_paused_nothing_is_delivered_and_acknowledgements_count() {
    let Some(server) = shared() else { return };
    server.create("pause");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("pause", ""), "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for text in ["one", "two"] {
        publish(&mut client, "t", text).await.unwrap();
    }
    let first = subscriber.next().await;
    for _ in 0..2 {
        client.pause(PauseRequest {}).await.unwrap();
    }
    subscriber.ack(&first.id).await;
    assert_eq!(subscriber.next_within(NEVER).await, None);
    eventually("the acknowledgement is stored", || {
        server.sql("pause", "SELECT count(*) FROM dapr_pubsub.deliveries WHERE visible_at > now()") == "0"
    })
    .await;
    client.resume(ResumeRequest {}).await.unwrap();
    assert_eq!(subscriber.texts(1).await, ["two"]);
}

#[tokio::test]
async fn two_components_of_a_pod_have_their_own_settings() {
    let Some(server) = shared() else { return };
    server.create("instances");
    let component = Component::start("a");
    let url = server.url("instances", "");
    let mut one = component.instance("one").await;
    let mut two = component.instance("two").await;
    super::component::init(&mut one, &url, "group-one", &[]).await.unwrap();
    super::component::init(&mut two, &url, "group-two", &[]).await.unwrap();
    let mut of_one = Subscriber::new(&mut one, "t").await;
    let mut of_two = Subscriber::new(&mut two, "t").await;
    publish(&mut one, "t", "hello").await.unwrap();
    assert_eq!(of_one.texts(1).await, ["hello"]);
    assert_eq!(of_two.texts(1).await, ["hello"]);
    assert_eq!(
        server.sql("instances", "SELECT consumer_group FROM dapr_pubsub.subscriptions ORDER BY 1"),
        "group-one\ngroup-two"
    );
    // A second initialisation is a sidecar that was restarted.
    super::component::init(&mut one, &url, "group-one", &[]).await.unwrap();
    drop(of_one);
    let mut of_one = Subscriber::new(&mut one, "t").await;
    publish(&mut two, "t", "again").await.unwrap();
    assert_eq!(of_one.texts(1).await, ["again"]);
}
