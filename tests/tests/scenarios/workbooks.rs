//! Excel opens what is published without offering a repair: no document breaks a rule of its format, and LibreOffice and
//! openpyxl open documents of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tests::office::{self, Saved};
use tests::{Published, World, on_every_engine, ooxml};

use crate::fixtures::{Books, account_ids, run_october};

/// The first two sheets of a document say its kind and its language.
const SHEETS: [[&str; 2]; 4] = [
    ["Summary", "Holdings"],
    ["Summary", "Trades"],
    ["概要", "取引明細"],
    ["概要", "残高明細"],
];

on_every_engine! {
    async fn every_document_of_the_demo_is_a_sound_workbook(world: &World) {
        world
            .enqueuer(["demo", "--accounts", "20", "--seed", "7", "--at", "2026-11-05T00:00:00Z"])
            .run()
            .await?
            .expect(0)?;
        let published = world.published()?;
        ensure!(published.len() == 32, "{} documents", published.len());
        let chosen = of_every_kind(&published)?;
        expect_sound(&published)?;
        expect_opened(world, &chosen, Saved::Pdf).await
    }
}

on_every_engine! {
    async fn sections_without_rows_are_sound(world: &World) {
        let mut books = Books::empty();
        for (account, language) in [("A1", "ja"), ("A2", "en")] {
            writeln!(books.accounts, "{account},1,山田 太郎,{language},JPY,1,2020-01-01")?;
            // A deposit alone: nothing is traded or held.
            writeln!(books.movements, "{account},M1,2026-10-05,deposit,入金,JPY,1000,")?;
            writeln!(books.balances, "{account},2026-09-30,JPY,0\n{account},2026-10-31,JPY,1000")?;
        }
        // A receipt alone: no cash is there or moves.
        writeln!(books.accounts, "A3,1,山田 太郎,ja,JPY,1,2020-01-01")?;
        writeln!(books.trades, "A3,T1,2026-10-05,2026-10-05,equity,130A,Ｖｅｒｉｔａｓ,receipt,specific,100,0,1,JPY,0,0,0,0,0")?;
        writeln!(books.positions, "A3,2026-10-31,equity,130A,Ｖｅｒｉｔａｓ,specific,100,1,JPY")?;
        books.load(world).await?;
        let published = sound_october(world, 6).await?;
        of_every_kind(&published)?;
        let counts = world.texts("SELECT CAST(row_counts AS text) FROM export_documents").await?;
        let counts: String = counts.into_iter().flatten().flatten().collect();
        for section in ["trades", "cash_movements", "holdings", "cash", "movements", "unsettled_trades"] {
            ensure!(counts.contains(&format!("\"{section}\":0")), "no document has no {section}: {counts}");
        }
        expect_opened(world, &published, Saved::Pdf).await
    }
}

on_every_engine! {
    async fn hostile_text_is_sound(world: &World) {
        let texts = hostile_texts();
        let ids = account_ids(texts.len());
        let mut books = Books::of_october(ids.iter().map(String::as_str))?;
        for (account, text) in ids.iter().zip(&texts) {
            for file in [&mut books.accounts, &mut books.trades, &mut books.movements] {
                write_text(file, account, text);
            }
            if text.chars().count() < 100 {
                write_text(&mut books.positions, account, text);
            }
        }
        books.trades = books.trades.replacen("net_amount\n", "net_amount,note\n", 1);
        books.load(world).await?;
        let mut published = sound_october(world, 2 * texts.len()).await?;
        // These hold every text.
        published.retain(|document| document.key.contains("/trade/"));
        ensure!(published.len() == texts.len());
        published.sort_by(|one, other| one.key.cmp(&other.key));
        let long = texts.iter().position(|text| text.chars().count() > 1000).context("no long text")?;
        expect_opened(world, &published[..long], Saved::Pdf).await?;
        expect_opened(world, &published[long..], Saved::Ods).await
    }
}

on_every_engine! {
    async fn the_longest_name_of_a_security_without_a_price_is_sound(world: &World) {
        let mut books = Books::of_october(["A1"])?;
        write_text(&mut books.positions, "A1", &"あ".repeat(32_767));
        books.load(world).await?;
        let published = sound_october(world, 2).await?;
        expect_opened(world, &published, Saved::Ods).await
    }
}

#[tokio::test]
async fn a_file_that_is_no_workbook_opens_nowhere() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("letter.xlsx");
    std::fs::write(&file, "PK Dear customer, ".repeat(100))?;
    let files = [file];
    let refused = office::open_in_libreoffice(&files, directory.path(), Saved::Pdf).await;
    let told = format!("{:#}", refused.err().context("LibreOffice opens a letter")?);
    ensure!(told.contains("letter.xlsx"), "{told}");
    let refused = office::open_in_openpyxl(&files).await;
    let told = format!("{:#}", refused.err().context("openpyxl opens a letter")?);
    ensure!(told.contains("letter.xlsx"), "{told}");
    Ok(())
}

