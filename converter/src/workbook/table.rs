//! A section as a table: header, rows as they come, and below them, after one blank row outside of the filter, the
//! totals as formulas with their exact values. Rows are compressed as they are written, so which columns there are must be
//! known before the first.

use common::decimal::MAX_SIGNIFICANT_DIGITS;
use common::profile::{Section, Word};
use common::{Error, Result};
use rust_decimal::Decimal;
use rust_xlsxwriter::utility::column_number_to_name;
use rust_xlsxwriter::{ConditionalFormatFormula, IgnoreError, Workbook, Worksheet};

use super::cell::{self, Cell, TooLong, cannot_write};
use super::layout::{ColumnSpec, Layout, chosen};
use super::package::RowsBySheet;
use super::page::{self, Running};
use super::pages::RowHeights;
use super::row_xml::{CellColumn, RowXml};
use super::shape::{ColumnShape, Shape};
use super::shared_strings::{ColumnTexts, SharedStrings};
use super::sheet_rows::SheetRows;
use super::style::{Styles, row_height};
use super::totals::{TotalDone, Totals};
use super::widths::ColumnWidth;
use super::words::Words;

/// Data rows of one sheet. Excel has 1,048,576 rows; a header, a blank row, a total for every asset class and currency
/// there is (about 900), and notes need some.
const SHEET_ROWS: u32 = 1_047_000;

/// XML of data rows after which a sheet takes no further one: a part of 4 GiB or more is another kind of package.
const SHEET_BYTES: u64 = 3 << 30;

/// Pixels; room for two lines.
const HEADER_HEIGHT: u32 = 45;

/// A table being written.
pub struct Table<'s, L: Layout> {
    layout: L,
    columns: Vec<ColumnSpec<L::Column>>,
    cells: Vec<CellColumn>,
    widths: Vec<ColumnWidth>,
    texts: Vec<ColumnTexts>,
    styles: &'s Styles,
    words: Words<'s>,
    section: Section,
    running: &'s Running,
    sheets: Vec<Part>,
    rows: u64,
    totals: Totals,
    sheet_rows: u32,
    sheet_bytes: u64,
    row: RowXml,
    /// Of the newest sheet.
    data: SheetRows,
    closed: RowsBySheet,
}

/// One of a table's sheets.
struct Part {
    /// In the workbook.
    index: usize,
    /// Of data.
    rows: u32,
    /// Of the data rows.
    heights: RowHeights,
    /// With anything in it.
    last_row: u32,
}

