//! Charts: what they plot is there, and their axes belong together.

use std::collections::HashSet;

use roxmltree::Node;

use super::reference::{Range, list, qualified};
use super::report::{Report, all, child, number};
use super::rules::demand_unique;
use super::schema::{CHART, CHART_SPACE, demand_order};
use super::workbook::Book;

const AXES: [&str; 4] = ["catAx", "valAx", "dateAx", "serAx"];

pub fn check(root: Node, book: &Book, report: &mut Report) {
    demand_order(root, CHART_SPACE, report);
    let Some(chart) = child(root, "chart") else {
        report.say(root, "has no chart");
        return;
    };
    demand_order(chart, CHART, report);
    check_axes(chart, report);
    let mut indexes = HashSet::new();
    for series in all(chart, "ser") {
        let index = child(series, "idx").and_then(|idx| number(idx, "val"));
        demand_unique(
            &mut indexes,
            index,
            series,
            "its idx is missing or occurs twice",
            report,
        );
    }
    for formula in all(chart, "f") {
        check_reference(formula, book, report);
    }
}

fn check_axes(chart: Node, report: &mut Report) {
    let axes: Vec<Node> = chart
        .descendants()
        .filter(|node| AXES.contains(&node.tag_name().name()))
        .collect();
    let mut ids = HashSet::new();
    for axis in &axes {
        let id = child(*axis, "axId").and_then(|id| number(id, "val"));
        demand_unique(
            &mut ids,
            id,
            *axis,
            "its axId is missing or occurs twice",
            report,
        );
    }
    let references = all(chart, "axId").chain(all(chart, "crossAx"));
    for reference in references {
        report.demand(
            ids.contains(&number(reference, "val")),
            reference,
            "there is no such axis",
        );
    }
}

/// A reference to cells of this workbook, and as many points as it has cells where the chart remembers them.
fn check_reference(formula: Node, book: &Book, report: &mut Report) {
    let text = formula.text().unwrap_or_default();
    let plain = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .unwrap_or(text);
    let mut cells = 0;
    for reference in list(plain) {
        match qualified(reference) {
            None => report.say(formula, &format!("{reference:?} is no reference")),
            Some((sheet, range)) => {
                cells += Range::cells(&range);
                let rule = format!("{reference:?}: there is no such sheet");
                report.demand(book.sheet(&sheet).is_some(), formula, &rule);
            }
        }
    }
    let Some(count) = formula
        .parent()
        .and_then(|parent| all(parent, "ptCount").next())
    else {
        return;
    };
    let told = number(count, "val").map(u64::from);
    report.demand(
        told == Some(cells),
        count,
        &format!("is not the {cells} cells of {text}"),
    );
    let mut points = HashSet::new();
    for point in count
        .parent()
        .into_iter()
        .flat_map(|cache| all(cache, "pt"))
    {
        let index = number(point, "idx");
        let within = index.is_some_and(|index| u64::from(index) < cells);
        report.demand(within, point, "idx is outside of what it plots");
        demand_unique(&mut points, index, point, "idx occurs twice", report);
    }
}
