//! The figures of a period, for its report: all of one snapshot of the ledger, and aggregated by the database, so that half a
//! million documents come as a few thousand rows.

use jiff::Timestamp;

use super::runs::Command;
use super::transaction::Transaction;
use super::{HoldCause, Ledger, State, parse_kind};
use crate::database::{Whose, statement_failed};
use crate::statement::{Kind, Period};
use crate::{Error, Result};

/// A run of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodRun {
    pub run_id: String,
    pub command: Command,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// The process that records its documents and submits its jobs is alive.
    pub is_being_submitted: bool,
    /// Every document that it found stands in the ledger.
    pub is_recorded: bool,
    /// Slots that wait for connections of the database, as the last sweep found it.
    pub waiting_for_database: Option<i64>,
}

/// Documents of one run that stand alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    pub run_id: String,
    pub kind: Kind,
    pub state: State,
    pub on_paper: bool,
    /// No later revision was begun.
    pub is_latest: bool,
    pub documents: i64,
    /// Of what was published.
    pub rows: i64,
    pub bytes: i64,
    pub last_settled_at: Option<Timestamp>,
}

/// Attempts that ended alike, of documents about as large, that took about as long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptsAlike {
    /// `succeeded`, `failed`, `given_back`, `lost`; `None` = it has not ended.
    pub outcome: Option<String>,
    /// The document has at least so many rows: a power of ten, or 0.
    pub rows_from: i64,
    /// To three digits, of attempts that succeeded; 0 of others.
    pub duration_ms: i64,
    pub attempts: i64,
    /// Of the longest, exactly.
    pub longest_ms: i64,
    /// Of all together.
    pub sum_ms: i64,
    pub sum_rows: i64,
    pub first_started_at: Timestamp,
}

/// Documents of one state and cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfCause {
    pub state: State,
    pub cause: String,
    pub documents: i64,
    /// The first of them by id.
    pub example: String,
}

/// What operators did to documents of a period for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actions {
    /// `resubmit`, `reissue` or `excuse`.
    pub action: String,
    /// In the operator's words.
    pub reason: String,
    pub documents: i64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// A time in which nothing of the period was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSpan {
    pub cause: HoldCause,
    /// In words.
    pub reason: String,
    pub held_at: Timestamp,
    pub lifted_at: Option<Timestamp>,
}

/// Documents that were settled within one step of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledIn {
    /// Steps since the beginning.
    pub step: i64,
    /// Published or failed.
    pub succeeded: bool,
    pub documents: i64,
}

/// One consistent reading of a period. It sees nothing of what happens meanwhile.
pub struct Reading<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) period: Period,
    pub(super) snapshot: Transaction,
}

impl Ledger {
    /// Begins a reading of a period.
    pub async fn read(&self, period: Period) -> Result<Reading<'_>> {
        let begin = self.database.dialect.begin_snapshot();
        let snapshot = self.begin_with(begin).await?;
        Ok(Reading {
            ledger: self,
            period,
            snapshot,
        })
    }

    /// The runs of a period, oldest first.
    pub async fn runs(&self, period: Period) -> Result<Vec<PeriodRun>> {
        self.read(period).await?.runs().await
    }
}

const RUNS: &str = "SELECT r.run_id, r.command, r.started_at, r.ended_at,
        CASE WHEN {LIVE:r.} AND r.ended_at IS NULL THEN 1 ELSE 0 END,
        CASE WHEN r.recorded_at IS NULL THEN 0 ELSE 1 END, r.waiting_for_database
    FROM export_runs r WHERE r.period = $1 ORDER BY r.started_at, r.run_id";

const DOCUMENTS: &str = "SELECT d.run_id, d.kind, d.state, CASE WHEN d.delivery = 'paper' THEN 1 ELSE 0 END,
        CASE WHEN EXISTS (SELECT 1 FROM export_documents n WHERE n.kind = d.kind AND n.account_id = d.account_id
                            AND n.period = d.period AND n.revision > 1 AND n.revision > d.revision) THEN 0 ELSE 1 END, count(*),
        CAST(COALESCE(sum(d.row_count), 0) AS bigint), CAST(COALESCE(sum(d.bytes), 0) AS bigint), max(d.settled_at)
    FROM export_documents d WHERE d.period = $1 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5";

