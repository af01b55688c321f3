//! The outbox: events that wait in the database until the broker has them.
//!
//! An event is written in the transaction of its change and removed after the sidecar has said that it is published. So no
//! event is lost while sidecar or broker are away, however long; one may be sent twice (same id). They are sent in the
//! order of their numbers by one replica at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, PgTransaction};
use tokio::sync::Notify;

use super::database::Database;
use crate::event::Event;
use crate::log;
use crate::server::Process;
use crate::sidecar::Sidecar;

/// How many events one transaction sends.
const BATCH: usize = 20;

/// A look without news: for events of a replica that has ended, or that could not send them.
const POLL: Duration = Duration::from_secs(2);
/// The same while another replica sends.
const POLL_BUSY: Duration = Duration::from_millis(250);

/// Between two attempts: from the first to the last length, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// A batch with its publishing: each event has the sidecar's patience, and the first failure ends the batch.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held by the replica that sends.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(7620452)";

/// Adds an event to the transaction of its change.
pub(super) async fn put(transaction: &mut PgTransaction<'_>, event: &Event) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO sample_outbox (subject, event) VALUES ($1, $2)")
        .bind(event.task.name())
        .bind(event.to_cloud().to_string())
        .execute(&mut **transaction)
        .await
        .map(drop)
}

/// What one attempt to send came to.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    /// So many were sent, and none failed.
    Sent(usize),
    /// Another replica is sending.
    Elsewhere,
    /// So many were sent before one failed, with why.
    Failed(usize, String),
}

/// The sender.
pub(super) struct Outbox {
    database: Arc<Database>,
    sidecar: Arc<Sidecar>,
    news: Arc<Notify>,
    process: Arc<Process>,
}

impl Outbox {
    pub(super) fn new(
        database: Arc<Database>,
        sidecar: Arc<Sidecar>,
        news: Arc<Notify>,
        process: Arc<Process>,
    ) -> Self {
        Self { database, sidecar, news, process }
    }

    /// Sends events until the process ends.
    pub(super) async fn run(&self) -> Infallible {
        let mut pause = FIRST_PAUSE;
        let mut trouble = false;
        loop {
            match self.round().await {
                Round::Sent(number) => {
                    pause = FIRST_PAUSE;
                    // An outbox found empty was sent by another replica, which says so.
                    if trouble && number > 0 {
                        log::info("events are sent again", &[("events", number.into())]);
                    }
                    trouble = false;
                    if number < BATCH {
                        let _ = tokio::time::timeout(POLL, self.news.notified()).await;
                    }
                }
                Round::Elsewhere => tokio::time::sleep(POLL_BUSY).await,
                Round::Failed(number, reason) => {
                    if number > 0 {
                        pause = FIRST_PAUSE;
                    }
                    // A warning when it begins; not one every second or two.
                    let write = if trouble { log::debug } else { log::warn };
                    write("events wait in the outbox", &[("reason", reason.into())]);
                    trouble = true;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
            }
        }
    }

    async fn round(&self) -> Round {
        if let Some(reason) = self.process.event_refusal() {
            return Round::Failed(0, reason.to_owned());
        }
        let round = self.database.attempt_within(PATIENCE, async |pool| self.send(pool).await).await;
        let round = round.unwrap_or_else(|reason| Round::Failed(0, format!("database: {reason}")));
        match &round {
            Round::Sent(number) | Round::Failed(number, _) if *number > 0 => {
                self.process.metrics().count_event("sent", *number as u64);
            }
            Round::Sent(_) | Round::Failed(..) | Round::Elsewhere => {}
        }
        round
    }

    /// Sends one batch. When the transaction does not end, its events stay and are sent again.
    async fn send(&self, pool: &PgPool) -> Result<Round, sqlx::Error> {
        let mut transaction = pool.begin().await?;
        let ours: bool = sqlx::query_scalar(LOCK).fetch_one(&mut *transaction).await?;
        if !ours {
            return Ok(Round::Elsewhere);
        }
        let waiting: Vec<(i64, String, String)> =
            sqlx::query_as("SELECT sequence, subject, event FROM sample_outbox ORDER BY sequence LIMIT $1")
                .bind(i64::try_from(BATCH).unwrap_or(i64::MAX))
                .fetch_all(&mut *transaction)
                .await?;
        let mut sent = Vec::new();
        let mut failure = None;
        for (sequence, subject, event) in waiting {
            if let Err(reason) = self.sidecar.publish(&event, &subject).await {
                failure = Some(reason);
                break;
            }
            sent.push(sequence);
        }
        if !sent.is_empty() {
            sqlx::query("DELETE FROM sample_outbox WHERE sequence = ANY($1)")
                .bind(&sent)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(match failure {
            None => Round::Sent(sent.len()),
            Some(reason) => Round::Failed(sent.len(), reason),
        })
    }
}
