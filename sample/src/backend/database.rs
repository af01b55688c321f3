//! The connections to PostgreSQL, and the tables, which this program makes itself.
//!
//! Owns patience with the database. An error is a reason without any part of the URL.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use tokio::sync::OnceCell;

use crate::log;

/// Waiting for a connection, and for an answer: less than a probe's timeout of 3 s.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// Makes the tables. The lock lets one replica go first: "if not exists" alone can fail when two try at once.
/// An older version of this program works with them too, so that a rollback does.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7620451)";
const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS sample_tasks (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        title text NOT NULL,
        done boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
    )",
    "ALTER TABLE sample_tasks ADD COLUMN IF NOT EXISTS key text UNIQUE",
    "ALTER TABLE sample_tasks ADD COLUMN IF NOT EXISTS recurrence text",
    "CREATE TABLE IF NOT EXISTS sample_outbox (
        sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject text NOT NULL,
        event text NOT NULL
    )",
];

/// The way to the database. Nothing is connected before the first use.
pub(super) struct Database {
    pool: PgPool,
    tables: OnceCell<()>,
}

impl Database {
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let pool = PgPoolOptions::new()
            .max_connections(5)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options(url)?);
        Ok(Self { pool, tables: OnceCell::new() })
    }

    /// Proves that the database answers and that the tables are there.
    pub(super) async fn reachable(&self) -> Result<(), String> {
        self.attempt(async |pool| sqlx::query("SELECT 1").execute(pool).await).await.map(drop)
    }

    /// Does something with the database within the patience of a request.
    pub(super) async fn attempt<'a, T, F>(&'a self, work: impl FnOnce(&'a PgPool) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        self.attempt_within(PATIENCE, work).await
    }

    /// Makes the tables if this process has not seen them yet, then does something with the database.
    pub(super) async fn attempt_within<'a, T, F>(
        &'a self,
        patience: Duration,
        work: impl FnOnce(&'a PgPool) -> F,
    ) -> Result<T, String>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let work = async {
            self.tables.get_or_try_init(|| make_tables(&self.pool)).await?;
            work(&self.pool).await
        };
        match tokio::time::timeout(patience, work).await {
            Ok(result) => result.map_err(|error| reason(&error)),
            Err(_) => Err(format!("no answer within {} ms", patience.as_millis())),
        }
    }
}

async fn make_tables(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    for statement in TABLES {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    log::info("tables are there", &[("tables", "sample_tasks, sample_outbox".into())]);
    Ok(())
}

/// The pool hides why it got no connection when the server refuses; all other errors speak for themselves.
fn reason(error: &sqlx::Error) -> String {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return format!(
            "no connection within {} ms: refused, not reachable or all in use",
            PATIENCE.as_millis()
        );
    }
    error.to_string()
}

/// Reads the URL as libpq does: `require` means TLS without a look at the certificate. `ssl=` is another spelling of `sslmode=`.
fn options(url: &str) -> Result<PgConnectOptions, String> {
    let unreadable = |_| "DATABASE_URL is not a PostgreSQL URL that can be read".to_owned();
    let mut options = PgConnectOptions::from_str(url).map_err(unreadable)?.application_name("todo-sample");
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let ssl = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    if let (None, Some(mode)) = (ssl("sslmode"), ssl("ssl")) {
        let mode = if mode == "true" { "require" } else { mode };
        options = options.ssl_mode(PgSslMode::from_str(mode).map_err(unreadable)?);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!("{:?}", options(url).unwrap().get_ssl_mode())
    }

    #[test]
    fn reads_the_modes_of_tls() {
        assert_eq!(mode("postgres://u:p@h/d"), "Prefer");
        assert_eq!(mode("postgresql://u:p@h:5433/d?sslmode=disable"), "Disable");
        assert_eq!(mode("postgresql://u:p@h/d?sslmode=require&channel_binding=require"), "Require");
        assert_eq!(mode("postgresql://u:p@h/d?sslmode=verify-full"), "VerifyFull");
        assert_eq!(mode("postgresql://u:p@h/d?ssl=require"), "Require");
        assert_eq!(mode("postgresql://u:p@h/d?ssl=require&sslmode=disable"), "Disable");
    }

    #[test]
    fn an_unreadable_url_is_not_printed() {
        let problem = options("postgresql://user:hunter2@h:port/d").unwrap_err();
        assert!(!problem.contains("hunter2"));
        assert!(options("postgresql://u:p@h/d?sslmode=perhaps").is_err());
    }

    #[tokio::test]
    async fn an_absent_database_is_a_reason() {
        // Port 1 of this machine: refused at once.
        let database = Database::new("postgres://u:hunter2@127.0.0.1:1/d").unwrap();
        let problem = database.reachable().await.unwrap_err();
        assert!(problem.contains("2500 ms") && !problem.contains("hunter2"), "{problem}");
    }
}
