//! Rules that many elements share.

use std::collections::HashSet;
use std::hash::Hash;

use roxmltree::Node;

use super::reference::Range;
use super::report::{Report, children, number};

/// The attribute `count`, where it is there, is the number of the children.
pub fn count_is_true(list: Node, name: &'static str, report: &mut Report) {
    let found = children(list, name).count();
    let told = list.attribute("count");
    if told.is_some() && number(list, "count").map(|count| count as usize) != Some(found) {
        report.say(
            list,
            &format!("count is not the {found} of its children <{name}>"),
        );
    }
}

/// A value that no neighbour may have, too.
pub fn demand_unique<T: Hash + Eq>(
    seen: &mut HashSet<T>,
    value: T,
    node: Node,
    rule: &str,
    report: &mut Report,
) {
    report.demand(seen.insert(value), node, rule);
}

/// A number that must be there and lie within.
pub fn demand_within(
    node: Node,
    attribute: &str,
    limits: std::ops::RangeInclusive<u32>,
    report: &mut Report,
) {
    let value = number(node, attribute);
    if !value.is_some_and(|value| limits.contains(&value)) {
        let (from, to) = (limits.start(), limits.end());
        report.say(node, &format!("{attribute} is not within {from} and {to}"));
    }
}

/// A finite decimal that lies within, where it is there.
pub fn demand_decimal(
    node: Node,
    attribute: &str,
    limits: std::ops::RangeInclusive<f64>,
    report: &mut Report,
) {
    let Some(text) = node.attribute(attribute) else {
        return;
    };
    if !text
        .parse::<f64>()
        .is_ok_and(|value| limits.contains(&value))
    {
        let (from, to) = (limits.start(), limits.end());
        report.say(node, &format!("{attribute} is not within {from} and {to}"));
    }
}

/// The ranges of an attribute `sqref`: at least one, all of them ranges.
pub fn ranges(node: Node, report: &mut Report) -> Vec<Range> {
    let text = node.attribute("sqref").unwrap_or_default();
    let ranges: Option<Vec<Range>> = text.split(' ').map(Range::parse).collect();
    report.demand(ranges.is_some(), node, "sqref is no list of ranges");
    ranges.unwrap_or_default()
}
