//! A published workbook, read back by an independent reader.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use calamine::{Data, Reader, Xlsx, open_workbook};

/// Row and column, both from 0.
pub type Place = (u32, u32);

/// A workbook as a customer's program reads it.
pub struct Workbook {
    pub sheets: Vec<Sheet>,
    /// docProps/custom.xml.
    pub custom_properties: HashMap<String, String>,
}

/// A sheet's cells that are not empty.
pub struct Sheet {
    pub name: String,
    pub cells: BTreeMap<Place, Data>,
    /// Without the leading `=`.
    pub formulas: BTreeMap<Place, String>,
}

impl Workbook {
    pub fn read(path: &Path) -> Result<Self> {
        let mut xlsx: Xlsx<_> =
            open_workbook(path).with_context(|| format!("opening {}", path.display()))?;
        let mut sheets = Vec::new();
        for name in xlsx.sheet_names() {
            let range = xlsx.worksheet_range(&name)?;
            let (top, left) = range.start().unwrap_or_default();
            let cells = range
                .used_cells()
                .map(|(row, column, value)| (place(top, left, row, column), value.clone()))
                .collect();
            let range = xlsx.worksheet_formula(&name)?;
            let (top, left) = range.start().unwrap_or_default();
            let formulas = range
                .used_cells()
                .filter(|(_, _, formula)| !formula.is_empty())
                .map(|(row, column, formula)| (place(top, left, row, column), formula.clone()))
                .collect();
            sheets.push(Sheet {
                name,
                cells,
                formulas,
            });
        }
        Ok(Self {
            sheets,
            custom_properties: xlsx.workbook_properties()?.custom_properties,
        })
    }
}

impl Workbook {
    /// The sheet of that name.
    pub fn sheet(&self, name: &str) -> Result<&Sheet> {
        let found = self.sheets.iter().find(|sheet| sheet.name == name);
        found.with_context(|| format!("there is no sheet {name:?}"))
    }

    pub fn sheet_names(&self) -> Vec<&str> {
        self.sheets
            .iter()
            .map(|sheet| sheet.name.as_str())
            .collect()
    }
}

/// The names of the parts of a workbook's package, in their order.
pub fn parts(path: &Path) -> Result<Vec<String>> {
    let mut package = zip::ZipArchive::new(std::fs::File::open(path)?)?;
    (0..package.len())
        .map(|index| Ok(package.by_index(index)?.name()?.into_owned()))
        .collect()
}

/// A part of a workbook's package as its text, e.g. `xl/styles.xml`.
pub fn part(path: &Path, name: &str) -> Result<String> {
    let mut package = zip::ZipArchive::new(std::fs::File::open(path)?)?;
    let part = package.by_name(name).with_context(|| name.to_owned())?;
    Ok(std::io::read_to_string(part)?)
}

impl Sheet {
    /// Whether a cell holds this text, whatever else stands in it.
    pub fn says(&self, text: &str) -> bool {
        let mut cells = self.cells.values();
        cells.any(|cell| matches!(cell, Data::String(found) if found.contains(text)))
    }

    /// Whether the texts of a row are these, and there is nothing else in it.
    pub fn has_row(&self, texts: &[&str]) -> bool {
        (0..=self.last_row()).any(|row| {
            let cells = self.cells.range((row, 0)..=(row, u32::MAX));
            let found = cells.map(|(_, cell)| match cell {
                Data::String(text) => text.as_str(),
                _ => "",
            });
            found.eq(texts.iter().copied())
        })
    }

    pub fn cell(&self, place: Place) -> &Data {
        self.cells.get(&place).unwrap_or(&Data::Empty)
    }

    /// The last row with a cell that is not empty.
    pub fn last_row(&self) -> u32 {
        self.cells.last_key_value().map_or(0, |((row, _), _)| *row)
    }
}

/// `used_cells` counts from the range's own corner.
fn place(top: u32, left: u32, row: usize, column: usize) -> Place {
    let at = |start: u32, offset: usize| start + u32::try_from(offset).unwrap_or(u32::MAX);
    (at(top, row), at(left, column))
}

/// The letters of a column: 0 = A, 26 = AA.
pub fn letters(column: u32) -> String {
    let mut rest = column + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.push(char::from_digit(digit + 10, 36).unwrap_or('?'));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect::<String>().to_uppercase()
}

/// The cell's name as a spreadsheet shows it: (4, 2) = C5.
pub fn address((row, column): Place) -> String {
    format!("{}{}", letters(column), row + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_spreadsheets_do() {
        for (place, name) in [
            ((0, 0), "A1"),
            ((4, 2), "C5"),
            ((9, 25), "Z10"),
            ((0, 26), "AA1"),
            ((0, 53), "BB1"),
        ] {
            assert_eq!(address(place), name);
        }
    }
}