/// A finished table.
#[derive(Debug, Clone)]
pub struct TableDone {
    pub section: Section,
    /// Its sheets and the data rows of each, which begin in row 2.
    pub parts: Vec<(String, u32)>,
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
        running: &'s Running,
    ) -> Result<Self> {
        let columns = chosen(columns, section, &words);
        let mut table = Self {
            layout,
            cells: (0..)
                .zip(&columns)
                .map(|(column, spec)| CellColumn {
                    letters: column_number_to_name(column),
                    format: styles.column(spec.style, spec.on_screen_only).id,
                })
                .collect(),
            widths: columns
                .iter()
                .map(|spec| ColumnWidth::new(spec.style.at_most(), words.language))
                .collect(),
            texts: columns
                .iter()
                .map(|spec| ColumnTexts::new(spec.repeats))
                .collect(),
            columns,
            styles,
            words,
            section,
            running,
            sheets: Vec::new(),
            rows: 0,
            totals: Totals::default(),
            sheet_rows: SHEET_ROWS,
            sheet_bytes: SHEET_BYTES,
            row: RowXml::default(),
            data: SheetRows::default(),
            closed: RowsBySheet::new(),
        };
        table.add_sheet(workbook)?;
        Ok(table)
    }

    /// Continues on further sheets after fewer rows, or less XML, than a sheet can hold, for tests.
    #[cfg(test)]
    pub fn with_sheets_of(mut self, rows: u32, bytes: u64) -> Self {
        self.sheet_rows = rows;
        self.sheet_bytes = bytes;
        self
    }

    /// Writes a row; its texts go to the workbook's list.
    pub fn push(
        &mut self,
        workbook: &mut Workbook,
        strings: &mut SharedStrings,
        row: &L::Row,
    ) -> Result<()> {
        let is_full = self.data.compressed_xml() >= self.sheet_bytes;
        if is_full || (self.sheets.last()).is_some_and(|part| part.rows == self.sheet_rows) {
            self.add_sheet(workbook)?;
        }
        let sheet = self.sheets.len();
        let Some(part) = self.sheets.last_mut() else {
            return Ok(());
        };
        part.rows += 1;
        part.last_row = part.rows;
        self.rows += 1;
        self.row.begin(part.rows);
        let usual = row_height(self.words.language);
        let mut height = usual;
        let mut total = None;
        let seen = self.widths.iter_mut().zip(&mut self.texts);
        let columns = self.columns.iter().zip(&self.cells).zip(seen);
        for (position, ((spec, column), (width, texts))) in columns.enumerate() {
            let cell = self.layout.cell(row, spec.column);
            let number_of = |text: &str| strings.number_of(text, texts);
            let (style, styles) = (spec.style, self.styles);
            let needs = cell::write(
                &mut self.row,
                column,
                &cell,
                number_of,
                style,
                styles,
                width,
            )
            .map_err(|TooLong(value)| {
                let sheet = sheet_name(self.words.get(self.section.sheet()), sheet);
                let place = format!("{sheet}, cell {}{}", column.letters, part.rows + 1);
                too_long(value, &place)
            })?;
            if !spec.on_screen_only {
                height = height.max(needs);
            }
            if !spec.sum_by.is_empty()
                && let Cell::Amount(amount, currency) = cell
            {
                // Most amounts of a row are summed by the same columns.
                let index = match total {
                    Some((by, index)) if std::ptr::eq(by, spec.sum_by) => index,
                    _ => {
                        let columns = spec.sum_by.iter();
                        let keys = columns.map(|column| self.layout.cell(row, *column));
                        self.totals.row_of(&keys, self.columns.len())
                    }
                };
                total = Some((spec.sum_by, index));
                self.totals.add(index, position, amount, currency);
            }
        }
        part.heights.push(height);
        self.data
            .push(&self.row, (height > usual).then_some(height))
            .map_err(crate::disk::temp_failed)
    }

    /// Writes the totals and the notes, and sets up view and print of every sheet of the table. The data rows go to `data`.
    pub fn finish(
        mut self,
        workbook: &mut Workbook,
        notes: &[String],
        data: &mut RowsBySheet,
    ) -> Result<TableDone> {
        let parts: Vec<_> = self
            .sheet_names()
            .into_iter()
            .zip(self.sheets.iter().map(|part| part.rows))
            .collect();
        // Sentences about the rows.
        let notes = if self.rows == 0 { &[] } else { notes };
        let shape = self.shape();
        let last = self.sheets.len() - 1;
        let part = &mut self.sheets[last];
        let sheet = workbook
            .worksheet_from_index(part.index)
            .map_err(cannot_write)?;
        let mut next_row = part.rows + 2;
        if self.rows == 0 {
            let none = self.words.get(Word::NoEntries);
            sheet
                .write_string_with_format(1, 0, none, &self.styles.none)
                .map_err(cannot_write)?;
            part.last_row = 1;
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
            next_row = totals.last().map_or(next_row, |total| total.row + 1);
            part.last_row = next_row - 1;
            next_row += 1;
        }
        let mut below = (self.totals.rows() + 2) * row_height(self.words.language);
        for note in notes {
            below += shape
                .write_note(sheet, next_row, note, self.styles)
                .map_err(cannot_write)?;
            part.last_row = next_row;
            next_row += 1;
        }
        if self.totals.is_empty() && notes.is_empty() {
            below = 0;
        }
        for (number, part) in self.sheets.iter().enumerate() {
            let sheet = workbook
                .worksheet_from_index(part.index)
                .map_err(cannot_write)?;
            self.set_up(sheet, part, &shape)?;
            if number == last {
                shape
                    .pages(HEADER_HEIGHT)
                    .keep_together(sheet, &part.heights, below)
                    .map_err(cannot_write)?;
            }
        }
        self.close_sheet()?;
        data.append(&mut self.closed);
        Ok(TableDone {
            section: self.section,
            parts,
            rows: self.rows,
            totals,
        })
    }

    /// The widths that the data, the totals and the headings need.
    fn shape(&mut self) -> Shape {
        let language = self.words.language;
        for (column, sum, currency) in self.totals.sums() {
            self.widths[column].see_total(sum, currency.exponent() as usize);
        }
        let specs = self.columns.iter().zip(&self.widths);
        Shape::of(
            specs.map(|(spec, width)| ColumnShape {
                heading: self.words.get(spec.heading),
                content: width.widest(self.styles.literal(spec.style)),
                style: spec.style,
                on_screen_only: spec.on_screen_only,
            }),
            language,
        )
    }

    fn sheet_names(&self) -> Vec<String> {
        let name = self.words.get(self.section.sheet());
        (1..=self.sheets.len())
            .map(|number| sheet_name(name, number))
            .collect()
    }

    /// The newest sheet has all its rows.
    fn close_sheet(&mut self) -> Result<()> {
        if let Some(part) = self.sheets.last() {
            let data = std::mem::take(&mut self.data);
            let closed = data.close().map_err(crate::disk::temp_failed)?;
            self.closed.insert(part.index, closed);
        }
        Ok(())
    }

    fn add_sheet(&mut self, workbook: &mut Workbook) -> Result<()> {
        self.close_sheet()?;
        let index = workbook.worksheets().len();
        self.sheets.push(Part {
            index,
            rows: 0,
            heights: RowHeights::default(),
            last_row: 0,
        });
        let name = self.sheet_names().pop().unwrap_or_default();
        let sheet = workbook
            .add_worksheet_with_constant_memory()
            .map_err(cannot_write)?;
        sheet.set_name(name).map_err(cannot_write)?;
        // Two lines: English headings wrap.
        sheet
            .set_row_height_pixels(0, HEADER_HEIGHT)
            .map_err(cannot_write)?;
        for (column, spec) in (0..).zip(&self.columns) {
            let looks = self.styles.column(spec.style, spec.on_screen_only);
            sheet
                .set_column_format(column, &looks.format)
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

    fn set_up(&self, sheet: &mut Worksheet, part: &Part, shape: &Shape) -> Result<()> {
        let last_row = part.rows.max(1);
        let last_column = u16::try_from(self.columns.len() - 1).unwrap_or(u16::MAX);
        sheet.set_freeze_panes(1, 0).map_err(cannot_write)?;
        sheet
            .autofilter(0, 0, last_row, last_column)
            .map_err(cannot_write)?;
        for (column, spec) in (0..).zip(&self.columns) {
            if spec.style.is_text() {
                let as_text = IgnoreError::NumberStoredAsText;
                sheet
                    .ignore_error_range(1, column, last_row, column, as_text)
                    .map_err(cannot_write)?;
            }
        }
        if part.rows > 0 {
            // On the range and not on cells, which would each need a format of their own.
            let ruled = ConditionalFormatFormula::new()
                .set_rule("=TRUE")
                .set_format(&self.styles.ruled);
            sheet
                .add_conditional_format(1, 0, part.rows, last_column, &ruled)
                .map_err(cannot_write)?;
        }
        page::end(sheet, part.last_row, &self.styles.none).map_err(cannot_write)?;
        shape.apply(sheet, part.last_row).map_err(cannot_write)?;
        page::set_up(sheet, shape.fit.paper, self.running);
        sheet.set_repeat_rows(0, 0).map_err(cannot_write)?;
        Ok(())
    }
}

/// The name of a table's sheet, by its number from 1.
fn sheet_name(section: &str, number: usize) -> String {
    if number == 1 {
        section.to_owned()
    } else {
        format!("{section} ({number})")
    }
}

fn too_long(value: Decimal, place: &str) -> Error {
    Error::data(
        "shape",
        format!(
            "{place}: {value} was computed, which is more than the {MAX_SIGNIFICANT_DIGITS} digits a spreadsheet keeps"
        ),
    )
}
