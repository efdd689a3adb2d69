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

    /// Dimension: `trade` or `balance`.
    pub const KIND: &str = "kind";
    /// Dimension: `succeeded`, `failed` or `given_back`, as the ledger calls it.
    pub const OUTCOME: &str = "outcome";
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
    /// Of the newest run.
    pub run_id: Option<&'a str>,
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
    let (outcome, cause) = match &attempt.outcome {
        AttemptOutcome::Succeeded { rows, bytes } => {
            metrics.push((names::DOCUMENT_ROWS, Unit::Count, json!(rows)));
            metrics.push((names::DOCUMENT_BYTES, Unit::Bytes, json!(bytes)));
            ("succeeded", None)
        }
        AttemptOutcome::Failed(error) => match error.class() {
            Class::Retry | Class::Config => ("given_back", Some(error.cause())),
            Class::Data | Class::Bug => ("failed", Some(error.cause())),
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
    let properties = [
        ("period", json!(documents.period.to_string())),
        ("run_id", json!(documents.run_id)),
    ];
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
mod tests {
    use super::*;

    const UNITS: [&str; 4] = ["Count", "Bytes", "Seconds", "Milliseconds"];

    fn now() -> Timestamp {
        "2026-11-01T00:10:00.25+09:00".parse().unwrap()
    }

    fn document() -> DocumentId {
        "2026-10.trade.A0001".parse().unwrap()
    }

    fn attempt_with(outcome: AttemptOutcome) -> Value {
        let document = document();
        let line = attempt_line(
            &AttemptMetrics {
                document: &document,
                run_id: "2026-10-x",
                attempt: 2,
                duration: Duration::from_micros(1_234_567),
                outcome,
            },
            now(),
        );
        checked(&line)
    }

    fn members(object: &Value) -> Vec<&str> {
        let mut members: Vec<_> = object
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        members.sort_unstable();
        members
    }

    /// Parses a line and holds it against the rules of the specification.
    fn checked(line: &str) -> Value {
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(line.ends_with('\n') && line.len() < 4096, "{line}");
        let root: Value = serde_json::from_str(line).unwrap();
        let aws = root["_aws"].as_object().unwrap();
        assert_eq!(members(&root["_aws"]), ["CloudWatchMetrics", "Timestamp"]);
        assert_eq!(aws["Timestamp"], json!(1_793_459_400_250_i64));
        for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(members(directive), ["Dimensions", "Metrics", "Namespace"]);
            let namespace = directive["Namespace"].as_str().unwrap();
            assert!((1..=1024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
            let sets = directive["Dimensions"].as_array().unwrap();
            assert!(!sets.is_empty());
            for set in sets {
                let keys = set.as_array().unwrap();
                assert!(keys.len() <= 30);
                for key in keys {
                    let value = root[key.as_str().unwrap()].as_str().unwrap();
                    assert!((1..=1024).contains(&value.len()), "{value}");
                    assert!(value.bytes().all(|byte| byte.is_ascii_graphic()), "{value}");
                    assert!(!value.starts_with(':'), "{value}");
                }
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                let name = metric["Name"].as_str().unwrap();
                assert!((1..=1024).contains(&name.len()));
                assert!(
                    UNITS.contains(&metric["Unit"].as_str().unwrap()),
                    "{metric}"
                );
                assert!(root[name].is_number(), "{name} of {line}");
            }
        }
        root
    }

    #[test]
    fn a_published_document_has_rows_bytes_and_duration() {
        let root = attempt_with(AttemptOutcome::Succeeded {
            rows: 30,
            bytes: 9_000,
        });
        let directive = &root["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["kind", "outcome"]]));
        assert_eq!(
            (&root["kind"], &root["outcome"]),
            (&json!("trade"), &json!("succeeded"))
        );
        assert_eq!(root["AttemptDuration"], json!(1_234));
        assert_eq!(
            (&root["DocumentRows"], &root["DocumentBytes"]),
            (&json!(30), &json!(9_000))
        );
        assert_eq!(root["document_id"], json!("2026-10.trade.A0001"));
        assert_eq!(
            (&root["run_id"], &root["attempt"]),
            (&json!("2026-10-x"), &json!(2))
        );
    }

    #[test]
    fn a_failed_attempt_has_a_cause_and_never_its_text() {
        for (error, outcome) in [
            (Error::data("cash", "12,345 JPY are missing"), "failed"),
            (Error::bug("12,345"), "failed"),
            (Error::retry("database", "12,345"), "given_back"),
            (Error::config("12,345"), "given_back"),
        ] {
            let root = attempt_with(AttemptOutcome::Failed(&error));
            assert_eq!(root["outcome"], json!(outcome));
            assert_eq!(root["cause"], json!(error.cause()));
            assert!(root.get("DocumentRows").is_none(), "{root}");
            assert!(!root.to_string().contains("12,345"), "{root}");
        }
    }

    #[test]
    fn a_period_has_every_state_its_causes_and_the_age_of_its_queue() {
        let states: BTreeMap<State, i64> = State::ALL.into_iter().map(|state| (state, 7)).collect();
        let failed = [("cash".to_owned(), 3), ("a\n\"b\" 顧客".to_owned(), 4)];
        let lines = document_lines(
            &DocumentMetrics {
                period: document().period,
                run_id: None,
                states: &states,
                failed: &failed,
                oldest_waiting: Some(Duration::from_secs(90)),
            },
            now(),
        );
        let roots: Vec<Value> = lines.iter().map(|line| checked(line)).collect();
        assert_eq!(roots.len(), State::ALL.len() + failed.len() + 1);
        for (state, root) in State::ALL.into_iter().zip(&roots) {
            assert_eq!(
                (&root["state"], &root["Documents"]),
                (&json!(state.as_str()), &json!(7))
            );
            assert_eq!(root["period"], json!("2026-10"));
            assert!(root.get("run_id").is_none(), "{root}");
        }
        let causes = &roots[State::ALL.len()..];
        assert_eq!(
            (&causes[0]["cause"], &causes[0]["FailedDocuments"]),
            (&json!("cash"), &json!(3))
        );
        assert_eq!(causes[1]["cause"], json!("a__b____"));
        let age = &roots[roots.len() - 1];
        assert_eq!(age["QueueAge"], json!(90));
        assert_eq!(
            age["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([[]])
        );
    }

    #[test]
    fn metrics_are_written_on_aws_only_and_never_into_an_answer() {
        let of = |deployment, json| Metrics::new(deployment).beside_answer(json).output;
        assert_eq!(of(Deployment::Local, false), Output::Nowhere);
        assert_eq!(of(Deployment::Local, true), Output::Nowhere);
        assert_eq!(of(Deployment::Aws, false), Output::Stdout);
        assert_eq!(of(Deployment::Aws, true), Output::Stderr);
    }
}
