//! Texts in somebody else's words on a terminal: nothing in them steers it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line, without what would steer a terminal or turn the order of what is read. Line ends and tabs become spaces;
/// anything else is shown as its escape, by which two ids stay two.
pub fn printable(text: &str) -> String {
    escaped(&text.replace(['\n', '\r', '\t'], " "))
}

/// The same for lines of our own in which such a text stands.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    if text.chars().any(|char| char != '\n' && steers(char)) {
        let lines: Vec<String> = text.split('\n').map(escaped).collect();
        Cow::Owned(lines.join("\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// As JSON escapes it, so that an answer in JSON stays one.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if steers(char) {
            let _ = write!(shown, "\\u{:04x}", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        let hostile = "a\u{1b}[31m\r\nb\u{9b}2J\u{202e}c\u{2066}\u{200f}";
        assert_eq!(
            printable(hostile),
            "a\\u001b[31m  b\\u009b2J\\u202ec\\u2066\\u200f"
        );
        assert_eq!(printable("時価 – ok"), "時価 – ok");
        assert_eq!(printable_lines("a\n\u{1b}c\r\n"), "a\n\\u001bc\\u000d\n");
    }

    #[test]
    fn json_stays_json() {
        let hostile = "\u{9b}2J\u{202e}\u{7f}\u{1b}\n";
        let answer = serde_json::json!([hostile]).to_string();
        let shown = printable_lines(&answer);
        let read: Vec<String> = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, [hostile]);
        assert!(!shown.contains(steers));
    }
}
