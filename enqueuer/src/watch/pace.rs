//! How fast documents are settled, from what was counted while watching. Whole numbers only: a rate is documents per
//! thousand seconds.

use std::collections::VecDeque;

use common::ledger::SettledLately;
use jiff::Timestamp;

/// The end is forecast from the pace of so long ago, as the sweep's alert is.
pub const PACE_OVER_MS: i64 = 600_000;

const MINUTE_MS: i64 = 60_000;

/// How many documents had been settled at an instant.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at_ms: i64,
    settled: i64,
}

/// What was counted.
#[derive(Debug)]
pub struct Pace {
    began: Sample,
    samples: VecDeque<Sample>,
}

/// When what is open will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// In so many milliseconds.
    In(i64),
    /// It has just begun.
    TooEarly,
    /// Nothing has been settled for ten minutes.
    Stalled,
}

impl Pace {
    /// From what the ledger knows of the time before the watch.
    pub fn of(began: Timestamp, now: Timestamp, settled: i64, lately: SettledLately) -> Self {
        let (began, now) = (began.as_millisecond(), now.as_millisecond());
        let sample = |at_ms: i64, since: i64| Sample {
            at_ms,
            settled: settled - since,
        };
        let began = sample(began, lately.since);
        let before = [
            sample(now - PACE_OVER_MS, lately.in_last_ten_minutes),
            sample(now - MINUTE_MS, lately.in_last_minute),
        ];
        let mut samples: VecDeque<Sample> = VecDeque::from([began]);
        samples.extend(
            before
                .into_iter()
                .filter(|sample| sample.at_ms > began.at_ms),
        );
        let mut pace = Self { began, samples };
        pace.observe_at(now, settled);
        pace
    }

    pub fn observe(&mut self, now: Timestamp, settled: i64) {
        self.observe_at(now.as_millisecond(), settled);
    }

    fn observe_at(&mut self, at_ms: i64, settled: i64) {
        // What an operator resubmits is not settled any more: that is no step back of those who work.
        let resubmitted = self.samples.back().map_or(0, |last| last.settled - settled);
        if resubmitted > 0 {
            self.began.settled -= resubmitted;
            for sample in &mut self.samples {
                sample.settled -= resubmitted;
            }
        }
        self.samples.push_back(Sample { at_ms, settled });
        while self
            .samples
            .get(1)
            .is_some_and(|second| second.at_ms <= at_ms - PACE_OVER_MS)
        {
            self.samples.pop_front();
        }
    }

    /// Documents per thousand seconds in the last minute.
    pub fn in_last_minute(&self) -> Option<i64> {
        self.rate_since(self.sample_of(MINUTE_MS)?)
    }

    /// Documents per thousand seconds since the run began.
    pub fn over_run(&self) -> Option<i64> {
        self.rate_since(self.began)
    }

    /// Documents that have been settled since the run began.
    pub fn settled_since_began(&self) -> i64 {
        let now = self.samples.back().map_or(0, |now| now.settled);
        now - self.began.settled
    }

    /// When so many documents will be settled.
    pub fn forecast(&self, open: i64) -> Forecast {
        let (Some(now), Some(since)) = (self.samples.back(), self.sample_of(PACE_OVER_MS)) else {
            return Forecast::TooEarly;
        };
        let settled = now.settled - since.settled;
        if settled > 0 {
            let over = (now.at_ms - since.at_ms).max(1);
            return Forecast::In(open.saturating_mul(over) / settled);
        }
        if now.at_ms - self.began.at_ms < PACE_OVER_MS {
            Forecast::TooEarly
        } else {
            Forecast::Stalled
        }
    }

    /// The last sample that is at least so old, or the first one.
    fn sample_of(&self, ago_ms: i64) -> Option<Sample> {
        let now = self.samples.back()?;
        let old = |sample: &&Sample| sample.at_ms <= now.at_ms - ago_ms;
        let found = self.samples.iter().rev().find(old);
        found.or(self.samples.front()).copied()
    }

    fn rate_since(&self, since: Sample) -> Option<i64> {
        let now = self.samples.back()?;
        let over = now.at_ms - since.at_ms;
        // Of less than a second nothing can be said.
        (over >= 1000).then(|| (now.settled - since.settled).saturating_mul(1_000_000) / over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn lately(in_last_minute: i64, in_last_ten_minutes: i64, since: i64) -> SettledLately {
        SettledLately {
            in_last_minute,
            in_last_ten_minutes,
            since,
        }
    }

    #[test]
    fn a_run_that_has_just_begun_has_no_forecast() {
        let mut pace = Pace::of(at(0), at(0), 0, lately(0, 0, 0));
        assert_eq!(pace.in_last_minute(), None);
        assert_eq!(pace.forecast(100), Forecast::TooEarly);
        pace.observe(at(10), 50);
        // 5 per second.
        assert_eq!(
            (pace.in_last_minute(), pace.over_run()),
            (Some(5000), Some(5000))
        );
        assert_eq!(pace.forecast(100), Forecast::In(20_000));
    }

    #[test]
    fn what_went_before_the_watch_counts() {
        // An hour ago; 7,200 since, of which 600 in the last ten minutes and 30 in the last.
        let mut pace = Pace::of(at(0), at(3600), 9000, lately(30, 600, 7200));
        assert_eq!(
            (pace.in_last_minute(), pace.over_run()),
            (Some(500), Some(2000))
        );
        assert_eq!(pace.forecast(60), Forecast::In(60_000));
        // The minute moves on.
        pace.observe(at(3630), 9090);
        pace.observe(at(3660), 9120);
        assert_eq!(pace.in_last_minute(), Some(2000));
        for tick in 0..2000 {
            pace.observe(at(3662 + 2 * tick), 9120);
        }
        assert_eq!(pace.in_last_minute(), Some(0));
        assert_eq!(pace.forecast(60), Forecast::Stalled);
        assert!(pace.samples.len() <= 302, "{}", pace.samples.len());
    }

    #[test]
    fn a_resubmission_is_no_step_back() {
        let mut pace = Pace::of(at(0), at(20), 100, lately(100, 100, 100));
        pace.observe(at(22), 60);
        assert_eq!(pace.over_run(), Some(100 * 1_000_000 / 22_000));
        pace.observe(at(32), 70);
        assert_eq!(pace.over_run(), Some(110 * 1_000_000 / 32_000));
        assert!(matches!(pace.forecast(10), Forecast::In(ms) if ms > 0));
    }
}
