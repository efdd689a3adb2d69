//! One cell: what it holds, and how it is written.

use std::borrow::Cow;

use common::currency::Currency;
use common::decimal::{MAX_SIGNIFICANT_DIGITS, decimal_places, nearest_f64};
use common::{Error, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{Worksheet, XlsxError};

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

/// Writes one cell, and takes note of its width; without a format of its own where the column's says the same. Returns
/// the lines that it needs.
pub fn write(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    style: ColumnStyle,
    styles: &Styles,
    width: &mut ColumnWidth,
) -> Result<u32> {
    let mut lines = 1;
    let written = match cell {
        Cell::Empty => return Ok(lines),
        Cell::Text(text) => {
            lines = width.see_text(text);
            sheet.write_string(row, column, *text)
        }
        Cell::Joined(text) => {
            let text = fitting(text);
            lines = width.see_text(&text);
            sheet.write_string(row, column, text)
        }
        Cell::Date(date) => sheet.write_number(row, column, serial(*date)),
        Cell::Amount(value, currency) => {
            let number = number(*value, sheet, (row, column))?;
            width.see_number(number, currency.exponent() as usize);
            if styles.is_columns_own(*currency) {
                sheet.write_number(row, column, number)
            } else {
                sheet.write_number_with_format(row, column, number, styles.amount(*currency))
            }
        }
        Cell::Quantity(value) | Cell::Price(value, _) | Cell::Rate(value) => {
            let places = match cell {
                Cell::Price(_, currency) => Styles::price_places(*currency, *value),
                Cell::Rate(_) => decimal_places(*value).max(2) as usize,
                _ => decimal_places(*value) as usize,
            };
            let number = number(*value, sheet, (row, column))?;
            width.see_number(number, places);
            if places == styles.column_places(style) {
                sheet.write_number(row, column, number)
            } else {
                sheet.write_number_with_format(row, column, number, styles.number(places))
            }
        }
    };
    written.map_err(cannot_write)?;
    Ok(lines)
}

/// The double of a value that a cell keeps. What is read has at most 15 significant digits; what is computed from it
/// (balances, valuations) may have more, which a spreadsheet would round silently, and sums of which could overflow.
fn number(value: Decimal, sheet: &Worksheet, (row, column): (u32, u16)) -> Result<f64> {
    const BEYOND: u128 = 10_u128.pow(MAX_SIGNIFICANT_DIGITS);
    let fits = |value: Decimal| value.mantissa().unsigned_abs() < BEYOND;
    if fits(value) || fits(value.normalize()) {
        return Ok(nearest_f64(value));
    }
    Err(Error::data(
        "shape",
        format!(
            "{}, cell {}: {value} was computed, which is more than the {MAX_SIGNIFICANT_DIGITS} digits a spreadsheet keeps",
            sheet.name(),
            row_col_to_cell(row, column)
        ),
    ))
}

/// The text as far as a cell can hold it. Single texts of the source fit; joined ones may not.
pub fn fitting(text: &str) -> Cow<'_, str> {
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

/// Excel's number of a date: days since 1899-12-30, with its leap day that never was before March 1900.
pub fn serial(date: Date) -> f64 {
    let epoch = Date::constant(1899, 12, 30);
    let days = (date - epoch).get_days();
    f64::from(if date < Date::constant(1900, 3, 1) {
        days - 1
    } else {
        days
    })
}

/// A failed write of the workbook. What the library refuses is our mistake; the disk's errors are not.
pub fn cannot_write(reason: XlsxError) -> Error {
    match reason {
        XlsxError::IoError(reason) => crate::disk::failed("writing the workbook", reason),
        reason => Error::bug("the workbook could not be written").because(reason),
    }
}
