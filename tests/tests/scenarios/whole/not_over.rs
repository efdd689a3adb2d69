//! A month that is not over has no statements; drafts of it are marked, and stand in nobody's way.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use tests::{Workbook, World, on_every_engine, part};

use super::expect_nothing;
use crate::fixtures::{Books, count, profile};

/// Far away, so that a run without `--at` is before its end, too.
const MONTH: &str = "2097-03";
/// In the month, with a daily snapshot of the day before.
const BEFORE_END: &str = "2097-03-28T03:00:00+09:00";
/// Its first instant after it, in the business time zone.
const AFTER_END: &str = "2097-04-01T00:00:00+09:00";

/// The firm as of a day of the month.
async fn load(world: &World, until_the_end: bool) -> Result<()> {
    let mut books = Books::empty();
    writeln!(books.accounts, "A1,0001,山田 太郎,ja,JPY,1,2090-01-01")?;
    books.snapshot("A1", "2097-02-28", 100, 10_000)?;
    books.buy("A1", "T1", "2097-03-05", "2097-03-07")?;
    books.snapshot("A1", "2097-03-27", 200, 9000)?;
    if until_the_end {
        books.buy("A1", "T2", "2097-03-28", "2097-03-30")?;
        books.snapshot("A1", "2097-03-31", 300, 8000)?;
    }
    books.load(world).await
}

async fn expect_refused(world: &World, arguments: &[&str]) -> Result<()> {
    let arguments = [arguments, &["--period", MONTH]].concat();
    let refused = world.enqueuer(arguments).run().await?.expect(75)?;
    let told = refused.stderr.lines().last().unwrap_or_default();
    for words in [
        "2097-03 is not over",
        "until 2097-04-01 00:00 +09:00",
        "Asia/Tokyo",
        "--draft",
    ] {
        ensure!(told.contains(words), "{words:?} is missing in: {told}");
    }
    Ok(())
}

async fn run_whole(world: &World) -> Result<()> {
    load(world, true).await?;
    let run = ["run", "--json", "--period", MONTH, "--at", AFTER_END];
    let made = world.enqueuer(run).run().await?.expect(0)?.json()?;
    ensure!(made["due"] == 2 && made["succeeded"] == 2, "{made}");
    let rows = world
        .texts("SELECT kind, row_counts FROM export_documents ORDER BY kind DESC")
        .await?;
    let of_trades = rows[0][1].clone().context("no row counts")?;
    ensure!(of_trades.contains("\"trades\":2"), "{of_trades}");
    world
        .enqueuer(["certificate", "--period", MONTH])
        .run()
        .await?
        .expect(0)?;
    Ok(())
}

on_every_engine! {
    async fn half_a_month_is_refused_and_the_whole_one_is_made(world: &World) {
        load(world, false).await?;
        expect_refused(world, &["run", "--at", BEFORE_END]).await?;
        expect_refused(world, &["run"]).await?;
        expect_refused(world, &["run", "--kind", "trade", "--account", "A1", "--at", BEFORE_END]).await?;
        expect_refused(world, &["plan", "--at", BEFORE_END]).await?;
        expect_refused(world, &["plan"]).await?;
        expect_refused(world, &["plan", "--start", BEFORE_END]).await?;
        // Before the month ends one looks whether its night will be long enough.
        let later = ["plan", "--period", MONTH, "--start", AFTER_END];
        world.enqueuer(later).run().await?.expect(0)?;
        // The last instant before.
        expect_refused(world, &["run", "--at", "2097-03-31T23:59:59+09:00"]).await?;
        expect_nothing(world, MONTH).await?;
        run_whole(world).await?;
        // Nor is what is published made again as of a day before its end.
        for command in ["reissue", "resubmit"] {
            let document = format!("{MONTH}.trade.A1");
            if command == "resubmit" {
                world.execute("UPDATE export_documents SET state = 'failed' WHERE kind = 'trade'").await?;
            }
            let refused = world
                .enqueuer([command, &document, "--reason", "too early", "--at", BEFORE_END])
                .run()
                .await?
                .expect(75)?;
            ensure!(refused.stderr.contains("is not over"), "{}", refused.stderr);
        }
        Ok(())
    }
}

