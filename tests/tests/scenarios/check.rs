//! `check` says what is wrong and the mend, all of it at once.

use anyhow::{Context, Result};
use serde_json::Value;
use tests::{Engine, World, on_every_engine};

use crate::fixtures::{load_october, run_october};

/// What `check --json` finds wrong, as "subject: problem".
fn problems(answer: &Value) -> Result<Vec<String>> {
    let checks = answer["checks"].as_array().context("no checks")?;
    let wrong = checks.iter().filter(|check| check["ok"] == false);
    wrong
        .map(|check| {
            let text = |field: &str| {
                check[field]
                    .as_str()
                    .with_context(|| format!("{field} in {check}"))
            };
            Ok(format!("{}: {}", text("check")?, text("problem")?))
        })
        .collect()
}

/// Expects exactly these problems, each given by its beginning and a word of its mend.
async fn expect_problems(world: &World, expected: &[(&str, &str)]) -> Result<()> {
    let answer = world
        .enqueuer(["check", "--json"])
        .run()
        .await?
        .expect(78)?
        .json()?;
    assert_eq!(answer["ok"], false);
    let problems = problems(&answer)?;
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    let words = world.enqueuer(["check"]).run().await?.expect(78)?.stdout;
    for (start, mend) in expected {
        let found = problems
            .iter()
            .find(|problem| problem.starts_with(start) && problem.contains(mend));
        let found = found
            .with_context(|| format!("{start:?} with {mend:?} is missing in {problems:#?}"))?;
        assert!(
            words.contains(&format!("WRONG  {found}")),
            "{found:?} is missing in\n{words}"
        );
    }
    Ok(())
}

on_every_engine! {
    async fn a_good_source_has_nothing_to_mend(world: &World) {
        load_october(world, 3).await?;
        let answer = world.enqueuer(["check", "--json"]).run().await?.expect(0)?.json()?;
        assert_eq!(answer["ok"], true);
        assert_eq!(problems(&answer)?, Vec::<String>::new());
        let subjects: Vec<&str> =
            answer["checks"].as_array().context("no checks")?.iter().filter_map(|check| check["check"].as_str()).collect();
        for subject in ["settings", "ledger", "source", "statement_trades", "statement_cash_balances", "store", "converter"] {
            assert!(subjects.iter().any(|found| found.starts_with(subject)), "{subject} is missing in {subjects:?}");
        }
        let words = world.enqueuer(["check"]).run().await?.expect(0)?.stdout;
        assert!(!words.contains("WRONG") && words.contains("ok     statement_accounts"), "{words}");
        assert!(words.contains("Margin trades and derivatives are out of scope"), "{words}");
        Ok(())
    }
}

on_every_engine! {
    async fn every_deviation_is_named(world: &World) {
        load_october(world, 2).await?;
        world.execute(
            "DROP TABLE statement_cash_movements;
             ALTER TABLE statement_accounts DROP COLUMN holder_name;
             ALTER TABLE statement_accounts DROP COLUMN postal_address",
        ).await?;
        match world.engine {
            Engine::Postgres => world.execute(
                "ALTER TABLE statement_trades ALTER COLUMN net_amount TYPE double precision;
                 ALTER TABLE statement_trades ALTER COLUMN trade_date TYPE timestamp;
                 ALTER TABLE statement_positions ALTER COLUMN as_of TYPE text;
                 ALTER TABLE statement_cash_balances ALTER COLUMN amount TYPE text",
            ).await?,
            Engine::Sqlite => {
                // SQLite changes no types: the columns are made anew.
                for (table, column, declared) in [
                    ("statement_trades", "net_amount", "double precision"),
                    ("statement_trades", "trade_date", "timestamp"),
                    ("statement_positions", "as_of", "integer"),
                    ("statement_cash_balances", "amount", "real"),
                ] {
                    let indexes = world.texts(&format!(
                        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = '{table}'"
                    )).await?;
                    for index in indexes.into_iter().flatten().flatten() {
                        world.execute(&format!("DROP INDEX {index}")).await?;
                    }
                    world.execute(&format!(
                        "ALTER TABLE {table} DROP COLUMN {column}; ALTER TABLE {table} ADD COLUMN {column} {declared}"
                    )).await?;
                }
            }
        }
        // The optional postal address is not missed.
        expect_problems(world, &[
            ("statement_cash_movements: is missing", "enqueuer contract --views"),
            ("statement_accounts.holder_name: is missing", "add it as text"),
            ("statement_trades.net_amount: is of type double precision", "cast it in a view"),
            ("statement_trades.trade_date: is of type timestamp", "the contract wants"),
            ("statement_positions.as_of: is of type", "the contract wants"),
            ("statement_cash_balances.amount: is of type", "cast it in a view"),
        ]).await
    }
}

on_every_engine! {
    async fn what_only_the_data_can_show_is_named(world: &World) {
        load_october(world, 3).await?;
        world.execute(
            "DELETE FROM statement_accounts WHERE account_id = 'A003';
             ALTER TABLE statement_accounts RENAME TO firm_accounts;
             CREATE VIEW statement_accounts AS
                 SELECT * FROM firm_accounts UNION ALL SELECT * FROM firm_accounts WHERE account_id = 'A002'",
        ).await?;
        expect_problems(world, &[
            ("statement_accounts: account_id A002 occurs 2 times", "must be unique"),
            ("statement_trades: 3 rows belong to no account", "add the accounts or leave the rows out"),
            ("statement_cash_movements: 3 rows belong to no account", "A003"),
            ("statement_positions: 2 rows belong to no account", "A003"),
            ("statement_cash_balances: 2 rows belong to no account", "A003"),
        ]).await
    }
}

on_every_engine! {
    async fn unusable_settings_are_all_named(world: &World) {
        let answer = world.enqueuer(["check"])
            .env("STORE_URL", "ftp://x").env("BUSINESS_TIMEZONE", "Asia/Tokio").env("LEASE_SECONDS", "soon")
            .run().await?.expect(78)?;
        for setting in ["STORE_URL", "BUSINESS_TIMEZONE", "LEASE_SECONDS"] {
            assert!(answer.stdout.contains(&format!("WRONG  settings: {setting}")), "{}", answer.stdout);
        }
        Ok(())
    }
}

on_every_engine! {
    async fn an_unwritable_store_is_named(world: &World) {
        load_october(world, 1).await?;
        std::fs::write(world.store(), "in the way")?;
        expect_problems(world, &[("store ", "STORE_URL")]).await
    }
}

on_every_engine! {
    async fn looking_changes_nothing(world: &World) {
        load_october(world, 1).await?;
        world.enqueuer(["check"]).run().await?.expect(0)?;
        let ledger = world.texts("SELECT count(*) FROM export_runs").await;
        assert!(ledger.is_err(), "check created the ledger");
        run_october(world).await?.expect(0)?;
        world.enqueuer(["check"]).run().await?.expect(0)?;
        Ok(())
    }
}

/// `SQLite` keeps whatever it is given.
#[tokio::test]
async fn binary_numbers_in_a_column_of_no_type_are_named() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 1).await?;
    crate::fixtures::replace_trades(&world, "net_amount", "net_amount + 0.0").await?;
    expect_problems(
        &world,
        &[(
            "statement_trades.net_amount: holds binary floating point",
            "store decimals as TEXT",
        )],
    )
    .await
}
