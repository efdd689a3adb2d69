//! Whose row it is: ids are the same when their bytes are, whatever the columns' collations and types; ids that no account can have
//! and accounts that were closed before are told, and stop nothing.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{Engine, World, on_every_engine};

use crate::fixtures::{
    Books, PERIOD, RELATIONS, close, document, load_october, replace_trades, run_october, run_of,
};

/// Makes every relation's account_id one of a type whose equality is loose.
async fn loosen(world: &World, setup: &str, column: &str) -> Result<()> {
    if !setup.is_empty() {
        world.execute(setup).await?;
    }
    for relation in RELATIONS {
        let table = relation.replace("statement", "firm");
        let columns = world
            .texts(&match world.engine {
                Engine::Postgres => format!(
                    "SELECT CAST(attname AS text) FROM pg_attribute
                     WHERE attrelid = '{relation}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
                ),
                Engine::Sqlite => {
                    format!("SELECT name FROM pragma_table_info('{relation}') ORDER BY cid")
                }
            })
            .await?;
        let list: Vec<String> = columns
            .into_iter()
            .flatten()
            .flatten()
            .map(|name| {
                if name == "account_id" {
                    format!("{column} AS account_id")
                } else {
                    name
                }
            })
            .collect();
        world
            .execute(&format!(
                "ALTER TABLE {relation} RENAME TO {table}; CREATE VIEW {relation} AS SELECT {} FROM {table}",
                list.join(", ")
            ))
            .await?;
    }
    Ok(())
}

/// Equalities that take other ids for the same, as a statement before and an expression of the column.
fn loose(engine: Engine) -> Vec<(&'static str, &'static str)> {
    match engine {
        Engine::Sqlite => vec![
            ("", "account_id COLLATE NOCASE"),
            ("", "account_id COLLATE RTRIM"),
        ],
        Engine::Postgres => vec![
            ("CREATE EXTENSION citext", "CAST(account_id AS citext)"),
            (
                "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                "account_id COLLATE loose",
            ),
            ("", "CAST(account_id AS character(8))"),
        ],
    }
}

async fn rows_of(world: &World, id: &str) -> Result<Value> {
    let counts = world
        .texts(&format!(
            "SELECT row_counts FROM export_documents WHERE document_id = '{id}'"
        ))
        .await?;
    let counts = counts
        .into_iter()
        .flatten()
        .flatten()
        .next()
        .with_context(|| format!("{id} has no rows"))?;
    Ok(serde_json::from_str(&counts)?)
}

on_every_engine! {
    async fn ids_are_the_same_when_their_bytes_are(world: &World) {
        for (setup, column) in loose(world.engine) {
            let world = &World::new(world.engine).await?;
            // Of the second account four trades, of the first one: whoever mixes them up has five.
            let books = Books::of_october(["A001", "x1", "x2", "a001"])?;
            books.load(world).await?;
            loosen(world, setup, column).await?;
            world.enqueuer(["check"]).run().await?.expect(0).with_context(|| column.to_owned())?;
            run_october(world).await?.expect(0).with_context(|| column.to_owned())?;
            for (account, trades) in [("A001", 1), ("a001", 4)] {
                let rows = rows_of(world, &format!("2026-10.trade.{account}")).await?;
                ensure!(rows["trades"] == trades, "{column}: {account} has {rows}");
                let rows = rows_of(world, &format!("2026-10.balance.{account}")).await?;
                ensure!(rows["holdings"] == 1, "{column}: {account} has {rows}");
            }
            let proof = world.enqueuer(["certificate", "--json"]).run().await?.expect(0)?.json()?;
            ensure!(proof["kinds"]["trade"]["accounts"] == 4, "{column}: {proof}");
        }
        Ok(())
    }
}

on_every_engine! {
    /// Trades of an id that only a loose equality takes for the account's are another's, and show as such.
    async fn what_only_looks_alike_is_another_one(world: &World) {
        for (setup, column) in loose(world.engine) {
            let world = &World::new(world.engine).await?;
            load_october(world, 1).await?;
            let other = if column.contains("RTRIM") || column.contains("character") { "A001x" } else { "a001" };
            world.execute(&format!("UPDATE statement_trades SET account_id = '{other}'")).await?;
            loosen(world, setup, column).await?;
            run_of(world, ["--kind", "trade"]).run().await?.expect(1)?;
            let failed = document(world, &format!("2026-10.trade.{other}")).await?;
            ensure!(failed["cause"] == "unknown_account", "{column}: {failed}");
            let told = world.enqueuer(["check"]).run().await?.expect(78)?.stdout;
            ensure!(told.contains(&format!("1 rows belong to no account of statement_accounts (e.g. account_id {other:?})")), "{column}: {told}");
        }
        Ok(())
    }
}

