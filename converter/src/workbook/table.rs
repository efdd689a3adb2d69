//! A section as a table: header, rows as they come, and below them, after one blank row outside of the filter, the
//! totals as formulas with their exact values. Rows go to disk as they are written (constant memory), so whatever stands
//! above the rows must be known before the first.

use common::decimal::{MAX_SIGNIFICANT_DIGITS, decimal_places, nearest_f64, significant_digits};
use common::statement::Language;
use common::{Error, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::utility::column_number_to_name;
use rust_xlsxwriter::{Formula, IgnoreError, Workbook, Worksheet, XlsxError};

use super::page;
use super::style::{ColumnStyle, Styles};
use crate::rows::currency::Currency;

/// Data rows of one sheet. Excel has 1,048,576 rows; a header, a blank row, totals and notes need some.
const SHEET_ROWS: u32 = 1_048_000;

/// A kind of table: which columns it has and what stands in them.
pub trait Section {
    type Row;
    type Column: Copy + PartialEq + 'static;

    /// The cell of a row in a column.
    fn cell<'r>(&self, row: &'r Self::Row, column: Self::Column) -> Cell<'r>;
}

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

    pub fn rate(value: Option<Decimal>) -> Self {
        value.map_or(Cell::Empty, Cell::Rate)
    }
}

/// A column of a table.
pub struct ColumnSpec<C: 'static> {
    pub column: C,
    pub heading: &'static str,
    /// In characters of the default font; full-width characters count double.
    pub width: f64,
    pub style: ColumnStyle,
    /// Summed by the values of these columns; empty = not summed.
    pub sum_by: &'static [C],
}

impl<C> ColumnSpec<C> {
    pub fn new(
        column: C,
        heading: (&'static str, &'static str),
        language: Language,
        width: f64,
        style: ColumnStyle,
    ) -> Self {
        let heading = match language {
            Language::Ja => heading.0,
            Language::En => heading.1,
        };
        Self {
            column,
            heading,
            width,
            style,
            sum_by: &[],
        }
    }

    #[must_use]
    pub fn sum_by(self, sum_by: &'static [C]) -> Self {
        Self { sum_by, ..self }
    }
}

/// One total row: the values it is summed by, and a sum with its decimal places per column.
struct TotalRow {
    keys: Vec<Box<str>>,
    sums: Vec<Option<(Decimal, u32)>>,
}

/// A table being written.
pub struct Table<'s, S: Section> {
    section: S,
    columns: Vec<ColumnSpec<S::Column>>,
    styles: &'s Styles,
    language: Language,
    /// The section's name in the ledger, and the sheet's.
    section_name: &'static str,
    name: &'static str,
    document: String,
    /// Index of each of this table's sheets in the workbook, and its data rows.
    sheets: Vec<(usize, u32)>,
    rows: u64,
    totals: Vec<TotalRow>,
    sheet_rows: u32,
}

/// A finished table.
#[derive(Debug, Clone)]
pub struct TableDone {
    /// The section's name in the ledger and in properties.
    pub section: &'static str,
    /// The first sheet's name, for links.
    pub sheet: String,
    pub title: &'static str,
    pub rows: u64,
}

impl<'s, S: Section> Table<'s, S> {
    /// Adds the section's first sheet to the workbook.
    pub fn begin(
        workbook: &mut Workbook,
        section: S,
        columns: Vec<ColumnSpec<S::Column>>,
        styles: &'s Styles,
        language: Language,
        (section_name, name): (&'static str, &'static str),
        document: &str,
    ) -> Result<Self> {
        let mut table = Self {
            section,
            columns,
            styles,
            language,
            section_name,
            name,
            document: document.to_owned(),
            sheets: Vec::new(),
            rows: 0,
            totals: Vec::new(),
            sheet_rows: SHEET_ROWS,
        };
        table.add_sheet(workbook)?;
        Ok(table)
    }

    /// Continues on further sheets after fewer rows than a sheet can hold, for tests.
    #[cfg(test)]
    pub fn with_sheet_rows(mut self, sheet_rows: u32) -> Self {
        self.sheet_rows = sheet_rows;
        self
    }

