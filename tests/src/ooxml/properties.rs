//! Document properties: who made the workbook, what it is called, and the firm's own fields.

use std::collections::HashSet;

use roxmltree::Node;

use super::package::Package;
use super::report::{Report, all, child, children, number};
use super::rules::demand_unique;
use super::text::units;

/// The namespace of `xsi:type`.
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What checks a part's root element.
type Check = fn(Node, &mut Report);

pub fn check(package: &Package, findings: &mut Vec<String>) {
    let checks: [(&str, Check); 3] = [
        ("core-properties", check_core),
        ("extended-properties", check_extended),
        ("custom-properties", check_custom),
    ];
    for (kind, check) in checks {
        let part = package.related("", kind).unwrap_or_default();
        if let Some(document) = package.parse(&part) {
            let mut report = Report::new(&part, findings);
            check(document.root_element(), &mut report);
        } else {
            findings.push(format!("_rels/.rels: there are no {kind}"));
        }
    }
}

fn check_core(root: Node, report: &mut Report) {
    let mut seen = HashSet::new();
    for node in root.children().filter(Node::is_element) {
        let name = node.tag_name();
        demand_unique(
            &mut seen,
            (name.namespace(), name.name()),
            node,
            "occurs twice",
            report,
        );
    }
    for name in ["creator", "title"] {
        let told = child(root, name).and_then(|node| node.text()).is_some();
        report.demand(told, root, &format!("has no {name}"));
    }
    report.demand(child(root, "created").is_some(), root, "has no created");
    for node in all(root, "created").chain(all(root, "modified")) {
        let text = node.text().unwrap_or_default();
        report.demand(
            node.attribute((XSI, "type")) == Some("dcterms:W3CDTF"),
            node,
            "is not of type dcterms:W3CDTF",
        );
        let instant = text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok();
        report.demand(
            instant,
            node,
            &format!("{text:?} is no instant as W3CDTF has it"),
        );
    }
}

fn check_extended(root: Node, report: &mut Report) {
    for vector in all(root, "vector") {
        let size = vector.children().filter(Node::is_element).count();
        let told = number(vector, "size").map(|size| size as usize);
        report.demand(
            told == Some(size),
            vector,
            "size is not the number of its children",
        );
    }
    let headings = child(root, "HeadingPairs")
        .into_iter()
        .flat_map(|pairs| all(pairs, "i4"));
    let promised: u32 = headings
        .filter_map(|count| count.text()?.parse::<u32>().ok())
        .sum();
    let titles = child(root, "TitlesOfParts").map_or(0, |titles| all(titles, "lpstr").count());
    report.demand(
        promised as usize == titles,
        root,
        "HeadingPairs do not count the TitlesOfParts",
    );
}

fn check_custom(root: Node, report: &mut Report) {
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for property in children(root, "property") {
        let id = number(property, "pid");
        report.demand(id.is_some_and(|id| id >= 2), property, "pid is below 2");
        demand_unique(&mut ids, id, property, "pid occurs twice", report);
        let name = property.attribute("name").unwrap_or_default();
        report.demand(
            (1..=255).contains(&units(name)),
            property,
            "name has not 1 to 255 characters",
        );
        demand_unique(
            &mut names,
            name.to_lowercase(),
            property,
            "name occurs twice",
            report,
        );
        check_value(property, report);
    }
}

fn check_value(property: Node, report: &mut Report) {
    let values: Vec<Node> = property.children().filter(Node::is_element).collect();
    let [value] = values[..] else {
        report.say(property, "has not just one value");
        return;
    };
    let text = value.text().unwrap_or_default();
    let fits = match value.tag_name().name() {
        "lpwstr" => units(text) <= 255,
        "i4" => text.parse::<i32>().is_ok(),
        "r8" => text.parse::<f64>().is_ok_and(f64::is_finite),
        "bool" => matches!(text, "true" | "false"),
        "filetime" => text.parse::<jiff::Timestamp>().is_ok(),
        _ => false,
    };
    report.demand(fits, property, &format!("{text:?} does not fit its type"));
}
