//! Every cell of a workbook against what must stand there. Nothing more may stand there either.

use std::collections::{BTreeMap, BTreeSet};

use calamine::Data;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::expected::{Cell, Document, Line, NO_ENTRIES, Sum, Summary, Table, Total};
use crate::workbook::{Place, Sheet, Workbook, address, letters};

/// What differs, one line each: sheet, cell and both values.
pub fn workbook(found: &Workbook, document_id: &str, expected: &Document) -> Vec<String> {
    let mut differences = Vec::new();
    let names: Vec<&str> = found
        .sheets
        .iter()
        .map(|sheet| sheet.name.as_str())
        .collect();
    let mut wanted = vec![expected.summary.sheet];
    wanted.extend(expected.tables.iter().map(|table| table.sheet));
    if names != wanted {
        return vec![format!("sheets {names:?} instead of {wanted:?}")];
    }
    let property = found.custom_properties.get("Document ID");
    if property.map(String::as_str) != Some(document_id) {
        differences.push(format!("custom property Document ID is {property:?}"));
    }
    summary(&found.sheets[0], &expected.summary, &mut differences);
    for (sheet, table) in found.sheets[1..].iter().zip(&expected.tables) {
        let mut checked = Checked {
            sheet,
            table,
            seen: BTreeSet::new(),
            formulas: BTreeMap::new(),
            differences: &mut differences,
        };
        checked.check();
    }
    differences
}

/// A table's sheet while it is checked.
struct Checked<'a> {
    sheet: &'a Sheet,
    table: &'a Table,
    /// Cells that were looked at.
    seen: BTreeSet<Place>,
    /// Formulas that must stand there.
    formulas: BTreeMap<Place, String>,
    differences: &'a mut Vec<String>,
}

impl Checked<'_> {
    fn check(&mut self) {
        let table = self.table;
        let headings = table.headings.iter().map(|text| Cell::text(*text));
        self.row(0, headings);
        for (row, cells) in (1..).zip(&table.rows) {
            self.row(row, cells.iter().cloned());
        }
        let mut next = row_after(table.rows.len());
        if table.rows.is_empty() {
            self.row(1, [Cell::text(table.language.pick(NO_ENTRIES))]);
            next += 1;
        }
        // One row stays blank: whatever stands in it is never looked at, and so reported.
        next += 1;
        next = self.totals(next);
        self.named_below(next);
        self.nothing_else();
    }

    fn row(&mut self, row: u32, cells: impl IntoIterator<Item = Cell>) {
        for (column, cell) in (0..).zip(cells) {
            let place = (row, column);
            self.seen.insert(place);
            if !holds(self.sheet.cell(place), &cell) {
                self.differ(place, &format!("{cell:?}"));
            }
        }
    }

    /// Totals stand in any order, one row each. Returns the row below them.
    fn totals(&mut self, first: u32) -> u32 {
        let mut left: Vec<&Total> = self.table.totals.iter().collect();
        let end = first + row_number(left.len());
        for row in first..end {
            let is_here = |total: &&Total| {
                total.keys.iter().all(|(column, text)| {
                    holds(
                        self.sheet.cell((row, row_number(*column))),
                        &Cell::text(text),
                    )
                })
            };
            // A row of more keys (currency and settlement currency) must not pass for one of fewer.
            let most_keys = left
                .iter()
                .enumerate()
                .filter(|(_, total)| is_here(total))
                .max_by_key(|(_, total)| total.keys.len())
                .map(|(position, _)| position);
            let Some(position) = most_keys else {
                self.differ((row, 0), "a row of totals");
                continue;
            };
            let total = left.swap_remove(position);
            self.row(row, total.cells.iter().cloned());
            for (column, sum) in &total.sums {
                let formula = formula(*column, sum, self.table.rows.len());
                self.formulas.insert((row, row_number(*column)), formula);
            }
        }
        for total in left {
            self.say(&format!("no total of {:?}", total.keys));
        }
        end
    }

    /// The sentences below: in column A, one blank row below the totals, each with something that must be named.
    fn named_below(&mut self, end_of_totals: u32) {
        let blank = u32::from(!self.table.totals.is_empty());
        let mut text = String::new();
        if !self.table.named_below.is_empty() {
            for row in end_of_totals + blank..=self.sheet.last_row() {
                if let Data::String(line) = self.sheet.cell((row, 0))
                    && self
                        .table
                        .named_below
                        .iter()
                        .any(|name| line.contains(name))
                {
                    self.seen.insert((row, 0));
                    text.push_str(line);
                }
            }
        }
        for name in &self.table.named_below {
            if !text.contains(name.as_str()) {
                self.say(&format!("{name:?} is not named below the table"));
            }
        }
    }

    fn nothing_else(&mut self) {
        let unseen: Vec<Place> = self
            .sheet
            .cells
            .keys()
            .filter(|place| !self.seen.contains(place))
            .copied()
            .collect();
        for place in unseen {
            self.differ(place, "nothing");
        }
        if self.sheet.formulas != self.formulas {
            let (found, wanted) = (&self.sheet.formulas, &self.formulas);
            let places: BTreeSet<&Place> = found.keys().chain(wanted.keys()).collect();
            let differing: Vec<String> = places
                .into_iter()
                .filter(|place| found.get(place) != wanted.get(place))
                .map(|place| {
                    let (found, wanted) = (found.get(place), wanted.get(place));
                    format!(
                        "{}: formula {found:?}, expected {wanted:?}",
                        address(*place)
                    )
                })
                .collect();
            for line in differing {
                self.say(&line);
            }
        }
    }

    fn differ(&mut self, place: Place, expected: &str) {
        let found = self.sheet.cell(place);
        let line = format!("{}: {found:?}, expected {expected}", address(place));
        self.say(&line);
    }

    fn say(&mut self, line: &str) {
        self.differences.push(format!("{}!{line}", self.sheet.name));
    }
}

