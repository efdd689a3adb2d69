//! What there is to alert of: an alert from counts, ids and instants.

mod summary;

use std::time::Duration;

use common::Error;
use common::statement::{DocumentId, Period};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::summary::{PeriodStanding, RunSummary, run_summary};
use super::causes::{self, Cause};
use super::mending::command;
use super::{About, Alert, MAX_EXAMPLES, Urgency};

/// Documents of one cause.
#[derive(Debug, Clone)]
pub struct Documents {
    pub about: About,
    /// As the ledger calls it.
    pub cause: String,
    pub documents: u64,
    /// The first five are shown.
    pub examples: Vec<DocumentId>,
}

/// A period of which nothing further is submitted.
#[derive(Debug, Clone)]
pub struct PeriodHeld {
    pub about: About,
    pub why: Held,
    /// Documents that are due and not submitted.
    pub waiting: u64,
}

/// Why a period is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The gate refused too many of the run's documents.
    Refusals { refused: u64, documents: u64 },
    /// A converter ended as misconfigured (exit 78), and what it said: of settings, rights and places only.
    Misconfigured { said: String },
    /// `enqueuer stop`.
    Stopped,
}

/// Jobs that are ready to run and do not begin.
#[derive(Debug, Clone)]
pub struct QueueStuck {
    pub about: About,
    /// Batch's words, e.g. `MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE`.
    pub reason: String,
    /// Slots that wait.
    pub slots: u64,
    /// How long the first of them has waited.
    pub waiting: Duration,
}

/// Jobs that are ready and wait for connections of the database.
#[derive(Debug, Clone)]
pub struct WaitingForDatabase {
    pub about: About,
    /// Slots that wait.
    pub slots: u64,
    pub free: i64,
    /// Of all converters together.
    pub connections: i64,
    pub per_converter: i64,
}

/// A period that will be late.
#[derive(Debug, Clone)]
pub struct DeadlineAtRisk {
    pub about: About,
    /// `None`: nothing has ended for a while, so nobody knows.
    pub forecast: Option<Timestamp>,
    pub deadline: Timestamp,
    /// The business time zone.
    pub zone: TimeZone,
    /// Documents that are not settled yet.
    pub left: u64,
    /// What would help, in a sentence without its stop.
    pub mend: String,
    /// The line that does it; `None`: `status`.
    pub command: Option<String>,
}

/// A source whose closing snapshots are not there.
#[derive(Debug, Clone)]
pub struct SourceNotReady {
    pub period: Period,
    /// Which relation, and what is there: days and names of relations only.
    pub missing: String,
}

/// A source that contradicts itself in prices and rates.
#[derive(Debug, Clone)]
pub struct SourceDisagrees {
    pub about: About,
    /// Prices and rates.
    pub count: u64,
    /// Accounts.
    pub settlement_not_proven: u64,
}

/// Documents that were refused by the gate, or failed.
pub fn documents_failed(failed: &Documents) -> Alert {
    let cause = Cause::of_documents(&failed.cause);
    let count = counted(failed.documents, "document");
    let title = format!(
        "{count} of {} {}: {}",
        failed.about.period,
        cause.verb(),
        failed.cause
    );
    Alert {
        documents: Some(failed.documents),
        examples: first(&failed.examples),
        ..alert(cause, &failed.cause, Urgency::Alarm, title, &failed.about)
    }
}

/// Documents that were published although the gate noted something.
pub fn published_with_warning(warned: &Documents) -> Alert {
    let cause = &causes::PUBLISHED_WITH_WARNING;
    let count = counted(warned.documents, "document");
    let title = format!(
        "{count} of {} published with a warning of the gate: {}",
        warned.about.period, warned.cause
    );
    Alert {
        documents: Some(warned.documents),
        examples: first(&warned.examples),
        ..alert(cause, cause.name, Urgency::Warning, title, &warned.about)
    }
}

/// A period of which nothing further is submitted.
pub fn period_held(held: &PeriodHeld) -> Alert {
    let period = held.about.period;
    let mut facts = vec![format!(
        "{} not submitted",
        counted(held.waiting, "document")
    )];
    let (cause, title) = match &held.why {
        Held::Refusals { refused, documents } => (
            &causes::HELD_BY_REFUSALS,
            format!("{period} is held: the gate refused {refused} of {documents} documents"),
        ),
        Held::Misconfigured { said } => {
            facts.push(said.clone());
            let title = format!("{period} is held: a converter is misconfigured");
            (&causes::HELD_BY_SETTINGS, title)
        }
        Held::Stopped => (
            &causes::HELD_BY_OPERATOR,
            format!("{period} is held: stopped by an operator"),
        ),
    };
    let urgency = match held.why {
        Held::Stopped => Urgency::Warning,
        _ => Urgency::Alarm,
    };
    Alert {
        documents: Some(held.waiting),
        facts,
        ..alert(cause, cause.name, urgency, title, &held.about)
    }
}

