//! The tasks, as rows of PostgreSQL.
//!
//! Owns the SQL of tasks. A change and its event are one transaction: there is never one without the other.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;

use super::database::Database;
use super::outbox;
use crate::event::{Event, Kind, Recurrence, Task};
use crate::server::RequestId;

/// The most tasks that a list shows.
const LIST_LIMIT: i64 = 500;

macro_rules! columns {
    () => {
        "id, key, title, done, recurrence, \
         to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    };
}

type Row = (i64, Option<String>, String, bool, Option<String>, String);

fn task((id, key, title, done, recurrence, created_at): Row) -> Task {
    let recurrence = recurrence.as_deref().and_then(Recurrence::parse);
    Task { id, key, title, done, recurrence, created_at }
}

/// What a client calls a task by.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    Id(i64),
    Key(String),
}

impl Name {
    /// As the two parameters of `id = $1 OR key = $2`.
    fn parameters(&self) -> (Option<i64>, Option<&str>) {
        match self {
            Self::Id(id) => (Some(*id), None),
            Self::Key(key) => (None, Some(key)),
        }
    }
}

/// A task to be made.
pub(super) struct Fresh<'a> {
    pub(super) title: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) recurrence: Option<Recurrence>,
}

/// What is to change of a task.
pub(super) struct Edit<'a> {
    pub(super) done: Option<bool>,
    pub(super) title: Option<&'a str>,
}

/// The way to the tasks.
pub(super) struct Tasks {
    database: Arc<Database>,
    /// Told when there is an event to send.
    news: Arc<Notify>,
}

impl Tasks {
    pub(super) fn new(database: Arc<Database>, news: Arc<Notify>) -> Self {
        Self { database, news }
    }

    /// All tasks, newest first.
    pub(super) async fn list(&self) -> Result<Vec<Task>, String> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM sample_tasks ORDER BY id DESC LIMIT $1");
        let rows = self
            .database
            .attempt(async |pool| sqlx::query_as::<_, Row>(SQL).bind(LIST_LIMIT).fetch_all(pool).await)
            .await?;
        Ok(rows.into_iter().map(task).collect())
    }

    /// Adds a task. `None`: its key is taken.
    pub(super) async fn add(&self, fresh: &Fresh<'_>, id: &RequestId) -> Result<Option<Task>, String> {
        const SQL: &str = concat!(
            "INSERT INTO sample_tasks (title, key, recurrence) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING RETURNING ",
            columns!()
        );
        self.change(async |pool| {
            let mut transaction = pool.begin().await?;
            let row = sqlx::query_as::<_, Row>(SQL)
                .bind(fresh.title)
                .bind(fresh.key)
                .bind(fresh.recurrence.map(Recurrence::name))
                .fetch_optional(&mut *transaction)
                .await?;
            let Some(task) = row.map(task) else { return Ok(None) };
            outbox::put(&mut transaction, &Event::now(Kind::Created, task.clone(), &id.0)).await?;
            transaction.commit().await?;
            Ok(Some(task))
        })
        .await
    }

    /// Changes a task. `None`: there is no such task. What is as it was makes no event.
    pub(super) async fn edit(
        &self,
        name: &Name,
        edit: &Edit<'_>,
        id: &RequestId,
    ) -> Result<Option<Task>, String> {
        const SQL: &str = concat!(
            "WITH before AS (SELECT id AS before_id, done AS was_done, title AS old_title FROM sample_tasks \
             WHERE id = $1 OR key = $2 FOR UPDATE) \
             UPDATE sample_tasks SET done = coalesce($3, done), title = coalesce($4, title) \
             FROM before WHERE id = before_id RETURNING ",
            columns!(),
            ", was_done, old_title"
        );
        type Edited = (i64, Option<String>, String, bool, Option<String>, String, bool, String);
        let (number, key) = name.parameters();
        self.change(async |pool| {
            let mut transaction = pool.begin().await?;
            let row = sqlx::query_as::<_, Edited>(SQL)
                .bind(number)
                .bind(key)
                .bind(edit.done)
                .bind(edit.title)
                .fetch_optional(&mut *transaction)
                .await?;
            let Some((number, key, title, done, recurrence, created_at, was_done, old_title)) = row else {
                return Ok(None);
            };
            let changed = (done, &title) != (was_done, &old_title);
            let kind = if done && !was_done { Kind::Completed } else { Kind::Updated };
            let task = task((number, key, title, done, recurrence, created_at));
            if changed {
                outbox::put(&mut transaction, &Event::now(kind, task.clone(), &id.0)).await?;
            }
            transaction.commit().await?;
            Ok(Some(task))
        })
        .await
    }

    /// Removes a task. False: there is no such task.
    pub(super) async fn remove(&self, name: &Name, id: &RequestId) -> Result<bool, String> {
        const SQL: &str =
            concat!("DELETE FROM sample_tasks WHERE id = $1 OR key = $2 RETURNING ", columns!());
        let (number, key) = name.parameters();
        self.change(async |pool| {
            let mut transaction = pool.begin().await?;
            let row = sqlx::query_as::<_, Row>(SQL)
                .bind(number)
                .bind(key)
                .fetch_optional(&mut *transaction)
                .await?;
            let Some(task) = row.map(task) else { return Ok(false) };
            outbox::put(&mut transaction, &Event::now(Kind::Deleted, task, &id.0)).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Does work that may leave an event in the outbox, and says so to the sender.
    async fn change<'a, T, F>(&'a self, work: impl FnOnce(&'a PgPool) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let result = self.database.attempt(work).await?;
        self.news.notify_one();
        Ok(result)
    }
}
