//! Converters that end before they reached the ledger: they have said nothing there, and nobody has killed them.

use tests::on_every_engine;

use super::afterwards::{expect_settled, sweep_until, with_script};
use super::month_end::run;
use crate::fixtures::{PERIOD, document, load_october, october};
use crate::processes::wait_until;

const TRADE: &str = "2026-10.trade.A001";

on_every_engine! {
    async fn here_too_who_ended_by_himself_was_not_killed(world: &World) {
        load_october(world, 1).await?;
        // The document is claimed, and then its converter ends without a word.
        let claim = "UPDATE export_documents SET state = 'running', attempts = 1, lease_expires_at = 0";
        for (ends, cause) in [("exit 1", "unreported"), ("kill -9 $$", "killed")] {
            let script = format!("touch begun; while [ ! -e claimed ]; do sleep 0.1; done; {ends}");
            for mark in ["begun", "claimed"] {
                let _ = std::fs::remove_file(world.path(mark));
            }
            let running = world.enqueuer_beside(&script, october(["--kind", "trade"]))?.start()?;
            wait_until("a converter runs", async || Ok(world.path("begun").exists())).await?;
            world.execute(claim).await?;
            std::fs::write(world.path("claimed"), "")?;
            assert_eq!(running.wait_with_output().await?.status.code(), Some(75));
            let due = document(world, TRADE).await?;
            assert_eq!((&due["state"], &due["cause"]), (&"due".into(), &cause.into()), "{due}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_converter_that_never_reached_the_ledger_was_not_killed(world: &World) {
        load_october(world, 1).await?;
        let script = "[ \"$AWS_BATCH_JOB_ARRAY_INDEX\" = 0 ] || exit 75; exit 2";
        let cloud = with_script(world, script, |definition| definition).await?;
        cloud.migrate().await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let failed = sweep_until(&cloud, TRADE, "failed").await?;
        assert_eq!(failed["cause"], "unreported", "{failed}");
        let error = failed["error"].as_str().unwrap_or_default();
        assert!(error.contains("could not tell the ledger why") && error.contains("exit code"), "{failed}");
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 0, 2).await
    }
}
