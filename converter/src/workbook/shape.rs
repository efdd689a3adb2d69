//! What a table looks like on screen and paper once all its rows are known: the widths of its columns, which of them are
//! printed, and on what paper.

use common::statement::Language;
use rust_xlsxwriter::{Worksheet, XlsxError};

use super::page::Fit;
use super::pages::Pages;
use super::style::{ColumnStyle, Styles, column_pixels, digit_pixels, row_height};
use super::widths::{Width, heading_width, lines, text_width};

/// Room beside the text: the indent of texts, and what fonts differ by.
const BESIDE_TEXT: Width = 140;
const BESIDE_NUMBER: Width = 70;
const BESIDE_DATE: Width = 100;
const BESIDE_HEADING: Width = 50;

/// What decides on a column's width.
pub struct ColumnShape<'w> {
    pub heading: &'w str,
    /// Of the widest cell.
    pub content: Width,
    pub style: ColumnStyle,
    pub on_screen_only: bool,
}

impl ColumnShape<'_> {
    fn width(&self, language: Language) -> Width {
        let content = match self.style {
            ColumnStyle::Date => text_width("2026/10/31", language) + BESIDE_DATE,
            // A column of names looks like one even when they are short.
            ColumnStyle::Text(at_most) => self.content.max(u32::from(at_most) * 25) + BESIDE_TEXT,
            ColumnStyle::Code(_) => self.content + BESIDE_TEXT,
            _ => self.content + BESIDE_NUMBER,
        };
        content.max(heading_width(self.heading, language) + BESIDE_HEADING)
    }
}

/// The widths of a table's columns in pixels, and how it is printed.
pub struct Shape {
    widths: Vec<u32>,
    on_screen_only: Vec<bool>,
    /// The last column that is printed.
    last_printed: usize,
    /// Of the printed columns, in pixels.
    printed: u32,
    language: Language,
    pub fit: Fit,
}

impl Shape {
    pub fn of<'w>(columns: impl Iterator<Item = ColumnShape<'w>>, language: Language) -> Self {
        let (widths, on_screen_only): (Vec<u32>, Vec<bool>) = columns
            .map(|column| {
                let pixels = column_pixels(column.width(language), language);
                (pixels, column.on_screen_only)
            })
            .unzip();
        let printed = widths
            .iter()
            .zip(&on_screen_only)
            .filter(|(_, on_screen_only)| !**on_screen_only)
            .map(|(width, _)| width)
            .sum();
        Self {
            last_printed: on_screen_only
                .iter()
                .rposition(|on_screen_only| !on_screen_only)
                .unwrap_or_default(),
            widths,
            on_screen_only,
            printed,
            language,
            fit: Fit::of(printed),
        }
    }

    /// Sets the widths and the print area, which ends with `last_row`. A column that is not printed but stands before
    /// printed ones is collapsed: a print area is one rectangle, and hidden columns are not printed.
    pub fn apply(&self, sheet: &mut Worksheet, last_row: u32) -> Result<(), XlsxError> {
        for (column, width) in (0..).zip(&self.widths) {
            sheet.set_column_width_pixels(column, *width)?;
        }
        for (column, _) in (0..)
            .zip(&self.on_screen_only)
            .take(self.last_printed)
            .filter(|(_, on_screen_only)| **on_screen_only)
        {
            sheet.group_columns_collapsed(column, column)?;
        }
        sheet.set_print_area(0, 0, last_row, self.last_column())?;
        Ok(())
    }

    /// The pages that the table takes, with a header row of so many pixels.
    pub fn pages(&self, header: u32) -> Pages {
        Pages::of(self.fit, header, self.printed, digit_pixels(self.language))
    }

    /// Writes a sentence below the table, over its whole printed width. Returns the height in pixels.
    pub fn write_note(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        note: &str,
        styles: &Styles,
    ) -> Result<u32, XlsxError> {
        /// Excel's rows are at most 409 points high.
        const MAX_HEIGHT: u32 = 545;
        let note = super::cell::displayed(note);
        let digit = column_pixels(100, self.language) - column_pixels(0, self.language);
        let width = self.printed * 100 / digit.max(1);
        let line = row_height(self.language);
        let height =
            (lines(&note, width * 95 / 100, self.language) * line).min(MAX_HEIGHT / line * line);
        if height > line {
            sheet.set_row_height_pixels(row, height)?;
        }
        if self.last_column() > 0 {
            sheet.merge_range(row, 0, row, self.last_column(), &note, &styles.note)?;
        } else {
            sheet.write_string_with_format(row, 0, note, &styles.note)?;
        }
        Ok(height)
    }

    fn last_column(&self) -> u16 {
        u16::try_from(self.last_printed).unwrap_or(u16::MAX)
    }
}
