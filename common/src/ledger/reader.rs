//! The ledger as one who only looks at it has it: read only, in one snapshot, and never brought up to date.

use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Executor};

use super::migrations::{CURRENT, newest};
use super::with_leases;
use crate::Result;
use crate::config::Config;
use crate::database::{Bounded, Database, Whose, say_farewell, statement_failed};
use crate::statement::Period;

/// A ledger that cannot be changed through this.
pub struct LedgerReader {
    pub(super) connection: AnyConnection,
    pub(super) database: Database,
    lease: Duration,
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
        let database = Database::of_ledger(config)?;
        if database.file().is_some_and(|file| !file.exists()) {
            return Ok(Opened::Absent);
        }
        let mut connection = database.connect_read_only().await?;
        let newest = newest(&mut connection, &database).await?;
        if newest != Some(CURRENT) {
            say_farewell(connection).await;
            return Ok(newest.map_or(Opened::Absent, |_| Opened::Old));
        }
        Bounded::new(&mut connection, database.silence)
            .execute(database.dialect.begin_snapshot())
            .await
            .map_err(statement_failed("opening the ledger", Whose::Ledger))?;
        Ok(Opened::Ready(Box::new(Self {
            connection,
            database,
            lease: config.lease,
        })))
    }

    /// Why a period is held, if it is.
    pub async fn held(&mut self, period: Period) -> Result<Option<String>> {
        sqlx::query_scalar(
            "SELECT reason FROM export_holds WHERE period = $1 AND lifted_at IS NULL",
        )
        .bind(period.to_string())
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed("looking for a hold", Whose::Ledger))
    }

    /// The connection, for one statement.
    pub(super) fn bounded(&mut self) -> Bounded<&mut AnyConnection> {
        Bounded::new(&mut self.connection, self.database.silence)
    }

    /// Says farewell to the database. There is nothing to commit.
    pub async fn close(self) {
        say_farewell(self.connection).await;
    }

    /// A query in the engine's words.
    pub(super) fn sql(&self, query: &str) -> AssertSqlSafe<String> {
        with_leases(&self.database, self.lease, query)
    }
}
