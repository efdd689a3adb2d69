//! The run that is a period's month end, and how its deadline was kept. What is put right later belongs to neither.

use jiff::Timestamp;

use super::Ledger;
use super::figures::{Reading, instant};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::Period;

/// The run by which a period's deadline is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthEndRun {
    pub run_id: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// How a deadline was kept, or is: excused documents are in none of the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Documents of the month end that were settled after it.
    pub late: i64,
    /// Documents of the month end that are not settled.
    pub open: i64,
    /// When the last document of the month end was settled.
    pub last_settled_at: Option<Timestamp>,
    /// Documents that were found, resubmitted or reissued after it.
    pub later: i64,
}

// Neither a rehearsal nor what was resubmitted: of `run`s the one that has most documents, the first of those that have as many.
const MONTH_END_RUN: &str = "SELECT r.run_id, r.started_at, r.ended_at FROM export_runs r WHERE r.period = $1
    ORDER BY CASE WHEN r.command = 'run' THEN 0 ELSE 1 END,
             CASE WHEN r.command = 'run' THEN (SELECT count(*) FROM export_documents d WHERE d.run_id = r.run_id) ELSE 0 END DESC,
             r.started_at, r.run_id
    LIMIT 1";

// A document that was resubmitted after the deadline was late before if an attempt at it went on beyond the deadline.
const KEPT: &str = "SELECT CASE WHEN revision > 1 THEN 'later'
                WHEN is_open = 0 AND settled_at <= $2 THEN 'in_time'
                WHEN resubmitted_at IS NULL AND due_at > $2 AND run_id <> $3 AND $4 <= $2 THEN 'later'
                WHEN resubmitted_at IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM export_attempts t
                                     WHERE t.document_id = d.document_id AND t.started_at < d.resubmitted_at
                                       AND (t.ended_at IS NULL OR t.ended_at > $2)) THEN 'later'
                WHEN is_open = 1 THEN 'open'
                ELSE 'late' END, count(*), max(settled_at)
    FROM (SELECT document_id, revision, run_id, due_at, settled_at,
                 CASE WHEN state IN ('due', 'submitted', 'running') THEN 1 ELSE 0 END AS is_open,
                 (SELECT min(a.acted_at) FROM export_actions a
                  WHERE a.document_id = export_documents.document_id AND a.action = 'resubmit' AND a.acted_at > $2) AS resubmitted_at
          FROM export_documents WHERE period = $1 AND state <> 'excused') d
    GROUP BY 1";

impl Reading<'_> {
    /// The run by which the period's deadline is told; `None` = it has no run.
    pub async fn month_end_run(&mut self) -> Result<Option<MonthEndRun>> {
        let row: Option<(String, i64, Option<i64>)> =
            sqlx::query_as(self.ledger.sql(MONTH_END_RUN))
                .bind(self.period.to_string())
                .fetch_optional(self.snapshot.bounded())
                .await
                .map_err(statement_failed(
                    "looking for the month end's run",
                    Whose::Ledger,
                ))?;
        row.map(|(run_id, started, ended)| {
            Ok(MonthEndRun {
                run_id,
                started_at: instant(started)?,
                ended_at: ended.map(instant).transpose()?,
            })
        })
        .transpose()
    }

    /// How a deadline of that run was kept.
    pub async fn kept(&mut self, run: &MonthEndRun, deadline: Timestamp) -> Result<Kept> {
        let rows: Vec<(String, i64, Option<i64>)> = sqlx::query_as(self.ledger.sql(KEPT))
            .bind(self.period.to_string())
            .bind(deadline.as_millisecond())
            .bind(run.run_id.clone())
            .bind(run.started_at.as_millisecond())
            .fetch_all(self.snapshot.bounded())
            .await
            .map_err(statement_failed(
                "comparing documents with the deadline",
                Whose::Ledger,
            ))?;
        let mut kept = Kept::default();
        for (standing, documents, last) in rows {
            match standing.as_str() {
                "later" => kept.later = documents,
                "open" => kept.open = documents,
                standing => {
                    if standing == "late" {
                        kept.late = documents;
                    }
                    let last = last.map(instant).transpose()?;
                    kept.last_settled_at = kept.last_settled_at.max(last);
                }
            }
        }
        Ok(kept)
    }
}

impl Ledger {
    /// The run by which the period's deadline is told; `None` = it has no run.
    pub async fn month_end_run(&self, period: Period) -> Result<Option<MonthEndRun>> {
        self.read(period).await?.month_end_run().await
    }

    /// How a deadline of that run was kept. Reads every document of the period.
    pub async fn kept(
        &self,
        period: Period,
        run: &MonthEndRun,
        deadline: Timestamp,
    ) -> Result<Kept> {
        self.read(period).await?.kept(run, deadline).await
    }
}
