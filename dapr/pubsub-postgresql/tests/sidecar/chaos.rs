//! Many events, three groups of two consumers each, and everything killed at random: every group must see every event,
//! and what came twice must have a reason.
//!
//! `EVENTS` says how many, `SEED` in which order things go wrong: `scripts/test pubsub` has 5,000 of them,
//! `scripts/test pubsub-long` 100,000.

#![expect(clippy::print_stdout, reason = "what it counted is its result")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use test_postgres::Server;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use traffic::app::{App, Event};
use traffic::broker::Broker;
use traffic::publisher::Publisher;
use traffic::sidecar::Sidecar;

use super::faults::{Counts, Faults};

const TOPIC: &str = "events";
const GROUPS: [&str; 3] = ["notification", "recurring", "audit"];
const CONSUMERS: u64 = 2;
/// Requests of the publishing application at once.
const PUBLISHING: u64 = 16;
/// What a consumer had handled and not said when something was killed, at most: what it had taken at once, and one more.
const UNSAID: u64 = 101;
/// When nothing comes for so long, nothing will.
const SILENCE: Duration = Duration::from_mins(2);

/// What a group has seen: how often each event came, by the id of its publication.
#[derive(Default)]
struct Seen(HashMap<u64, HashMap<String, u64>>);

impl Seen {
    fn count(&mut self, event: &Event) {
        *self.0.entry(event.number).or_default().entry(event.id.clone()).or_default() += 1;
    }

    fn events(&self) -> u64 {
        self.0.len() as u64
    }

    /// Deliveries beyond the first of the same publication.
    fn redelivered(&self) -> u64 {
        self.0.values().flat_map(HashMap::values).map(|times| times - 1).sum()
    }

    /// Publications beyond the first of the same event.
    fn republished(&self) -> u64 {
        self.0.values().map(|ids| ids.len() as u64 - 1).sum()
    }
}

#[ignore = "scripts/test pubsub"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_group_sees_every_event_whatever_is_killed() {
    let (events, seed) = (number("EVENTS", 100_000), number("SEED", 1));
    let server = Server::start().expect("PostgreSQL is installed");
    server.create("chaos");
    let folder = tempfile::tempdir().unwrap();
    // Short, so that what a vanished consumer had is given to the other one soon.
    let metadata = vec![("visibilityTimeout", "5s".to_owned()), ("retention", "acknowledged".to_owned())];
    let broker = Broker::Postgres { url: server.url("chaos", "?sslmode=require"), metadata };
    let publishing = Sidecar::start(folder.path(), "backend", "backend", None, &broker);
    publishing.ready().await;
    let publisher = Publisher::new(publishing.port, TOPIC);
    let (mut sidecars, mut apps, mut groups) = (vec![publishing], Vec::new(), Vec::new());
    for group in GROUPS {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        for consumer in 0..CONSUMERS {
            let app = App::start(TOPIC, arrived.clone()).await;
            let name = format!("{group}-{consumer}");
            sidecars.push(Sidecar::start(folder.path(), &name, group, Some(app.port), &broker));
            apps.push(app);
        }
        groups.push((group, tokio::spawn(count(arrivals, events))));
    }
    let started = Instant::now();
    let faults = Faults::begin(server, sidecars, seed);
    publish(&publisher, events).await.unwrap();
    println!("{events} events were accepted in {} s", started.elapsed().as_secs());
    let mut results = Vec::new();
    for (group, counting) in groups {
        results.push((group, counting.await.unwrap()));
    }
    println!("all groups had all of them after {} s", started.elapsed().as_secs());
    let (counts, server) = faults.end().await;
    println!("{counts:?}, {} failed attempts to publish", publisher.failures());
    for (group, seen) in results {
        explain(group, &seen, events, counts, publisher.failures());
    }
    // The groups were counted while their last acknowledgements were on their way, and then everything was killed.
    assert_eq!(server.sql("chaos", "SELECT count(*) <= 700 FROM dapr_pubsub.deliveries"), "t");
}

/// Publishes the events, several at once.
fn publish(publisher: &Publisher, events: u64) -> JoinHandle<()> {
    let next = Arc::new(AtomicU64::new(0));
    let work = |publisher: Publisher, next: Arc<AtomicU64>| async move {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= events {
                return;
            }
            publisher.publish(number).await;
        }
    };
    let workers: Vec<_> =
        (0..PUBLISHING).map(|_| tokio::spawn(work(publisher.clone(), Arc::clone(&next)))).collect();
    tokio::spawn(async move {
        for worker in workers {
            worker.await.expect("it publishes");
        }
    })
}

/// Counts what a group gets, until it has seen every event; fails when nothing comes any more.
async fn count(mut arrivals: mpsc::UnboundedReceiver<Event>, events: u64) -> Seen {
    let mut seen = Seen::default();
    while seen.events() < events {
        let Ok(Some(event)) = tokio::time::timeout(SILENCE, arrivals.recv()).await else {
            panic!("nothing comes any more, and {} events are missing", events - seen.events())
        };
        seen.count(&event);
    }
    seen
}

/// Says what came twice, and fails when what was killed does not explain it.
fn explain(group: &str, seen: &Seen, events: u64, counts: Counts, failures: u64) {
    let (redelivered, republished) = (seen.redelivered(), seen.republished());
    println!(
        "{group}: {} events, {redelivered} came again, {republished} were published again",
        seen.events()
    );
    assert_eq!(seen.events(), events);
    // An attempt that failed may have been stored.
    assert!(republished <= failures);
    let most = (counts.components + counts.sidecars + counts.databases * CONSUMERS) * UNSAID;
    assert!(redelivered <= most, "{redelivered} came again, which {most} do not explain");
}

fn number(variable: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test is told by its environment")]
    let text = std::env::var(variable);
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}
