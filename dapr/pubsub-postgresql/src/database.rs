//! Owns the statements: each is one call of a function of the schema, one round trip, one transaction.
//!
//! Statements are unnamed and carry their types, so that poolers that give each transaction another connection (PgBouncer
//! in transaction mode, Neon's `-pooler` hosts) work. What a statement does stands in `migrations/`.

mod connect;
mod failure;

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

pub use connect::Connector;
pub use failure::{Failure, Kind};

use crate::address::Address;
use crate::message::{Key, Outgoing, Taken};
use crate::settings::{InitialOffset, Retention, Settings};

/// Longer than any statement takes; a connection that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connection that was not used for so long is closed.
const IDLE: Duration = Duration::from_mins(2);
/// A segment that is larger or that much of the retention old gets a successor. There are eight of them.
const SEGMENT_BYTES: i64 = 32 << 20;
const SEGMENTS_IN_RETENTION: f64 = 6.0;

/// The connections to one database.
pub struct Database {
    pool: Pool,
    connector: Connector,
    place: String,
}

/// What a consumer group has of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: i32,
    /// Id of the topic.
    pub topic: i32,
}

/// What a consumer asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Messages at most.
    pub most: i32,
    /// Bytes at most; one message may have more.
    pub most_bytes: i32,
    /// After how long they are given to somebody else.
    pub visibility: Duration,
    /// After how many deliveries a message is given up; never when zero.
    pub max_deliveries: u32,
    /// Whether to look for messages that were given before.
    pub look_back: bool,
}

/// What a consumer is given.
#[derive(Debug, Default)]
pub struct Given {
    /// The messages, in their order.
    pub messages: Vec<Taken>,
    /// When there are none: after how long one that was given before is due again.
    pub due: Option<Duration>,
}

/// What became of messages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Acknowledged.
    pub acked: Vec<Key>,
    /// Refused, and after how many seconds to give them again; after infinity when they are given up.
    pub refused: Vec<(Key, f64)>,
}

impl Outcome {
    /// Whether nothing became of any.
    pub fn is_empty(&self) -> bool {
        self.acked.is_empty() && self.refused.is_empty()
    }
}

/// What housekeeping did.
#[derive(Debug, PartialEq, Eq)]
pub struct Tidied {
    /// How many segments were emptied.
    pub emptied: i32,
    /// `topic/group`, whose messages were among them and not all acknowledged.
    pub missed: Vec<String>,
}

