//! The workbook part: its sheets and views; and what the sheets have in common.

use std::collections::HashSet;

use roxmltree::{Document, Node};

use super::defined_names;
use super::package::Package;
use super::relationships::R;
use super::report::{Report, child, children, number};
use super::rules::{demand_unique, demand_within};
use super::schema::{WORKBOOK, demand_order};
use super::styles::{self, Styles};
use super::text::{self, units};

/// What a sheet's check must know of the rest of the workbook.
#[derive(Default)]
pub struct Book {
    pub sheets: Vec<Sheet>,
    pub styles: Styles,
    pub shared_strings: usize,
    /// The names that a link may lead to.
    pub names: HashSet<String>,
    /// The sheet that Excel shows first.
    pub active: usize,
}

pub struct Sheet {
    pub name: String,
    pub part: String,
    /// The reference of its filter, as it stands there.
    pub filter: Option<String>,
}

impl Book {
    /// Excel compares names of sheets without case.
    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        let name = name.to_lowercase();
        self.sheets
            .iter()
            .find(|sheet| sheet.name.to_lowercase() == name)
    }
}

/// Checks the workbook, its styles and its shared strings.
pub fn check(package: &Package, findings: &mut Vec<String>) -> Book {
    let part = package.related("", "officeDocument").unwrap_or_default();
    let Some(document) = package.parse(&part) else {
        findings.push(format!("{part}: there is no workbook"));
        return Book::default();
    };
    let root = document.root_element();
    let styles = styles::check(package, &part, findings);
    let shared_strings = check_shared_strings(package, &part, findings);
    let mut report = Report::new(&part, findings);
    demand_order(root, WORKBOOK, &mut report);
    let sheets = check_sheets(package, &part, root, &mut report);
    let active = check_views(root, &mut report);
    let names = defined_names::check(root, &sheets, &mut report);
    Book {
        sheets,
        styles,
        shared_strings,
        names,
        active,
    }
}

fn check_sheets(package: &Package, part: &str, root: Node, report: &mut Report) -> Vec<Sheet> {
    let relationships = package.relationships(part);
    let (mut names, mut ids, mut parts) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut sheets = Vec::new();
    for node in child(root, "sheets")
        .into_iter()
        .flat_map(|sheets| children(sheets, "sheet"))
    {
        let name = node.attribute("name").unwrap_or_default();
        check_name(name, node, report);
        demand_unique(
            &mut names,
            name.to_lowercase(),
            node,
            "another sheet has this name",
            report,
        );
        demand_within(node, "sheetId", 1..=65_534, report);
        demand_unique(
            &mut ids,
            number(node, "sheetId"),
            node,
            "another sheet has this sheetId",
            report,
        );
        let id = node.attribute((R, "id"));
        demand_unique(&mut parts, id, node, "another sheet has this r:id", report);
        let target = relationships
            .iter()
            .find(|known| Some(known.id.as_str()) == id);
        let target = target.map(|known| known.target.clone()).unwrap_or_default();
        let document = package.parse(&target);
        let filter = document.as_ref().and_then(filter_of);
        sheets.push(Sheet {
            name: name.to_owned(),
            part: target,
            filter,
        });
    }
    report.demand(!sheets.is_empty(), root, "has no sheet");
    sheets
}

fn filter_of(sheet: &Document) -> Option<String> {
    let filter = child(sheet.root_element(), "autoFilter")?;
    Some(filter.attribute("ref").unwrap_or_default().to_owned())
}

fn check_name(name: &str, node: Node, report: &mut Report) {
    report.demand(
        (1..=31).contains(&units(name)),
        node,
        "a sheet's name has 1 to 31 characters",
    );
    let forbidden = name.contains(['[', ']', ':', '*', '?', '/', '\\']);
    report.demand(!forbidden, node, r"a sheet's name has none of []:*?/\");
    let edged = name.starts_with('\'') || name.ends_with('\'');
    report.demand(
        !edged,
        node,
        "a sheet's name neither begins nor ends with an apostrophe",
    );
    report.demand(
        name.to_lowercase() != "history",
        node,
        "Excel keeps the name History for itself",
    );
}

/// Returns the active sheet.
fn check_views(root: Node, report: &mut Report) -> usize {
    let sheets: Vec<Node> = child(root, "sheets")
        .map(|sheets| children(sheets, "sheet").collect())
        .unwrap_or_default();
    let views = child(root, "bookViews").and_then(|views| child(views, "workbookView"));
    let place = |attribute| views.and_then(|view| number(view, attribute)).unwrap_or(0) as usize;
    let (active, first) = (place("activeTab"), place("firstSheet"));
    let node = views.unwrap_or(root);
    report.demand(active < sheets.len(), node, "activeTab is no sheet");
    report.demand(first < sheets.len(), node, "firstSheet is no sheet");
    let hidden = sheets
        .get(active)
        .is_some_and(|sheet| matches!(sheet.attribute("state"), Some("hidden" | "veryHidden")));
    report.demand(!hidden, node, "the active sheet is hidden");
    active
}

/// Returns how many there are.
fn check_shared_strings(package: &Package, workbook: &str, findings: &mut Vec<String>) -> usize {
    let part = package
        .related(workbook, "sharedStrings")
        .unwrap_or_default();
    let Some(document) = package.parse(&part) else {
        return 0;
    };
    let mut report = Report::new(&part, findings);
    let root = document.root_element();
    let strings: Vec<Node> = children(root, "si").collect();
    let told = number(root, "uniqueCount").map(|count| count as usize);
    let wrong = root.has_attribute("uniqueCount") && told != Some(strings.len());
    report.demand(!wrong, root, "uniqueCount is not the number of its strings");
    for string in &strings {
        text::check(*string, &mut report);
    }
    strings.len()
}