// The engine groups by three digits of the duration, because SQLite has no logarithm: percentiles are read from that.
const ATTEMPTS: &str = "SELECT outcome, rows_from,
        CASE WHEN outcome IS NULL OR outcome <> 'succeeded' THEN 0
             WHEN ms < 1000 THEN ms
             WHEN ms < 10000 THEN ms / 10 * 10
             WHEN ms < 100000 THEN ms / 100 * 100
             WHEN ms < 1000000 THEN ms / 1000 * 1000
             ELSE ms / 10000 * 10000 END,
        count(*), max(ms), CAST(sum(ms) AS bigint), CAST(sum(row_count) AS bigint), min(started_at)
    FROM (SELECT a.outcome, a.started_at, COALESCE(d.row_count, 0) AS row_count,
                 CASE WHEN a.ended_at > a.started_at THEN a.ended_at - a.started_at ELSE 0 END AS ms,
                 CASE WHEN COALESCE(d.row_count, 0) < 10 THEN 0 WHEN d.row_count < 100 THEN 10 WHEN d.row_count < 1000 THEN 100
                      WHEN d.row_count < 10000 THEN 1000 WHEN d.row_count < 100000 THEN 10000
                      WHEN d.row_count < 1000000 THEN 100000 ELSE 1000000 END AS rows_from
          FROM export_documents d JOIN export_attempts a ON a.document_id = d.document_id
          WHERE d.period = $1) t
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

const CAUSES: &str = "SELECT d.state, d.cause, count(*), min(d.document_id)
    FROM export_documents d
    WHERE d.period = $1 AND d.cause IS NOT NULL AND d.state IN ('failed', 'excused', 'succeeded')
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2";

const ACTIONS: &str = "SELECT a.action, a.reason, count(*), min(a.acted_at), max(a.acted_at)
    FROM export_actions a JOIN export_documents d ON d.document_id = a.document_id
    WHERE d.period = $1 GROUP BY a.action, a.reason ORDER BY 4, 1, 2";

const HOLDS: &str = "SELECT h.cause, h.reason, h.held_at, h.lifted_at
    FROM export_holds h WHERE h.period = $1 ORDER BY h.held_at, h.hold_id";

const SETTLED: &str = "SELECT (d.settled_at - $2) / $3, CASE WHEN d.state = 'failed' THEN 0 ELSE 1 END, count(*)
    FROM export_documents d
    WHERE d.period = $1 AND d.state IN ('succeeded', 'superseded', 'failed') AND d.settled_at >= $2 AND d.settled_at < $4
    GROUP BY 1, 2 ORDER BY 1, 2";

type AttemptsRow = (Option<String>, i64, i64, i64, i64, i64, i64, i64);

