//! Puts the workbook together: what the library made of everything else, the data rows that were compressed beside it, and
//! the list of all texts, which stands before the sheets: programs that read a package as it comes need it first.

use std::collections::BTreeMap;
use std::io::{self, Write};

use common::{Error, Result};
use crc32fast::Hasher;
use rawzip::path::EntryPath;
use rawzip::time::UtcDateTime;
use rawzip::{
    CompressionMethod, DataDescriptorOutput, ErrorKind, ZipArchive, ZipArchiveWriter,
    ZipSliceArchive,
};

use super::deflate::Deflater;
use super::library_texts::{LibraryTexts, inflated};
use super::shared_strings::SharedStrings;
use super::sheet_rows::ClosedRows;

/// The data rows of a workbook's sheets, by a sheet's index.
pub type RowsBySheet = BTreeMap<usize, ClosedRows>;

/// The oldest time that an archive knows, and not the 0 it would have without: a workbook does not depend on when it is made.
const TIME: UtcDateTime = UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0).expect("a date");

/// Where the header row of a worksheet part ends. No text holds this: there `<` is escaped.
const HEADER_ENDS: &str = "</row>";

const STRINGS: &str = "xl/sharedStrings.xml";
const SHEETS: &str = "xl/worksheets/sheet";

/// Writes `library` to `out`: a workbook whose sheets lack the data rows, and `rows`, which belong below the first row of their
/// sheets, with `strings`, by whose numbers they name their texts.
pub fn assemble(
    library: &[u8],
    rows: RowsBySheet,
    strings: SharedStrings,
    out: impl Write,
) -> Result<()> {
    copy(library, rows, strings, out).map_err(|reason| match reason.kind() {
        ErrorKind::IO(cause) => {
            let cause = io::Error::new(cause.kind(), cause.to_string());
            crate::disk::failed("writing the workbook", cause)
        }
        _ => Error::bug("what the workbook library made is no workbook").because(reason),
    })
}

fn copy(
    library: &[u8],
    rows: RowsBySheet,
    mut strings: SharedStrings,
    out: impl Write,
) -> Result<(), rawzip::Error> {
    let mut rows: BTreeMap<String, ClosedRows> = rows
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(index, rows)| (format!("{SHEETS}{}.xml", index + 1), rows))
        .collect();
    let library = ZipArchive::from_slice(library)?;
    let entries = entries(&library)?;
    let mut sheets = with_listed_texts(&entries, &mut strings)?;
    let mut strings = Some(strings);
    let mut package = Package(ZipArchiveWriter::new(out));
    for entry in &entries {
        if entry.name == STRINGS {
            continue;
        }
        let Some(sheet) = sheets.remove(&*entry.name) else {
            package.copy(entry)?;
            continue;
        };
        if let Some(strings) = strings.take() {
            package.strings(&strings)?;
        }
        package.sheet(&entry.name, &sheet, rows.remove(&*entry.name))?;
    }
    if let Some(part) = rows.keys().next() {
        return Err(invalid(format!("{part} is missing")));
    }
    package.0.finish()?;
    Ok(())
}

/// An entry of the package that the library made.
struct Entry<'l> {
    name: String,
    method: CompressionMethod,
    data: &'l [u8],
    /// Of what is inflated.
    output: DataDescriptorOutput,
}

fn entries<'l>(library: &'l ZipSliceArchive<&'l [u8]>) -> Result<Vec<Entry<'l>>, rawzip::Error> {
    let mut found = Vec::new();
    let mut entries = library.entries();
    while let Some(entry) = entries.next_entry()? {
        found.push(Entry {
            name: String::from_utf8_lossy(entry.file_path().as_ref()).into_owned(),
            method: entry.compression_method(),
            data: library.get_entry(entry.wayfinder())?.data(),
            output: DataDescriptorOutput::new(entry.crc32(), entry.uncompressed_size_hint()),
        });
    }
    Ok(found)
}

/// The XML of the worksheet parts by their names; all their texts are in the list.
fn with_listed_texts<'e>(
    entries: &'e [Entry],
    strings: &mut SharedStrings,
) -> Result<BTreeMap<&'e str, String>, rawzip::Error> {
    let xml = |entry: &Entry| match entry.method {
        CompressionMethod::DEFLATE => inflated(entry.data),
        _ => Err(invalid(format!("{} is not deflated", entry.name))),
    };
    let list = entries.iter().find(|entry| entry.name == STRINGS);
    let list = xml(list.ok_or_else(|| invalid(format!("{STRINGS} is missing")))?)?;
    let texts = LibraryTexts::of(&list);
    let mut sheets = BTreeMap::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.name.starts_with(SHEETS))
    {
        let sheet = texts.listed(&xml(entry)?, strings)?;
        sheets.insert(&*entry.name, sheet);
    }
    Ok(sheets)
}

struct Package<W>(ZipArchiveWriter<W>);

impl<W: Write> Package<W> {
    /// Writes an entry as the library compressed it.
    fn copy(&mut self, entry: &Entry) -> Result<(), rawzip::Error> {
        self.write(&entry.name, entry.method, |out| {
            out.write_all(entry.data)?;
            Ok(entry.output.clone())
        })
    }

    /// Writes a worksheet part with its data rows.
    fn sheet(
        &mut self,
        name: &str,
        xml: &str,
        rows: Option<ClosedRows>,
    ) -> Result<(), rawzip::Error> {
        let ends = xml.find(HEADER_ENDS).map(|at| at + HEADER_ENDS.len());
        let (before, after) = match ends {
            Some(ends) => xml.split_at(ends),
            None if rows.is_none() => (xml, ""),
            None => return Err(invalid(format!("{name} has no header row"))),
        };
        let rows = rows.unwrap_or(ClosedRows::Plain(Vec::new()));
        self.write(name, CompressionMethod::DEFLATE, |mut out| {
            rows.write_between(before.as_bytes(), after.as_bytes(), &mut out)
        })
    }

    fn strings(&mut self, strings: &SharedStrings) -> Result<(), rawzip::Error> {
        self.write(STRINGS, CompressionMethod::DEFLATE, |out| {
            let (mut crc, mut part) = (Hasher::new(), Deflater::new(out));
            strings.write_part(|xml| {
                crc.update(xml);
                part.write(xml)
            })?;
            let bytes = part.bytes();
            part.end()?;
            Ok(DataDescriptorOutput::new(crc.finalize(), bytes))
        })
    }

    fn write(
        &mut self,
        name: &str,
        method: CompressionMethod,
        content: impl FnOnce(&mut dyn Write) -> io::Result<DataDescriptorOutput>,
    ) -> Result<(), rawzip::Error> {
        let entry = self
            .0
            .new_file(EntryPath::verbatim(name.as_bytes()))
            .compression_method(method)
            .last_modified(TIME);
        let (mut out, _) = entry.start()?;
        let output = content(&mut out)?;
        out.finish(output)?;
        Ok(())
    }
}

fn invalid(msg: String) -> rawzip::Error {
    ErrorKind::InvalidInput { msg }.into()
}
