//! What may be wrong with a value of the source, as a condition in SQL and in words.

use common::blank::blank_condition;
use common::catalog::cast;
use common::contract::{ACCOUNTS, Column, ColumnType, Relation, max_decimal_places};
use common::currency::Currency;
use common::dialect::Dialect;
use common::source::Source;

use super::FLOATS;
use super::numbers::{self, Number};
use crate::unusable;

/// Something that fails a document, or leaves a row out of all of them. The order is that in which a value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    UnusableId,
    Null,
    Float,
    NoDate,
    Blank,
    UnknownCode,
    UnknownCurrency,
    TooLong,
    NoNumber,
    TooFine,
    TooManyDigits,
    TooLarge,
    Negative,
    NotPositive,
    /// The value contradicts another column of its row.
    Contradiction,
}

impl Fault {
    const ALL: [Fault; 15] = [
        Fault::UnusableId,
        Fault::Null,
        Fault::Float,
        Fault::NoDate,
        Fault::Blank,
        Fault::UnknownCode,
        Fault::UnknownCurrency,
        Fault::TooLong,
        Fault::NoNumber,
        Fault::TooFine,
        Fault::TooManyDigits,
        Fault::TooLarge,
        Fault::Negative,
        Fault::NotPositive,
        Fault::Contradiction,
    ];

    /// The fault of a number in a query's answer.
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|fault| i64::from(fault.number()) == number)
    }

    fn number(self) -> u8 {
        self as u8 + 1
    }

    /// What is wrong with so many rows, and the fix; examples go in between.
    pub fn words(self, column: &Column, rows: i64, dialect: Dialect) -> (String, String) {
        let in_rows = match rows {
            1 => "in 1 row".to_owned(),
            rows => format!("in {rows} rows"),
        };
        let codes = column.codes.join(", ");
        let (what, fix) = match self {
            Fault::UnusableId => (
                format!("is unusable {in_rows}"),
                "1 to 64 ASCII letters, digits, '_' and '-' are an id; the rows are in no statement",
            ),
            Fault::Null => (
                format!("is null {in_rows}"),
                "the contract allows no null, so fill it or leave the rows out",
            ),
            Fault::Float => return (FLOATS.to_owned(), String::new()),
            Fault::NoDate if dialect == Dialect::Sqlite => (
                format!("is no date {in_rows}"),
                "store dates as TEXT, YYYY-MM-DD, from 1900-01-01 to 9999-12-31",
            ),
            Fault::NoDate => (
                format!("is no date {in_rows}"),
                "dates are from 1900-01-01 to 9999-12-31",
            ),
            Fault::Blank => (
                format!("is blank {in_rows}"),
                "a statement must say it, so fill it",
            ),
            Fault::UnknownCode => {
                return (
                    format!("has an unknown code {in_rows}"),
                    format!("the contract has {codes}"),
                );
            }
            Fault::UnknownCurrency => (
                format!("is no currency {in_rows}"),
                "write the code of ISO 4217, e.g. JPY",
            ),
            Fault::TooLong => (
                format!("is longer than a cell {in_rows}"),
                "a cell holds 32767 characters",
            ),
            Fault::NoNumber => (
                format!("is no plain decimal number {in_rows}"),
                "write digits with at most one point, and no exponent",
            ),
            Fault::TooFine => (
                format!("has too many decimals {in_rows}"),
                "money has the minor unit of its currency, quantities 6 decimals, prices and rates 8",
            ),
            Fault::TooManyDigits => (
                format!("has more than 15 significant digits {in_rows}"),
                "a spreadsheet keeps 15, so it would be rounded",
            ),
            Fault::TooLarge => (
                format!("is too large {in_rows}"),
                "prices and rates are below 10^12, everything else below 10^15",
            ),
            Fault::Negative => (
                format!("is negative {in_rows}"),
                "the contract does not allow that here",
            ),
            Fault::NotPositive => (
                format!("is not above zero {in_rows}"),
                "the contract demands that here",
            ),
            Fault::Contradiction => (
                format!("contradicts {} {in_rows}", contradicted(column.name)),
                "correct one of them",
            ),
        };
        (what, fix.to_owned())
    }
}

/// The column that another one of its row may contradict.
fn contradicted(column: &str) -> &'static str {
    match column {
        "settlement_date" => "trade_date",
        "price_date" => "as_of",
        "closed_on" => "opened_on",
        _ => "settlement_currency",
    }
}

/// Texts that a statement prints, or by which a row is told from others: blank they say nothing.
const NEVER_BLANK: [&str; 6] = [
    "account_no",
    "holder_name",
    "trade_id",
    "movement_id",
    "security_code",
    "security_name",
];

/// An expression of a column of the relation called `t`: the number of the first fault of its value, or null. `None` = nothing can
/// be wrong with it.
pub fn expression(
    source: &Source,
    relation: &Relation,
    column: &Column,
    sound: &[&Column],
) -> Option<String> {
    let dialect = source.database.dialect;
    let mut conditions = conditions(source, relation, column);
    conditions.extend(
        contradiction(source, relation, column, sound)
            .map(|condition| (Fault::Contradiction, condition)),
    );
    if conditions.is_empty() {
        return None;
    }
    let cases: Vec<String> = conditions
        .into_iter()
        .map(|(fault, condition)| format!("WHEN {condition} THEN {}", fault.number()))
        .collect();
    Some(dialect.sql(&format!("CASE {} END", cases.join(" "))))
}

