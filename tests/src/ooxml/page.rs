//! How a worksheet is printed: margins, scale, header and footer, breaks.

use roxmltree::Node;

use super::report::{Report, child, children, is_true, number};
use super::rules::{count_is_true, demand_decimal, demand_within};
use super::schema::{HEADER_FOOTER, demand_order};
use super::text::units;

/// The codes that may follow `&` in a header or footer, besides font names, colours and sizes.
const CODES: &str = "LCRPNDTFAZGBIUSEXYOH&";
/// Excel's limit of breaks of each direction.
const MAX_BREAKS: usize = 1026;

pub fn check(root: Node, report: &mut Report) {
    if let Some(margins) = child(root, "pageMargins") {
        for side in ["left", "right", "top", "bottom", "header", "footer"] {
            report.demand(margins.has_attribute(side), margins, "a margin is missing");
            demand_decimal(margins, side, 0.0..=49.0, report);
        }
    }
    if let Some(setup) = child(root, "pageSetup") {
        check_setup(root, setup, report);
    }
    if let Some(texts) = child(root, "headerFooter") {
        demand_order(texts, HEADER_FOOTER, report);
        for text in texts.children().filter(Node::is_element) {
            check_header(text, report);
        }
    }
    for list in [child(root, "rowBreaks"), child(root, "colBreaks")]
        .into_iter()
        .flatten()
    {
        count_is_true(list, "brk", report);
        report.demand(
            children(list, "brk").count() <= MAX_BREAKS,
            list,
            "has more than 1,026 breaks",
        );
    }
}

fn check_setup(root: Node, setup: Node, report: &mut Report) {
    if setup.has_attribute("scale") {
        demand_within(setup, "scale", 10..=400, report);
    }
    for attribute in ["fitToWidth", "fitToHeight"] {
        if setup.has_attribute(attribute) {
            demand_within(setup, attribute, 0..=32_767, report);
        }
    }
    let fits = setup.has_attribute("fitToWidth") || setup.has_attribute("fitToHeight");
    let properties = child(root, "sheetPr").and_then(|properties| child(properties, "pageSetUpPr"));
    let told = properties.is_some_and(|properties| is_true(properties, "fitToPage"));
    report.demand(!fits || told, setup, "fits to pages without fitToPage");
    let orientation = setup.attribute("orientation").unwrap_or("default");
    let known = matches!(orientation, "default" | "portrait" | "landscape");
    report.demand(
        known,
        setup,
        "orientation is neither portrait nor landscape",
    );
    let paper = setup.attribute("paperSize");
    report.demand(
        paper.is_none() || number(setup, "paperSize").is_some(),
        setup,
        "paperSize is no number",
    );
}

fn check_header(node: Node, report: &mut Report) {
    let text = node.text().unwrap_or_default();
    report.demand(units(text) <= 255, node, "is longer than 255 characters");
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '&' {
            continue;
        }
        let known = match characters.next() {
            Some('"') => characters.any(|next| next == '"'),
            Some('K') => {
                characters
                    .by_ref()
                    .take(6)
                    .filter(char::is_ascii_hexdigit)
                    .count()
                    == 6
            }
            Some(code) => CODES.contains(code) || code.is_ascii_digit(),
            None => false,
        };
        report.demand(known, node, &format!("{text:?} has an unknown code"));
    }
}
