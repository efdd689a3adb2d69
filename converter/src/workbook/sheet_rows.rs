//! The data rows of one sheet. The library keeps the XML of all rows in a file and compresses it when the workbook is saved; here
//! rows are compressed while further ones are read, and only what is compressed goes to disk.

use std::io::{self, Seek, Write};

use crc32fast::Hasher;
use rawzip::DataDescriptorOutput;
use tempfile::SpooledTempFile;

use super::deflate::Deflater;
use super::row_xml::RowXml;

/// XML that is compressed at once. A sheet that has less is compressed as a whole when the workbook is put together.
const PENDING_BYTES: usize = 1 << 16;

/// Compressed rows that stay in memory.
const SPOOLED_BYTES: usize = 1 << 20;

/// The rows of a sheet below its header, as they come.
#[derive(Default)]
pub struct SheetRows {
    /// Whole rows that are not compressed yet.
    pending: Vec<u8>,
    compressing: Option<Compressing>,
}

struct Compressing {
    deflater: Deflater<SpooledTempFile>,
    crc: Hasher,
}

/// All rows of a sheet.
pub enum ClosedRows {
    Plain(Vec<u8>),
    /// A stream that another one can follow.
    Deflated {
        stream: SpooledTempFile,
        crc: Hasher,
        /// Of the XML.
        bytes: u64,
    },
}

impl SheetRows {
    /// Adds a row; `height` in pixels when it is not the default's. Errors are those of the temp file.
    pub fn push(&mut self, row: &RowXml, height: Option<u32>) -> io::Result<()> {
        row.write_to(&mut self.pending, height);
        if self.pending.len() >= PENDING_BYTES {
            let compressing = self.compressing.get_or_insert_with(|| Compressing {
                deflater: Deflater::new(SpooledTempFile::new(SPOOLED_BYTES)),
                crc: Hasher::new(),
            });
            compressing.add(&self.pending)?;
            self.pending.clear();
        }
        Ok(())
    }

    /// Bytes of XML that were compressed so far.
    pub fn compressed_xml(&self) -> u64 {
        let compressing = self.compressing.as_ref();
        compressing.map_or(0, |rows| rows.deflater.bytes())
    }

    /// There are no further rows. Errors are those of the temp file.
    pub fn close(self) -> io::Result<ClosedRows> {
        let Some(mut rows) = self.compressing else {
            return Ok(ClosedRows::Plain(self.pending));
        };
        rows.add(&self.pending)?;
        let bytes = rows.deflater.bytes();
        let mut stream = rows.deflater.end_on_byte()?;
        stream.rewind()?;
        Ok(ClosedRows::Deflated {
            stream,
            crc: rows.crc,
            bytes,
        })
    }
}

impl Compressing {
    fn add(&mut self, xml: &[u8]) -> io::Result<()> {
        self.crc.update(xml);
        self.deflater.write(xml)
    }
}

impl ClosedRows {
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Plain(xml) if xml.is_empty())
    }

    /// Writes the compressed worksheet part: the rows between what the library made of the rest.
    pub fn write_between(
        self,
        before: &[u8],
        after: &[u8],
        out: &mut impl Write,
    ) -> io::Result<DataDescriptorOutput> {
        let mut crc = Hasher::new();
        crc.update(before);
        let mut part = Deflater::new(&mut *out);
        part.write(before)?;
        let bytes = match self {
            Self::Plain(xml) => {
                crc.update(&xml);
                part.write(&xml)?;
                xml.len() as u64
            }
            Self::Deflated {
                mut stream,
                crc: rows,
                bytes,
            } => {
                crc.combine(&rows);
                let out = part.end_on_byte()?;
                io::copy(&mut stream, out)?;
                part = Deflater::new(out);
                bytes
            }
        };
        crc.update(after);
        part.write(after)?;
        part.end()?;
        let bytes = bytes + (before.len() + after.len()) as u64;
        Ok(DataDescriptorOutput::new(crc.finalize(), bytes))
    }
}
