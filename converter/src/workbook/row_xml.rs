//! A data row as the XML of its cells.

use std::fmt::Write as _;

use crate::rows::reader::{ESCAPE_BEGINS, begins_escape};

/// A row being written.
#[derive(Debug, Default)]
pub struct RowXml {
    /// As its cells name it: from 1.
    row: String,
    cells: Vec<u8>,
}

/// A column as its cells name it, and the number of its format in the workbook.
#[derive(Debug, Clone)]
pub struct CellColumn {
    pub letters: String,
    pub format: u32,
}

/// A number as a cell shows it: what makes it up in decimal digits, at most 15 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    pub is_negative: bool,
    /// Without its point.
    pub mantissa: u64,
    /// Digits behind the point; the last is not 0.
    pub places: u32,
}

impl RowXml {
    /// Begins another row, counted from 0.
    pub fn begin(&mut self, row: u32) {
        self.row.clear();
        self.row.push_str(itoa::Buffer::new().format(row + 1));
        self.cells.clear();
    }

    /// A text that the cell itself holds; never a formula, whatever it begins with. An empty one leaves its cell empty.
    pub fn text(&mut self, column: &CellColumn, text: &str) {
        if text.is_empty() {
            return;
        }
        self.open(&column.letters, column.format);
        self.cells.extend_from_slice(br#" t="inlineStr"><is>"#);
        push_text_element(&mut self.cells, text);
        self.cells.extend_from_slice(b"</is></c>");
    }

    /// A text by its number in the workbook's list.
    pub fn shared_text(&mut self, column: &CellColumn, number: u32) {
        self.open(&column.letters, column.format);
        self.cells.extend_from_slice(br#" t="s"><v>"#);
        let mut buffer = itoa::Buffer::new();
        self.cells
            .extend_from_slice(buffer.format(number).as_bytes());
        self.cells.extend_from_slice(b"</v></c>");
    }

    pub fn number(&mut self, column: &CellColumn, format: u32, number: Number) {
        self.open(&column.letters, format);
        self.cells.extend_from_slice(b"><v>");
        push_number(&mut self.cells, number);
        self.cells.extend_from_slice(b"</v></c>");
    }

    fn open(&mut self, letters: &str, format: u32) {
        let cells = &mut self.cells;
        cells.extend_from_slice(br#"<c r=""#);
        cells.extend_from_slice(letters.as_bytes());
        cells.extend_from_slice(self.row.as_bytes());
        cells.extend_from_slice(br#"" s=""#);
        cells.extend_from_slice(itoa::Buffer::new().format(format).as_bytes());
        cells.push(b'"');
    }

    /// Writes the whole row; `height` in pixels when it is not the default's.
    pub fn write_to(&self, out: &mut Vec<u8>, height: Option<u32>) {
        /// Points.
        const PIXEL: f64 = 0.75;
        out.extend_from_slice(br#"<row r=""#);
        out.extend_from_slice(self.row.as_bytes());
        if let Some(height) = height {
            let points = f64::from(height) * PIXEL;
            let attributes = format!(r#"" ht="{points}" customHeight="1"#);
            out.extend_from_slice(attributes.as_bytes());
        }
        out.extend_from_slice(br#"">"#);
        out.extend_from_slice(&self.cells);
        out.extend_from_slice(b"</row>");
    }
}

/// All digits: fewer than sixteen, so that whoever reads them as a double writes the same ones again.
fn push_number(out: &mut Vec<u8>, number: Number) {
    if number.is_negative {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number.mantissa).as_bytes();
    let places = number.places as usize;
    if places == 0 {
        out.extend_from_slice(digits);
    } else if let Some((whole, rest)) = digits
        .len()
        .checked_sub(places)
        .filter(|whole| *whole > 0)
        .map(|whole| digits.split_at(whole))
    {
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(rest);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + places - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// `<t>text</t>`, as cells and the workbook's list of texts hold it.
pub fn push_text_element(out: &mut Vec<u8>, text: &str) {
    let blank = [' ', '\t', '\n'];
    let preserve = text.starts_with(blank) || text.ends_with(blank);
    out.extend_from_slice(if preserve {
        br#"<t xml:space="preserve">"#
    } else {
        b"<t>"
    });
    push_text(out, text);
    out.extend_from_slice(b"</t>");
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    // Nearly no text has a byte of these.
    let is_plain = text.bytes().all(|byte| PLAIN[usize::from(byte)]);
    if is_plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        let mut escaped = String::with_capacity(text.len() + 16);
        escape(&mut escaped, text);
        out.extend_from_slice(escaped.as_bytes());
    }
}

/// Bytes that stand for themselves wherever they stand.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = byte == b'\t' as usize || byte == b'\n' as usize;
        byte += 1;
    }
    let marks = *b"&<>_\xEF";
    let mut mark = 0;
    while mark < marks.len() {
        plain[marks[mark] as usize] = false;
        mark += 1;
    }
    plain
};

/// As XML wants it, and characters that XML cannot hold as `_xHHHH_` (ECMA-376, ST_Xstring), so that a text that looks like such
/// an escape has its underscore escaped.
fn escape(out: &mut String, text: &str) {
    for (at, character) in text.char_indices() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(character),
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => {
                let _ = write!(out, "_x{:04X}_", u32::from(character));
            }
            '_' if is_escape(&text[at..]) => out.push_str("_x005F_"),
            _ => out.push(character),
        }
    }
}

fn is_escape(text: &str) -> bool {
    let last = text.as_bytes().get(ESCAPE_BEGINS);
    last == Some(&b'_') && text.get(..ESCAPE_BEGINS).is_some_and(begins_escape)
}
