//! Runs: one execution of `enqueuer run`.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Ledger, unique_id};
use crate::database::{Whose, statement_failed};
use crate::statement::{Period, parse_date};
use crate::{Error, PROGRAM_VERSION, Result};

/// The snapshots of the source that a run's documents are made from, positions and cash each on their own. `None` =
/// the source has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Snapshots {
    pub positions_opening: Option<Date>,
    pub positions_closing: Option<Date>,
    pub cash_opening: Option<Date>,
    pub cash_closing: Option<Date>,
}

impl Snapshots {
    /// The dates as the ledger keeps them.
    pub(super) fn from_texts(texts: [Option<String>; 4]) -> Result<Self> {
        let date = |text: Option<String>| {
            text.map(|text| {
                parse_date(&text)
                    .ok_or_else(|| Error::bug(format!("the ledger holds a snapshot {text:?}")))
            })
            .transpose()
        };
        let [
            positions_opening,
            positions_closing,
            cash_opening,
            cash_closing,
        ] = texts;
        Ok(Self {
            positions_opening: date(positions_opening)?,
            positions_closing: date(positions_closing)?,
            cash_opening: date(cash_opening)?,
            cash_closing: date(cash_closing)?,
        })
    }
}

/// A recorded run.
#[derive(Debug, Clone)]
pub struct Run {
    pub run_id: String,
    pub period: Period,
    /// The date of issue of the documents it finds due.
    pub issued_on: Date,
    pub snapshots: Snapshots,
}

/// What became of the documents that a run submitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    pub submitted: u64,
    pub succeeded: u64,
    pub failed: u64,
}

impl Ledger {
    /// Records a run and takes its lease.
    pub async fn record_run(
        &self,
        period: Period,
        issued_on: Date,
        snapshots: Snapshots,
        now: Timestamp,
    ) -> Result<Run> {
        let run_id = unique_id(period, now);
        let text = |date: Option<Date>| date.map(|date| date.to_string());
        sqlx::query(self.sql(
            "INSERT INTO export_runs (run_id, period, issued_on, positions_opening, positions_closing, cash_opening,
                                      cash_closing, program_version, started_at, lease_expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {NOW_MS}, {NOW_MS} + $9)",
        ))
        .bind(run_id.clone())
        .bind(period.to_string())
        .bind(issued_on.to_string())
        .bind(text(snapshots.positions_opening))
        .bind(text(snapshots.positions_closing))
        .bind(text(snapshots.cash_opening))
        .bind(text(snapshots.cash_closing))
        .bind(PROGRAM_VERSION)
        .bind(self.lease_ms())
        .execute(&self.pool)
        .await
        .map_err(statement_failed("recording the run", Whose::Ledger))?;
        Ok(Run {
            run_id,
            period,
            issued_on,
            snapshots,
        })
    }

    /// Says that the process that works this run's local queue is alive.
    pub async fn renew_run(&self, run_id: &str) -> Result<()> {
        sqlx::query(
            self.sql("UPDATE export_runs SET lease_expires_at = {NOW_MS} + $1 WHERE run_id = $2"),
        )
        .bind(self.lease_ms())
        .bind(run_id)
        .execute(&self.pool)
        .await
        .map_err(statement_failed("renewing the run's lease", Whose::Ledger))?;
        Ok(())
    }

    /// Ends a run and gives its lease back.
    pub async fn end_run(&self, run_id: &str) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE export_runs SET ended_at = {NOW_MS}, lease_expires_at = 0 WHERE run_id = $1",
        ))
        .bind(run_id)
        .execute(&self.pool)
        .await
        .map_err(statement_failed("ending the run", Whose::Ledger))?;
        Ok(())
    }

    /// What became of the documents that this run submitted.
    pub async fn run_counts(&self, run_id: &str) -> Result<RunCounts> {
        let rows: Vec<(String, i64)> = sqlx::query_as(self.sql(
            "SELECT d.state, count(DISTINCT d.document_id)
             FROM export_jobs j
             JOIN export_job_documents a ON a.job_id = j.job_id
             JOIN export_documents d ON d.document_id = a.document_id
             WHERE j.run_id = $1 GROUP BY d.state",
        ))
        .bind(run_id)
        .fetch_all(&self.pool)
        .await
        .map_err(statement_failed(
            "counting the run's documents",
            Whose::Ledger,
        ))?;
        let mut counts = RunCounts::default();
        for (state, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            counts.submitted += count;
            match state.as_str() {
                "succeeded" | "superseded" => counts.succeeded += count,
                "failed" => counts.failed += count,
                _ => {}
            }
        }
        Ok(counts)
    }

    /// The period of the newest run.
    pub async fn newest_period(&self) -> Result<Option<Period>> {
        let period: Option<String> =
            sqlx::query_scalar(self.sql(
                "SELECT period FROM export_runs ORDER BY started_at DESC, run_id DESC LIMIT 1",
            ))
            .fetch_optional(&self.pool)
            .await
            .map_err(statement_failed(
                "looking for the newest run",
                Whose::Ledger,
            ))?;
        period.map(|text| text.parse()).transpose()
    }
}
