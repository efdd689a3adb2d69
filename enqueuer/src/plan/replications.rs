//! Many simulated month ends → when it ends at the latest with 50 % and with 95 % certainty, and what it takes.

use super::simulation::{Outcome, Queue, Work, simulate};

/// Slots simulated for one distribution, so that half a million documents take seconds.
const BUDGET: usize = 4_000_000;
const AT_LEAST: usize = 12;
const AT_MOST: usize = 200;

/// The distribution of a month end.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// Seconds after the run's begin.
    pub p50: f64,
    pub p95: f64,
    /// Mean seconds that slots of each class hold their place, and those that are billed.
    pub busy: Vec<f64>,
    pub billed: Vec<f64>,
    /// Converters at a time, at most.
    pub at_peak: u32,
    pub replications: usize,
}

/// Simulates as many month ends as the budget holds. `uncertainty`: by how much the pace of a whole month differs from what
/// is expected, as the deviation of its logarithm. It is not drawn but spread evenly over the replications, so that few of them do.
pub fn distribution(work: &Work, queue: &Queue, uncertainty: f64) -> Distribution {
    let replications = (BUDGET / work.slots.len().max(1)).clamp(AT_LEAST, AT_MOST);
    let outcomes: Vec<Outcome> = (0..replications)
        .map(|n| {
            let slowness = slowness((as_f64(n) + 0.5) / as_f64(replications), uncertainty);
            simulate(work, queue, slowness, n as u64)
        })
        .collect();
    let mut ends: Vec<f64> = outcomes.iter().map(|outcome| outcome.finished_at).collect();
    ends.sort_by(f64::total_cmp);
    let mean = |of: fn(&Outcome) -> &Vec<f64>| -> Vec<f64> {
        (0..queue.classes.len())
            .map(|class| {
                outcomes
                    .iter()
                    .map(|outcome| of(outcome)[class])
                    .sum::<f64>()
            })
            .map(|sum| sum / as_f64(replications))
            .collect()
    };
    Distribution {
        p50: quantile(&ends, 0.5),
        p95: quantile(&ends, 0.95),
        busy: mean(|outcome| &outcome.busy),
        billed: mean(|outcome| &outcome.billed),
        at_peak: outcomes
            .iter()
            .map(|outcome| outcome.at_peak)
            .max()
            .unwrap_or_default(),
        replications,
    }
}

/// The P95 by one replication alone, at that slowness: for searches.
pub fn quick_p95(work: &Work, queue: &Queue, uncertainty: f64) -> f64 {
    simulate(work, queue, slowness(0.95, uncertainty), 0).finished_at
}

/// How many times as long a month takes that is slower than so many of all months.
fn slowness(probability: f64, uncertainty: f64) -> f64 {
    (uncertainty * normal_quantile(probability)).exp()
}

/// Of sorted values, each of which stands for the middle of its share.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let position = (probability * as_f64(sorted.len()) - 0.5)
        .clamp(0.0, as_f64(sorted.len().saturating_sub(1)));
    let below = floor(position);
    let above = (below + 1).min(sorted.len().saturating_sub(1));
    let part = position - as_f64(below);
    sorted[below] + (sorted[above] - sorted[below]) * part
}

/// Of the normal distribution, to two decimals: Tukey's lambda with Shore's constants.
pub fn normal_quantile(probability: f64) -> f64 {
    4.91 * (probability.powf(0.14) - (1.0 - probability).powf(0.14))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list"
)]
fn floor(position: f64) -> usize {
    position as usize
}

#[expect(clippy::cast_precision_loss, reason = "numbers of replications")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::simulation::{Class, Job, Retry, Slot};
    use super::*;

    /// One slot of a hundred seconds.
    fn distribution_of(uncertainty: f64) -> Distribution {
        let queue = Queue {
            capacity: 1000,
            converters: None,
            classes: vec![Class {
                vcpu: 1000,
                start_up: 0.0,
                ratios: vec![1.0],
                billed_at_least: 0.0,
            }],
            launches: None,
            retry: Retry {
                share: 0.0,
                in_place: false,
            },
            job_by_job: false,
        };
        let work = Work {
            jobs: vec![Job {
                submitted_at: 0.0,
                class: 0,
                slots: 1,
            }],
            slots: vec![Slot {
                seconds: 100.0,
                spread: 1.0,
                documents: 1,
            }],
        };
        let found = distribution(&work, &queue, uncertainty);
        let quick = quick_p95(&work, &queue, uncertainty);
        assert!((quick / found.p95 - 1.0).abs() < 0.01, "{quick}: {found:?}");
        found
    }

    #[test]
    fn slow_months_make_the_p95_and_the_middle_one_the_p50() {
        let sure = distribution_of(0.0);
        assert!((sure.p50 - 100.0).abs() < 1e-6, "{sure:?}");
        assert!((sure.p95 - 100.0).abs() < 1e-6, "{sure:?}");
        // A deviation of 20 %: 1.645 of it above the middle.
        let unsure = distribution_of(0.2);
        assert!((unsure.p50 - 100.0).abs() < 1.0, "{unsure:?}");
        assert!((unsure.p95 - 139.0).abs() < 2.0, "{unsure:?}");
    }

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (probability, known) in [
            (0.5, 0.0),
            (0.841_3, 1.0),
            (0.95, 1.645),
            (0.05, -1.645),
            (0.975, 1.96),
        ] {
            let found = normal_quantile(probability);
            assert!((found - known).abs() < 0.01, "{probability}: {found}");
        }
        let values: Vec<f64> = (0..20).map(f64::from).collect();
        assert!((quantile(&values, 0.5) - 9.5).abs() < 1e-9);
        assert!((quantile(&values, 0.95) - 18.5).abs() < 1e-9);
        assert!((quantile(&[7.0], 0.95) - 7.0).abs() < 1e-9);
    }
}
