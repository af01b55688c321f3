//! Many messages, three groups: the sizes of tables and indexes must not grow with the number of messages.
//!
//! `MESSAGES` says how many: `scripts/test pubsub` has 300,000, `scripts/test pubsub-long` a million.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pubsub_postgresql::proto::{BulkMessageEntry, BulkPublishRequest};
use test_postgres::Server;

use super::component::{Client, Component, Subscriber};

/// Messages of one call, and bytes of one message: an event of the application.
const BULK: u64 = 100;
const BYTES: usize = 500;
/// How often the sizes are looked at, and how many of those looks make a line.
const SAMPLES: u64 = 100;
const LINE: usize = 5;
/// How far publishing may be ahead of the slowest group: a day's backlog is another test.
const AHEAD: u64 = 5_000;

/// The database's own sizes, in KiB: all of the schema, its messages, and what changes most.
const SIZES: &str = "SELECT (sum(size) / 1024)::bigint, \
     (sum(size) FILTER (WHERE name LIKE 'messages%') / 1024)::bigint, (sum(indexes) / 1024)::bigint, \
     (sum(size) FILTER (WHERE name LIKE 'deliveries%') / 1024)::bigint, \
     (sum(size) FILTER (WHERE name = 'positions') / 1024)::bigint \
     FROM (SELECT relname AS name, pg_total_relation_size(oid) AS size, pg_indexes_size(oid) AS indexes FROM pg_class \
     WHERE relnamespace = 'dapr_pubsub'::regnamespace AND relkind = 'r') sizes";

#[ignore = "scripts/test pubsub"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the sizes are its result")]
async fn the_sizes_stay_flat() {
    let messages = messages();
    let server = Server::start().expect("PostgreSQL is installed");
    server.create("volume");
    let url = server.url("volume", "");
    let publisher = Component::start("backend");
    let mut client = publisher.ready(&url, "backend", &[("retention", "acknowledged")]).await;
    let (mut components, mut groups) = (Vec::new(), Vec::new());
    for group in ["notification", "recurring", "audit"] {
        let component = Component::start(group);
        let client = component.ready(&url, group, &[("retention", "acknowledged")]).await;
        let done = Arc::new(AtomicU64::new(0));
        groups.push((Arc::clone(&done), tokio::spawn(consume(client, messages, done))));
        components.push(component);
    }
    let started = Instant::now();
    let mut samples = Vec::new();
    println!(
        "{:>9} {:>7} {:>9} {:>9} {:>9} {:>10} {:>9}  KiB",
        "messages", "s", "all", "messages", "indexes", "deliveries", "positions"
    );
    for published in (0..messages / BULK).map(|bulk| bulk * BULK) {
        let slowest = || groups.iter().map(|(done, _)| done.load(Ordering::Relaxed)).min().unwrap_or(0);
        while slowest() + AHEAD < published {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bulk(&mut client).await;
        let sent = published + BULK;
        if sent.is_multiple_of(messages / SAMPLES) {
            let sizes: Vec<u64> =
                server.sql("volume", SIZES).split('|').map(|size| size.parse().unwrap()).collect();
            let [all, messages, indexes, deliveries, positions] = sizes[..] else { panic!("{sizes:?}") };
            samples.push((all, indexes));
            if !samples.len().is_multiple_of(LINE) {
                continue;
            }
            let seconds = started.elapsed().as_secs();
            println!(
                "{sent:>9} {seconds:>7} {all:>9} {messages:>9} {indexes:>9} {deliveries:>10} {positions:>9}"
            );
        }
    }
    for (_, group) in groups {
        group.await.unwrap();
    }
    let most = |samples: &[(u64, u64)]| {
        samples.iter().fold((0, 0), |most, sample| (most.0.max(sample.0), most.1.max(sample.1)))
    };
    let (early, late) = samples.split_at(samples.len() / 2);
    let (early, late) = (most(early), most(late));
    println!(
        "at most, in the first half and in the second: all {} and {} KiB, indexes {} and {} KiB",
        early.0, late.0, early.1, late.1
    );
    // They go up and down with each segment; a look may miss the top.
    assert!(late.0 <= early.0 * 3 / 2, "tables grow");
    assert!(late.1 <= early.1 * 3 / 2, "indexes grow");
    // Whoever took messages found them by an index.
    let read = "SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'dapr_pubsub' AND relname LIKE '%\\_%'";
    let read: u64 = server.sql("volume", read).parse().unwrap();
    assert!(read < messages, "{read} rows were read without an index");
}

async fn bulk(client: &mut Client) {
    let entry = |number: u64| BulkMessageEntry {
        entry_id: number.to_string(),
        event: vec![b'x'; BYTES],
        content_type: "application/cloudevents+json".to_owned(),
        metadata: HashMap::new(),
    };
    let request = BulkPublishRequest {
        entries: (0..BULK).map(entry).collect(),
        topic: "t".to_owned(),
        ..BulkPublishRequest::default()
    };
    let failed = client.bulk_publish(request).await.expect("it publishes").into_inner().failed_entries;
    assert!(failed.is_empty(), "{failed:?}");
}

async fn consume(mut client: Client, messages: u64, done: Arc<AtomicU64>) {
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    for _ in 0..messages {
        let message = subscriber.next_within(Duration::from_mins(1)).await.expect("a message comes");
        subscriber.ack(&message.id).await;
        done.fetch_add(1, Ordering::Relaxed);
    }
}

fn messages() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test is told by its environment")]
    let text = std::env::var("MESSAGES");
    text.map_or(1_000_000, |text| text.parse().expect("MESSAGES is a number"))
}