fn conditions(source: &Source, relation: &Relation, column: &Column) -> Vec<(Fault, String)> {
    let dialect = source.database.dialect;
    let value = value(source, relation, column);
    if column.name == "account_id" {
        let bytes = source.catalog.bytes(relation, column.name);
        return vec![(Fault::UnusableId, unusable::condition(dialect, &bytes))];
    }
    let mut found = Vec::new();
    if !column.optional {
        found.push((Fault::Null, format!("{value} IS NULL")));
    }
    match column.column_type {
        ColumnType::Text => found.extend(of_text(dialect, column, &value)),
        ColumnType::Integer if !column.codes.is_empty() => {
            found.push((Fault::UnknownCode, not_in(&cast(&value), column.codes)));
        }
        ColumnType::Integer => {}
        ColumnType::Date if relation.name == ACCOUNTS.name => {
            found.push((Fault::NoDate, no_date_of_account(dialect, column, &value)));
        }
        ColumnType::Date => found.push((Fault::NoDate, no_date(dialect, &value))),
        ColumnType::Decimal => {
            if dialect == Dialect::Sqlite {
                found.push((Fault::Float, format!("typeof({value}) = 'real'")));
            }
            let number = Number {
                dialect,
                value: &value,
                places: places(source, relation, column),
            };
            found.extend(numbers::conditions(relation, column, &number));
        }
    }
    found
}

/// What its readers take for the column's value: a blank text in an optional column is none. Other types of PostgreSQL have no blanks.
fn value(source: &Source, relation: &Relation, column: &Column) -> String {
    let may_be_blank =
        column.column_type == ColumnType::Text || source.database.dialect == Dialect::Sqlite;
    if column.optional && may_be_blank {
        source.catalog.present(relation, column.name)
    } else {
        format!("t.{}", column.name)
    }
}

fn of_text(dialect: Dialect, column: &Column, value: &str) -> Vec<(Fault, String)> {
    let bytes = dialect.bytes(value);
    let mut found = Vec::new();
    if NEVER_BLANK.contains(&column.name) && !column.optional {
        found.push((Fault::Blank, blank_condition(value)));
    }
    if !column.codes.is_empty() {
        found.push((Fault::UnknownCode, not_in(&bytes, column.codes)));
    }
    if column.name.ends_with("currency") {
        let codes = Currency::codes();
        found.push((Fault::UnknownCurrency, not_in(&bytes, &codes)));
    }
    found.push((Fault::TooLong, format!("length({value}) > 32767")));
    found
}

/// Text that is no date falls out of every comparison with one; PostgreSQL has an infinity, and years that nobody means.
fn no_date(dialect: Dialect, value: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!(
            "({value} IS NOT NULL AND (date({value}) IS NOT {value} OR {value} < '1900-01-01'))"
        ),
        Dialect::Postgres => {
            format!("{value} NOT BETWEEN date('1900-01-01') AND date('9999-12-31')")
        }
    }
}

/// The dates of accounts that stand for none are told from days by `common::lifetime`: what it reads is right here, too.
fn no_date_of_account(dialect: Dialect, column: &Column, value: &str) -> String {
    let no_end = match column.name {
        "closed_on" => "infinity",
        _ => "-infinity",
    };
    match dialect {
        Dialect::Sqlite => format!(
            "({value} IS NOT NULL AND {value} <> '{no_end}'
              AND (date({value}) IS NOT {value} OR {value} < '0001-01-01'))"
        ),
        Dialect::Postgres if column.name == "closed_on" => format!(
            "({value} <> date('infinity') AND {value} NOT BETWEEN date('0001-01-01') AND date('9999-12-31'))"
        ),
        Dialect::Postgres => format!("{value} > date('9999-12-31')"),
    }
}

/// How many decimals a value may have, as an expression: money has those of its row's currency.
fn places(source: &Source, relation: &Relation, column: &Column) -> String {
    let (none, some) = (
        max_decimal_places(column.name, 0),
        max_decimal_places(column.name, 2),
    );
    if none == some {
        return none.to_string();
    }
    let of = |name: &str| source.catalog.bytes(relation, name);
    let currency = if column.name == "settlement_amount" {
        let settled = source.catalog.present(relation, "settlement_currency");
        let traded = source.catalog.column(relation, "currency");
        let settled = format!("COALESCE({}, {})", cast(&settled), cast(&traded));
        source.database.dialect.bytes(&settled)
    } else {
        of("currency")
    };
    numbers::places_of_currency(&currency)
}

/// Where a column contradicts another one of its row, which must be there and of its type.
fn contradiction(
    source: &Source,
    relation: &Relation,
    column: &Column,
    sound: &[&Column],
) -> Option<String> {
    let other = contradicted(column.name);
    if !sound.iter().any(|column| column.name == other) {
        return None;
    }
    let value = value(source, relation, column);
    match column.name {
        "settlement_date" => Some(format!("{value} < t.trade_date")),
        "price_date" => Some(format!("{value} > t.as_of")),
        // Opened on the first day of Excel's calendar or before means that nobody knows when.
        "closed_on" => Some(format!(
            "{value} < t.opened_on AND t.opened_on > date('1900-01-01')"
        )),
        "settlement_amount" => {
            let settled = source.catalog.present(relation, other);
            Some(format!("{value} IS NULL AND {settled} <> t.currency"))
        }
        _ => None,
    }
}

/// Whether a value is none of our own words; a null is none of them, and is told apart.
fn not_in(value: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("{value} NOT IN ({})", words.join(", "))
}
