//! Owns what one consumer has on its desk: messages that it was given, the one that the subscriber has, and what became
//! of those before. It decides; `consumer` acts.
//!
//! The subscriber has one message at a time, because daprd handles a stream's messages one after another
//! (dapr/dapr v1.18.1, `pkg/components/pubsub/pluggable.go`): what it was sent beyond that would only wait there, while
//! its time runs.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::appetite::Appetite;
use crate::database::Outcome;
use crate::message::{Key, Taken};

/// After this a refused message is given again; twice as long after each further time.
const BACK_OFF: Duration = Duration::from_secs(1);
const MOST_BACK_OFF: Duration = Duration::from_mins(5);
/// What became of messages is said to the database after this at the latest.
const UNSAID: Duration = Duration::from_millis(100);

/// How messages are treated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// After how long a message is given to somebody else.
    pub(super) visibility: Duration,
    /// After how many deliveries a refused message is given up; never when zero.
    pub(super) max_deliveries: u32,
}

/// The desk of one consumer.
#[derive(Debug)]
pub(super) struct Desk {
    rules: Rules,
    held: VecDeque<Taken>,
    /// Until when the held ones are ours.
    lease: Instant,
    out: Option<Out>,
    outcome: Outcome,
    unsaid_since: Option<Instant>,
    appetite: Appetite,
}

/// The message that the subscriber has.
#[derive(Debug, Clone, Copy)]
struct Out {
    key: Key,
    delivery: u32,
    since: Instant,
}

/// What an answer of the subscriber means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The message is done.
    Acknowledged,
    /// It will be given again, after this.
    Refused(Duration),
    /// It will not be given again.
    GivenUp,
    /// It is not about a message that the subscriber has.
    Stranger,
}

impl Desk {
    pub(super) fn new(rules: Rules, now: Instant) -> Self {
        let appetite = Appetite::default();
        Self {
            rules,
            held: VecDeque::new(),
            lease: now,
            out: None,
            outcome: Outcome::default(),
            unsaid_since: None,
            appetite,
        }
    }

    /// How many messages to take.
    pub(super) fn most(&self) -> u32 {
        self.appetite.most()
    }

    /// Messages that were asked for at `asked`.
    pub(super) fn receive(&mut self, messages: Vec<Taken>, asked: Instant) {
        self.held.extend(messages);
        self.lease = asked + self.rules.visibility;
    }

    /// Whether there is a message to send, and the subscriber is free.
    pub(super) fn can_send(&self) -> bool {
        self.out.is_none() && self.holds()
    }

    /// Whether there are messages that the subscriber has not seen.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether there is nothing to do but to take more.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_none() && !self.holds()
    }

    /// The held messages, when they would be somebody else's before the subscriber has had half of its time.
    pub(super) fn lapsing(&self, now: Instant) -> Option<Vec<Key>> {
        let left = self.lease.saturating_duration_since(now);
        (left < self.rules.visibility / 2).then(|| self.held.iter().map(|one| one.key).collect())
    }

    /// Of the held messages, those that are still ours, since an extension that was asked for at `asked`.
    pub(super) fn keep(&mut self, ids: &[i64], asked: Instant) {
        self.held.retain(|one| ids.contains(&one.key.id));
        self.lease = asked + self.rules.visibility;
    }

    /// The next message, for the subscriber.
    pub(super) fn send(&mut self, now: Instant) -> Option<Taken> {
        if self.out.is_some() {
            return None;
        }
        let next = self.held.pop_front()?;
        self.out = Some(Out { key: next.key, delivery: next.delivery, since: now });
        Some(next)
    }

    /// The subscriber's answer: whether it handled a message.
    pub(super) fn answer(&mut self, key: Key, handled: bool, now: Instant) -> Answer {
        let Some(out) = self.out.filter(|out| out.key == key) else {
            // It had it once: its time may have run out, and it is done nevertheless.
            if handled {
                self.outcome.acked.push(key);
                self.unsaid_since.get_or_insert(now);
            }
            return Answer::Stranger;
        };
        self.out = None;
        self.unsaid_since.get_or_insert(now);
        if handled {
            self.appetite.handled(now.saturating_duration_since(out.since));
            self.outcome.acked.push(key);
            return Answer::Acknowledged;
        }
        if self.rules.max_deliveries > 0 && out.delivery >= self.rules.max_deliveries {
            self.outcome.refused.push((key, f64::INFINITY));
            return Answer::GivenUp;
        }
        let after = back_off(out.delivery);
        self.outcome.refused.push((key, after.as_secs_f64()));
        Answer::Refused(after)
    }

    /// When what became of messages must be said; `None` when all is said.
    pub(super) fn say_until(&self) -> Option<Instant> {
        self.unsaid_since.map(|since| since + UNSAID)
    }

    /// What became of messages and was not said yet. It comes back by `unsaid` when saying it failed.
    pub(super) fn take_outcome(&mut self) -> Outcome {
        self.unsaid_since = None;
        std::mem::take(&mut self.outcome)
    }

    /// It could not be said.
    pub(super) fn unsaid(&mut self, mut outcome: Outcome, now: Instant) {
        outcome.acked.append(&mut self.outcome.acked);
        outcome.refused.append(&mut self.outcome.refused);
        self.outcome = outcome;
        self.unsaid_since = Some(now);
    }

    /// Empties the desk but for the message that the subscriber has: what it has not seen.
    pub(super) fn put_back(&mut self) -> Vec<Key> {
        self.held.drain(..).map(|one| one.key).collect()
    }

    /// Takes away the message that the subscriber has: there is nobody any more.
    pub(super) fn abandon(&mut self) -> Option<Key> {
        self.out.take().map(|out| out.key)
    }
}

