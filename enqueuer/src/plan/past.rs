//! What past jobs tell: seconds and bytes of documents, what a slot takes beside its documents, and how much comes to nothing.

use std::collections::{BTreeMap, BTreeSet};

use common::ledger::{Ending, PastAttempt, PastJob};
use common::statement::Period;

use super::fit::Sample;

/// Slots whose begin tells how long a start takes: those that waited for no room.
const FIRST_SLOTS: usize = 20;

/// Documents of one size class as they were; locally there is one class.
#[derive(Debug, Default)]
pub struct PastClass {
    pub seconds: Vec<Sample>,
    /// The same by period, to tell how months differ.
    pub by_period: BTreeMap<Period, Vec<Sample>>,
    pub periods: BTreeSet<Period>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Past {
    pub classes: BTreeMap<Option<String>, PastClass>,
    pub bytes: Vec<Sample>,
    pub attempts: usize,
    /// Of these, given back or lost.
    pub to_nothing: usize,
    pub periods: BTreeSet<Period>,
    /// Seconds of a slot beside its documents.
    pub start_ups: Vec<f64>,
    /// Converters at a time that the local ones of the start-ups were.
    pub parallel: Option<usize>,
}

impl Past {
    pub fn of(jobs: &[PastJob], is_local: bool) -> Self {
        let mut past = Self::default();
        let mut begun = BTreeSet::new();
        for job in jobs.iter().filter(|job| !job.attempts.is_empty()) {
            past.periods.insert(job.period);
            past.attempts += job.attempts.len();
            past.to_nothing += job
                .attempts
                .iter()
                .filter(|attempt| attempt.ending == Ending::ToNothing)
                .count();
            past.take_documents(job);
            if is_local {
                let (parallel, gaps) = gaps(job);
                past.parallel = past.parallel.max(Some(parallel));
                past.start_ups.extend(gaps);
            } else if begun.insert(&job.run_id) {
                past.start_ups.extend(first_begins(job));
            }
        }
        past
    }

    fn take_documents(&mut self, job: &PastJob) {
        let class = self.classes.entry(job.size_class.clone()).or_default();
        class.periods.insert(job.period);
        for (attempt, next) in with_next(&job.attempts) {
            if attempt.ending != Ending::Succeeded {
                continue;
            }
            // What lies between two documents of a slot belongs to the first of them.
            let until = next.map_or(attempt.ended_ms, |next| {
                next.started_ms.max(attempt.ended_ms)
            });
            let rows = as_f64(attempt.estimated_rows);
            let seconds = Sample {
                rows,
                value: as_f64(until - attempt.started_ms).max(0.0) / 1000.0,
            };
            class.seconds.push(seconds);
            class.by_period.entry(job.period).or_default().push(seconds);
            if let Some(bytes) = attempt.bytes {
                self.bytes.push(Sample {
                    rows,
                    value: as_f64(bytes),
                });
            }
        }
    }
}

/// Each attempt with the next one of the same process.
fn with_next(
    attempts: &[PastAttempt],
) -> impl Iterator<Item = (&PastAttempt, Option<&PastAttempt>)> {
    attempts.iter().enumerate().map(|(n, attempt)| {
        let next = attempts.get(n + 1);
        (
            attempt,
            next.filter(|next| (next.slot, next.number) == (attempt.slot, attempt.number)),
        )
    })
}

/// Processes, each from its first document to the end of its last, in milliseconds.
fn processes<'a>(attempts: impl Iterator<Item = &'a PastAttempt>) -> Vec<(i64, i64)> {
    let mut processes: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
    for attempt in attempts {
        let process = processes
            .entry((attempt.slot, attempt.number))
            .or_insert((attempt.started_ms, attempt.ended_ms));
        process.0 = process.0.min(attempt.started_ms);
        process.1 = process.1.max(attempt.ended_ms);
    }
    processes.into_values().collect()
}

