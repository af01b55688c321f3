//! Owns one Component as a sidecar initialised it: its settings, its way to the database, and what runs for it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::Streaming;

use crate::address::Address;
use crate::announcements::Announcements;
use crate::consumer::{Consumer, Context, Outbox};
use crate::database::{Database, Failure, Kind, Subscription};
use crate::keeper;
use crate::message::Outgoing;
use crate::proto::PullMessagesRequest;
use crate::publisher::Publisher;
use crate::schema;
use crate::settings::Settings;

/// How long an initialisation waits for a database that does not answer yet. Longer than a managed one needs to wake, and
/// shorter than the `initTimeout` that the Component should have.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Component.
pub struct Instance {
    settings: Settings,
    database: Arc<Database>,
    publisher: Arc<Publisher>,
    /// Begins with the first subscription: whoever only publishes needs none.
    announcements: OnceCell<Arc<Announcements>>,
    flows: watch::Sender<bool>,
    host: u32,
    /// Subscriptions that this process has had already.
    known: Mutex<HashSet<i32>>,
    keeper: JoinHandle<()>,
}

impl Instance {
    /// Reaches the database and makes its schema usable.
    pub async fn open(settings: Settings, host: u32) -> Result<Self, Failure> {
        let address = Address::read(&settings.connection_string).map_err(Failure::settings)?;
        let database = Arc::new(Database::new(&address, &settings).map_err(Failure::settings)?);
        reach(&database).await?;
        let publisher = Arc::new(Publisher::new(&database));
        let keeper = keeper::keep(Arc::clone(&database), Arc::clone(&publisher), settings.retention);
        tracing::info!(database = address.place(), group = settings.consumer_id, "ready");
        Ok(Self {
            settings,
            database,
            publisher,
            announcements: OnceCell::new(),
            flows: watch::Sender::new(true),
            host,
            known: Mutex::default(),
            keeper: tokio::spawn(keeper),
        })
    }

    /// Stores messages, all or none.
    pub async fn publish(&self, topic: &str, messages: Vec<Outgoing>) -> Result<(), Failure> {
        self.publisher.publish(topic, messages).await
    }

    /// Lets messages flow to subscribers, or keeps them back.
    pub fn flow(&self, flows: bool) {
        self.flows.send_replace(flows);
    }

    /// Serves one subscriber until it is gone.
    pub async fn serve(&self, topic: String, answers: Streaming<PullMessagesRequest>, outbox: Outbox) {
        let Some(subscription) = self.subscribe(&topic, &outbox).await else { return };
        let start = async || Arc::new(Announcements::start(&self.database));
        let announcements = Arc::clone(self.announcements.get_or_init(start).await);
        let settings = self.settings.clone();
        tracing::info!(topic, group = settings.consumer_id, "subscribed");
        let context = Context {
            database: Arc::clone(&self.database),
            announcements,
            flows: self.flows.subscribe(),
            topic,
            subscription,
            id: i64::from(self.host) << 32 | i64::from(rand::random::<u32>()),
            settings,
        };
        Consumer::new(context).run(answers, outbox).await;
    }

    /// The subscription, however long the database is away; nothing when the subscriber has gone meanwhile.
    async fn subscribe(&self, topic: &str, outbox: &Outbox) -> Option<Subscription> {
        let mut pause = Duration::from_millis(200);
        loop {
            match self.subscription(topic).await {
                Ok(subscription) => return Some(subscription),
                Err(failure) => tracing::warn!(topic, error = %failure, "cannot subscribe yet"),
            }
            tokio::select! {
                () = outbox.closed() => return None,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(5)),
            }
        }
    }

    /// What an earlier process of this host had is freed once: later it would be our own.
    async fn subscription(&self, topic: &str) -> Result<Subscription, Failure> {
        let Settings { consumer_id, initial_offset, .. } = &self.settings;
        let found = self.database.subscribe(topic, consumer_id, *initial_offset, None).await?;
        let new = self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(found.id);
        if new {
            self.database.subscribe(topic, consumer_id, *initial_offset, Some(self.host)).await?;
        }
        Ok(found)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Waits for a database that is away, and prepares its schema.
async fn reach(database: &Database) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(100);
    loop {
        match schema::prepare(database, schema::MIGRATIONS).await {
            Err(failure) if failure.kind == Kind::Away && Instant::now() + pause < until => {
                tracing::warn!(error = %failure, "waiting for the database");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            other => return other,
        }
    }
}
