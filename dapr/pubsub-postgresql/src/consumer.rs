//! Owns one subscription of one subscriber: takes messages, hands them on one by one, says what became of them.
//!
//! It never ends a stream because of the database: daprd does not subscribe again (dapr/dapr v1.18.1,
//! `pkg/components/pubsub/pluggable.go`, "TODO reconnect on error"). While the database is away, it waits.

mod appetite;
mod desk;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tonic::{Status, Streaming};

use self::desk::{Answer, Desk, Rules};
use crate::announcements::{Announcements, Bell};
use crate::database::{Database, Failure, Subscription, Wish};
use crate::message::Key;
use crate::proto::{PullMessagesRequest, PullMessagesResponse};
use crate::settings::Settings;

/// Bytes to take at once; a larger message is taken alone.
const MOST_BYTES: i32 = 512 << 10;
/// How often to look where announcements arrive: what came due again is not announced.
const LOOK: Duration = Duration::from_secs(10);
/// Pauses after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What goes to the subscriber.
pub type Outbox = mpsc::Sender<Result<PullMessagesResponse, Status>>;

/// What a consumer works with.
pub struct Context {
    /// The database.
    pub database: Arc<Database>,
    /// What wakes it.
    pub announcements: Arc<Announcements>,
    /// Whether messages may flow.
    pub flows: watch::Receiver<bool>,
    /// Name of the topic.
    pub topic: String,
    /// The group's part of it.
    pub subscription: Subscription,
    /// Who it is, among all that ever take from this subscription.
    pub id: i64,
    /// The Component's settings.
    pub settings: Settings,
}

/// A consumer.
pub struct Consumer {
    context: Context,
    bell: Arc<Bell>,
    desk: Desk,
    /// Whether there may be messages that nobody was given.
    more: bool,
    look_at: Instant,
    /// Until when the database is left alone, and the pause after the next failure.
    rest: Option<Instant>,
    pause: Duration,
}

/// What to do next.
enum Next {
    Send,
    Extend(Vec<Key>),
    PutBack,
    Say,
    Take,
    Wait(Option<Instant>),
}

impl Consumer {
    /// A consumer that has nothing yet.
    pub fn new(context: Context) -> Self {
        let now = Instant::now();
        let bell = context.announcements.bell(context.subscription.topic);
        let rules = Rules {
            visibility: context.settings.visibility_timeout,
            max_deliveries: context.settings.max_deliveries,
        };
        let desk = Desk::new(rules, now);
        Self { context, bell, desk, more: true, look_at: now, rest: None, pause: PAUSE.0 }
    }

    /// Works until the subscriber is gone, and gives back what it has not handled.
    pub async fn run(mut self, mut answers: Streaming<PullMessagesRequest>, outbox: Outbox) {
        loop {
            match self.next(Instant::now()) {
                Next::Send => {
                    let Some(message) = self.desk.send(Instant::now()) else { continue };
                    if outbox.send(Ok(message.response(&self.context.topic))).await.is_err() {
                        break;
                    }
                }
                Next::Extend(keys) => self.extend(&keys).await,
                Next::PutBack => self.put_back().await,
                Next::Say => self.say().await,
                Next::Take => self.take().await,
                Next::Wait(until) => {
                    if !self.wait(until, &mut answers, &outbox).await {
                        break;
                    }
                }
            }
        }
        self.end().await;
    }

    /// Decides; does nothing.
    fn next(&self, now: Instant) -> Next {
        let flows = *self.context.flows.borrow();
        let rested = self.rest.is_none_or(|until| until <= now);
        if flows && self.desk.can_send() {
            match self.desk.lapsing(now) {
                None => return Next::Send,
                Some(keys) if rested => return Next::Extend(keys),
                Some(_) => return Next::Wait(self.rest),
            }
        }
        if !rested {
            return Next::Wait(self.rest);
        }
        if !flows && self.desk.holds() {
            return Next::PutBack;
        }
        let take = flows && self.desk.is_empty() && (self.more || self.look_at <= now);
        let say = self.desk.say_until();
        if say.is_some_and(|until| take || until <= now) {
            return Next::Say;
        }
        if take {
            return Next::Take;
        }
        let look = (flows && self.desk.is_empty()).then_some(self.look_at);
        Next::Wait([say, look].into_iter().flatten().min())
    }

