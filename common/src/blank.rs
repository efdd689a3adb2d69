//! Texts that are there and say nothing. Systems that came from Oracle store "no value" as an empty text, others pad with
//! blanks, full-width ones too.

/// The blanks of which an absent text consists: those that SQL on every engine trims by [`absent_as_null`].
const BLANKS: &str = " \t\n\r\u{3000}";

/// Whether a text stands for no value: it is empty, or there is nothing but ordinary and full-width blanks.
pub fn is_absent(text: &str) -> bool {
    text.chars().all(|c| BLANKS.contains(c))
}

/// What is no white space by Unicode and leaves nothing on a page either: soft hyphens, joiners, marks of direction, fillers.
const INVISIBLE: &str = "\u{AD}\u{34F}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{180E}\u{200B}\u{200C}\u{200D}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\
    \u{202E}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2066}\u{2067}\u{2068}\u{2069}\u{2800}\u{3164}\u{FEFF}\u{FFA0}";

/// Whether a text is empty, or white space of whatever kind, or nothing that is seen.
pub fn is_blank(text: &str) -> bool {
    let is_unseen = |c: char| c.is_whitespace() || (!c.is_ascii() && INVISIBLE.contains(c));
    text.chars().all(is_unseen)
}

/// A condition of SQL: the text expression is blank, by [`is_blank`].
pub fn blank_condition(expression: &str) -> String {
    let white: String = ('\u{1}'..='\u{3000}')
        .filter(|c| c.is_whitespace())
        .collect();
    format!("trim({expression}, '{white}{INVISIBLE}') = ''")
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
        for text in [
            "\u{A0}",
            " \u{2003}",
            "\u{85}",
            "\u{2028}\u{B}",
            "\u{FEFF}",
            "\u{200B}\u{3164} ",
        ] {
            assert!(is_blank(text) && !is_absent(text), "{text:?}");
        }
        for text in ["x", " 東証 ", "-", "\u{3000}〇", "0", "\u{1}", "\u{200B}x"] {
            assert!(!is_blank(text) && !is_absent(text), "{text:?}");
        }
    }
}
