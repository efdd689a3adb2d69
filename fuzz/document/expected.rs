//! What a workbook must show of the rows it was made from, in whatever order.

use calamine::Data;
use common::contract::{
    ACCOUNTS, CASH_BALANCES, CASH_MOVEMENTS, DEFAULT_POCKET, POSITIONS, TRADES,
};
use common::profile::{Profile, Word};
use common::statement::{Kind, Language};
use converter::rows::codes::{Code, Side};
use converter::workbook::{Words, labels};

use super::read_back::{ReadBack, text};
use super::rows::{ACCOUNT, CLOSING, FIRST_DAY, LAST_DAY, Row, Rows};

/// What a cell must show, written as a text: dates as `2026-10-01`, numbers as their shortest decimal.
type Shown = String;

/// A column that shows a column of the source as it is.
type Same = (&'static str, Word, Is);

#[derive(Debug, Clone, Copy)]
enum Is {
    Text,
    Number,
    Date,
}

const TRADE: &[Same] = &[
    ("trade_id", Word::HeadTradeId, Is::Text),
    ("trade_date", Word::HeadTradeDate, Is::Date),
    ("settlement_date", Word::HeadSettlementDate, Is::Date),
    ("security_code", Word::HeadSecurityCode, Is::Text),
    ("security_name", Word::HeadSecurityName, Is::Text),
    ("market", Word::HeadMarket, Is::Text),
    ("quantity", Word::HeadQuantity, Is::Number),
    ("unit_price", Word::HeadUnitPrice, Is::Number),
    ("currency", Word::HeadCurrency, Is::Text),
    ("fx_rate", Word::HeadFxRate, Is::Number),
    ("gross_amount", Word::HeadGrossAmount, Is::Number),
    ("accrued_interest", Word::HeadAccruedInterest, Is::Number),
    ("foreign_fees", Word::HeadForeignFees, Is::Number),
    ("commission", Word::HeadCommission, Is::Number),
    ("consumption_tax", Word::HeadConsumptionTax, Is::Number),
    ("withholding_tax", Word::HeadWithholdingTax, Is::Number),
    ("net_amount", Word::HeadNetAmount, Is::Number),
    ("note", Word::HeadNote, Is::Text),
];

const MOVEMENT: &[Same] = &[
    ("booked_on", Word::CashMovementDate, Is::Date),
    ("description", Word::CashMovementDescription, Is::Text),
    ("currency", Word::CashMovementCurrency, Is::Text),
    ("gross_amount", Word::CashMovementGross, Is::Number),
    ("income_tax", Word::CashMovementIncomeTax, Is::Number),
    ("local_tax", Word::CashMovementLocalTax, Is::Number),
    ("foreign_tax", Word::CashMovementForeignTax, Is::Number),
    ("fee", Word::CashMovementFee, Is::Number),
];

const POSITION: &[Same] = &[
    ("security_code", Word::HoldingCode, Is::Text),
    ("security_name", Word::HoldingName, Is::Text),
    ("quantity", Word::HoldingQuantity, Is::Number),
    ("average_cost", Word::HoldingAverageCost, Is::Number),
    ("price", Word::HoldingPrice, Is::Number),
    ("price_date", Word::HoldingPriceDate, Is::Date),
    ("currency", Word::HoldingCurrency, Is::Text),
    ("fx_rate", Word::HoldingFxRate, Is::Number),
    ("unrealized_pl", Word::HoldingUnrealizedPl, Is::Number),
];

const BALANCE: &[Same] = &[
    ("currency", Word::CashCurrency, Is::Text),
    ("amount", Word::CashAmount, Is::Number),
    ("fx_rate", Word::CashFxRate, Is::Number),
];

/// A workbook and what it must show.
struct Comparison<'a> {
    found: &'a ReadBack,
    tables: &'a [(Word, usize)],
    words: Words<'a>,
    rows: &'a Rows,
}

pub fn expect_all(
    found: &ReadBack,
    tables: &[(Word, usize)],
    kind: Kind,
    language: Language,
    rows: &Rows,
) {
    let profile = Profile::built_in();
    let words = Words::new(&profile, language);
    let comparison = Comparison {
        found,
        tables,
        words,
        rows,
    };
    comparison.expect_account();
    match kind {
        Kind::Trade => {
            comparison.expect_trades(Word::SheetTrades, |row| within_period(row, "trade_date"));
            comparison.expect_movements();
        }
        Kind::Balance => {
            comparison.expect_trades(Word::SheetUnsettledTrades, |row| {
                let trade_date = row.get("trade_date");
                (Some("")..=Some(CLOSING)).contains(&trade_date)
                    && row.get("settlement_date") > Some(CLOSING)
            });
            comparison.expect_positions();
            comparison.expect_balances();
            comparison.expect_names_of_quantities();
        }
    }
}