on_every_engine! {
    async fn the_business_time_zone_says_when_a_month_is_over(world: &World) {
        load(world, true).await?;
        let run = |at: &str| {
            let run = ["run", "--period", MONTH, "--at", at];
            world.enqueuer(run).env("BUSINESS_TIMEZONE", "America/New_York")
        };
        // April in Tokyo, March in New York.
        let refused = run(AFTER_END).run().await?.expect(75)?;
        ensure!(refused.stderr.contains("until 2097-04-01 00:00 -04:00"), "{}", refused.stderr);
        run("2097-04-01T00:00:00-04:00").run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_draft_is_marked_and_stands_in_nobodys_way(world: &World) {
        load(world, false).await?;
        expect_refused(world, &["run", "--at", BEFORE_END]).await?;
        let run = ["run", "--json", "--period", MONTH, "--at", BEFORE_END, "--draft"];
        // Twice: a draft is not in the way of another one either.
        for _ in 0..2 {
            let made = world.enqueuer(run).run().await?.expect(0)?.json()?;
            ensure!(made["succeeded"] == 2 && made["failed"] == 0, "{made}");
            let place = made["drafts"].as_str().context("no place")?;
            ensure!(place.contains("/store/drafts/2097-03-"), "{place}");
        }
        expect_nothing(world, MONTH).await?;
        let drafts = world.published()?;
        ensure!(drafts.len() == 4, "{drafts:?}");
        for draft in &drafts {
            expect_marked(&draft.path)?;
        }
        let plan = ["plan", "--json", "--period", MONTH, "--at", BEFORE_END, "--draft"];
        let plan = world.enqueuer(plan).run().await?.expect(0)?.json()?;
        ensure!(plan["documents"] == 2, "{plan}");

        run_whole(world).await?;
        for published in world.published()?.iter().filter(|file| file.key.starts_with(MONTH)) {
            let texts = [part(&published.path, "docProps/core.xml")?, part(&published.path, "docProps/custom.xml")?];
            ensure!(!texts.concat().contains("下書き") && !texts.concat().contains("Draft"), "{texts:?}");
        }
        ensure!(count(world, "SELECT count(*) FROM export_documents").await? == 2);
        Ok(())
    }
}

/// Title, notice and every page of a workbook say that it is a draft, and so do its properties.
fn expect_marked(path: &std::path::Path) -> Result<()> {
    let workbook = Workbook::read(path)?;
    let summary = workbook.sheet("概要")?;
    ensure!(summary.says("下書き（未確定）"), "no notice");
    let titles = ["取引明細書 【下書き】", "残高明細書 【下書き】"];
    ensure!(titles.iter().any(|title| summary.says(title)), "no title");
    for number in 1..=workbook.sheet_names().len() {
        let sheet = part(path, &format!("xl/worksheets/sheet{number}.xml"))?;
        let (_, header) = sheet.split_once("<oddHeader>").context("no header")?;
        ensure!(header.contains("下書き"), "sheet {number}: {header}");
    }
    let core = part(path, "docProps/core.xml")?;
    ensure!(core.contains("下書き"), "{core}");
    let custom = part(path, "docProps/custom.xml")?;
    ensure!(custom.contains("name=\"Draft\""), "{custom}");
    Ok(())
}

/// On AWS there is no file that all converters could have as their ledger.
#[tokio::test]
async fn there_are_no_drafts_on_aws() -> Result<()> {
    let world = World::new(tests::Engine::Sqlite).await?;
    let profile = profile(&world, "")?;
    let refused = world
        .enqueuer(["run", "--period", MONTH, "--draft"])
        .env("DEPLOYMENT", "aws")
        .env("STORE_URL", "s3://statements")
        .env("ALERTS", "log")
        .env("BUSINESS_TIMEZONE", "Asia/Tokyo")
        .env("STATEMENT_PROFILE", &profile)
        .run()
        .await?
        .expect(78)?;
    ensure!(
        refused.stderr.contains("DEPLOYMENT=local"),
        "{}",
        refused.stderr
    );
    world.close().await
}

on_every_engine! {
    async fn a_draft_says_what_failed(world: &World) {
        load(world, false).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1001'").await?;
        let run = ["run", "--period", MONTH, "--at", BEFORE_END, "--draft"];
        let answer = world.enqueuer(run).run().await?.expect(1)?;
        ensure!(answer.stdout.contains("1 drafts in") && answer.stdout.contains("cause identity"), "{}", answer.stdout);
        Ok(())
    }
}
