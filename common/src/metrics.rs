//! CloudWatch metrics in Embedded Metric Format: one JSON line each, from which CloudWatch Logs makes the metrics. No
//! request is sent, and no right is needed beyond that to write the log. Off AWS nothing is written.
//!
//! Every combination of dimension values is a metric of its own, which is paid for: only kind, outcome, state and cause
//! are dimensions. Period, run, document and attempt are properties, to be searched for in the log.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::config::Deployment;
use crate::ledger::State;
use crate::statement::{DocumentId, Period};
use crate::{Class, Error};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "StatementExport";

/// The names of metrics and dimensions, which alarms and dashboards repeat.
pub mod names {
    /// Attempts that ended: 1 each; by kind and outcome.
    pub const ATTEMPTS: &str = "Attempts";
    /// How long an attempt took, in milliseconds; by kind and outcome.
    pub const ATTEMPT_DURATION: &str = "AttemptDuration";
    /// Rows of a published document; by kind and outcome.
    pub const DOCUMENT_ROWS: &str = "DocumentRows";
    /// Size of a published document in bytes; by kind and outcome.
    pub const DOCUMENT_BYTES: &str = "DocumentBytes";
    /// Documents of a period; by state, each state with every emission.
    pub const DOCUMENTS: &str = "Documents";
    /// Failed documents of a period; by cause. A cause without documents is not emitted: missing data means none.
    pub const FAILED_DOCUMENTS: &str = "FailedDocuments";
    /// For how many seconds the oldest document that waits has waited; without dimensions, 0 when none waits.
    pub const QUEUE_AGE: &str = "QueueAge";
    /// Runs of a whole month that recorded what is due, or found it recorded: 1 each. None within a month end means that it
    /// never started.
    pub const RUNS: &str = "Runs";
    /// Sweeps that reached their end: 1 each. None means that nobody looks after the month end.
    pub const SWEEPS: &str = "Sweeps";

    /// Dimension: `trade` or `balance`.
    pub const KIND: &str = "kind";
    /// Dimension: what an attempt came to, as the ledger calls it.
    pub const OUTCOME: &str = "outcome";
    pub const OUTCOMES: [&str; 3] = ["succeeded", "failed", "given_back"];
    /// Dimension: a document's state.
    pub const STATE: &str = "state";
    /// Dimension: why documents failed.
    pub const CAUSE: &str = "cause";
}

/// The longest value of a dimension that CloudWatch takes is 1,024 characters; ours are words.
const MAX_DIMENSION_CHARS: usize = 100;

/// Units that CloudWatch knows, as far as they are used here.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Count,
    Bytes,
    Seconds,
    Milliseconds,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Bytes => "Bytes",
            Unit::Seconds => "Seconds",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// One try of a document that ended.
#[derive(Debug, Clone)]
pub struct AttemptMetrics<'a> {
    pub document: &'a DocumentId,
    pub run_id: &'a str,
    /// Batch's number of the attempt, from 1.
    pub attempt: u32,
    pub duration: Duration,
    pub outcome: AttemptOutcome<'a>,
}

/// What an attempt came to.
#[derive(Debug, Clone)]
pub enum AttemptOutcome<'a> {
    Succeeded { rows: i64, bytes: i64 },
    Failed(&'a Error),
}

/// How a period stands.
#[derive(Debug, Clone)]
pub struct DocumentMetrics<'a> {
    pub period: Period,
    pub states: &'a BTreeMap<State, i64>,
    /// Failed documents by cause.
    pub failed: &'a [(String, i64)],
    /// How long the oldest document that is due or submitted has waited.
    pub oldest_waiting: Option<Duration>,
}

/// Where metric lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Nowhere,
    Stdout,
    Stderr,
}

/// Writes metrics. What cannot be written is lost: metrics never fail a document.
#[derive(Debug, Clone, Copy)]
pub struct Metrics {
    output: Output,
}

impl Metrics {
    /// To stdout on AWS.
    pub fn new(deployment: Deployment) -> Self {
        let output = match deployment {
            Deployment::Local => Output::Nowhere,
            Deployment::Aws => Output::Stdout,
        };
        Self { output }
    }

    /// To stderr when stdout holds an answer (`--json`): a program reads that as one object. Both reach the same log.
    #[must_use]
    pub fn beside_answer(self, answers_on_stdout: bool) -> Self {
        match self.output {
            Output::Stdout if answers_on_stdout => Self {
                output: Output::Stderr,
            },
            _ => self,
        }
    }

    /// An attempt that ended.
    pub fn attempt(self, attempt: &AttemptMetrics) {
        self.emit(|now| vec![attempt_line(attempt, now)]);
    }

    /// How the documents of a period stand.
    pub fn documents(self, documents: &DocumentMetrics) {
        self.emit(|now| document_lines(documents, now));
    }

    /// A run of a whole month has its documents recorded.
    pub fn run(self, period: Period) {
        self.emit(|now| {
            let properties = [("period", json!(period.to_string()))];
            vec![line(now, &[], &once(names::RUNS), &properties)]
        });
    }

