//! What became of a document's rows, in words.

use common::digests::{Digested, SectionDigest, SectionDigests};

use crate::numbers::counted;

/// What a comparison of one document comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Same,
    /// Then and now have no section in common: the profile has another basis, or shows other sections.
    Incomparable,
    Changed {
        /// In words.
        change: String,
        /// Rows were lost, and nothing else happened.
        is_loss: bool,
    },
}

/// Compares the rows that a document was made from with those of the source now. Sections that only one of them has are the profile's
/// doing.
pub fn difference(then: &SectionDigests, now: &Digested) -> Outcome {
    let now = match now {
        Digested::Rows(now) => now,
        Digested::Unreadable(cause) => {
            return Outcome::Changed {
                change: format!("changed so that its rows cannot be read any more ({cause})"),
                is_loss: false,
            };
        }
    };
    let both: Vec<(&str, &SectionDigest, &SectionDigest)> = then
        .0
        .iter()
        .filter_map(|(name, then)| Some((name.as_str(), then, now.0.get(name)?)))
        .collect();
    if both.is_empty() && !then.0.is_empty() {
        return Outcome::Incomparable;
    }
    let changed = || both.iter().filter(|(_, then, now)| then != now);
    if changed().next().is_none() {
        return Outcome::Same;
    }
    let more = changed().any(|(_, then, now)| now.rows > then.rows);
    let fewer = changed().any(|(_, then, now)| now.rows < then.rows);
    let what = match (more, fewer) {
        (true, false) => "booked late",
        (false, true) => "cancelled",
        _ => "changed",
    };
    let sections: Vec<String> = changed()
        .map(|(name, then, now)| section(name, then, now))
        .collect();
    Outcome::Changed {
        change: format!("{what}: {}", sections.join("; ")),
        is_loss: changed().all(|(_, then, now)| now.rows < then.rows),
    }
}

/// `trades: 1 row then, 2 now`.
fn section(name: &str, then: &SectionDigest, now: &SectionDigest) -> String {
    let name = name.split('/').next().unwrap_or_default();
    let name = name.replace('_', " ");
    let rows = counted(then.rows, "row");
    if then.rows == now.rows {
        format!("{name}: {rows}, and not the same")
    } else {
        format!("{name}: {rows} then, {} now", now.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(sections: &[(&str, u64, &str)]) -> SectionDigests {
        let sections = sections.iter().map(|(name, rows, digest)| {
            let digest = SectionDigest {
                rows: *rows,
                digest: (*digest).to_owned(),
            };
            ((*name).to_owned(), digest)
        });
        SectionDigests(sections.collect())
    }

    fn compared(then: &[(&str, u64, &str)], now: &[(&str, u64, &str)]) -> Outcome {
        difference(&digests(then), &Digested::Rows(digests(now)))
    }

    fn changed(change: &str, is_loss: bool) -> Outcome {
        Outcome::Changed {
            change: change.to_owned(),
            is_loss,
        }
    }

    #[test]
    fn late_bookings_cancellations_and_other_values_are_told_apart() {
        let then = [("trades/trade_date", 1, "a"), ("cash_movements", 3, "b")];
        assert_eq!(compared(&then, &then), Outcome::Same);
        assert_eq!(
            compared(
                &then,
                &[("trades/trade_date", 2, "x"), ("cash_movements", 3, "b")]
            ),
            changed("booked late: trades: 1 row then, 2 now", false)
        );
        assert_eq!(
            compared(
                &then,
                &[("trades/trade_date", 0, "x"), ("cash_movements", 2, "y")]
            ),
            changed(
                "cancelled: cash movements: 3 rows then, 2 now; trades: 1 row then, 0 now",
                true
            )
        );
        assert_eq!(
            compared(
                &then,
                &[("trades/trade_date", 1, "x"), ("cash_movements", 3, "b")]
            ),
            changed("changed: trades: 1 row, and not the same", false)
        );
        // More here, fewer there, is neither; fewer rows among which others changed are no mere loss.
        let both = compared(
            &then,
            &[("trades/trade_date", 2, "x"), ("cash_movements", 2, "y")],
        );
        assert!(
            matches!(&both, Outcome::Changed { change, is_loss: false } if change.starts_with("changed:")),
            "{both:?}"
        );
        let other = compared(
            &then,
            &[("trades/trade_date", 0, "x"), ("cash_movements", 3, "y")],
        );
        assert!(
            matches!(&other, Outcome::Changed { change, is_loss: false } if change.starts_with("cancelled:")),
            "{other:?}"
        );
    }

    #[test]
    fn what_the_profile_does_is_no_change() {
        let then = [("trades/trade_date", 1, "a"), ("cash_movements", 3, "b")];
        assert_eq!(
            compared(&then, &[("cash_movements", 3, "b")]),
            Outcome::Same
        );
        assert_eq!(
            compared(&then[..1], &[("trades/settlement_date", 9, "x")]),
            Outcome::Incomparable
        );
        assert_eq!(compared(&[], &[]), Outcome::Same);
    }

    #[test]
    fn what_cannot_be_read_any_more_has_changed() {
        let unreadable = Digested::Unreadable("shape".to_owned());
        let outcome = difference(&digests(&[("cash", 1, "a")]), &unreadable);
        assert!(matches!(outcome, Outcome::Changed { is_loss: false, .. }));
    }
}
