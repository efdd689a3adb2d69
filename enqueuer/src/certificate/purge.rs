//! A period whose source was purged: nothing can be held against it any more, which is one thing to say and not half a million.

use std::collections::HashSet;

use common::Result;
use common::contract::{CASH_BALANCES, POSITIONS, Relation, TRADES};
use common::database::{Whose, statement_failed};
use common::ledger::{PublishedCounts, Snapshots, State};
use common::profile::{Basis, Section};
use common::source::Source;
use common::statement::{Kind, Period};

use super::counts::Latest;
use crate::activity::{of_snapshots, within};
use crate::numbers::{counted, grouped};
use crate::targets::Targets;

/// So few documents may each have been cancelled, unless all of them are gone.
const FEW: usize = 20;

/// A part of the source that documents were made from, and that has no row any more.
#[derive(Debug)]
pub struct Lost {
    relation: &'static Relation,
    /// The documents that are made from it.
    pub kinds: &'static [Kind],
    /// In words.
    pub says: String,
}

impl Lost {
    /// Whether it certainly was there once: of the snapshots' days the run took note, and trades are listed by several documents. One alone
    /// may have been cancelled.
    pub fn was_there(&self, published: &[PublishedCounts]) -> bool {
        !self.is_of_trades() || published.iter().filter(|one| lists_trades(one)).count() > 1
    }

    pub fn is_of_trades(&self) -> bool {
        self.relation.name == TRADES.name
    }
}

fn lists_trades(document: &PublishedCounts) -> bool {
    let rows = document.rows.get(Section::Trades.as_str());
    rows.is_some_and(|rows| *rows > 0)
}

/// The snapshots' days without a row, and the period without a trade.
pub async fn lost(
    source: &mut Source,
    period: Period,
    trade_basis: Basis,
    snapshots: &Snapshots,
) -> Result<Vec<Lost>> {
    const HOLDINGS: &[Kind] = &[Kind::Balance];
    let days: [(_, _, &'static [Kind]); 4] = [
        (&POSITIONS, snapshots.positions_opening, HOLDINGS),
        (&POSITIONS, snapshots.positions_closing, HOLDINGS),
        (&CASH_BALANCES, snapshots.cash_opening, &Kind::ALL),
        (&CASH_BALANCES, snapshots.cash_closing, &Kind::ALL),
    ];
    let of_days = days.into_iter().filter_map(|(relation, day, kinds)| {
        Some((relation, of_snapshots([day]), day?.to_string(), kinds))
    });
    let traded = within(trade_basis.column(), period);
    let of_period: (&'static Relation, _, _, &'static [Kind]) =
        (&TRADES, traded, period.to_string(), &Kind::ALL);
    let mut lost = Vec::new();
    for (relation, condition, of, kinds) in of_days.chain([of_period]) {
        let query = source.sql(&format!(
            "SELECT count(*) FROM (SELECT 1 AS one FROM {} t WHERE {condition} LIMIT 1) AS s",
            relation.name
        ));
        let rows: i64 = sqlx::query_scalar(query)
            .fetch_one(source.connection())
            .await
            .map_err(statement_failed(
                "looking for what was purged",
                Whose::Source,
            ))?;
        if rows == 0 {
            let says = format!(
                "{} has no row of {of} any more: it was purged, or lost them; what was made from them cannot be compared, and is not to be \
                 reissued",
                relation.name
            );
            lost.push(Lost {
                relation,
                kinds,
                says,
            });
        }
    }
    Ok(lost)
}

/// Tells, of a kind, that the source gives no rise any more to most of what was published: to all, of few documents.
pub fn of_kind(kind: Kind, source: &Targets, latest: &Latest<'_>) -> Option<String> {
    let due = source.due.iter().map(|due| &due.document);
    let excused = source.excused.iter().map(|excused| &excused.document);
    let known: HashSet<&str> = due
        .chain(excused)
        .filter(|document| document.kind == kind)
        .map(|document| document.account_id.as_str())
        .collect();
    let published = latest
        .values()
        .filter(|document| document.kind == kind && document.state == State::Succeeded);
    let (mut gone, mut all) = (0, 0);
    for document in published {
        all += 1;
        gone += usize::from(!known.contains(document.account_id.as_str()));
    }
    is_most(gone, all).then(|| {
        format!(
            "{kind}: the source has no rows any more of {} of {}: it was purged, or lost them; they cannot be compared with it, \
             and are not to be reissued",
            grouped(gone as u64),
            counted(all as u64, "published document"),
        )
    })
}

/// One document alone may have been cancelled.
fn is_most(gone: usize, all: usize) -> bool {
    gone > 1 && (gone == all || (gone >= FEW && gone * 2 > all))
}

#[cfg(test)]
mod tests {
    use common::ledger::DueDocument;

    use super::super::counts::latest_revisions;
    use super::super::samples::document;
    use super::*;

    #[test]
    fn most_of_many_and_all_of_few_are_a_purge() {
        for (gone, all) in [(2, 2), (3, 3), (20, 39), (500_000, 500_000)] {
            assert!(is_most(gone, all), "{gone} of {all}");
        }
        for (gone, all) in [(0, 0), (1, 1), (0, 2), (1, 2), (2, 3), (19, 20), (20, 40)] {
            assert!(!is_most(gone, all), "{gone} of {all}");
        }
    }

    #[test]
    fn only_what_is_published_and_no_longer_due_counts() {
        let documents = [
            document("A", 1, State::Succeeded),
            document("B", 1, State::Succeeded),
            document("C", 1, State::Failed),
        ];
        let latest = latest_revisions(&documents);
        let mut source = Targets::default();
        let told = of_kind(Kind::Trade, &source, &latest).unwrap();
        assert!(told.contains("2 of 2 published documents"), "{told}");
        assert_eq!(of_kind(Kind::Balance, &source, &latest), None);
        source.due.push(DueDocument {
            document: "2026-10.trade.A".parse().unwrap(),
            on_paper: false,
            estimated_rows: 1,
        });
        assert_eq!(of_kind(Kind::Trade, &source, &latest), None);
    }
}