impl Reading<'_> {
    /// The runs, oldest first.
    pub async fn runs(&mut self) -> Result<Vec<PeriodRun>> {
        type Row = (String, String, i64, Option<i64>, i64, i64, Option<i64>);
        let rows: Vec<Row> = self.rows(RUNS, "listing the period's runs").await?;
        rows.into_iter()
            .map(
                |(run_id, command, started, ended, alive, recorded, waiting_for_database)| {
                    Ok(PeriodRun {
                        run_id,
                        command: Command::parse(&command)?,
                        started_at: instant(started)?,
                        ended_at: ended.map(instant).transpose()?,
                        is_being_submitted: alive == 1,
                        is_recorded: recorded == 1,
                        waiting_for_database,
                    })
                },
            )
            .collect()
    }

    /// Every document of the period, by run, kind, state, delivery, and whether it is the latest revision.
    pub async fn documents(&mut self) -> Result<Vec<Alike>> {
        type Row = (String, String, String, i64, i64, i64, i64, i64, Option<i64>);
        let rows: Vec<Row> = self.rows(DOCUMENTS, "counting documents").await?;
        rows.into_iter()
            .map(
                |(run_id, kind, state, paper, latest, documents, rows, bytes, settled)| {
                    Ok(Alike {
                        run_id,
                        kind: parse_kind(&kind)?,
                        state: State::parse(&state)?,
                        on_paper: paper == 1,
                        is_latest: latest == 1,
                        documents,
                        rows,
                        bytes,
                        last_settled_at: settled.map(instant).transpose()?,
                    })
                },
            )
            .collect()
    }

    /// Every attempt of the period's documents.
    pub async fn attempts(&mut self) -> Result<Vec<AttemptsAlike>> {
        let rows: Vec<AttemptsRow> = self.rows(ATTEMPTS, "counting attempts").await?;
        rows.into_iter()
            .map(
                |(
                    outcome,
                    rows_from,
                    duration_ms,
                    attempts,
                    longest_ms,
                    sum_ms,
                    sum_rows,
                    first,
                )| {
                    Ok(AttemptsAlike {
                        outcome,
                        rows_from,
                        duration_ms,
                        attempts,
                        longest_ms,
                        sum_ms,
                        sum_rows,
                        first_started_at: instant(first)?,
                    })
                },
            )
            .collect()
    }

    /// Failed and excused documents, and those published with a warning, by cause, most first.
    pub async fn causes(&mut self) -> Result<Vec<OfCause>> {
        let rows: Vec<(String, String, i64, String)> =
            self.rows(CAUSES, "grouping documents by cause").await?;
        rows.into_iter()
            .map(|(state, cause, documents, example)| {
                Ok(OfCause {
                    state: State::parse(&state)?,
                    cause,
                    documents,
                    example,
                })
            })
            .collect()
    }

    /// What operators did, in the order in which they began.
    pub async fn actions(&mut self) -> Result<Vec<Actions>> {
        let rows: Vec<(String, String, i64, i64, i64)> =
            self.rows(ACTIONS, "listing operators' actions").await?;
        rows.into_iter()
            .map(|(action, reason, documents, first, last)| {
                Ok(Actions {
                    action,
                    reason,
                    documents,
                    first_at: instant(first)?,
                    last_at: instant(last)?,
                })
            })
            .collect()
    }

    /// The period's holds, oldest first.
    pub async fn holds(&mut self) -> Result<Vec<HoldSpan>> {
        let rows: Vec<(String, String, i64, Option<i64>)> =
            self.rows(HOLDS, "listing the period's holds").await?;
        rows.into_iter()
            .map(|(cause, reason, held, lifted)| {
                Ok(HoldSpan {
                    cause: HoldCause::parse(&cause)?,
                    reason,
                    held_at: instant(held)?,
                    lifted_at: lifted.map(instant).transpose()?,
                })
            })
            .collect()
    }

    /// Documents that were published or failed from an instant until before another, by steps of so many milliseconds.
    pub async fn settled(
        &mut self,
        from: Timestamp,
        until: Timestamp,
        step_ms: i64,
    ) -> Result<Vec<SettledIn>> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(self.ledger.sql(SETTLED))
            .bind(self.period.to_string())
            .bind(from.as_millisecond())
            .bind(step_ms.max(1))
            .bind(until.as_millisecond())
            .fetch_all(self.snapshot.bounded())
            .await
            .map_err(statement_failed(
                "counting settled documents",
                Whose::Ledger,
            ))?;
        let steps = rows
            .into_iter()
            .map(|(step, succeeded, documents)| SettledIn {
                step,
                succeeded: succeeded == 1,
                documents,
            });
        Ok(steps.collect())
    }

    pub(super) async fn rows<R>(&mut self, query: &str, doing: &str) -> Result<Vec<R>>
    where
        R: for<'r> sqlx::FromRow<'r, sqlx::any::AnyRow> + Send + Unpin,
    {
        sqlx::query_as(self.ledger.sql(query))
            .bind(self.period.to_string())
            .fetch_all(self.snapshot.bounded())
            .await
            .map_err(statement_failed(doing, Whose::Ledger))
    }
}

/// An instant as the ledger keeps it.
pub(super) fn instant(milliseconds: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|reason| Error::bug("the ledger holds an impossible time").because(reason))
}
