//! The last summary is true: of the run it is about, and of the period as it stands, whatever was stopped, held or made again.

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::{Value, json};
use tests::cloud::Cloud;
use tests::s3::Fault;
use tests::{Program, Topic, World, on_every_engine};

use super::{in_states, ready, run_but_hold_from, run_trades, steer, stop};
use crate::aws::month_end::run;
use crate::fixtures::{PERIOD, expect_ledger_agrees_with_store};
use crate::steering::alerts::told;
use crate::steering::{mend_trades, spoil_trades};

const A1: &str = "2026-10.trade.A001";

/// Sweeps until no run is open, and returns what summaries said, oldest first.
async fn summaries(cloud: &Cloud<'_>, topic: &Topic) -> Result<Vec<String>> {
    for _ in 0..100 {
        let swept = sweep(cloud, topic).await?;
        if swept["open_runs"] == 0 {
            let told = told(topic)?.into_iter();
            return Ok(told.filter(|told| told.contains("run_summary")).collect());
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    anyhow::bail!("runs do not end: {:?}", cloud.status(PERIOD).await?)
}

async fn sweep(cloud: &Cloud<'_>, topic: &Topic) -> Result<Value> {
    let sweep = told_to(topic, cloud.enqueuer(["sweep", "--json"]));
    sweep.run().await?.expect(0)?.json()
}

/// A command whose alerts go to the topic.
fn told_to(topic: &Topic, command: Program) -> Program {
    command
        .env("ALERTS", &format!("sns:{}", topic.arn()))
        .env("AWS_ENDPOINT_URL_SNS", &topic.url())
}

fn expect_says(summary: &str, words: &[&str]) -> Result<()> {
    for words in words {
        ensure!(
            summary.contains(words),
            "{words:?} is missing in: {summary}"
        );
    }
    Ok(())
}

/// Every document is of the run that is named.
async fn expect_all_of(world: &World, run: &Value, documents: usize) -> Result<()> {
    let of = world.texts("SELECT run_id FROM export_documents").await?;
    let expected = vec![json!([run["run_id"]]); documents];
    ensure!(json!(of) == json!(expected), "{of:?}, expected {run}");
    Ok(())
}

on_every_engine! {
    async fn what_a_held_run_could_not_publish_is_the_resuming_run_s(world: &World) {
        let cloud = ready(world, 2).await?;
        cloud.s3.disturb(&Method::PUT, Fault::Refuse(403, "AccessDenied"), 2);
        run_trades(&cloud, &["--documents-per-slot", "1"]).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let topic = Topic::start().await?;
        sweep(&cloud, &topic).await?;
        assert_eq!(in_states(&cloud, ["due"]).await?, [2]);
        // What the converter said of itself stands wherever it is looked for, and not that Batch says "78".
        let right = "no right to s3://statements/firm/monthly/2026-10/trade/A00";
        let held = told(&topic)?.into_iter().find(|told| told.contains("is held")).context("no hold is told")?;
        expect_says(&held, &[right, "s3:PutObject"])?;
        let document = cloud.document(PERIOD, A1).await?;
        let error = document["error"].as_str().unwrap_or_default();
        ensure!(error.starts_with(right) && !error.contains("Batch"), "{document}");
        let status = cloud.enqueuer(["status", "--period", PERIOD]).run().await?.expect(0)?.stdout;
        expect_says(&status, &["held, config: a converter is misconfigured: no right to s3://", "--resume"])?;
        ensure!(!status.contains("exit code"), "{status}");

        let resumed = run_trades(&cloud, &["--resume"]).run().await?.expect(0)?.json()?;
        let summaries = summaries(&cloud, &topic).await?;
        expect_all_of(world, &resumed, 2).await?;
        assert_eq!(summaries.len(), 1, "{summaries:#?}");
        expect_says(&summaries[0], &["2026-10: 2 documents published, 0 failed", "The period as it stands: 2 of 2 documents published, 0 failed, 0 open"])?;
        cloud.converter(["--document", A1, "--verify"]).run().await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_stopped_run_and_the_resuming_one_each_tell_their_own_and_the_period(world: &World) {
        let cloud = ready(world, 3).await?;
        let topic = Topic::start().await?;
        run_but_hold_from(&cloud, 3, 1, run_trades(&cloud, &[])).await?;
        stop(&cloud).await?;
        cloud.batch.release();
        cloud.batch.wait_idle().await?;
        sweep(&cloud, &topic).await?;
        assert_eq!(in_states(&cloud, ["succeeded", "due"]).await?, [1, 2]);
        // Whoever runs ends what there is to end, too, and tells of it.
        told_to(&topic, run_trades(&cloud, &["--resume"])).run().await?.expect(0)?;
        let summaries = summaries(&cloud, &topic).await?;
        assert_eq!(summaries.len(), 2, "{summaries:#?}");
        expect_says(&summaries[0], &["2026-10: 1 document published, 0 failed; of the period "])?;
        expect_says(&summaries[1], &[
            "2026-10: 2 documents published, 0 failed; of the period 3 of 3 published, 0 failed",
            "The period as it stands: 3 of 3 documents published, 0 failed, 0 open",
        ])
    }
}

on_every_engine! {
    async fn a_resubmission_s_summary_tells_the_whole_period_too(world: &World) {
        let cloud = ready(world, 3).await?;
        let topic = Topic::start().await?;
        spoil_trades(world, &["A001"]).await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let first = summaries(&cloud, &topic).await?;
        expect_says(&first[0], &["2026-10: 5 documents published, 1 failed", "5 of 6 documents published, 1 failed, 0 open"])?;
        mend_trades(world).await?;
        steer(&cloud, "resubmit", &["--failed"]).run().await?.expect(0)?;
        let all = summaries(&cloud, &topic).await?;
        assert_eq!(all.len(), 2, "{all:#?}");
        expect_says(&all[1], &[
            "2026-10: 1 document published, 0 failed; of the period 6 of 6 published, 0 failed",
            "The period as it stands: 6 of 6 documents published, 0 failed, 0 open",
        ])
    }
}

on_every_engine! {
    async fn what_a_resubmission_adopts_is_in_its_summary(world: &World) {
        let cloud = ready(world, 1).await?;
        let topic = Topic::start().await?;
        run_trades(&cloud, &[]).run().await?.expect(0)?;
        summaries(&cloud, &topic).await?;
        // Published, and the ledger never heard of it: it failed, and is resubmitted on another day.
        world.execute(
            "UPDATE export_documents SET state = 'failed', cause = 'timeout', object_key = NULL, sha256 = NULL;
             UPDATE export_attempts SET outcome = 'lost'",
        ).await?;
        let again = steer(&cloud, "resubmit", &[A1]).run().await?.expect(0)?.json()?;
        let all = summaries(&cloud, &topic).await?;
        assert_eq!(all.len(), 2, "{all:#?}");
        expect_says(&all[1], &["2026-10: 1 document published, 0 failed", "1 of 1 document published, 0 failed, 0 open"])?;
        expect_all_of(world, &again["runs"][0], 1).await?;
        cloud.converter(["--document", A1, "--verify"]).run().await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await
    }
}
