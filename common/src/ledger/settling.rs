//! Settling what slots left open: only the settler knows that a process is gone for good.

use super::{Ledger, MAX_ATTEMPTS, MAX_SUBMISSIONS};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;

/// How a slot ended, as its queue saw it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotEnd {
    /// What it left open is due again, or failed once its attempts are used up.
    Ended(By),
    /// Killed because it ran longer than its timeout: not tried again.
    TimedOut,
    /// The queue lost it: due again, or failed once its attempts or submissions are used up.
    Lost { cause: &'static str, error: String },
    /// The same again would fail the same: failed.
    Failed { cause: &'static str, error: String },
    /// No fault of the document: due again, whatever it has had, and the submission does not count.
    GivenBack { cause: &'static str, error: String },
}

/// The error, where the queue has something to tell (`$2`) and an attempt may have said something before. That it was told to terminate
/// is nothing that the queue does not know.
const WORDS_OF_BOTH: &str = "CASE WHEN error IS NULL OR (cause = 'terminated' AND CAST($2 AS text) IS NOT NULL) THEN CAST($2 AS text)
                                  WHEN CAST($2 AS text) IS NULL THEN error
                                  ELSE error || '; ' || $2 END";

/// Who ended a slot's last process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// It ended with an exit code of its own.
    Itself,
    /// A signal.
    Signal,
}

impl By {
    /// The cause of what it began and left without a word.
    const fn cause(self) -> &'static str {
        match self {
            By::Itself => "unreported",
            By::Signal => "killed",
        }
    }
}

/// Slots of a job.
#[derive(Debug, Clone, Copy)]
pub enum Slots<'a> {
    All,
    Some(&'a [u32]),
}

/// What a timed-out document's error says.
const TIMED_OUT: &str = "the attempt ran longer than its timeout; raise JOB_TIMEOUT_SECONDS, or on AWS the timeout of its size class, if the document is that large";

impl SlotEnd {
    /// When a document has failed, as a condition; the cause, as an expression; the error, if there is one to tell.
    fn terms(&self) -> (String, String, Option<&str>) {
        match self {
            SlotEnd::TimedOut => ("1 = 1".into(), "'timeout'".into(), Some(TIMED_OUT)),
            SlotEnd::Ended(by) => (
                format!("attempts >= {MAX_ATTEMPTS}"),
                // One that never began keeps what it had.
                format!(
                    "CASE WHEN attempts >= {MAX_ATTEMPTS} OR state = 'running' THEN COALESCE(cause, '{}') ELSE cause END",
                    by.cause()
                ),
                None,
            ),
            SlotEnd::Lost { cause, error } => (
                format!("(attempts >= {MAX_ATTEMPTS} OR submissions >= {MAX_SUBMISSIONS})"),
                format!("COALESCE(cause, '{cause}')"),
                Some(error),
            ),
            SlotEnd::Failed { cause, error } => ("1 = 1".into(), format!("'{cause}'"), Some(error)),
            SlotEnd::GivenBack { cause, error } => {
                ("1 = 0".into(), format!("'{cause}'"), Some(error))
            }
        }
    }
}

impl Ledger {
    /// Settles what a slot left open whose process is gone. Returns those documents.
    pub async fn settle_slot(
        &self,
        job_id: &str,
        slot: u32,
        end: &SlotEnd,
    ) -> Result<Vec<DocumentId>> {
        self.settle_open(job_id, Slots::Some(&[slot]), end, "state = 'running'")
            .await
    }

    /// Settles what a job left open whose processes are all gone. Returns those documents.
    pub async fn settle_ended_job(&self, job_id: &str, end: &SlotEnd) -> Result<Vec<DocumentId>> {
        self.settle_open(job_id, Slots::All, end, "state = 'running'")
            .await
    }

    /// Settles what slots left open that have ended as Batch says. A lease that is alive is waited out all the same: after a
    /// lost answer two of Batch's jobs may work on one document. Returns the settled documents.
    pub async fn settle_slots(
        &self,
        job_id: &str,
        slots: Slots<'_>,
        end: &SlotEnd,
    ) -> Result<Vec<DocumentId>> {
        let silent = "state = 'running' AND {OVER:}";
        self.settle_open(job_id, slots, end, silent).await
    }

