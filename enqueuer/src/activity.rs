//! Which rows of the source a kind of document is made of in a period: by them it is due, and by them it is counted again.

use common::contract::{CASH_BALANCES, CASH_MOVEMENTS, POSITIONS, Relation, TRADES};
use common::ledger::Snapshots;
use common::profile::Basis;
use common::statement::{Kind, Period};
use jiff::civil::Date;

/// Rows of a relation that make a document due.
#[derive(Debug, Clone)]
pub struct ActiveRows {
    pub relation: &'static Relation,
    /// Of the relation called `t`, for whatever account.
    pub condition: String,
}

/// A trade document is due with a trade or a cash movement in the period, by the firm's `trade_basis`; a balance document with a
/// position or a non-zero cash balance in the opening or the closing snapshot.
pub fn of(
    kind: Kind,
    period: Period,
    snapshots: &Snapshots,
    trade_basis: Basis,
) -> [ActiveRows; 2] {
    match kind {
        Kind::Trade => [
            rows(&TRADES, within(trade_basis.column(), period)),
            rows(&CASH_MOVEMENTS, within("booked_on", period)),
        ],
        Kind::Balance => {
            let positions = [snapshots.positions_opening, snapshots.positions_closing];
            let cash = of_snapshots([snapshots.cash_opening, snapshots.cash_closing]);
            // Numbers are compared with zero only, for which a double serves.
            let not_zero = "CAST(t.amount AS double precision) <> 0";
            [
                rows(&POSITIONS, of_snapshots(positions)),
                rows(&CASH_BALANCES, format!("{cash} AND {not_zero}")),
            ]
        }
    }
}

fn rows(relation: &'static Relation, condition: String) -> ActiveRows {
    ActiveRows {
        relation,
        condition,
    }
}

/// The rows of a period, by a column.
pub fn within(column: &str, period: Period) -> String {
    let (first, last) = (day(period.first_day()), day(period.last_day()));
    format!("t.{column} >= {first} AND t.{column} <= {last}")
}

/// The rows of snapshots; of none there are none.
pub fn of_snapshots(days: impl IntoIterator<Item = Option<Date>>) -> String {
    let days: Vec<String> = days.into_iter().flatten().map(day).collect();
    if days.is_empty() {
        "1 = 0".to_owned()
    } else {
        format!("t.as_of IN ({})", days.join(", "))
    }
}

/// A day in a query: its digits need no parameter.
fn day(day: Date) -> String {
    format!("date('{day}')")
}
