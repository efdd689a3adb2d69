//! An input: bytes that say which document, and how its rows differ from those of a month that adds up. Every input is
//! one, so that no mutation is wasted; and it is almost text, so that seeds can be written by hand:
//!
//! - the first byte: kind, language and whether the gate only warns, in its three lowest bits
//! - then changes, each ended by 0xFF, which is in no UTF-8 text: relation, row, column and what to do, a byte each
//!   ('0' is the first relation, row and thing to do, 'a' the first column), and the bytes of a text
//!   (a column that the contract gains in the middle moves the letters of those after it, in the seeds, too)

use common::contract::ACCOUNTS;
use common::statement::{Kind, Language};

use super::rows::Rows;

/// Ends a change.
const END: u8 = 0xFF;

/// UTF-16 units of the longest text that a cell holds.
const MAX_UNITS: usize = 32_767;

/// What a document is to be made from.
pub struct Input {
    pub kind: Kind,
    /// What the rows say; English when they say nothing that is known.
    pub language: Language,
    pub lenient: bool,
    pub rows: Rows,
}

impl Input {
    pub fn read(bytes: &[u8]) -> Self {
        let (&flags, changes) = bytes.split_first().unwrap_or((&b'0', &[]));
        let mut rows = Rows::balanced();
        if flags & 2 != 0 {
            let language = ACCOUNTS
                .columns
                .iter()
                .position(|column| column.name == "language");
            let account = rows.pick(0, 0);
            account.values[language.expect("it has a language")] = Some(b"ja".to_vec());
        }
        for change in changes.split(|byte| *byte == END) {
            apply(change, &mut rows);
        }
        let language = rows
            .of(&ACCOUNTS)
            .next()
            .and_then(|account| account.get("language"));
        Self {
            kind: if flags & 1 == 0 {
                Kind::Trade
            } else {
                Kind::Balance
            },
            language: if language == Some("ja") {
                Language::Ja
            } else {
                Language::En
            },
            lenient: flags & 4 != 0,
            rows,
        }
    }
}

fn apply(change: &[u8], rows: &mut Rows) {
    let [relation, row, column, what, text @ ..] = change else {
        return;
    };
    let number = |byte: u8, first: u8| usize::from(byte.wrapping_sub(first));
    let row = rows.pick(number(*relation, b'0'), number(*row, b'0'));
    let column = number(*column, b'a') % row.values.len();
    let value = &mut row.values[column];
    match number(*what, b'0') % 5 {
        0 => *value = Some(text.to_vec()),
        1 => *value = None,
        2 => value.get_or_insert_default().extend(text),
        3 => *value = Some(repeated(text, MAX_UNITS)),
        _ => *value = Some(repeated(text, MAX_UNITS + 1)),
    }
}

/// The text as often as it fits into so many units.
fn repeated(text: &[u8], units: usize) -> Vec<u8> {
    let once = String::from_utf8_lossy(text);
    let units_once = once.encode_utf16().count().max(1);
    once.repeat(units / units_once).into_bytes()
}
