//! Whether everything that is compared wrote the same cells: values and number formats, seen by independent readers.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rust_xlsxwriter::utility::row_col_to_cell;
use tests::{Engine, Workbook, World, part};

use crate::converter::{self, Gate};
use crate::peers::{self, Peer};
use crate::{measure, source};

/// Rows that are looked at: every branch of the formula, and more than one of the converter's batches.
const ROWS: u32 = 1_000;

/// A cell's value and number format, by place. The headings are not compared.
type Cells = BTreeMap<(u32, u32), (String, String)>;

/// Fails when a program leaves a cell out, or writes another value or number format than `rust_xlsxwriter` alone.
pub async fn check() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    source::create(&world, 1, ROWS).await?;
    let expected = of_peer(Peer::RustXlsxwriter, &world, ROWS)?;
    // What tells nothing apart would prove nothing: one row less moves the days of the others.
    let other = of_peer(Peer::RustXlsxwriter, &world, ROWS - 1)?;
    ensure!(
        first_difference(&expected, &other).is_some(),
        "the comparison of cells sees no difference between different documents"
    );
    for peer in Peer::ALL {
        compare(peer.name(), &expected, &of_peer(peer, &world, ROWS)?)?;
    }
    let directory = scratch(&world)?;
    measure::process(&mut peers::script(world.database_url(), &directory)?)?;
    compare(
        "psycopg and XlsxWriter",
        &expected,
        &cells(&directory.join("0.xlsx"), 0)?,
    )?;
    converter::document(&world, Gate::Whole).await?;
    let published = world.published()?;
    let document = &published.first().context("nothing was published")?.path;
    // The first sheet is the summary.
    compare("the converter", &expected, &cells(document, 1)?)?;
    world.close().await
}

fn of_peer(peer: Peer, world: &World, rows: u32) -> Result<Cells> {
    let directory = scratch(world)?;
    measure::process(&mut peer.command(1, rows, &directory)?)?;
    cells(&directory.join("0.xlsx"), 0)
}

fn scratch(world: &World) -> Result<std::path::PathBuf> {
    let directory = world.path("same-cells");
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir(&directory)?;
    Ok(directory)
}

fn compare(name: &str, expected: &Cells, found: &Cells) -> Result<()> {
    match first_difference(expected, found) {
        None => Ok(()),
        Some(difference) => anyhow::bail!(
            "{name} writes other cells than `rust_xlsxwriter` alone, so that their times cannot be compared: {difference}"
        ),
    }
}

fn first_difference(expected: &Cells, found: &Cells) -> Option<String> {
    let mut places = expected.keys().chain(found.keys());
    let place = places.find(|place| expected.get(place) != found.get(place))?;
    Some(format!(
        "{} is {:?} instead of {:?}",
        address(*place),
        found.get(place),
        expected.get(place)
    ))
}

fn cells(path: &Path, sheet: usize) -> Result<Cells> {
    let workbook = Workbook::read(path)?;
    let values = &workbook
        .sheets
        .get(sheet)
        .context("a sheet is missing")?
        .cells;
    let formats = number_formats(path, sheet)?;
    let rows = values.range((1, 0)..=(ROWS, u32::MAX));
    rows.map(|(place, value)| {
        let format = formats.get(&address(*place)).cloned();
        Ok((*place, (value.to_string(), format.unwrap_or_default())))
    })
    .collect()
}

/// The number format of every cell, by address.
fn number_formats(path: &Path, sheet: usize) -> Result<BTreeMap<String, String>> {
    let styles = part(path, "xl/styles.xml")?;
    let styles = roxmltree::Document::parse(&styles)?;
    let named = |name: &'static str| {
        styles
            .descendants()
            .filter(move |node| node.tag_name().name() == name)
    };
    let codes: BTreeMap<&str, &str> = named("numFmt")
        .filter_map(|node| Some((node.attribute("numFmtId")?, node.attribute("formatCode")?)))
        .chain([("49", "@")])
        .collect();
    let formats: Vec<&str> = named("cellXfs")
        .flat_map(|list| list.children().filter(roxmltree::Node::is_element))
        .map(|format| {
            let id = format.attribute("numFmtId").unwrap_or_default();
            codes.get(id).copied().unwrap_or(id)
        })
        .collect();
    let text = part(path, &format!("xl/worksheets/sheet{}.xml", sheet + 1))?;
    let text = roxmltree::Document::parse(&text)?;
    let cells = text
        .descendants()
        .filter(|node| node.tag_name().name() == "c");
    cells
        .filter_map(|cell| Some((cell.attribute("r")?, cell.attribute("s")?)))
        .map(|(address, style)| {
            let style: usize = style.parse()?;
            let format = formats.get(style).context("a style is missing")?;
            Ok((address.to_owned(), (*format).to_owned()))
        })
        .collect()
}

fn address((row, column): (u32, u32)) -> String {
    row_col_to_cell(row, u16::try_from(column).unwrap_or(u16::MAX))
}
