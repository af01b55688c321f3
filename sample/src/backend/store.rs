//! The tasks, as rows of PostgreSQL.
//!
//! Owns all SQL, the connections and the table, which it makes itself. An error is a reason without any part of the URL.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use tokio::sync::OnceCell;

use crate::log;

/// Waiting for a connection, and for an answer: less than a probe's timeout of 3 s.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// The most tasks that a list shows.
const LIST_LIMIT: i64 = 500;

/// Makes the table. The lock lets one replica go first: "if not exists" alone can fail when two try at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7620451)";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS sample_tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    done boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
)";

macro_rules! columns {
    () => {
        "id, title, done, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    };
}

/// One task, as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Task {
    id: i64,
    title: String,
    done: bool,
    created_at: String,
}

type Row = (i64, String, bool, String);

impl From<Row> for Task {
    fn from((id, title, done, created_at): Row) -> Self {
        Self { id, title, done, created_at }
    }
}

/// The way to the tasks. Nothing is connected before the first use.
pub(crate) struct Store {
    pool: PgPool,
    table: OnceCell<()>,
}

impl Store {
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        let pool = PgPoolOptions::new()
            .max_connections(5)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options(url)?);
        Ok(Self { pool, table: OnceCell::new() })
    }

    /// Proves that the database answers and that the table is there.
    pub(crate) async fn reachable(&self) -> Result<(), String> {
        self.attempt(async |pool| sqlx::query("SELECT 1").execute(pool).await).await.map(drop)
    }

    /// All tasks, newest first.
    pub(crate) async fn list(&self) -> Result<Vec<Task>, String> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM sample_tasks ORDER BY id DESC LIMIT $1");
        let rows = self
            .attempt(async |pool| sqlx::query_as::<_, Row>(SQL).bind(LIST_LIMIT).fetch_all(pool).await)
            .await?;
        Ok(rows.into_iter().map(Task::from).collect())
    }

    /// Adds a task.
    pub(crate) async fn add(&self, title: &str) -> Result<Task, String> {
        const SQL: &str = concat!("INSERT INTO sample_tasks (title) VALUES ($1) RETURNING ", columns!());
        self.attempt(async |pool| sqlx::query_as::<_, Row>(SQL).bind(title).fetch_one(pool).await)
            .await
            .map(Task::from)
    }

    /// Marks a task done or open. `None`: there is no such task.
    pub(crate) async fn mark(&self, id: i64, done: bool) -> Result<Option<Task>, String> {
        const SQL: &str = concat!("UPDATE sample_tasks SET done = $2 WHERE id = $1 RETURNING ", columns!());
        let row = self
            .attempt(async |pool| {
                sqlx::query_as::<_, Row>(SQL).bind(id).bind(done).fetch_optional(pool).await
            })
            .await?;
        Ok(row.map(Task::from))
    }

    /// Removes a task. False: there is no such task.
    pub(crate) async fn remove(&self, id: i64) -> Result<bool, String> {
        let result = self
            .attempt(async |pool| {
                sqlx::query("DELETE FROM sample_tasks WHERE id = $1").bind(id).execute(pool).await
            })
            .await?;
        Ok(result.rows_affected() > 0)
    }

    /// Makes the table if this process has not seen it yet, then runs one statement, both within the patience.
    async fn attempt<'a, T, F>(&'a self, statement: impl FnOnce(&'a PgPool) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let work = async {
            self.table.get_or_try_init(|| make_table(&self.pool)).await?;
            statement(&self.pool).await
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(result) => result.map_err(|error| reason(&error)),
            Err(_) => Err(format!("no answer within {} ms", PATIENCE.as_millis())),
        }
    }
}

async fn make_table(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    sqlx::query(TABLE).execute(&mut *transaction).await?;
    transaction.commit().await?;
    log::info("table is there", &[("table", "sample_tasks".into())]);
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
        let store = Store::new("postgres://u:hunter2@127.0.0.1:1/d").unwrap();
        let problem = store.reachable().await.unwrap_err();
        assert!(problem.contains("2500 ms") && !problem.contains("hunter2"), "{problem}");
    }
}
