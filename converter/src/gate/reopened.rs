//! Rule 4, ownership, of the finished file: an independent reader opens it before it is published and must find the
//! account's number, the rows and the totals that were computed while writing. It streams; memory does not grow with rows.

use std::io::{Read, Seek};
use std::sync::atomic::{AtomicBool, Ordering};

use calamine::{DataRef, Reader, Xlsx};
use common::decimal::nearest_f64;
use common::profile::Word;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::workbook::{Heading, TableDone, TotalDone, displayed};

/// How many rows pass between looks at whether to stop.
const ROWS_PER_LOOK: u32 = 4096;

/// What must be found in the file.
pub struct Expected<'a> {
    pub heading: &'a Heading,
    pub tables: &'a [TableDone],
}

type Finding = Result<(), String>;

impl Expected<'_> {
    /// Reads the whole file. The error says what is not as it was written.
    pub fn check(&self, file: impl Read + Seek, stop: &AtomicBool) -> Finding {
        let unreadable = |reason: calamine::XlsxError| format!("it cannot be opened: {reason}");
        let mut workbook = Xlsx::new(file).map_err(unreadable)?;
        let words = self.heading.words();
        let summary = words.get(Word::SheetSummary);
        let mut sheets = vec![summary.to_owned()];
        sheets.extend(
            self.tables
                .iter()
                .flat_map(|table| table.parts.iter().map(|(name, _)| name.clone())),
        );
        if workbook.sheet_names() != sheets {
            return Err(format!(
                "it has the sheets {:?} instead of {sheets:?}",
                workbook.sheet_names()
            ));
        }
        self.check_account(&mut workbook, summary)?;
        self.tables
            .iter()
            .try_for_each(|table| check_table(&mut workbook, table, stop))
    }

    /// The account's number stands beside its label.
    fn check_account(&self, workbook: &mut Xlsx<impl Read + Seek>, summary: &str) -> Finding {
        let label = self.heading.words().get(Word::AccountNumber);
        let account_no = displayed(&self.heading.account.account_no);
        let mut labelled = None;
        let mut is_shown = false;
        each_cell(workbook, summary, |row, _, value| {
            let text = text_of(value);
            is_shown |= labelled == Some(row) && text == account_no;
            labelled = (text == label).then_some(row);
            Ok(())
        })?;
        if is_shown {
            return Ok(());
        }
        // The number itself is the customer's: the log has no place for it.
        Err(format!(
            "{summary} does not show the account's number beside {label:?}"
        ))
    }
}

/// Reads one table's sheets: as many rows as were written, one after the other, and totals that they add up to.
fn check_table(
    workbook: &mut Xlsx<impl Read + Seek>,
    table: &TableDone,
    stop: &AtomicBool,
) -> Finding {
    let mut sums = Sums::of(&table.totals);
    let mut totals_seen = 0;
    for (part, (sheet, rows)) in (1..).zip(&table.parts) {
        let is_last = part == table.parts.len();
        let mut data = DataRows::new(*rows);
        each_cell(workbook, sheet, |row, column, value| {
            if row == 0 {
                // The header.
            } else if row <= *rows {
                if data.see((row, column), sheet)? {
                    sums.end_row();
                    if row.is_multiple_of(ROWS_PER_LOOK) && stop.load(Ordering::Relaxed) {
                        return Err("the attempt was stopped".to_owned());
                    }
                }
                sums.see(column, value);
            } else if is_last {
                totals_seen += check_total(&table.totals, sheet, (row, column), value)?;
            } else {
                return Err(format!("{sheet}: there are more than its {rows} rows"));
            }
            Ok(())
        })?;
        sums.end_row();
        if data.seen != *rows {
            return Err(format!("{sheet}: {} rows instead of {rows}", data.seen));
        }
    }
    let totals: usize = table.totals.iter().map(|total| total.sums.len()).sum();
    if totals_seen != totals {
        return Err(format!(
            "{}: {totals_seen} totals instead of {totals}",
            table.section.as_str()
        ));
    }
    sums.check(table)
}

/// Rows of a sheet must follow one another: a hole is a lost row. So must the cells of a row, or it is there twice.
struct DataRows {
    expected: u32,
    seen: u32,
    /// Row and column.
    last: (u32, u32),
}

impl DataRows {
    fn new(expected: u32) -> Self {
        Self {
            expected,
            seen: 0,
            last: (0, 0),
        }
    }

    /// Returns whether the cell begins a row.
    fn see(&mut self, (row, column): (u32, u32), sheet: &str) -> Result<bool, String> {
        let last = std::mem::replace(&mut self.last, (row, column));
        if row == last.0 {
            return if column > last.1 {
                Ok(false)
            } else {
                Err(format!("{sheet}: row {} is there twice", row + 1))
            };
        }
        self.seen += 1;
        if row == self.seen {
            Ok(true)
        } else {
            Err(format!(
                "{sheet}: row {} of {} is missing",
                self.seen + 1,
                self.expected + 1
            ))
        }
    }
}

