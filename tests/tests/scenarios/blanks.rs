//! Texts that are there and say nothing, dates that stand for none, and a consent that nobody can tell.

use anyhow::{Result, ensure};
use tests::{Engine, Workbook, World, on_every_engine};

use crate::fixtures::{Books, document, forget, load_october, run_of};

const TRADE: &str = "2026-10.trade.A001";
const BALANCE: &str = "2026-10.balance.A001";

/// A month of one account whose source was spoilt. The document is refused under every policy, and says all of the words.
async fn expect_refused(world: &World, spoil: &str, id: &str, words: &[&str]) -> Result<()> {
    forget(world).await?;
    load_october(world, 1).await?;
    world.execute(spoil).await?;
    let kind = if id == TRADE { "trade" } else { "balance" };
    run_of(world, ["--kind", kind]).run().await?.expect(1)?;
    let found = document(world, id).await?;
    ensure!(
        found["state"] == "failed" && found["cause"] == "shape",
        "{spoil}: {found}"
    );
    let error = found["error"].as_str().unwrap_or_default();
    for word in words {
        ensure!(
            error.contains(word),
            "{spoil}: {word:?} is missing in: {error}"
        );
    }
    Ok(())
}

on_every_engine! {
    async fn a_blank_where_a_text_must_be_is_refused_as_a_null(world: &World) {
        let blank = "it is empty or blank";
        for (relation, column, value, id) in [
            ("statement_accounts", "holder_name", "", TRADE),
            ("statement_accounts", "account_no", " \u{3000}", TRADE),
            ("statement_trades", "security_code", "\u{3000}", TRADE),
            ("statement_trades", "security_name", "\t ", TRADE),
            ("statement_trades", "trade_id", "", TRADE),
            ("statement_trades", "trade_id", " ", BALANCE),
            ("statement_cash_movements", "movement_id", "\u{A0}", TRADE),
            ("statement_positions", "security_name", "", BALANCE),
            ("statement_positions", "security_code", "\u{2003}", BALANCE),
        ] {
            let spoil = format!("UPDATE {relation} SET {column} = '{value}'");
            expect_refused(world, &spoil, id, &[relation, &format!("column {column}: "), blank]).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_blank_in_an_optional_column_is_no_value(world: &World) {
        // Each as it is without the columns, byte for byte.
        load_october(world, 1).await?;
        run_of(world, []).run().await?.expect(0)?;
        let mut plain = Vec::new();
        for id in [TRADE, BALANCE] {
            plain.push(document(world, id).await?["sha256"].clone());
        }
        for blank in ["", " ", "\u{3000}", "\r\n"] {
            forget(world).await?;
            load_october(world, 1).await?;
            let columns: Vec<String> = [
                ("statement_accounts", "postal_address"), ("statement_accounts", "rollout_group"),
                ("statement_trades", "market"), ("statement_trades", "event"), ("statement_trades", "note"),
                ("statement_trades", "settlement_currency"), ("statement_positions", "market"),
                ("statement_cash_movements", "pocket"), ("statement_cash_balances", "pocket"),
                ("statement_cash_movements", "security_name"),
            ]
            .iter()
            .map(|(relation, column)| format!("UPDATE {relation} SET {column} = '{blank}'"))
            .collect();
            world.execute(&columns.join("; ")).await?;
            run_of(world, []).run().await?.expect(0)?;
            for (id, plain) in [TRADE, BALANCE].into_iter().zip(&plain) {
                let found = document(world, id).await?;
                ensure!(found["sha256"] == *plain && found["cause"].is_null(), "{blank:?}: {found}");
            }
        }
        // What SQL does not trim would be one market to a query and none to its reader.
        let odd = "UPDATE statement_trades SET market = '\u{A0}'";
        let words = ["statement_trades", "column market: ", "white space of other kinds"];
        expect_refused(world, odd, TRADE, &words).await
    }
}

on_every_engine! {
    async fn blank_and_null_are_the_same_pocket_and_market(world: &World) {
        let mut books = Books::of_october(["A001"])?;
        books.buy("A001", "T9", "2026-10-12", "2026-10-14")?;
        books.positions = books.positions.replace("2026-10-31,equity,130A,Ｖｅｒｉｔａｓ,specific,200", "2026-10-31,equity,130A,Ｖｅｒｉｔａｓ,specific,300");
        books.balances = books.balances.replace("2026-10-31,JPY,999000", "2026-10-31,JPY,998000");
        books.load(world).await?;
        world.execute(
            "UPDATE statement_cash_movements SET pocket = '' WHERE movement_id = 'MT9';
             UPDATE statement_cash_balances SET pocket = ' ' WHERE as_of = '2026-09-30';
             UPDATE statement_trades SET market = '\u{3000}' WHERE trade_id = 'T9';
             UPDATE statement_positions SET market = '' WHERE as_of = '2026-10-31'",
        ).await?;
        run_of(world, []).run().await?.expect(0)?;
        for id in [TRADE, BALANCE] {
            let found = document(world, id).await?;
            ensure!(found["state"] == "succeeded" && found["cause"].is_null(), "{found}");
        }
        // The same holding twice in a snapshot, once as null and once as blank.
        forget(world).await?;
        world.execute(
            "DROP INDEX IF EXISTS statement_positions_unique;
             INSERT INTO statement_positions (account_id, as_of, asset_class, security_code, security_name, custody, quantity,
                 price_unit, currency)
             SELECT account_id, as_of, asset_class, security_code, security_name, custody, quantity, price_unit, currency
             FROM statement_positions WHERE as_of = '2026-10-31'",
        ).await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
        let found = document(world, BALANCE).await?;
        ensure!(found["error"].as_str().is_some_and(|error| error.contains("occurs 2 times")), "{found}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_movements_description_may_be_empty(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_cash_movements SET description = ''").await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let [file] = &world.published()?[..] else { anyhow::bail!("one document") };
        ensure!(Workbook::read(&file.path)?.sheet("入出金明細")?.says("前月末残高"));
        Ok(())
    }
}

on_every_engine! {
    async fn a_consent_that_is_unknown_is_refused_and_not_taken_for_paper(world: &World) {
        let words = ["statement_accounts (account_id A001)", "column electronic_delivery: \"2\" is not known; the contract has 0, 1"];
        for id in [TRADE, BALANCE] {
            expect_refused(world, "UPDATE statement_accounts SET electronic_delivery = 2", id, &words).await?;
        }
        // A link is refused with the same word, not with that of a customer who does not consent.
        forget(world).await?;
        load_october(world, 1).await?;
        run_of(world, []).run().await?.expect(0)?;
        world.execute("UPDATE statement_accounts SET electronic_delivery = 7").await?;
        let link = world.enqueuer(["link", TRADE]).run().await?.expect(65)?;
        ensure!(link.stderr.contains("column electronic_delivery: \"7\" is not known"), "{}", link.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn dates_that_stand_for_none_are_told_from_days(world: &World) {
        for (spoil, state) in [
            ("closed_on = '9999-12-31'", "succeeded"),
            ("closed_on = '9999-01-01', opened_on = '1900-01-01'", "succeeded"),
            ("opened_on = '0001-01-01'", "succeeded"),
            ("closed_on = '2019-12-31'", "failed"),
        ] {
            forget(world).await?;
            load_october(world, 1).await?;
            world.execute(&format!("UPDATE statement_accounts SET {spoil}")).await?;
            run_of(world, []).run().await?.expect(i32::from(state == "failed"))?;
            for id in [TRADE, BALANCE] {
                let found = document(world, id).await?;
                ensure!(found["state"] == state, "{spoil}: {found}");
            }
        }
        let found = document(world, TRADE).await?;
        let words = "column closed_on: the account was closed before it was opened";
        ensure!(found["cause"] == "shape" && found["error"].as_str().is_some_and(|error| error.contains(words)), "{found}");
        Ok(())
    }
}

on_every_engine! {
    /// Nobody knows what an account had of which nobody knows when it was opened.
    async fn an_account_of_unknown_age_is_older_than_the_period(world: &World) {
        load_october(world, 1).await?;
        world.execute(
            "DELETE FROM statement_cash_balances WHERE as_of < '2026-10-01';
             UPDATE statement_accounts SET opened_on = '1900-01-01'",
        ).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let found = document(world, TRADE).await?;
        ensure!(found["cause"] == "cash" && found["error"].as_str().is_some_and(|error| error.contains("the account is older")), "{found}");
        Ok(())
    }
}

/// `PostgreSQL` has no such dates; `SQLite`'s are text.
#[tokio::test]
async fn a_date_of_zeros_is_refused_and_no_closure() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let words = ["column closed_on: \"0000-00-00\" is not a date"];
    expect_refused(
        &world,
        "UPDATE statement_accounts SET closed_on = '0000-00-00'",
        TRADE,
        &words,
    )
    .await?;
    forget(&world).await?;
    load_october(&world, 1).await?;
    world
        .execute("UPDATE statement_accounts SET closed_on = ''")
        .await?;
    run_of(&world, []).run().await?.expect(0)?;
    ensure!(document(&world, TRADE).await?["state"] == "succeeded");
    Ok(())
}

/// `PostgreSQL`'s dates without an end.
#[tokio::test]
async fn infinite_dates_are_open_and_unknown() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    world
        .execute("UPDATE statement_accounts SET closed_on = 'infinity', opened_on = '-infinity'")
        .await?;
    run_of(&world, []).run().await?.expect(0)?;
    ensure!(document(&world, TRADE).await?["state"] == "succeeded");
    Ok(())
}
