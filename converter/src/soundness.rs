//! Whether a finished workbook can be opened at all: every entry of the package is there, whole, and has the length and checksum that
//! the package says. This is no rule of the gate, which a firm may turn off: what fails here is our own mistake.

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::sync::atomic::{AtomicBool, Ordering};

use zip::ZipArchive;

/// Bytes that are read at once, between looks at whether to stop.
const PIECE_BYTES: usize = 1 << 16;

/// Reads all entries by another library than the one that wrote them. The error says what is not sound.
pub fn check(file: impl Read + Seek, stop: &AtomicBool) -> Result<(), String> {
    let unreadable = |reason: zip::result::ZipError| format!("it is no package: {reason}");
    let mut package = ZipArchive::new(file).map_err(unreadable)?;
    let mut names = BTreeSet::new();
    let mut content_types = String::new();
    let mut buffer = vec![0; PIECE_BYTES];
    for index in 0..package.len() {
        let mut entry = package.by_index(index).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        let size = entry.size();
        if name == "[Content_Types].xml" {
            entry
                .read_to_string(&mut content_types)
                .map_err(|reason| format!("{name}: {reason}"))?;
        } else {
            let (read, is_closed) = read_to_end(&mut entry, &name, &mut buffer, stop)?;
            if read != size {
                return Err(format!("{name} has {read} bytes instead of {size}"));
            }
            if !is_closed {
                return Err(format!("{name} breaks off"));
            }
        }
        names.insert(name);
    }
    let named = content_types.split(" PartName=\"/").skip(1);
    let mut named = named.filter_map(|rest| rest.split('"').next());
    match named.find(|name| !names.contains(*name)) {
        Some(missing) => Err(format!("{missing} is missing")),
        None => Ok(()),
    }
}

/// The bytes of an entry, and whether it ends as its root element must.
fn read_to_end(
    entry: &mut impl Read,
    name: &str,
    buffer: &mut [u8],
    stop: &AtomicBool,
) -> Result<(u64, bool), String> {
    let end: &[u8] = match name {
        "xl/sharedStrings.xml" => b"</sst>",
        sheet if sheet.starts_with("xl/worksheets/sheet") => b"</worksheet>",
        _ => b"",
    };
    let mut bytes = 0;
    let mut last = Vec::new();
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err("the attempt was stopped".to_owned());
        }
        let read = entry
            .read(buffer)
            .map_err(|reason| format!("{name}: {reason}"))?;
        if read == 0 {
            return Ok((bytes, last.ends_with(end)));
        }
        bytes += read as u64;
        last.extend_from_slice(&buffer[..read]);
        last.drain(..last.len().saturating_sub(end.len()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use rawzip::{DataDescriptorOutput, ZipArchive, ZipArchiveWriter};
    use rust_xlsxwriter::Workbook;

    use super::*;

    /// An entry of a package, to be damaged.
    struct Entry {
        data: Vec<u8>,
        crc: u32,
        bytes: u64,
    }

    /// A workbook of which one entry is damaged; `None` = left out.
    fn damaged(part: &str, damage: impl Fn(Entry) -> Option<Entry>) -> Cursor<Vec<u8>> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory().unwrap();
        for row in 0..20_000 {
            sheet.write_number(row, 0, row * row % 9973).unwrap();
        }
        workbook.add_worksheet().write(0, 0, "text").unwrap();
        let whole = workbook.save_to_buffer().unwrap();
        let whole = ZipArchive::from_slice(&whole).unwrap();
        let mut package = ZipArchiveWriter::new(Cursor::new(Vec::new()));
        let mut entries = whole.entries();
        let mut is_known = false;
        while let Some(entry) = entries.next_entry().unwrap() {
            let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
            let copied = Entry {
                data: whole.get_entry(entry.wayfinder()).unwrap().data().to_vec(),
                crc: entry.crc32(),
                bytes: entry.uncompressed_size_hint(),
            };
            let copied = if name == part {
                is_known = true;
                damage(copied)
            } else {
                Some(copied)
            };
            if let Some(copied) = copied {
                let method = entry.compression_method();
                let file = package.new_file(&name).compression_method(method);
                let (mut file, _) = file.start().unwrap();
                file.write_all(&copied.data).unwrap();
                let told = DataDescriptorOutput::new(copied.crc, copied.bytes);
                file.finish(told).unwrap();
            }
        }
        assert!(is_known, "{part}");
        package.finish().unwrap()
    }

    fn found(part: &str, damage: impl Fn(Entry) -> Option<Entry>) -> Result<(), String> {
        check(damaged(part, damage), &AtomicBool::new(false))
    }

    #[test]
    fn a_whole_package_is_sound() {
        found("xl/styles.xml", Some).unwrap();
    }

    #[test]
    fn every_damage_is_found() {
        const SHEET: &str = "xl/worksheets/sheet1.xml";
        for part in [SHEET, "xl/styles.xml"] {
            found(part, |entry| {
                Some(Entry {
                    crc: entry.crc ^ 1,
                    ..entry
                })
            })
            .unwrap_err();
            let longer = |entry: Entry| {
                Some(Entry {
                    bytes: entry.bytes + 5,
                    ..entry
                })
            };
            found(part, longer).unwrap_err();
            let missing = found(part, |_| None).unwrap_err();
            assert_eq!(missing, format!("{part} is missing"));
            let cut_off = |mut entry: Entry| {
                entry.data.truncate(entry.data.len() - 60);
                Some(entry)
            };
            found(part, cut_off).unwrap_err();
        }
        // Sound by its checksum, and yet not the whole sheet, or list of texts.
        let without_end = |end: &str, entry: &Entry| {
            let mut xml = Vec::new();
            flate2::read::DeflateDecoder::new(&*entry.data)
                .read_to_end(&mut xml)
                .unwrap();
            xml.truncate(xml.len() - end.len());
            let level = flate2::Compression::fast();
            let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), level);
            deflater.write_all(&xml).unwrap();
            Some(Entry {
                data: deflater.finish().unwrap(),
                crc: crc32fast::hash(&xml),
                bytes: xml.len() as u64,
            })
        };
        for (part, end) in [(SHEET, "</worksheet>"), ("xl/sharedStrings.xml", "</sst>")] {
            let broken_off = found(part, |entry| without_end(end, &entry)).unwrap_err();
            assert_eq!(broken_off, format!("{part} breaks off"));
        }
        let no_package = check(Cursor::new(b"no package".to_vec()), &AtomicBool::new(false));
        assert!(no_package.unwrap_err().starts_with("it is no package"));
    }
}
