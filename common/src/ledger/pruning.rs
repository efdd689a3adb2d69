//! Pruning old periods: attempts, and what jobs were made of, are most of a ledger's rows, and nobody asks for those of years ago.
//! Documents and what was decided about them stay, and whatever a document that is not settled may still need.

use std::ops::AddAssign;

use jiff::Timestamp;

use super::figures::{Reading, instant};
use super::transaction::Transaction;
use super::{Ledger, unique_id};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::Period;

/// Documents whose rows are removed in one transaction.
const PAGE: i64 = 1000;

/// Rows that are pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prunable {
    pub attempts: i64,
    /// Documents of slots of jobs.
    pub assignments: i64,
    pub jobs: i64,
}

impl AddAssign for Prunable {
    fn add_assign(&mut self, more: Self) {
        self.attempts += more.attempts;
        self.assignments += more.assignments;
        self.jobs += more.jobs;
    }
}

impl Prunable {
    pub fn rows(&self) -> i64 {
        self.attempts + self.assignments + self.jobs
    }
}

/// A decision to prune.
#[derive(Debug, Clone)]
pub struct Pruning {
    pub pruning_id: String,
    /// In the operator's words.
    pub reason: String,
}

impl Pruning {
    pub fn new(before: Period, reason: &str, now: Timestamp) -> Self {
        Self {
            pruning_id: unique_id(before, now),
            reason: reason.to_owned(),
        }
    }
}

/// What a period's report has lost, and counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrunedAttempts {
    pub attempts: i64,
    /// Of these: lost or given back.
    pub retries: i64,
    pub first_started_at: Option<Timestamp>,
    pub last_pruned_at: Timestamp,
}

/// The job of `a` may still run, or the process of its run is alive.
const BUSY: &str = "EXISTS (SELECT 1 FROM export_jobs k JOIN export_runs r ON r.run_id = k.run_id
            WHERE k.job_id = a.job_id AND ((k.queue = 'batch' AND k.settled_at IS NULL) OR {LIVE:r.}))";

/// A document of the slot of `a` is not settled: what it shared the slot with says whether it may share one again.
const SHARED: &str = "EXISTS (SELECT 1 FROM export_job_documents o JOIN export_documents u ON u.document_id = o.document_id
            WHERE o.job_id = a.job_id AND o.slot = a.slot AND u.state IN ('due', 'submitted', 'running'))";

const SETTLED: &str =
    "d.period = $1 AND d.state IN ('succeeded', 'superseded', 'failed', 'excused')";

/// Attempts `a` of documents `d`. Kept are who settled the document, whoever was about to publish the bytes that are published, or, where
/// nothing is, any: a document that failed may have been published all the same, and is adopted when it is made again. By those of
/// documents that were resubmitted the month end's deadline is judged.
fn prunable_attempts() -> String {
    format!(
        "{SETTLED} AND a.ended_at IS NOT NULL
         AND (d.attempt_id IS NULL OR a.attempt_id <> d.attempt_id)
         AND (a.sha256 IS NULL OR (d.state IN ('succeeded', 'superseded') AND a.sha256 <> d.sha256))
         AND NOT EXISTS (SELECT 1 FROM export_actions x WHERE x.document_id = d.document_id AND x.action = 'resubmit')
         AND NOT {BUSY} AND NOT {SHARED}"
    )
}

/// Jobs `a` that no document was submitted with last.
fn prunable_jobs() -> String {
    format!(
        "a.run_id IN (SELECT run_id FROM export_runs WHERE period = $1)
         AND NOT EXISTS (SELECT 1 FROM export_documents d WHERE d.job_id = a.job_id) AND NOT {BUSY}
         AND NOT EXISTS (SELECT 1 FROM export_job_documents o JOIN export_documents u ON u.document_id = o.document_id
                         WHERE o.job_id = a.job_id AND u.state IN ('due', 'submitted', 'running'))"
    )
}

