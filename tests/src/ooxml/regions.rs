//! What a worksheet says about ranges of its cells: columns, merged cells, links, ignored errors, formats, validations.

use std::collections::HashSet;

use roxmltree::Node;

use super::cells::demand_format;
use super::reference::{COLUMNS, Range, qualified};
use super::relationships::R;
use super::report::{Report, all, child, children, number};
use super::rules::{count_is_true, demand_decimal, demand_unique, demand_within, ranges};
use super::text::units;
use super::workbook::Book;

/// Excel's limits of one sheet.
const MAX_LINKS: usize = 65_530;
const MAX_VALIDATIONS: usize = 65_534;

pub fn check(root: Node, book: &Book, report: &mut Report) {
    check_columns(root, book, report);
    if let Some(filter) = child(root, "autoFilter") {
        check_filter(filter, report);
    }
    check_merged(root, report);
    check_links(root, book, report);
    check_ignored_errors(root, report);
    check_conditional_formats(root, book, report);
    check_validations(root, report);
}

fn check_columns(root: Node, book: &Book, report: &mut Report) {
    let mut last = 0;
    for column in children(root, "cols").flat_map(|list| children(list, "col")) {
        demand_within(column, "min", 1..=COLUMNS, report);
        demand_within(column, "max", 1..=COLUMNS, report);
        let (from, to) = (
            number(column, "min").unwrap_or(0),
            number(column, "max").unwrap_or(0),
        );
        report.demand(from <= to, column, "max is below min");
        report.demand(from > last, column, "does not follow the columns before");
        last = last.max(to);
        demand_decimal(column, "width", 0.0..=255.0, report);
        demand_format(column, "style", book, report);
    }
}

fn check_filter(filter: Node, report: &mut Report) {
    let range = filter.attribute("ref").and_then(Range::parse);
    report.demand(range.is_some(), filter, "is no range");
    let width = range.map_or(0, |range| range.last.column - range.first.column + 1);
    let mut columns = HashSet::new();
    for column in children(filter, "filterColumn") {
        let id = number(column, "colId");
        report.demand(
            id.is_some_and(|id| id < width),
            column,
            "colId is outside of the filter",
        );
        demand_unique(&mut columns, id, column, "colId occurs twice", report);
    }
}

fn check_merged(root: Node, report: &mut Report) {
    let Some(list) = child(root, "mergeCells") else {
        return;
    };
    count_is_true(list, "mergeCell", report);
    let mut merged: Vec<Range> = Vec::new();
    for node in children(list, "mergeCell") {
        let Some(range) = node.attribute("ref").and_then(Range::parse) else {
            report.say(node, "is no range");
            continue;
        };
        report.demand(range.cells() > 1, node, "merges a single cell");
        let overlaps = merged.iter().any(|other| other.overlaps(&range));
        report.demand(!overlaps, node, "overlaps another merged range");
        merged.push(range);
    }
}

fn check_links(root: Node, book: &Book, report: &mut Report) {
    let Some(list) = child(root, "hyperlinks") else {
        return;
    };
    let links: Vec<Node> = children(list, "hyperlink").collect();
    report.demand(
        (1..=MAX_LINKS).contains(&links.len()),
        list,
        "has no link, or more than 65,530",
    );
    let mut seen = HashSet::new();
    for link in links {
        let reference = link.attribute("ref").unwrap_or_default();
        report.demand(Range::parse(reference).is_some(), link, "is no range");
        demand_unique(&mut seen, reference, link, "has two links", report);
        let (location, id) = (link.attribute("location"), link.attribute((R, "id")));
        report.demand(location.is_some() || id.is_some(), link, "leads nowhere");
        if let Some(location) = location {
            report.demand(
                units(location) <= 2079,
                link,
                "location is longer than 2,079 characters",
            );
        }
        if id.is_none()
            && let Some(location) = location
        {
            check_location(link, location, book, report);
        }
        let tip = link.attribute("tooltip").unwrap_or_default();
        report.demand(
            units(tip) <= 255,
            link,
            "tooltip is longer than 255 characters",
        );
    }
}

/// A place in this workbook.
fn check_location(link: Node, location: &str, book: &Book, report: &mut Report) {
    if book.names.contains(&location.to_lowercase()) {
        return;
    }
    match qualified(location) {
        None => report.say(link, &format!("location {location:?} is no reference")),
        Some((sheet, _)) => {
            let rule = format!("location {location:?}: there is no such sheet");
            report.demand(book.sheet(&sheet).is_some(), link, &rule);
        }
    }
}

fn check_ignored_errors(root: Node, report: &mut Report) {
    for node in all(root, "ignoredError") {
        ranges(node, report);
        report.demand(node.attributes().len() > 1, node, "ignores no error");
    }
}

fn check_conditional_formats(root: Node, book: &Book, report: &mut Report) {
    for format in children(root, "conditionalFormatting") {
        ranges(format, report);
        for rule in children(format, "cfRule") {
            demand_within(rule, "priority", 1..=u32::MAX, report);
            let known = number(rule, "dxfId")
                .is_some_and(|index| (index as usize) < book.styles.differential);
            report.demand(
                !rule.has_attribute("dxfId") || known,
                rule,
                "dxfId is not in dxfs",
            );
            report.demand(
                children(rule, "formula").count() <= 3,
                rule,
                "has more than three formulas",
            );
            for formula in children(rule, "formula") {
                let text = formula.text().unwrap_or_default();
                report.demand(!text.starts_with('='), formula, "begins with =");
            }
        }
    }
}

fn check_validations(root: Node, report: &mut Report) {
    let Some(list) = child(root, "dataValidations") else {
        return;
    };
    count_is_true(list, "dataValidation", report);
    let validations = children(list, "dataValidation").count();
    report.demand(
        (1..=MAX_VALIDATIONS).contains(&validations),
        list,
        "has no validation, or more than 65,534",
    );
    for node in children(list, "dataValidation") {
        ranges(node, report);
        for (attribute, most) in [
            ("promptTitle", 32),
            ("errorTitle", 32),
            ("prompt", 255),
            ("error", 255),
        ] {
            let text = node.attribute(attribute).unwrap_or_default();
            report.demand(
                units(text) <= most,
                node,
                &format!("{attribute} is longer than {most} characters"),
            );
        }
        let choices = child(node, "formula1")
            .and_then(|formula| formula.text())
            .unwrap_or_default();
        let literal = choices.starts_with('"') && node.attribute("type") == Some("list");
        report.demand(
            !literal || units(choices) <= 257,
            node,
            "its list is longer than 255 characters",
        );
    }
}
