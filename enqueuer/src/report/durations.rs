//! How long documents took: percentiles, and a histogram whose bins are a tenth of a decade wide.

use common::ledger::AttemptsAlike;

/// Where the bins of a decade begin; of ten milliseconds, of a hundred, and so on. What took less than ten milliseconds is one bin.
const EDGES: [i64; 10] = [10, 13, 16, 20, 25, 32, 40, 50, 63, 79];

/// Decades from ten milliseconds: up to eleven days.
const DECADES: u32 = 8;

/// Durations of attempts that succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    pub documents: i64,
    /// `None` = there are none.
    pub p50_ms: Option<i64>,
    pub p95_ms: Option<i64>,
    pub longest_ms: Option<i64>,
    pub sum_ms: i64,
    pub sum_rows: i64,
    pub bins: Vec<Bin>,
}

/// Documents that took so long or longer, and less than what the next bin begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bin {
    pub from_ms: i64,
    pub until_ms: i64,
    pub documents: i64,
}

impl Durations {
    /// Of the attempts that succeeded among these.
    pub fn of<'a>(attempts: impl IntoIterator<Item = &'a AttemptsAlike>) -> Self {
        let mut succeeded: Vec<&AttemptsAlike> = attempts
            .into_iter()
            .filter(|attempts| attempts.outcome.as_deref() == Some("succeeded"))
            .collect();
        succeeded.sort_by_key(|attempts| attempts.duration_ms);
        let sum =
            |of: fn(&AttemptsAlike) -> i64| succeeded.iter().map(|attempts| of(attempts)).sum();
        let documents: i64 = sum(|attempts| attempts.attempts);
        let percentile = |percent: i64| {
            // The nearest rank.
            let rank = (documents * percent + 99) / 100;
            let mut seen = 0;
            let found = succeeded.iter().find(|attempts| {
                seen += attempts.attempts;
                seen >= rank
            });
            found.map(|attempts| attempts.duration_ms)
        };
        Self {
            documents,
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            longest_ms: succeeded.iter().map(|attempts| attempts.longest_ms).max(),
            sum_ms: sum(|attempts| attempts.sum_ms),
            sum_rows: sum(|attempts| attempts.sum_rows),
            bins: bins(&succeeded),
        }
    }
}

/// From the first to the last one that is not empty.
fn bins(sorted: &[&AttemptsAlike]) -> Vec<Bin> {
    let decades = (0..DECADES).map(|decade| 10_i64.pow(decade));
    let edges = decades.flat_map(|size| EDGES.map(|edge| edge * size));
    let mut edges: Vec<i64> = std::iter::once(0).chain(edges).collect();
    edges.push(i64::MAX);
    let mut bins: Vec<Bin> = edges
        .windows(2)
        .map(|edge| Bin {
            from_ms: edge[0],
            until_ms: edge[1],
            documents: 0,
        })
        .collect();
    for attempts in sorted {
        let after = bins.partition_point(|bin| bin.from_ms <= attempts.duration_ms);
        bins[after - 1].documents += attempts.attempts;
    }
    let occupied = |bin: &Bin| bin.documents > 0;
    let Some(first) = bins.iter().position(occupied) else {
        return Vec::new();
    };
    let last = bins.iter().rposition(occupied).unwrap_or(first);
    bins[first..=last].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(duration_ms: i64, attempts: i64) -> AttemptsAlike {
        AttemptsAlike {
            outcome: Some("succeeded".to_owned()),
            rows_from: 10,
            duration_ms,
            attempts,
            longest_ms: duration_ms + 1,
            sum_ms: duration_ms * attempts,
            sum_rows: 30 * attempts,
            first_started_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn percentiles_are_the_nearest_rank_of_what_succeeded() {
        let lost = AttemptsAlike {
            outcome: Some("lost".to_owned()),
            ..took(9_999_999, 50)
        };
        let attempts = [
            took(2000, 4),
            took(100, 50),
            lost,
            took(400, 45),
            took(50_000, 1),
        ];
        let found = Durations::of(&attempts);
        assert_eq!(
            (found.documents, found.p50_ms, found.p95_ms),
            (100, Some(100), Some(400))
        );
        assert_eq!((found.longest_ms, found.sum_rows), (Some(50_001), 3000));
        let few = Durations::of(&[took(100, 1), took(200, 1), took(300, 1)]);
        assert_eq!((few.p50_ms, few.p95_ms), (Some(200), Some(300)));
        let none = Durations::of(&attempts[2..3]);
        assert_eq!((none.p50_ms, none.bins.len()), (None, 0));
    }

    #[test]
    fn every_document_is_in_one_bin() {
        let attempts = [
            took(0, 1),
            took(9, 1),
            took(10, 1),
            took(1290, 1),
            took(1300, 1),
            took(i64::MAX / 2, 1),
        ];
        let found = Durations::of(&attempts);
        let documents: i64 = found.bins.iter().map(|bin| bin.documents).sum();
        assert_eq!(documents, 6);
        let of = |from: i64| found.bins.iter().find(|bin| bin.from_ms == from).unwrap();
        assert_eq!((of(0).documents, of(10).documents), (2, 1));
        assert_eq!((of(1000).documents, of(1300).documents), (1, 1));
        assert!(
            found
                .bins
                .windows(2)
                .all(|bins| bins[0].until_ms == bins[1].from_ms)
        );
    }
}
