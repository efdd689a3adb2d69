//! What a report tells, gathered: the ledger's part of one snapshot, the certificate beside it.

use std::collections::{BTreeMap, BTreeSet};

use common::Result;
use common::config::Config;
use common::ledger::{
    Actions, Alike, AttemptsAlike, HoldSpan, Kept, Ledger, OfCause, PeriodRun, PrunedAttempts,
    State,
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
    /// Attempts that are no longer in the ledger; `None` = all are.
    pub pruned: Option<PrunedAttempts>,
    pub durations: Durations,
    pub timeline: Option<Timeline>,
    pub causes: Vec<OfCause>,
    pub actions: Vec<Actions>,
    pub holds: Vec<HoldSpan>,
    pub deadline: Option<(Timestamp, Kept)>,
    /// When the last document was settled.
    pub last_settled_at: Option<Timestamp>,
    /// Otherwise why there is none.
    pub certificate: Result<Certificate, String>,
}

impl Gathered {
    /// Documents of a state, by their latest revision: as the certificate counts accounts.
    pub fn of(&self, state: State) -> i64 {
        self.sum(|alike| alike.state == state && alike.is_latest)
    }

    /// Rows and bytes of the latest revisions.
    pub fn published_size(&self) -> (i64, i64) {
        let latest = || self.documents.iter().filter(|alike| alike.is_latest);
        let rows = latest().map(|alike| alike.rows).sum();
        (rows, latest().map(|alike| alike.bytes).sum())
    }

    pub fn published(&self) -> i64 {
        self.of(State::Succeeded)
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
    let pruned = reading.pruned_attempts().await?;
    let causes = reading.causes().await?;
    let actions = reading.actions().await?;
    let holds = reading.holds().await?;
    let last = last_settled(&documents);
    let timeline = match last {
        Some(last) => timeline::find(&mut reading, &starts(&runs), last).await?,
        None => None,
    };
    let deadline = match deadline.zip(reading.month_end_run().await?) {
        Some((deadline, run)) => {
            let at = deadline.after(run.started_at, &config.business_timezone);
            Some((at, reading.kept(&run, at).await?))
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
        pruned,
        timeline,
        causes,
        actions,
        holds,
        deadline,
        last_settled_at: last,
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

/// Kinds that have documents.
pub fn kinds(documents: &[Alike]) -> BTreeSet<Kind> {
    documents.iter().map(|alike| alike.kind).collect()
}
