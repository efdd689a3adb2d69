//! Totals below a table: one row per currency (holdings: per asset class and currency), each a formula with its exact
//! value.

use common::currency::Currency;
use common::decimal::{MAX_SIGNIFICANT_DIGITS, significant_digits};
use common::profile::Word;
use common::{Error, Result};
use rust_decimal::Decimal;
use rust_xlsxwriter::utility::column_number_to_name;
use rust_xlsxwriter::{Formula, Worksheet};

use super::cell::{Cell, cannot_write, displayed};
use super::layout::ColumnSpec;
use super::style::Styles;
use super::words::Words;

/// The totals of a table, added up as its rows go by.
#[derive(Default)]
pub struct Totals(Vec<TotalRow>);

/// One total row: the values it is summed by, and a sum with its currency per column.
struct TotalRow {
    keys: Vec<Box<str>>,
    sums: Vec<Option<(Decimal, Currency)>>,
}

/// A row of totals as it was written, for whoever reads the file again.
#[derive(Debug, Clone)]
pub struct TotalDone {
    /// From 0, on the table's last sheet.
    pub row: u32,
    pub sums: Vec<SumDone>,
}

/// A sum, and the columns and texts that its lines have.
#[derive(Debug, Clone)]
pub struct SumDone {
    pub column: u16,
    pub sum: Decimal,
    pub currency: Currency,
    pub by: Vec<(u16, Box<str>)>,
}

/// A sheet that the totals span: its name and its data rows, which begin in row 2.
pub type Part = (String, u32);

impl Totals {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The total row of these keys, of `columns` columns.
    pub fn row_of<'r>(
        &mut self,
        keys: &(impl Iterator<Item = Cell<'r>> + Clone),
        columns: usize,
    ) -> usize {
        let same = |row: &TotalRow| {
            row.keys
                .iter()
                .zip(keys.clone())
                .all(|(key, cell)| cell.as_text() == Some(key))
        };
        // The same few totals take nearly every row: the newest one is looked at first.
        self.0.iter().rposition(same).unwrap_or_else(|| {
            let keys = keys
                .clone()
                .map(|cell| cell.as_text().unwrap_or_default().into())
                .collect();
            self.0.push(TotalRow {
                keys,
                sums: vec![None; columns],
            });
            self.0.len() - 1
        })
    }

    /// Adds an amount to a total row.
    pub fn add(&mut self, row: usize, position: usize, amount: Decimal, currency: Currency) {
        let sum = &mut self.0[row].sums[position];
        *sum = Some((sum.map_or(Decimal::ZERO, |(sum, _)| sum) + amount, currency));
    }

    /// The sums of every column.
    pub fn sums(&self) -> impl Iterator<Item = (usize, Decimal, Currency)> {
        self.0.iter().flat_map(|total| {
            (0..).zip(&total.sums).filter_map(|(column, sum)| {
                let (sum, currency) = (*sum)?;
                Some((column, sum, currency))
            })
        })
    }

    pub fn rows(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Writes the total rows from `row` on. Returns what was written, a row each.
    pub fn write<C: Copy + PartialEq>(
        &self,
        sheet: &mut Worksheet,
        mut row: u32,
        columns: &[ColumnSpec<C>],
        parts: &[Part],
        styles: &Styles,
        words: &Words,
    ) -> Result<Vec<TotalDone>> {
        let mut done = Vec::with_capacity(self.0.len());
        for total in &self.0 {
            total.write(sheet, row, columns, parts, styles, words)?;
            done.push(total.done(row, columns));
            row += 1;
        }
        Ok(done)
    }
}

impl TotalRow {
    fn write<C: Copy + PartialEq>(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        columns: &[ColumnSpec<C>],
        parts: &[Part],
        styles: &Styles,
        words: &Words,
    ) -> Result<()> {
        // The values that the row is summed by stand in their own columns; the word in the first column of texts that is left. Among
        // dates or numbers it would make texts of them for programs that look for the type of a column.
        let mut word = Some(words.get(Word::Total));
        for (column, spec) in (0..).zip(columns) {
            let position = usize::from(column);
            let written = if let Some((sum, currency)) = self.sums[position] {
                check_digits(sum, words.get(spec.heading), parts)?;
                let places = currency.exponent();
                let formula = Formula::new(self.formula(position, places, columns, parts));
                let formula = formula.set_result(sum.normalize().to_string());
                sheet.write_formula_with_format(row, column, formula, styles.total(currency))
            } else if let Some(key) = self.key_shown(position, columns) {
                sheet.write_string_with_format(row, column, displayed(key), &styles.total_label)
            } else if let Some(word) = word.take_if(|_| spec.style.is_text()) {
                sheet.write_string_with_format(row, column, word, &styles.total_label)
            } else {
                sheet.write_blank(row, column, &styles.total_label)
            };
            written.map_err(cannot_write)?;
        }
        Ok(())
    }

