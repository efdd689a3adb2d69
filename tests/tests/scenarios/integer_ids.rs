//! A firm whose ids are numbers: views by the templates, with the cast and the index that they recommend.

use anyhow::{Context, Result, ensure};
use tests::{Engine, World, on_every_engine};

use crate::fixtures::{Books, RELATIONS, run_october};

/// What `contract --views` prints for the world's engine.
async fn templates(world: &World) -> Result<String> {
    let engine = match world.engine {
        Engine::Postgres => "postgres",
        Engine::Sqlite => "sqlite",
    };
    let printed = world
        .enqueuer(["contract", "--views", engine])
        .run()
        .await?;
    Ok(printed.expect(0)?.stdout)
}

/// Makes the firm's tables of the relations, with integers as account ids.
async fn number_accounts(world: &World) -> Result<()> {
    for relation in RELATIONS {
        let table = relation.replace("statement_", "your_");
        world
            .execute(&format!(
                "ALTER TABLE {relation} RENAME TO {table};
                 ALTER TABLE {table} ADD COLUMN account bigint;
                 UPDATE {table} SET account = CAST(account_id AS bigint)"
            ))
            .await?;
    }
    Ok(())
}

/// The words of the notes, without comment marks and line breaks.
fn notes(templates: &str) -> String {
    let notes = templates.split("CREATE VIEW").next().unwrap_or_default();
    let lines = notes.lines().map(|line| line.trim_start_matches("-- "));
    lines.collect::<Vec<_>>().join(" ")
}

on_every_engine! {
    async fn integer_ids_are_cast_in_views_and_indexes(world: &World) {
        Books::of_october(["1001", "1002"])?.load(world).await?;
        let templates = templates(world).await?;
        let notes = notes(&templates);
        let (_, index) = notes.split_once("CREATE INDEX your_positions_by_0").context("no index in the notes")?;
        let (index, _) = index.split_once(';').context("no end")?;
        ensure!(notes.contains("write CAST(t.account_id AS text) AS account_id"), "{notes}");

        number_accounts(world).await?;
        world.execute(&templates.replace("t.account_id AS account_id", "CAST(t.account AS text) AS account_id")).await?;
        let index = index.replace("account_id", "account");
        world.execute(&format!("CREATE INDEX numbered{index}")).await?;
        world.enqueuer(["check"]).run().await?.expect(0)?;
        run_october(world).await?.expect(0)?;
        ensure!(world.published()?.len() == 4);

        if world.engine == Engine::Postgres {
            ensure!(plan(world).await?.contains("numbered"), "the index does not serve the view");
        }
        Ok(())
    }
}

/// How PostgreSQL would look for a holding of an account if there were more than a few rows.
async fn plan(world: &World) -> Result<String> {
    world
        .execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$",
        )
        .await?;
    let explain = "EXPLAIN SELECT t.quantity FROM statement_positions t WHERE t.account_id = '1001' AND t.as_of = '2026-10-31'";
    let lines = world.texts(explain).await?;
    Ok(format!("{lines:?}"))
}
