//! Relationships: each leads to a part of the right type, and each id that a part uses is one of its own.

use std::collections::HashSet;

use roxmltree::{Document, Node};

use super::package::{Package, is_xml};
use super::report::{Report, children};
use super::rules::demand_unique;
use super::text::units;

/// The namespace of `r:id`.
pub const R: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A part's way to another.
pub struct Relationship {
    pub id: String,
    /// The last word of its type: `worksheet`, `hyperlink`.
    pub kind: String,
    /// A part's name, or a URL.
    pub target: String,
    pub external: bool,
}

/// The content type of what a relationship leads to; Excel refuses a part that is called anything else.
#[rustfmt::skip]
const TYPES: [(&str, &str); 11] = [
    ("officeDocument", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
    ("worksheet", "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"),
    ("chartsheet", "application/vnd.openxmlformats-officedocument.spreadsheetml.chartsheet+xml"),
    ("styles", "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"),
    ("sharedStrings", "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"),
    ("theme", "application/vnd.openxmlformats-officedocument.theme+xml"),
    ("drawing", "application/vnd.openxmlformats-officedocument.drawing+xml"),
    ("chart", "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"),
    ("core-properties", "application/vnd.openxmlformats-package.core-properties+xml"),
    ("extended-properties", "application/vnd.openxmlformats-officedocument.extended-properties+xml"),
    ("custom-properties", "application/vnd.openxmlformats-officedocument.custom-properties+xml"),
];

/// The kind of relationship that an element's `r:id` must name.
const USES: [(&str, &str); 9] = [
    ("sheet", "worksheet"),
    ("hyperlink", "hyperlink"),
    ("hlinkClick", "hyperlink"),
    ("drawing", "drawing"),
    ("legacyDrawing", "vmlDrawing"),
    ("legacyDrawingHF", "vmlDrawing"),
    ("tablePart", "table"),
    ("chart", "chart"),
    ("blip", "image"),
];

impl Package {
    /// The relationships of a part; of the package itself for "".
    pub fn relationships(&self, source: &str) -> Vec<Relationship> {
        let name = rels_of(source);
        let Some(document) = self.parse(&name) else {
            return Vec::new();
        };
        children(document.root_element(), "Relationship")
            .map(|node| read(node, source))
            .collect()
    }

    /// The part that a relationship of that kind leads to.
    pub fn related(&self, source: &str, kind: &str) -> Option<String> {
        let mut found = self.relationships(source).into_iter();
        Some(found.find(|found| found.kind == kind)?.target)
    }
}

fn read(node: Node, source: &str) -> Relationship {
    let text = |name| node.attribute(name).unwrap_or_default().to_owned();
    let external = node.attribute("TargetMode") == Some("External");
    let target = text("Target");
    Relationship {
        id: text("Id"),
        kind: text("Type")
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        target: if external {
            target
        } else {
            resolve(source, &target)
        },
        external,
    }
}

fn rels_of(source: &str) -> String {
    let (folder, name) = source.rsplit_once('/').unwrap_or(("", source));
    format!("{folder}/_rels/{name}.rels")
        .trim_start_matches('/')
        .to_owned()
}

/// The part whose relationships these are.
fn source_of(rels: &str) -> String {
    let name = rels.strip_suffix(".rels").unwrap_or(rels);
    name.replacen("_rels/", "", 1)
}

/// A target is relative to the folder of its source.
fn resolve(source: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = source.split('/').collect();
    path.pop();
    for step in target.split('/') {
        match step {
            ".." => _ = path.pop(),
            "." => {}
            step => path.push(step),
        }
    }
    path.join("/")
}

pub fn check(package: &Package, findings: &mut Vec<String>) {
    let parts = package.parts.keys().map(String::as_str);
    for part in parts.clone().filter(|part| part.contains("_rels/")) {
        let source = source_of(part);
        if !source.is_empty() && !package.parts.contains_key(&source) {
            findings.push(format!("{part}: there is no part {source}"));
        }
        if let Some(document) = package.parse(part) {
            let mut report = Report::new(part, findings);
            check_targets(package, &document, &source, &mut report);
        }
    }
    for part in parts.filter(|part| is_xml(part)) {
        if let Some(document) = package.parse(part) {
            let mut report = Report::new(part, findings);
            check_uses(&package.relationships(part), &document, &mut report);
        }
    }
}

fn check_targets(package: &Package, document: &Document, source: &str, report: &mut Report) {
    let mut ids = HashSet::new();
    for node in children(document.root_element(), "Relationship") {
        let relationship = read(node, source);
        let Relationship {
            id,
            kind,
            target,
            external,
        } = relationship;
        report.demand(!id.is_empty(), node, "has no id");
        let length = units(&target);
        report.demand(
            length <= 2079,
            node,
            "its target is longer than 2,079 characters",
        );
        demand_unique(&mut ids, id, node, "its id occurs twice", report);
        if external
            || node
                .attribute("Target")
                .is_some_and(|target| target.starts_with('#'))
        {
            report.demand(!target.is_empty(), node, "leads nowhere");
            continue;
        }
        if !package.parts.contains_key(&target) {
            report.say(node, &format!("leads to {target}, which is not there"));
            continue;
        }
        let wanted = TYPES.iter().find(|(known, _)| *known == kind);
        if let Some((_, wanted)) = wanted
            && package.content_type(&target).as_deref() != Some(wanted)
        {
            report.say(
                node,
                &format!("the content type of {target} is not {wanted}"),
            );
        }
    }
}

fn check_uses(known: &[Relationship], document: &Document, report: &mut Report) {
    for node in document.descendants() {
        for attribute in node
            .attributes()
            .filter(|found| found.namespace() == Some(R))
        {
            let Some(found) = known.iter().find(|known| known.id == attribute.value()) else {
                let rule = format!(
                    "r:{}={:?} is no relationship",
                    attribute.name(),
                    attribute.value()
                );
                report.say(node, &rule);
                continue;
            };
            let wanted = USES
                .iter()
                .find(|(element, _)| *element == node.tag_name().name());
            if let Some((element, wanted)) = wanted {
                let fits =
                    found.kind == *wanted || (*element == "sheet" && found.kind.ends_with("sheet"));
                let rule = format!("its relationship is a {}, not a {wanted}", found.kind);
                report.demand(fits, node, &rule);
            }
        }
    }
}
