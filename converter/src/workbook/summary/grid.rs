//! The summary's cells. Two blocks stand side by side and are filled one after the other, and the widths and heights follow
//! from all of them: cells are placed first and written at the end.

use std::collections::BTreeMap;

use common::currency::Currency;
use common::decimal::{MAX_SIGNIFICANT_DIGITS, nearest_f64, significant_digits};
use common::profile::Word;
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::{Format, Url, Worksheet, XlsxError};

use super::super::cell::{displayed, serial};
use super::super::style::{ColumnStyle, Styles, column_pixels, height_of, row_height};
use super::super::widths::{ColumnWidth, Width, has_full_width, lines, text_width};
use super::super::words::Words;
use super::looks::Looks;

/// Columns of the left block: label, value, currency, share.
pub const LABEL: u16 = 0;
pub const VALUE: u16 = 1;
pub const UNIT: u16 = 2;
pub const SHARE: u16 = 3;
/// The right block: the firm, and the chart below it.
pub const RIGHT: u16 = 5;
pub const RIGHT_VALUE: u16 = 6;
/// The days of the chart.
pub const DAY: u16 = 8;
pub const BUYS: u16 = 9;
pub const SELLS: u16 = 10;
pub const LAST: u16 = SELLS;

/// The widest labels and numbers decide on the first columns and on the first of the right block.
const WIDTHS: [Width; LAST as usize + 1] = [
    1_800, 2_000, 700, 950, 300, 1_300, 4_400, 300, 1_300, 900, 900,
];
const WIDEST_LABEL: Width = 3_200;

/// The lines of a text at most: no row may be higher than Excel's 409 points.
const MAX_LINES: u32 = 12;

/// What a cell holds.
enum Content<'s> {
    Text(String),
    Number(f64),
    /// To the sheet of that name.
    Link(&'s str),
    Nothing,
}

struct Placed<'s> {
    content: Content<'s>,
    /// The last of the columns that it takes.
    to: u16,
    format: &'s Format,
}

/// The cells by row and column.
pub struct Grid<'s> {
    pub styles: &'s Styles,
    pub looks: &'s Looks,
    pub words: Words<'s>,
    cells: BTreeMap<(u32, u16), Placed<'s>>,
    /// Pixels of rows that are not as high as their texts.
    heights: BTreeMap<u32, u32>,
    numbers: ColumnWidth,
    /// A sum that needs more digits than a cell keeps.
    pub overlong: Option<Decimal>,
    /// The widest labels of both blocks.
    labels: [Width; 2],
}

impl<'s> Grid<'s> {
    pub fn new(styles: &'s Styles, looks: &'s Looks, words: Words<'s>) -> Self {
        Self {
            styles,
            looks,
            words,
            cells: BTreeMap::new(),
            heights: BTreeMap::new(),
            numbers: ColumnWidth::new(Width::MAX, words.language),
            overlong: None,
            labels: [0; 2],
        }
    }

    fn place(&mut self, place: (u32, u16), to: u16, content: Content<'s>, format: &'s Format) {
        let text = match &content {
            Content::Text(text) => text,
            Content::Link(sheet) => *sheet,
            Content::Number(_) | Content::Nothing => "",
        };
        let widest = match place.1 {
            LABEL => Some(&mut self.labels[0]),
            RIGHT => Some(&mut self.labels[1]),
            _ => None,
        };
        if let Some(widest) = widest
            && to == place.1
        {
            *widest = text_width(text, self.words.language).max(*widest);
        }
        self.cells.insert(
            place,
            Placed {
                content,
                to,
                format,
            },
        );
    }

    /// A text over the columns up to `to`, wrapping.
    pub fn text(&mut self, place: (u32, u16), to: u16, text: impl AsRef<str>, format: &'s Format) {
        let text = displayed(text.as_ref()).into_owned();
        self.place(place, to, Content::Text(text), format);
    }

    pub fn blank(&mut self, place: (u32, u16), to: u16, format: &'s Format) {
        self.place(place, to, Content::Nothing, format);
    }

    pub fn date(&mut self, place: (u32, u16), date: Date, format: &'s Format) {
        self.place(place, place.1, Content::Number(serial(date).into()), format);
    }

    pub fn number(&mut self, place: (u32, u16), number: Decimal, format: &'s Format) {
        if significant_digits(number) > MAX_SIGNIFICANT_DIGITS {
            self.overlong = Some(number);
        }
        self.place(place, place.1, Content::Number(nearest_f64(number)), format);
    }

    pub fn link(&mut self, place: (u32, u16), sheet: &'s str) {
        self.place(place, place.1, Content::Link(sheet), &self.looks.link);
    }

    pub fn height(&mut self, row: u32, pixels: u32) {
        self.heights.insert(row, pixels);
    }

    pub fn label(&mut self, row: u32, word: Word) {
        let label = self.words.get(word);
        self.text((row, LABEL), LABEL, label, &self.looks.label);
    }

