//! One field of a file: from bytes to text, and checked against its column of the contract.

use common::blank::{is_absent, is_blank};
use common::contract::{Column, ColumnType};
use common::statement::AccountId;
use encoding_rs::SHIFT_JIS;

use super::{Encoding, date};

/// Values are shown up to this many characters.
const SHOWN_CHARS: usize = 60;

/// Turns the bytes of fields into text.
///
/// A record is split at commas, quotation marks and line ends before its fields are decoded. That is safe in Shift JIS
/// too: the second byte of a character is never one of theirs (0x22, 0x2C, 0x0A, 0x0D), it begins at 0x40.
pub(super) struct Decoder {
    encoding: Encoding,
    /// UTF-8 text often passes for Shift JIS, as other characters. Shift JIS hardly ever passes for UTF-8, so a file
    /// whose every non-ASCII value does is UTF-8: here is where the first one stood.
    first_like_utf8: Option<u64>,
    any_unlike_utf8: bool,
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            first_like_utf8: None,
            any_unlike_utf8: false,
        }
    }

    /// The text of a field, or what is wrong with it.
    pub(super) fn decode(&mut self, bytes: &[u8], line: u64) -> Result<String, String> {
        match self.encoding {
            Encoding::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| {
                "the value is not UTF-8; if the file is Shift JIS, as Excel in Japan saves CSV, add --encoding cp932".to_owned()
            }),
            Encoding::Cp932 => {
                let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
                    "the value is not Shift JIS; if the file is UTF-8, use --encoding utf-8".to_owned()
                })?;
                if !bytes.is_ascii() {
                    if passes_for_japanese_utf8(bytes) {
                        self.first_like_utf8.get_or_insert(line);
                    } else {
                        self.any_unlike_utf8 = true;
                    }
                }
                Ok(text.into_owned())
            }
        }
    }

    /// At the end of a file: the line that gives it away as UTF-8 read as Shift JIS.
    pub(super) fn utf8_read_as_cp932(&self) -> Option<u64> {
        self.first_like_utf8.filter(|_| !self.any_unlike_utf8)
    }
}

/// Latin letters with accents could still be half-width katakana; kana, kanji and full-width forms could not.
fn passes_for_japanese_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().any(|c| c >= '\u{3000}'))
}

/// The value to store for a field's text, `None` = null; or what is wrong with it.
pub(super) fn check(column: &Column, text: String) -> Result<Option<String>, String> {
    if column.optional && is_absent(&text) {
        return Ok(None);
    }
    if !column.may_be_blank && is_blank(&text) {
        let what = if text.is_empty() { "empty" } else { "blank" };
        return Err(format!("the value is {what}, and this column needs one"));
    }
    let refuse = |why: &str| Err(format!("{} {why}", shown(&text)));
    if text.contains('\0') {
        return refuse("holds the character U+0000, which databases cannot keep: remove it");
    }
    let value = match column.column_type {
        ColumnType::Text if column.name == "account_id" && text.parse::<AccountId>().is_err() => {
            return refuse("is not usable: 1 to 64 ASCII letters, digits, '_' and '-' are");
        }
        ColumnType::Date => match date::read(&text) {
            Ok(date) => date,
            Err(why) => return refuse(why),
        },
        ColumnType::Decimal if common::decimal::parse(&text).is_none() => {
            return refuse(
                "is not a decimal: write up to 28 digits like -1234.56, without grouping or exponent",
            );
        }
        ColumnType::Integer => match text.parse::<i64>() {
            Ok(number) => number.to_string(),
            Err(_) => return refuse("is not a whole number: write digits like 12"),
        },
        _ => text,
    };
    if !column.codes.is_empty() && !column.codes.contains(&value.as_str()) {
        return Err(format!(
            "{} is not known: write {}",
            shown(&value),
            either(column.codes)
        ));
    }
    Ok(Some(value))
}

/// A value as an error quotes it: short, control characters escaped.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn either(codes: &[&str]) -> String {
    match codes {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => codes.concat(),
    }
}

#[cfg(test)]
mod tests {
    use common::contract::{ACCOUNTS, CASH_MOVEMENTS, TRADES};

    use super::*;

    fn trade(column: &str, text: &str) -> Result<Option<String>, String> {
        check(TRADES.column(column).unwrap(), text.to_owned())
    }

