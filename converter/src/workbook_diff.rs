//! Where two workbooks begin to differ: the first sheet and cell, or the first part of the package.

use std::fs::File;
use std::io::{BufReader, Read, Seek};

use calamine::{DataRef, Reader, Xlsx};
use rust_xlsxwriter::utility::row_col_to_cell;
use zip::ZipArchive;

type Workbook = Xlsx<BufReader<File>>;

/// Says in words where `published` and `rebuilt` first differ. Both are streamed.
pub fn first(published: &File, rebuilt: &File) -> Result<String, String> {
    let mut before = open(published)?;
    let mut after = open(rebuilt)?;
    let (sheets_before, sheets_after) = (before.sheet_names(), after.sheet_names());
    for (sheet, other) in sheets_before.iter().zip(&sheets_after) {
        if sheet != other {
            return Ok(format!("sheet {sheet:?}, which is now {other:?}"));
        }
        if let Some(difference) = first_cell(&mut before, &mut after, sheet)? {
            return Ok(difference);
        }
    }
    if sheets_before.len() != sheets_after.len() {
        return Ok(format!(
            "the sheets: {sheets_before:?} then, {sheets_after:?} now"
        ));
    }
    first_part(published, rebuilt)
}

fn open(file: &File) -> Result<Workbook, String> {
    Xlsx::new(BufReader::new(reread(file)?)).map_err(|reason| reason.to_string())
}

/// The same file from its beginning.
fn reread(file: &File) -> Result<File, String> {
    let mut file = file.try_clone().map_err(|reason| reason.to_string())?;
    file.rewind().map_err(|reason| reason.to_string())?;
    Ok(file)
}

/// A cell's place and how it reads.
type Place = (u32, u32);

fn first_cell(
    before: &mut Workbook,
    after: &mut Workbook,
    sheet: &str,
) -> Result<Option<String>, String> {
    let unreadable = |reason: calamine::XlsxError| format!("{sheet}: {reason}");
    let mut before = before.worksheet_cells_reader(sheet).map_err(unreadable)?;
    let mut after = after.worksheet_cells_reader(sheet).map_err(unreadable)?;
    loop {
        let then = before.next_cell().map_err(unreadable)?;
        let now = after.next_cell().map_err(unreadable)?;
        let (then, now) = (
            then.as_ref()
                .map(|cell| (cell.get_position(), shown(cell.get_value()))),
            now.as_ref()
                .map(|cell| (cell.get_position(), shown(cell.get_value()))),
        );
        if then == now {
            if then.is_none() {
                return Ok(None);
            }
            continue;
        }
        return Ok(Some(differing(sheet, then, now)));
    }
}

/// Both cells that came next; the one that stands first is where the sheets part.
fn differing(sheet: &str, then: Option<(Place, String)>, now: Option<(Place, String)>) -> String {
    let place = |cell: &Option<(Place, String)>| cell.as_ref().map(|(place, _)| *place);
    let first = match (place(&then), place(&now)) {
        (Some(then), Some(now)) => then.min(now),
        (then, now) => then.or(now).unwrap_or_default(),
    };
    let value = |cell: Option<(Place, String)>| {
        cell.filter(|(place, _)| *place == first)
            .map_or_else(|| "nothing".to_owned(), |(_, value)| value)
    };
    let column = u16::try_from(first.1).unwrap_or(u16::MAX);
    format!(
        "{sheet}!{}: {} then, {} now",
        row_col_to_cell(first.0, column),
        value(then),
        value(now)
    )
}

fn shown(value: &DataRef) -> String {
    match value {
        DataRef::Empty => "nothing".to_owned(),
        DataRef::String(text) => format!("{text:?}"),
        DataRef::SharedString(text) => format!("{text:?}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::DateTime(date) => format!("day {}", date.as_f64()),
        other => format!("{other:?}"),
    }
}

/// All cells are equal: names the first part of the package that is not (formats, properties, a chart).
fn first_part(published: &File, rebuilt: &File) -> Result<String, String> {
    let archive = |file: &File| {
        ZipArchive::new(BufReader::new(reread(file)?)).map_err(|reason| reason.to_string())
    };
    let (mut before, mut after) = (archive(published)?, archive(rebuilt)?);
    for index in 0..before.len() {
        let mut part = before
            .by_index(index)
            .map_err(|reason| reason.to_string())?;
        let name = part
            .name()
            .map_err(|reason| reason.to_string())?
            .into_owned();
        let Ok(mut other) = after.by_name(&name) else {
            return Ok(format!("part {name}, which is there no more"));
        };
        if !same_bytes(&mut part, &mut other)? {
            return Ok(format!("in part {name}; every cell's value is equal"));
        }
    }
    Ok("in how the file is packed; every part is equal".to_owned())
}

fn same_bytes(one: &mut impl Read, other: &mut impl Read) -> Result<bool, String> {
    let mut bytes = [vec![0; 1 << 16], vec![0; 1 << 16]];
    loop {
        let [first, second] = &mut bytes;
        let read = fill(one, first)?;
        if fill(other, second)? != read || first[..read] != second[..read] {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or the part ends.
fn fill(part: &mut impl Read, buffer: &mut [u8]) -> Result<usize, String> {
    let mut filled = 0;
    while filled < buffer.len() {
        match part.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(reason) => return Err(reason.to_string()),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::Workbook;

    use super::*;

    fn workbook(fill: impl FnOnce(&mut Workbook)) -> File {
        let mut workbook = Workbook::new();
        workbook.add_worksheet().set_name("A").unwrap();
        workbook.add_worksheet().set_name("B").unwrap();
        fill(&mut workbook);
        let file = tempfile::tempfile().unwrap();
        workbook.save_to_writer(file.try_clone().unwrap()).unwrap();
        file
    }

    fn with_cell(row: u32, column: u16, value: &str) -> File {
        workbook(|workbook| {
            let sheet = workbook.worksheet_from_index(1).unwrap();
            sheet.write_number(0, 0, 1).unwrap();
            sheet.write_string(row, column, value).unwrap();
        })
    }

    #[test]
    fn the_first_differing_cell_is_named() {
        let one = with_cell(3, 2, "x");
        assert_eq!(
            first(&one, &with_cell(3, 2, "y")).unwrap(),
            "B!C4: \"x\" then, \"y\" now"
        );
        assert_eq!(
            first(&one, &with_cell(2, 9, "x")).unwrap(),
            "B!J3: nothing then, \"x\" now"
        );
        let fewer = workbook(|workbook| {
            let sheet = workbook.worksheet_from_index(1).unwrap();
            sheet.write_number(0, 0, 1).unwrap();
        });
        assert_eq!(
            first(&one, &fewer).unwrap(),
            "B!C4: \"x\" then, nothing now"
        );
    }

    #[test]
    fn sheets_and_parts_are_named_when_every_cell_is_equal() {
        let one = with_cell(3, 2, "x");
        let renamed = workbook(|workbook| {
            let sheet = workbook.worksheet_from_index(0).unwrap();
            sheet.set_name("Z").unwrap();
        });
        assert!(first(&one, &renamed).unwrap().contains("now \"Z\""));
        let with_title = workbook(|workbook| {
            let sheet = workbook.worksheet_from_index(1).unwrap();
            sheet.write_number(0, 0, 1).unwrap();
            sheet.write_string(3, 2, "x").unwrap();
            workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_title("other"));
        });
        let said = first(&one, &with_title).unwrap();
        assert!(said.contains("docProps/"), "{said}");
    }
}