    /// A label and a text from `place` on, which may take several lines.
    pub fn field(&mut self, (row, column): (u32, u16), to: u16, word: Word, text: impl AsRef<str>) {
        let label = self.words.get(word);
        self.text((row, column), column, label, &self.looks.label_top);
        self.text((row, column + 1), to, text, &self.looks.value);
    }

    /// A label of what is part of a figure above it.
    pub fn part(&mut self, row: u32, word: Word) {
        let label = self.words.get(word);
        self.text((row, LABEL), LABEL, label, &self.looks.label_part);
    }

    /// A title over the figures below it.
    pub fn heading(&mut self, row: u32, word: Word) {
        let heading = self.words.get(word);
        self.text((row, LABEL), UNIT, heading, &self.looks.heading);
        self.blank((row, SHARE), SHARE, &self.looks.heading);
    }

    /// An amount with its label and currency.
    pub fn money(&mut self, row: u32, word: Word, currency: Currency, amount: Decimal) {
        self.label(row, word);
        self.amount(row, currency, amount);
    }

    /// Of the figure above it.
    pub fn money_part(&mut self, row: u32, word: Word, currency: Currency, amount: Decimal) {
        self.part(row, word);
        self.amount(row, currency, amount);
    }

    pub fn amount(&mut self, row: u32, currency: Currency, amount: Decimal) {
        let places = currency.exponent() as usize;
        self.numbers.see_number(nearest_f64(amount), places);
        self.number((row, VALUE), amount, &self.styles.amount(currency).format);
        self.text((row, UNIT), UNIT, currency.code(), &self.looks.unit);
    }

    /// The pixels of the columns from `from` to `to`.
    pub fn pixels(&self, from: u16, to: u16) -> u32 {
        (from..=to)
            .map(|column| column_pixels(self.width(column), self.words.language))
            .sum()
    }

    fn width(&self, column: u16) -> Width {
        let usual = WIDTHS[usize::from(column)];
        match column {
            LABEL => (self.labels[0] + 100).clamp(usual, WIDEST_LABEL),
            RIGHT => (self.labels[1] + 100).clamp(usual, WIDEST_LABEL),
            VALUE => {
                let literal = self.styles.literal(ColumnStyle::Amount);
                let widest = self.numbers.widest(literal);
                (widest + 100).max(usual)
            }
            _ => usual,
        }
    }

    /// The height of a row whose texts wrap.
    pub fn row_pixels(&self, row: u32) -> u32 {
        /// Of the padding between columns that a text over several of them has to itself.
        const BETWEEN: Width = 60;
        if let Some(pixels) = self.heights.get(&row) {
            return *pixels;
        }
        let cells = self.cells.range((row, 0)..=(row, u16::MAX));
        let heights = cells.filter_map(|((_, column), cell)| {
            let Content::Text(text) = &cell.content else {
                return None;
            };
            let columns = *column..=cell.to;
            let between = BETWEEN * u32::from(cell.to - column);
            let width = columns.map(|column| self.width(column)).sum::<Width>() + between;
            let language = self.words.language;
            let lines = lines(text, width, language).min(MAX_LINES);
            Some(height_of(lines, has_full_width(text, language), language))
        });
        let usual = row_height(self.words.language);
        heights.max().unwrap_or(usual).max(usual)
    }

    /// Writes all cells in their order.
    pub fn write(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        for column in 0..=LAST {
            sheet.set_column_width_pixels(column, self.pixels(column, column))?;
        }
        for row in 0..self.next_row() {
            let pixels = self.row_pixels(row);
            if pixels != row_height(self.words.language) {
                sheet.set_row_height_pixels(row, pixels)?;
            }
        }
        for ((row, column), cell) in &self.cells {
            if cell.to > *column {
                sheet.merge_range(*row, *column, *row, cell.to, "", cell.format)?;
            }
            match &cell.content {
                Content::Text(text) => write_text(sheet, (*row, *column), text, cell.format)?,
                Content::Number(number) => {
                    sheet.write_number_with_format(*row, *column, *number, cell.format)?
                }
                Content::Link(to) => {
                    let link = Url::new(format!("internal:'{to}'!A1")).set_text(*to);
                    sheet.write_url_with_format(*row, *column, link, cell.format)?
                }
                Content::Nothing => sheet.write_blank(*row, *column, cell.format)?,
            };
        }
        Ok(())
    }

    /// The row below all that is placed.
    pub fn next_row(&self) -> u32 {
        let rows = self.cells.keys().map(|(row, _)| row + 1);
        rows.max().unwrap_or_default()
    }
}

/// Writes a text as it is. Outside of constant memory the library takes one that looks like its own markup of rich text for
/// just that; as the only run of a rich text it is escaped.
fn write_text<'w>(
    sheet: &'w mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    format: &Format,
) -> Result<&'w mut Worksheet, XlsxError> {
    if text.starts_with("<r>") && text.ends_with("</r>") {
        return sheet.write_rich_string_with_format(row, column, &[(format, text)], format);
    }
    sheet.write_string_with_format(row, column, text, format)
}
