//! What runbooks promise beyond the exit codes of their commands.

use anyhow::Result;
use serde_json::json;
use tests::cloud::Cloud;
use tests::{World, on_every_engine};

use crate::aws::month_end::{expect_complete, run};
use crate::fixtures::{PERIOD, load_october};

const TABLES: [&str; 16] = [
    "export_prunings",
    "export_changes",
    "export_comparisons",
    "export_certificates",
    "export_unusable_ids",
    "export_alerts",
    "export_actions",
    "export_holds",
    "export_attempts",
    "export_job_documents",
    "export_documents",
    "export_jobs",
    "export_runs",
    "export_probes",
    "export_leases",
    "export_migrations",
];

/// October is published, and the ledger is that of before: nothing is in it.
async fn restored_from_a_backup(world: &World) -> Result<Cloud<'_>> {
    load_october(world, 2).await?;
    let cloud = Cloud::of(world).await?;
    cloud.migrate().await?;
    cloud.enqueuer(run([])).run().await?.expect(0)?;
    cloud.sweep_to_the_end(PERIOD).await?;
    for table in TABLES {
        world.execute(&format!("DROP TABLE {table}")).await?;
    }
    cloud.migrate().await?;
    Ok(cloud)
}

on_every_engine! {
    /// Of `database`: the month as of the instant of its first run is adopted.
    async fn a_restored_ledger_adopts_what_is_published(world: &World) {
        let cloud = restored_from_a_backup(world).await?;
        let before = world.published()?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let counts = cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(counts["succeeded"], 4, "{counts}");
        assert_eq!(world.published()?, before);
        expect_complete(world, &cloud, 4).await
    }
}

on_every_engine! {
    /// Of `database`: on another day it is another document, and nothing is overwritten.
    async fn on_another_day_a_restored_ledger_finds_others(world: &World) {
        let cloud = restored_from_a_backup(world).await?;
        let before = world.published()?;
        let later = ["run", "--period", PERIOD, "--at", "2026-11-05T09:00:00+09:00"];
        cloud.enqueuer(later).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        let document = cloud.document(PERIOD, "2026-10.trade.A001").await?;
        assert_eq!((&document["state"], &document["cause"]), (&json!("failed"), &json!("foreign_object")), "{document}");
        assert_eq!(world.published()?, before);
        Ok(())
    }
}

on_every_engine! {
    /// Of `rollback`: an older program refuses a ledger that was migrated for a newer one, in every command and converter.
    async fn an_older_program_refuses_a_newer_ledger(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        world.execute("UPDATE export_migrations SET version = 99 WHERE version = (SELECT max(version) FROM export_migrations)").await?;
        let refused = |text: &str| assert!(text.contains("newer version (99)") && text.contains("use the newer program"), "{text}");
        refused(&cloud.enqueuer(["check"]).run().await?.expect(78)?.stdout);
        for command in [&["status"][..], &["sweep"], &["migrate"], &["run", "--period", PERIOD]] {
            refused(&cloud.enqueuer(command.iter().copied()).run().await?.expect(78)?.stderr);
        }
        refused(&cloud.converter(["--document", "2026-10.trade.A001", "--verify"]).run().await?.expect(78)?.stderr);
        Ok(())
    }
}