/// How long a message that was refused after so many deliveries waits.
fn back_off(delivery: u32) -> Duration {
    BACK_OFF.saturating_mul(2_u32.saturating_pow(delivery.saturating_sub(1))).min(MOST_BACK_OFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Metadata;

    fn key(id: i64) -> Key {
        Key { slot: 1, id }
    }

    fn message(id: i64, delivery: u32) -> Taken {
        Taken {
            key: key(id),
            delivery,
            content_type: String::new(),
            metadata: Metadata::new(),
            data: Vec::new(),
        }
    }

    fn desk(max_deliveries: u32) -> (Desk, Instant) {
        let now = Instant::now();
        (Desk::new(Rules { visibility: Duration::from_mins(1), max_deliveries }, now), now)
    }

    #[test]
    fn the_subscriber_has_one_message_at_a_time_in_their_order() {
        let (mut desk, now) = desk(0);
        desk.receive(vec![message(1, 1), message(2, 1)], now);
        assert_eq!(desk.send(now).map(|one| one.key), Some(key(1)));
        assert!(!desk.can_send() && !desk.is_empty());
        assert_eq!(desk.send(now), None);
        assert_eq!(desk.answer(key(1), true, now), Answer::Acknowledged);
        assert_eq!(desk.send(now).map(|one| one.key), Some(key(2)));
        assert_eq!(desk.answer(key(2), true, now), Answer::Acknowledged);
        assert!(desk.is_empty());
        assert_eq!(desk.take_outcome(), Outcome { acked: vec![key(1), key(2)], ..Outcome::default() });
        assert_eq!(desk.say_until(), None);
    }

    #[test]
    fn a_refused_message_waits_longer_each_time_until_it_is_given_up() {
        let (mut desk, now) = desk(3);
        for (delivery, answer) in [
            (1, Answer::Refused(Duration::from_secs(1))),
            (2, Answer::Refused(Duration::from_secs(2))),
            (3, Answer::GivenUp),
            (4, Answer::GivenUp),
        ] {
            desk.receive(vec![message(7, delivery)], now);
            desk.send(now);
            assert_eq!(desk.answer(key(7), false, now), answer);
        }
        let never = f64::INFINITY;
        let wanted = [1.0, 2.0, never, never].map(|after| (key(7), after));
        assert_eq!(desk.take_outcome().refused, wanted);
        assert_eq!(back_off(30), MOST_BACK_OFF);
        assert_eq!(back_off(0), BACK_OFF);
    }

    #[test]
    fn a_late_acknowledgement_counts_and_a_late_refusal_does_not() {
        let (mut desk, now) = desk(0);
        assert_eq!(desk.answer(key(5), false, now), Answer::Stranger);
        assert!(desk.take_outcome().is_empty());
        assert_eq!(desk.answer(key(5), true, now), Answer::Stranger);
        assert_eq!(desk.take_outcome().acked, [key(5)]);
    }

    #[test]
    fn held_messages_are_extended_before_their_time_is_half_over() {
        let (mut desk, now) = desk(0);
        desk.receive(vec![message(1, 1), message(2, 1), message(3, 1)], now);
        assert_eq!(desk.lapsing(now + Duration::from_secs(29)), None);
        let late = now + Duration::from_secs(31);
        assert_eq!(desk.lapsing(late), Some(vec![key(1), key(2), key(3)]));
        desk.keep(&[1, 3], late);
        assert_eq!(desk.lapsing(late), None);
        assert_eq!(desk.send(late).map(|one| one.key), Some(key(1)));
        assert_eq!(desk.put_back(), [key(3)]);
        assert_eq!(desk.abandon(), Some(key(1)));
        assert!(desk.is_empty());
    }

    #[test]
    fn what_could_not_be_said_is_said_with_the_next() {
        let (mut desk, now) = desk(0);
        desk.answer(key(1), true, now);
        let outcome = desk.take_outcome();
        desk.answer(key(2), true, now);
        desk.unsaid(outcome, now);
        assert_eq!(desk.say_until(), Some(now + UNSAID));
        assert_eq!(desk.take_outcome().acked, [key(1), key(2)]);
    }
}
