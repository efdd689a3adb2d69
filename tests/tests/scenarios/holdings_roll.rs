//! Quantities from snapshot to snapshot: the market under which a holding is kept, and an opening snapshot that is months old.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use calamine::Data;
use serde_json::Value;
use tests::{Audit, Source, Workbook, World, on_every_engine};

use crate::fixtures::{Books, document, forget, profile, run_of};

/// Books with a market in trades and positions.
fn books() -> Books {
    let mut books = Books::empty();
    books.trades = books.trades.replacen("side,", "market,side,", 1);
    books.positions = books.positions.replacen("custody,", "market,custody,", 1);
    books
}

fn account(books: &mut Books, id: &str) -> Result<()> {
    writeln!(books.accounts, "{id},1,Mio Aoba,en,JPY,1,2020-01-01")?;
    Ok(())
}

/// A holding of a security on a day.
fn held(books: &mut Books, id: &str, day: &str, market: &str, quantity: u32) -> Result<()> {
    writeln!(
        books.positions,
        "{id},{day},equity,9001,Aoba,{market},specific,{quantity},1,JPY"
    )?;
    Ok(())
}

/// A trade for nothing, made three days before it settles.
fn moved(
    books: &mut Books,
    id: &str,
    trade: &str,
    days: (&str, &str),
    market: &str,
    side: &str,
    quantity: u32,
) -> Result<()> {
    let (made, settled) = days;
    writeln!(
        books.trades,
        "{id},{trade},{made},{settled},equity,9001,Aoba,{market},{side},specific,{quantity},0,1,JPY,0,0,0,0,0"
    )?;
    Ok(())
}

const OPENING: &str = "2026-09-30";
const CLOSING: &str = "2026-10-31";
const OCTOBER: (&str, &str) = ("2026-10-05", "2026-10-08");

async fn balance(world: &World, id: &str) -> Result<Value> {
    document(world, &format!("2026-10.balance.{id}")).await
}

