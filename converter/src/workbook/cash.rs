//! 入出金明細 / Cash movements, and 金銭残高 / Cash.

use common::contract::DEFAULT_POCKET;
use common::currency::Currency;
use common::profile::{Rounding, Section, Word};
use rust_decimal::Decimal;

use super::cell::Cell;
use super::labels;
use super::layout::{ColumnSpec, Layout};
use super::style::ColumnStyle::{Amount, Date, Rate, Text};
use super::words::Words;
use crate::rows::cash::{CashBalance, CashLine, CashMovement, CashOutline};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementColumn {
    Currency,
    Pocket,
    Date,
    Kind,
    Description,
    In,
    Out,
    Balance,
    GrossAmount,
    IncomeTax,
    LocalTax,
    ForeignTax,
    Fee,
    GrossCurrency,
}

/// The cash movements of a trade statement.
pub struct CashMovements<'p> {
    words: Words<'p>,
    /// A gross amount of another currency than its movement is nothing without its currency beside it.
    shows_gross_currency: bool,
}

impl<'p> CashMovements<'p> {
    pub fn new(words: Words<'p>, outline: CashOutline) -> Self {
        let chosen = words.profile.columns(Section::CashMovements);
        let is_chosen = chosen.is_none_or(|names| names.iter().any(|name| name == GROSS_CURRENCY));
        Self {
            shows_gross_currency: outline.with_gross_currency && is_chosen,
            words,
        }
    }

    fn gross_amount<'r>(&self, movement: &CashMovement) -> Cell<'r> {
        if movement.gross_currency == movement.currency || self.shows_gross_currency {
            Cell::amount(movement.gross_amount, movement.gross_currency)
        } else {
            Cell::Empty
        }
    }

    fn gross_currency(movement: &CashMovement) -> Cell<'_> {
        let named = movement
            .gross_amount
            .map(|_| movement.gross_currency.code());
        Cell::text(named)
    }

    /// The columns; those of dividends only when the document has a value in them.
    pub fn columns(&self, outline: CashOutline) -> Vec<ColumnSpec<MovementColumn>> {
        use MovementColumn as C;
        const BY_CURRENCY: &[MovementColumn] = &[C::Currency];
        const BY_GROSS_CURRENCY: &[MovementColumn] = &[C::GrossCurrency];
        let column = ColumnSpec::new;
        let mut columns = vec![
            column(C::Date, "date", Word::CashMovementDate, Date),
            column(C::Kind, "kind", Word::CashMovementKind, Text(18)),
            column(
                C::Description,
                "description",
                Word::CashMovementDescription,
                Text(48),
            )
            .rarely_repeated(),
            column(C::Currency, "currency", Word::CashMovementCurrency, Text(6)),
            column(C::Pocket, "pocket", Word::CashMovementPocket, Text(18)),
            column(C::In, "in", Word::CashMovementIn, Amount).sum_by(BY_CURRENCY),
            column(C::Out, "out", Word::CashMovementOut, Amount).sum_by(BY_CURRENCY),
            column(C::Balance, "balance", Word::CashMovementBalance, Amount),
        ];
        if self.shows_gross_currency {
            columns.push(column(
                C::GrossCurrency,
                GROSS_CURRENCY,
                Word::CashMovementGrossCurrency,
                Text(6),
            ));
        }
        let gross_by = if self.shows_gross_currency {
            BY_GROSS_CURRENCY
        } else {
            BY_CURRENCY
        };
        let optional = [
            (
                outline.with_gross_amount,
                C::GrossAmount,
                "gross_amount",
                Word::CashMovementGross,
                gross_by,
            ),
            (
                outline.with_income_tax,
                C::IncomeTax,
                "income_tax",
                Word::CashMovementIncomeTax,
                BY_CURRENCY,
            ),
            (
                outline.with_local_tax,
                C::LocalTax,
                "local_tax",
                Word::CashMovementLocalTax,
                BY_CURRENCY,
            ),
            (
                outline.with_foreign_tax,
                C::ForeignTax,
                "foreign_tax",
                Word::CashMovementForeignTax,
                BY_CURRENCY,
            ),
            (
                outline.with_fee,
                C::Fee,
                "fee",
                Word::CashMovementFee,
                BY_CURRENCY,
            ),
        ];
        let shown = optional.into_iter().filter(|(shown, ..)| *shown);
        columns.extend(
            shown.map(|(_, of, name, heading, by)| column(of, name, heading, Amount).sum_by(by)),
        );
        columns
    }
}

const GROSS_CURRENCY: &str = "gross_currency";