    /// Waits for an answer, a bell, or a time. Whether the subscriber is still there.
    async fn wait(
        &mut self,
        until: Option<Instant>,
        answers: &mut Streaming<PullMessagesRequest>,
        outbox: &Outbox,
    ) -> bool {
        let time = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            answer = answers.message() => match answer {
                Ok(Some(answer)) => self.answer(&answer),
                Ok(None) | Err(_) => return false,
            },
            () = self.bell.rung() => {
                self.more = true;
                if self.bell.came_back() {
                    self.look_at = Instant::now();
                }
            }
            // Its sender lives as long as the Component.
            _ = self.context.flows.changed() => {}
            () = outbox.closed() => return false,
            () = time => {}
        }
        true
    }

    fn answer(&mut self, request: &PullMessagesRequest) {
        let now = Instant::now();
        let Ok(key) = request.ack_message_id.parse::<Key>() else {
            tracing::warn!(topic = self.context.topic, "an acknowledgement of an unknown message");
            return;
        };
        let Context { topic, settings, .. } = &self.context;
        let error = request.ack_error.as_ref().map(|error| error.message.as_str());
        match self.desk.answer(key, error.is_none(), now) {
            Answer::Acknowledged | Answer::Stranger => {}
            Answer::Refused(after) => {
                self.look_at = self.look_at.min(now + after);
                tracing::debug!(topic, group = settings.consumer_id, id = %key, error, "refused, to be given again");
            }
            Answer::GivenUp => tracing::warn!(
                topic,
                group = settings.consumer_id,
                id = %key,
                error,
                "given up after `maxDeliveries` deliveries"
            ),
        }
    }

    async fn take(&mut self) {
        let asked = Instant::now();
        let look_back = self.look_at <= asked;
        let Context { database, subscription, id, settings, .. } = &self.context;
        let most = i32::try_from(self.desk.most()).unwrap_or(1);
        let wish = Wish {
            most,
            most_bytes: MOST_BYTES,
            visibility: settings.visibility_timeout,
            max_deliveries: settings.max_deliveries,
            look_back,
        };
        match database.take(*subscription, *id, wish).await {
            Ok(given) => {
                let bytes: usize = given.messages.iter().map(|one| one.data.len()).sum();
                let full = given.messages.len() >= usize::try_from(most).unwrap_or(usize::MAX)
                    || bytes >= usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
                self.more = full;
                if look_back {
                    let idle = self.idle();
                    let soon =
                        if given.messages.is_empty() { idle } else { self.context.settings.poll_interval };
                    self.look_at = asked + given.due.map_or(soon, |due| due.min(idle));
                }
                self.desk.receive(given.messages, asked);
                self.recovered();
            }
            Err(failure) => self.failed(&failure),
        }
    }

    /// How often to look when nothing rings.
    fn idle(&self) -> Duration {
        let Settings { poll_interval, visibility_timeout, .. } = &self.context.settings;
        if self.context.announcements.arrive() {
            LOOK.min(*visibility_timeout / 2).max(*poll_interval)
        } else {
            *poll_interval
        }
    }

    async fn say(&mut self) {
        let outcome = self.desk.take_outcome();
        let Context { database, subscription, id, .. } = &self.context;
        match database.settle(*subscription, *id, &outcome).await {
            Ok(()) => self.recovered(),
            Err(failure) => {
                self.desk.unsaid(outcome, Instant::now());
                self.failed(&failure);
            }
        }
    }

    async fn extend(&mut self, keys: &[Key]) {
        let asked = Instant::now();
        let Context { database, subscription, id, settings, .. } = &self.context;
        match database.extend(*subscription, *id, keys, settings.visibility_timeout).await {
            Ok(ours) => {
                self.desk.keep(&ours, asked);
                self.recovered();
            }
            Err(failure) => self.failed(&failure),
        }
    }

    /// Gives back what the subscriber has not seen. When that fails, it is somebody else's after its time.
    async fn put_back(&mut self) {
        let unseen = self.desk.put_back();
        let Context { database, subscription, id, .. } = &self.context;
        if let Err(failure) = database.release(*subscription, *id, &[], &unseen).await {
            self.failed(&failure);
        }
    }

    /// The subscriber is gone: what it has handled is said, the rest is given back.
    async fn end(mut self) {
        let seen: Vec<Key> = self.desk.abandon().into_iter().collect();
        let unseen = self.desk.put_back();
        let outcome = self.desk.take_outcome();
        let Context { database, subscription, id, topic, .. } = &self.context;
        for attempt in 1..=5_u32 {
            let said = async {
                if !outcome.is_empty() {
                    database.settle(*subscription, *id, &outcome).await?;
                }
                if !seen.is_empty() || !unseen.is_empty() {
                    database.release(*subscription, *id, &seen, &unseen).await?;
                }
                Ok::<(), Failure>(())
            };
            match said.await {
                Ok(()) => break,
                Err(failure) if attempt == 5 => {
                    tracing::warn!(topic, error = %failure, "what the subscriber had is given again after `visibilityTimeout`");
                }
                Err(_) => tokio::time::sleep(PAUSE.0 * 2_u32.pow(attempt)).await,
            }
        }
        tracing::info!(topic, "the subscriber is gone");
    }

    fn failed(&mut self, failure: &Failure) {
        if self.rest.is_none() {
            tracing::warn!(topic = self.context.topic, error = %failure, "waiting for the database");
        }
        self.rest = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(PAUSE.1);
    }

    fn recovered(&mut self) {
        if self.rest.take().is_some() {
            tracing::info!(topic = self.context.topic, "the database is back");
            self.pause = PAUSE.0;
        }
    }
}