/// A source that contradicts itself in prices and rates. Which ones is told where the run is followed, not here.
pub fn source_disagrees(source: &SourceDisagrees) -> Alert {
    let cause = &causes::SOURCE_DISAGREES;
    let period = source.about.period;
    let title = format!(
        "{period}: prices or rates of the source disagree, {} in all",
        source.count
    );
    let facts = match source.settlement_not_proven {
        0 => Vec::new(),
        accounts => vec![format!(
            "Settlement not proven of {}",
            counted(accounts, "account")
        )],
    };
    Alert {
        facts,
        ..alert(cause, cause.name, Urgency::Warning, title, &source.about)
    }
}

/// Jobs that are ready to run and do not begin.
pub fn queue_stuck(stuck: &QueueStuck) -> Alert {
    let cause = &causes::QUEUE_STUCK;
    let title = format!(
        "The queue is stuck: {} of {} in RUNNABLE for {}",
        counted(stuck.slots, "slot"),
        stuck.about.period,
        span(stuck.waiting)
    );
    Alert {
        facts: vec![format!("Batch says {}", stuck.reason)],
        ..alert(cause, cause.name, Urgency::Alarm, title, &stuck.about)
    }
}

/// Jobs that are ready and wait for connections of the database. They begin by themselves.
pub fn waiting_for_database(waiting: &WaitingForDatabase) -> Alert {
    let cause = &causes::WAITING_FOR_DATABASE;
    let title = format!(
        "{} waits for the database: {} in RUNNABLE",
        waiting.about.period,
        counted(waiting.slots, "slot")
    );
    Alert {
        facts: vec![format!(
            "{} of {} connections are free, a converter takes {}",
            waiting.free, waiting.connections, waiting.per_converter
        )],
        ..alert(cause, cause.name, Urgency::Warning, title, &waiting.about)
    }
}

/// A period that will be late.
pub fn deadline_at_risk(risk: &DeadlineAtRisk) -> Alert {
    let cause = &causes::DEADLINE_AT_RISK;
    let at = |instant: Timestamp| {
        let local = instant.to_zoned(risk.zone.clone());
        local.strftime("%Y-%m-%d %H:%M %:z").to_string()
    };
    let title = format!("{} will miss its deadline", risk.about.period);
    let standard = alert(cause, cause.name, Urgency::Alarm, title, &risk.about);
    Alert {
        documents: Some(risk.left),
        facts: vec![
            format!(
                "Forecast {}, deadline {}, {} left",
                risk.forecast
                    .map_or_else(|| "unknown, nothing has ended for a while".to_owned(), at),
                at(risk.deadline),
                counted(risk.left, "document")
            ),
            format!("Mend: {}", risk.mend),
        ],
        command: risk.command.clone().unwrap_or(standard.command.clone()),
        ..standard
    }
}

/// A source whose closing snapshots are not there.
pub fn source_not_ready(refused: &SourceNotReady) -> Alert {
    let cause = &causes::SOURCE_NOT_READY;
    let about = About {
        period: refused.period,
        run_id: None,
    };
    let title = format!("The source is not ready for {}", refused.period);
    Alert {
        facts: vec![refused.missing.clone()],
        ..alert(cause, cause.name, Urgency::Alarm, title, &about)
    }
}

/// A run that ended with an error. Its text stays in the log.
pub fn run_failed(period: Period, error: &Error) -> Alert {
    let cause = &causes::RUN_FAILED;
    let about = About {
        period,
        run_id: None,
    };
    let title = format!("A run of {period} failed: {}", error.cause());
    alert(cause, cause.name, Urgency::Alarm, title, &about)
}

/// Somebody tries whether alerts arrive.
pub fn test() -> Alert {
    let cause = &causes::TEST;
    Alert {
        cause: cause.name.to_owned(),
        urgency: Urgency::Warning,
        title: "Statement Export: test of the alerts".to_owned(),
        about: None,
        documents: None,
        examples: Vec::new(),
        facts: Vec::new(),
        meaning: cause.meaning,
        runbook: cause.runbook,
        command: cause.command.to_owned(),
    }
}

fn alert(
    known: &'static Cause,
    name: &str,
    urgency: Urgency,
    title: String,
    about: &About,
) -> Alert {
    Alert {
        cause: name.to_owned(),
        urgency,
        title,
        about: Some(about.clone()),
        documents: None,
        examples: Vec::new(),
        facts: Vec::new(),
        meaning: known.meaning,
        runbook: known.runbook,
        command: command(known, name, about.period),
    }
}

fn first(examples: &[DocumentId]) -> Vec<DocumentId> {
    examples.iter().take(MAX_EXAMPLES).cloned().collect()
}

fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn span(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}
