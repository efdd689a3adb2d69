//! The ledger's migrations beside those of another program in the same database.

use anyhow::Result;
use tests::{Engine, World, on_every_engine};

use crate::fixtures::{count, document, load_october, run_october};

const COLUMNS: &str = "version, description, installed_on, success, checksum, execution_time";

/// A table of migrations as the library makes it.
async fn make_table_of_the_library(world: &World) -> Result<()> {
    let (time, bytes) = match world.engine {
        Engine::Postgres => ("timestamptz", "bytea"),
        Engine::Sqlite => ("timestamp", "blob"),
    };
    world
        .execute(&format!(
            "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,
             installed_on {time} NOT NULL DEFAULT CURRENT_TIMESTAMP, success boolean NOT NULL, checksum {bytes} NOT NULL,
             execution_time bigint NOT NULL)"
        ))
        .await
}

async fn add_foreign(world: &World, version: i64) -> Result<()> {
    let checksum = match world.engine {
        Engine::Postgres => "'\\x00'",
        Engine::Sqlite => "x'00'",
    };
    world
        .execute(&format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES ({version}, 'orders {version}', true, {checksum}, 1)"
        ))
        .await
}

async fn rows_of(world: &World, table: &str) -> Result<Vec<String>> {
    let query =
        format!("SELECT CAST(version AS text) || ' ' || description FROM {table} ORDER BY version");
    let rows = world.texts(&query).await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

on_every_engine! {
    async fn another_programs_migrations_are_left_alone(world: &World) {
        load_october(world, 1).await?;
        make_table_of_the_library(world).await?;
        // Numbered as ours are, and by days.
        for version in [1, 2, 3, 20_250_101_000_000] {
            add_foreign(world, version).await?;
        }
        let foreign = rows_of(world, "_sqlx_migrations").await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        run_october(world).await?.expect(0)?;
        assert_eq!(world.published()?.len(), 2);
        assert_eq!(rows_of(world, "_sqlx_migrations").await?, foreign);
        Ok(())
    }
}

on_every_engine! {
    async fn an_existing_ledger_is_carried_over(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let ours = rows_of(world, "export_migrations").await?;
        // As an earlier program has it, beside another one's.
        make_table_of_the_library(world).await?;
        world.execute(&format!(
            "INSERT INTO _sqlx_migrations ({COLUMNS}) SELECT {COLUMNS} FROM export_migrations; DROP TABLE export_migrations"
        )).await?;
        add_foreign(world, 20_250_101_000_000).await?;
        let migrate = || world.enqueuer(["migrate"]).run();
        let (one, other) = tokio::join!(migrate(), migrate());
        one?.expect(0)?;
        other?.expect(0)?;
        assert_eq!(rows_of(world, "export_migrations").await?, ours);
        assert_eq!(rows_of(world, "_sqlx_migrations").await?, ["20250101000000 orders 20250101000000"]);
        assert_eq!(document(world, "2026-10.trade.A001").await?["state"], "succeeded");
        assert_eq!(count(world, "SELECT count(*) FROM export_runs").await?, 1);
        Ok(())
    }
}

on_every_engine! {
    async fn a_ledger_that_is_not_carried_over_yet_is_old_not_absent(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        world.execute("ALTER TABLE export_migrations RENAME TO _sqlx_migrations").await?;
        // `plan` changes nothing, and reads what is there under the name that it had.
        let plan = || world.enqueuer(["plan", "--period", "2026-10", "--json"]).run();
        let answer = plan().await?.expect(0)?.json()?;
        assert_eq!((&answer["settled"], &answer["documents"]), (&2.into(), &0.into()), "{answer}");
        // As an earlier program left it.
        world.execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)").await?;
        let old = plan().await?.expect(0)?;
        assert!(old.stdout.contains("`enqueuer migrate`"), "{old:?}");
        Ok(())
    }
}

on_every_engine! {
    async fn two_processes_create_one_ledger(world: &World) {
        let migrate = || world.enqueuer(["migrate"]).run();
        let (one, other) = tokio::join!(migrate(), migrate());
        one?.expect(0)?;
        other?.expect(0)?;
        assert_eq!(count(world, "SELECT count(*) FROM export_runs").await?, 0);
        Ok(())
    }
}
