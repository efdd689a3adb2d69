//! Jobs: one submission each, whose slots hold documents.

use std::sync::Arc;

use sqlx::Row;

use super::documents::unreadable;
use super::findings::findings_of;
use super::runs::MADE_BY;
use super::{Command, Ledger, Selection, Snapshots, selection_clause};
use crate::agreement::Findings;
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;
use crate::statement::Period;
use crate::{Error, Result};

/// A job as recorded, to be submitted to the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub job_id: String,
    pub documents: u64,
    /// Slots 0 to `slots - 1`; a job of one slot is a single job, more make an array job.
    pub slots: u32,
}

impl Job {
    /// How many documents a slot has: they are dealt out one after the other.
    pub fn documents_of(&self, slot: u32) -> u64 {
        let slots = u64::from(self.slots.max(1));
        self.documents.saturating_sub(slot.into()).div_ceil(slots)
    }
}

/// Which due documents are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    Selected(&'a Selection),
    /// Those of a period that a run recorded.
    OfRun(&'a str, Period),
}

impl Which<'_> {
    pub fn period(&self) -> Period {
        match self {
            Which::Selected(selection) => selection.period,
            Which::OfRun(_, period) => *period,
        }
    }

    /// As a condition on `d`, beside that of the period.
    pub(super) fn clause(&self) -> String {
        match self {
            Which::Selected(selection) => selection_clause(selection),
            // A run's id is our own word.
            Which::OfRun(run_id, _) => format!(" AND d.run_id = '{run_id}'"),
        }
    }
}

/// What the next job of a run is made of.
#[derive(Debug, Clone)]
pub struct JobRequest<'a> {
    pub run_id: &'a str,
    pub which: Which<'a>,
    /// `local` or `batch`.
    pub queue: &'static str,
    /// With documents of at least so many rows, and fewer than that.
    pub size_class: Option<&'a str>,
    pub rows: std::ops::Range<i64>,
    pub max_slots: u32,
    /// More than one packs only what shared no slot with what was begun before: what was lost once gets a slot of its own, so
    /// that it loses no others again.
    pub documents_per_slot: u32,
    /// Also what this run has submitted already.
    pub again: bool,
}

/// A document as assigned to a converter: what it is, and what was pinned when it became due.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub document: DocumentId,
    pub run_id: String,
    pub issued_on: jiff::civil::Date,
    pub snapshots: Snapshots,
    /// Of the profile that it is to be made with.
    pub profile_hash: String,
    /// From revision 2 on.
    pub correction: Option<Correction>,
    /// It is to be marked as a draft.
    pub is_draft: bool,
    /// What its run found out about the source.
    pub findings: Arc<Findings>,
}

/// What a corrected document replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The date of issue of the revision before.
    pub replaced_on: jiff::civil::Date,
    /// What the customer is told; never the internal reason.
    pub customer_note: Option<String>,
}

impl Ledger {
    /// Records the next job of a run: due documents, heaviest first, spread over its slots so that these weigh alike. They
    /// become `submitted` in the same transaction, and documents of this run, made from its snapshots. `None` = none is left.
    pub async fn record_job(&self, request: &JobRequest<'_>) -> Result<Option<Job>> {
        let failed = |reason| statement_failed("recording a job", Whose::Ledger)(reason);
        let run_id = request.run_id.to_owned();
        let mut transaction = self.begin().await?;
        let earlier: i64 =
            sqlx::query_scalar(self.sql("SELECT count(*) FROM export_jobs WHERE run_id = $1"))
                .bind(run_id.clone())
                .fetch_one(transaction.bounded())
                .await
                .map_err(failed)?;
        // Two processes that submit for one run at once must not end with one name.
        let job_id = format!("{run_id}-{:04}-{:04x}", earlier + 1, fastrand::u16(..));
        sqlx::query(self.sql(
            "INSERT INTO export_jobs (job_id, run_id, slots, created_at, queue, size_class)
             VALUES ($1, $2, 0, {NOW_MS}, $3, $4)",
        ))
        .bind(job_id.clone())
        .bind(run_id)
        .bind(request.queue)
        .bind(request.size_class.map(ToOwned::to_owned))
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        let documents = i64::from(request.max_slots) * i64::from(request.documents_per_slot);
        // Whoever changes a document's state first has it; a second enqueuer finds it submitted.
        let chosen = format!(
            "SELECT d.document_id FROM export_documents d
             WHERE d.period = $2 AND d.state = 'due' AND d.estimated_rows >= $3 AND d.estimated_rows < $4{}{}
               AND ($7 = 1 OR d.job_id IS NULL
                    OR NOT EXISTS (SELECT 1 FROM export_jobs j WHERE j.job_id = d.job_id AND j.run_id = $6)){}
             ORDER BY d.estimated_rows DESC, d.document_id LIMIT $5{}",
            request.which.clause(),
            if request.documents_per_slot > 1 { UNSUSPECTED } else { "" },
            if request.queue == "batch" { NOT_OF_A_LIVE_RUN } else { "" },
            // Here a second enqueuer waits, so that it sees what the first one took and follows it, too.
            if request.queue == "batch" { "{SKIP_LOCKED}" } else { "" },
        );
        // Chosen once: PostgreSQL may ask a subquery again for each row, and a limit with locks chooses others each time.
        let assigned = sqlx::query(self.sql(&format!(
            "WITH chosen AS MATERIALIZED ({chosen})
             UPDATE export_documents
             SET state = 'submitted', job_id = $1, run_id = $6, attempts = 0, attempt_id = NULL, lease_expires_at = NULL,
                 cause = NULL, error = NULL, place = NULL, settled_at = NULL, made_run_id = NULL,
                 submissions = submissions + 1
             WHERE state = 'due' AND document_id IN (SELECT document_id FROM chosen)"
        )))
        .bind(job_id.clone())
        .bind(request.which.period().to_string())
        .bind(request.rows.start)
        .bind(request.rows.end)
        .bind(documents)
        .bind(request.run_id.to_owned())
        .bind(i64::from(request.again))
        .execute(transaction.bounded())
        .await
        .map_err(failed)?
        .rows_affected();
        if assigned == 0 {
            transaction.rollback("recording a job").await?;
            return Ok(None);
        }
        let slots = assigned.div_ceil(u64::from(request.documents_per_slot));
        let slots = u32::try_from(slots)
            .map_err(|_| Error::bug("a job has more slots than a number holds"))?;
        sqlx::query(self.sql(
            "INSERT INTO export_job_documents (job_id, slot, document_id)
             SELECT job_id, (row_number() OVER (ORDER BY estimated_rows DESC, document_id) - 1) % $2, document_id
             FROM export_documents WHERE job_id = $1 AND state = 'submitted'",
        ))
        .bind(job_id.clone())
        .bind(i64::from(slots))
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        sqlx::query(self.sql("UPDATE export_jobs SET slots = $1 WHERE job_id = $2"))
            .bind(i64::from(slots))
            .bind(job_id.clone())
            .execute(transaction.bounded())
            .await
            .map_err(failed)?;
        transaction.commit("recording a job").await?;
        Ok(Some(Job {
            job_id,
            documents: assigned,
            slots,
        }))
    }

