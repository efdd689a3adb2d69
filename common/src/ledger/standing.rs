//! How documents stand for the next run of a period: what it would submit of what the ledger knows already.

use futures_util::TryStreamExt;
use sqlx::Row;

use super::documents::unreadable;
use super::groups::NOT_IN_GROUP;
use super::jobs::UNSUSPECTED;
use super::reader::LedgerReader;
use super::{MAX_ATTEMPTS, Selection, selection_clause};
use crate::config::Deployment;
use crate::database::{Whose, statement_failed};
use crate::{Error, Result};

/// What the next run would do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Submit it.
    Due,
    /// Leave it to whoever has it: it is submitted or running, or its own run is just about to submit it.
    WithOthers,
    /// Submit it if its rollout group is among those of the run.
    LeftOut,
    /// Nothing, as of those that follow: it is published.
    Succeeded,
    /// It has failed, or will have with its last attempt lost.
    Failed,
    /// Whatever its rollout group.
    Excused,
}

/// A document that the ledger knows.
#[derive(Debug, Clone)]
pub struct StandingDocument {
    pub document_id: String,
    pub standing: Standing,
    pub estimated_rows: i64,
    /// It was lost once, and gets a slot of its own where others share one.
    pub alone: bool,
    /// Due, and no attempt at it has begun: a run of rollout groups may still leave it out.
    pub untouched: bool,
}

impl LedgerReader {
    /// Tells every document of the selection, as a run of this deployment would find it. `packs`: whether it may put several into
    /// a slot; only then does it matter which were lost before.
    pub async fn standing(
        &mut self,
        selection: &Selection,
        deployment: Deployment,
        packs: bool,
        mut tell: impl FnMut(StandingDocument) -> Result<()>,
    ) -> Result<()> {
        let failed =
            |reason| statement_failed("reading how documents stand", Whose::Ledger)(reason);
        // Here a run takes over what processes that are gone have left; on AWS that is the sweep's, and a live process
        // submits by itself what it has recorded.
        let (with_others, taken_over) = match deployment {
            Deployment::Local => ("1 = 0", TAKEN_OVER),
            Deployment::Aws => (OF_A_LIVE_RUN, "1 = 0"),
        };
        let groups = i64::from(!selection.groups.is_empty());
        let query = self.sql(&format!(
            "SELECT d.document_id, d.estimated_rows,
                    CASE WHEN d.state = 'due' AND {with_others} THEN 'with_others'
                         WHEN d.state = 'due' THEN 'due'
                         WHEN d.state IN ('submitted', 'running') AND {taken_over}
                             THEN CASE WHEN d.attempts < {MAX_ATTEMPTS} THEN 'due' ELSE 'failed' END
                         WHEN d.state IN ('submitted', 'running') THEN 'with_others'
                         WHEN d.state = 'excused' AND d.cause = '{NOT_IN_GROUP}' THEN 'left_out'
                         WHEN d.state = 'superseded' THEN 'succeeded'
                         ELSE d.state END,
                    CASE WHEN $3 = 0 THEN 0
                         WHEN d.state <> 'due' AND NOT (d.state IN ('submitted', 'running') AND {taken_over}) THEN 0
                         WHEN 1 = 1 {UNSUSPECTED} THEN 0 ELSE 1 END,
                    CASE WHEN $2 = 1 AND d.state = 'due' AND d.revision = 1
                              AND NOT EXISTS (SELECT 1 FROM export_attempts a WHERE a.document_id = d.document_id)
                         THEN 1 ELSE 0 END
             FROM export_documents d WHERE d.period = $1{}",
            selection_clause(selection)
        ));
        let mut rows = sqlx::query(query)
            .bind(selection.period.to_string())
            .bind(groups)
            .bind(i64::from(packs))
            .fetch(self.bounded());
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let standing: String = row.try_get(2).map_err(unreadable)?;
            tell(StandingDocument {
                document_id: row.try_get(0).map_err(unreadable)?,
                estimated_rows: row.try_get(1).map_err(unreadable)?,
                standing: match standing.as_str() {
                    "due" => Standing::Due,
                    "with_others" => Standing::WithOthers,
                    "left_out" => Standing::LeftOut,
                    "succeeded" => Standing::Succeeded,
                    "failed" => Standing::Failed,
                    "excused" => Standing::Excused,
                    other => return Err(Error::bug(format!("the ledger answers {other:?}"))),
                },
                alone: row.try_get::<i64, _>(3).map_err(unreadable)? == 1,
                untouched: row.try_get::<i64, _>(4).map_err(unreadable)? == 1,
            })?;
        }
        Ok(())
    }
}

/// Its run's process is alive, and has yet to submit it.
const OF_A_LIVE_RUN: &str = "EXISTS (SELECT 1 FROM export_runs r
                                     WHERE r.run_id = d.run_id AND {LIVE:r.})";

/// As [`super::Ledger::take_over_expired`] does.
const TAKEN_OVER: &str = "(d.state = 'submitted' OR {OVER:d.})
                          AND NOT EXISTS (SELECT 1 FROM export_jobs j JOIN export_runs r ON r.run_id = j.run_id
                                          WHERE j.job_id = d.job_id AND {LIVE:r.})";
