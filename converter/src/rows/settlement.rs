//! The account's trades beside the cash movements that name them, ordered by the trade's id, for the gate only. This is a second
//! pass: what a statement lists is in another order, and not all of what a trade moved is of the same month.

use common::contract::{CASH_MOVEMENTS, TRADES};
use common::currency::Currency;
use common::decimal;
use common::source::{Query, Selected, Source, SourceRow};
use common::statement::{AccountId, parse_date};
use common::{Error, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{CashKind, Code, Side};
use super::intake::Intake;
use crate::gate::settlement::{Due, Movement, Settled, Window};

/// The columns of `settlement.sql`, in its order.
const COLUMNS: [&str; 9] = [
    "trade_id",
    "part",
    "row_id",
    "day",
    "kind",
    "currency",
    "amount",
    "settlement_currency",
    "settlement_amount",
];

/// Compares every trade that settles in the window with its movements. Nothing of it counts to the digest: the rows are in it
/// already, or are not the document's.
pub async fn prove(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    window: Window,
) -> Result<()> {
    let text = include_str!("settlement.sql")
        .replace(
            "{settlement_currency}",
            &source.catalog.present(&TRADES, "settlement_currency"),
        )
        .replace(
            "{settlement_amount}",
            &source.catalog.present(&TRADES, "settlement_amount"),
        )
        .replace(
            "{movement_trade_id}",
            &source.catalog.present(&CASH_MOVEMENTS, "trade_id"),
        )
        .replace("{is_trade}", &source.catalog.is_account(&TRADES))
        .replace("{is_movement}", &source.catalog.is_account(&CASH_MOVEMENTS));
    let columns = COLUMNS.map(|name| Selected {
        expression: format!("t.{name}"),
        nullable: !matches!(name, "trade_id" | "part" | "row_id"),
    });
    let query = Query {
        doing: "comparing trades and cash movements",
        columns: &columns,
        text: &text,
        parameters: &[
            account_id.as_str(),
            &window.after.to_string(),
            &window.up_to.to_string(),
        ],
    };
    let mut netted_until = None;
    let mut current: Option<Settled> = None;
    let each = async |row: &SourceRow| {
        let row = Row(row);
        if row.is(Part::Netted) {
            netted_until = row.date()?;
            return Ok(());
        }
        let trade_id = row.text(0);
        if current
            .as_ref()
            .is_none_or(|one| one.trade_id() != trade_id)
        {
            let done = current.replace(Settled::new(trade_id));
            check(done.as_ref(), intake, window, netted_until)?;
        }
        match &mut current {
            Some(one) => row.add_to(one, window),
            None => Ok(()),
        }
    };
    source.for_each(query, each).await?;
    check(current.as_ref(), intake, window, netted_until)
}

fn check(
    settled: Option<&Settled>,
    intake: &mut Intake,
    window: Window,
    netted_until: Option<Date>,
) -> Result<()> {
    settled.map_or(Ok(()), |settled| {
        settled.check(&mut intake.gate, window, netted_until)
    })
}

/// What a row is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The last day with a payment for trades that names none.
    Netted,
    Trade,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Part::Netted => "0",
            Part::Trade => "1",
        }
    }
}

/// A row of the pass. Most of it was checked when the document's rows went by; what lies outside of them is checked here.
struct Row<'r>(&'r SourceRow);

impl Row<'_> {
    fn is(&self, part: Part) -> bool {
        self.0.get(1) == Some(part.as_str())
    }

    fn text(&self, column: usize) -> &str {
        self.0.get(column).unwrap_or_default()
    }

    fn add_to(&self, settled: &mut Settled, window: Window) -> Result<()> {
        let currency = self.currency(5)?.ok_or_else(|| self.wrong(5))?;
        let amount = self.decimal(6)?.ok_or_else(|| self.wrong(6))?;
        if self.is(Part::Trade) {
            let side = Side::from_code(self.text(4)).ok_or_else(|| self.wrong(4))?;
            settled.trade(Due {
                is_transfer: matches!(side, Side::Receipt | Side::Delivery),
                settlement_date: self.date()?.ok_or_else(|| self.wrong(3))?,
                currency,
                net_amount: amount,
                settlement_currency: self.currency(7)?,
                settlement_amount: self.decimal(8)?,
            });
            return Ok(());
        }
        let kind = CashKind::from_code(self.text(4)).ok_or_else(|| self.wrong(4))?;
        let movement = Movement {
            movement_id: self.text(2),
            booked_on: self.date()?.ok_or_else(|| self.wrong(3))?,
            kind,
            currency,
            amount,
        };
        settled
            .movement(movement, window)
            .ok_or_else(|| self.wrong(6))
    }

    fn date(&self) -> Result<Option<Date>> {
        self.parsed(3, parse_date)
    }

    fn currency(&self, column: usize) -> Result<Option<Currency>> {
        self.parsed(column, Currency::from_code)
    }

    fn decimal(&self, column: usize) -> Result<Option<Decimal>> {
        self.parsed(column, decimal::parse)
    }

    fn parsed<T>(&self, column: usize, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let text = self.0.get(column);
        text.map(|text| parse(text).ok_or_else(|| self.wrong(column)))
            .transpose()
    }

    fn wrong(&self, column: usize) -> Error {
        let (relation, id) = if self.is(Part::Trade) {
            (&TRADES, "trade_id")
        } else {
            (&CASH_MOVEMENTS, "movement_id")
        };
        let column_name = match (self.is(Part::Trade), COLUMNS[column]) {
            (true, "day") => "settlement_date",
            (false, "day") => "booked_on",
            (true, "amount") => "net_amount",
            (true, "kind") => "side",
            (_, name) => name,
        };
        Error::data(
            "shape",
            format!(
                "{} ({id} {}), column {column_name}: {:?} contradicts the contract",
                relation.name,
                self.text(2).replace(char::is_control, "\u{FFFD}"),
                self.0.get(column).unwrap_or("null")
            ),
        )
    }
}
