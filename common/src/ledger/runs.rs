//! Runs: one execution of `enqueuer run`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::documents::unreadable;
use super::figures::instant;
use super::{Ledger, State, unique_id};
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
    pub command: Command,
    pub period: Period,
    /// The date of issue of the documents it finds due.
    pub issued_on: Date,
    pub snapshots: Snapshots,
}

/// What began a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Run,
    Resubmit,
    Reissue,
    /// A run of a period that may not have ended, in a ledger of its own: what it makes is marked as a draft.
    Draft,
}

impl Command {
    const ALL: [Command; 4] = [
        Command::Run,
        Command::Resubmit,
        Command::Reissue,
        Command::Draft,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Command::Run => "run",
            Command::Resubmit => "resubmit",
            Command::Reissue => "reissue",
            Command::Draft => "draft",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        Command::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| Error::bug(format!("the ledger holds a command {text:?}")))
    }
}

/// A run whose documents are not all settled, as far as the ledger knows.
#[derive(Debug, Clone)]
pub struct OpenRun {
    pub run: Run,
    pub documents_per_slot: u32,
    /// By the ledger's clock.
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// The process that records its documents and submits its jobs is alive.
    pub is_being_submitted: bool,
    /// Every document that it found stands in the ledger.
    pub is_recorded: bool,
    /// Slots that wait for connections of the database, as the last sweep found it.
    pub waiting_for_database: Option<i64>,
}

/// How the documents of a run stand: those it recorded and those it submitted.
#[derive(Debug, Clone, Default)]
pub struct RunProgress {
    /// Every state that occurs.
    pub states: BTreeMap<State, i64>,
    /// Of what succeeded, documents that are not delivered electronically.
    pub paper: i64,
}

impl RunProgress {
    pub fn of(&self, state: State) -> i64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// Neither settled nor excused.
    pub fn open(&self) -> i64 {
        self.of(State::Due) + self.of(State::Submitted) + self.of(State::Running)
    }

    /// All but the excused.
    pub fn due(&self) -> i64 {
        self.states.values().sum::<i64>() - self.of(State::Excused)
    }
}

/// What became of the documents that a run submitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    pub submitted: u64,
    pub succeeded: u64,
    pub failed: u64,
}

/// Documents that a run recorded, or took over from another one and submitted; `$1` is the run.
pub(super) const DOCUMENTS_OF_RUN: &str = "d.run_id = $1";

/// The run whose snapshots a document is made from: once it is published, that of the attempt that made it.
pub(super) const MADE_BY: &str = "COALESCE(d.made_run_id, d.run_id)";

