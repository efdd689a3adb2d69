//! What is assumed of documents, slots and the queue, each with its origin: measured in the ledger, or a default. The defaults and
//! where they come from: docs/plan.md.

use std::collections::BTreeSet;

use common::ledger::PastJob;
use common::statement::Period;

use super::fit::{self, Line, Sample};
use super::past::{Past, PastClass};
use super::place::Place;
use super::words;
use crate::numbers::grouped;

/// CPU seconds that a document takes whatever its rows, and each row: made, reopened, published and settled.
const CPU_PER_DOCUMENT: f64 = 0.0045;
const CPU_PER_ROW: f64 = 16e-6;

/// Seconds of a row on two cores, of which a document uses no more: reading overlaps writing, reopening does not.
const LEAST_PER_ROW: f64 = 14e-6;

/// Seconds that a document waits for the answers of databases and S3.
const ANSWERS_ON_AWS: f64 = 0.1;
const ANSWERS_LOCALLY: f64 = 0.002;

/// Seconds from a slot's launch to its first document: on AWS the image is fetched, too.
const START_UP_ON_AWS: f64 = 30.0;
const START_UP_LOCALLY: f64 = 0.01;

const BYTES: Line = Line {
    per_document: 13_300.0,
    per_row: 81.0,
};

/// The share of attempts that come to nothing, known as well as from so many attempts.
const TO_NOTHING_ON_AWS: f64 = 0.01;
const KNOWN_FROM: f64 = 100.0;

/// How single documents fall out, and whole months, as deviations of the logarithm.
const DOCUMENTS_DEVIATE: f64 = 0.3;
const MONTHS_DEVIATE: f64 = 0.25;
const MONTHS_LIKE_THE_LAST: f64 = 0.12;
const MONTHS_DEVIATE_AT_LEAST: f64 = 0.05;

/// Measured attempts below which a class has no pace of its own.
const ATTEMPTS_AT_LEAST: usize = 20;

/// What is assumed.
#[derive(Debug, Clone)]
pub struct Model {
    /// As in the place.
    pub classes: Vec<Pace>,
    pub bytes: Line,
    pub to_nothing: f64,
    pub months_deviate: f64,
    pub assumptions: Vec<Assumption>,
}

/// Of a size class.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Seconds of a document.
    pub seconds: Line,
    pub ratios: Vec<f64>,
    /// Seconds of a slot beside its documents.
    pub start_up: f64,
}

/// For whoever wants to know.
#[derive(Debug, Clone)]
pub struct Assumption {
    pub what: String,
    pub value: String,
    pub origin: String,
}

pub const DEFAULT: &str = "default";

impl Model {
    pub fn of(jobs: &[PastJob], place: &Place) -> Self {
        let past = Past::of(jobs, place.is_local());
        let crowding = place.crowding(past.parallel);
        let mut model = Self {
            classes: Vec::new(),
            bytes: fit::line(&past.bytes, BYTES),
            to_nothing: 0.0,
            months_deviate: MONTHS_DEVIATE,
            assumptions: Vec::new(),
        };
        let start_up = model.start_up(&past, place) * crowding;
        for class in place.classes() {
            let key = (!place.is_local()).then(|| class.name.clone());
            let default = default_pace(place, class.vcpu);
            let measured = past
                .classes
                .get(&key)
                .filter(|past| past.seconds.len() >= ATTEMPTS_AT_LEAST);
            let (seconds, ratios, origin) = match measured {
                Some(past) => {
                    let line = fit::line(&past.seconds, default);
                    let ratios = fit::ratios(&past.seconds, line);
                    (
                        line.times(crowding),
                        ratios,
                        measured_from(past.seconds.len(), &past.periods),
                    )
                }
                None => (
                    default.times(place.crowding(None)),
                    fit::assumed_ratios(DOCUMENTS_DEVIATE),
                    DEFAULT.to_owned(),
                ),
            };
            model.assume(
                format!("a document of {}", class.title()),
                format!(
                    "{} + {} per 1,000 rows",
                    words::seconds(seconds.per_document),
                    words::seconds(seconds.per_row * 1000.0)
                ),
                origin,
            );
            model.classes.push(Pace {
                seconds,
                ratios,
                start_up,
            });
        }
        model.take_failures(&past, place);
        model.take_months(&past);
        let origin = origin(past.bytes.len(), &past.periods);
        model.assume(
            "bytes of a document",
            format!(
                "{:.0} + {:.0} per row",
                model.bytes.per_document, model.bytes.per_row
            ),
            origin,
        );
        model
    }