on_every_engine! {
    async fn a_trade_without_a_market_moves_the_holding_without_one(world: &World) {
        let mut books = books();
        // Both kinds of holding, and trades with and without a market.
        account(&mut books, "A1")?;
        for (day, on_tse, elsewhere) in [(OPENING, 70, 20), (CLOSING, 75, 31)] {
            held(&mut books, "A1", day, "TSE", on_tse)?;
            held(&mut books, "A1", day, "", elsewhere)?;
        }
        moved(&mut books, "A1", "T1", OCTOBER, "TSE", "buy", 5)?;
        moved(&mut books, "A1", "T2", OCTOBER, "", "buy", 7)?;
        // Under this market nothing is held.
        moved(&mut books, "A1", "T3", OCTOBER, "PTS", "buy", 4)?;
        // The holding without a market is there at the end alone.
        account(&mut books, "A2")?;
        held(&mut books, "A2", OPENING, "TSE", 70)?;
        held(&mut books, "A2", CLOSING, "TSE", 70)?;
        held(&mut books, "A2", CLOSING, "", 6)?;
        moved(&mut books, "A2", "T1", OCTOBER, "", "receipt", 6)?;
        // One market alone: a trade without one moves it, as before.
        account(&mut books, "A3")?;
        held(&mut books, "A3", OPENING, "TSE", 70)?;
        held(&mut books, "A3", CLOSING, "TSE", 76)?;
        moved(&mut books, "A3", "T1", OCTOBER, "", "buy", 6)?;
        books.load(world).await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(0)?;
        for id in ["A1", "A2", "A3"] {
            let found = balance(world, id).await?;
            ensure!(found["state"] == "succeeded" && found["cause"].is_null(), "{found}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn the_market_of_a_trade_that_is_not_the_holdings_is_told_as_such(world: &World) {
        let mut books = books();
        for id in ["A1", "A2", "A3"] {
            account(&mut books, id)?;
        }
        // Bought elsewhere, kept on TSE.
        held(&mut books, "A1", OPENING, "TSE", 70)?;
        held(&mut books, "A1", CLOSING, "TSE", 80)?;
        moved(&mut books, "A1", "T1", OCTOBER, "PTS", "buy", 10)?;
        // Moved to another market without a trade.
        held(&mut books, "A2", OPENING, "Growth", 70)?;
        held(&mut books, "A2", CLOSING, "Prime", 70)?;
        // A trade that is missing indeed.
        held(&mut books, "A3", OPENING, "TSE", 70)?;
        held(&mut books, "A3", CLOSING, "TSE", 81)?;
        moved(&mut books, "A3", "T1", OCTOBER, "PTS", "buy", 10)?;
        books.load(world).await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
        let rule = "market in statement_trades must be the one under which statement_positions keeps the holding, or absent in both";
        for (id, words) in [
            ("A1", ["security 9001 (specific): its markets add up together", "a difference of -10", "a difference of 10", rule]),
            ("A2", ["Growth: opening and trades make 70", "Prime: opening and trades make 0", "a difference of 70", rule]),
        ] {
            let found = balance(world, id).await?;
            let error = found["error"].as_str().unwrap_or_default();
            ensure!(found["cause"] == "positions" && words.iter().all(|word| error.contains(word)), "{found}");
        }
        let found = balance(world, "A3").await?;
        ensure!(found["error"].as_str().is_some_and(|error| error.contains("security 9001 of PTS") && !error.contains("together")), "{found}");
        let contract = world.enqueuer(["contract"]).run().await?.expect(0)?.stdout;
        let words: Vec<&str> = contract.split_whitespace().collect();
        ensure!(words.join(" ").contains("the market under which the holding is kept"), "{contract}");
        Ok(())
    }
}

/// The numbers of the only line of the sheet of movements.
fn numbers(world: &World) -> Result<Vec<f64>> {
    let [file] = &world.published()?[..] else {
        anyhow::bail!("one document")
    };
    let book = Workbook::read(&file.path)?;
    let sheet = book.sheet("Movements")?;
    let number = |cell: &Data| match cell {
        Data::Float(number) => Some(*number),
        _ => None,
    };
    Ok(sheet.cells.values().filter_map(number).collect())
}

on_every_engine! {
    async fn an_old_opening_snapshot_is_rolled_forward_to_the_day_before_the_period(world: &World) {
        let mut books = books();
        account(&mut books, "A1")?;
        held(&mut books, "A1", "2026-06-30", "", 40)?;
        held(&mut books, "A1", CLOSING, "", 61)?;
        moved(&mut books, "A1", "T1", ("2026-07-06", "2026-07-08"), "", "buy", 30)?;
        moved(&mut books, "A1", "T2", ("2026-08-06", "2026-08-10"), "", "sell", 8)?;
        moved(&mut books, "A1", "T3", ("2026-08-07", "2026-08-10"), "", "redemption", 1)?;
        // Settles on the first, made the day before: by trade date it is not of the period.
        moved(&mut books, "A1", "T4", ("2026-09-30", "2026-10-01"), "", "receipt", 3)?;
        moved(&mut books, "A1", "T5", OCTOBER, "", "delivery", 3)?;
        // Came and went before the period: nothing to say of it.
        let gone = |trade: &str, side: &str| format!("A1,{trade},2026-07-06,2026-07-08,equity,7777,Gone,,{side},specific,5,0,1,JPY,0,0,0,0,0\n");
        books.trades += &gone("T6", "buy");
        books.trades += &gone("T7", "sell");
        books.load(world).await?;
        for (basis, shown) in [
            // Opening, bought, received, sold, delivered, redeemed, closing.
            ("settlement_date", [61.0, 0.0, 3.0, 0.0, 3.0, 0.0, 61.0]),
            ("trade_date", [64.0, 0.0, 0.0, 0.0, 3.0, 0.0, 61.0]),
        ] {
            forget(world).await?;
            let file = world.path("basis.toml");
            let firm = std::fs::read_to_string(profile(world, "")?)?;
            std::fs::write(&file, format!("position_basis = \"{basis}\"\n{firm}"))?;
            let run = run_of(world, ["--kind", "balance"]).env("STATEMENT_PROFILE", &file.to_string_lossy());
            run.run().await?.expect(0)?;
            let found = balance(world, "A1").await?;
            ensure!(found["cause"].is_null(), "{found}");
            let numbers = numbers(world)?;
            ensure!(numbers == shown, "{basis}: {numbers:?}");
        }
        // What does not add up is proven from the snapshot on, and says so.
        forget(world).await?;
        world.execute("UPDATE statement_trades SET quantity = '31' WHERE trade_id = 'T1'").await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
        let found = balance(world, "A1").await?;
        let says = "opening 62 (the snapshot's 40 and 22 before the period) + bought 0 + received 3";
        ensure!(found["error"].as_str().is_some_and(|error| error.contains(says)), "{found}");
        Ok(())
    }
}

on_every_engine! {
    /// The same, held against the rules as the tests know them.
    async fn rolled_openings_and_mixed_markets_are_as_expected(world: &World) {
        let mut books = books();
        account(&mut books, "A1")?;
        for (market, quantity) in [("TSE", 40), ("", 9)] {
            held(&mut books, "A1", "2026-07-31", market, quantity)?;
            held(&mut books, "A1", CLOSING, market, quantity + 6)?;
            moved(&mut books, "A1", &format!("T{market}"), ("2026-08-06", "2026-08-10"), market, "buy", 4)?;
            moved(&mut books, "A1", &format!("U{market}"), OCTOBER, market, "receipt", 2)?;
        }
        books.load(world).await?;
        run_of(world, []).run().await?.expect(0)?;
        let source = Source::read(world).await?;
        let audit = Audit {
            world,
            source: &source,
            period: "2026-10",
            issued_on: "2026-11-02".parse()?,
            failing: &[],
        };
        let audited = audit.run().await?;
        ensure!(audited.documents == 2, "{audited:?}");
        Ok(())
    }
}
