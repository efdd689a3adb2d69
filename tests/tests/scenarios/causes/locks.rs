//! Locks, and servers that end what is idle or only read.

use std::time::Duration;

use anyhow::Result;
use tests::{Engine, World, on_every_engine};
use tokio::time::sleep;

use crate::fixtures::{
    AT, PERIOD, attempts, count, document, expect_one_line, load_october, replace_trades,
    run_october, run_of, running,
};
use crate::processes::wait_until;

/// The world's database, in sessions that have a setting.
fn with_setting(world: &World, setting: &str) -> String {
    format!("{}&options=-c%20{setting}", world.database_url())
}

const LOCK_FOR: &str =
    "BEGIN; LOCK TABLE statement_trades IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT";

#[tokio::test]
async fn a_lock_that_is_not_had_in_time_is_tried_again() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 20).await?;
    let source = with_setting(&world, "lock_timeout=100ms");
    let run = run_of(&world, []).env("SOURCE_DATABASE_URL", &source);
    let lock = async {
        while world.published()?.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
        world.execute(LOCK_FOR).await
    };
    let (run, locked) = tokio::join!(run.run(), lock);
    locked?;
    let run = run?.expect(0)?.json()?;
    assert_eq!(run["succeeded"], 40, "{run}");
    let attempts = attempts(&world).await?;
    assert!(
        attempts
            .iter()
            .any(|attempt| !attempt.ends_with("succeeded")),
        "the lock was in nobody's way: {attempts:?}"
    );
    world.close().await
}

#[tokio::test]
async fn a_run_that_does_not_get_a_lock_says_try_again() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    let source = with_setting(&world, "lock_timeout=100ms");
    let run = async {
        sleep(Duration::from_millis(400)).await;
        let run = run_of(&world, []).env("SOURCE_DATABASE_URL", &source);
        run.run().await
    };
    let (run, locked) = tokio::join!(run, world.execute(LOCK_FOR));
    locked?;
    expect_one_line(run?, 75, &["a lock was not had in time"])?;
    run_october(&world).await?.expect(0)?;
    world.close().await
}

#[tokio::test]
async fn a_ledger_that_only_reads_is_a_retry() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    run_of(&world, ["--kind", "trade"]).run().await?.expect(0)?;
    let ledger = with_setting(&world, "default_transaction_read_only=on");
    let run = run_of(&world, []).env("DATABASE_URL", &ledger);
    let run = run.run().await?.expect(75)?;
    assert!(
        run.stderr.contains("only reads at the moment"),
        "{}",
        run.stderr
    );
    run_october(&world).await?.expect(0)?;
    world.close().await
}

#[tokio::test]
async fn the_transaction_ends_when_the_last_row_is_read() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    // Long enough that the workbook is still written and opened again long after the last row was read.
    world
        .execute(
            "INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code, security_name, side,
                 custody, quantity, unit_price, price_unit, currency, gross_amount, commission, consumption_tax, withholding_tax, net_amount)
             SELECT account_id, 'L' || n, DATE '2026-10-30', DATE '2026-11-04', asset_class, security_code, security_name, side, custody, quantity,
                 unit_price, price_unit, currency, gross_amount, commission, consumption_tax, withholding_tax, net_amount
             FROM statement_trades, generate_series(1, 30000) n",
        )
        .await?;
    let source = format!("{}&application_name=rows", world.database_url());
    let mut run = run_of(&world, ["--kind", "trade"])
        .env("SOURCE_DATABASE_URL", &source)
        .env("LEASE_SECONDS", "60")
        .start()?;
    let in_snapshot = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name = 'rows' AND xact_start IS NOT NULL";
    let reads = async || anyhow::Ok((running(&world).await?, count(&world, in_snapshot).await?));
    wait_until("rows are read", async || Ok(reads().await? == (1, 1))).await?;
    wait_until("the snapshot has ended before the document", async || {
        Ok(reads().await? == (1, 0))
    })
    .await?;
    anyhow::ensure!(run.wait().await?.success(), "the run failed");
    assert_eq!(attempts(&world).await?, ["2026-10.trade.A001 1 succeeded"]);
    world.close().await
}

on_every_engine! {
    async fn the_first_error_of_a_snapshot_is_the_documents(world: &World) {
        load_october(world, 3).await?;
        let (column, expression, said) = match world.engine {
            Engine::Postgres => (
                "commission",
                "commission / CASE account_id WHEN 'A002' THEN 0 ELSE 1 END",
                "division by zero",
            ),
            Engine::Sqlite => (
                "commission",
                "CASE account_id WHEN 'A002' THEN abs(-9223372036854775807 - (quantity = quantity)) ELSE commission END",
                "integer overflow",
            ),
        };
        replace_trades(world, column, expression).await?;
        let run = run_of(world, ["--kind", "trade"]).run().await?.expect(1)?.json()?;
        assert_eq!((&run["succeeded"], &run["failed"]), (&2.into(), &1.into()), "{run}");
        let failed = document(world, "2026-10.trade.A002").await?;
        assert_eq!(failed["cause"], "source", "{failed}");
        let error = failed["error"].as_str().unwrap_or_default();
        assert!(error.contains("statement_trades") && error.contains(said), "{error}");
        assert!(!error.contains("aborted"), "{error}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_price_that_cannot_be_read_fails_its_own_document(world: &World) {
        load_october(world, 3).await?;
        let (expression, said) = match world.engine {
            Engine::Postgres => ("unit_price / CASE account_id WHEN 'A002' THEN 0 ELSE 1 END", "division by zero"),
            Engine::Sqlite => ("CASE account_id WHEN 'A002' THEN json_extract('{bad', '$') ELSE unit_price END", "malformed JSON"),
        };
        replace_trades(world, "unit_price", expression).await?;
        let plan = world.enqueuer(["plan", "--period", PERIOD, "--at", AT]).run().await?.expect(0)?.stdout;
        assert!(plan.contains("prices and rates could not be compared: ") && plan.contains(said), "{plan}");
        let run = run_of(world, []).run().await?.expect(1)?.json()?;
        assert_eq!((&run["succeeded"], &run["failed"]), (&5.into(), &1.into()), "{run}");
        let why = run["findings"]["not_compared"].as_str().unwrap_or_default();
        assert!(why.contains(said), "{run}");
        assert_eq!(document(world, "2026-10.trade.A002").await?["state"], "failed");
        Ok(())
    }
}
