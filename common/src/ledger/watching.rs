//! How a period stands right now, for whoever watches it. These are asked every few seconds while a month end runs, so none
//! of them reads a row that an index could leave out.

use jiff::Timestamp;

use super::Ledger;
use super::figures::instant;
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::Period;

/// Failed documents of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    pub cause: String,
    pub documents: i64,
    /// The first of them by id.
    pub example: String,
}

/// How many documents of a period have been settled lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SettledLately {
    pub in_last_minute: i64,
    pub in_last_ten_minutes: i64,
    pub since: i64,
}

impl Ledger {
    /// The ledger's clock.
    pub async fn now(&self) -> Result<Timestamp> {
        let now: i64 = sqlx::query_scalar(self.sql("SELECT {NOW_MS}"))
            .fetch_one(self.bounded())
            .await
            .map_err(statement_failed(
                "reading the ledger's clock",
                Whose::Ledger,
            ))?;
        instant(now)
    }

    /// Failed documents of a period by cause, most first.
    pub async fn failures(&self, period: Period) -> Result<Vec<Failures>> {
        let rows: Vec<(String, i64, String)> = sqlx::query_as(self.sql(
            "SELECT COALESCE(d.cause, 'unknown'), count(*), min(d.document_id) FROM export_documents d
             WHERE d.period = $1 AND d.state = 'failed' GROUP BY 1 ORDER BY 2 DESC, 1",
        ))
        .bind(period.to_string())
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("grouping failures", Whose::Ledger))?;
        let failures = rows
            .into_iter()
            .map(|(cause, documents, example)| Failures {
                cause,
                documents,
                example,
            });
        Ok(failures.collect())
    }

    /// Documents of a period at which a process is working that has given a sign of life.
    pub async fn running_alive(&self, period: Period) -> Result<i64> {
        sqlx::query_scalar(self.sql(
            "SELECT count(*) FROM export_documents d
             WHERE d.period = $1 AND d.state = 'running' AND {LIVE:d.}",
        ))
        .bind(period.to_string())
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed("looking for signs of life", Whose::Ledger))
    }

    /// How many documents of a period were settled in the last minutes and since an instant. Reads all of them: ask once.
    pub async fn settled_lately(
        &self,
        period: Period,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<SettledLately> {
        let (in_last_minute, in_last_ten_minutes, since): (i64, i64, i64) =
            sqlx::query_as(self.sql(
                "SELECT CAST(COALESCE(sum(CASE WHEN d.settled_at > $2 THEN 1 ELSE 0 END), 0) AS bigint),
                        CAST(COALESCE(sum(CASE WHEN d.settled_at > $3 THEN 1 ELSE 0 END), 0) AS bigint),
                        CAST(COALESCE(sum(CASE WHEN d.settled_at >= $4 THEN 1 ELSE 0 END), 0) AS bigint)
                 FROM export_documents d
                 WHERE d.period = $1 AND d.state IN ('succeeded', 'failed', 'superseded')",
            ))
            .bind(period.to_string())
            .bind(now.as_millisecond() - 60_000)
            .bind(now.as_millisecond() - 600_000)
            .bind(since.as_millisecond())
            .fetch_one(self.bounded())
            .await
            .map_err(statement_failed("measuring the pace", Whose::Ledger))?;
        Ok(SettledLately {
            in_last_minute,
            in_last_ten_minutes,
            since,
        })
    }
}
