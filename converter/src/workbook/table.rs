//! A section as a table: header, rows as they come, and below them, after one blank row outside of the filter, the
//! totals as formulas with their exact values. Rows go to disk as they are written (constant memory), so whatever stands
//! above the rows must be known before the first.

use common::Result;
use common::profile::{Section, Word};
use rust_xlsxwriter::{IgnoreError, Workbook, Worksheet};

use super::cell::{self, Cell, cannot_write};
use super::layout::{ColumnSpec, Layout, chosen};
use super::page;
use super::style::{ColumnStyle, Styles};
use super::totals::{Part, TotalDone, Totals};
use super::words::Words;

/// Data rows of one sheet. Excel has 1,048,576 rows; a header, a blank row, totals and notes need some.
const SHEET_ROWS: u32 = 1_048_000;

/// Points; room for two lines.
const HEADER_HEIGHT: u32 = 34;

/// A table being written.
pub struct Table<'s, L: Layout> {
    layout: L,
    columns: Vec<ColumnSpec<L::Column>>,
    styles: &'s Styles,
    words: Words<'s>,
    section: Section,
    /// For the footer.
    document: String,
    /// Index of each of this table's sheets in the workbook, and its data rows.
    sheets: Vec<(usize, u32)>,
    rows: u64,
    totals: Totals,
    sheet_rows: u32,
}

/// A finished table.
#[derive(Debug, Clone)]
pub struct TableDone {
    pub section: Section,
    /// Its sheets and the data rows of each, which begin in row 2.
    pub parts: Vec<Part>,
    pub rows: u64,
    pub totals: Vec<TotalDone>,
}

impl<'s, L: Layout> Table<'s, L>
where
    L::Column: Clone,
{
    /// Adds the section's first sheet to the workbook.
    pub fn begin(
        workbook: &mut Workbook,
        section: Section,
        (layout, columns): (L, Vec<ColumnSpec<L::Column>>),
        styles: &'s Styles,
        words: Words<'s>,
        document: &str,
    ) -> Result<Self> {
        let mut table = Self {
            layout,
            columns: chosen(columns, section, &words),
            styles,
            words,
            section,
            document: document.to_owned(),
            sheets: Vec::new(),
            rows: 0,
            totals: Totals::default(),
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

    pub fn push(&mut self, workbook: &mut Workbook, row: &L::Row) -> Result<()> {
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
        for (column, spec) in (0..).zip(&self.columns) {
            let cell = self.layout.cell(row, spec.column);
            cell::write(sheet, row_number, column, &cell, spec.style, self.styles)?;
            if !spec.sum_by.is_empty()
                && let Cell::Amount(amount, currency) = cell
            {
                let keys = spec
                    .sum_by
                    .iter()
                    .map(|column| self.layout.cell(row, *column));
                let position = usize::from(column);
                self.totals
                    .add(&keys, position, self.columns.len(), amount, currency);
            }
        }
        Ok(())
    }

    /// Writes the totals and the notes, and sets up view and print of every sheet of the table.
    pub fn finish(self, workbook: &mut Workbook, notes: &[String]) -> Result<TableDone> {
        let parts: Vec<_> = self
            .sheet_names()
            .into_iter()
            .zip(self.sheets.iter().map(|(_, rows)| *rows))
            .collect();
        let (last, last_rows) = self.sheets[self.sheets.len() - 1];
        let sheet = workbook.worksheet_from_index(last).map_err(cannot_write)?;
        let mut next_row = last_rows + 2;
        if self.rows == 0 {
            let none = self.words.get(Word::NoEntries);
            sheet
                .write_string_with_format(1, 0, none, &self.styles.default)
                .map_err(cannot_write)?;
            next_row += 1;
        }
        let mut totals = Vec::new();
        if !self.totals.is_empty() {
            totals = self.totals.write(
                sheet,
                next_row,
                &self.columns,
                &parts,
                self.styles,
                &self.words,
            )?;
            next_row = totals.last().map_or(next_row, |total| total.row + 2);
        }
        for note in notes {
            sheet
                .write_string_with_format(next_row, 0, note, &self.styles.default)
                .map_err(cannot_write)?;
            next_row += 1;
        }
        for (index, rows) in &self.sheets {
            let sheet = workbook
                .worksheet_from_index(*index)
                .map_err(cannot_write)?;
            self.set_up(sheet, *rows)?;
        }
        Ok(TableDone {
            section: self.section,
            parts,
            rows: self.rows,
            totals,
        })
    }

    fn sheet_names(&self) -> Vec<String> {
        let name = self.words.get(self.section.sheet());
        (1..=self.sheets.len())
            .map(|n| {
                if n == 1 {
                    name.to_owned()
                } else {
                    format!("{name} ({n})")
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
        // Two lines: English headings wrap.
        sheet
            .set_row_height(0, HEADER_HEIGHT)
            .map_err(cannot_write)?;
        for (column, spec) in (0..).zip(&self.columns) {
            sheet
                .set_column_width(column, spec.width)
                .map_err(cannot_write)?;
            sheet
                .set_column_format(column, self.styles.column(spec.style))
                .map_err(cannot_write)?;
            sheet
                .write_string_with_format(
                    0,
                    column,
                    self.words.get(spec.heading),
                    &self.styles.header,
                )
                .map_err(cannot_write)?;
        }
        Ok(())
    }

    fn set_up(&self, sheet: &mut Worksheet, rows: u32) -> Result<()> {
        let last_row = rows.max(1);
        let last_column = u16::try_from(self.columns.len() - 1).unwrap_or(u16::MAX);
        sheet.set_freeze_panes(1, 0).map_err(cannot_write)?;
        sheet
            .autofilter(0, 0, last_row, last_column)
            .map_err(cannot_write)?;
        for (column, spec) in (0..).zip(&self.columns) {
            if matches!(spec.style, ColumnStyle::Code | ColumnStyle::Text) {
                let as_text = IgnoreError::NumberStoredAsText;
                sheet
                    .ignore_error_range(1, column, last_row, column, as_text)
                    .map_err(cannot_write)?;
            }
        }
        page::set_up(sheet, &self.document);
        sheet.set_repeat_rows(0, 0).map_err(cannot_write)?;
        Ok(())
    }
}
