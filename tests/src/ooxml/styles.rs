//! The styles part: tables whose rows refer to each other by index.

use std::collections::HashSet;

use roxmltree::Node;

use super::package::Package;
use super::report::{Report, child, children, number};
use super::rules::{count_is_true, demand_unique};
use super::schema::{STYLES, demand_order};
use super::text::units;

/// The first id of a number format that is not built in.
const FIRST_CUSTOM: u32 = 164;
/// Excel's limit of cell formats.
const MAX_FORMATS: usize = 64_000;

/// How many formats there are to refer to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Styles {
    pub formats: usize,
    pub differential: usize,
}

/// The lists of the part, and what each consists of.
const LISTS: [(&str, &str); 8] = [
    ("numFmts", "numFmt"),
    ("fonts", "font"),
    ("fills", "fill"),
    ("borders", "border"),
    ("cellStyleXfs", "xf"),
    ("cellXfs", "xf"),
    ("cellStyles", "cellStyle"),
    ("dxfs", "dxf"),
];

pub fn check(package: &Package, workbook: &str, findings: &mut Vec<String>) -> Styles {
    let part = package.related(workbook, "styles").unwrap_or_default();
    let Some(document) = package.parse(&part) else {
        findings.push(format!("{workbook}: has no styles"));
        return Styles::default();
    };
    let root = document.root_element();
    let mut report = Report::new(&part, findings);
    demand_order(root, STYLES, &mut report);
    for (list, element) in LISTS {
        if let Some(list) = child(root, list) {
            count_is_true(list, element, &mut report);
        }
    }
    let formats = size(root, "cellXfs");
    let cell_formats = child(root, "cellXfs").unwrap_or(root);
    report.demand(
        (1..=MAX_FORMATS).contains(&formats),
        cell_formats,
        "has no format, or more than 64,000",
    );
    check_fills(root, &mut report);
    let number_formats = check_number_formats(root, &mut report);
    for list in ["cellStyleXfs", "cellXfs"] {
        for format in child(root, list)
            .into_iter()
            .flat_map(|list| children(list, "xf"))
        {
            check_format(root, format, &number_formats, &mut report);
        }
    }
    for style in child(root, "cellStyles")
        .into_iter()
        .flat_map(|list| children(list, "cellStyle"))
    {
        demand_index(root, style, ("xfId", "cellStyleXfs"), &mut report);
    }
    Styles {
        formats,
        differential: size(root, "dxfs"),
    }
}

fn size(root: Node, list: &'static str) -> usize {
    child(root, list).map_or(0, |list| list.children().filter(Node::is_element).count())
}

/// Excel takes the first two fills for none and gray125, whatever they say.
fn check_fills(root: Node, report: &mut Report) {
    let fills = child(root, "fills");
    let patterns: Vec<Option<&str>> = fills
        .into_iter()
        .flat_map(|fills| children(fills, "fill"))
        .take(2)
        .map(|fill| child(fill, "patternFill")?.attribute("patternType"))
        .collect();
    let obligatory = patterns == [Some("none"), Some("gray125")];
    report.demand(
        obligatory,
        fills.unwrap_or(root),
        "the first two fills are not none and gray125",
    );
}

/// Returns the ids declared.
fn check_number_formats(root: Node, report: &mut Report) -> HashSet<u32> {
    let (mut ids, mut codes) = (HashSet::new(), HashSet::new());
    for node in child(root, "numFmts")
        .into_iter()
        .flat_map(|list| children(list, "numFmt"))
    {
        let id = number(node, "numFmtId").unwrap_or_default();
        report.demand(id >= FIRST_CUSTOM, node, "numFmtId is below 164");
        demand_unique(&mut ids, id, node, "numFmtId is declared twice", report);
        let code = node.attribute("formatCode").unwrap_or_default();
        report.demand(
            (1..=255).contains(&units(code)),
            node,
            "formatCode has not 1 to 255 characters",
        );
        demand_unique(&mut codes, code, node, "formatCode occurs twice", report);
        report.demand(
            is_number_format(code),
            node,
            &format!("formatCode {code:?} is no number format"),
        );
    }
    ids
}

/// Quotes and brackets are closed, and there are at most four sections.
fn is_number_format(code: &str) -> bool {
    let mut sections = 1;
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        let closed = match character {
            // The next one stands for itself, or for its width.
            '\\' | '_' | '*' => characters.next().is_some(),
            '"' => characters.any(|next| next == '"'),
            '[' => characters.any(|next| next == ']'),
            ']' => false,
            ';' => {
                sections += 1;
                true
            }
            _ => true,
        };
        if !closed {
            return false;
        }
    }
    sections <= 4
}

fn check_format(root: Node, format: Node, number_formats: &HashSet<u32>, report: &mut Report) {
    for reference in [
        ("fontId", "fonts"),
        ("fillId", "fills"),
        ("borderId", "borders"),
    ] {
        demand_index(root, format, reference, report);
    }
    if format.has_attribute("xfId") {
        demand_index(root, format, ("xfId", "cellStyleXfs"), report);
    }
    let id = number(format, "numFmtId").unwrap_or_default();
    let known = id < FIRST_CUSTOM || number_formats.contains(&id);
    report.demand(known, format, "numFmtId is not declared");
}

fn demand_index(
    root: Node,
    node: Node,
    (attribute, list): (&str, &'static str),
    report: &mut Report,
) {
    let known = number(node, attribute).is_some_and(|index| (index as usize) < size(root, list));
    report.demand(known, node, &format!("{attribute} is not in {list}"));
}
