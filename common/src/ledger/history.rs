//! How long documents took, from the attempts of the newest periods: what a plan is made of.
//!
//! Bounded, and by indexes alone, so that it stays quick in a ledger of millions: jobs are few, and of each the first
//! slots are read, which began together.

use std::collections::BTreeSet;

use sqlx::Row;

use super::documents::unreadable;
use super::reader::LedgerReader;
use crate::database::{Whose, statement_failed};
use crate::statement::Period;
use crate::{Error, Result};

/// Months end differently: of so many periods.
const PERIODS: usize = 2;

/// Jobs that are looked at.
const NEWEST_JOBS: i64 = 1000;
const JOBS_PER_PERIOD: usize = 20;

/// Attempts that are read in all.
const ATTEMPTS: i64 = 20_000;

/// A job and the attempts at the documents of its first slots, by slot, attempt and time.
#[derive(Debug, Clone)]
pub struct PastJob {
    pub run_id: String,
    pub period: Period,
    /// On AWS.
    pub size_class: Option<String>,
    /// Milliseconds since 1970 by the ledger's clock, as all times here.
    pub recorded_ms: i64,
    pub attempts: Vec<PastAttempt>,
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAttempt {
    pub slot: i64,
    /// Of the slot, from 1.
    pub number: i64,
    pub started_ms: i64,
    pub ended_ms: i64,
    pub ending: Ending,
    /// Of the document.
    pub estimated_rows: i64,
    pub bytes: Option<i64>,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Succeeded,
    Failed,
    /// Given back or lost.
    ToNothing,
}

/// Job, run, period, size class, when it was recorded, documents per slot.
type JobRow = (String, String, String, Option<String>, i64, i64);

impl LedgerReader {
    /// The jobs of a queue (`local` or `batch`) in the newest periods, oldest first.
    pub async fn history(&mut self, queue: &str) -> Result<Vec<PastJob>> {
        let failed = |reason| statement_failed("reading past jobs", Whose::Ledger)(reason);
        let rows: Vec<JobRow> = sqlx::query_as(self.sql(
            "SELECT j.job_id, j.run_id, r.period, j.size_class, j.created_at, r.documents_per_slot
             FROM export_jobs j JOIN export_runs r ON r.run_id = j.run_id
             WHERE j.queue = $1 ORDER BY j.created_at DESC, j.job_id DESC LIMIT $2",
        ))
        .bind(queue.to_owned())
        .bind(NEWEST_JOBS)
        .fetch_all(self.bounded())
        .await
        .map_err(failed)?;
        let mut periods = BTreeSet::new();
        for row in &rows {
            if periods.len() < PERIODS {
                periods.insert(row.2.clone());
            }
        }
        let mut chosen = Vec::new();
        for period in &periods {
            let of_period: Vec<&JobRow> = rows.iter().filter(|row| row.2 == *period).collect();
            // Evenly: a run's first jobs hold its heaviest documents.
            let every = of_period.len().div_ceil(JOBS_PER_PERIOD).max(1);
            chosen.extend(of_period.into_iter().rev().step_by(every));
        }
        let share = ATTEMPTS / i64::try_from(chosen.len()).unwrap_or(ATTEMPTS).max(1);
        let mut jobs = Vec::new();
        for (job_id, run_id, period, size_class, recorded_ms, documents_per_slot) in chosen {
            let slots = (share / documents_per_slot.max(&1)).max(1);
            jobs.push(PastJob {
                run_id: run_id.clone(),
                period: period.parse()?,
                size_class: size_class.clone(),
                recorded_ms: *recorded_ms,
                attempts: self.past_attempts(job_id, slots, share).await?,
            });
        }
        Ok(jobs)
    }

    async fn past_attempts(
        &mut self,
        job_id: &str,
        slots: i64,
        limit: i64,
    ) -> Result<Vec<PastAttempt>> {
        let failed = |reason| statement_failed("reading past attempts", Whose::Ledger)(reason);
        let rows = sqlx::query(self.sql(
            "SELECT t.slot, t.number, t.started_at, t.ended_at, t.outcome, d.estimated_rows, d.bytes
             FROM export_job_documents a
             JOIN export_attempts t ON t.document_id = a.document_id AND t.job_id = a.job_id
             JOIN export_documents d ON d.document_id = a.document_id
             WHERE a.job_id = $1 AND a.slot < $2 AND t.ended_at IS NOT NULL
             ORDER BY t.slot, t.number, t.started_at LIMIT $3",
        ))
        .bind(job_id.to_owned())
        .bind(slots)
        .bind(limit)
        .fetch_all(self.bounded())
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| {
                let number = |position: usize| row.try_get::<i64, _>(position).map_err(unreadable);
                let outcome: Option<String> = row.try_get(4).map_err(unreadable)?;
                Ok(PastAttempt {
                    slot: row
                        .try_get::<Option<i64>, _>(0)
                        .map_err(unreadable)?
                        .unwrap_or_default(),
                    number: number(1)?,
                    started_ms: number(2)?,
                    ended_ms: number(3)?,
                    ending: ending(outcome.as_deref())?,
                    estimated_rows: number(5)?,
                    bytes: row.try_get(6).map_err(unreadable)?,
                })
            })
            .collect()
    }
}

fn ending(outcome: Option<&str>) -> Result<Ending> {
    match outcome {
        Some("succeeded") => Ok(Ending::Succeeded),
        Some("failed") => Ok(Ending::Failed),
        Some("given_back" | "lost") => Ok(Ending::ToNothing),
        other => Err(Error::bug(format!(
            "the ledger holds an attempt that ended as {other:?}"
        ))),
    }
}