    pub fn push(&mut self, workbook: &mut Workbook, row: &S::Row) -> Result<()> {
        if self
            .sheets
            .last()
            .is_some_and(|(_, rows)| *rows == self.sheet_rows)
        {
            self.add_sheet(workbook)?;
        }
        let Some((index, rows)) = self.sheets.last_mut() else {
            return Ok(());
        };
        *rows += 1;
        let row_number = *rows;
        self.rows += 1;
        let sheet = workbook
            .worksheet_from_index(*index)
            .map_err(cannot_write)?;
        for (position, spec) in self.columns.iter().enumerate() {
            let cell = self.section.cell(row, spec.column);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a table has some twenty columns"
            )]
            write_cell(
                sheet,
                row_number,
                position as u16,
                &cell,
                spec.style,
                self.styles,
            )?;
            if !spec.sum_by.is_empty()
                && let Cell::Amount(amount, currency) = cell
            {
                let keys = spec
                    .sum_by
                    .iter()
                    .map(|column| self.section.cell(row, *column));
                add_to_total(
                    &mut self.totals,
                    &keys,
                    position,
                    self.columns.len(),
                    amount,
                    currency.exponent(),
                );
            }
        }
        Ok(())
    }

    /// Writes the totals and the notes, and sets up view and print of every sheet of the table.
    pub fn finish(mut self, workbook: &mut Workbook, notes: &[String]) -> Result<TableDone> {
        let sheet_names = self.sheet_names();
        let (last, last_rows) = self.sheets[self.sheets.len() - 1];
        let totals = std::mem::take(&mut self.totals);
        let mut next_row = last_rows + 2;
        {
            let sheet = workbook.worksheet_from_index(last).map_err(cannot_write)?;
            if self.rows == 0 {
                let none = match self.language {
                    Language::Ja => "該当データがありません",
                    Language::En => "No entries in this period",
                };
                sheet
                    .write_string_with_format(1, 0, none, &self.styles.default)
                    .map_err(cannot_write)?;
                next_row += 1;
            }
            for total in &totals {
                self.write_total(sheet, next_row, total, &sheet_names)?;
                next_row += 1;
            }
            if !totals.is_empty() {
                next_row += 1;
            }
            for note in notes {
                sheet
                    .write_string_with_format(next_row, 0, note, &self.styles.default)
                    .map_err(cannot_write)?;
                next_row += 1;
            }
        }
        for (index, rows) in &self.sheets {
            let sheet = workbook
                .worksheet_from_index(*index)
                .map_err(cannot_write)?;
            self.set_up(sheet, *rows)?;
        }
        Ok(TableDone {
            section: self.section_name,
            sheet: sheet_names[0].clone(),
            title: self.name,
            rows: self.rows,
        })
    }

    fn sheet_names(&self) -> Vec<String> {
        (1..=self.sheets.len())
            .map(|n| {
                if n == 1 {
                    self.name.to_owned()
                } else {
                    format!("{} ({n})", self.name)
                }
            })
            .collect()
    }

    fn add_sheet(&mut self, workbook: &mut Workbook) -> Result<()> {
        let index = workbook.worksheets().len();
        self.sheets.push((index, 0));
        let name = self.sheet_names().pop().unwrap_or_default();
        let sheet = workbook
            .add_worksheet_with_constant_memory()
            .map_err(cannot_write)?;
        sheet.set_name(name).map_err(cannot_write)?;
        for (position, spec) in self.columns.iter().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a table has some twenty columns"
            )]
            let column = position as u16;
            sheet
                .set_column_width(column, spec.width)
                .map_err(cannot_write)?;
            sheet
                .set_column_format(column, self.styles.column(spec.style))
                .map_err(cannot_write)?;
            sheet
                .write_string_with_format(0, column, spec.heading, &self.styles.header)
                .map_err(cannot_write)?;
        }
        Ok(())
    }

    fn write_total(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        total: &TotalRow,
        sheet_names: &[String],
    ) -> Result<()> {
        // The values that the row is summed by stand in their own columns; the word in the first column left.
        let mut word_written = false;
        for (position, spec) in self.columns.iter().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a table has some twenty columns"
            )]
            let column = position as u16;
            if let Some((sum, places)) = total.sums[position] {
                let formula = self.total_formula(position, total, places, sheet_names);
                self.check_digits(sum, spec.heading)?;
                let formula = Formula::new(formula).set_result(sum.normalize().to_string());
                sheet
                    .write_formula_with_format(
                        row,
                        column,
                        formula,
                        self.styles.total(places as usize),
                    )
                    .map_err(cannot_write)?;
            } else if let Some(key) = self.key_shown(position, total) {
                sheet
                    .write_string_with_format(row, column, key, &self.styles.total_label)
                    .map_err(cannot_write)?;
            } else if !word_written {
                let word = match self.language {
                    Language::Ja => "合計",
                    Language::En => "Total",
                };
                sheet
                    .write_string_with_format(row, column, word, &self.styles.total_label)
                    .map_err(cannot_write)?;
                word_written = true;
            } else {
                sheet
                    .write_blank(row, column, &self.styles.total_label)
                    .map_err(cannot_write)?;
            }
        }
        Ok(())
    }

    /// The value that a total row shows in a column it is summed by.
    fn key_shown<'t>(&self, position: usize, total: &'t TotalRow) -> Option<&'t str> {
        let column = self.columns[position].column;
        self.columns.iter().enumerate().find_map(|(summed, spec)| {
            total.sums[summed]?;
            let key = spec.sum_by.iter().position(|by| *by == column)?;
            total.keys.get(key).map(AsRef::as_ref)
        })
    }

    fn total_formula(
        &self,
        position: usize,
        total: &TotalRow,
        places: u32,
        sheet_names: &[String],
    ) -> String {
        let several = self.sheets.len() > 1;
        let letter = |position: usize| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a table has some twenty columns"
            )]
            column_number_to_name(position as u16)
        };
        let parts = self
            .sheets
            .iter()
            .zip(sheet_names)
            .filter(|((_, rows), _)| *rows > 0)
            .map(|((_, rows), name)| {
                let range = |position: usize| {
                    let letter = letter(position);
                    let sheet = if several {
                        format!("'{name}'!")
                    } else {
                        String::new()
                    };
                    format!("{sheet}{letter}2:{letter}{}", rows + 1)
                };
                let criteria = self.columns[position]
                    .sum_by
                    .iter()
                    .zip(&total.keys)
                    .filter_map(|(by, key)| {
                        let position = self.columns.iter().position(|spec| spec.column == *by)?;
                        Some(format!(",{},\"{key}\"", range(position)))
                    });
                format!(
                    "SUMIFS({}{})",
                    range(position),
                    criteria.collect::<String>()
                )
            });
        format!("ROUND({},{places})", parts.collect::<Vec<_>>().join("+"))
    }

    fn check_digits(&self, sum: Decimal, heading: &str) -> Result<()> {
        if significant_digits(sum) <= MAX_SIGNIFICANT_DIGITS {
            return Ok(());
        }
        Err(Error::data(
            "shape",
            format!(
                "the total of {heading} on {} is {sum}, more than the {MAX_SIGNIFICANT_DIGITS} digits a spreadsheet keeps",
                self.name
            ),
        ))
    }

    fn set_up(&self, sheet: &mut Worksheet, rows: u32) -> Result<()> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a table has some twenty columns"
        )]
        let last_column = self.columns.len() as u16 - 1;
        sheet.set_freeze_panes(1, 0).map_err(cannot_write)?;
        sheet
            .autofilter(0, 0, rows.max(1), last_column)
            .map_err(cannot_write)?;
        for (position, spec) in self.columns.iter().enumerate() {
            if matches!(spec.style, ColumnStyle::Code | ColumnStyle::Text) {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a table has some twenty columns"
                )]
                let column = position as u16;
                sheet
                    .ignore_error_range(
                        1,
                        column,
                        rows.max(1),
                        column,
                        IgnoreError::NumberStoredAsText,
                    )
                    .map_err(cannot_write)?;
            }
        }
        page::set_up(sheet, &self.document);
        sheet.set_repeat_rows(0, 0).map_err(cannot_write)?;
        Ok(())
    }
}

