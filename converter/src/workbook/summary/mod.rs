//! 概要 / Summary: whose document it is, what it says in a few figures, and where the rest stands. It is the first sheet
//! and the last one written, because its figures are gathered as the rows go by. Printed on one page.

mod figures;
mod grid;
mod heading;
mod looks;

use common::decimal::MAX_SIGNIFICANT_DIGITS;
use common::profile::Word;
use common::statement::Kind;
use common::{Error, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::{IgnoreError, Worksheet, XlsxError};

use super::cell::cannot_write;
use super::holdings::HoldingFigures;
use super::page::{self, Paper, Running};
use super::style::{Styles, row_height};
use super::table::TableDone;
use super::trades::TradeFigures;
use super::{Heading, chart};
use crate::rows::cash::CashBalance;
use grid::{BUYS, DAY, Grid, LABEL, LAST, RIGHT, RIGHT_VALUE, SELLS, VALUE};

use looks::Looks;

pub use figures::Rows;
pub use heading::day;

/// Where charts find their labels and values.
pub const LABEL_COLUMN: u16 = LABEL;
pub const VALUE_COLUMN: u16 = VALUE;
/// The columns of days, buys and sells.
pub const DAY_COLUMNS: (u16, u16, u16) = (DAY, BUYS, SELLS);

/// What the summary tells, gathered as rows are written.
#[derive(Debug, Default)]
pub struct Figures {
    pub trades: TradeFigures,
    pub holdings: HoldingFigures,
    pub cash: Vec<CashBalance>,
}

/// Pixels.
const LOWEST_CHART: u32 = 250;
const HIGHEST_CHART: u32 = 420;

/// Writes the summary.
pub fn write(
    sheet: &mut Worksheet,
    styles: &Styles,
    heading: &Heading,
    figures: &Figures,
    tables: &[TableDone],
    running: &Running,
) -> Result<()> {
    let overlong = write_sheet(sheet, styles, heading, figures, tables, running);
    match overlong.map_err(cannot_write)? {
        None => Ok(()),
        Some(sum) => Err(Error::data(
            "shape",
            format!(
                "a sum of the summary is {sum}, more than the {MAX_SIGNIFICANT_DIGITS} digits a spreadsheet keeps"
            ),
        )),
    }
}

/// Returns a sum that no cell could show, in which case nothing is written.
fn write_sheet(
    sheet: &mut Worksheet,
    styles: &Styles,
    heading: &Heading,
    figures: &Figures,
    tables: &[TableDone],
    running: &Running,
) -> Result<Option<Decimal>, XlsxError> {
    let words = heading.words();
    let looks = Looks::new(styles);
    let mut grid = Grid::new(styles, &looks, words);
    let top = heading::place(&mut grid, heading) + 1;
    grid.heading(top, Word::KeyFigures);
    let (below, drawn) = match heading.document.kind {
        Kind::Trade => {
            let below = figures::place_trades(&mut grid, &figures.trades, top + 1);
            let days = figures::place_days(&mut grid, &figures.trades, top);
            let draw = |days| chart::trades(heading, &figures.trades, styles, days);
            (below, days.map(|days| (draw(days), RIGHT_VALUE)))
        }
        Kind::Balance => {
            let of = (heading.account.base_currency, heading.is_whole);
            let (below, classes) =
                figures::place_balance(&mut grid, &figures.holdings, &figures.cash, of, top + 1);
            let draw = |classes| chart::allocation(heading, &figures.holdings, styles, classes);
            (below, classes.and_then(draw).map(|chart| (chart, LAST)))
        }
    };
    let below_links = place_links(&mut grid, tables, below + 1);
    let mut last = below_links.max(grid.next_row());
    if let Some((mut chart, to)) = drawn {
        // As high as what stands beside it: figures and links, days.
        let beside: u32 = (top..last).map(|row| grid.row_pixels(row)).sum();
        let height = beside.clamp(LOWEST_CHART, HIGHEST_CHART);
        chart.set_width(grid.pixels(RIGHT, to)).set_height(height);
        sheet.insert_chart(top, RIGHT, &chart)?;
        last = last.max(top + height.div_ceil(row_height(words.language)));
    }
    let report = words.get(Word::ReportErrors);
    grid.text((last + 1, LABEL), LAST, report, &looks.closing);
    if grid.overlong.is_some() {
        return Ok(grid.overlong);
    }
    grid.write(sheet)?;
    heading::write_logo(sheet, &grid, heading)?;
    let as_text = IgnoreError::NumberStoredAsText;
    sheet.ignore_error_range(0, 0, last + 1, LAST, as_text)?;
    sheet.set_screen_gridlines(false);
    page::set_up(sheet, Paper::A4, running);
    sheet.set_print_fit_to_pages(1, 1);
    sheet.set_print_area(0, 0, last + 1, LAST)?;
    Ok(None)
}

/// Places the links to the other sheets. Returns the row below.
fn place_links(grid: &mut Grid, tables: &[TableDone], mut row: u32) -> u32 {
    grid.heading(row, Word::Details);
    for table in tables {
        row += 1;
        let rows = grouped(table.rows);
        let count = grid.words.fill(Word::Rows, &[("rows", &rows)]);
        grid.link((row, LABEL), grid.words.get(table.section.sheet()));
        grid.text((row, VALUE), VALUE, count, &grid.looks.count);
    }
    row + 1
}

/// With commas between thousands, as the figures above have them.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The kind's day that its figures are of.
pub fn as_of(kind: Kind, period_end: Date, positions: Option<Date>, cash: Option<Date>) -> Date {
    match kind {
        Kind::Trade => period_end,
        Kind::Balance => positions.or(cash).unwrap_or(period_end),
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (37_120, "37,120"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