    /// The documents of a job's slot, heaviest first.
    pub async fn assignments(&self, job_id: &str, slot: u32) -> Result<Vec<Assignment>> {
        let failed = |reason| statement_failed("reading the job", Whose::Ledger)(reason);
        let rows = sqlx::query(self.sql(&assignments_of(
            "JOIN export_job_documents a ON a.document_id = d.document_id
             WHERE a.job_id = $1 AND a.slot = $2 ORDER BY d.estimated_rows DESC, d.document_id",
        )))
        .bind(job_id)
        .bind(i64::from(slot))
        .fetch_all(self.bounded())
        .await
        .map_err(failed)?;
        if rows.is_empty() {
            return Err(Error::config(format!(
                "the ledger at {} knows no slot {slot} of job {job_id:?}; is DATABASE_URL the enqueuer's?",
                self.database.url
            )));
        }
        rows.iter().map(assignment).collect()
    }

    /// One document, wherever it stands.
    pub async fn assignment(&self, document: &DocumentId) -> Result<Assignment> {
        let row = sqlx::query(self.sql(&assignments_of("WHERE d.document_id = $1")))
            .bind(document.to_string())
            .fetch_optional(self.bounded())
            .await
            .map_err(statement_failed("reading the document", Whose::Ledger))?;
        let row = row.ok_or_else(|| self.unknown(document))?;
        assignment(&row)
    }
}

/// What another run has just found its own process submits: that process is alive. A run of this machine helps it instead.
const NOT_OF_A_LIVE_RUN: &str = "
               AND NOT EXISTS (SELECT 1 FROM export_runs r
                               WHERE r.run_id = d.run_id AND r.run_id <> $6 AND {LIVE:r.})";

/// Never submitted, or given back with its slot before a converter had begun anything of it, as after a stop.
pub(super) const UNSUSPECTED: &str = "
               AND (d.submissions = 0
                    OR NOT EXISTS (SELECT 1 FROM export_job_documents own
                                   JOIN export_job_documents beside ON beside.job_id = own.job_id AND beside.slot = own.slot
                                   JOIN export_attempts t ON t.document_id = beside.document_id AND t.job_id = own.job_id
                                   WHERE own.document_id = d.document_id))";

// The revision before is a subquery, not a join: PostgreSQL plans it by itself, which costs a converter of one document less.
fn assignments_of(rest: &str) -> String {
    format!(
        "SELECT d.document_id, d.run_id, d.issued_on, r.positions_opening, r.positions_closing,
            r.cash_opening, r.cash_closing, d.profile_hash,
            (SELECT p.issued_on FROM export_documents p
             WHERE p.kind = d.kind AND p.account_id = d.account_id AND p.period = d.period AND p.revision = d.revision - 1),
            d.customer_note, r.command, r.findings
         FROM export_documents d JOIN export_runs r ON r.run_id = {MADE_BY} {rest}"
    )
}

fn assignment(row: &sqlx::any::AnyRow) -> Result<Assignment> {
    let text = |position: usize| row.try_get::<String, _>(position).map_err(unreadable);
    let optional = |position: usize| {
        row.try_get::<Option<String>, _>(position)
            .map_err(unreadable)
    };
    let date = |text: String| {
        crate::statement::parse_date(&text)
            .ok_or_else(|| Error::bug(format!("the ledger holds a date of issue {text:?}")))
    };
    let correction = match optional(8)? {
        Some(replaced_on) => Some(Correction {
            replaced_on: date(replaced_on)?,
            customer_note: optional(9)?,
        }),
        None => None,
    };
    Ok(Assignment {
        document: text(0)?.parse()?,
        run_id: text(1)?,
        issued_on: date(text(2)?)?,
        snapshots: Snapshots::from_texts([optional(3)?, optional(4)?, optional(5)?, optional(6)?])?,
        profile_hash: text(7)?,
        correction,
        is_draft: Command::parse(&text(10)?)? == Command::Draft,
        findings: findings_of(optional(11)?)?,
    })
}
