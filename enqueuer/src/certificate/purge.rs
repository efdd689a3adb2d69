//! A period whose source was purged: nothing can be held against it any more, which is one thing to say and not half a million.

use common::Result;
use common::contract::{CASH_BALANCES, POSITIONS, Relation, TRADES};
use common::database::{Whose, statement_failed};
use common::ledger::{Accounted, Snapshots, State};
use common::profile::Basis;
use common::source::Source;
use common::statement::{Kind, Period};

use super::accounting::Account;
use crate::activity::{of_snapshots, within};
use crate::numbers::{counted, grouped};
use crate::targets::Gives;

/// So few documents may each have been cancelled, unless all of them are gone.
const FEW: u64 = 20;

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
    pub fn was_there(&self, published_with_trades: i64) -> bool {
        self.relation.name != TRADES.name || published_with_trades > 1
    }
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

/// Of a kind's published documents, by their latest revisions, those that the source gives no rise to any more.
#[derive(Debug, Default)]
pub struct Gone {
    gone: u64,
    all: u64,
}

impl Gone {
    pub fn add(&mut self, account: &Account) {
        let is_published = |latest: &Accounted| latest.state == State::Succeeded;
        if account.latest().is_some_and(is_published) {
            self.all += 1;
            self.gone += u64::from(account.gives() == Gives::Nothing);
        }
    }

    /// Tells that the source gives no rise any more to most of what was published: to all, of few documents.
    pub fn says(&self, kind: Kind) -> Option<String> {
        is_most(self.gone, self.all).then(|| {
            format!(
                "{kind}: the source has no rows any more of {} of {}: it was purged, or lost them; they cannot be compared with it, \
                 and are not to be reissued",
                grouped(self.gone),
                counted(self.all, "published document"),
            )
        })
    }
}

/// One document alone may have been cancelled.
fn is_most(gone: u64, all: u64) -> bool {
    gone > 1 && (gone == all || (gone >= FEW && gone * 2 > all))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{account, document, seen};
    use super::*;
    use crate::targets::Weight;

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
        let mut gone = Gone::default();
        for (id, state) in [
            ("A", State::Succeeded),
            ("B", State::Succeeded),
            ("C", State::Failed),
        ] {
            gone.add(&account(id, vec![document(id, 1, state)], Vec::new()));
        }
        let told = gone.says(Kind::Trade).unwrap();
        assert!(told.contains("2 of 2 published documents"), "{told}");
        let weight = Weight {
            on_paper: false,
            estimated_rows: 1,
        };
        let due = Account {
            seen: Some(seen(true, Gives::Due(weight))),
            ..account("D", vec![document("D", 1, State::Succeeded)], Vec::new())
        };
        gone.add(&due);
        assert_eq!(gone.says(Kind::Trade), None);
    }
}