/// The cell of a total must hold the sum's nearest double. Returns how many totals the cell holds.
fn check_total(
    totals: &[TotalDone],
    sheet: &str,
    (row, column): (u32, u32),
    value: &DataRef,
) -> Result<usize, String> {
    let sum = totals
        .iter()
        .filter(|total| total.row == row)
        .flat_map(|total| &total.sums)
        .find(|sum| u32::from(sum.column) == column);
    let Some(sum) = sum else { return Ok(0) };
    let wanted = nearest_f64(sum.sum);
    match value {
        DataRef::Float(found) if found.to_bits() == wanted.to_bits() => Ok(1),
        found => Err(format!(
            "{sheet}: the total of {} in row {} is {found:?} instead of {}",
            sum.currency,
            row + 1,
            sum.sum
        )),
    }
}

/// Adds up what the file shows, in minor units.
struct Sums<'t> {
    totals: &'t [TotalDone],
    /// By total and sum.
    found: Vec<Vec<i128>>,
    /// Which columns hold the amounts, and which the words they are summed by.
    amounts: Vec<bool>,
    keys: Vec<bool>,
    row_amounts: Vec<(u32, f64)>,
    row_keys: Vec<(u32, String)>,
}

impl<'t> Sums<'t> {
    fn of(totals: &'t [TotalDone]) -> Self {
        let mut amounts = Vec::new();
        let mut keys = Vec::new();
        let mark = |columns: &mut Vec<bool>, column: u16| {
            let column = usize::from(column);
            columns.resize(columns.len().max(column + 1), false);
            columns[column] = true;
        };
        for sum in totals.iter().flat_map(|total| &total.sums) {
            mark(&mut amounts, sum.column);
            sum.by
                .iter()
                .for_each(|(column, _)| mark(&mut keys, *column));
        }
        Self {
            totals,
            found: totals
                .iter()
                .map(|total| vec![0; total.sums.len()])
                .collect(),
            amounts,
            keys,
            row_amounts: Vec::new(),
            row_keys: Vec::new(),
        }
    }

    fn see(&mut self, column: u32, value: &DataRef) {
        let is = |columns: &[bool]| columns.get(column as usize) == Some(&true);
        if is(&self.keys) {
            self.row_keys.push((column, text_of(value).to_owned()));
        } else if is(&self.amounts)
            && let DataRef::Float(amount) = value
        {
            self.row_amounts.push((column, *amount));
        }
    }

    fn end_row(&mut self) {
        for (column, amount) in self.row_amounts.drain(..) {
            for (total, found) in self.totals.iter().zip(&mut self.found) {
                for (sum, found) in total.sums.iter().zip(found) {
                    let is_of = |(column, text): &(u16, Box<str>)| {
                        self.row_keys
                            .iter()
                            .any(|(at, found)| *at == u32::from(*column) && **found == **text)
                    };
                    if u32::from(sum.column) == column && sum.by.iter().all(is_of) {
                        *found += minor_units(amount, sum.currency.exponent());
                    }
                }
            }
        }
        self.row_keys.clear();
    }

    fn check(&self, table: &TableDone) -> Finding {
        for (total, found) in self.totals.iter().zip(&self.found) {
            for (sum, found) in total.sums.iter().zip(found) {
                let places = sum.currency.exponent();
                let wanted = (sum.sum * Decimal::from(10_u64.pow(places))).to_i128();
                if wanted != Some(*found) {
                    return Err(format!(
                        "{}: its rows of {} add up to {} in column {} where the total is {}",
                        table.section.as_str(),
                        sum.currency,
                        Decimal::from_i128_with_scale(*found, places),
                        sum.column + 1,
                        sum.sum
                    ));
                }
            }
        }
        Ok(())
    }
}

/// An amount in minor units: the whole part as it is, and the rest, which the nearest double is closer to than half a unit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "both are whole numbers, and amounts are below 10^15"
)]
fn minor_units(amount: f64, places: u32) -> i128 {
    let whole = amount.trunc();
    let rest = (amount - whole) * 10_f64.powi(places.cast_signed());
    whole as i128 * 10_i128.pow(places) + rest.round() as i128
}

/// Calls `see` with row, column and value of every cell that is not empty, in order.
fn each_cell(
    workbook: &mut Xlsx<impl Read + Seek>,
    sheet: &str,
    mut see: impl FnMut(u32, u32, &DataRef) -> Finding,
) -> Finding {
    let unreadable = |reason: calamine::XlsxError| format!("{sheet} cannot be read: {reason}");
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(unreadable)?;
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        if !matches!(cell.get_value(), DataRef::Empty) {
            see(row, column, cell.get_value())?;
        }
    }
    Ok(())
}

/// A cell's text; empty when it holds none.
fn text_of<'v>(value: &'v DataRef) -> &'v str {
    match value {
        DataRef::String(text) => text,
        DataRef::SharedString(text) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_there_twice_is_found() {
        let mut rows = DataRows::new(2);
        assert_eq!(rows.see((1, 0), "Trades"), Ok(true));
        assert_eq!(rows.see((1, 2), "Trades"), Ok(false));
        assert_eq!(rows.see((2, 0), "Trades"), Ok(true));
        let twice = rows.see((2, 0), "Trades").unwrap_err();
        assert_eq!(twice, "Trades: row 3 is there twice");
    }
}