impl Comparison<'_> {
    fn expect_account(&self) {
        let account = self.rows.of(&ACCOUNTS).next().expect("there is one");
        for (column, label) in [
            ("holder_name", Word::Holder),
            ("account_no", Word::AccountNumber),
        ] {
            assert_eq!(
                Some(self.found.beside(label).to_owned()),
                account.get(column).map(as_text)
            );
        }
        if let Some(address) = account.get("postal_address") {
            assert_eq!(self.found.beside(Word::Address), as_text(address));
        }
    }

    fn expect_trades(&self, sheet: Word, is_listed: impl Fn(&Row) -> bool) {
        let rows = self.rows.of(&TRADES).filter(|row| is_listed(row));
        let side = |row: &Row| {
            let side = Side::from_code(row.get("side").unwrap_or_default());
            let side = self.words.get(labels::side(side.expect("it is known")));
            let event = row
                .get("event")
                .map(as_text)
                .filter(|event| !event.is_empty());
            event.map_or(side.to_owned(), |event| {
                let values = [("side", side), ("event", &*event)];
                as_text(&self.words.fill(Word::SideWithEvent, &values))
            })
        };
        self.expect_same(sheet, TRADE, &[Word::HeadSide], rows, |row| vec![side(row)]);
    }

    fn expect_movements(&self) {
        let rows = self
            .rows
            .of(&CASH_MOVEMENTS)
            .filter(|row| within_period(row, "booked_on"));
        let others = [
            Word::CashMovementPocket,
            Word::CashMovementIn,
            Word::CashMovementOut,
        ];
        self.expect_same(Word::SheetCashMovements, MOVEMENT, &others, rows, |row| {
            let amount = number(row.get("amount"));
            let (income, outgo) = match amount.strip_prefix('-') {
                Some(outgo) => (String::new(), outgo.to_owned()),
                None => (amount, String::new()),
            };
            vec![self.pocket(row), income, outgo]
        });
    }

    fn expect_positions(&self) {
        let rows = self.rows.of(&POSITIONS).filter(|row| is_closing(row));
        self.expect_same(Word::SheetHoldings, POSITION, &[], rows, |_| Vec::new());
    }

    fn expect_balances(&self) {
        let rows = self.rows.of(&CASH_BALANCES).filter(|row| is_closing(row));
        let others = [Word::CashPocket];
        self.expect_same(Word::SheetCash, BALANCE, &others, rows, |row| {
            vec![self.pocket(row)]
        });
    }

    /// Quantities are added up over several rows; their codes and names are those of rows.
    fn expect_names_of_quantities(&self) {
        for row in 0..self.rows_of(Word::SheetMovements) {
            for (heading, column) in [
                (Word::MovementCode, "security_code"),
                (Word::MovementName, "security_name"),
                (Word::MovementMarket, "market"),
            ] {
                let found = text(self.found.below(Word::SheetMovements, heading, row));
                let mut known = self.rows.of(&POSITIONS).chain(self.rows.of(&TRADES));
                let is_of = |row: &Row| {
                    as_text(row.get(column).unwrap_or_default()) == found.expect("it is a text")
                };
                assert!(known.any(is_of), "{heading:?}: {found:?} is of no row");
            }
        }
    }

    /// The sheet shows exactly these rows of the account: their own columns, and some of which `others` says what they show.
    fn expect_same<'r>(
        &self,
        sheet: Word,
        columns: &[Same],
        headings: &[Word],
        rows: impl Iterator<Item = &'r Row>,
        others: impl Fn(&Row) -> Vec<Shown>,
    ) {
        // Optional columns are there only when a row has a value.
        let is_there = |heading: Word| self.found.below(sheet, heading, 0).is_some();
        let columns: Vec<_> = columns
            .iter()
            .filter(|(_, heading, _)| is_there(*heading))
            .collect();
        let mut wanted: Vec<Vec<Shown>> = rows
            .filter(|row| row.get("account_id") == Some(ACCOUNT))
            .map(|row| {
                let own = columns.iter().map(|(column, _, is)| match is {
                    Is::Number => number(row.get(column)),
                    Is::Text | Is::Date => as_text(row.get(column).unwrap_or_default()),
                });
                own.chain(others(row)).collect()
            })
            .collect();
        let headings = columns
            .iter()
            .map(|(_, heading, _)| heading)
            .chain(headings);
        let mut found: Vec<Vec<Shown>> = (0..self.rows_of(sheet))
            .filter(|row| !self.is_boundary(sheet, *row))
            .map(|row| {
                headings
                    .clone()
                    .map(|heading| self.shown(sheet, *heading, row))
                    .collect()
            })
            .collect();
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted, "{sheet:?}");
    }

    fn shown(&self, sheet: Word, heading: Word, row: usize) -> Shown {
        match self
            .found
            .below(sheet, heading, row)
            .expect("it has the column")
        {
            Data::Float(number) => number.to_string(),
            Data::DateTime(date) => {
                let (year, month, day, ..) = date.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02}")
            }
            other => text(Some(other)).expect("it is a text").to_owned(),
        }
    }

    /// Whether a line of the cash movements is an opening or closing balance and no movement.
    fn is_boundary(&self, sheet: Word, row: usize) -> bool {
        let kind = self.found.below(sheet, Word::CashMovementKind, row);
        let is = |word| text(kind) == Some(self.words.get(word));
        sheet == Word::SheetCashMovements && (is(Word::OpeningBalance) || is(Word::ClosingBalance))
    }

    fn pocket(&self, row: &Row) -> Shown {
        match row.get("pocket") {
            None | Some(DEFAULT_POCKET) => self.words.get(Word::PocketDeposit).to_owned(),
            Some(pocket) => as_text(pocket),
        }
    }

    fn rows_of(&self, sheet: Word) -> usize {
        let table = self.tables.iter().find(|(known, _)| *known == sheet);
        table.expect("it has the table").1
    }
}

fn within_period(row: &Row, column: &str) -> bool {
    let date = row.get(column);
    Some(FIRST_DAY) <= date && date <= Some(LAST_DAY)
}

fn is_closing(row: &Row) -> bool {
    row.get("as_of") == Some(CLOSING)
}

/// A text as a cell shows it: lines end in line feeds, and nothing ends in blanks.
fn as_text(text: &str) -> Shown {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.trim_end().to_owned()
}

/// A decimal as the double nearest to it is shown; empty when there is none.
fn number(text: Option<&str>) -> Shown {
    let number = |text: &str| -> f64 { text.parse().expect("it is a number") };
    // There is no negative zero in a workbook.
    text.map_or(String::new(), |text| (number(text) + 0.0).to_string())
}