impl Layout for CashMovements<'_> {
    type Row = CashLine;
    type Column = MovementColumn;

    fn cell<'r>(&'r self, line: &'r CashLine, column: MovementColumn) -> Cell<'r> {
        use MovementColumn as C;
        let word = |word| Cell::Text(self.words.get(word));
        let (movement, balance) = match line {
            CashLine::Opening(boundary) | CashLine::Closing(boundary) => {
                let opening = matches!(line, CashLine::Opening(_));
                return match column {
                    C::Date => Cell::Date(boundary.date),
                    C::Kind if opening => word(Word::OpeningBalance),
                    C::Kind => word(Word::ClosingBalance),
                    C::Currency => Cell::Text(boundary.currency.code()),
                    C::Pocket => pocket(&boundary.pocket, &self.words),
                    C::Balance => Cell::amount(boundary.balance, boundary.currency),
                    _ => Cell::Empty,
                };
            }
            CashLine::Movement { movement, balance } => (movement, *balance),
        };
        let amount = |value| Cell::amount(value, movement.currency);
        let out = movement.amount.is_sign_negative();
        match column {
            C::Currency => Cell::Text(movement.currency.code()),
            C::Pocket => pocket(&movement.pocket, &self.words),
            C::Date => Cell::Date(movement.booked_on),
            C::Kind => word(labels::cash_kind(movement.kind)),
            C::Description => Cell::Text(&movement.description),
            C::In => amount((!out).then_some(movement.amount)),
            C::Out => amount(out.then_some(-movement.amount)),
            C::Balance => amount(balance),
            C::GrossCurrency => Self::gross_currency(movement),
            C::GrossAmount => self.gross_amount(movement),
            C::IncomeTax => amount(movement.income_tax),
            C::LocalTax => amount(movement.local_tax),
            C::ForeignTax => amount(movement.foreign_tax),
            C::Fee => amount(movement.fee),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceColumn {
    Currency,
    Pocket,
    Amount,
    FxRate,
    BaseAmount,
}

/// The cash of a balance statement.
pub struct CashBalances<'p> {
    pub words: Words<'p>,
    pub base: Currency,
}

pub fn balance_columns() -> Vec<ColumnSpec<BalanceColumn>> {
    use BalanceColumn as C;
    let column = ColumnSpec::new;
    vec![
        column(C::Currency, "currency", Word::CashCurrency, Text(6)),
        column(C::Pocket, "pocket", Word::CashPocket, Text(18)),
        column(C::Amount, "amount", Word::CashAmount, Amount).sum_by(&[C::Currency]),
        column(C::FxRate, "fx_rate", Word::CashFxRate, Rate),
        column(C::BaseAmount, "base_amount", Word::CashInBase, Amount),
    ]
}

impl Layout for CashBalances<'_> {
    type Row = CashBalance;
    type Column = BalanceColumn;

    fn cell<'r>(&'r self, balance: &'r CashBalance, column: BalanceColumn) -> Cell<'r> {
        match column {
            BalanceColumn::Currency => Cell::Text(balance.currency.code()),
            BalanceColumn::Pocket => pocket(&balance.pocket, &self.words),
            BalanceColumn::Amount => Cell::Amount(balance.amount, balance.currency),
            BalanceColumn::FxRate => Cell::rate(balance.fx_rate),
            BalanceColumn::BaseAmount => {
                let rounding = self.words.profile.rounding;
                let value = (balance.amount, balance.currency, balance.fx_rate);
                Cell::amount(in_base(value, self.base, rounding), self.base)
            }
        }
    }
}

/// The sentence below the table that names the cash no total in the base currency contains.
pub fn notes(balances: &[CashBalance], base: Currency, words: &Words) -> Vec<String> {
    let mut without_rate: Vec<&str> = balances
        .iter()
        .filter(|balance| balance.currency != base && balance.fx_rate.is_none())
        .map(|balance| balance.currency.code())
        .collect();
    // Sorted by currency: each is named once.
    without_rate.dedup();
    if without_rate.is_empty() {
        return Vec::new();
    }
    let names = without_rate.join(", ");
    vec![words.fill(Word::CashWithoutRate, &[("names", &names)])]
}

/// An amount of a currency and its rate in the base currency, rounded to its minor unit; `None` without a rate.
pub fn in_base(
    (amount, currency, rate): (Decimal, Currency, Option<Decimal>),
    base: Currency,
    rounding: Rounding,
) -> Option<Decimal> {
    let rate = if currency == base {
        Some(Decimal::ONE)
    } else {
        rate
    };
    Some(base.round(amount.checked_mul(rate?)?, rounding))
}

/// The pocket that rows without one are in has a word; other pockets are the firm's own words.
fn pocket<'r>(pocket: &'r str, words: &Words<'r>) -> Cell<'r> {
    Cell::Text(pocket_name(pocket).unwrap_or(words.get(Word::PocketDeposit)))
}

/// What a pocket is called when it is not the usual one.
pub fn pocket_name(pocket: &str) -> Option<&str> {
    (pocket != DEFAULT_POCKET).then_some(pocket)
}