impl Ledger {
    /// Records a run and takes its lease.
    pub async fn record_run(
        &self,
        period: Period,
        issued_on: Date,
        snapshots: Snapshots,
        command: Command,
        documents_per_slot: u32,
        now: Timestamp,
    ) -> Result<Run> {
        let run_id = unique_id(period, now);
        let text = |date: Option<Date>| date.map(|date| date.to_string());
        sqlx::query(self.sql(
            "INSERT INTO export_runs (run_id, period, issued_on, positions_opening, positions_closing, cash_opening,
                                      cash_closing, program_version, command, documents_per_slot, started_at,
                                      lease_expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {NOW_MS}, {NOW_MS} + $11)",
        ))
        .bind(run_id.clone())
        .bind(period.to_string())
        .bind(issued_on.to_string())
        .bind(text(snapshots.positions_opening))
        .bind(text(snapshots.positions_closing))
        .bind(text(snapshots.cash_opening))
        .bind(text(snapshots.cash_closing))
        .bind(PROGRAM_VERSION)
        .bind(command.as_str())
        .bind(i64::from(documents_per_slot))
        .bind(self.lease_ms())
        .execute(self.bounded())
        .await
        .map_err(statement_failed("recording the run", Whose::Ledger))?;
        Ok(Run {
            run_id,
            command,
            period,
            issued_on,
            snapshots,
        })
    }

    /// Says that the process that records and submits for this run is alive. A lease that was given back stays so, however late
    /// a renewal arrives.
    pub async fn renew_run(&self, run_id: &str) -> Result<()> {
        sqlx::query(
            self.sql(
                "UPDATE export_runs SET lease_expires_at = {NOW_MS} + $1 WHERE run_id = $2 AND lease_expires_at > 0",
            ),
        )
        .bind(self.lease_ms())
        .bind(run_id)
        .execute(self.bounded())
        .await
        .map_err(statement_failed("renewing the run's lease", Whose::Ledger))?;
        Ok(())
    }

    /// Gives the run's lease back: nobody records or submits for it any more.
    pub async fn release_run(&self, run_id: &str) -> Result<()> {
        // One that was ended while its process was away may have documents again.
        sqlx::query(
            self.sql(
                "UPDATE export_runs SET lease_expires_at = 0, ended_at = NULL WHERE run_id = $1",
            ),
        )
        .bind(run_id)
        .execute(self.bounded())
        .await
        .map_err(statement_failed(
            "giving the run's lease back",
            Whose::Ledger,
        ))?;
        Ok(())
    }

    /// Ends a run and gives its lease back. `false` = it had ended.
    pub async fn end_run(&self, run_id: &str) -> Result<bool> {
        let ended = sqlx::query(self.sql(
            "UPDATE export_runs SET ended_at = {NOW_MS}, lease_expires_at = 0 WHERE run_id = $1 AND ended_at IS NULL",
        ))
        .bind(run_id)
        .execute(self.bounded())
        .await
        .map_err(statement_failed("ending the run", Whose::Ledger))?;
        Ok(ended.rows_affected() == 1)
    }

    /// Runs that have not ended, oldest first.
    pub async fn open_runs(&self) -> Result<Vec<OpenRun>> {
        let failed = |reason| statement_failed("listing open runs", Whose::Ledger)(reason);
        let rows = sqlx::query(self.sql(
            "SELECT run_id, period, issued_on, positions_opening, positions_closing, cash_opening, cash_closing,
                    command, documents_per_slot, started_at, {NOW_MS},
                    CASE WHEN {LIVE:} THEN 1 ELSE 0 END,
                    CASE WHEN recorded_at IS NULL THEN 0 ELSE 1 END, waiting_for_database
             FROM export_runs WHERE ended_at IS NULL ORDER BY started_at, run_id",
        ))
        .fetch_all(self.bounded())
        .await
        .map_err(failed)?;
        rows.iter().map(open_run).collect()
    }

    /// How many documents of a run were settled within the last so many milliseconds.
    pub async fn settled_within(&self, run_id: &str, ms: i64) -> Result<i64> {
        sqlx::query_scalar(self.sql(&format!(
            "SELECT count(*) FROM export_documents d WHERE {DOCUMENTS_OF_RUN} AND d.settled_at >= {{NOW_MS}} - $2"
        )))
        .bind(run_id)
        .bind(ms)
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed("measuring the run's pace", Whose::Ledger))
    }

    /// How the documents stand that a run recorded or submitted.
    pub async fn run_progress(&self, run_id: &str) -> Result<RunProgress> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(self.sql(&format!(
            "SELECT d.state, count(*), sum(CASE WHEN d.delivery = 'paper' THEN 1 ELSE 0 END)
             FROM export_documents d
             WHERE {DOCUMENTS_OF_RUN} GROUP BY d.state"
        )))
        .bind(run_id)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed(
            "counting the run's documents",
            Whose::Ledger,
        ))?;
        let mut progress = RunProgress::default();
        for (state, documents, paper) in rows {
            let state = State::parse(&state)?;
            progress.states.insert(state, documents);
            if state == State::Succeeded {
                progress.paper = paper;
            }
        }
        Ok(progress)
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
        .fetch_all(self.bounded())
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

    /// The snapshots that the newest run of a period pinned; `None` = the period has no run. One that made trade statements
    /// only looked for no holdings: what an earlier one pinned says more.
    pub async fn newest_snapshots(&self, period: Period) -> Result<Option<Snapshots>> {
        type Row = (
            Option<String>,
            Option<String>,
            Option<String>,
            Option<String>,
        );
        let row: Option<Row> = sqlx::query_as(self.sql(
            "SELECT positions_opening, positions_closing, cash_opening, cash_closing
             FROM export_runs WHERE period = $1
             ORDER BY CASE WHEN positions_closing IS NULL THEN 1 ELSE 0 END, started_at DESC, run_id DESC LIMIT 1",
        ))
        .bind(period.to_string())
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed(
            "looking for the newest run",
            Whose::Ledger,
        ))?;
        row.map(|(a, b, c, d)| Snapshots::from_texts([a, b, c, d]))
            .transpose()
    }

    /// The period of the newest run.
    pub async fn newest_period(&self) -> Result<Option<Period>> {
        let period: Option<String> =
            sqlx::query_scalar(self.sql(
                "SELECT period FROM export_runs ORDER BY started_at DESC, run_id DESC LIMIT 1",
            ))
            .fetch_optional(self.bounded())
            .await
            .map_err(statement_failed(
                "looking for the newest run",
                Whose::Ledger,
            ))?;
        period.map(|text| text.parse()).transpose()
    }
}

fn open_run(row: &AnyRow) -> Result<OpenRun> {
    let text = |position: usize| row.try_get::<String, _>(position).map_err(unreadable);
    let optional = |position: usize| {
        row.try_get::<Option<String>, _>(position)
            .map_err(unreadable)
    };
    let number = |position: usize| row.try_get::<i64, _>(position).map_err(unreadable);
    let (issued_on, command) = (text(2)?, text(7)?);
    Ok(OpenRun {
        run: Run {
            run_id: text(0)?,
            command: Command::parse(&command)?,
            period: text(1)?.parse()?,
            issued_on: parse_date(&issued_on).ok_or_else(|| {
                Error::bug(format!("the ledger holds a date of issue {issued_on:?}"))
            })?,
            snapshots: Snapshots::from_texts([
                optional(3)?,
                optional(4)?,
                optional(5)?,
                optional(6)?,
            ])?,
        },
        documents_per_slot: u32::try_from(number(8)?).unwrap_or(1),
        started_at: instant(number(9)?)?,
        now: instant(number(10)?)?,
        is_being_submitted: number(11)? == 1,
        is_recorded: number(12)? == 1,
        waiting_for_database: row.try_get(13).map_err(unreadable)?,
    })
}
