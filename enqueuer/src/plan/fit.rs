//! From past documents to what one of so many rows takes, and how single ones fall out beside that.

use super::replications::normal_quantile;

/// Past ratios that are kept: enough to resample from.
const RATIOS: usize = 512;

/// What a document of so many rows takes: seconds, or bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    pub per_document: f64,
    pub per_row: f64,
}

impl Line {
    pub fn at(&self, rows: f64) -> f64 {
        self.per_row.mul_add(rows, self.per_document)
    }

    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            per_document: self.per_document * factor,
            per_row: self.per_row * factor,
        }
    }
}

/// A past document.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub rows: f64,
    pub value: f64,
}

/// A line through what was measured. What a row costs cannot be told from documents that have all about as many: there the
/// default stays, as a slope known to its own size, and gives way as far as the rows differ.
pub fn line(samples: &[Sample], default: Line) -> Line {
    // Errors grow with documents: a document counts by its relative error.
    let weights: Vec<f64> = samples
        .iter()
        .map(|sample| default.at(sample.rows).max(f64::MIN_POSITIVE).powi(-2))
        .collect();
    let sum = |of: &dyn Fn(&Sample) -> f64| -> f64 {
        samples
            .iter()
            .zip(&weights)
            .map(|(sample, weight)| weight * of(sample))
            .sum()
    };
    let weight: f64 = weights.iter().sum();
    if weight <= 0.0 {
        return default;
    }
    let (rows, value) = (sum(&|s| s.rows) / weight, sum(&|s| s.value) / weight);
    let variance = sum(&|s| (s.rows - rows).powi(2));
    let covariance = sum(&|s| (s.rows - rows) * (s.value - value));
    let slope = if variance > 0.0 {
        covariance / variance
    } else {
        0.0
    };
    let noise = sum(&|s| (s.value - value - slope * (s.rows - rows)).powi(2)) / count(samples);
    let doubt = noise / default.per_row.powi(2);
    let per_row = ((covariance + doubt * default.per_row)
        / (variance + doubt).max(f64::MIN_POSITIVE))
    .max(0.0);
    let fitted = match value - per_row * rows {
        per_document if per_document >= 0.0 => Line {
            per_document,
            per_row,
        },
        _ => Line {
            per_document: 0.0,
            per_row: value / rows.max(1.0),
        },
    };
    // The sum is what a month takes: it is kept exactly.
    let expected: f64 = samples.iter().map(|sample| fitted.at(sample.rows)).sum();
    let measured: f64 = samples.iter().map(|sample| sample.value).sum();
    if expected > 0.0 && measured > 0.0 {
        fitted.times(measured / expected)
    } else {
        default
    }
}

/// How the samples fell out beside the line, 1 on average.
pub fn ratios(samples: &[Sample], line: Line) -> Vec<f64> {
    let mut ratios: Vec<f64> = samples
        .iter()
        .map(|sample| sample.value / line.at(sample.rows).max(f64::MIN_POSITIVE))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let every = ratios.len().div_ceil(RATIOS).max(1);
    // In the middle of each stretch.
    normalised(ratios.into_iter().skip(every / 2).step_by(every).collect())
}

/// Ratios that nobody has measured: mostly alike, some much longer.
pub fn assumed_ratios(deviation: f64) -> Vec<f64> {
    const SHARES: u32 = 64;
    let ratio =
        |n: u32| (deviation * normal_quantile((f64::from(n) + 0.5) / f64::from(SHARES))).exp();
    normalised((0..SHARES).map(ratio).collect())
}

fn normalised(mut ratios: Vec<f64>) -> Vec<f64> {
    let mean = ratios.iter().sum::<f64>() / count(&ratios);
    if ratios.is_empty() || mean <= 0.0 {
        return vec![1.0];
    }
    for ratio in &mut ratios {
        *ratio /= mean;
    }
    ratios
}

#[expect(clippy::cast_precision_loss, reason = "numbers of samples")]
fn count<T>(samples: &[T]) -> f64 {
    samples.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Line = Line {
        per_document: 0.01,
        per_row: 20e-6,
    };

    fn sample(rows: f64, value: f64) -> Sample {
        Sample { rows, value }
    }

    #[test]
    fn what_differs_in_rows_tells_what_a_row_costs() {
        let samples: Vec<Sample> = (1..=1000)
            .map(|n| f64::from(n) * 100.0)
            .map(|rows| sample(rows, 0.05 + rows * 90e-6))
            .collect();
        let found = line(&samples, DEFAULT);
        assert!((found.per_row / 90e-6 - 1.0).abs() < 0.01, "{found:?}");
        assert!((found.per_document / 0.05 - 1.0).abs() < 0.05, "{found:?}");
        assert!(
            ratios(&samples, found)
                .iter()
                .all(|ratio| (ratio - 1.0).abs() < 0.05)
        );
    }

    #[test]
    fn documents_alike_leave_the_default_of_a_row_and_move_that_of_a_document() {
        // Three to five rows, with noise that looks like a slope.
        let samples: Vec<Sample> = (0..300)
            .map(|n| f64::from(n % 3))
            .map(|n| sample(3.0 + n, if n > 1.0 { 0.04 } else { 0.02 }))
            .collect();
        let found = line(&samples, DEFAULT);
        assert!(found.per_row < 3.0 * DEFAULT.per_row, "{found:?}");
        let mean = samples.iter().map(|sample| sample.value).sum::<f64>() / 300.0;
        assert!((found.at(4.0) / mean - 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn sums_are_kept_and_nothing_is_negative() {
        let samples: Vec<Sample> = (1..200)
            .map(f64::from)
            .map(|n| sample(n * 50.0, n * n * 1e-4))
            .collect();
        let found = line(&samples, DEFAULT);
        assert!(
            found.per_document >= 0.0 && found.per_row > 0.0,
            "{found:?}"
        );
        let (expected, measured) =
            samples
                .iter()
                .fold((0.0, 0.0), |(expected, measured), sample| {
                    (expected + found.at(sample.rows), measured + sample.value)
                });
        assert!((expected / measured - 1.0).abs() < 1e-6);
        let ratios = ratios(&samples, found);
        assert!((ratios.iter().sum::<f64>() / count(&ratios) - 1.0).abs() < 1e-6);
        assert_eq!(line(&[], DEFAULT), DEFAULT);
        assert_eq!(super::ratios(&[], DEFAULT), [1.0]);
    }

    #[test]
    fn assumed_ratios_are_one_on_average_and_spread() {
        let ratios = assumed_ratios(0.3);
        assert!((ratios.iter().sum::<f64>() / count(&ratios) - 1.0).abs() < 1e-9);
        assert!(
            ratios[0] < 0.6 && ratios[ratios.len() - 1] > 1.8,
            "{ratios:?}"
        );
    }
}
