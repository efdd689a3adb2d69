//! Texts that are there and say nothing. Systems that came from Oracle store "no value" as an empty text, others pad with
//! blanks, full-width ones too.

/// The blanks of which an absent text consists: those that SQL on every engine trims by [`absent_as_null`].
const BLANKS: &str = " \t\n\r\u{3000}";

/// Whether a text stands for no value: it is empty, or there is nothing but ordinary and full-width blanks.
pub fn is_absent(text: &str) -> bool {
    text.chars().all(|c| BLANKS.contains(c))
}

/// Whether a text is empty or white space of whatever kind.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// A text expression of SQL with null in place of an absent text, by [`is_absent`].
pub fn absent_as_null(expression: &str) -> String {
    format!("CASE WHEN trim(CAST({expression} AS text), '{BLANKS}') <> '' THEN {expression} END")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_say_nothing() {
        for text in ["", " ", "\u{3000}", " \u{3000}\t\r\n"] {
            assert!(is_absent(text) && is_blank(text), "{text:?}");
        }
        for text in ["\u{A0}", " \u{2003}", "\u{85}", "\u{2028}\u{B}"] {
            assert!(is_blank(text) && !is_absent(text), "{text:?}");
        }
        for text in ["x", " 東証 ", "-", "\u{3000}〇", "0", "\u{1}", "\u{FEFF}"] {
            assert!(!is_blank(text) && !is_absent(text), "{text:?}");
        }
    }
}