    /// A sweep has reached its end.
    pub fn sweep(self) {
        self.emit(|now| vec![line(now, &[], &once(names::SWEEPS), &[])]);
    }

    fn emit(self, lines: impl FnOnce(Timestamp) -> Vec<String>) {
        if self.output == Output::Nowhere {
            return;
        }
        // Not the instant of `--at`: CloudWatch drops what is older than two weeks.
        for line in lines(Clock::default().now()) {
            // One write per line, so that no other line gets in between. Whoever closed the output does not want it.
            let _ = match self.output {
                Output::Nowhere => Ok(()),
                Output::Stdout => std::io::stdout().write_all(line.as_bytes()),
                Output::Stderr => std::io::stderr().write_all(line.as_bytes()),
            };
        }
    }
}

fn attempt_line(attempt: &AttemptMetrics, now: Timestamp) -> String {
    let milliseconds = u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX);
    let mut metrics = vec![
        (names::ATTEMPTS, Unit::Count, json!(1)),
        (
            names::ATTEMPT_DURATION,
            Unit::Milliseconds,
            json!(milliseconds),
        ),
    ];
    let [succeeded, failed, given_back] = names::OUTCOMES;
    let (outcome, cause) = match &attempt.outcome {
        AttemptOutcome::Succeeded { rows, bytes } => {
            metrics.push((names::DOCUMENT_ROWS, Unit::Count, json!(rows)));
            metrics.push((names::DOCUMENT_BYTES, Unit::Bytes, json!(bytes)));
            (succeeded, None)
        }
        AttemptOutcome::Failed(error) => match error.class() {
            Class::Retry | Class::Config => (given_back, Some(error.cause())),
            Class::Data | Class::Bug => (failed, Some(error.cause())),
        },
    };
    let dimensions = [
        (names::KIND, attempt.document.kind.as_str()),
        (names::OUTCOME, outcome),
    ];
    let properties = [
        ("period", json!(attempt.document.period.to_string())),
        ("run_id", json!(attempt.run_id)),
        ("document_id", json!(attempt.document.to_string())),
        ("attempt", json!(attempt.attempt)),
        (names::CAUSE, json!(cause)),
    ];
    line(now, &dimensions, &metrics, &properties)
}

/// A line per value of a dimension: a line has one value of each.
fn document_lines(documents: &DocumentMetrics, now: Timestamp) -> Vec<String> {
    let properties = [("period", json!(documents.period.to_string()))];
    let count = |name, documents: i64| [(name, Unit::Count, json!(documents))];
    let states = documents.states.iter().map(|(state, documents)| {
        let dimensions = [(names::STATE, state.as_str())];
        let metrics = count(names::DOCUMENTS, *documents);
        line(now, &dimensions, &metrics, &properties)
    });
    let causes = documents.failed.iter().map(|(cause, documents)| {
        let dimensions = [(names::CAUSE, cause.as_str())];
        let metrics = count(names::FAILED_DOCUMENTS, *documents);
        line(now, &dimensions, &metrics, &properties)
    });
    let age = documents.oldest_waiting.unwrap_or_default().as_secs();
    let age = [(names::QUEUE_AGE, Unit::Seconds, json!(age))];
    let age = line(now, &[], &age, &properties);
    states.chain(causes).chain([age]).collect()
}

fn once(name: &str) -> [(&str, Unit, Value); 1] {
    [(name, Unit::Count, json!(1))]
}

/// One emission as the specification has it: the directive under `_aws`; dimensions, metrics and properties at the root.
fn line(
    now: Timestamp,
    dimensions: &[(&str, &str)],
    metrics: &[(&str, Unit, Value)],
    properties: &[(&str, Value)],
) -> String {
    let keys: Vec<&str> = dimensions.iter().map(|(key, _)| *key).collect();
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()}))
        .collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [keys], "Metrics": definitions});
    let mut root = Map::new();
    root.insert(
        "_aws".to_owned(),
        json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]}),
    );
    for (key, value) in properties.iter().filter(|(_, value)| !value.is_null()) {
        root.insert((*key).to_owned(), value.clone());
    }
    for (key, value) in dimensions {
        root.insert((*key).to_owned(), json!(dimension_value(value)));
    }
    for (name, _, value) in metrics {
        root.insert((*name).to_owned(), value.clone());
    }
    format!("{}\n", Value::Object(root))
}

/// A dimension's value must be visible ASCII: whatever else stands in the ledger does not cost the metric.
fn dimension_value(word: &str) -> String {
    let value: String = word
        .chars()
        .take(MAX_DIMENSION_CHARS)
        .map(|char| {
            if char.is_ascii_alphanumeric() || "_-+.".contains(char) {
                char
            } else {
                '_'
            }
        })
        .collect();
    if value.is_empty() {
        "unknown".to_owned()
    } else {
        value
    }
}

#[cfg(test)]
mod tests;
