//! Owns publishing: messages of many requests become few transactions, in their order for each topic.
//!
//! While a transaction is under way, what arrives for its topic waits and goes with the next one. So an idle topic adds no
//! delay, and a busy one no transaction per message. A request is answered when its messages are stored.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::database::{Database, Failure, Kind};
use crate::message::Outgoing;

/// Messages and bytes of one transaction, about.
const MOST: usize = 500;
const MOST_BYTES: usize = 1 << 20;
/// Bytes that may wait, all topics together; whoever brings more waits itself.
const ROOM: usize = 8 << 20;

/// Publishes the messages of one Component.
pub struct Publisher {
    database: Arc<Database>,
    /// One queue per topic, with a task at its end.
    topics: Mutex<HashMap<String, mpsc::UnboundedSender<Waiting>>>,
    room: Arc<Semaphore>,
    volume: Arc<AtomicUsize>,
}

/// Messages of one request.
struct Waiting {
    messages: Vec<Outgoing>,
    weight: usize,
    done: oneshot::Sender<Result<(), Failure>>,
    _room: OwnedSemaphorePermit,
}

impl Publisher {
    /// Publishes into a database.
    pub fn new(database: &Arc<Database>) -> Self {
        Self {
            database: Arc::clone(database),
            topics: Mutex::default(),
            room: Arc::new(Semaphore::new(ROOM)),
            volume: Arc::default(),
        }
    }

    /// Stores messages of a topic, all or none.
    pub async fn publish(&self, topic: &str, messages: Vec<Outgoing>) -> Result<(), Failure> {
        let ended = || Failure::wrong("the publisher has ended");
        let weight = messages.iter().map(Outgoing::weight).sum::<usize>().min(ROOM);
        let permits = u32::try_from(weight).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await.map_err(|_| ended())?;
        let (done, answer) = oneshot::channel();
        let waiting = Waiting { messages, weight, done, _room: room };
        self.queue(topic).send(waiting).map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Bytes that were published since the last housekeeping.
    pub fn volume(&self) -> &AtomicUsize {
        &self.volume
    }

    fn queue(&self, topic: &str) -> mpsc::UnboundedSender<Waiting> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = topics.get(topic) {
            return queue.clone();
        }
        let (queue, waiting) = mpsc::unbounded_channel();
        let topic_publisher = TopicPublisher {
            database: Arc::clone(&self.database),
            topic: topic.to_owned(),
            id: None,
            volume: Arc::clone(&self.volume),
        };
        tokio::spawn(topic_publisher.run(waiting));
        topics.insert(topic.to_owned(), queue.clone());
        queue
    }
}

/// Publishes the messages of one topic. It ends with the publisher.
struct TopicPublisher {
    database: Arc<Database>,
    topic: String,
    id: Option<i32>,
    volume: Arc<AtomicUsize>,
}

impl TopicPublisher {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Waiting>) {
        while let Some(first) = queue.recv().await {
            let batch = gather(first, &mut queue);
            match self.store(&batch).await {
                // One of them cannot be stored, and the others came with it only because they waited together.
                Err(Failure { kind: Kind::Wrong, .. }) if batch.len() > 1 => {
                    for waiting in batch {
                        let result = self.store(std::slice::from_ref(&waiting)).await;
                        self.answer(vec![waiting], &result);
                    }
                }
                result => self.answer(batch, &result),
            }
        }
    }

    fn answer(&self, batch: Vec<Waiting>, result: &Result<(), Failure>) {
        if result.is_ok() {
            self.volume.fetch_add(batch.iter().map(|one| one.weight).sum(), Ordering::Relaxed);
        }
        for waiting in batch {
            // Whoever asked may have gone.
            let _ = waiting.done.send(result.clone());
        }
    }

    async fn store(&mut self, batch: &[Waiting]) -> Result<(), Failure> {
        let id = match self.id {
            Some(id) => id,
            None => *self.id.insert(self.database.topic(&self.topic).await?),
        };
        let messages: Vec<&Outgoing> = batch.iter().flat_map(|waiting| &waiting.messages).collect();
        self.database.publish(id, &messages).await
    }
}

/// What waits, up to the size of a transaction. Requests whose caller has gone are left out.
fn gather(first: Waiting, queue: &mut mpsc::UnboundedReceiver<Waiting>) -> Vec<Waiting> {
    let (mut messages, mut bytes) = (0, 0);
    let mut batch = Vec::new();
    let mut next = Some(first);
    while let Some(waiting) = next {
        messages += waiting.messages.len();
        bytes += waiting.weight;
        if !waiting.done.is_closed() {
            batch.push(waiting);
        }
        next = if messages < MOST && bytes < MOST_BYTES { queue.try_recv().ok() } else { None };
    }
    batch
}