impl Ledger {
    /// Periods before this one that have a run, oldest first.
    pub async fn periods_before(&self, before: Period) -> Result<Vec<Period>> {
        let periods: Vec<String> = sqlx::query_scalar(
            self.sql("SELECT DISTINCT period FROM export_runs WHERE period < $1 ORDER BY period"),
        )
        .bind(before.to_string())
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("listing periods", Whose::Ledger))?;
        periods.iter().map(|period| period.parse()).collect()
    }

    /// What pruning a period would remove.
    pub async fn prunable(&self, period: Period) -> Result<Prunable> {
        let (attempts, assignments, jobs) = sqlx::query_as(self.sql(&format!(
            "SELECT (SELECT count(*) FROM export_documents d JOIN export_attempts a ON a.document_id = d.document_id WHERE {}),
                    (SELECT count(*) FROM export_documents d JOIN export_job_documents a ON a.document_id = d.document_id
                     WHERE {SETTLED} AND NOT {BUSY} AND NOT {SHARED}),
                    (SELECT count(*) FROM export_jobs a WHERE {})",
            prunable_attempts(),
            prunable_jobs(),
        )))
        .bind(period.to_string())
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed("counting what can be pruned", Whose::Ledger))?;
        Ok(Prunable {
            attempts,
            assignments,
            jobs,
        })
    }

    /// Prunes a period, a thousand documents at a time, so that nobody waits for long, and tells of each how many rows went. Broken off, it
    /// has pruned a part, which is recorded; the rest is pruned the next time.
    pub async fn prune(
        &self,
        pruning: &Pruning,
        period: Period,
        mut tell: impl FnMut(Prunable),
    ) -> Result<()> {
        // Ids begin with their period: from there no page walks through the months before.
        let mut after = period.to_string();
        while let Some(last) = self.last_of_page(period, &after).await? {
            tell(self.prune_page(pruning, period, &after, &last).await?);
            after = last;
        }
        tell(self.prune_jobs(pruning, period).await?);
        Ok(())
    }

    async fn last_of_page(&self, period: Period, after: &str) -> Result<Option<String>> {
        let page: Vec<String> = sqlx::query_scalar(self.sql(
            "SELECT d.document_id FROM export_documents d WHERE d.period = $1 AND d.document_id > $2
             ORDER BY d.document_id LIMIT $3",
        ))
        .bind(period.to_string())
        .bind(after.to_owned())
        .bind(PAGE)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("listing documents", Whose::Ledger))?;
        Ok(page.into_iter().next_back())
    }

    async fn prune_page(
        &self,
        pruning: &Pruning,
        period: Period,
        after: &str,
        last: &str,
    ) -> Result<Prunable> {
        const DOING: &str = "pruning attempts";
        let failed = |reason| statement_failed(DOING, Whose::Ledger)(reason);
        let within = "d.document_id > $2 AND d.document_id <= $3";
        let mut transaction = self.begin().await?;
        let attempts: Vec<(Option<String>, i64)> = sqlx::query_as(self.sql(&format!(
            "DELETE FROM export_attempts WHERE attempt_id IN (
                 SELECT a.attempt_id FROM export_documents d JOIN export_attempts a ON a.document_id = d.document_id
                 WHERE {within} AND {})
             RETURNING outcome, started_at",
            prunable_attempts()
        )))
        .bind(period.to_string())
        .bind(after.to_owned())
        .bind(last.to_owned())
        .fetch_all(transaction.bounded())
        .await
        .map_err(failed)?;
        let assignments = sqlx::query(self.sql(&format!(
            "DELETE FROM export_job_documents AS a
             WHERE a.document_id IN (SELECT d.document_id FROM export_documents d WHERE {within} AND {SETTLED})
               AND NOT {BUSY} AND NOT {SHARED}"
        )))
        .bind(period.to_string())
        .bind(after.to_owned())
        .bind(last.to_owned())
        .execute(transaction.bounded())
        .await
        .map_err(failed)?
        .rows_affected();
        let pruned = Prunable {
            attempts: count(attempts.len()),
            assignments: count(assignments),
            jobs: 0,
        };
        let retries = attempts
            .iter()
            .filter(|(outcome, _)| matches!(outcome.as_deref(), Some("lost" | "given_back")))
            .count();
        let first = attempts.iter().map(|(_, started)| *started).min();
        self.note(
            &mut transaction,
            pruning,
            period,
            pruned,
            count(retries),
            first,
        )
        .await?;
        transaction.commit(DOING).await?;
        Ok(pruned)
    }

    /// Last: of a job that still has documents nothing is removed.
    async fn prune_jobs(&self, pruning: &Pruning, period: Period) -> Result<Prunable> {
        const DOING: &str = "pruning jobs";
        let mut transaction = self.begin().await?;
        let jobs = sqlx::query(self.sql(&format!(
            "DELETE FROM export_jobs AS a WHERE {}
             AND NOT EXISTS (SELECT 1 FROM export_job_documents o WHERE o.job_id = a.job_id)",
            prunable_jobs()
        )))
        .bind(period.to_string())
        .execute(transaction.bounded())
        .await
        .map_err(statement_failed(DOING, Whose::Ledger))?
        .rows_affected();
        let pruned = Prunable {
            jobs: count(jobs),
            ..Prunable::default()
        };
        self.note(&mut transaction, pruning, period, pruned, 0, None)
            .await?;
        transaction.commit(DOING).await?;
        Ok(pruned)
    }

    /// Counts what was pruned, in the same transaction.
    async fn note(
        &self,
        transaction: &mut Transaction,
        pruning: &Pruning,
        period: Period,
        pruned: Prunable,
        retries: i64,
        first_started_at: Option<i64>,
    ) -> Result<()> {
        if pruned.rows() == 0 {
            return Ok(());
        }
        sqlx::query(self.sql(
            "INSERT INTO export_prunings (pruning_id, period, reason, pruned_at, attempts, retries, first_started_at, assignments, jobs)
             VALUES ($1, $2, $3, {NOW_MS}, $4, $5, $6, $7, $8)
             ON CONFLICT (pruning_id, period) DO UPDATE SET
                 attempts = export_prunings.attempts + excluded.attempts,
                 retries = export_prunings.retries + excluded.retries,
                 first_started_at = CASE WHEN excluded.first_started_at < export_prunings.first_started_at
                                              OR export_prunings.first_started_at IS NULL
                                         THEN excluded.first_started_at ELSE export_prunings.first_started_at END,
                 assignments = export_prunings.assignments + excluded.assignments,
                 jobs = export_prunings.jobs + excluded.jobs",
        ))
        .bind(pruning.pruning_id.clone())
        .bind(period.to_string())
        .bind(pruning.reason.clone())
        .bind(pruned.attempts)
        .bind(retries)
        .bind(first_started_at)
        .bind(pruned.assignments)
        .bind(pruned.jobs)
        .execute(transaction.bounded())
        .await
        .map_err(statement_failed("noting what was pruned", Whose::Ledger))?;
        Ok(())
    }
}

impl Reading<'_> {
    /// Attempts of the period that were pruned; `None` = all are there.
    pub async fn pruned_attempts(&mut self) -> Result<Option<PrunedAttempts>> {
        let rows: Vec<(i64, i64, Option<i64>, i64)> = self
            .rows(
                "SELECT attempts, retries, first_started_at, pruned_at FROM export_prunings WHERE period = $1 AND attempts > 0",
                "reading what was pruned",
            )
            .await?;
        let Some(last) = rows.iter().map(|row| row.3).max() else {
            return Ok(None);
        };
        Ok(Some(PrunedAttempts {
            attempts: rows.iter().map(|row| row.0).sum(),
            retries: rows.iter().map(|row| row.1).sum(),
            first_started_at: rows
                .iter()
                .filter_map(|row| row.2)
                .min()
                .map(instant)
                .transpose()?,
            last_pruned_at: instant(last)?,
        }))
    }
}

fn count(rows: impl TryInto<i64>) -> i64 {
    rows.try_into().unwrap_or(i64::MAX)
}