    fn done<C: Copy + PartialEq>(&self, row: u32, columns: &[ColumnSpec<C>]) -> TotalDone {
        let position = |of: C| (0..).zip(columns).find(|(_, spec)| spec.column == of);
        let sums = (0..)
            .zip(columns)
            .zip(&self.sums)
            .filter_map(|((column, spec), sum)| {
                let (sum, currency) = (*sum)?;
                let by = spec
                    .sum_by
                    .iter()
                    .zip(&self.keys)
                    .filter_map(|(by, key)| Some((position(*by)?.0, displayed(key).into())))
                    .collect();
                Some(SumDone {
                    column,
                    sum,
                    currency,
                    by,
                })
            })
            .collect();
        TotalDone { row, sums }
    }

    /// The value that the row shows in a column it is summed by.
    fn key_shown<C: Copy + PartialEq>(
        &self,
        position: usize,
        columns: &[ColumnSpec<C>],
    ) -> Option<&str> {
        let column = columns[position].column;
        columns.iter().zip(&self.sums).find_map(|(spec, sum)| {
            (*sum)?;
            let key = spec.sum_by.iter().position(|by| *by == column)?;
            self.keys.get(key).map(AsRef::as_ref)
        })
    }

    /// `ROUND(SUMIFS(…)+SUMIFS(…), minor unit)`, a SUMIFS for every sheet that has rows. Its criteria are currency codes
    /// and our own labels only: text from data would be read as a pattern.
    fn formula<C: Copy + PartialEq>(
        &self,
        position: usize,
        places: u32,
        columns: &[ColumnSpec<C>],
        parts: &[Part],
    ) -> String {
        let letters: Vec<String> = (0..)
            .zip(columns)
            .map(|(column, _)| column_number_to_name(column))
            .collect();
        let sums = parts
            .iter()
            .filter(|(_, rows)| *rows > 0)
            .map(|(name, rows)| {
                let sheet = if parts.len() > 1 {
                    format!("'{name}'!")
                } else {
                    String::new()
                };
                let range = |position: usize| {
                    let letter = &letters[position];
                    format!("{sheet}{letter}2:{letter}{}", rows + 1)
                };
                let criteria =
                    columns[position]
                        .sum_by
                        .iter()
                        .zip(&self.keys)
                        .filter_map(|(by, key)| {
                            let position = columns.iter().position(|spec| spec.column == *by)?;
                            Some(format!(",{},\"{}\"", range(position), displayed(key)))
                        });
                format!(
                    "SUMIFS({}{})",
                    range(position),
                    criteria.collect::<String>()
                )
            });
        format!("ROUND({},{places})", sums.collect::<Vec<_>>().join("+"))
    }
}

fn check_digits(sum: Decimal, heading: &str, parts: &[Part]) -> Result<()> {
    if significant_digits(sum) <= MAX_SIGNIFICANT_DIGITS {
        return Ok(());
    }
    let sheet = parts.first().map_or("the sheet", |(name, _)| name.as_str());
    Err(Error::data(
        "shape",
        format!(
            "the total of {heading} on {sheet} is {sum}, more than the {MAX_SIGNIFICANT_DIGITS} digits a spreadsheet keeps"
        ),
    ))
}