/// A parameter with its type.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl Database {
    /// Prepares connections; opens none.
    pub fn new(address: &Address, settings: &Settings) -> Result<Self, String> {
        let connector = Connector::new(address)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(address.config.clone(), connector.clone(), recycling);
        let patience = Some(Duration::from_secs(10));
        let pool = Pool::builder(manager)
            .max_size(settings.max_conns)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: patience, create: patience, recycle: patience })
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, connector, place: address.place() })
    }

    /// Opens connections beside the pool.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The failure for an error of a connection to this database.
    pub fn failure(&self, error: &tokio_postgres::Error) -> Failure {
        Failure::of(error, &self.place)
    }

    /// A connection of the pool.
    pub async fn connection(&self) -> Result<Object, Failure> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => self.failure(&error),
            PoolError::Timeout(_) => Failure::away(&self.place, "no connection within 10 s"),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Failure::away(&self.place, &error.to_string())
            }
        })
    }

    /// The id of a topic, which is made when there is none.
    pub async fn topic(&self, name: &str) -> Result<i32, Failure> {
        let rows = self.rows("SELECT dapr_pubsub.topic($1)", &[(&name, Type::TEXT)]).await?;
        Ok(only(&rows)?.get(0))
    }

    /// Publishes messages, in their order, all or none.
    pub async fn publish(&self, topic: i32, messages: &[&Outgoing]) -> Result<(), Failure> {
        let data: Vec<&[u8]> = messages.iter().map(|one| one.data.as_slice()).collect();
        let types: Vec<&str> = messages.iter().map(|one| one.content_type.as_str()).collect();
        let metadata: Vec<&str> = messages.iter().map(|one| one.metadata.as_str()).collect();
        self.rows(
            "SELECT dapr_pubsub.publish($1, $2, $3, $4)",
            &[
                (&topic, Type::INT4),
                (&data, Type::BYTEA_ARRAY),
                (&types, Type::TEXT_ARRAY),
                (&metadata, Type::TEXT_ARRAY),
            ],
        )
        .await
        .map(drop)
    }

    /// The subscription of a group, which is made when there is none. With `host`, what an earlier process of that host
    /// was given is free again.
    pub async fn subscribe(
        &self,
        topic: &str,
        group: &str,
        from: InitialOffset,
        host: Option<u32>,
    ) -> Result<Subscription, Failure> {
        let host = host.map(i64::from);
        let oldest = from == InitialOffset::Oldest;
        let rows = self
            .rows(
                "SELECT subscription, topic FROM dapr_pubsub.subscribe($1, $2, $3, $4)",
                &[(&topic, Type::TEXT), (&group, Type::TEXT), (&oldest, Type::BOOL), (&host, Type::INT8)],
            )
            .await?;
        let row = only(&rows)?;
        Ok(Subscription { id: row.get(0), topic: row.get(1) })
    }

    /// Gives a consumer the next messages.
    pub async fn take(&self, from: Subscription, consumer: i64, wish: Wish) -> Result<Given, Failure> {
        let visibility = wish.visibility.as_secs_f64();
        let max_deliveries = i32::try_from(wish.max_deliveries).unwrap_or(i32::MAX);
        let rows = self
            .rows(
                "SELECT slot, id, delivery, content_type, metadata, data, due \
                 FROM dapr_pubsub.take($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    (&from.id, Type::INT4),
                    (&from.topic, Type::INT4),
                    (&consumer, Type::INT8),
                    (&wish.most, Type::INT4),
                    (&wish.most_bytes, Type::INT4),
                    (&visibility, Type::FLOAT8),
                    (&max_deliveries, Type::INT4),
                    (&wish.look_back, Type::BOOL),
                ],
            )
            .await?;
        let mut given = Given::default();
        for row in rows {
            match row.get::<_, Option<i16>>(0) {
                Some(slot) => given.messages.push(taken(slot, &row)?),
                None => given.due = row.get::<_, Option<f64>>(6).map(seconds),
            }
        }
        Ok(given)
    }

    /// Says what became of messages.
    pub async fn settle(&self, from: Subscription, consumer: i64, outcome: &Outcome) -> Result<(), Failure> {
        let (acked_slots, acked) = columns(&outcome.acked);
        let (refused, after): (Vec<Key>, Vec<f64>) = outcome.refused.iter().copied().unzip();
        let (refused_slots, refused) = columns(&refused);
        self.rows(
            "SELECT dapr_pubsub.settle($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&from.id, Type::INT4),
                (&consumer, Type::INT8),
                (&acked_slots, Type::INT2_ARRAY),
                (&acked, Type::INT8_ARRAY),
                (&refused_slots, Type::INT2_ARRAY),
                (&refused, Type::INT8_ARRAY),
                (&after, Type::FLOAT8_ARRAY),
            ],
        )
        .await
        .map(drop)
    }

    /// Keeps messages from being given to somebody else; says which of them the consumer still has.
    pub async fn extend(
        &self,
        from: Subscription,
        consumer: i64,
        keys: &[Key],
        visibility: Duration,
    ) -> Result<Vec<i64>, Failure> {
        let visibility = visibility.as_secs_f64();
        let (slots, ids) = columns(keys);
        let rows = self
            .rows(
                "SELECT dapr_pubsub.extend($1, $2, $3, $4, $5)",
                &[
                    (&from.id, Type::INT4),
                    (&consumer, Type::INT8),
                    (&slots, Type::INT2_ARRAY),
                    (&ids, Type::INT8_ARRAY),
                    (&visibility, Type::FLOAT8),
                ],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Gives messages back: those that the subscriber has seen, and those that it has not.
    pub async fn release(
        &self,
        from: Subscription,
        consumer: i64,
        seen: &[Key],
        unseen: &[Key],
    ) -> Result<(), Failure> {
        let (slots, ids) = columns(&[seen, unseen].concat());
        let seen: Vec<bool> = (0..ids.len()).map(|index| index < seen.len()).collect();
        self.rows(
            "SELECT dapr_pubsub.release($1, $2, $3, $4, $5, $6)",
            &[
                (&from.id, Type::INT4),
                (&from.topic, Type::INT4),
                (&consumer, Type::INT8),
                (&slots, Type::INT2_ARRAY),
                (&ids, Type::INT8_ARRAY),
                (&seen, Type::BOOL_ARRAY),
            ],
        )
        .await
        .map(drop)
    }

    /// Empties segments that nobody may want any more, opens a new one when it is time, and closes idle connections.
    pub async fn tidy(&self, retention: Retention) -> Result<Tidied, Failure> {
        self.pool.retain(|_, metrics| metrics.last_used() < IDLE);
        let age = retention.age.as_secs_f64();
        let oldest = age / SEGMENTS_IN_RETENTION;
        let rows = self
            .rows(
                "SELECT emptied, missed FROM dapr_pubsub.tidy($1, $2)",
                &[(&age, Type::FLOAT8), (&retention.acknowledged, Type::BOOL)],
            )
            .await?;
        self.rows(
            "SELECT dapr_pubsub.turn($1, $2)",
            &[(&SEGMENT_BYTES, Type::INT8), (&oldest, Type::FLOAT8)],
        )
        .await?;
        let row = only(&rows)?;
        Ok(Tidied { emptied: row.get(0), missed: row.get::<_, Option<_>>(1).unwrap_or_default() })
    }

    /// Announces a text on the channel of messages.
    pub async fn announce(&self, text: &str) -> Result<(), Failure> {
        self.rows("SELECT pg_notify('dapr_pubsub', $1)", &[(&text, Type::TEXT)]).await.map(drop)
    }

    /// Runs a statement within the patience. A connection that did not answer is not used again: what it was asked may
    /// still be going on.
    async fn rows(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let connection = self.connection().await?;
        let answer = tokio::time::timeout(PATIENCE, connection.query_typed(statement, parameters)).await;
        let Ok(answer) = answer else {
            drop(Object::take(connection));
            return Err(Failure::away(&self.place, "no answer within 30 s"));
        };
        answer.map_err(|error| self.failure(&error))
    }
}

fn taken(slot: i16, row: &Row) -> Result<Taken, Failure> {
    let key = Key { slot, id: row.get(1) };
    let metadata: String = row.get(4);
    Ok(Taken {
        key,
        delivery: u32::try_from(row.get::<_, i32>(2)).unwrap_or(1),
        content_type: row.get(3),
        metadata: serde_json::from_str(&metadata).map_err(|error| {
            Failure::wrong(&format!("metadata of message {key} is not readable: {error}"))
        })?,
        data: row.get(5),
    })
}

/// Slots and ids, as PostgreSQL takes them.
fn columns(keys: &[Key]) -> (Vec<i16>, Vec<i64>) {
    keys.iter().map(|key| (key.slot, key.id)).unzip()
}

fn only(rows: &[Row]) -> Result<&Row, Failure> {
    rows.first().ok_or_else(|| Failure::wrong("a function of the schema answered nothing"))
}

/// A time in the past is now.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number.max(0.0)).unwrap_or(Duration::MAX)
}
