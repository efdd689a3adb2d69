//! Bringing the ledger up to date.

mod carried_over;

use std::borrow::Cow;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Executor, SqlSafeStr};

use super::Ledger;
use super::transaction::Transaction;
use crate::database::{
    Bounded, Database, Whose, lacks_relation, passes_by_itself, statement_failed,
};
use crate::dialect::Dialect;
use crate::{Error, Result};
use tokio::time::timeout;

/// Where the ledger's migrations are recorded. The library's own name, `_sqlx_migrations`, may be another program's.
const TABLE: &str = "export_migrations";

/// How long an upgrade may take.
const UPGRADE_TIMEOUT: Duration = Duration::from_mins(30);

/// The key of the lock under which PostgreSQL's ledgers are migrated: any number that nobody else takes.
const LOCK: i64 = 0x0007_3461_7465_6D65;

/// The embedded migrations, in order. A landed migration never changes.
const MIGRATIONS: [(i64, &str, &str); 15] = [
    (
        1,
        "ledger",
        include_str!("../../migrations/0001_ledger.sql"),
    ),
    (2, "proof", include_str!("../../migrations/0002_proof.sql")),
    (3, "batch", include_str!("../../migrations/0003_batch.sql")),
    (
        4,
        "certificates",
        include_str!("../../migrations/0004_certificates.sql"),
    ),
    (
        5,
        "unaccounted",
        include_str!("../../migrations/0005_unaccounted.sql"),
    ),
    (
        6,
        "findings",
        include_str!("../../migrations/0006_findings.sql"),
    ),
    (
        7,
        "whole source",
        include_str!("../../migrations/0007_whole_source.sql"),
    ),
    (8, "place", include_str!("../../migrations/0008_place.sql")),
    (
        9,
        "made run",
        include_str!("../../migrations/0009_made_run.sql"),
    ),
    (
        10,
        "stored as",
        include_str!("../../migrations/0010_stored_as.sql"),
    ),
    (
        11,
        "prunings",
        include_str!("../../migrations/0011_prunings.sql"),
    ),
    (
        12,
        "leases",
        include_str!("../../migrations/0012_leases.sql"),
    ),
    (
        13,
        "probes",
        include_str!("../../migrations/0013_probes.sql"),
    ),
    (
        14,
        "repeated queries",
        include_str!("../../migrations/0014_repeated_queries.sql"),
    ),
    (
        15,
        "waiting for the database",
        include_str!("../../migrations/0015_waiting_for_database.sql"),
    ),
];

/// The version of a ledger that has every migration.
pub(super) const CURRENT: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

fn embedded() -> Vec<Migration> {
    MIGRATIONS
        .into_iter()
        .map(|(version, description, sql)| {
            let sql = AssertSqlSafe(sql).into_sql_str();
            Migration::new(
                version,
                Cow::Borrowed(description),
                MigrationType::Simple,
                sql,
                false,
            )
        })
        .collect()
}

impl Ledger {
    /// Whether the ledger has every migration of this program.
    pub async fn is_current(&self) -> Result<bool> {
        let mut connection = self.connection().await?;
        let newest = recorded(&mut connection, &self.database).await?;
        Ok(newest == Some(CURRENT))
    }

    /// Creates or upgrades the ledger. Safe to call from several processes at once.
    pub async fn migrate(&self) -> Result<()> {
        let failed = |reason: MigrateError| migration_failed(&self.database, reason);
        let mut migrator = Migrator::with_migrations(embedded());
        migrator.dangerous_set_table_name(TABLE);
        // The library's lock belongs to a session. Ours ends with the transaction, whoever is between us and the server.
        migrator.set_locking(false);
        let mut transaction = self.begin().await?;
        self.lock_migrations(&mut transaction).await?;
        let upgrade = async {
            let connection = transaction.unbounded();
            carried_over::carry_over(connection, self.database.dialect, &migrator).await?;
            migrator.run(connection).await
        };
        // What it does to a large ledger may take a while, and says nothing meanwhile.
        let upgraded = timeout(UPGRADE_TIMEOUT, upgrade).await;
        upgraded
            .map_err(|_| upgrade_stands_still(&self.database))?
            .map_err(failed)?;
        transaction.commit("upgrading the ledger").await
    }

    /// On SQLite the write lock of the transaction serves.
    async fn lock_migrations(&self, transaction: &mut Transaction) -> Result<()> {
        if self.database.dialect == Dialect::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
            transaction
                .bounded()
                .execute(AssertSqlSafe(lock))
                .await
                .map_err(statement_failed("upgrading the ledger", Whose::Ledger))?;
        }
        Ok(())
    }
}

fn upgrade_stands_still(database: &Database) -> Error {
    Error::retry(
        "database",
        format!(
            "the ledger at {} is not upgraded after {} minutes: is a lock in the way?",
            database.url,
            UPGRADE_TIMEOUT.as_secs() / 60
        ),
    )
}

fn migration_failed(database: &Database, reason: MigrateError) -> Error {
    let message = format!(
        "the ledger at {} cannot be created or upgraded",
        database.url
    );
    let passes = match &reason {
        MigrateError::Execute(failed) | MigrateError::ExecuteMigration(failed, _) => {
            passes_by_itself(failed)
        }
        _ => false,
    };
    if passes {
        Error::retry("database", message).because(reason)
    } else {
        Error::config(message).because(reason)
    }
}

/// The newest migration of a ledger; `None` = there is no ledger. A ledger of a newer program is an error of class `Config`.
/// Outside of transactions only: where there is no ledger, the failed statement would end one on PostgreSQL.
pub(super) async fn newest(
    connection: &mut AnyConnection,
    database: &Database,
) -> Result<Option<i64>> {
    if let Some(newest) = recorded(connection, database).await? {
        return Ok(Some(newest));
    }
    let ours = carried_over::ours(connection, database.dialect, &embedded())
        .await
        .map_err(reading_failed)?;
    Ok(ours.last().copied())
}

/// The newest migration under our own name.
async fn recorded(connection: &mut AnyConnection, database: &Database) -> Result<Option<i64>> {
    let newest = AssertSqlSafe(format!("SELECT max(version) FROM {TABLE}"));
    let connection = Bounded::new(connection, database.silence);
    match sqlx::query_scalar(newest).fetch_one(connection).await {
        Ok(Some(version)) if version > CURRENT => Err(Error::config(format!(
            "the ledger at {} is of a newer version ({version}) than this program ({CURRENT}): use the newer program",
            database.url
        ))),
        Ok(newest) => Ok(newest),
        Err(reason) if lacks_relation(&reason) => Ok(None),
        Err(reason) => Err(reading_failed(reason)),
    }
}

fn reading_failed(reason: sqlx::Error) -> Error {
    statement_failed("reading the ledger's version", Whose::Ledger)(reason)
}
