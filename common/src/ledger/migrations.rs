//! Bringing the ledger up to date.

use std::borrow::Cow;
use std::future::ready;

use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};
use sqlx::{Any, AssertSqlSafe, Executor, SqlSafeStr};

use super::Ledger;
use crate::database::{Database, Whose, lacks_relation, statement_failed};
use crate::dialect::Dialect;
use crate::{Error, Result};

/// The embedded migrations, in order. A landed migration never changes.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (
        1,
        "ledger",
        include_str!("../../migrations/0001_ledger.sql"),
    ),
    (2, "proof", include_str!("../../migrations/0002_proof.sql")),
    (3, "batch", include_str!("../../migrations/0003_batch.sql")),
    (
        5,
        "findings",
        include_str!("../../migrations/0005_findings.sql"),
    ),
    (8, "place", include_str!("../../migrations/0008_place.sql")),
];

/// The version of a ledger that has every migration.
pub(super) const CURRENT: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

#[derive(Debug)]
struct Embedded;

impl MigrationSource<'static> for Embedded {
    fn resolve(
        self,
    ) -> std::pin::Pin<
        Box<
            dyn Future<Output = Result<Vec<Migration>, Box<dyn std::error::Error + Send + Sync>>>
                + Send
                + 'static,
        >,
    > {
        let migrations = MIGRATIONS
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
            .collect();
        Box::pin(ready(Ok(migrations)))
    }
}

impl Ledger {
    /// Whether the ledger has every migration of this program.
    pub async fn is_current(&self) -> Result<bool> {
        let newest = newest(&self.pool, &self.database).await?;
        Ok(newest == Some(CURRENT))
    }

    /// Creates or upgrades the ledger. Safe to call from several processes at once.
    pub async fn migrate(&self) -> Result<()> {
        let failed = |reason: sqlx::migrate::MigrateError| {
            Error::config(format!(
                "the ledger at {} cannot be created or upgraded",
                self.database.url
            ))
            .because(reason)
        };
        let migrator = Migrator::new(Embedded).await.map_err(failed)?;
        match self.database.dialect {
            // The migrator takes an advisory lock.
            Dialect::Postgres => migrator.run(&self.pool).await.map_err(failed),
            // SQLite has none: the write lock around everything serves.
            Dialect::Sqlite => {
                let mut transaction = self.begin().await?;
                migrator.run(&mut *transaction).await.map_err(failed)?;
                transaction
                    .commit()
                    .await
                    .map_err(statement_failed("upgrading the ledger", Whose::Ledger))
            }
        }
    }
}

/// The newest migration of a ledger; `None` = there is no ledger. A ledger of a newer program is an error of class `Config`.
/// Outside of transactions only: where there is no ledger, the failed statement would end one on PostgreSQL.
pub(super) async fn newest<'c>(
    ledger: impl Executor<'c, Database = Any>,
    database: &Database,
) -> Result<Option<i64>> {
    let newest = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations");
    match newest.fetch_one(ledger).await {
        Ok(Some(version)) if version > CURRENT => Err(Error::config(format!(
            "the ledger at {} is of a newer version ({version}) than this program ({CURRENT}): use the newer program",
            database.url
        ))),
        Ok(newest) => Ok(newest),
        Err(reason) if lacks_relation(&reason) => Ok(None),
        Err(reason) => Err(statement_failed(
            "reading the ledger's version",
            Whose::Ledger,
        )(reason)),
    }
}
