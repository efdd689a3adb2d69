//! 入出金明細 / Cash movements, and 金銭残高 / Cash.

use common::statement::Language;
use rust_decimal::Decimal;

use super::cell::Cell;
use super::labels;
use super::section::{ColumnSpec, Section};
use super::style::ColumnStyle::{Amount, Date, Rate, Text};
use crate::rows::cash::{CashBalance, CashLine, CashOutline, DEFAULT_POCKET};
use crate::rows::currency::Currency;

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
}

/// The cash movements of a trade statement.
pub struct CashMovements {
    pub language: Language,
}

/// The columns; those of dividends only when the document has a value in them.
pub fn movement_columns(
    language: Language,
    outline: CashOutline,
) -> Vec<ColumnSpec<MovementColumn>> {
    use MovementColumn as C;
    const BY_CURRENCY: &[MovementColumn] = &[C::Currency];
    let column =
        |column, heading, width, style| ColumnSpec::new(column, heading, language, width, style);
    let mut columns = vec![
        column(C::Date, ("日付", "Date"), 11.5, Date),
        column(C::Kind, ("区分", "Kind"), 17.0, Text),
        column(C::Description, ("摘要", "Description"), 44.0, Text),
        column(C::Currency, ("通貨", "Currency"), 9.0, Text),
        column(C::Pocket, ("口座区分", "Pocket"), 13.0, Text),
        column(C::In, ("入金額", "In"), 15.0, Amount).sum_by(BY_CURRENCY),
        column(C::Out, ("出金額", "Out"), 15.0, Amount).sum_by(BY_CURRENCY),
        column(C::Balance, ("残高", "Balance"), 16.0, Amount),
    ];
    let mut optional = |shown, of, heading| {
        if shown {
            columns.push(column(of, heading, 13.0, Amount).sum_by(BY_CURRENCY));
        }
    };
    optional(
        outline.with_gross_amount,
        C::GrossAmount,
        ("税引前金額", "Gross amount"),
    );
    optional(
        outline.with_income_tax,
        C::IncomeTax,
        ("所得税", "Income tax"),
    );
    optional(outline.with_local_tax, C::LocalTax, ("住民税", "Local tax"));
    optional(
        outline.with_foreign_tax,
        C::ForeignTax,
        ("外国税", "Foreign tax"),
    );
    columns
}

impl Section for CashMovements {
    type Row = CashLine;
    type Column = MovementColumn;

    fn cell<'r>(&self, line: &'r CashLine, column: MovementColumn) -> Cell<'r> {
        use MovementColumn as C;
        let word = |words| Cell::Text(labels::pick(words, self.language));
        let (movement, balance) = match line {
            CashLine::Opening(boundary) | CashLine::Closing(boundary) => {
                let opening = matches!(line, CashLine::Opening(_));
                return match column {
                    C::Date => Cell::Date(boundary.date),
                    C::Kind => word(if opening {
                        labels::OPENING_BALANCE
                    } else {
                        labels::CLOSING_BALANCE
                    }),
                    C::Currency => Cell::Text(boundary.currency.code()),
                    C::Pocket => pocket(&boundary.pocket, self.language),
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
            C::Pocket => pocket(&movement.pocket, self.language),
            C::Date => Cell::Date(movement.booked_on),
            C::Kind => word(labels::cash_kind(movement.kind)),
            C::Description => Cell::Text(&movement.description),
            C::In => amount((!out).then_some(movement.amount)),
            C::Out => amount(out.then_some(-movement.amount)),
            C::Balance => amount(balance),
            C::GrossAmount => amount(movement.gross_amount),
            C::IncomeTax => amount(movement.income_tax),
            C::LocalTax => amount(movement.local_tax),
            C::ForeignTax => amount(movement.foreign_tax),
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
pub struct CashBalances {
    pub language: Language,
    pub base: Currency,
}

pub fn balance_columns(language: Language) -> Vec<ColumnSpec<BalanceColumn>> {
    use BalanceColumn as C;
    let column =
        |column, heading, width, style| ColumnSpec::new(column, heading, language, width, style);
    vec![
        column(C::Currency, ("通貨", "Currency"), 9.0, Text),
        column(C::Pocket, ("口座区分", "Pocket"), 18.0, Text),
        column(C::Amount, ("残高", "Amount"), 18.0, Amount).sum_by(&[C::Currency]),
        column(C::FxRate, ("為替レート", "FX rate"), 11.0, Rate),
        column(
            C::BaseAmount,
            ("基準通貨換算額", "In base currency"),
            18.0,
            Amount,
        ),
    ]
}

impl Section for CashBalances {
    type Row = CashBalance;
    type Column = BalanceColumn;

    fn cell<'r>(&self, balance: &'r CashBalance, column: BalanceColumn) -> Cell<'r> {
        match column {
            BalanceColumn::Currency => Cell::Text(balance.currency.code()),
            BalanceColumn::Pocket => pocket(&balance.pocket, self.language),
            BalanceColumn::Amount => Cell::Amount(balance.amount, balance.currency),
            BalanceColumn::FxRate => Cell::rate(balance.fx_rate),
            BalanceColumn::BaseAmount => Cell::amount(
                in_base(balance.amount, balance.currency, balance.fx_rate, self.base),
                self.base,
            ),
        }
    }
}

/// The sentence below the table that names the cash no total in the base currency contains.
pub fn notes(balances: &[CashBalance], base: Currency, language: Language) -> Vec<String> {
    let without_rate: Vec<&str> = balances
        .iter()
        .filter(|balance| {
            in_base(balance.amount, balance.currency, balance.fx_rate, base).is_none()
        })
        .map(|balance| balance.currency.code())
        .collect();
    if without_rate.is_empty() {
        return Vec::new();
    }
    let names = without_rate.join(", ");
    vec![match language {
        Language::Ja => format!("為替レートがないため合計に含まれない通貨：{names}"),
        Language::En => format!("Not in the total, for want of an FX rate: {names}"),
    }]
}

/// An amount in the base currency, rounded to its minor unit; `None` without a rate.
pub fn in_base(
    amount: Decimal,
    currency: Currency,
    rate: Option<Decimal>,
    base: Currency,
) -> Option<Decimal> {
    let rate = if currency == base {
        Some(Decimal::ONE)
    } else {
        rate
    };
    Some(base.round(amount.checked_mul(rate?)?))
}

fn pocket(pocket: &str, language: Language) -> Cell<'_> {
    if pocket == DEFAULT_POCKET {
        Cell::Text(labels::pick(labels::DEPOSIT_POCKET, language))
    } else {
        Cell::Text(pocket)
    }
}
