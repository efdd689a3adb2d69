//! A section as it must stand in its sheet: headings, rows, totals.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::words::{Language, TOTAL, Words};

/// What must stand in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Date(Date),
    Number(Decimal),
}

impl Cell {
    /// As cells show texts: lines end in line feeds, and nothing ends in blanks. Of blanks alone nothing is left.
    pub fn text(text: impl Into<String>) -> Self {
        let lines = text.into().replace("\r\n", "\n").replace('\r', "\n");
        match lines.trim_end() {
            "" => Self::Empty,
            shown => Self::Text(shown.to_owned()),
        }
    }

    pub fn optional_text(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    pub fn number(number: Option<Decimal>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }
}

/// A column of lines of a kind.
pub struct Column<L> {
    heading: Words,
    /// The English headings of the columns by which it is summed; the last one is a currency. Empty = not summed.
    summed_by: &'static [&'static str],
    cell: fn(&L) -> Result<Cell>,
}

impl<L> Column<L> {
    pub fn new(heading: Words, cell: fn(&L) -> Result<Cell>) -> Self {
        Self {
            heading,
            summed_by: &[],
            cell,
        }
    }

    #[must_use]
    pub fn summed_by(self, summed_by: &'static [&'static str]) -> Self {
        Self { summed_by, ..self }
    }
}

/// A section's sheet.
#[derive(Debug)]
pub struct Table {
    pub sheet: &'static str,
    pub language: Language,
    pub headings: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
    /// In no order: statements say only that there is one per currency.
    pub totals: Vec<Total>,
    /// What must be named below the table.
    pub named_below: Vec<String>,
}

/// One row of totals.
#[derive(Debug)]
pub struct Total {
    /// All cells of the row, sums included.
    pub cells: Vec<Cell>,
    /// The columns by whose text the row is summed, and which texts.
    pub keys: BTreeMap<usize, String>,
    /// By column: what is summed there.
    pub sums: BTreeMap<usize, Sum>,
}

/// `ROUND(SUMIFS(…), places)`.
#[derive(Debug)]
pub struct Sum {
    /// Column and text, in the order of the formula's criteria.
    pub criteria: Vec<(usize, String)>,
    pub places: u32,
}

impl Table {
    pub fn of<L>(
        sheet: Words,
        language: Language,
        columns: &[Column<L>],
        lines: &[L],
    ) -> Result<Self> {
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines {
            let cells: Result<Vec<Cell>> =
                columns.iter().map(|column| (column.cell)(line)).collect();
            rows.push(cells?);
        }
        let totals = totals(columns, &rows, language)?;
        Ok(Self {
            sheet: language.pick(sheet),
            language,
            headings: columns
                .iter()
                .map(|column| language.pick(column.heading))
                .collect(),
            rows,
            totals,
            named_below: Vec::new(),
        })
    }
}

/// By the texts it is summed by: each summed column's amount and criteria.
type Sums = BTreeMap<Vec<String>, BTreeMap<usize, (Decimal, Vec<usize>)>>;

fn totals<L>(columns: &[Column<L>], rows: &[Vec<Cell>], language: Language) -> Result<Vec<Total>> {
    let mut sums = Sums::new();
    for (position, column) in columns.iter().enumerate() {
        if column.summed_by.is_empty() {
            continue;
        }
        let criteria = positions(columns, column.summed_by)?;
        for row in rows {
            let Cell::Number(amount) = row[position] else {
                continue;
            };
            let mut keys = Vec::new();
            for by in &criteria {
                match &row[*by] {
                    Cell::Text(text) => keys.push(text.clone()),
                    other => bail!("{:?} is summed by {other:?}", column.heading),
                }
            }
            sums.entry(keys)
                .or_default()
                .entry(position)
                .or_insert_with(|| (Decimal::ZERO, criteria.clone()))
                .0 += amount;
        }
    }
    let is_of_texts = |position: usize| {
        let mut cells = rows.iter().map(|row| &row[position]);
        cells.any(|cell| matches!(cell, Cell::Text(_)))
    };
    let of_texts: Vec<bool> = (0..columns.len()).map(is_of_texts).collect();
    sums.into_iter()
        .map(|(texts, sums)| total(&of_texts, &texts, sums, language))
        .collect()
}

/// The word stands in the first column of texts that has no value of the row.
fn total(
    of_texts: &[bool],
    texts: &[String],
    sums: BTreeMap<usize, (Decimal, Vec<usize>)>,
    language: Language,
) -> Result<Total> {
    let currency = texts.last().context("a total without a currency")?;
    let places = minor_unit(currency)?;
    let mut cells = vec![Cell::Empty; of_texts.len()];
    let mut total = Total {
        cells: Vec::new(),
        keys: BTreeMap::new(),
        sums: BTreeMap::new(),
    };
    for (position, (amount, criteria)) in sums {
        cells[position] = Cell::Number(amount);
        let criteria: Vec<(usize, String)> =
            criteria.into_iter().zip(texts.iter().cloned()).collect();
        total.keys.extend(criteria.iter().cloned());
        total.sums.insert(position, Sum { criteria, places });
    }
    for (position, text) in &total.keys {
        cells[*position] = Cell::text(text);
    }
    let mut free = cells.iter_mut().zip(of_texts);
    if let Some((free, _)) = free.find(|(cell, of_texts)| **of_texts && **cell == Cell::Empty) {
        *free = Cell::text(language.pick(TOTAL));
    }
    total.cells = cells;
    Ok(total)
}

fn positions<L>(columns: &[Column<L>], headings: &[&str]) -> Result<Vec<usize>> {
    headings
        .iter()
        .map(|heading| {
            columns
                .iter()
                .position(|column| column.heading.1 == *heading)
                .with_context(|| format!("no column {heading:?} to sum by"))
        })
        .collect()
}

/// Decimal places of a currency's minor unit.
pub fn minor_unit(currency: &str) -> Result<u32> {
    match currency {
        "JPY" => Ok(0),
        "USD" => Ok(2),
        _ => bail!("the tests know no minor unit of {currency}"),
    }
}
