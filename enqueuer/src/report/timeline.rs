//! When documents were settled: the stretch of time that a chart shows, in at most so many steps.

use common::Result;
use common::ledger::{Reading, SettledIn};
use jiff::Timestamp;

/// Steps of a chart at most.
const STEPS: i64 = 150;

/// What is apart by less belongs together, however short it is itself.
const GAP_MS: i64 = 30 * 60_000;

/// Looks at most: each leaves out what lies far from the most of the documents.
const LOOKS: usize = 8;

/// Lengths of a step that can be told.
const STEP_MS: [i64; 22] = [
    10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 900_000, 1_800_000, 3_600_000, 10_800_000, 43_200_000, 86_400_000,
];

/// Published and failed documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    pub succeeded: i64,
    pub failed: i64,
}

impl Settled {
    pub fn all(self) -> i64 {
        self.succeeded + self.failed
    }

    fn add(&mut self, step: &SettledIn) {
        if step.succeeded {
            self.succeeded += step.documents;
        } else {
            self.failed += step.documents;
        }
    }
}

/// The stretch in which most documents were settled. An operator who reissues one weeks later does not squeeze the night into
/// a line.
#[derive(Debug, Clone)]
pub struct Timeline {
    pub from: Timestamp,
    /// When the last of its documents was settled; of a stretch that others follow, the end of its last step.
    pub end: Timestamp,
    pub step_ms: i64,
    /// Settled before it.
    pub before: Settled,
    /// Settled until the end of each step since `from`, with what went before.
    pub until: Vec<Settled>,
    /// Settled after it.
    pub after: Settled,
}

impl Timeline {
    pub fn length_ms(&self) -> i64 {
        self.end.as_millisecond() - self.from.as_millisecond()
    }

    /// Of the stretch alone.
    pub fn documents(&self) -> i64 {
        self.last().all() - self.before.all()
    }

    /// Nothing was settled before or after it.
    pub fn is_all(&self) -> bool {
        self.before.all() + self.after.all() == 0
    }

    pub fn last(&self) -> Settled {
        self.until.last().copied().unwrap_or(self.before)
    }
}

/// Finds the stretch between the first run's start and the last settled document.
pub async fn find(
    reading: &mut Reading<'_>,
    starts: &[Timestamp],
    last: Timestamp,
) -> Result<Option<Timeline>> {
    let Some(first) = starts.first() else {
        return Ok(None);
    };
    let (mut from, mut until) = (first.as_millisecond(), last.as_millisecond() + 1);
    let (mut before, mut after) = (Settled::default(), Settled::default());
    let mut look = 0;
    loop {
        look += 1;
        let step_ms = step(until - from);
        let steps = reading.settled(at(from)?, at(until)?, step_ms).await?;
        let Some((head, tail)) = stretch(&steps, step_ms) else {
            return Ok(None);
        };
        let (begin, end) = (from + head * step_ms, from + (tail + 1) * step_ms);
        // The start of the run belongs to it; by whole steps, so that no document is counted twice.
        let begin = from + (start_of(starts, from, begin) - from) / step_ms * step_ms;
        for step in &steps {
            if from + step.step * step_ms < begin {
                before.add(step);
            } else if step.step > tail {
                after.add(step);
            }
        }
        let is_narrower = (end.min(until) - begin) * 2 < until - from;
        let (shown_from, shown_until) = (begin, end.min(until));
        if is_narrower && look < LOOKS && step_ms > STEP_MS[0] {
            (from, until) = (shown_from, shown_until);
            continue;
        }
        let step_ms = step(shown_until - shown_from);
        let steps = reading
            .settled(at(shown_from)?, at(shown_until)?, step_ms)
            .await?;
        let until = cumulated(before, &steps);
        let length_ms = i64::try_from(until.len()).unwrap_or(i64::MAX) * step_ms;
        return Ok(Some(Timeline {
            from: at(shown_from)?,
            end: at((shown_from + length_ms).min(last.as_millisecond()))?,
            step_ms,
            before,
            until,
            after,
        }));
    }
}

fn at(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|reason| {
        common::Error::bug("an instant of the ledger is impossible").because(reason)
    })
}

fn step(length_ms: i64) -> i64 {
    let fits = |step: &i64| length_ms <= step * STEPS;
    let found = STEP_MS.into_iter().find(fits);
    found.unwrap_or_else(|| length_ms / STEPS + 1)
}

/// The first and the last step of the stretch that has most of the documents.
fn stretch(steps: &[SettledIn], step_ms: i64) -> Option<(i64, i64)> {
    let gap = (GAP_MS / step_ms).max(STEPS / 10);
    let mut best: Option<(i64, i64, i64)> = None;
    let mut current: Option<(i64, i64, i64)> = None;
    for step in steps {
        current = match current {
            Some((head, tail, documents)) if step.step - tail <= gap => {
                Some((head, step.step, documents + step.documents))
            }
            _ => Some((step.step, step.step, step.documents)),
        };
        if current.map(|(.., documents)| documents) > best.map(|(.., documents)| documents) {
            best = current;
        }
    }
    best.map(|(head, tail, _)| (head, tail))
}

/// The latest start of a run that is not after the first settled document of a stretch, if it is near enough.
fn start_of(starts: &[Timestamp], from: i64, begin: i64) -> i64 {
    let near = |start: &i64| *start >= from && *start <= begin;
    let mut starts = starts.iter().map(|start| start.as_millisecond());
    starts.rfind(near).unwrap_or(begin)
}

fn cumulated(before: Settled, steps: &[SettledIn]) -> Vec<Settled> {
    let last = steps.last().map_or(0, |step| step.step);
    let mut sum = before;
    let mut steps = steps.iter().peekable();
    (0..=last)
        .map(|n| {
            while let Some(step) = steps.next_if(|step| step.step <= n) {
                sum.add(step);
            }
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(step: i64, documents: i64) -> SettledIn {
        SettledIn {
            step,
            succeeded: documents % 2 == 0,
            documents,
        }
    }

    #[test]
    fn the_stretch_is_where_most_documents_are() {
        let steps = [
            settled(0, 3),
            settled(60, 100),
            settled(61, 200),
            settled(63, 10),
            settled(149, 2),
        ];
        // Steps of an hour: what is half a day apart is another stretch.
        assert_eq!(stretch(&steps, 3_600_000), Some((60, 63)));
        // Of a second: all within half an hour.
        assert_eq!(stretch(&steps, 1000), Some((0, 149)));
        assert_eq!(stretch(&[], 1000), None);
    }

    #[test]
    fn sums_go_on_from_what_went_before() {
        let before = Settled {
            succeeded: 10,
            failed: 1,
        };
        let sums = cumulated(before, &[settled(1, 4), settled(1, 3), settled(3, 2)]);
        let sum = |succeeded, failed| Settled { succeeded, failed };
        assert_eq!(sums, [sum(10, 1), sum(14, 4), sum(14, 4), sum(16, 4)]);
    }

    #[test]
    fn steps_are_few() {
        for length in [
            1,
            999,
            12_000,
            1_740_000,
            30 * 86_400_000,
            40_000 * 86_400_000,
        ] {
            let step = step(length);
            assert!((length - 1) / step < STEPS, "{length}: {step}");
        }
    }
}
