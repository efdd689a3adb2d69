//! Whose a document is: a converter of another job leaves it alone, one that lost it cannot settle it, and a sweep waits for whoever
//! still holds it, whatever Batch says.

use std::time::Duration;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::json;
use tests::cloud::Cloud;
use tests::s3::Fault;
use tests::{World, on_every_engine};

use crate::fixtures::{PERIOD, attempts, document, load_october, long_lease, run_of};
use crate::processes::wait_until;

const TRADE: &str = "2026-10.trade.A001";

/// State and holder of the only document.
async fn standing(world: &World) -> Result<[Option<String>; 2]> {
    let rows = world
        .texts("SELECT state, attempt_id FROM export_documents")
        .await?;
    let [row] = rows.try_into().ok().context("not one document")?;
    row.try_into().ok().context("not two columns")
}

on_every_engine! {
    async fn a_converter_leaves_the_document_of_another_job(world: &World) {
        load_october(world, 1).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let job = world.texts("SELECT job_id FROM export_jobs").await?[0][0].clone().context("no job")?;
        let made = attempts(world).await?;
        world.execute(
            "INSERT INTO export_jobs (job_id, run_id, slots, created_at) SELECT 'another', run_id, 1, created_at FROM export_jobs",
        ).await?;
        // Waiting for the other job's converter, and left by one that died.
        for standing_so in [
            "state = 'submitted', attempt_id = NULL, lease_expires_at = NULL",
            "state = 'running', attempt_id = 'lost', lease_expires_at = 1",
        ] {
            world.execute(&format!("UPDATE export_documents SET job_id = 'another', {standing_so}")).await?;
            let before = standing(world).await?;
            world.converter(["--job", &job]).run().await?.expect(0)?;
            assert_eq!(standing(world).await?, before);
            assert_eq!(attempts(world).await?, made);
        }
        // Whose it is takes it up.
        world.execute("INSERT INTO export_job_documents (job_id, slot, document_id) SELECT 'another', 0, document_id FROM export_documents").await?;
        world.converter(["--job", "another"]).run().await?.expect(0)?;
        assert_eq!(document(world, TRADE).await?["state"], "succeeded");
        Ok(())
    }
}

on_every_engine! {
    async fn who_lost_the_document_while_it_published_does_not_settle_it(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        run_of(world, ["--kind", "trade"]).env("LOCAL_PARALLEL", "1").run().await?.expect(0)?;
        let [published] = &world.published()?[..] else { anyhow::bail!("not one object") };
        s3.remove(&published.key)?;
        world.execute("UPDATE export_documents SET state = 'due', sha256 = NULL, attempt_id = NULL").await?;
        // Its lease is renewed every ten seconds: it hears of the loss when it settles.
        s3.disturb(&Method::PUT, Fault::SlowAnswer(Duration::from_secs(4)), 1);
        let puts = s3.requests_of(&Method::PUT).len();
        let mut converter = world.converter(["--document", TRADE]).env("LEASE_SECONDS", "30").start()?;
        wait_until("it publishes", async || Ok(s3.requests_of(&Method::PUT).len() > puts)).await?;
        let lease = long_lease(world);
        world.execute(&format!("UPDATE export_documents SET attempt_id = 'another', lease_expires_at = {lease}")).await?;
        assert_eq!(converter.wait().await?.code(), Some(75), "the lease is lost");
        assert_eq!(standing(world).await?, [Some("running".to_owned()), Some("another".to_owned())]);
        assert!(document(world, TRADE).await?["sha256"].is_null());
        Ok(())
    }
}

on_every_engine! {
    async fn a_sweep_waits_for_a_live_lease_whatever_batch_says(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.enqueuer(["run", "--period", PERIOD, "--kind", "trade"]).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        // After a lost answer two of Batch's jobs worked on it, and one of them still does.
        let lease = long_lease(world);
        world.execute(&format!(
            "UPDATE export_documents SET state = 'running', attempt_id = 'another', lease_expires_at = {lease};
             UPDATE export_jobs SET settled_at = NULL"
        )).await?;
        for _ in 0..2 {
            let swept = cloud.sweep().await?;
            assert_eq!((&swept["settled"], &swept["submitted"]), (&json!(0), &json!(0)), "{swept}");
            assert_eq!(standing(world).await?, [Some("running".to_owned()), Some("another".to_owned())]);
        }
        world.execute("UPDATE export_documents SET lease_expires_at = 1").await?;
        assert_eq!(cloud.sweep().await?["settled"], 1);
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(cloud.document(PERIOD, TRADE).await?["state"], "succeeded");
        Ok(())
    }
}
