//! Defined names: their spelling, their scope, and where the built-in ones lead.

use std::collections::HashSet;

use roxmltree::Node;

use super::reference::{Range, is_like_a_cell, list, qualified, sheets_in};
use super::report::{Report, child, children, is_true, number};
use super::rules::demand_unique;
use super::text::units;
use super::workbook::Sheet;

const PREFIX: &str = "_xlnm.";
const FILTER: &str = "_xlnm._FilterDatabase";
const BUILT_IN: [&str; 3] = ["_xlnm.Print_Area", "_xlnm.Print_Titles", FILTER];

/// Returns every name in lower case.
pub fn check(root: Node, sheets: &[Sheet], report: &mut Report) -> HashSet<String> {
    let mut seen = HashSet::new();
    let mut names = HashSet::new();
    let mut filtered = HashSet::new();
    let list = child(root, "definedNames");
    for node in list
        .into_iter()
        .flat_map(|list| children(list, "definedName"))
    {
        let name = node.attribute("name").unwrap_or_default();
        let scope = node.attribute("localSheetId");
        let key = (name.to_lowercase(), scope);
        demand_unique(
            &mut seen,
            key,
            node,
            "another name is called so in the same scope",
            report,
        );
        names.insert(name.to_lowercase());
        let sheet = number(node, "localSheetId").and_then(|index| sheets.get(index as usize));
        report.demand(
            scope.is_none() || sheet.is_some(),
            node,
            "localSheetId is no sheet",
        );
        let value = node.text().unwrap_or_default();
        report.demand(!value.is_empty(), node, "is empty");
        report.demand(!value.starts_with('='), node, "begins with =");
        for named in sheets_in(value) {
            let known = sheets
                .iter()
                .any(|sheet| sheet.name.to_lowercase() == named.to_lowercase());
            report.demand(known, node, &format!("there is no sheet {named:?}"));
        }
        if name.to_lowercase().starts_with(PREFIX) {
            report.demand(BUILT_IN.contains(&name), node, "is no built-in name");
            let Some(sheet) = sheet else {
                report.say(node, "a built-in name belongs to a sheet");
                continue;
            };
            check_references(node, value, sheet, report);
            if name == FILTER {
                filtered.insert(sheet.name.clone());
                check_filter(node, value, sheet, report);
            }
        } else {
            check_spelling(name, node, report);
        }
    }
    for sheet in sheets.iter().filter(|sheet| sheet.filter.is_some()) {
        if !filtered.contains(&sheet.name) {
            report.say(
                list.unwrap_or(root),
                &format!("sheet {:?} has a filter without {FILTER}", sheet.name),
            );
        }
    }
    names
}

fn check_spelling(name: &str, node: Node, report: &mut Report) {
    let begins =
        name.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '\\'));
    let continues = name.chars().all(|character| {
        character.is_alphanumeric() || matches!(character, '_' | '.' | '\\' | '?')
    });
    report.demand(begins && continues, node, "is no valid name");
    report.demand(units(name) <= 255, node, "is longer than 255 characters");
    report.demand(!is_like_a_cell(name), node, "would be read as a cell");
}

/// A built-in name lists ranges of its own sheet.
fn check_references(node: Node, value: &str, sheet: &Sheet, report: &mut Report) {
    for reference in list(value) {
        match qualified(reference) {
            None => report.say(node, &format!("{reference:?} is no reference")),
            Some((named, _)) => {
                let own = named.to_lowercase() == sheet.name.to_lowercase();
                report.demand(
                    own,
                    node,
                    &format!("{reference:?} is not on its sheet {:?}", sheet.name),
                );
            }
        }
    }
}

fn check_filter(node: Node, value: &str, sheet: &Sheet, report: &mut Report) {
    report.demand(is_true(node, "hidden"), node, "is not hidden");
    let named = qualified(value).map(|(_, range)| range);
    let filter = sheet.filter.as_deref().and_then(Range::parse);
    let same = named.is_some() && named == filter;
    report.demand(
        same,
        node,
        &format!("{value:?} is not the sheet's autoFilter {:?}", sheet.filter),
    );
}
