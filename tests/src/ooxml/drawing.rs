//! Drawings: where their pictures and charts stand, and what they say to those who cannot see them.

use std::collections::HashSet;

use roxmltree::Node;

use super::chart;
use super::package::Package;
use super::report::{Report, all, child, number};
use super::rules::demand_unique;
use super::workbook::Book;

/// What a drawing anchors that conveys something: charts, pictures.
const CONTENTS: [&str; 2] = ["graphicFrame", "pic"];

pub fn check(package: &Package, book: &Book, findings: &mut Vec<String>) {
    for sheet in &book.sheets {
        let Some(part) = package.related(&sheet.part, "drawing") else {
            continue;
        };
        if let Some(document) = package.parse(&part) {
            let mut report = Report::new(&part, findings);
            check_drawing(document.root_element(), &mut report);
        }
        for found in package
            .relationships(&part)
            .iter()
            .filter(|found| found.kind == "chart")
        {
            if let Some(document) = package.parse(&found.target) {
                let mut report = Report::new(&found.target, findings);
                chart::check(document.root_element(), book, &mut report);
            }
        }
    }
}

fn check_drawing(root: Node, report: &mut Report) {
    let mut ids = HashSet::new();
    for properties in all(root, "cNvPr") {
        let id = number(properties, "id");
        report.demand(id.is_some(), properties, "has no id");
        demand_unique(&mut ids, id, properties, "its id occurs twice", report);
        let named = properties
            .attribute("name")
            .is_some_and(|name| !name.is_empty());
        report.demand(named, properties, "has no name");
    }
    for content in root
        .descendants()
        .filter(|node| CONTENTS.contains(&node.tag_name().name()))
    {
        let described = all(content, "cNvPr")
            .next()
            .and_then(|properties| properties.attribute("descr"))
            .is_some_and(|text| !text.trim().is_empty());
        report.demand(described, content, "has no alternative text");
    }
    for anchor in root.children().filter(Node::is_element) {
        let contents = anchor
            .children()
            .filter(|node| {
                node.is_element()
                    && !matches!(
                        node.tag_name().name(),
                        "from" | "to" | "ext" | "pos" | "clientData"
                    )
            })
            .count();
        report.demand(contents == 1, anchor, "anchors not just one thing");
        if let (Some(from), Some(to)) = (child(anchor, "from"), child(anchor, "to")) {
            check_corners(from, to, report);
        }
    }
}

fn check_corners(from: Node, to: Node, report: &mut Report) {
    let read = |node, name| {
        let text = child(node, name)?.text()?;
        text.parse::<i64>().ok()
    };
    for (place, offset, most) in [("col", "colOff", 16_384), ("row", "rowOff", 1_048_576)] {
        let corner = |node| Some((read(node, place)?, read(node, offset)?));
        let (Some(first), Some(last)) = (corner(from), corner(to)) else {
            report.say(from, &format!("{place} or {offset} is no number"));
            continue;
        };
        report.demand(
            first <= last,
            from,
            &format!("{place} is behind that of <to>"),
        );
        report.demand(
            first.0 >= 0 && last.0 < most,
            from,
            &format!("{place} is outside of the sheet"),
        );
    }
}
