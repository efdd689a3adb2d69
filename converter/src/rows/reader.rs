//! Reading one row, column by column in the order of the contract.

use common::blank::{is_absent, is_blank};
use common::contract::Relation;
use common::currency::Currency;
use common::decimal::{self, MAX_SIGNIFICANT_DIGITS};
use common::profile::Rule;
use common::source::SourceRow;
use common::statement::parse_date;
use common::{Error, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::Code;
use super::intake::Intake;
pub use super::keepable::{ESCAPE_BEGINS, MAX_TEXT_UNITS, begins_escape, unkeepable};

/// One row with every column in the order of the contract.
pub struct RowReader<'r, 'i> {
    relation: &'static Relation,
    /// The names of the selected columns, when they are not the relation's own.
    names: Option<&'static [&'static str]>,
    row: &'r SourceRow,
    position: usize,
    intake: &'i mut Intake,
}

impl<'r, 'i> RowReader<'r, 'i> {
    pub fn new(relation: &'static Relation, row: &'r SourceRow, intake: &'i mut Intake) -> Self {
        intake.digest.begin_row();
        Self {
            relation,
            names: None,
            row,
            position: 0,
            intake,
        }
    }

    /// A row of a query that selects other columns than the whole relation.
    pub fn of_columns(
        relation: &'static Relation,
        names: &'static [&'static str],
        row: &'r SourceRow,
        intake: &'i mut Intake,
    ) -> Self {
        intake.digest.begin_row();
        Self {
            relation,
            names: Some(names),
            row,
            position: 0,
            intake,
        }
    }

    /// Passes over a column that no document depends on.
    pub fn skip(&mut self) {
        self.position += 1;
    }

    /// The next column's text, or `None` when it is null or stands for that: queries decide by the same blanks. Other white space
    /// they do not know.
    pub fn optional_text(&mut self) -> Result<Option<&'r str>> {
        let value = self.optional_value()?;
        if value.is_some_and(is_blank) {
            return Err(self.wrong(
                "it is nothing but white space of other kinds than blanks: write a text, or null for none",
            ));
        }
        self.keepable(value)
    }

    /// Refuses a text that no cell can show.
    fn keepable<'t>(&self, value: Option<&'t str>) -> Result<Option<&'t str>> {
        if let Some(what) = value.and_then(unkeepable) {
            return Err(self.wrong(&format!("the text has {what}, which no cell can show")));
        }
        Ok(value)
    }

    /// The next column's value, which is none where a text of it would be absent.
    fn optional_value(&mut self) -> Result<Option<&'r str>> {
        let value = self.next()?.filter(|text| !is_absent(text));
        self.digest(value);
        Ok(value)
    }

    /// The next column's value as it is.
    fn optional_raw(&mut self) -> Result<Option<&'r str>> {
        let value = self.next()?;
        self.digest(value);
        Ok(value)
    }

    fn raw(&mut self) -> Result<&'r str> {
        let value = self.optional_raw()?;
        value.ok_or_else(|| self.is_null())
    }

    /// Digests the value of the column that was read last. A column that was added to the contract counts with its name, and
    /// only where it has a value: rows without it are what they were before.
    fn digest(&mut self, value: Option<&str>) {
        let column = match self.names {
            None => self.relation.columns.get(self.position - 1),
            Some(_) => None,
        };
        match column {
            Some(column) if column.added => {
                if value.is_some() {
                    self.intake.digest.value(Some(column.name));
                    self.intake.digest.value(value);
                }
            }
            _ => self.intake.digest.value(value),
        }
    }

    /// The next column's value as the database has it.
    fn next(&mut self) -> Result<Option<&'r str>> {
        let value = self.row.get(self.position);
        self.position += 1;
        // More than the limit in bytes is a must for more than the limit in units: the long way is rare.
        if let Some(text) = value
            && text.len() > MAX_TEXT_UNITS
            && text.encode_utf16().count() > MAX_TEXT_UNITS
        {
            return Err(self.wrong(&format!(
                "the text is longer than the {MAX_TEXT_UNITS} characters a cell holds"
            )));
        }
        Ok(value)
    }

    /// The next column's text, which may neither be null nor say nothing.
    pub fn text(&mut self) -> Result<&'r str> {
        let text = self.text_or_blank()?;
        if is_blank(text) {
            return Err(self.wrong("it is empty or blank, where the contract demands a text"));
        }
        Ok(text)
    }

    /// The next column's text, which may not be null.
    pub fn text_or_blank(&mut self) -> Result<&'r str> {
        let text = self.raw()?;
        self.keepable(Some(text))?;
        Ok(text)
    }

    fn is_null(&self) -> Error {
        self.wrong("it is null, where the contract allows no null")
    }

    pub fn optional_owned(&mut self) -> Result<Option<Box<str>>> {
        Ok(self.optional_text()?.map(Into::into))
    }

    pub fn owned(&mut self) -> Result<Box<str>> {
        Ok(self.text()?.into())
    }

    pub fn date(&mut self) -> Result<Date> {
        let text = self.raw()?;
        self.parse_date(text)
    }

    pub fn optional_date(&mut self) -> Result<Option<Date>> {
        self.optional_value()?
            .map(|text| self.parse_date(text))
            .transpose()
    }

    pub fn optional_integer(&mut self) -> Result<Option<i64>> {
        self.optional_value()?
            .map(|text| self.parse_integer(text))
            .transpose()
    }

    pub fn code<T: Code>(&mut self) -> Result<T> {
        let text = self.raw()?;
        self.parse_code(text)
    }

    /// The next column's code, which is not in the digest: it does not decide what the document says.
    pub fn code_beside<T: Code>(&mut self) -> Result<T> {
        let text = self.next()?.ok_or_else(|| self.is_null())?;
        self.parse_code(text)
    }

    /// The next column's text as it is, which is not in the digest.
    pub fn text_beside(&mut self) -> Result<Option<&'r str>> {
        self.next()
    }

    /// The next column by a way of its own to read it, in the digest as it is written.
    pub fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>, what: &str) -> Result<T> {
        let text = self.raw()?;
        parse(text).ok_or_else(|| self.wrong(&format!("{text:?} is not {what}")))
    }

    fn parse_code<T: Code>(&self, text: &str) -> Result<T> {
        T::from_code(text).ok_or_else(|| {
            let known = T::CODES
                .iter()
                .map(|(code, _)| *code)
                .collect::<Vec<_>>()
                .join(", ");
            self.wrong(&format!("{text:?} is not known; the contract has {known}"))
        })
    }

    pub fn currency(&mut self) -> Result<Currency> {
        let text = self.raw()?;
        self.parse_currency(text)
    }

    pub fn optional_currency(&mut self) -> Result<Option<Currency>> {
        self.optional_value()?
            .map(|text| self.parse_currency(text))
            .transpose()
    }

    /// The next column as a decimal of at most `places` decimals.
    pub fn decimal(&mut self, places: u32) -> Result<Decimal> {
        let value = self.optional_decimal(places)?;
        value.ok_or_else(|| self.is_null())
    }

    pub fn optional_decimal(&mut self, places: u32) -> Result<Option<Decimal>> {
        let text = self.next()?.filter(|text| !is_absent(text));
        // Engines pad to a column's scale: the digest is of the number.
        self.digest(text.map(decimal::without_padding));
        text.map(|text| self.parse_decimal(text, places))
            .transpose()
    }

    /// The next column as a decimal that may not be negative.
    pub fn unsigned(&mut self, places: u32) -> Result<Decimal> {
        let value = self.optional_unsigned(places)?;
        value.ok_or_else(|| self.is_null())
    }

    pub fn optional_unsigned(&mut self, places: u32) -> Result<Option<Decimal>> {
        let value = self.optional_decimal(places)?;
        if let Some(value) = value
            && value.is_sign_negative()
            && !value.is_zero()
        {
            self.broken(&format!(
                "{value} is negative, which the contract does not allow here"
            ))?;
        }
        Ok(value)
    }

    /// The next column as a decimal above zero.
    pub fn positive(&mut self, places: u32) -> Result<Decimal> {
        let value = self.optional_positive(places)?;
        value.ok_or_else(|| self.is_null())
    }

    /// The next column as a decimal above zero where there is one: many systems store a rate that they do not know as 0.
    pub fn optional_positive(&mut self, places: u32) -> Result<Option<Decimal>> {
        let value = self.optional_decimal(places)?;
        if let Some(value) = value
            && value <= Decimal::ZERO
        {
            self.broken(&format!(
                "{value} is not above zero, as the contract demands"
            ))?;
        }
        Ok(value)
    }

    /// The gate's word on the value that was read last, which breaks the contract but can be shown.
    pub fn broken(&mut self, what: &str) -> Result<()> {
        let place = self.place(self.position.saturating_sub(1));
        let column = self.column();
        self.intake
            .gate
            .broken(Rule::Shape, format!("{place}: {what}"))
            .map_err(|error| error.at(column))
    }

    /// An error about the column that was read last.
    pub fn wrong(&self, what: &str) -> Error {
        Error::data(
            "shape",
            format!("{}: {what}", self.place(self.position.saturating_sub(1))),
        )
        .at(self.column())
    }

    /// The column that was read last, as `relation.column`.
    fn column(&self) -> String {
        let column = self.name(self.position.saturating_sub(1));
        format!("{}.{column}", self.relation.name)
    }

    /// Relation, row and column, for messages. The account is the document's and already named there.
    fn place(&self, position: usize) -> String {
        let key = self
            .relation
            .unique
            .iter()
            .filter_map(|name| {
                let position =
                    (0..self.row.columns()).find(|position| self.name(*position) == *name)?;
                // A key's control characters do nothing in a log or on a terminal.
                let value = self.row.get(position).unwrap_or("null");
                let value = value.replace(char::is_control, "\u{FFFD}");
                Some(format!("{name} {value}"))
            })
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "{} ({key}), column {}",
            self.relation.name,
            self.name(position)
        )
    }

    fn name(&self, position: usize) -> &'static str {
        match self.names {
            Some(names) => names.get(position).copied(),
            None => self
                .relation
                .columns
                .get(position)
                .map(|column| column.name),
        }
        .unwrap_or("?")
    }

    fn parse_date(&self, text: &str) -> Result<Date> {
        parse_date(text).ok_or_else(|| {
            self.wrong(&format!(
                "{text:?} is not a date from 1900-01-01 to 9999-12-31, YYYY-MM-DD"
            ))
        })
    }

    fn parse_integer(&self, text: &str) -> Result<i64> {
        text.parse()
            .map_err(|_| self.wrong(&format!("{text:?} is not a whole number")))
    }

    fn parse_currency(&self, text: &str) -> Result<Currency> {
        Currency::from_code(text)
            .ok_or_else(|| self.wrong(&format!("{text:?} is not an ISO 4217 currency code")))
    }

    fn parse_decimal(&self, text: &str, places: u32) -> Result<Decimal> {
        let value = decimal::parse(text).ok_or_else(|| {
            self.wrong(&format!(
                "{text:?} is not a plain decimal number that can be kept exactly"
            ))
        })?;
        if value.scale() > places {
            return Err(self.wrong(&format!(
                "{text} has more than the {places} decimals allowed here"
            )));
        }
        // Nearly every value: no need to count its digits.
        if value.mantissa().unsigned_abs() < SMALL_MANTISSA {
            return Ok(value);
        }
        let digits = decimal::significant_digits(value);
        if digits > MAX_SIGNIFICANT_DIGITS {
            return Err(self.wrong(&format!(
                "{text} has {digits} significant digits; a spreadsheet keeps {MAX_SIGNIFICANT_DIGITS}, so it would be rounded"
            )));
        }
        // Sums and products of what passes here cannot overflow.
        if value.abs() >= max_magnitude(places) {
            return Err(self.wrong(&format!("{text} is larger than a statement can hold")));
        }
        Ok(value)
    }
}

/// What is below has few enough digits, and is below [`max_magnitude`], whatever its decimals.
const SMALL_MANTISSA: u128 = 1_000_000_000_000;

/// Prices and rates, which amounts are multiplied with, are below 10^12, everything else below 10^15.
fn max_magnitude(places: u32) -> Decimal {
    if places == 8 {
        Decimal::from(1_000_000_000_000_u64)
    } else {
        Decimal::from(1_000_000_000_000_000_u64)
    }
}
