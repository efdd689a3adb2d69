//! Which texts a cell can hold as they are.

/// Excel's limit of text in one cell, in UTF-16 units.
pub const MAX_TEXT_UNITS: usize = 32_767;

/// What of a text no cell would show as it is, in words; `None` for nearly every text.
///
/// Control characters are kept: a cell holds them as the escape `_xHHHH_` of ECMA-376 (ST_Xstring). Carriage returns are shown
/// as line feeds. But
/// - U+0000 ends the text for many a reader, and U+FFFE and U+FFFF are no characters: they come from a broken encoding;
/// - `_x` and four hexadecimal digits right before a control character would be read as one escape with the underscore
///   of the character's own: such text is escaped only where it has an underscore itself.
pub fn unkeepable(text: &str) -> Option<String> {
    // Nearly no text has a byte of these: the long way is rare. U+FFFE and U+FFFF begin with 0xEF.
    let is_suspicious =
        |byte: u8| byte == 0xEF || (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'));
    if !text.bytes().any(is_suspicious) {
        return None;
    }
    text.char_indices().find_map(|(at, c)| match c {
        '\0' | '\u{FFFE}' | '\u{FFFF}' => Some(format!("U+{:04X}", u32::from(c))),
        '\t' | '\n' | '\r' | ' '.. => None,
        _ => {
            let before = at.checked_sub(ESCAPE_BEGINS).map(|from| from..at);
            let escape = text.get(before?).filter(|before| begins_escape(before))?;
            Some(format!("{escape:?} right before U+{:04X}", u32::from(c)))
        }
    })
}

/// The length of `_xHHHH`.
pub const ESCAPE_BEGINS: usize = 6;

/// Whether a text that long is an escape, but for its last underscore.
pub fn begins_escape(text: &str) -> bool {
    let digits = text.strip_prefix("_x");
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_no_cell_can_show_are_known() {
        for (text, what) in [
            ("a\0", "U+0000"),
            ("（\u{FFFE}", "U+FFFE"),
            ("\r\u{FFFF}", "U+FFFF"),
            ("注_x00e9\u{8}\n", "\"_x00e9\" right before U+0008"),
            ("_x_x0041\u{1}", "\"_x0041\" right before U+0001"),
        ] {
            assert_eq!(unkeepable(text).as_deref(), Some(what), "{text:?}");
        }
        for text in [
            "",
            "（株）見本\r\n\t\u{1}\u{1F}\u{7F}\u{85}\u{FEFF}\u{FFFD}\u{10FFFF}",
            "_x0041_\u{1}",
            "_x0041\r\n",
            "_x0041\n\u{1}",
            "_x004\u{1}",
            "_x00注\u{1}",
            "_X0041\u{1}",
            "\u{1}_x0041",
        ] {
            assert_eq!(unkeepable(text), None, "{text:?}");
        }
    }
}
