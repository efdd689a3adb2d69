//! Text as Excel counts and reads it.

use roxmltree::Node;

use super::report::{Report, all};

/// The namespace of `xml:space`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What an XML reader may take for layout.
const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// Length as Excel counts it.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text of an element that holds `<t>`, also in rich runs; without phonetic hints.
pub fn of(node: Node) -> String {
    all(node, "t")
        .filter(|t| !t.ancestors().any(|above| above.tag_name().name() == "rPh"))
        .filter_map(|t| t.text())
        .collect()
}

/// Length of a text after its escapes `_xHHHH_`, each of which is one unit.
pub fn unescaped_units(text: &str) -> usize {
    units(text) - escapes(text) * ("_xHHHH_".len() - 1)
}

fn escapes(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut found = 0;
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + 7) {
        let escape = window.starts_with(b"_x")
            && window[6] == b'_'
            && window[2..6].iter().all(u8::is_ascii_hexdigit);
        found += usize::from(escape);
        at += if escape { 7 } else { 1 };
    }
    found
}

/// The first character that XML 1.0 does not allow.
pub fn illegal(text: &str) -> Option<char> {
    text.chars().find(|character| {
        matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
    })
}

/// A text of a cell: not longer than Excel allows, with its blanks kept.
pub fn check(node: Node, report: &mut Report) {
    let text = of(node);
    report.demand(
        unescaped_units(&text) <= 32_767,
        node,
        "its text is longer than 32,767 characters",
    );
    for t in all(node, "t") {
        let text = t.text().unwrap_or_default();
        let kept = t.attribute((XML, "space")) == Some("preserve");
        report.demand(
            kept || text.trim_matches(BLANK) == text,
            node,
            "its outer blanks are lost without xml:space",
        );
    }
}
