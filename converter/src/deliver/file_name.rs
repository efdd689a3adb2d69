//! The name under which a customer's browser saves a statement.

use common::statement::{DocumentId, Language};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::workbook::labels;

/// What a title may have in the file name, in bytes: names of more than 255 bytes no file system takes, and period,
/// account and ending stand beside it.
const TITLE_BYTES: usize = 150;

/// All but the characters that stand for themselves in an extended parameter (RFC 8187, `attr-char`), or rather those
/// of them that no program misreads.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A file name in the account's language, and one in ASCII for programs that know no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    own: String,
    ascii: String,
}

impl FileName {
    /// `title` is the statement's own, whatever a firm made of it in its profile.
    pub fn new(document: &DocumentId, title: &str) -> Self {
        let plain = labels::title(document.kind).default_text(Language::En);
        let stand_in = ascii(&safe(plain));
        let own = safe(title);
        let ascii = Some(ascii(&own)).filter(|text| own.is_ascii() && !text.is_empty());
        let ascii = ascii.unwrap_or_else(|| stand_in.clone());
        let own = if own.is_empty() { stand_in } else { own };
        let revision = match document.revision {
            0 | 1 => String::new(),
            revision => format!("_r{revision}"),
        };
        let named = |title: &str| {
            format!(
                "{title}_{}_{}{revision}.xlsx",
                document.period, document.account_id
            )
        };
        Self {
            own: named(&own),
            ascii: named(&ascii),
        }
    }

    /// The value of a Content-Disposition header (RFC 6266), in ASCII.
    pub fn content_disposition(&self) -> String {
        // Neither name has a quote or a backslash.
        format!(
            "attachment; filename=\"{}\"; filename*=UTF-8''{}",
            self.ascii,
            utf8_percent_encode(&self.own, ENCODED)
        )
    }
}

/// A text as part of a file name: in small letters, and with `-` for blanks and whatever a file system, a shell or a
/// reader's eye could take for something else.
fn safe(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for char in text.chars().flat_map(char::to_lowercase) {
        let char = if is_unsafe(char) { '-' } else { char };
        if name.len() + char.len_utf8() > TITLE_BYTES {
            break;
        }
        if char != '-' || !name.ends_with('-') {
            name.push(char);
        }
    }
    name.trim_matches(['-', '.']).to_owned()
}

fn is_unsafe(char: char) -> bool {
    char.is_whitespace()
        || char.is_control()
        || "/\\:*?\"<>|%".contains(char)
        // What changes the direction of writing could make `xlsx` look like another ending.
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Without what an old program could misread in the plain parameter.
fn ascii(text: &str) -> String {
    let kept = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let text = text.replace(|char| !kept(char), "-");
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(document: &str, title: &str) -> FileName {
        FileName::new(&document.parse().unwrap(), title)
    }

    #[test]
    fn the_name_is_in_the_language_of_the_account() {
        let japanese = name("2026-10.trade.A0001", "取引明細書");
        assert_eq!(japanese.own, "取引明細書_2026-10_A0001.xlsx");
        assert_eq!(
            japanese.content_disposition(),
            "attachment; filename=\"trade-statement_2026-10_A0001.xlsx\"; filename*=UTF-8''\
             %E5%8F%96%E5%BC%95%E6%98%8E%E7%B4%B0%E6%9B%B8_2026-10_A0001.xlsx"
        );
        let english = name("2026-10.balance.A-1.r2", "Balance statement");
        assert_eq!(english.own, "balance-statement_2026-10_A-1_r2.xlsx");
        assert_eq!(english.ascii, english.own);
    }

    #[test]
    fn whatever_the_profile_calls_it_the_name_is_one() {
        for (title, own, ascii) in [
            ("a\"b\\c\r\nX-Evil: 1", "a-b-c-x-evil-1", "a-b-c-x-evil-1"),
            ("..", "trade-statement", "trade-statement"),
            ("\u{202e}xslx.exe", "xslx.exe", "xslx.exe"),
            ("月次 報告/書", "月次-報告-書", "trade-statement"),
            ("R&D (50 %)", "r&d-(50-)", "r-d-50"),
            ("", "trade-statement", "trade-statement"),
        ] {
            let made = name("2026-10.trade.A1", title);
            assert_eq!(made.own, format!("{own}_2026-10_A1.xlsx"), "{title:?}");
            assert_eq!(made.ascii, format!("{ascii}_2026-10_A1.xlsx"), "{title:?}");
        }
    }

    proptest! {
        #[test]
        fn a_header_holds_it_and_a_file_system_takes_it(title in any::<String>()) {
            let name = name("2026-10.trade.A1", &title);
            let header = name.content_disposition();
            prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{header}");
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert_eq!(header.matches(';').count(), 2);
            prop_assert!(!header.contains('\\'));
            let (_, encoded) = header.split_once("UTF-8''").unwrap();
            let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap();
            prop_assert_eq!(&*decoded, &name.own);
            prop_assert!(name.own.len() <= 255 && !name.own.contains('/'));
        }
    }
}