    async fn settle_open(
        &self,
        job_id: &str,
        slots: Slots<'_>,
        end: &SlotEnd,
        running: &str,
    ) -> Result<Vec<DocumentId>> {
        let failed = |reason| statement_failed("settling the slot", Whose::Ledger)(reason);
        let (fails, cause, error) = end.terms();
        // What an attempt said of itself says more than what the queue saw of it, and is never lost.
        let error_term = match end {
            SlotEnd::Lost { .. } => "COALESCE(error, $2)".to_owned(),
            SlotEnd::GivenBack { cause, .. } => {
                format!(
                    "CASE WHEN cause = '{cause}' AND error IS NOT NULL THEN error ELSE {WORDS_OF_BOTH} END"
                )
            }
            SlotEnd::Ended(_) | SlotEnd::TimedOut | SlotEnd::Failed { .. } => {
                WORDS_OF_BOTH.to_owned()
            }
        };
        let slots = match slots {
            Slots::All => String::new(),
            Slots::Some(slots) => {
                let list: Vec<String> = slots.iter().map(u32::to_string).collect();
                format!(" AND slot IN ({})", list.join(", "))
            }
        };
        // One that came to nothing before it began neither uses up the document's submissions nor costs it its place in a
        // packed slot.
        let uncounted = i64::from(matches!(end, SlotEnd::GivenBack { .. }));
        let mut transaction = self.begin().await?;
        let settled: Vec<String> = sqlx::query_scalar(self.sql(&format!(
            "UPDATE export_documents
             SET cause = {cause},
                 error = {error_term},
                 settled_at = CASE WHEN {fails} THEN {{NOW_MS}} END,
                 state = CASE WHEN {fails} THEN 'failed' ELSE 'due' END,
                 submissions = submissions - {uncounted},
                 attempt_id = NULL, lease_expires_at = NULL
             WHERE job_id = $1 AND (state = 'submitted' OR ({running}))
               AND document_id IN (SELECT document_id FROM export_job_documents WHERE job_id = $1{slots})
             RETURNING document_id"
        )))
        .bind(job_id)
        .bind(error)
        .fetch_all(transaction.bounded())
        .await
        .map_err(failed)?;
        self.end_lost_attempts(&mut transaction, &settled).await?;
        transaction.commit("settling the slot").await?;
        settled.iter().map(|id| id.parse()).collect()
    }

    /// What a converter of the job said of its settings when it gave its document back; `None` = none reached the ledger.
    pub async fn misconfigured(&self, job_id: &str) -> Result<Option<String>> {
        sqlx::query_scalar(self.sql(
            "SELECT error FROM export_documents
             WHERE job_id = $1 AND state = 'submitted' AND cause IN ('config', 'disk_full') AND error IS NOT NULL
             ORDER BY document_id LIMIT 1",
        ))
        .bind(job_id)
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed(
            "asking what a converter said",
            Whose::Ledger,
        ))
    }

    /// Takes back a job that its queue surely has not: its documents are as due as before, and nothing of it is kept.
    pub async fn withdraw_job(&self, job_id: &str, cause: &str, error: &str) -> Result<()> {
        let failed = |reason| statement_failed("withdrawing the job", Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        sqlx::query(self.sql(
            "UPDATE export_documents
             SET state = 'due', cause = $2, error = $3, submissions = submissions - 1, job_id = NULL
             WHERE job_id = $1 AND state = 'submitted'",
        ))
        .bind(job_id)
        .bind(cause)
        .bind(error)
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        for statement in [
            "UPDATE export_documents SET job_id = NULL WHERE job_id = $1",
            "DELETE FROM export_job_documents WHERE job_id = $1",
            "DELETE FROM export_jobs WHERE job_id = $1",
        ] {
            sqlx::query(self.sql(statement))
                .bind(job_id)
                .execute(transaction.bounded())
                .await
                .map_err(failed)?;
        }
        transaction.commit("withdrawing the job").await
    }

    /// Makes documents due again that no job will ever settle: an operator's converter gave them back, or was killed. And opens
    /// runs again that were ended although something of theirs is due, so that somebody submits it.
    pub async fn settle_orphans(&self) -> Result<u64> {
        let failed = |reason| statement_failed("settling orphans", Whose::Ledger)(reason);
        let orphans = sqlx::query(self.sql(
            "UPDATE export_documents AS d
             SET state = 'due', cause = CASE WHEN d.state = 'running' THEN COALESCE(d.cause, 'killed') ELSE d.cause END, attempt_id = NULL, lease_expires_at = NULL
             WHERE d.state IN ('submitted', 'running') AND (d.state = 'submitted' OR {OVER:d.})
               AND NOT EXISTS (SELECT 1 FROM export_jobs j WHERE j.job_id = d.job_id AND j.settled_at IS NULL)",
        ))
        .execute(self.bounded())
        .await
        .map_err(failed)?;
        sqlx::query(self.sql(
            "UPDATE export_runs SET ended_at = NULL
             WHERE ended_at IS NOT NULL AND run_id IN (SELECT run_id FROM export_documents WHERE state = 'due')",
        ))
        .execute(self.bounded())
        .await
        .map_err(failed)?;
        Ok(orphans.rows_affected())
    }
}
