//! The ledger as one who only looks at it has it: read only, in one snapshot, and never brought up to date.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use super::migrations::{CURRENT, newest};
use crate::Result;
use crate::config::Config;
use crate::database::{Database, Whose, query_text, statement_failed};
use crate::statement::Period;

/// A ledger that cannot be changed through this.
pub struct LedgerReader {
    pub(super) connection: AnyConnection,
    pub(super) database: Database,
}

/// What opening a ledger for reading comes to.
pub enum Opened {
    Ready(Box<LedgerReader>),
    /// There is none yet.
    Absent,
    /// It lacks migrations: what stands in it cannot be read by this program.
    Old,
}

impl LedgerReader {
    /// Opens the ledger in one snapshot. A ledger of a newer program is an error of class `Config`.
    pub async fn open(config: &Config) -> Result<Opened> {
        let database = Database::new(&config.database_url)?;
        if database.file().is_some_and(|file| !file.exists()) {
            return Ok(Opened::Absent);
        }
        let mut connection = database.connect_read_only().await?;
        let newest = newest(&mut connection, &database).await?;
        if newest != Some(CURRENT) {
            let _ = connection.close().await;
            return Ok(newest.map_or(Opened::Absent, |_| Opened::Old));
        }
        connection
            .execute(database.dialect.begin_snapshot())
            .await
            .map_err(statement_failed("opening the ledger", Whose::Ledger))?;
        Ok(Opened::Ready(Box::new(Self {
            connection,
            database,
        })))
    }

    /// Why a period is held, if it is.
    pub async fn held(&mut self, period: Period) -> Result<Option<String>> {
        sqlx::query_scalar(
            "SELECT reason FROM export_holds WHERE period = $1 AND lifted_at IS NULL",
        )
        .bind(period.to_string())
        .fetch_optional(&mut self.connection)
        .await
        .map_err(statement_failed("looking for a hold", Whose::Ledger))
    }

    /// Says farewell to the database. There is nothing to commit.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }

    /// A query in the engine's words.
    pub(super) fn sql(&self, query: &str) -> AssertSqlSafe<String> {
        query_text(self.database.dialect.sql(query))
    }
}
