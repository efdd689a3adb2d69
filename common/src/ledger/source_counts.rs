//! How much runs of all accounts found in the source, for the next one to be held against.

use sqlx::{Any, AssertSqlSafe, Executor};

use super::{Ledger, LedgerReader};
use crate::database::{Whose, statement_failed};
use crate::statement::Period;
use crate::{Error, Result};

/// How much the source has of what hardly changes from month to month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceCounts {
    /// Accounts, closed ones, too.
    pub accounts: i64,
    /// Rows of the closing snapshot of positions; `None` = the run did not look for any.
    pub positions: Option<i64>,
}

/// What earlier runs of all accounts found. The last one may not have looked for positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierCounts {
    /// Of which period, and how many.
    pub accounts: (Period, i64),
    pub positions: Option<(Period, i64)>,
}

/// Of the latest period not after `$1`, the newest run; that of positions apart.
const EARLIER: &str = "SELECT a.period, a.source_accounts, p.period, p.source_positions
    FROM (SELECT period, source_accounts FROM export_runs
          WHERE source_accounts IS NOT NULL AND period <= $1
          ORDER BY period DESC, started_at DESC, run_id DESC LIMIT 1) a
    LEFT JOIN (SELECT period, source_positions FROM export_runs
               WHERE source_positions IS NOT NULL AND period <= $1
               ORDER BY period DESC, started_at DESC, run_id DESC LIMIT 1) p ON 1 = 1";

impl Ledger {
    /// Keeps what a run of all accounts found (`None` = it was of fewer), and in words what was accepted although it is far less
    /// than before.
    pub async fn note_source_counts(
        &self,
        run_id: &str,
        counts: Option<SourceCounts>,
        accepted_fewer: Option<&str>,
    ) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE export_runs SET source_accounts = $1, source_positions = $2, accepted_fewer = $3 WHERE run_id = $4",
        ))
        .bind(counts.map(|counts| counts.accounts))
        .bind(counts.and_then(|counts| counts.positions))
        .bind(accepted_fewer.map(str::to_owned))
        .bind(run_id.to_owned())
        .execute(self.bounded())
        .await
        .map_err(statement_failed("recording what the source has", Whose::Ledger))?;
        Ok(())
    }

    /// What the last runs of all accounts found, of the same period or an earlier one.
    pub async fn earlier_source_counts(&self, period: Period) -> Result<Option<EarlierCounts>> {
        read(self.bounded(), self.sql(EARLIER), period).await
    }
}

impl LedgerReader {
    /// What the last runs of all accounts found, of the same period or an earlier one.
    pub async fn earlier_source_counts(&mut self, period: Period) -> Result<Option<EarlierCounts>> {
        let query = self.sql(EARLIER);
        read(self.bounded(), query, period).await
    }
}

async fn read<'c>(
    ledger: impl Executor<'c, Database = Any>,
    query: AssertSqlSafe<String>,
    period: Period,
) -> Result<Option<EarlierCounts>> {
    let row: Option<(String, i64, Option<String>, Option<i64>)> = sqlx::query_as(query)
        .bind(period.to_string())
        .fetch_optional(ledger)
        .await
        .map_err(statement_failed(
            "looking for what the source had",
            Whose::Ledger,
        ))?;
    row.map(|(period, accounts, of_positions, positions)| {
        let of_positions = of_positions.map(|period| period.parse()).transpose()?;
        Ok::<_, Error>(EarlierCounts {
            accounts: (period.parse()?, accounts),
            positions: of_positions.zip(positions),
        })
    })
    .transpose()
}
