//! Owns hearing of new messages: one connection that listens, and the proof that announcements arrive on it.
//!
//! A pooler that gives each transaction another connection takes a LISTEN and never delivers (PgBouncer, "Features": not
//! supported in transaction pooling; Neon's `-pooler` hosts are one). So each time the connection is opened, something is
//! announced and waited for. While nothing arrives, consumers look by themselves.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;

use crate::database::{Database, Failure};

/// How long an announcement of our own may take to arrive.
const PROOF: Duration = Duration::from_secs(3);
/// How long consumers look by themselves before listening is tried again, when announcements did not arrive.
const AGAIN: Duration = Duration::from_mins(5);

/// Wakes the consumers of one Component.
pub struct Announcements {
    consumers: Arc<Mutex<HashMap<i32, Vec<Arc<Bell>>>>>,
    listening: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

/// What wakes one consumer.
#[derive(Default)]
pub struct Bell {
    notify: Notify,
    back: std::sync::atomic::AtomicBool,
}

impl Bell {
    /// Waits until there may be something. What rang before is not lost.
    pub async fn rung(&self) {
        self.notify.notified().await;
    }

    /// Whether something that was given before came back since this was asked last.
    pub fn came_back(&self) -> bool {
        self.back.swap(false, std::sync::atomic::Ordering::Relaxed)
    }

    fn ring(&self, back: bool) {
        self.back.fetch_or(back, std::sync::atomic::Ordering::Relaxed);
        self.notify.notify_one();
    }
}

impl Announcements {
    /// Begins to listen.
    pub fn start(database: &Arc<Database>) -> Self {
        let consumers = Arc::<Mutex<HashMap<i32, Vec<Arc<Bell>>>>>::default();
        let (state, listening) = watch::channel(false);
        let ear = Ear { database: Arc::clone(database), consumers: Arc::clone(&consumers), state };
        Self { consumers, listening, task: tokio::spawn(ear.run()) }
    }

    /// A bell for the messages of a topic. It is taken down when the last other holder is gone.
    pub fn bell(&self, topic: i32) -> Arc<Bell> {
        let bell = Arc::<Bell>::default();
        let mut consumers = self.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        let bells = consumers.entry(topic).or_default();
        bells.retain(|bell| Arc::strong_count(bell) > 1);
        bells.push(Arc::clone(&bell));
        bell
    }

    /// Whether announcements arrive.
    pub fn arrive(&self) -> bool {
        *self.listening.borrow()
    }
}

impl Drop for Announcements {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task that listens.
struct Ear {
    database: Arc<Database>,
    consumers: Arc<Mutex<HashMap<i32, Vec<Arc<Bell>>>>>,
    state: watch::Sender<bool>,
}

impl Ear {
    async fn run(self) {
        let mut pause = Duration::from_millis(200);
        loop {
            match self.listen().await {
                Ok(()) => pause = Duration::from_millis(200),
                Err(Deaf::Failed(failure)) => {
                    tracing::warn!(error = %failure, "cannot listen for announcements");
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                Err(Deaf::Nothing) => {
                    tracing::warn!(
                        "announcements do not arrive, so consumers look for messages every `pollInterval`: \
                         a pooler is in between; use the database's own host for low latency"
                    );
                    pause = AGAIN;
                }
            }
            if self.state.send_replace(false) {
                tracing::info!("no longer listening");
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Listens until the connection ends.
    async fn listen(&self) -> Result<(), Deaf> {
        let failure = |error: tokio_postgres::Error| Deaf::Failed(self.database.failure(&error));
        let (client, mut connection) = self.database.connector().open().await.map_err(failure)?;
        let (heard, mut announcements) = mpsc::unbounded_channel();
        let ear = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(one) = message
                    && heard.send(one.payload().to_owned()).is_err()
                {
                    break;
                }
            }
        });
        let _ends = AbortOnDrop(ear);
        client.batch_execute("LISTEN dapr_pubsub").await.map_err(failure)?;
        self.prove(&mut announcements).await?;
        tracing::info!("listening for announcements");
        self.state.send_replace(true);
        // What was announced while nobody listened.
        self.ring_all();
        while let Some(text) = announcements.recv().await {
            self.ring(&text);
        }
        Ok(())
    }

    async fn prove(&self, announcements: &mut mpsc::UnboundedReceiver<String>) -> Result<(), Deaf> {
        let text = format!("proof {:016x}", rand::random::<u64>());
        self.database.announce(&text).await.map_err(Deaf::Failed)?;
        let arrived = async {
            while let Some(heard) = announcements.recv().await {
                if heard == text {
                    return true;
                }
            }
            false
        };
        match tokio::time::timeout(PROOF, arrived).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Deaf::Failed(Failure::wrong("the connection that listens has ended"))),
            Err(_) => Err(Deaf::Nothing),
        }
    }

    /// `TOPIC`, or `TOPIC back` when something that was given before came back.
    fn ring(&self, text: &str) {
        let (topic, back) =
            text.split_once(' ').map_or((text, false), |(topic, what)| (topic, what == "back"));
        let Ok(topic) = topic.parse::<i32>() else { return };
        let consumers = self.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        consumers.get(&topic).into_iter().flatten().for_each(|bell| bell.ring(back));
    }

    fn ring_all(&self) {
        let consumers = self.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        consumers.values().flatten().for_each(|bell| bell.ring(true));
    }
}

/// Why nothing is heard.
enum Deaf {
    /// The connection failed.
    Failed(Failure),
    /// It is there, and announcements do not arrive on it.
    Nothing,
}

/// Ends a task with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