/// Ids that no account can have, as the source has them and as they are told.
fn unusable() -> Vec<(String, String)> {
    let long = "x".repeat(65);
    ["A001 ", "", "A/1", "A\t1", "株1", &long]
        .map(|id| (id.to_owned(), format!("{id:?}")))
        .into()
}

on_every_engine! {
    async fn an_unusable_id_stops_nothing_and_is_told(world: &World) {
        for (id, told) in unusable() {
            let world = &World::new(world.engine).await?;
            load_october(world, 2).await?;
            let copied = replace_trade(&id, "T9");
            world.execute(&copied).await?;
            let answer = run_october(world).await?.expect(0).with_context(|| told.clone())?.json()?;
            let expected = json!([{"relation": "statement_trades", "rows": 1, "examples": [{"account_id": told, "row": "trade_id \"T9\""}]}]);
            assert_eq!(answer["unusable_account_ids"], expected);
            assert_eq!(world.published()?.len(), 4);
            let status = world.status(PERIOD).await?;
            assert_eq!(status["unusable_account_ids"], expected);
            let words = world.enqueuer(["status"]).run().await?.expect(0)?.stdout;
            ensure!(words.contains("statement_trades: 1 row with an account_id that no account can have") && words.contains(&told), "{words}");
            let proof = world.enqueuer(["certificate"]).run().await?.expect(1)?.stdout;
            ensure!(proof.contains("WRONG  statement_trades: 1 row") && proof.contains(&told), "{proof}");
            let checked = world.enqueuer(["check"]).run().await?.expect(78)?.stdout;
            ensure!(checked.contains("WRONG  statement_trades.account_id: is unusable in 1 row") && checked.contains("trade_id T9"), "{checked}");

            // Corrected, it is a document's, and nothing is told any more.
            world.execute("DELETE FROM statement_trades WHERE trade_id = 'T9'").await?;
            let answer = run_october(world).await?.expect(0)?.json()?;
            assert_eq!(answer["unusable_account_ids"], json!([]));
            assert_eq!(world.status(PERIOD).await?["unusable_account_ids"], json!([]));
            world.enqueuer(["certificate"]).run().await?.expect(0)?;
        }
        Ok(())
    }
}

/// A trade like A001's, of another id.
fn replace_trade(account: &str, trade_id: &str) -> String {
    format!(
        "INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code, security_name,
             side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission, consumption_tax,
             withholding_tax, net_amount)
         SELECT '{account}', '{trade_id}', trade_date, settlement_date, asset_class, security_code, security_name,
             side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission, consumption_tax,
             withholding_tax, net_amount FROM statement_trades WHERE account_id = 'A001'"
    )
}

