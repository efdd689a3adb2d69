//! What nobody would ever come back to: sweeps alone bring it to its end, or say so.

use hyper::Method;
use serde_json::json;
use std::time::Duration;
use tests::batch::{Disturbance, Operation};
use tests::cloud::Cloud;
use tests::on_every_engine;
use tests::s3::Fault;

use super::afterwards::{alerts, expect_settled};
use super::month_end::run;
use crate::fixtures::{AT, PERIOD, count, load_october, run_of};
use crate::processes::wait_until;

const TRADE: &str = "2026-10.trade.A001";

on_every_engine! {
    async fn a_run_that_died_before_it_recorded_anything_is_told_of(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        world.execute(
            "INSERT INTO export_runs (run_id, period, issued_on, program_version, started_at, lease_expires_at)
             VALUES ('died', '2026-10', '2026-11-02', 'test', 0, 0)",
        ).await?;
        let swept = cloud.enqueuer(["sweep"]).env("ALERTS", "log").run().await?.expect(0)?;
        assert!(swept.stdout.contains("1 ended; 1 alerts sent"), "{}", swept.stdout);
        assert_eq!(alerts(&swept), ["run_failed"]);
        let again = cloud.enqueuer(["sweep"]).run().await?.expect(0)?;
        assert_eq!(alerts(&again), Vec::<String>::new());
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn what_an_operator_s_converter_left_open_is_made_by_a_job(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        // Recorded and never submitted.
        cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, tests::batch::Fault::Deny));
        cloud.enqueuer(run([])).run().await?.expect(78)?;
        cloud.s3.disturb(&Method::PUT, Fault::Slow(Duration::from_mins(5)), 1);
        let mut converter = cloud.converter(["--document", TRADE]).start()?;
        wait_until("the document is uploaded", async || {
            Ok(!cloud.s3.requests_of(&Method::PUT).is_empty())
        })
        .await?;
        converter.start_kill()?;
        converter.wait().await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_queue_that_refuses_does_not_fill_the_ledger(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, tests::batch::Fault::Deny).times(4));
        cloud.enqueuer(run([])).run().await?.expect(78)?;
        for _ in 0..3 {
            // It says so, and does what else there is to do.
            let swept = cloud.enqueuer(["sweep", "--deadline", "2020-01-01T00:00:00Z"]).run().await?.expect(78)?;
            assert!(swept.stdout.contains("\"Documents\""), "no metrics: {}", swept.stdout);
        }
        let deadline = "SELECT count(*) FROM export_alerts WHERE alert_id LIKE '%.deadline' AND sent_at IS NOT NULL";
        assert_eq!(count(world, deadline).await?, 1);
        assert_eq!(count(world, "SELECT count(*) FROM export_jobs").await?, 0);
        assert_eq!(count(world, "SELECT count(*) FROM export_job_documents").await?, 0);
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn what_is_adopted_after_a_resubmission_has_the_date_it_was_made_with(world: &World) {
        load_october(world, 1).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        // Published, and the ledger never heard of it: it failed, and is resubmitted on another day.
        world.execute(
            "UPDATE export_documents SET state = 'failed', cause = 'timeout', object_key = NULL, sha256 = NULL;
             UPDATE export_attempts SET outcome = 'lost'",
        ).await?;
        let later = ["resubmit", TRADE, "--reason", "timed out", "--at", "2026-11-20T09:00:00+09:00", "--json"];
        let answer = world.enqueuer(later).run().await?.expect(0)?.json()?;
        assert_eq!(answer["runs"][0]["succeeded"], 1, "{answer}");
        let issued = world.texts("SELECT issued_on FROM export_documents").await?;
        assert_eq!(json!(issued), json!([[&AT[..10]]]), "the day that the published document shows");
        world.converter(["--document", TRADE, "--verify"]).run().await?.expect(0)?;
        Ok(())
    }
}
