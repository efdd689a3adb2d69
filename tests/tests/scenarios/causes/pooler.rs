//! A pooler before source or ledger.

use anyhow::Result;
use tests::pooler::Pooler;
use tests::{Engine, World};

use crate::fixtures::{attempts, count, expect_one_line, load_october, run_of};

const FEW: &str = "default_pool_size = 3\nignore_startup_parameters = extra_float_digits";

#[tokio::test]
async fn a_source_behind_a_pooler_in_transaction_mode_is_read() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 12).await?;
    let pooler = Pooler::start(&world, "transaction", FEW).await?;
    let check = world
        .enqueuer(["check"])
        .env("SOURCE_DATABASE_URL", &pooler.url());
    check.run().await?.expect(0)?;
    // A process each, and several documents over one connection.
    for (kind, per_slot) in [("trade", "1"), ("balance", "4")] {
        let run = run_of(
            &world,
            [
                "--kind",
                kind,
                "--parallel",
                "4",
                "--documents-per-slot",
                per_slot,
            ],
        );
        let run = run.env("SOURCE_DATABASE_URL", &pooler.url()).run().await?;
        let run = run.expect(0)?.json()?;
        assert_eq!(run["succeeded"], 12, "{run}");
    }
    let attempts = attempts(&world).await?;
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.ends_with("1 succeeded")),
        "{attempts:?}"
    );
    let certificate = ["certificate", "--period", "2026-10"];
    let certificate = world
        .enqueuer(certificate)
        .env("SOURCE_DATABASE_URL", &pooler.url());
    certificate.run().await?.expect(0)?;
    let link = ["link", "2026-10.trade.A001"];
    let link = world
        .enqueuer(link)
        .env("SOURCE_DATABASE_URL", &pooler.url());
    link.run().await?.expect(0)?;
    world.close().await
}

#[tokio::test]
async fn a_ledger_behind_a_pooler_in_transaction_mode_is_refused_first() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 2).await?;
    let pooler = Pooler::start(&world, "transaction", FEW).await?;
    let words = ["pooler in transaction mode", "session mode"];
    for command in [
        &["migrate"][..],
        &["run", "--period", "2026-10"],
        &["status"],
    ] {
        let command = world.enqueuer(command.iter().copied());
        let refused = command.env("DATABASE_URL", &pooler.url()).run().await?;
        expect_one_line(refused, 78, &words)?;
    }
    let check = world.enqueuer(["check"]).env("DATABASE_URL", &pooler.url());
    let check = check.run().await?.expect(78)?;
    assert!(check.stdout.contains(words[0]), "{}", check.stdout);
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 'export_runs'";
    assert_eq!(count(&world, tables).await?, 0, "something was recorded");
    world.close().await
}

#[tokio::test]
async fn a_ledger_behind_a_pooler_in_session_mode_works() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 2).await?;
    let settings = "default_pool_size = 30\nignore_startup_parameters = extra_float_digits";
    let pooler = Pooler::start(&world, "session", settings).await?;
    let run = run_of(&world, ["--parallel", "2"]).env("DATABASE_URL", &pooler.url());
    run.run().await?.expect(0)?;
    assert_eq!(world.published()?.len(), 4);
    world.close().await
}

#[tokio::test]
async fn a_pooler_that_refuses_the_drivers_settings_says_what_to_ignore() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    let pooler = Pooler::start(&world, "transaction", "").await?;
    let run = run_of(&world, []).env("SOURCE_DATABASE_URL", &pooler.url());
    expect_one_line(
        run.run().await?,
        78,
        &["ignore_startup_parameters = extra_float_digits"],
    )?;
    world.close().await
}
