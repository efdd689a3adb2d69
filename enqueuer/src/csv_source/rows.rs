//! The rows of one file, in the order of the contract's columns.

use std::io::{Chain, Cursor, Read};

use common::contract::{Column, Relation};
use common::{Error, Result};
use csv::{ByteRecord, ReaderBuilder};

use super::Encoding;
use super::guard::RecordGuard;
use super::value::{self, Decoder, shown};
use crate::source_writer::Row;

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";
const UTF16_BOMS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Reads one file, row by row.
pub(super) struct Rows<R> {
    /// The file's name, as errors give it.
    file: String,
    relation: &'static Relation,
    reader: csv::Reader<RecordGuard<Chain<Cursor<Vec<u8>>, R>>>,
    record: ByteRecord,
    /// For each column of the contract the field that holds it.
    fields: Vec<Option<usize>>,
    field_count: usize,
    /// On which the last row that was read begins.
    line: u64,
    decoder: Decoder,
    encoding: Encoding,
}

impl<R: Read> Rows<R> {
    /// Begins a file: its first row names the columns, in any order.
    pub(super) fn open(
        input: R,
        file: String,
        relation: &'static Relation,
        encoding: Encoding,
    ) -> Result<Self> {
        let input = skip_bom(input, &file, encoding)?;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(RecordGuard::new(input));
        let mut rows = Self {
            file,
            relation,
            reader,
            record: ByteRecord::new(),
            fields: vec![None; relation.columns.len()],
            field_count: 0,
            line: 0,
            decoder: Decoder::new(encoding),
            encoding,
        };
        rows.read_header()?;
        Ok(rows)
    }

    /// The next row, checked; `None` after the last.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>> {
        let Some(line) = self.read_record()? else {
            return match self.decoder.utf8_read_as_cp932() {
                Some(line) => Err(self.wrong(
                    line,
                    "the text is UTF-8, not Shift JIS: use --encoding utf-8",
                )),
                None => Ok(None),
            };
        };
        self.line = line;
        if self.record.len() != self.field_count {
            let (found, expected) = (self.record.len(), self.field_count);
            return Err(self.wrong(
                line,
                &format!(
                    "the row has {found} fields, the header has {expected}; a value that holds a comma must stand in quotation marks"
                ),
            ));
        }
        let mut row = Row::with_capacity(self.fields.len());
        for (column, field) in self.relation.columns.iter().zip(&self.fields) {
            let value = match field {
                Some(field) => {
                    let text = self.decoder.decode(&self.record[*field], line);
                    text.and_then(|text| value::check(column, text))
                        .map_err(|why| self.wrong_value(line, column.name, &why))?
                }
                None => None,
            };
            row.push(value);
        }
        Ok(Some(row))
    }

    /// The line on which the last row begins.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    fn read_header(&mut self) -> Result<()> {
        let Some(line) = self.read_record()? else {
            return Err(self.wrong(
                1,
                &format!(
                    "the file is empty: its first row must name {}",
                    self.columns()
                ),
            ));
        };
        self.field_count = self.record.len();
        for (field, bytes) in self.record.iter().enumerate() {
            let number = field + 1;
            // Only for decoding: what a header is made of says nothing about the values.
            let name = Decoder::new(self.encoding)
                .decode(bytes, line)
                .map_err(|why| self.wrong_value(line, &number.to_string(), &why))?;
            let Some(position) = self
                .relation
                .columns
                .iter()
                .position(|column| column.name == name)
            else {
                let why = format!(
                    "{} is not in the contract, whose columns are {}",
                    shown(&name),
                    self.columns()
                );
                return Err(self.wrong_value(line, &number.to_string(), &why));
            };
            if self.fields[position].replace(field).is_some() {
                return Err(self.wrong_value(
                    line,
                    &number.to_string(),
                    &format!("{name} is named twice"),
                ));
            }
        }
        let missing = self
            .relation
            .columns
            .iter()
            .zip(&self.fields)
            .filter(|(column, field)| !column.optional && field.is_none());
        let missing = names(missing.map(|(column, _)| column));
        if missing.is_empty() {
            return Ok(());
        }
        Err(self.wrong(
            line,
            &format!(
                "the header lacks {missing}; the contract's columns are {}",
                self.columns()
            ),
        ))
    }

    /// Reads the next record and says on which line it starts; `None` at the end of the file.
    fn read_record(&mut self) -> Result<Option<u64>> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Ok(Some(self.reader.get_mut().next_record_line())),
            Ok(false) => Ok(None),
            Err(reason) => Err(match self.reader.get_ref().malformed() {
                Some(malformed) => self.wrong(malformed.line, &malformed.fault.to_string()),
                None => unreadable(&self.file).because(reason),
            }),
        }
    }

    fn columns(&self) -> String {
        names(self.relation.columns.iter())
    }

    fn wrong(&self, line: u64, why: &str) -> Error {
        Error::data("load", format!("{} line {line}: {why}", self.file))
    }

    fn wrong_value(&self, line: u64, column: &str, why: &str) -> Error {
        Error::data(
            "load",
            format!("{} line {line}, column {column}: {why}", self.file),
        )
    }
}

fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn unreadable(file: &str) -> Error {
    Error::config(format!("{file} cannot be read"))
}

/// Excel puts a byte order mark in front of UTF-8. It is no part of the first column's name, and it gives away a file
/// whose encoding is not the one asked for.
fn skip_bom<R: Read>(
    mut input: R,
    file: &str,
    encoding: Encoding,
) -> Result<Chain<Cursor<Vec<u8>>, R>> {
    let mut start = Vec::with_capacity(UTF8_BOM.len());
    let length = UTF8_BOM.len() as u64;
    input
        .by_ref()
        .take(length)
        .read_to_end(&mut start)
        .map_err(|reason| unreadable(file).because(reason))?;
    let refuse = |why: &str| Err(Error::data("load", format!("{file} line 1: {why}")));
    if UTF16_BOMS.iter().any(|bom| start.starts_with(bom)) {
        return refuse("the file is UTF-16: save it as \"CSV UTF-8\"");
    }
    if start == UTF8_BOM {
        if encoding == Encoding::Cp932 {
            return refuse(
                "the file begins with the mark of UTF-8, so it is not Shift JIS: use --encoding utf-8",
            );
        }
        start.clear();
    }
    Ok(Cursor::new(start).chain(input))
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
