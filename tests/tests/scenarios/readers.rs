//! What customers and analysts see: every cell of a workbook of each kind, in every program that can be installed here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use tests::readers::{self, READERS, Reader};
use tests::{Published, Workbook, World, on_every_engine, part, parts};

use crate::fixtures::{Books, run_october};

/// What programs have shown otherwise than it is, or not at all. Notes are in CSV.
const NOTES: [&str; 10] = [
    "\"two\r\nlines\rand a third\n\"",
    "R&D <Fund> \"\"A&B\"\" &amp;",
    "as it is: _x0041_",
    "\"  leading, trailing \u{3000} \"",
    "=1+1",
    "+81 3 1234 5678",
    "0001",
    "2026-10-01",
    "NA",
    "TRUE",
];

/// Trades in two currencies with codes of digits, a dividend with its taxes, holdings and cash, for a Japanese account and an English one.
fn books() -> Result<Books> {
    let mut books = Books::empty();
    books.trades = books
        .trades
        .replacen("net_amount\n", "net_amount,note,event,market\n", 1);
    for (account, language) in [("A1", "ja"), ("A2", "en")] {
        writeln!(
            books.accounts,
            "{account},No. 0{account},\"山田 & 太郎\",{language},JPY,1,2020-01-01"
        )?;
        for (n, note) in NOTES.iter().enumerate() {
            let quoted = if note.starts_with('"') {
                (*note).to_owned()
            } else {
                format!("\"{note}\"")
            };
            let day = n + 1;
            writeln!(
                books.trades,
                "{account},00{n},2026-10-{day:02},2026-11-{day:02},equity,00{n}0,\"Ｔ&T　ホールディングス\",receipt,specific,100,0,1,JPY,0,0,0,0,0,{quoted},株式分割,東証"
            )?;
        }
        writeln!(
            books.trades,
            "{account},U1,2026-10-20,2026-11-02,fund,9000,US <Fund>,buy,general,1.5,10.25,1,USD,15.38,0,0,0,-15.38,,,"
        )?;
        writeln!(
            books.movements,
            "{account},D1,2026-10-09,dividend,\"配当金 & 分配金\r\n00010\",JPY,796,"
        )?;
        writeln!(
            books.balances,
            "{account},2026-09-30,JPY,1000\n{account},2026-10-31,JPY,1796"
        )?;
        for n in 0..NOTES.len() {
            writeln!(
                books.positions,
                "{account},2026-10-31,equity,00{n}0,\"Ｔ&T　ホールディングス\",specific,100,1,JPY"
            )?;
        }
        writeln!(
            books.positions,
            "{account},2026-10-31,fund,9000,US <Fund>,general,1.5,1,USD"
        )?;
    }
    Ok(books)
}

on_every_engine! {
    async fn every_reader_shows_every_cell(world: &World) {
        let published = published(world).await?;
        let mut differences = Vec::new();
        for reader in installed()? {
            for document in &published {
                let workbook = Workbook::read(&document.path)?;
                let found = reader.read(&document.path).await?;
                differences.extend(reader.differences(&found, &workbook));
            }
        }
        ensure!(differences.is_empty(), "{differences:#?}");
        Ok(())
    }
}

on_every_engine! {
    async fn texts_stand_in_a_list_before_the_sheets(world: &World) {
        for document in published(world).await? {
            let names = parts(&document.path)?;
            let place = |name: &str| names.iter().position(|part| part.starts_with(name));
            let list = place("xl/sharedStrings.xml");
            ensure!(list.is_some() && list < place("xl/worksheets/"), "{names:?}");
            for sheet in names.iter().filter(|part| part.starts_with("xl/worksheets/sheet")) {
                let xml = part(&document.path, sheet)?;
                ensure!(!xml.contains("inlineStr") && xml.contains("t=\"s\""), "{sheet}: {xml}");
            }
        }
        Ok(())
    }
}

/// A column of dates is one of dates, and a code stays a text, for programs that look at a column's cells for its type.
#[tokio::test]
async fn columns_have_the_types_of_their_rows() -> Result<()> {
    let world = World::new(tests::Engine::Sqlite).await?;
    for document in published(&world).await? {
        for name in ["openpyxl", "readxl"] {
            if installed()?.iter().any(|reader| reader.name == name) {
                expect_types(&readers::types(name, &document.path).await?)?;
            }
        }
    }
    world.close().await
}

fn expect_types(types: &BTreeMap<(String, String, String), String>) -> Result<()> {
    const DATES: [&str; 6] = [
        "約定日",
        "受渡日",
        "日付",
        "Trade date",
        "Settlement date",
        "Date",
    ];
    const CODES: [&str; 2] = ["銘柄コード", "Code"];
    let is_date = |kind: &str| {
        ["datetime64", "Date", "POSIXct"]
            .iter()
            .any(|date| kind.starts_with(date))
    };
    let is_text = |kind: &str| ["object", "str", "String", "character"].contains(&kind);
    let mut seen = 0;
    for ((program, sheet, heading), kind) in types {
        let (is_of_dates, is_of_codes) = (DATES.contains(&&**heading), CODES.contains(&&**heading));
        ensure!(
            !is_of_dates || is_date(kind),
            "{program}: {sheet}, {heading} is {kind}"
        );
        ensure!(
            !is_of_codes || is_text(kind),
            "{program}: {sheet}, {heading} is {kind}"
        );
        seen += usize::from(is_of_dates || is_of_codes);
    }
    ensure!(seen > 2, "{types:?}");
    Ok(())
}

/// The readers that are here; the others are told of.
fn installed() -> Result<Vec<Reader>> {
    let mut installed = Vec::new();
    for reader in READERS {
        match reader.missing()? {
            None => installed.push(*reader),
            Some(missing) => eprintln!("{} is skipped: {missing} cannot be had here", reader.name),
        }
    }
    Ok(installed)
}

/// A trade and a balance statement in Japanese and in English.
async fn published(world: &World) -> Result<Vec<Published>> {
    books()?.load(world).await?;
    let run = run_october(world).await?;
    let failures = world
        .texts("SELECT document_id, error FROM export_documents WHERE state <> 'succeeded'")
        .await?;
    ensure!(run.code == Some(0) && failures.is_empty(), "{failures:?}");
    let published = world.published()?;
    ensure!(published.len() == 4, "{} documents", published.len());
    Ok(published)
}