on_every_engine! {
    async fn unusable_ids_are_found_in_every_relation_of_the_period(world: &World) {
        load_october(world, 2).await?;
        for (relation, of_a002) in [
            ("statement_accounts", "account_id = 'A002'"),
            ("statement_cash_movements", "account_id = 'A002'"),
            ("statement_positions", "account_id = 'A002' AND as_of = '2026-10-31'"),
            ("statement_cash_balances", "account_id = 'A002' AND as_of = '2026-10-31'"),
        ] {
            world.execute(&format!("UPDATE {relation} SET account_id = 'A 2' WHERE {of_a002}")).await?;
        }
        // Of another period: of no concern to this one.
        world.execute(&format!("{}; UPDATE statement_trades SET trade_date = '2026-09-01', settlement_date = '2026-09-03' WHERE trade_id = 'T8'", replace_trade("A/2", "T8"))).await?;
        let answer = run_october(world).await?.json()?;
        let told: Vec<(Option<&str>, Option<i64>)> = answer["unusable_account_ids"]
            .as_array().context("no ids")?.iter()
            .map(|found| (found["relation"].as_str(), found["rows"].as_i64()))
            .collect();
        let expected = [
            (Some("statement_accounts"), Some(1)), (Some("statement_cash_balances"), Some(1)),
            (Some("statement_cash_movements"), Some(2)), (Some("statement_positions"), Some(1)),
        ];
        assert_eq!(told, expected, "{answer}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_row_without_an_account_stops_nothing_and_is_told(world: &World) {
        load_october(world, 2).await?;
        replace_trades(world, "account_id", "CASE account_id WHEN 'A002' THEN NULL ELSE account_id END").await?;
        let answer = run_of(world, ["--kind", "trade"]).run().await?.json()?;
        let found = &answer["unusable_account_ids"][0];
        ensure!(found["relation"] == "statement_trades" && found["rows"] == 2 && found["examples"][0]["account_id"].is_null(), "{answer}");
        assert_eq!(document(world, "2026-10.trade.A001").await?["state"], "succeeded");
        world.enqueuer(["certificate"]).run().await?.expect(1)?;
        Ok(())
    }
}

on_every_engine! {
    async fn closed_accounts_that_move_or_hold_something_are_published(world: &World) {
        load_october(world, 3).await?;
        close(world, "A003").await?;
        // Residual cash, and a holding that was never moved out.
        world.execute(
            "DELETE FROM statement_trades WHERE account_id = 'A001';
             DELETE FROM statement_positions WHERE account_id = 'A001';
             DELETE FROM statement_cash_balances WHERE account_id IN ('A001', 'A002');
             DELETE FROM statement_trades WHERE account_id = 'A002';
             DELETE FROM statement_cash_movements WHERE account_id = 'A002';
             UPDATE statement_positions SET quantity = '100' WHERE account_id = 'A002';
             UPDATE statement_cash_movements SET kind = 'dividend', amount = '800', trade_id = NULL WHERE account_id = 'A001';
             UPDATE statement_accounts SET closed_on = '2026-09-30'",
        ).await?;
        let answer = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((&answer["due"], &answer["closed_active"], &answer["excused"]), (&json!(2), &json!(2), &json!(4)), "{answer}");
        for id in ["2026-10.trade.A001", "2026-10.balance.A002"] {
            assert_eq!(document(world, id).await?["state"], "succeeded", "{id}");
        }
        for id in ["2026-10.balance.A001", "2026-10.trade.A002", "2026-10.trade.A003", "2026-10.balance.A003"] {
            let quiet = document(world, id).await?;
            assert_eq!((&quiet["state"], &quiet["cause"]), (&json!("excused"), &json!("closed_before_period")), "{id}");
        }
        let told = world.enqueuer(["run", "--period", PERIOD, "--at", crate::fixtures::AT]).run().await?.expect(0)?.stdout;
        ensure!(told.contains("2 documents are of accounts that were closed before"), "{told}");
        world.enqueuer(["certificate"]).run().await?.expect(0)?;

        // What is booked after the run comes with the next one.
        world.execute(
            "INSERT INTO statement_cash_movements (account_id, movement_id, booked_on, kind, description, currency, amount)
             VALUES ('A003', 'M9', '2026-10-20', 'dividend', '配当', 'JPY', '500')",
        ).await?;
        run_october(world).await?.expect(0)?;
        assert_eq!(document(world, "2026-10.trade.A003").await?["state"], "succeeded");
        Ok(())
    }
}

on_every_engine! {
    async fn the_certificate_counts_the_rows_of_what_was_published(world: &World) {
        load_october(world, 3).await?;
        run_october(world).await?.expect(0)?;
        world.enqueuer(["certificate"]).run().await?.expect(0)?;
        for (spoilt, says) in [
            ("DELETE FROM statement_trades WHERE account_id = 'A002' AND trade_id = 'T2026-10-1'", "2026-10.trade.A002: 2 of 1 trades"),
            ("INSERT INTO statement_cash_balances (account_id, as_of, currency, amount) VALUES ('A001', '2026-10-31', 'USD', '5')", "2026-10.balance.A001: 1 of 2 cash balances"),
            ("DELETE FROM statement_positions WHERE account_id = 'A003' AND as_of = '2026-10-31'", "e.g. 2026-10.balance.A001: 1 of 2 cash balances"),
        ] {
            world.execute(spoilt).await?;
            // Without a comparison of rows, which would name it before.
            let told = world.enqueuer(["certificate", "--quick"]).run().await?.expect(1)?.stdout;
            ensure!(told.contains(says) && told.contains("enqueuer reissue"), "{says:?} is missing in {told}");
        }
        Ok(())
    }
}
