//! What is wrong with a part, said in one line each.

use roxmltree::Node;

/// Attributes by which an element is told from its neighbours, the best first.
const NAMING: [&str; 14] = [
    "r",
    "ref",
    "name",
    "sqref",
    "Id",
    "PartName",
    "pid",
    "localSheetId",
    "numFmtId",
    "min",
    "id",
    "val",
    "count",
    "location",
];

/// Takes the findings of one part.
pub struct Report<'f> {
    part: &'f str,
    findings: &'f mut Vec<String>,
}

impl<'f> Report<'f> {
    pub fn new(part: &'f str, findings: &'f mut Vec<String>) -> Self {
        Self { part, findings }
    }

    /// Says that an element breaks a rule.
    pub fn say(&mut self, node: Node, rule: &str) {
        let name = node.tag_name().name();
        let naming = NAMING
            .iter()
            .find_map(|attribute| Some((attribute, node.attribute(*attribute)?)));
        let element = match naming {
            Some((attribute, value)) => format!("<{name} {attribute}={value:?}>"),
            None => format!("<{name}>"),
        };
        self.findings
            .push(format!("{}: {element}: {rule}", self.part));
    }

    /// Says that an element breaks a rule unless it holds.
    pub fn demand(&mut self, holds: bool, node: Node, rule: &str) {
        if !holds {
            self.say(node, rule);
        }
    }
}

/// The child elements of that name, in whatever namespace.
pub fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The first child element of that name.
pub fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// Every element of that name below.
pub fn all<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants()
        .filter(move |below| below.is_element() && below.tag_name().name() == name)
}

/// An attribute as a whole number; none when it is absent or no such number.
pub fn number(node: Node, attribute: &str) -> Option<u32> {
    node.attribute(attribute)?.parse().ok()
}

/// An attribute of type xsd:boolean.
pub fn is_true(node: Node, attribute: &str) -> bool {
    matches!(node.attribute(attribute), Some("1" | "true"))
}
