//! Texts in somebody else's words on a terminal: nothing in them steers it, and they are measured as it shows them.

pub use common::printable::printable;

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
    fn what_is_not_ascii_may_be_wide() {
        assert_eq!((width("ok"), width("時価")), (2, 4));
    }
}
