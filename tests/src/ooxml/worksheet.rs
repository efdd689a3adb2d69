//! A worksheet: the order of its elements, and its parts of a kind, which have files of their own.

use roxmltree::Node;

use super::reference::{Cell, Range};
use super::report::{Report, all, child, children};
use super::schema::{SHEET_PROPERTIES, SHEET_VIEW, WORKSHEET, demand_order};
use super::workbook::Book;
use super::{cells, page, regions};

pub fn check(root: Node, book: &Book, index: usize, report: &mut Report) {
    if root.tag_name().name() != "worksheet" {
        return;
    }
    demand_order(root, WORKSHEET, report);
    if let Some(properties) = child(root, "sheetPr") {
        demand_order(properties, SHEET_PROPERTIES, report);
    }
    let data = child(root, "sheetData");
    report.demand(data.is_some(), root, "has no sheetData");
    let used = data.and_then(|data| cells::check(data, book, report));
    check_dimension(root, used, report);
    check_view(root, book, index, report);
    regions::check(root, book, report);
    page::check(root, report);
}

/// The dimension is just what the cells take: a row lost while writing shows here.
fn check_dimension(root: Node, used: Option<Range>, report: &mut Report) {
    let Some(node) = child(root, "dimension") else {
        return;
    };
    let reference = node.attribute("ref").unwrap_or_default();
    let Some(told) = Range::parse(reference) else {
        report.say(node, "is no range");
        return;
    };
    let a1 = Cell { row: 1, column: 1 };
    let used = used.unwrap_or(Range {
        first: a1,
        last: a1,
    });
    report.demand(
        told == used,
        node,
        &format!("is not the range of the cells, {used:?}"),
    );
}

fn check_view(root: Node, book: &Book, index: usize, report: &mut Report) {
    let views = child(root, "sheetViews");
    for view in views
        .into_iter()
        .flat_map(|views| children(views, "sheetView"))
    {
        demand_order(view, SHEET_VIEW, report);
        // Excel groups the sheets that are selected together, and types into all of them.
        let selected = matches!(view.attribute("tabSelected"), Some("1" | "true"));
        report.demand(
            selected == (index == book.active),
            view,
            "not the active sheet alone is selected",
        );
        let panes = match child(view, "pane") {
            Some(pane) => check_pane(pane, report),
            None => vec!["topLeft"],
        };
        for selection in children(view, "selection") {
            let pane = selection.attribute("pane").unwrap_or("topLeft");
            report.demand(panes.contains(&pane), selection, "its pane is not there");
            if selection.has_attribute("sqref") {
                super::rules::ranges(selection, report);
            }
        }
    }
    for node in all(root, "sheetFormatPr") {
        super::rules::demand_decimal(node, "defaultRowHeight", 0.0..=409.5, report);
    }
}

/// Returns the panes that there are.
fn check_pane(pane: Node, report: &mut Report) -> Vec<&'static str> {
    let split = |attribute| {
        pane.attribute(attribute)
            .and_then(|text| text.parse::<u32>().ok())
    };
    let (columns, rows) = (split("xSplit").unwrap_or(0), split("ySplit").unwrap_or(0));
    let panes = match (columns > 0, rows > 0) {
        (true, true) => vec!["topLeft", "topRight", "bottomLeft", "bottomRight"],
        (true, false) => vec!["topLeft", "topRight"],
        (false, true) => vec!["topLeft", "bottomLeft"],
        (false, false) => vec!["topLeft"],
    };
    report.demand(panes.len() > 1, pane, "splits nothing");
    let active = pane.attribute("activePane").unwrap_or("topLeft");
    report.demand(panes.contains(&active), pane, "activePane is not there");
    let corner = pane.attribute("topLeftCell").and_then(Cell::parse);
    let frozen = matches!(pane.attribute("state"), Some("frozen" | "frozenSplit"));
    let below = corner.is_some_and(|corner| corner.row > rows && corner.column > columns);
    report.demand(
        !frozen || below,
        pane,
        "topLeftCell is not below and right of what is frozen",
    );
    panes
}