/// Over exactly the data rows, which begin in row 2.
fn formula(column: usize, sum: &Sum, rows: usize) -> String {
    let range = |column: usize| {
        let letters = letters(row_number(column));
        format!("{letters}2:{letters}{}", rows + 1)
    };
    let mut arguments = vec![range(column)];
    for (by, text) in &sum.criteria {
        arguments.extend([range(*by), format!("\"{text}\"")]);
    }
    format!("ROUND(SUMIFS({}),{})", arguments.join(","), sum.places)
}

fn summary(sheet: &Sheet, expected: &Summary, differences: &mut Vec<String>) {
    let mut say = |line: String| differences.push(format!("{}!{line}", sheet.name));
    if !holds(sheet.cell((0, 0)), &Cell::text(expected.title)) {
        say(format!(
            "A1: {:?}, expected {:?}",
            sheet.cell((0, 0)),
            expected.title
        ));
    }
    // Text that looks like a formula is none.
    for (place, formula) in &sheet.formulas {
        say(format!(
            "{}: formula {formula:?}, expected none",
            address(*place)
        ));
    }
    let reports = sheet
        .cells
        .values()
        .any(|cell| matches!(cell, Data::String(text) if text.contains(expected.report_errors)));
    if !reports {
        say("no sentence that errors are to be reported at once".to_owned());
    }
    if let Some(line) = days(sheet, &expected.days) {
        say(line);
    }
    let mut taken = BTreeSet::new();
    for line in &expected.lines {
        let labelled = labelled(sheet, line);
        let found = labelled
            .iter()
            .find(|row| !taken.contains(*row) && stands(sheet, **row, line));
        match found {
            Some(row) => _ = taken.insert(*row),
            None => say(format!(
                "{}: expected {:?}, found {:?}",
                line.label,
                line.cells,
                labelled
                    .iter()
                    .map(|row| (
                        row + 1,
                        (1..4)
                            .map(|column| sheet.cell((*row, column)))
                            .collect::<Vec<_>>()
                    ))
                    .collect::<Vec<_>>()
            )),
        }
    }
    for line in &expected.lines {
        for row in labelled(sheet, line) {
            if !taken.contains(&row) {
                say(format!(
                    "{}: one line too many: row {}",
                    line.label,
                    row + 1
                ));
                taken.insert(row);
            }
        }
    }
}

/// The chart's days stand somewhere right of the lines, row below row, and nothing stands below them in their columns
/// but the sentence about errors.
fn days(sheet: &Sheet, expected: &[[Cell; 3]]) -> Option<String> {
    let Some([day, ..]) = expected.first() else {
        let stray = sheet
            .cells
            .iter()
            .find(|((_, column), cell)| *column > 4 && matches!(cell, Data::Float(_)));
        return stray
            .map(|(place, cell)| format!("{}: {cell:?}, expected no days", address(*place)));
    };
    let places = sheet.cells.iter();
    let found = places
        .filter(|((_, column), cell)| *column > 4 && holds(cell, day))
        .map(|(place, _)| *place)
        .next();
    let Some((top, left)) = found else {
        return Some(format!("no heading {day:?} of the chart's days"));
    };
    for (row, cells) in (top..).zip(expected) {
        for (column, cell) in (left..).zip(cells) {
            let found = sheet.cell((row, column));
            if !holds(found, cell) {
                let place = address((row, column));
                return Some(format!("{place}: {found:?}, expected {cell:?}"));
            }
        }
    }
    let below = top + row_number(expected.len());
    let more = sheet.cells.range((below, 0)..);
    more.map(|(place, _)| *place)
        .find(|(_, column)| (left..left + 3).contains(column))
        .map(|place| format!("{}: a day too many", address(place)))
}

/// The lines of that label, and with that kind of value: a link to a sheet may be called like a figure.
fn labelled(sheet: &Sheet, line: &Line) -> Vec<u32> {
    let wants_text = matches!(line.cells.first(), Some(Cell::Text(_)));
    (0..=sheet.last_row())
        .filter(|row| holds(sheet.cell((*row, 0)), &Cell::text(line.label.as_str())))
        .filter(|row| matches!(sheet.cell((*row, 1)), Data::String(_)) == wants_text)
        .collect()
}

fn stands(sheet: &Sheet, row: u32, line: &Line) -> bool {
    (1..)
        .zip(&line.cells)
        .all(|(column, cell)| holds(sheet.cell((row, column)), cell))
}

/// Whether a cell holds just that, in type and value.
fn holds(found: &Data, expected: &Cell) -> bool {
    match (found, expected) {
        (Data::Empty, Cell::Empty) => true,
        (Data::String(found), Cell::Text(text)) => found == text,
        (Data::DateTime(found), Cell::Date(date)) => {
            found.is_datetime() && found.as_f64().to_bits() == serial(*date).to_bits()
        }
        (Data::Float(found), Cell::Number(number)) => found.to_bits() == double(*number).to_bits(),
        _ => false,
    }
}

/// Excel's number of a date after February 1900.
fn serial(date: Date) -> f64 {
    let days = date - Date::constant(1899, 12, 30);
    f64::from(days.get_days())
}

/// The double nearest to the decimal text.
fn double(number: Decimal) -> f64 {
    let text = number.normalize().abs().to_string();
    let size = text.parse().unwrap_or(f64::NAN);
    if number.is_sign_negative() && !number.is_zero() {
        -size
    } else {
        size
    }
}

fn row_after(rows: usize) -> u32 {
    row_number(rows) + 1
}

fn row_number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