    pub fn assume(
        &mut self,
        what: impl Into<String>,
        value: impl Into<String>,
        origin: impl Into<String>,
    ) {
        self.assumptions.push(Assumption {
            what: what.into(),
            value: value.into(),
            origin: origin.into(),
        });
    }

    fn start_up(&mut self, past: &Past, place: &Place) -> f64 {
        let measured = &past.start_ups;
        let (seconds, origin) = if measured.is_empty() {
            let default = if place.is_local() {
                START_UP_LOCALLY
            } else {
                START_UP_ON_AWS
            };
            (default, DEFAULT.to_owned())
        } else {
            (
                trimmed_mean(measured),
                format!(
                    "measured ({} slots of {})",
                    measured.len(),
                    months(&past.periods)
                ),
            )
        };
        let what = if place.is_local() {
            "a process beside its documents"
        } else {
            "a slot until its first document"
        };
        self.assume(what, words::seconds(seconds), origin);
        seconds
    }

    fn take_failures(&mut self, past: &Past, place: &Place) {
        let default = if place.is_local() {
            0.0
        } else {
            TO_NOTHING_ON_AWS
        };
        self.to_nothing =
            (as_f64(past.to_nothing) + KNOWN_FROM * default) / (as_f64(past.attempts) + KNOWN_FROM);
        let value = format!("{:.2} %", self.to_nothing * 100.0);
        self.assume(
            "attempts given back or lost",
            value,
            origin(past.attempts, &past.periods),
        );
    }

    /// How much slower or faster a month is than expected: from two months' difference, as far as that tells.
    fn take_months(&mut self, past: &Past) {
        let differences: Vec<f64> = past.classes.values().filter_map(months_differ).collect();
        let largest = differences.iter().copied().reduce(f64::max);
        let (deviation, origin) = match largest {
            Some(difference) => (
                (difference / std::f64::consts::SQRT_2).max(MONTHS_DEVIATE_AT_LEAST),
                format!("measured ({} apart)", months(&past.periods)),
            ),
            None if past.attempts >= ATTEMPTS_AT_LEAST => (
                MONTHS_LIKE_THE_LAST,
                "default beside a measured month".to_owned(),
            ),
            None => (MONTHS_DEVIATE, DEFAULT.to_owned()),
        };
        self.months_deviate = deviation;
        self.assume(
            "months differ by",
            format!("{:.0} %", deviation * 100.0),
            origin,
        );
    }
}

fn default_pace(place: &Place, vcpu: f64) -> Line {
    let answers = if place.is_local() {
        ANSWERS_LOCALLY
    } else {
        ANSWERS_ON_AWS
    };
    default_line(vcpu, answers)
}

fn default_line(vcpu: f64, answers: f64) -> Line {
    Line {
        per_document: answers + CPU_PER_DOCUMENT / vcpu.min(1.0),
        per_row: (CPU_PER_ROW / vcpu).max(LEAST_PER_ROW),
    }
}

/// Seconds that a document of so many rows is expected to take on AWS with so many vCPU, where nothing is measured.
#[cfg(test)]
pub fn default_seconds_on_aws(vcpu: f64, rows: f64) -> f64 {
    default_line(vcpu, ANSWERS_ON_AWS).at(rows)
}

/// The logarithm of how much longer documents took in one month than in another, beside a line through both.
fn months_differ(class: &PastClass) -> Option<f64> {
    let mut months = class
        .by_period
        .values()
        .filter(|samples| samples.len() >= ATTEMPTS_AT_LEAST);
    let (one, other) = (months.next()?, months.next()?);
    let line = fit::line(
        &class.seconds,
        Line {
            per_document: 0.01,
            per_row: LEAST_PER_ROW,
        },
    );
    let slowness = |samples: &[Sample]| {
        let measured: f64 = samples.iter().map(|sample| sample.value).sum();
        let expected: f64 = samples.iter().map(|sample| line.at(sample.rows)).sum();
        measured / expected
    };
    let difference = (slowness(one) / slowness(other)).ln().abs();
    difference.is_finite().then_some(difference)
}

/// Without the longest hundredth: a slot that waited for a lease says nothing of starts.
fn trimmed_mean(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.truncate(sorted.len() - sorted.len() / 100);
    sorted.iter().sum::<f64>() / as_f64(sorted.len().max(1))
}

fn origin(attempts: usize, periods: &BTreeSet<Period>) -> String {
    if attempts == 0 {
        DEFAULT.to_owned()
    } else {
        measured_from(attempts, periods)
    }
}

fn measured_from(attempts: usize, periods: &BTreeSet<Period>) -> String {
    format!(
        "measured ({} attempts of {})",
        grouped(attempts as u64),
        months(periods)
    )
}

fn months(periods: &BTreeSet<Period>) -> String {
    periods
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "numbers of attempts")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