/// Of a local job: how many processes ran at a time, and the seconds from the end of one's last document to the next one's first.
/// Whatever lies between, the one ends and the other starts.
fn gaps(job: &PastJob) -> (usize, Vec<f64>) {
    let processes = processes(job.attempts.iter());
    let mut starts: Vec<i64> = processes.iter().map(|process| process.0).collect();
    let mut ends: Vec<i64> = processes.iter().map(|process| process.1).collect();
    starts.sort_unstable();
    ends.sort_unstable();
    // At a start, all that began and have not ended run.
    let parallel = starts
        .iter()
        .enumerate()
        .map(|(begun, start)| begun + 1 - ends.partition_point(|end| end <= start))
        .max()
        .unwrap_or(1);
    // With so many places the n-th process follows the one that ended as the (n - places)-th.
    let gaps = starts
        .iter()
        .skip(parallel)
        .zip(&ends)
        .map(|(start, end)| as_f64((start - end).max(0)) / 1000.0);
    (parallel, gaps.collect())
}

/// Of a run's first job on AWS, which finds the queue empty: the seconds from its submission to the first document of its first slots.
fn first_begins(job: &PastJob) -> Vec<f64> {
    let first_tries = job.attempts.iter().filter(|attempt| attempt.number == 1);
    let mut starts: Vec<i64> = processes(first_tries)
        .iter()
        .map(|process| process.0)
        .collect();
    starts.sort_unstable();
    starts.truncate(FIRST_SLOTS);
    let since = |start: i64| as_f64((start - job.recorded_ms).max(0)) / 1000.0;
    starts.into_iter().map(since).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds, rows and bytes of a document"
)]
pub fn as_f64(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(slot: i64, started_ms: i64, ended_ms: i64) -> PastAttempt {
        PastAttempt {
            slot,
            number: 1,
            started_ms,
            ended_ms,
            ending: Ending::Succeeded,
            estimated_rows: 3,
            bytes: Some(9000),
        }
    }

    fn job(attempts: Vec<PastAttempt>) -> PastJob {
        PastJob {
            run_id: "r".to_owned(),
            period: "2026-10".parse().unwrap(),
            size_class: None,
            recorded_ms: 0,
            attempts,
        }
    }

    #[test]
    fn what_lies_between_two_slots_is_what_a_process_takes() {
        // Two lanes, 5 ms between a slot's end and the next one's begin on its lane.
        let job = job(vec![
            attempt(0, 10, 30),
            attempt(1, 10, 20),
            attempt(2, 25, 40),
            attempt(3, 35, 50),
            attempt(4, 45, 60),
        ]);
        let past = Past::of(&[job], true);
        assert_eq!(past.parallel, Some(2));
        assert_eq!(past.start_ups, [0.005, 0.005, 0.005]);
        assert_eq!((past.attempts, past.to_nothing), (5, 0));
    }

    #[test]
    fn what_lies_between_two_documents_of_a_slot_belongs_to_the_documents() {
        let job = job(vec![
            attempt(0, 10, 30),
            attempt(0, 34, 40),
            attempt(1, 50, 60),
        ]);
        let past = Past::of(&[job], true);
        let seconds: Vec<f64> = past.classes[&None]
            .seconds
            .iter()
            .map(|sample| sample.value)
            .collect();
        assert_eq!(seconds, [0.024, 0.006, 0.010]);
        assert_eq!(past.start_ups, [0.010], "one lane");
    }

    #[test]
    fn what_came_to_nothing_is_counted_and_tells_no_seconds() {
        let lost = PastAttempt {
            ending: Ending::ToNothing,
            ..attempt(0, 10, 5000)
        };
        let again = PastAttempt {
            number: 2,
            ..attempt(0, 6000, 6010)
        };
        let failed = PastAttempt {
            ending: Ending::Failed,
            ..attempt(1, 10, 12)
        };
        let past = Past::of(&[job(vec![lost, again, failed])], false);
        assert_eq!((past.attempts, past.to_nothing), (3, 1));
        assert_eq!(past.classes[&None].seconds.len(), 1);
        assert_eq!(past.start_ups, [0.01, 0.01]);
    }
}
