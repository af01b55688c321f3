//! Owns one message bus under measurement: an application that publishes, one that receives, and their sidecars.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use super::Load;
use crate::app::{App, Event};
use crate::broker::Broker;
use crate::publisher::Publisher;
use crate::sidecar::Sidecar;

/// Where the events go through.
pub(super) const TOPIC: &str = "events";
/// Requests of the publishing application at once, when it publishes as fast as it can.
const PUBLISHING: u64 = 32;
/// Events that may be on their way then: what is received as fast as it is published has no more.
const ON_THE_WAY: usize = 1_000;
/// When nothing arrives for so long, something is broken.
const SILENCE: Duration = Duration::from_mins(1);

/// A message bus under measurement.
pub(super) struct Bus {
    /// The type of its Component.
    pub(super) kind: &'static str,
    publisher: Publisher,
    arrivals: mpsc::UnboundedReceiver<Event>,
    sidecars: [Sidecar; 2],
    next: u64,
    _app: App,
}

impl Bus {
    /// Starts the sidecars, and waits for the first event.
    pub(super) async fn start(folder: &Path, broker: &Broker) -> Self {
        let kind = if broker.is_pluggable() { "pubsub.postgresql" } else { "pubsub.kafka" };
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let app = App::start(TOPIC, arrived).await;
        let receiving = Sidecar::start(folder, "receiving", "receiving", Some(app.port), broker);
        let publishing = Sidecar::start(folder, "publishing", "publishing", None, broker);
        for sidecar in [&receiving, &publishing] {
            sidecar.ready().await;
        }
        let publisher = Publisher::new(publishing.port, TOPIC);
        let mut bus =
            Self { kind, publisher, arrivals, sidecars: [publishing, receiving], next: 0, _app: app };
        bus.latencies(Load { per_second: 20, seconds: 3 }).await;
        bus
    }

    /// The processes of its components.
    pub(super) fn components(&self) -> impl Iterator<Item = u32> {
        self.sidecars.iter().filter_map(|sidecar| sidecar.component.as_ref()?.pid())
    }

    /// Publishes at even distances, however long the answers take: how long each event was on its way, in microseconds.
    pub(super) async fn latencies(&mut self, load: Load) -> Vec<u64> {
        let mut ticks = interval(Duration::from_secs(1) / load.per_second);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let events = u64::from(load.per_second * load.seconds);
        for number in self.next..self.next + events {
            ticks.tick().await;
            let publisher = self.publisher.clone();
            tokio::spawn(async move { publisher.publish(number).await });
        }
        self.next += events;
        let mut latencies = Vec::new();
        for _ in 0..events {
            latencies.push(self.arrival().await.took);
        }
        latencies
    }

    /// Publishes as fast as events arrive: how many arrived per second.
    pub(super) async fn highest(&mut self, time: Duration) -> u64 {
        let room = Arc::new(Semaphore::new(ON_THE_WAY));
        let publishing: Vec<_> = (0..PUBLISHING)
            .map(|worker| {
                let (publisher, room, mut number) =
                    (self.publisher.clone(), Arc::clone(&room), self.next + worker);
                tokio::spawn(async move {
                    while let Ok(place) = room.acquire().await {
                        place.forget();
                        publisher.publish(number).await;
                        number += PUBLISHING;
                    }
                })
            })
            .collect();
        let (began, mut arrived) = (Instant::now(), 0_u64);
        while began.elapsed() < time {
            self.arrival().await;
            arrived += 1;
            room.add_permits(1);
        }
        let took = began.elapsed();
        // Who waits for room ends now; what is on its way arrives before the next measurement begins.
        room.close();
        for worker in publishing {
            worker.await.expect("it publishes");
        }
        while tokio::time::timeout(Duration::from_secs(3), self.arrivals.recv()).await.is_ok() {}
        self.next += arrived + (PUBLISHING + 1) * ON_THE_WAY as u64;
        (u128::from(arrived) * 1_000_000 / took.as_micros()).try_into().expect("it is a small number")
    }

    async fn arrival(&mut self) -> Event {
        let arrival = tokio::time::timeout(SILENCE, self.arrivals.recv()).await;
        arrival.ok().flatten().unwrap_or_else(|| panic!("nothing arrives through {}", self.kind))
    }
}
