//! Puts the workbook together: what the library made of everything else, and the data rows that were compressed beside it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use common::{Error, Result};
use flate2::read::DeflateDecoder;
use rawzip::path::EntryPath;
use rawzip::time::UtcDateTime;
use rawzip::{
    CompressionMethod, DataDescriptorOutput, ErrorKind, ZipArchive, ZipArchiveWriter,
    ZipFileHeaderRecord,
};

use super::sheet_rows::ClosedRows;

/// The data rows of a workbook's sheets, by a sheet's index.
pub type RowsBySheet = BTreeMap<usize, ClosedRows>;

/// The oldest time that an archive knows, and not the 0 it would have without: a workbook does not depend on when it is made.
const TIME: UtcDateTime = UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0).expect("a date");

/// Where the header row of a worksheet part ends. No text holds this: there `<` is escaped.
const HEADER_ENDS: &[u8] = b"</row>";

/// Writes `library` to `out`: a workbook whose sheets lack the data rows, and `rows`, which belong below the first row of their
/// sheets.
pub fn assemble(library: &[u8], rows: RowsBySheet, out: impl Write) -> Result<()> {
    copy(library, rows, out).map_err(|reason| match reason.kind() {
        ErrorKind::IO(cause) => {
            let cause = io::Error::new(cause.kind(), cause.to_string());
            crate::disk::failed("writing the workbook", cause)
        }
        _ => Error::bug("what the workbook library made is no workbook").because(reason),
    })
}

fn copy(library: &[u8], rows: RowsBySheet, out: impl Write) -> Result<(), rawzip::Error> {
    let mut rows: BTreeMap<String, ClosedRows> = rows
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(index, rows)| (format!("xl/worksheets/sheet{}.xml", index + 1), rows))
        .collect();
    let library = ZipArchive::from_slice(library)?;
    let mut package = ZipArchiveWriter::new(out);
    let mut entries = library.entries();
    while let Some(entry) = entries.next_entry()? {
        let data = library.get_entry(entry.wayfinder())?;
        let name = entry.file_path();
        let rows = rows.remove(&*String::from_utf8_lossy(name.as_ref()));
        let (mut copied, _) = package
            .new_file(EntryPath::verbatim(name.as_ref()))
            .compression_method(entry.compression_method())
            .last_modified(TIME)
            .start()?;
        let uncompressed = if let Some(rows) = rows {
            let (before, after) = split(&entry, data.data())?;
            rows.write_between(&before, &after, &mut copied)?
        } else {
            copied.write_all(data.data())?;
            DataDescriptorOutput::new(entry.crc32(), entry.uncompressed_size_hint())
        };
        copied.finish(uncompressed)?;
    }
    if let Some(part) = rows.keys().next() {
        return Err(invalid(format!("{part} is missing")));
    }
    package.finish()?;
    Ok(())
}

/// A worksheet part, up to the end of its header row and from there on.
fn split(entry: &ZipFileHeaderRecord, data: &[u8]) -> Result<(Vec<u8>, Vec<u8>), rawzip::Error> {
    if entry.compression_method() != CompressionMethod::DEFLATE {
        return Err(invalid("a worksheet part is not deflated".to_owned()));
    }
    let mut part = Vec::new();
    DeflateDecoder::new(data)
        .read_to_end(&mut part)
        .map_err(|reason| invalid(format!("a worksheet part cannot be read: {reason}")))?;
    let ends = part
        .windows(HEADER_ENDS.len())
        .position(|bytes| bytes == HEADER_ENDS)
        .ok_or_else(|| invalid("a worksheet part has no header row".to_owned()))?;
    let after = part.split_off(ends + HEADER_ENDS.len());
    Ok((part, after))
}

fn invalid(msg: String) -> rawzip::Error {
    ErrorKind::InvalidInput { msg }.into()
}
