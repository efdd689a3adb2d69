//! Ledgers of earlier programs, which recorded their migrations under the library's name. What is ours there comes along; rows of
//! another program that shares the database stay as they are.

use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Executor};

use super::TABLE;
use crate::database::query_text;
use crate::dialect::Dialect;

/// The library's name for the table of migrations.
const LIBRARY_TABLE: &str = "_sqlx_migrations";

/// The columns of both tables.
const COLUMNS: &str = "version, description, installed_on, success, checksum, execution_time";

/// Moves what is ours to a table of our own, unless there is one already. In a transaction, and under the lock of migrations.
pub(super) async fn carry_over(
    connection: &mut AnyConnection,
    dialect: Dialect,
    migrator: &Migrator,
) -> Result<(), MigrateError> {
    if has_table(connection, dialect, TABLE).await? {
        return Ok(());
    }
    let migrations: Vec<Migration> = migrator.iter().cloned().collect();
    let ours = ours(connection, dialect, &migrations).await?;
    if ours.is_empty() {
        return Ok(());
    }
    // Makes the table and records nothing.
    migrator.skip(&mut *connection, Some(0)).await?;
    let versions: Vec<String> = ours.iter().map(ToString::to_string).collect();
    let versions = versions.join(", ");
    for statement in [
        format!(
            "INSERT INTO {TABLE} ({COLUMNS}) SELECT {COLUMNS} FROM {LIBRARY_TABLE} WHERE version IN ({versions})"
        ),
        format!("DELETE FROM {LIBRARY_TABLE} WHERE version IN ({versions})"),
    ] {
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// The versions under the library's name that are ours, in order: those with our number and the checksum of our text.
pub(super) async fn ours(
    connection: &mut AnyConnection,
    dialect: Dialect,
    migrations: &[Migration],
) -> sqlx::Result<Vec<i64>> {
    if !may_read(connection, dialect).await? {
        return Ok(Vec::new());
    }
    let query = AssertSqlSafe(format!("SELECT version, checksum FROM {LIBRARY_TABLE}"));
    let recorded: Vec<(i64, Vec<u8>)> = sqlx::query_as(query).fetch_all(connection).await?;
    let is_recorded = |migration: &&Migration| {
        recorded.iter().any(|(version, checksum)| {
            *version == migration.version && checksum[..] == migration.checksum[..]
        })
    };
    let ours = migrations.iter().filter(is_recorded);
    Ok(ours.map(|migration| migration.version).collect())
}

/// Whether there is such a table that this user may read. One that he may not is another's.
async fn may_read(connection: &mut AnyConnection, dialect: Dialect) -> sqlx::Result<bool> {
    if !has_table(connection, dialect, LIBRARY_TABLE).await? {
        return Ok(false);
    }
    match dialect {
        Dialect::Sqlite => Ok(true),
        Dialect::Postgres => {
            let query = AssertSqlSafe(format!(
                "SELECT has_table_privilege('{LIBRARY_TABLE}', 'SELECT')"
            ));
            sqlx::query_scalar(query).fetch_one(connection).await
        }
    }
}

async fn has_table(
    connection: &mut AnyConnection,
    dialect: Dialect,
    table: &'static str,
) -> sqlx::Result<bool> {
    let columns = sqlx::query(query_text(dialect.columns_query(1)))
        .bind(table)
        .fetch_all(connection)
        .await?;
    Ok(!columns.is_empty())
}