/// What a customer's name, a security's name, a description and a note may all be and is shown as it is.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "=1+1",
        "+1 -1 @SUM(A1) {=1} 'quoted",
        "<b>bold</b> <r><t>rich</t></r> </t></is></c> ]]> <![CDATA[x]]> <!-- -->",
        "&amp; &lt; &#7; &#xFFFF; \"quoted\" %s {} \\",
        "_x0041_ _x005F_ _x000D_ _x_ _xFFFF_",
        "\u{1}\u{8}\u{b}\u{c}\u{1b}\u{1f}\u{7f}\u{85}",
        "seen \u{2028}\u{2029} \u{feff}\u{200b}",
        "\u{202e}evil\u{202c} 葛\u{e0100}飾区 \u{2764}\u{fe0f} 👩\u{200d}👩\u{200d}👧 か\u{3099}",
        "  blanks around \t\r\n lines \n ",
        "\u{3000}全角　空白\u{3000}",
        "https://example.com/?a=1&b=2#x mailto:a@example.com internal:'x'!A1",
    ]
    .map(str::to_owned)
    .to_vec();
    // The longest that a cell holds, which each of these takes in another way.
    texts.push("あ".repeat(32_767));
    texts.push(format!("{}x", "𠮷".repeat(16_383)));
    texts.push("&<\u{1}".repeat(10_922));
    texts.push("_x0041_".repeat(4_681));
    texts.push("a\n".repeat(16_383));
    texts
}

/// Puts a text in the places of an account's names, descriptions and notes.
fn write_text(file: &mut String, account: &str, text: &str) {
    let text = &format!("\"{}\"", text.replace('"', "\"\""));
    let lines: Vec<String> = file
        .split_inclusive('\n')
        .map(|line| {
            if !line.starts_with(&format!("{account},")) {
                return line.to_owned();
            }
            let named = ["山田 太郎", "Ｖｅｒｉｔａｓ", "買付"]
                .iter()
                .fold(line.to_owned(), |line, name| line.replace(name, text));
            // Trades alone end with a net amount; their note follows it.
            named.replace(",0,0,0,-1000\n", &format!(",0,0,0,-1000,{text}\n"))
        })
        .collect();
    *file = lines.concat();
}

/// Documents of every kind and language, and the smallest and the largest.
fn of_every_kind(published: &[Published]) -> Result<Vec<Published>> {
    let mut chosen = BTreeMap::new();
    for document in published {
        let names = ooxml::sheet_names(&document.path)?;
        let kind = SHEETS
            .into_iter()
            .find(|kind| names.starts_with(&kind.map(str::to_owned)))
            .with_context(|| format!("{} is of no known kind: {names:?}", document.key))?;
        chosen.entry(kind).or_insert_with(|| document.clone());
    }
    ensure!(
        chosen.len() == SHEETS.len(),
        "not every kind and language: {:?}",
        chosen.keys()
    );
    let by_size = |document: &&Published| document.bytes;
    let extremes = [
        published.iter().min_by_key(by_size),
        published.iter().max_by_key(by_size),
    ];
    let chosen: BTreeSet<Published> = chosen
        .into_values()
        .chain(extremes.into_iter().flatten().cloned())
        .collect();
    Ok(chosen.into_iter().collect())
}

/// Runs October 2026: so many documents, all of them published and sound.
async fn sound_october(world: &World, documents: usize) -> Result<Vec<Published>> {
    let run = run_october(world).await?;
    let failures = world
        .texts("SELECT document_id, error FROM export_documents WHERE state <> 'succeeded'")
        .await?;
    ensure!(run.code == Some(0) && failures.is_empty(), "{failures:?}");
    let published = world.published()?;
    ensure!(
        published.len() == documents,
        "{} documents",
        published.len()
    );
    expect_sound(&published)?;
    Ok(published)
}

fn expect_sound(published: &[Published]) -> Result<()> {
    let mut findings = Vec::new();
    for document in published {
        for finding in ooxml::check(&document.path)? {
            findings.push(format!("{}: {finding}", document.key));
        }
    }
    ensure!(findings.is_empty(), "{findings:#?}");
    Ok(())
}

/// LibreOffice saves them, and openpyxl sees the sheets that are there, none of them without a cell.
async fn expect_opened(world: &World, documents: &[Published], saved: Saved) -> Result<()> {
    let files: Vec<PathBuf> = documents
        .iter()
        .map(|document| document.path.clone())
        .collect();
    office::open_in_libreoffice(&files, &world.path(""), saved).await?;
    let answers = office::open_in_openpyxl(&files).await?;
    ensure!(
        answers.len() == files.len(),
        "openpyxl answers for {} of {} files",
        answers.len(),
        files.len()
    );
    for (file, answer) in files.iter().zip(&answers) {
        let sheets = answer["sheets"].as_array().context("no sheets")?;
        let names: Vec<&str> = sheets
            .iter()
            .filter_map(|sheet| sheet["name"].as_str())
            .collect();
        ensure!(names == ooxml::sheet_names(file)?, "{answer}");
        ensure!(
            sheets.iter().all(|sheet| sheet["cells"].as_u64() > Some(0)),
            "{answer}"
        );
    }
    Ok(())
}
