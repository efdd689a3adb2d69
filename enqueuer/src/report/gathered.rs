//! What a report tells, gathered: the ledger's part of one snapshot, the certificate beside it.

use std::collections::{BTreeMap, BTreeSet};

use common::Result;
use common::config::Config;
use common::ledger::{
    Actions, Alike, AttemptsAlike, Command, HoldSpan, Ledger, OfCause, PeriodRun, State,
};
use common::profile::Bilingual;
use common::statement::{Kind, Period};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::durations::Durations;
use super::timeline::{self, Timeline};
use crate::certificate::{self, Certificate};
use crate::deadline::Deadline;

/// What a report tells.
#[derive(Debug)]
pub struct Gathered {
    pub period: Period,
    pub firm: Bilingual,
    pub zone: TimeZone,
    pub made_at: Timestamp,
    pub runs: Vec<PeriodRun>,
    pub documents: Vec<Alike>,
    pub attempts: Vec<AttemptsAlike>,
    pub durations: Durations,
    pub timeline: Option<Timeline>,
    pub causes: Vec<OfCause>,
    pub actions: Vec<Actions>,
    pub holds: Vec<HoldSpan>,
    pub deadline: Option<DeadlineKept>,
    /// Otherwise why there is none.
    pub certificate: Result<Certificate, String>,
}

/// The deadline, and what came after it.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineKept {
    pub at: Timestamp,
    /// Documents that were settled later.
    pub late: i64,
    pub last_settled_at: Option<Timestamp>,
}

impl Gathered {
    /// Documents of a state.
    pub fn of(&self, state: State) -> i64 {
        self.sum(|alike| alike.state == state)
    }

    pub fn published(&self) -> i64 {
        self.of(State::Succeeded) + self.of(State::Superseded)
    }

    pub fn open(&self) -> i64 {
        self.of(State::Due) + self.of(State::Submitted) + self.of(State::Running)
    }

    /// All but the excused.
    pub fn due(&self) -> i64 {
        self.published() + self.of(State::Failed) + self.open()
    }

    /// Documents that stand so.
    pub fn sum(&self, which: impl Fn(&Alike) -> bool) -> i64 {
        let alike = self.documents.iter().filter(|alike| which(alike));
        alike.map(|alike| alike.documents).sum()
    }

    /// Documents of a kind by state.
    pub fn of_kind(&self, kind: Kind) -> BTreeMap<State, i64> {
        let mut states = BTreeMap::new();
        for alike in self.documents.iter().filter(|alike| alike.kind == kind) {
            *states.entry(alike.state).or_default() += alike.documents;
        }
        states
    }

    /// Attempts by how they ended; `open` has none.
    pub fn outcomes(&self) -> BTreeMap<&str, i64> {
        let mut outcomes = BTreeMap::new();
        for attempts in &self.attempts {
            let outcome = attempts.outcome.as_deref().unwrap_or("open");
            *outcomes.entry(outcome).or_default() += attempts.attempts;
        }
        outcomes
    }
}

/// Gathers it.
pub async fn gather(
    config: &Config,
    ledger: &Ledger,
    period: Period,
    deadline: Option<&Deadline>,
    made_at: Timestamp,
) -> Result<Gathered> {
    let mut reading = ledger.read(period).await?;
    let runs = reading.runs().await?;
    let documents = reading.documents().await?;
    let attempts = reading.attempts().await?;
    let causes = reading.causes().await?;
    let actions = reading.actions().await?;
    let holds = reading.holds().await?;
    let last = last_settled(&documents);
    let timeline = match last {
        Some(last) => timeline::find(&mut reading, &starts(&runs), last).await?,
        None => None,
    };
    let deadline = match deadline.zip(main_run(&runs, &documents)) {
        Some((deadline, run)) => {
            let at = deadline.after(run.started_at, &config.business_timezone);
            let late = match last {
                Some(last) if last > at => reading.settled(at, Timestamp::MAX, i64::MAX).await?,
                _ => Vec::new(),
            };
            Some(DeadlineKept {
                at,
                late: late.iter().map(|late| late.documents).sum(),
                last_settled_at: last,
            })
        }
        None => None,
    };
    drop(reading);
    let certificate = if runs.is_empty() {
        Err(format!("{period} has no run yet"))
    } else {
        // The message alone: what a database says below it may hold a customer's data.
        let found = certificate::certify(config, ledger, period).await;
        found.map_err(|error| error.to_string())
    };
    Ok(Gathered {
        period,
        firm: config.profile.firm.name.clone(),
        zone: config.business_timezone.clone(),
        made_at,
        durations: Durations::of(&attempts),
        runs,
        documents,
        attempts,
        timeline,
        causes,
        actions,
        holds,
        deadline,
        certificate,
    })
}

fn starts(runs: &[PeriodRun]) -> Vec<Timestamp> {
    runs.iter().map(|run| run.started_at).collect()
}

fn last_settled(documents: &[Alike]) -> Option<Timestamp> {
    let settled = [State::Succeeded, State::Superseded, State::Failed];
    let settled = documents
        .iter()
        .filter(|alike| settled.contains(&alike.state));
    settled.filter_map(|alike| alike.last_settled_at).max()
}

/// The run that has most of the documents, by which the deadline is told: neither a rehearsal nor what was resubmitted.
fn main_run<'a>(runs: &'a [PeriodRun], documents: &[Alike]) -> Option<&'a PeriodRun> {
    let of = |run: &PeriodRun| -> i64 {
        let own = documents.iter().filter(|alike| alike.run_id == run.run_id);
        own.map(|alike| alike.documents).sum()
    };
    let month_ends = runs.iter().filter(|run| run.command == Command::Run);
    // The first of those that have as many.
    month_ends.rev().max_by_key(|run| of(run)).or(runs.first())
}

/// Kinds that have documents.
pub fn kinds(documents: &[Alike]) -> BTreeSet<Kind> {
    documents.iter().map(|alike| alike.kind).collect()
}
