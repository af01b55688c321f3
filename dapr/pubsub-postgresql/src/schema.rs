//! Owns the schema `dapr_pubsub`: which version there is, whether this program works with it, and making it newer.
//!
//! Many sidecars start at once, some of an older version: one of them migrates, under a lock, the others find it done.
//! A newer schema names the oldest version that still works with it; so a rollout can be half done, and be rolled back.

use tokio_postgres::{Client, GenericClient};

use crate::database::{Database, Failure};

/// One step from a version to the next.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The version that it makes.
    pub version: i32,
    /// The oldest version that works with what it makes: that of programs which are not replaced yet.
    pub oldest: i32,
    /// What it does, in one transaction.
    pub script: &'static str,
}

/// All of them, in order. One that is released is never changed.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, oldest: 1, script: include_str!("../migrations/1.sql") }];

/// `1684107380, 2` of `migrations/1.sql`.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1684107380, 2)";

/// What the database has, beside nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    version: i32,
    oldest: i32,
}

/// What to do about what was found.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It can be used.
    Usable,
    /// It has to be made newer.
    Older,
    /// It is too new; what to say.
    Newer(String),
}

/// Makes the schema usable, or says why it is not.
pub async fn prepare(database: &Database, migrations: &[Migration]) -> Result<(), Failure> {
    let mut connection = database.connection().await?;
    let client: &mut Client = &mut connection;
    let failure = |error: tokio_postgres::Error| database.failure(&error);
    isolation(client).await.map_err(failure)?.map_or(Ok(()), |message| Err(Failure::schema(message)))?;
    let own = migrations.last().map_or(0, |last| last.version);
    match judge(own, found(client).await.map_err(failure)?) {
        Verdict::Usable => return Ok(()),
        Verdict::Newer(message) => return Err(Failure::schema(message)),
        Verdict::Older => {}
    }
    let transaction = client.transaction().await.map_err(failure)?;
    transaction.batch_execute(LOCK).await.map_err(failure)?;
    // Somebody else may have been faster.
    let found = found(&transaction).await.map_err(failure)?;
    let from = found.map_or(0, |found| found.version);
    match judge(own, found) {
        Verdict::Usable => return Ok(()),
        Verdict::Newer(message) => return Err(Failure::schema(message)),
        Verdict::Older => {}
    }
    migrate(&transaction, from, migrations).await.map_err(failure)?;
    transaction.commit().await.map_err(failure)?;
    tracing::info!(from, to = own, "the schema dapr_pubsub was migrated");
    Ok(())
}

async fn migrate(
    transaction: &impl GenericClient,
    from: i32,
    migrations: &[Migration],
) -> Result<(), tokio_postgres::Error> {
    if from == 0 {
        // Even with IF NOT EXISTS it would need the right to make schemas, which an administrator may keep.
        let there =
            transaction.query_typed("SELECT FROM pg_namespace WHERE nspname = 'dapr_pubsub'", &[]).await?;
        if there.is_empty() {
            transaction.batch_execute("CREATE SCHEMA dapr_pubsub").await?;
        }
        transaction
            .batch_execute(
                "CREATE TABLE dapr_pubsub.schema (version int NOT NULL, oldest int NOT NULL);
                 INSERT INTO dapr_pubsub.schema VALUES (0, 0)",
            )
            .await?;
    }
    for migration in migrations.iter().filter(|one| one.version > from) {
        transaction.batch_execute(migration.script).await?;
        let Migration { version, oldest, .. } = migration;
        transaction
            .batch_execute(&format!("UPDATE dapr_pubsub.schema SET version = {version}, oldest = {oldest}"))
            .await?;
    }
    Ok(())
}

/// What the database has; nothing when there is no schema, or an empty one. The catalogue is asked first: it may be read by
/// everybody, and a failed statement would end the transaction.
async fn found(client: &impl GenericClient) -> Result<Option<Found>, tokio_postgres::Error> {
    const THERE: &str = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'dapr_pubsub' AND c.relname = 'schema'";
    if client.query_typed(THERE, &[]).await?.is_empty() {
        return Ok(None);
    }
    let rows = client.query_typed("SELECT version, oldest FROM dapr_pubsub.schema", &[]).await?;
    Ok(rows.first().map(|row| Found { version: row.get(0), oldest: row.get(1) }))
}

fn judge(own: i32, found: Option<Found>) -> Verdict {
    match found {
        Some(Found { version, oldest }) if version > own && oldest > own => Verdict::Newer(format!(
            "the schema dapr_pubsub has version {version}, which works with components that know version {oldest} or a \
             newer one; this one knows {own}: use a newer image of the component"
        )),
        Some(Found { version, .. }) if version >= own => Verdict::Usable,
        Some(_) | None => Verdict::Older,
    }
}

/// What is wrong with the transactions of this role. The functions of the schema look again after they have waited for a
/// lock, which only READ COMMITTED lets them.
async fn isolation(client: &impl GenericClient) -> Result<Option<String>, tokio_postgres::Error> {
    let rows = client.query_typed("SELECT current_setting('default_transaction_isolation')", &[]).await?;
    let level: String = rows.first().map(|row| row.get(0)).unwrap_or_default();
    Ok((level != "read committed").then(|| {
        format!(
            "transactions of this role are `{level}`, and this component needs `read committed`: \
             ALTER ROLE … SET default_transaction_isolation = 'read committed'"
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_program_works_with_a_newer_schema_that_says_so() {
        let found = |version, oldest| Some(Found { version, oldest });
        assert_eq!(judge(2, None), Verdict::Older);
        assert_eq!(judge(2, found(1, 1)), Verdict::Older);
        assert_eq!(judge(2, found(2, 1)), Verdict::Usable);
        assert_eq!(judge(2, found(3, 2)), Verdict::Usable);
        let Verdict::Newer(message) = judge(2, found(4, 3)) else { panic!("it is too new") };
        assert!(message.contains("version 4") && message.contains("knows 2"), "{message}");
    }

    #[test]
    fn migrations_are_in_order() {
        let versions: Vec<i32> = MIGRATIONS.iter().map(|one| one.version).collect();
        assert_eq!(versions, (1..=versions.len()).map(|one| i32::try_from(one).unwrap()).collect::<Vec<_>>());
        assert!(MIGRATIONS.iter().all(|one| one.oldest <= one.version));
    }
}