    #[test]
    fn values_follow_their_type() {
        for (column, text) in [
            ("trade_date", "2024-02-29"),
            ("quantity", "791215.000001"),
            ("net_amount", "-2649419.66"),
            ("side", "receipt"),
            ("security_name", "=SUM(A1)\u{7}\n\"三菱ＵＦＪ\""),
        ] {
            assert_eq!(trade(column, text).unwrap().as_deref(), Some(text));
        }
        let sequence = CASH_MOVEMENTS.column("sequence").unwrap();
        assert_eq!(
            check(sequence, "0012".to_owned()).unwrap().as_deref(),
            Some("12")
        );
        let consent = ACCOUNTS.column("electronic_delivery").unwrap();
        assert_eq!(
            check(consent, "01".to_owned()).unwrap().as_deref(),
            Some("1")
        );
    }

    #[test]
    fn dates_are_kept_in_one_form() {
        let value = trade("trade_date", "2026/9/7").unwrap();
        assert_eq!(value.as_deref(), Some("2026-09-07"));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_mend() {
        for (column, text, expected) in [
            (
                "trade_date",
                "2026-13-01",
                "\"2026-13-01\" is not a date: write YYYY-MM-DD",
            ),
            (
                "trade_date",
                "12/01/2026",
                "\"12/01/2026\" has its year last, so that day and month cannot be told apart: write YYYY-MM-DD",
            ),
            ("quantity", "1,000", "\"1,000\" is not a decimal"),
            ("quantity", "1e3", "\"1e3\" is not a decimal"),
            (
                "quantity",
                "79228162514264337593543950336",
                "is not a decimal: write up to 28 digits",
            ),
            (
                "side",
                "Buy",
                "\"Buy\" is not known: write buy, sell, receipt, delivery or redemption",
            ),
            ("account_id", "A/1", "\"A/1\" is not usable"),
            ("note", "a\0b", "\"a\\0b\" holds the character U+0000"),
            ("net_amount", "", "the value is empty"),
        ] {
            let error = trade(column, text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let consent = ACCOUNTS.column("electronic_delivery").unwrap();
        assert_eq!(
            check(consent, "2".to_owned()).unwrap_err(),
            "\"2\" is not known: write 0 or 1"
        );
        assert!(
            check(consent, "1.0".to_owned())
                .unwrap_err()
                .contains("not a whole number")
        );
    }

    #[test]
    fn null_is_for_optional_columns() {
        assert_eq!(trade("market", "").unwrap(), None);
        assert_eq!(trade("accrued_interest", "").unwrap(), None);
    }

    #[test]
    fn blanks_are_no_text() {
        for text in [" ", "\u{3000}", "\u{A0}\u{2003}"] {
            let error = trade("security_name", text).unwrap_err();
            assert_eq!(error, "the value is blank, and this column needs one");
        }
        assert_eq!(trade("note", " \u{3000}").unwrap(), None);
        let description = CASH_MOVEMENTS.column("description").unwrap();
        for text in ["", " "] {
            let kept = check(description, text.to_owned()).unwrap();
            assert_eq!(kept.as_deref(), Some(text));
        }
    }

    #[test]
    fn long_values_are_shortened_and_escaped() {
        let long = "長い\n".repeat(50);
        let shown = shown(&long);
        assert!(
            shown.starts_with("\"長い\\n") && shown.ends_with("\"…") && shown.chars().count() < 90,
            "{shown}"
        );
    }

    #[test]
    fn shift_jis_is_decoded_strictly() {
        let mut decoder = Decoder::new(Encoding::Cp932);
        // ソ and 表 end in 0x5C, ～ and ① are Windows' own.
        let (bytes, _, unmappable) = SHIFT_JIS.encode("ソニー表示～①ｱ");
        assert!(!unmappable);
        assert_eq!(decoder.decode(&bytes, 2).unwrap(), "ソニー表示～①ｱ");
        assert!(
            decoder
                .decode(b"\x83", 2)
                .unwrap_err()
                .contains("use --encoding utf-8")
        );
        assert!(
            Decoder::new(Encoding::Utf8)
                .decode(&bytes, 2)
                .unwrap_err()
                .contains("add --encoding cp932")
        );
    }

    #[test]
    fn utf8_read_as_shift_jis_is_noticed() {
        let mut decoder = Decoder::new(Encoding::Cp932);
        assert_eq!(decoder.utf8_read_as_cp932(), None);
        // Decodes without complaint, to other characters.
        assert_ne!(decoder.decode("三菱".as_bytes(), 7).unwrap(), "三菱");
        assert_eq!(decoder.utf8_read_as_cp932(), Some(7));
        decoder.decode(&SHIFT_JIS.encode("三菱").0, 8).unwrap();
        assert_eq!(decoder.utf8_read_as_cp932(), None);
    }
}
