//! Jobs on AWS Batch: what was submitted, and what of it is still open.

use super::Ledger;
use crate::database::{Whose, statement_failed};
use crate::statement::Period;
use crate::{Error, Result};

/// A job on Batch whose slots are not all settled, as far as the ledger knows.
#[derive(Debug, Clone)]
pub struct OpenJob {
    /// Ours, and the name of Batch's.
    pub job_id: String,
    pub run_id: String,
    pub period: Period,
    pub slots: u32,
    /// Batch's id; `None` as long as nobody has seen Batch's answer.
    pub batch_job_id: Option<String>,
    /// Since it was recorded, by the ledger's clock.
    pub age_ms: i64,
    /// The process that records and submits this run's jobs is alive.
    pub is_being_submitted: bool,
}

/// A slot with documents that are not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSlot {
    pub slot: u32,
    /// Nobody holds a lease on what it has begun: it may have ended without a word.
    pub is_silent: bool,
}

impl Ledger {
    /// Keeps Batch's id of a job. The first one stays: after a lost answer there may be two.
    pub async fn confirm_submission(&self, job_id: &str, batch_job_id: &str) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE export_jobs SET batch_job_id = $1 WHERE job_id = $2 AND batch_job_id IS NULL",
        ))
        .bind(batch_job_id)
        .bind(job_id)
        .execute(self.bounded())
        .await
        .map_err(statement_failed("recording the submission", Whose::Ledger))?;
        Ok(())
    }

    /// Jobs on Batch that are not settled, oldest first.
    pub async fn open_jobs(&self) -> Result<Vec<OpenJob>> {
        type Row = (String, String, String, i64, Option<String>, i64, i64);
        let rows: Vec<Row> = sqlx::query_as(self.sql(
            "SELECT j.job_id, j.run_id, r.period, j.slots, j.batch_job_id, {NOW_MS} - j.created_at,
                    CASE WHEN {LIVE:r.} THEN 1 ELSE 0 END
             FROM export_jobs j JOIN export_runs r ON r.run_id = j.run_id
             WHERE j.queue = 'batch' AND j.settled_at IS NULL ORDER BY j.created_at, j.job_id",
        ))
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("listing open jobs", Whose::Ledger))?;
        rows.into_iter()
            .map(
                |(job_id, run_id, period, slots, batch_job_id, age_ms, submitting)| {
                    Ok(OpenJob {
                        job_id,
                        run_id,
                        period: period.parse()?,
                        slots: slots_of(slots)?,
                        batch_job_id,
                        age_ms,
                        is_being_submitted: submitting == 1,
                    })
                },
            )
            .collect()
    }

    /// The slots of a job that have documents which are not settled.
    pub async fn open_slots(&self, job_id: &str) -> Result<Vec<OpenSlot>> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(self.sql(
            "SELECT a.slot, max(CASE WHEN d.state = 'running' AND {OVER:d.} THEN 1 ELSE 0 END)
             FROM export_job_documents a JOIN export_documents d ON d.document_id = a.document_id
             WHERE a.job_id = $1 AND d.job_id = $1 AND d.state IN ('submitted', 'running')
             GROUP BY a.slot ORDER BY a.slot",
        ))
        .bind(job_id)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("listing open slots", Whose::Ledger))?;
        rows.into_iter()
            .map(|(slot, silent)| {
                Ok(OpenSlot {
                    slot: slots_of(slot)?,
                    is_silent: silent == 1,
                })
            })
            .collect()
    }

    /// Keeps how many slots of a run wait for connections of the database; `None` = none does.
    pub async fn note_waiting_for_database(&self, run_id: &str, slots: Option<i64>) -> Result<()> {
        sqlx::query(self.sql("UPDATE export_runs SET waiting_for_database = $1 WHERE run_id = $2"))
            .bind(slots)
            .bind(run_id)
            .execute(self.bounded())
            .await
            .map_err(statement_failed(
                "noting what waits for the database",
                Whose::Ledger,
            ))?;
        Ok(())
    }

    /// Says that no slot of the job can run any more.
    pub async fn settle_job(&self, job_id: &str) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE export_jobs SET settled_at = {NOW_MS} WHERE job_id = $1 AND settled_at IS NULL",
        ))
        .bind(job_id)
        .execute(self.bounded())
        .await
        .map_err(statement_failed("settling the job", Whose::Ledger))?;
        Ok(())
    }
}

fn slots_of(number: i64) -> Result<u32> {
    u32::try_from(number)
        .map_err(|_| Error::bug(format!("the ledger holds {number} as a number of slots")))
}
