//! A workbook read back by an independent reader. The fuzz target reads with it, too.

use std::io::{Cursor, Read};
use std::ops::RangeInclusive;

use calamine::{Data, Range, Reader, Xlsx};
use common::profile::Word;
use common::statement::Language;
use zip::ZipArchive;

/// A workbook with the words of the built-in profile.
pub struct ReadBack {
    bytes: Vec<u8>,
    language: Language,
    sheets: Vec<(String, Range<Data>)>,
    /// Sheet, row and column of every formula.
    formulas: Vec<(String, u32, u32)>,
}

impl ReadBack {
    /// Panics when the reader cannot open it.
    pub fn new(bytes: Vec<u8>, language: Language) -> Self {
        let mut workbook = Xlsx::new(Cursor::new(&bytes[..])).expect("it opens");
        let sheets = workbook.worksheets();
        let mut formulas = Vec::new();
        for (name, _) in &sheets {
            let range = workbook.worksheet_formula(name).expect("it is read");
            let (row, column) = range.start().unwrap_or_default();
            let found = range.cells().filter(|(.., formula)| !formula.is_empty());
            formulas
                .extend(found.map(|(r, c, _)| (name.clone(), row + index(r), column + index(c))));
        }
        Self {
            bytes,
            language,
            sheets,
            formulas,
        }
    }

    fn sheet(&self, name: Word) -> &Range<Data> {
        let name = name.default_text(self.language);
        let sheet = self.sheets.iter().find(|(known, _)| known == name);
        &sheet.expect("it has the sheet").1
    }

    /// The value below a heading, in a row that is counted from the first below it; `None` when there is no such heading.
    pub fn below(&self, sheet: Word, heading: Word, row: usize) -> Option<&Data> {
        let heading = heading.default_text(self.language);
        let sheet = self.sheet(sheet);
        let is_it = |column: &u32| text(sheet.get_value((0, *column))) == Some(heading);
        let column = (0..index(sheet.width())).find(is_it)?;
        Some(
            sheet
                .get_value((index(row) + 1, column))
                .unwrap_or(&Data::Empty),
        )
    }

    /// The text beside a label of the summary; empty when there is none.
    pub fn beside(&self, label: Word) -> &str {
        let label = label.default_text(self.language);
        let sheet = self.sheet(Word::SheetSummary);
        let row = (0..index(sheet.height()))
            .find(|row| text(sheet.get_value((*row, 0))) == Some(label))
            .expect("it has the label");
        text(sheet.get_value((row, 1))).expect("it is a text")
    }

    /// The text of every part whose name begins and ends so.
    pub fn parts(&self, begins: &str, ends: &str) -> Vec<String> {
        let mut archive = ZipArchive::new(Cursor::new(&self.bytes[..])).expect("it is a zip");
        let mut parts = Vec::new();
        for n in 0..archive.len() {
            let mut part = archive.by_index(n).expect("it has the part");
            let name = part.name().expect("parts have names").to_string();
            if name.starts_with(begins) && name.ends_with(ends) {
                let mut text = String::new();
                part.read_to_string(&mut text).expect("XML is text");
                parts.push(text);
            }
        }
        parts
    }

    /// No cell in these data rows of these sheets, nor in the summary, is a formula, and no link leads out of the file.
    pub fn expect_nothing_active(&self, tables: &[(Word, usize)]) {
        let summary = (Word::SheetSummary, 0..=u32::MAX);
        let data = tables
            .iter()
            .map(|(sheet, rows)| (*sheet, 1..=index(*rows)));
        for (sheet, rows) in data.chain([summary]) {
            self.expect_no_formula(sheet, &rows);
        }
        for relations in self.parts("", ".rels") {
            assert!(!relations.contains("External"), "a link: {relations}");
        }
    }

    fn expect_no_formula(&self, sheet: Word, rows: &RangeInclusive<u32>) {
        let sheet = sheet.default_text(self.language);
        let is_here = |(name, row, _): &&(String, u32, u32)| name == sheet && rows.contains(row);
        assert_eq!(self.formulas.iter().find(is_here), None, "a formula");
    }
}

/// Rows and columns of these sheets are few.
fn index(n: usize) -> u32 {
    u32::try_from(n).expect("a sheet is not so large")
}

/// The text of a cell; an empty text leaves its cell empty. `None` when it holds something else.
pub fn text(value: Option<&Data>) -> Option<&str> {
    match value {
        None | Some(Data::Empty) => Some(""),
        Some(Data::String(text)) => Some(text),
        Some(_) => None,
    }
}
