//! Texts in somebody else's words on a terminal: nothing in them steers it, and they are measured as it shows them.

/// The text without what would steer a terminal or turn the order of what is read.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|char| if steers(char) { ' ' } else { char })
        .collect()
}

fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns that a text takes at most.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Some terminals show whatever is not ASCII at double width.
pub fn char_width(char: char) -> usize {
    if char.is_ascii() { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        let hostile = "a\u{1b}[31m\nb\u{9b}2J\u{202e}c\u{2066}\u{200f}";
        assert_eq!(printable(hostile), "a [31m b 2J c  ");
        assert_eq!(printable("時価 – ok"), "時価 – ok");
        assert_eq!((width("ok"), width("時価")), (2, 4));
    }
}
