//! Rows and cells: ascending, within the sheet, and holding what their type says.

use roxmltree::Node;

use super::reference::{COLUMNS, Cell, ROWS, Range, sheets_in};
use super::report::{Report, child, children, number};
use super::rules::demand_decimal;
use super::schema::{CELL, demand_order};
use super::text;
use super::workbook::Book;

#[rustfmt::skip]
const ERRORS: [&str; 9] = [
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!",
];

/// Returns the smallest range that holds every cell.
pub fn check(data: Node, book: &Book, report: &mut Report) -> Option<Range> {
    let mut used: Option<Range> = None;
    let mut last_row = 0;
    for row in children(data, "row") {
        let row_number = number(row, "r").unwrap_or(last_row + 1);
        report.demand(row_number > last_row, row, "does not follow the row before");
        report.demand(
            (1..=ROWS).contains(&row_number),
            row,
            "is not within 1 and 1048576",
        );
        demand_decimal(row, "ht", 0.0..=409.5, report);
        demand_decimal(row, "outlineLevel", 0.0..=7.0, report);
        demand_format(row, "s", book, report);
        last_row = row_number;
        let mut last_column = 0;
        for cell in children(row, "c") {
            let place = match cell.attribute("r") {
                None => Some(Cell {
                    row: row_number,
                    column: last_column + 1,
                }),
                Some(reference) => Cell::parse(reference),
            };
            let Some(place) = place.filter(|place| place.column <= COLUMNS) else {
                report.say(cell, "is no cell within XFD1048576");
                continue;
            };
            report.demand(place.row == row_number, cell, "stands in another row");
            report.demand(
                place.column > last_column,
                cell,
                "does not follow the cell before",
            );
            last_column = place.column;
            let own = Range {
                first: place,
                last: place,
            };
            used = Some(used.unwrap_or(own).extended(place));
            check_cell(cell, book, report);
        }
    }
    used
}

/// A row's, a column's or a cell's format exists.
pub fn demand_format(node: Node, attribute: &str, book: &Book, report: &mut Report) {
    let told = node.attribute(attribute);
    let known = number(node, attribute).is_some_and(|index| (index as usize) < book.styles.formats);
    report.demand(
        told.is_none() || known,
        node,
        "its format is not in cellXfs",
    );
}

fn check_cell(cell: Node, book: &Book, report: &mut Report) {
    demand_order(cell, CELL, report);
    demand_format(cell, "s", book, report);
    let (formula, value, inline) = (child(cell, "f"), child(cell, "v"), child(cell, "is"));
    if let Some(formula) = formula {
        check_formula(formula, book, report);
    }
    let text = value.and_then(|value| value.text()).unwrap_or_default();
    let kind = cell.attribute("t").unwrap_or("n");
    report.demand(
        inline.is_none() || kind == "inlineStr",
        cell,
        "holds <is> and is not inlineStr",
    );
    match kind {
        "n" => {
            let number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with('+');
            let empty = value.is_none();
            report.demand(
                empty || number,
                cell,
                &format!("{text:?} is no finite number"),
            );
        }
        "s" => {
            let known = text
                .parse::<usize>()
                .is_ok_and(|index| index < book.shared_strings);
            report.demand(
                known,
                cell,
                &format!("{text:?} is not among the shared strings"),
            );
        }
        "inlineStr" => {
            report.demand(
                inline.is_some() && value.is_none(),
                cell,
                "is inlineStr and holds no <is>",
            );
            if let Some(inline) = inline {
                text::check(inline, report);
            }
        }
        "str" => {
            report.demand(
                formula.is_some(),
                cell,
                "is the text of a formula without one",
            );
            let length = text::unescaped_units(text);
            report.demand(
                length <= 32_767,
                cell,
                "its text is longer than 32,767 characters",
            );
        }
        "b" => report.demand(
            matches!(text, "0" | "1"),
            cell,
            "is boolean and neither 0 nor 1",
        ),
        "e" => report.demand(
            ERRORS.contains(&text),
            cell,
            &format!("{text:?} is no error of Excel"),
        ),
        "d" => {}
        _ => report.say(cell, &format!("{kind:?} is no type of a cell")),
    }
}

fn check_formula(formula: Node, book: &Book, report: &mut Report) {
    let text = formula.text().unwrap_or_default();
    let shared = formula.attribute("t") == Some("shared");
    report.demand(shared || !text.is_empty(), formula, "is empty");
    report.demand(!text.starts_with('='), formula, "begins with =");
    report.demand(
        text::units(text) <= 8_192,
        formula,
        "is longer than 8,192 characters",
    );
    report.demand(
        is_balanced(text),
        formula,
        &format!("{text:?}: a quote or parenthesis is not closed"),
    );
    for sheet in sheets_in(text) {
        let rule = format!("{text:?}: there is no sheet {sheet:?}");
        report.demand(book.sheet(&sheet).is_some(), formula, &rule);
    }
}

fn is_balanced(formula: &str) -> bool {
    let pieces: Vec<&str> = formula.split('"').collect();
    let mut depth = 0_i32;
    let mut never_below = true;
    for character in pieces.iter().step_by(2).flat_map(|code| code.chars()) {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        never_below &= depth >= 0;
    }
    pieces.len() % 2 == 1 && depth == 0 && never_below
}
