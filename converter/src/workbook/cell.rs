//! One cell: what it holds, and how it is written.

use std::borrow::Cow;

use common::Error;
use common::currency::Currency;
use common::decimal::{MAX_SIGNIFICANT_DIGITS, decimal_places, nearest_f64};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::XlsxError;

use super::row_xml::{CellColumn, Number, RowXml};
use super::style::{ColumnStyle, Styles};
use super::widths::ColumnWidth;
use crate::rows::reader::MAX_TEXT_UNITS;

/// What a cell holds.
#[derive(Debug, Clone)]
pub enum Cell<'r> {
    Empty,
    Text(&'r str),
    Joined(String),
    Date(Date),
    Quantity(Decimal),
    Price(Decimal, Currency),
    Rate(Decimal),
    Amount(Decimal, Currency),
}

impl<'r> Cell<'r> {
    pub fn text(value: Option<&'r str>) -> Self {
        value.map_or(Cell::Empty, Cell::Text)
    }

    pub fn amount(value: Option<Decimal>, currency: Currency) -> Self {
        value.map_or(Cell::Empty, |value| Cell::Amount(value, currency))
    }

    pub fn price(value: Option<Decimal>, currency: Currency) -> Self {
        value.map_or(Cell::Empty, |value| Cell::Price(value, currency))
    }

    /// The text of a cell that holds one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Joined(text) => Some(text),
            _ => None,
        }
    }

    pub fn rate(value: Option<Decimal>) -> Self {
        value.map_or(Cell::Empty, Cell::Rate)
    }
}

/// A value of more digits than a spreadsheet keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong(pub Decimal);

/// Writes one cell, and takes note of its width; with the column's format where the cell's says the same. Of a text `number_of` says its
/// number in the workbook's list, if it is there. Returns the pixels that its text needs; 0 = no more than any row has.
pub fn write(
    row: &mut RowXml,
    column: &CellColumn,
    cell: &Cell,
    number_of: impl FnOnce(&str) -> Option<u32>,
    style: ColumnStyle,
    styles: &Styles,
    width: &mut ColumnWidth,
) -> Result<u32, TooLong> {
    let mut height = 0;
    match cell {
        Cell::Empty => {}
        Cell::Text(_) | Cell::Joined(_) => {
            let text = displayed(cell.as_text().unwrap_or_default());
            height = width.see_text(&text);
            if !text.is_empty() {
                match number_of(&text) {
                    Some(number) => row.shared_text(column, number),
                    None => row.text(column, &text),
                }
            }
        }
        Cell::Date(date) => row.number(column, column.format, whole(serial(*date))),
        Cell::Amount(value, currency) => {
            width.see_number(nearest_f64(*value), currency.exponent() as usize);
            let format = if styles.is_columns_own(*currency) {
                column.format
            } else {
                styles.amount(*currency).id
            };
            row.number(column, format, number(*value)?);
        }
        Cell::Quantity(value) | Cell::Price(value, _) | Cell::Rate(value) => {
            let places = match cell {
                Cell::Price(_, currency) => Styles::price_places(*currency, *value),
                Cell::Rate(_) => decimal_places(*value).max(2) as usize,
                _ => decimal_places(*value) as usize,
            };
            width.see_number(nearest_f64(*value), places);
            let format = if places == styles.column_places(style) {
                column.format
            } else {
                styles.number(places).id
            };
            row.number(column, format, number(*value)?);
        }
    }
    Ok(height)
}

/// What is read has at most 15 significant digits; what is computed from it (balances, valuations) may have more, which a
/// spreadsheet would round silently, and sums of which could overflow.
fn number(value: Decimal) -> Result<Number, TooLong> {
    const BEYOND: u64 = 10_u64.pow(MAX_SIGNIFICANT_DIGITS);
    let is_short = value.mantissa().unsigned_abs() < u128::from(BEYOND);
    let shortest = if is_short { value } else { value.normalize() };
    let mut mantissa = match u64::try_from(shortest.mantissa().unsigned_abs()) {
        Ok(mantissa) if mantissa < BEYOND => mantissa,
        _ => return Err(TooLong(value)),
    };
    let mut places = shortest.scale();
    while places > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        places -= 1;
    }
    Ok(Number {
        is_negative: value.is_sign_negative() && mantissa > 0,
        mantissa,
        places,
    })
}

fn whole(number: u32) -> Number {
    Number {
        is_negative: false,
        mantissa: number.into(),
        places: 0,
    }
}

/// A text as cells show it: lines end in line feeds and nothing ends in blanks, which one program shows as they are and another
/// as something else; as far as a cell can hold it. Single texts of the source fit; joined ones may not.
pub fn displayed(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if !text.as_bytes().contains(&b'\r') {
        return fitting(text);
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(fitting(&lines).into_owned())
}

fn fitting(text: &str) -> Cow<'_, str> {
    // A character has no more units than bytes.
    if text.len() <= MAX_TEXT_UNITS || text.encode_utf16().count() <= MAX_TEXT_UNITS {
        return Cow::Borrowed(text);
    }
    let mut left = MAX_TEXT_UNITS - 1;
    let kept = text.chars().take_while(|character| {
        let units = character.len_utf16();
        let fits = units <= left;
        left = left.saturating_sub(units);
        fits
    });
    Cow::Owned(kept.chain(['…']).collect())
}

/// Excel's number of a date from 1900 on: days since 1899-12-30, with its leap day that never was before March 1900.
pub fn serial(date: Date) -> u32 {
    let epoch = Date::constant(1899, 12, 30);
    let days = (date - epoch).get_days().unsigned_abs();
    if date < Date::constant(1900, 3, 1) {
        days - 1
    } else {
        days
    }
}

/// A failed write of the workbook. What the library refuses is our mistake; the disk's errors are not.
pub fn cannot_write(reason: XlsxError) -> Error {
    match reason {
        XlsxError::IoError(reason) => crate::disk::failed("writing the workbook", reason),
        XlsxError::TempFileError(_, reason) => crate::disk::temp_failed(reason),
        reason => Error::bug("the workbook could not be written").because(reason),
    }
}
