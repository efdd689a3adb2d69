//! What of a number no document can show, as conditions in SQL. PostgreSQL has decimals; in SQLite they are texts.

use std::fmt::Write as _;

use common::contract::{Column, Relation, TRADES};
use common::currency::Currency;
use common::dialect::Dialect;

use super::fault::Fault;

/// A column of numbers in a query.
pub struct Number<'a> {
    pub dialect: Dialect,
    /// The column of the relation called `t`.
    pub value: &'a str,
    /// How many decimals it may have, as an expression.
    pub places: String,
}

/// Columns that may not be zero, whatever their relation.
const ABOVE_ZERO: [&str; 3] = ["price_unit", "price_factor", "fx_rate"];
/// Columns that may not be negative, whatever their relation. Interest may: the gate has the rule.
const NOT_NEGATIVE: [&str; 3] = ["unit_price", "price", "average_cost"];
/// Columns that may not be negative in a trade.
const NOT_NEGATIVE_IN_TRADES: [&str; 4] = [
    "gross_amount",
    "commission",
    "foreign_fees",
    "consumption_tax",
];

/// The faults that a number can have, in the order in which they are looked for.
pub fn conditions(
    relation: &Relation,
    column: &Column,
    number: &Number<'_>,
) -> Vec<(Fault, String)> {
    let is_trade = relation.name == TRADES.name;
    let is_positive = ABOVE_ZERO.contains(&column.name) || (is_trade && column.name == "quantity");
    let is_unsigned = NOT_NEGATIVE.contains(&column.name)
        || (is_trade && NOT_NEGATIVE_IN_TRADES.contains(&column.name));
    // Values are multiplied with prices and rates, which have 8 decimals.
    let limit = if number.places == "8" { "1e12" } else { "1e15" };
    let mut found = vec![
        (Fault::NoNumber, number.is_none()),
        (Fault::TooFine, number.is_too_fine()),
        (Fault::TooManyDigits, number.has_too_many_digits()),
        (Fault::TooLarge, number.is_beyond(limit)),
    ];
    if is_positive {
        found.push((Fault::NotPositive, number.is_not_positive()));
    } else if is_unsigned {
        found.push((Fault::Negative, number.is_negative()));
    }
    found
}

impl Number<'_> {
    fn text(&self) -> String {
        match self.dialect {
            Dialect::Postgres => format!("CAST({} AS text)", self.value),
            Dialect::Sqlite => self.value.to_owned(),
        }
    }

    fn is_none(&self) -> String {
        let value = self.value;
        match self.dialect {
            Dialect::Postgres => {
                format!("CAST({value} AS text) IN ('NaN', 'Infinity', '-Infinity')")
            }
            Dialect::Sqlite => {
                let digits = format!(
                    "CASE WHEN substr({value}, 1, 1) = '-' THEN substr({value}, 2) ELSE CAST({value} AS text) END"
                );
                format!(
                    "({digits} NOT GLOB '[0-9]*' OR {digits} GLOB '*[^0-9.]*' OR {digits} GLOB '*.'
                      OR {digits} GLOB '*.*.*')"
                )
            }
        }
    }

    fn is_too_fine(&self) -> String {
        let (value, places) = (self.value, &self.places);
        match self.dialect {
            // Nearly every value has no decimals, or few: what costs more is asked for the others alone.
            Dialect::Postgres => {
                format!("scale({value}) > 0 AND scale(trim_scale({value})) > {places}")
            }
            Dialect::Sqlite => format!(
                "instr({value}, '.') > 0 AND length(rtrim({value}, '0')) - instr({value}, '.') > {places}"
            ),
        }
    }

    fn has_too_many_digits(&self) -> String {
        let text = self.text();
        let digits = format!("replace(replace({text}, '-', ''), '.', '')");
        format!("length({text}) > 15 AND length(rtrim(ltrim({digits}, '0'), '0')) > 15")
    }

    fn is_beyond(&self, limit: &str) -> String {
        let value = self.value;
        match self.dialect {
            Dialect::Postgres => format!("abs({value}) >= {limit}"),
            // A double serves for a power of ten.
            Dialect::Sqlite => format!("abs(CAST({value} AS real)) >= {limit}"),
        }
    }

    fn is_negative(&self) -> String {
        let value = self.value;
        match self.dialect {
            Dialect::Postgres => format!("{value} < 0"),
            Dialect::Sqlite => format!("({value} GLOB '-*' AND {value} GLOB '*[1-9]*')"),
        }
    }

    fn is_not_positive(&self) -> String {
        let value = self.value;
        match self.dialect {
            Dialect::Postgres => format!("{value} <= 0"),
            Dialect::Sqlite => format!("({value} GLOB '-*' OR {value} NOT GLOB '*[1-9]*')"),
        }
    }
}

/// The decimals of a currency's minor unit, of an expression that is its code.
pub fn places_of_currency(currency: &str) -> String {
    let mut cases = String::new();
    for exponent in [0, 3, 4] {
        let codes: Vec<String> = Currency::codes()
            .into_iter()
            .filter(|code| {
                Currency::from_code(code).is_some_and(|known| known.exponent() == exponent)
            })
            .map(|code| format!("'{code}'"))
            .collect();
        if !codes.is_empty() {
            let codes = codes.join(", ");
            let _ = write!(cases, "WHEN {currency} IN ({codes}) THEN {exponent} ");
        }
    }
    format!("CASE {cases}ELSE 2 END")
}
