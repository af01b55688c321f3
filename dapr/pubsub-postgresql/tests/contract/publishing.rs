//! What is published, and what of it arrives.

use std::collections::HashMap;

use pubsub_postgresql::proto::server_reflection::server_reflection_client::ServerReflectionClient;
use pubsub_postgresql::proto::{
    BulkMessageEntry, BulkPublishRequest, FeaturesRequest, PingRequest, PublishRequest,
    ServerReflectionRequest,
};
use tonic::Code;

use super::component::{Component, Subscriber, publish, shared, text};

#[tokio::test]
async fn daprd_finds_the_service_and_its_features() {
    let component = Component::start("a");
    let mut client = component.connect().await;
    client.ping(PingRequest {}).await.unwrap();
    let features = client.features(FeaturesRequest {}).await.unwrap().into_inner().features;
    assert_eq!(features, ["BULK_PUBSUB", "BULK_SUBSCRIBE_IMMEDIATE"]);
    // Nothing before it is initialised, and nothing that pretends.
    let refused = publish(&mut client, "t", "x").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let question = ServerReflectionRequest { host: String::new(), list_services: Some("*".to_owned()) };
    let mut answers = ServerReflectionClient::new(component.channel().await)
        .server_reflection_info(tokio_stream::iter([question]))
        .await
        .unwrap()
        .into_inner();
    let services = answers.message().await.unwrap().unwrap().list_services_response.unwrap().service;
    assert!(services.iter().any(|service| service.name == "dapr.proto.components.v1.PubSub"));
}

#[tokio::test]
async fn content_arrives_as_it_was_published() {
    let Some(server) = shared() else { return };
    server.create("content");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("content", ""), "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    let event = br#"{ "specversion":"1.0", "id":"1", "data":{"a" : [1, 2]},"x":"\u0000 \ud83d\ude00" }"#;
    let metadata = HashMap::from([
        ("rawPayload".to_owned(), "true".to_owned()),
        ("key \u{1f600}".to_owned(), "a \"quoted\"\nvalue\0".to_owned()),
    ]);
    let large: Vec<u8> = (0..=250).cycle().take(1 << 20).collect();
    let contents = [event.to_vec(), Vec::new(), vec![0, 255, 10, 13, 0], large];
    for data in &contents {
        let request = PublishRequest {
            data: data.clone(),
            pubsub_name: "pubsub".to_owned(),
            topic: "t".to_owned(),
            metadata: metadata.clone(),
            content_type: "application/cloudevents+json; charset=utf-8".to_owned(),
        };
        client.publish(request).await.unwrap();
    }
    let mut ids = Vec::new();
    for data in &contents {
        let message = subscriber.next().await;
        subscriber.ack(&message.id).await;
        assert!(message.data == *data, "{} bytes instead of {}", message.data.len(), data.len());
        assert_eq!(message.topic_name, "t");
        assert_eq!(message.metadata, metadata);
        assert_eq!(message.content_type, "application/cloudevents+json; charset=utf-8");
        ids.push(message.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), contents.len());
}

#[tokio::test]
async fn what_cannot_be_delivered_is_refused() {
    let Some(server) = shared() else { return };
    server.create("refused");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("refused", ""), "g", &[]).await;
    let request = |data: Vec<u8>, topic: &str| PublishRequest {
        data,
        topic: topic.to_owned(),
        ..PublishRequest::default()
    };
    for (request, why) in [
        (request(vec![0; 4 << 20], "t"), "daprd takes 4128768 at most"),
        (request(vec![], ""), "the topic is missing"),
        (request(vec![], "a\0b"), "the topic holds a NUL"),
        (
            PublishRequest { content_type: "\0".to_owned(), ..request(vec![], "t") },
            "the content type holds a NUL",
        ),
    ] {
        let refused = client.publish(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(why), "{refused}");
    }
    assert_eq!(server.sql("refused", "SELECT count(*) FROM dapr_pubsub.messages"), "0");
}

#[tokio::test]
async fn what_the_database_cannot_store_is_refused_alone() {
    let Some(server) = shared() else { return };
    server.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let component = Component::start("a");
    let client = component.ready(&server.url("latin", ""), "g", &[]).await;
    // They come at once, so that those that wait go to the database together.
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..30 {
        let mut client = client.clone();
        let word = if number == 20 { "\u{1f600}" } else { "a" };
        let request = PublishRequest {
            topic: "t".to_owned(),
            metadata: HashMap::from([("word".to_owned(), word.to_owned())]),
            ..PublishRequest::default()
        };
        requests.spawn(async move { client.publish(request).await.map(drop) });
    }
    let results = requests.join_all().await;
    let refused: Vec<String> =
        results.into_iter().filter_map(Result::err).map(|refused| refused.message().to_owned()).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("has no equivalent in encoding \"LATIN1\" (SQLSTATE 22P05)"), "{refused:?}");
    assert_eq!(server.sql("latin", "SELECT count(*) FROM dapr_pubsub.messages"), "29");
}

#[tokio::test]
async fn many_in_one_call_are_all_there_in_their_order_but_for_those_that_are_named() {
    let Some(server) = shared() else { return };
    server.create("bulk");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("bulk", ""), "g", &[]).await;
    let entry = |number: usize, bytes: usize| BulkMessageEntry {
        entry_id: number.to_string(),
        event: number.to_string().repeat(bytes).into_bytes(),
        content_type: format!("type/{number}"),
        metadata: HashMap::from([("own".to_owned(), number.to_string())]),
    };
    let request = BulkPublishRequest {
        entries: vec![entry(1, 1), entry(2, 5 << 20), entry(3, 1), entry(4, 1)],
        topic: "t".to_owned(),
        metadata: HashMap::from([("all".to_owned(), "yes".to_owned()), ("own".to_owned(), "no".to_owned())]),
        ..BulkPublishRequest::default()
    };
    let failed = client.bulk_publish(request).await.unwrap().into_inner().failed_entries;
    assert_eq!(failed.iter().map(|one| one.entry_id.as_str()).collect::<Vec<_>>(), ["2"]);
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for number in ["1", "3", "4"] {
        let message = subscriber.next().await;
        subscriber.ack(&message.id).await;
        assert_eq!((text(&message).as_str(), message.content_type), (number, format!("type/{number}")));
        assert_eq!(message.metadata["own"], number);
        assert_eq!(message.metadata["all"], "yes");
    }
}

#[tokio::test]
async fn concurrent_publishers_lose_nothing_and_keep_their_own_order() {
    let Some(server) = shared() else { return };
    server.create("order");
    let url = server.url("order", "");
    let components: Vec<Component> = ["a", "b", "c"].map(Component::start).into();
    let mut publishers = Vec::new();
    for (number, component) in components.iter().enumerate() {
        let mut client = component.ready(&url, "g", &[]).await;
        publishers.push(tokio::spawn(async move {
            for count in 0..200 {
                publish(&mut client, "t", &format!("{number} {count}")).await.unwrap();
            }
        }));
    }
    let mut client = components[0].connect().await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    let mut next = [0; 3];
    for _ in 0..600 {
        let message = subscriber.next().await;
        subscriber.ack(&message.id).await;
        let said = text(&message);
        let (number, count) = said.split_once(' ').unwrap();
        let number: usize = number.parse().unwrap();
        assert_eq!(count, next[number].to_string(), "publisher {number}");
        next[number] += 1;
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
}