fn add_to_total<'r>(
    totals: &mut Vec<TotalRow>,
    keys: &(impl Iterator<Item = Cell<'r>> + Clone),
    position: usize,
    columns: usize,
    amount: Decimal,
    places: u32,
) {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => Box::from(*text),
        Cell::Joined(text) => Box::from(text.as_str()),
        _ => Box::default(),
    };
    let same = |total: &TotalRow| {
        total
            .keys
            .iter()
            .zip(keys.clone())
            .all(|(key, cell)| matches!(cell, Cell::Text(text) if text == &**key))
    };
    // The same few totals take nearly every row: the last one is looked at first.
    let found = totals.iter().rposition(same);
    let index = found.unwrap_or_else(|| {
        totals.push(TotalRow {
            keys: keys.clone().map(|cell| text(&cell)).collect(),
            sums: vec![None; columns],
        });
        totals.len() - 1
    });
    let sum = &mut totals[index].sums[position];
    *sum = Some((sum.map_or(Decimal::ZERO, |(sum, _)| sum) + amount, places));
}

/// Writes one cell; without a format of its own where the column's says the same.
fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    style: ColumnStyle,
    styles: &Styles,
) -> Result<()> {
    let (value, places) = match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => {
            return sheet
                .write_string(row, column, *text)
                .map(drop)
                .map_err(cannot_write);
        }
        Cell::Joined(text) => {
            return sheet
                .write_string(row, column, text)
                .map(drop)
                .map_err(cannot_write);
        }
        Cell::Date(date) => {
            return sheet
                .write_number(row, column, serial(*date))
                .map(drop)
                .map_err(cannot_write);
        }
        Cell::Quantity(value) => (value, decimal_places(*value) as usize),
        Cell::Price(value, currency) => (value, Styles::price_places(*currency, *value)),
        Cell::Rate(value) => (value, decimal_places(*value).max(2) as usize),
        Cell::Amount(value, currency) => (value, currency.exponent() as usize),
    };
    let number = nearest_f64(*value);
    if places == styles.column_places(style) {
        sheet.write_number(row, column, number)
    } else {
        sheet.write_number_with_format(row, column, number, styles.number(places))
    }
    .map(drop)
    .map_err(cannot_write)
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
