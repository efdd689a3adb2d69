//! What Batch loses, the sweep settles: made again where that may help, failed with its cause where it does not.

use anyhow::{Context, Result, ensure};
use aws_sdk_batch::Client;
use aws_sdk_batch::config::{BehaviorVersion, Credentials, Region};
use hyper::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tests::batch::{Definition, Operation, Status};
use tests::cloud::Cloud;
use tests::s3::Fault;
use tests::{World, on_every_engine};

use super::afterwards::{
    alerts, expect_settled, only_job, sweep, sweep_to_the_end, sweep_until, uploading, with_script,
};
use super::month_end::run;
use crate::fixtures::{PERIOD, attempts, count, load_october};
use crate::processes::wait_until;

const TRADE: &str = "2026-10.trade.A001";
const BALANCE: &str = "2026-10.balance.A001";

/// A month end of one trade statement, which is a single job.
async fn submit_trade(cloud: &Cloud<'_>) -> Result<()> {
    let arguments = run(["--kind", "trade", "--account", "A001"]);
    cloud.enqueuer(arguments).run().await?.expect(0)?;
    Ok(())
}

/// The bucket lets this many uploads wait for longer than any test takes.
fn hold_uploads(cloud: &Cloud<'_>, uploads: usize) {
    let slow = Fault::Slow(Duration::from_mins(5));
    cloud.s3.disturb(&Method::PUT, slow, uploads);
}

/// A world with one account on AWS.
async fn one_account(world: &World) -> Result<Cloud<'_>> {
    load_october(world, 1).await?;
    let cloud = Cloud::of(world).await?;
    cloud.migrate().await?;
    Ok(cloud)
}

/// One trade statement whose converter is held right before it publishes; its job.
async fn one_upload(world: &World) -> Result<(Cloud<'_>, String)> {
    let cloud = one_account(world).await?;
    hold_uploads(&cloud, 1);
    submit_trade(&cloud).await?;
    let job = uploading(&cloud, 1).await?;
    Ok((cloud, job))
}

fn expect_failed(document: &Value, cause: &str, words: &[&str]) -> Result<()> {
    ensure!(
        document["state"] == "failed" && document["cause"] == cause,
        "{document}"
    );
    let error = document["error"].as_str().unwrap_or_default();
    for word in words {
        ensure!(error.contains(word), "{word:?} is missing in: {error}");
    }
    Ok(())
}

/// An operator's own hand on Batch, past the enqueuer.
fn by_hand(cloud: &Cloud<'_>) -> Client {
    let settings = aws_sdk_batch::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(common::aws::http_client())
        .endpoint_url(cloud.batch.url())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(Credentials::new(
            "AKIDOFANOPERATOR",
            "secret",
            None,
            None,
            "test",
        ))
        .build();
    Client::from_conf(settings)
}

on_every_engine! {
    async fn a_converter_without_memory_fails_its_document_at_once(world: &World) {
        let (cloud, job) = one_upload(world).await?;
        assert!(cloud.batch.run_out_of_memory(&job));
        let failed = sweep_until(&cloud, TRADE, "failed").await?;
        expect_failed(&failed, "out_of_memory", &["OutOfMemoryError: Container killed", "exit code 137"])?;
        only_job(&cloud.batch)?;
        expect_trade_alone(world, &cloud, 0, 1).await
    }
}

on_every_engine! {
    async fn a_timeout_fails_the_document(world: &World) {
        let cloud = one_account(world).await?;
        hold_uploads(&cloud, 1);
        let arguments = run(["--kind", "trade", "--account", "A001"]);
        // Two seconds here.
        cloud.enqueuer(arguments).env("SIZE_CLASSES", "all::0.25:512:60").run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let failed = sweep_until(&cloud, TRADE, "failed").await?;
        expect_failed(&failed, "timeout", &["longer than its timeout", "size class"])?;
        only_job(&cloud.batch)?;
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 given_back")], "told to terminate, it said so");
        expect_trade_alone(world, &cloud, 0, 1).await
    }
}

on_every_engine! {
    async fn a_killed_converter_s_document_is_made_again(world: &World) {
        let (cloud, job) = one_upload(world).await?;
        assert!(cloud.batch.kill(&job));
        cloud.batch.wait_idle().await?;
        assert_eq!(cloud.sweep().await?["settled"], 0, "its lease is alive: it may be another job's");
        sweep_until(&cloud, TRADE, "succeeded").await?;
        assert_eq!(cloud.batch.submitted().len(), 2);
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 lost"), format!("{TRADE} 1 succeeded")]);
        expect_trade_alone(world, &cloud, 1, 0).await
    }
}

on_every_engine! {
    async fn killed_in_three_submissions_a_document_fails(world: &World) {
        let cloud = one_account(world).await?;
        hold_uploads(&cloud, 3);
        submit_trade(&cloud).await?;
        for submission in 1..=3 {
            wait_until("the document is submitted again", async || {
                cloud.sweep().await?;
                Ok(cloud.batch.submitted().len() == submission)
            }).await?;
            let job = uploading(&cloud, submission).await?;
            assert!(cloud.batch.kill(&job));
        }
        let failed = sweep_until(&cloud, TRADE, "failed").await?;
        expect_failed(&failed, "killed", &["Batch says", "exit code 137"])?;
        cloud.sweep().await?;
        assert_eq!(cloud.batch.submitted().len(), 3);
        expect_trade_alone(world, &cloud, 0, 1).await?;

        // An operator who knows better has three more.
        cloud.enqueuer(["resubmit", TRADE, "--reason", "nothing kills any more"]).run().await?.expect(0)?;
        sweep_until(&cloud, TRADE, "succeeded").await?;
        expect_trade_alone(world, &cloud, 1, 0).await
    }
}

on_every_engine! {
    async fn what_a_lost_host_had_is_made_again(world: &World) {
        let (cloud, job) = one_upload(world).await?;
        assert!(cloud.batch.lose_host(&job, "Host EC2 (instance i-0) terminated."));
        sweep_until(&cloud, TRADE, "succeeded").await?;
        assert_eq!(cloud.batch.submitted().len(), 2);
        expect_trade_alone(world, &cloud, 1, 0).await
    }
}

on_every_engine! {
    async fn a_spot_interruption_is_retried_by_batch(world: &World) {
        let (cloud, job) = one_upload(world).await?;
        assert!(cloud.batch.interrupt_spot(&job));
        cloud.batch.wait_idle().await?;
        let document = cloud.document(PERIOD, TRADE).await?;
        assert_eq!(document["state"], "succeeded", "no sweep is needed: {document}");
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 given_back"), format!("{TRADE} 2 succeeded")]);
        only_job(&cloud.batch)?;
        expect_trade_alone(world, &cloud, 1, 0).await
    }
}

on_every_engine! {
    async fn an_image_that_cannot_be_pulled_is_tried_nine_times(world: &World) {
        let cloud = one_account(world).await?;
        let pull = "CannotPullContainerError: 503 Service Unavailable";
        cloud.batch.fail_starts(2, pull, "Task failed to start");
        submit_trade(&cloud).await?;
        cloud.batch.wait_idle().await?;
        assert_eq!(cloud.document(PERIOD, TRADE).await?["state"], "succeeded", "retried by Batch's rules");
        only_job(&cloud.batch)?;

        cloud.batch.fail_starts(9, pull, "Task failed to start");
        let balance = run(["--kind", "balance", "--account", "A001"]);
        cloud.enqueuer(balance).run().await?.expect(0)?;
        let failed = sweep_until(&cloud, BALANCE, "failed").await?;
        expect_failed(&failed, "lost_host", &["Task failed to start", pull])?;
        assert_eq!((failed["attempts"].clone(), cloud.batch.submitted().len()), (json!(0), 4));
        expect_settled(world, &cloud, 1, 1).await
    }
}

on_every_engine! {
    async fn what_an_operator_cancels_in_batch_is_failed_as_cancelled(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::with(world, |definition| Definition { max_parallel: 1, ..definition }).await?;
        cloud.migrate().await?;
        hold_uploads(&cloud, 1);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let running = uploading(&cloud, 1).await?;
        let job = only_job(&cloud.batch)?;
        let waiting: Vec<String> = (0..4).map(|slot| format!("{job}:{slot}")).filter(|id| *id != running).collect();
        // The waiting one first: it would begin when the running one ends.
        by_hand(&cloud).cancel_job().job_id(&waiting[0]).reason("nor this one").send().await?;
        by_hand(&cloud).terminate_job().job_id(&running).reason("not this one").send().await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        let status = cloud.status(PERIOD).await?;
        let documents = status["documents"].as_array().context("no documents")?;
        let failed: Vec<&Value> = documents.iter().filter(|document| document["state"] == "failed").collect();
        assert_eq!(failed.len(), 2, "{status}");
        for document in failed {
            expect_failed(document, "cancelled", &["this one"])?;
        }
        only_job(&cloud.batch)?;
        expect_settled(world, &cloud, 2, 2).await
    }
}

on_every_engine! {
    async fn what_the_queue_s_time_limit_cancels_is_failed_as_stuck(world: &World) {
        let cloud = one_account(world).await?;
        cloud.batch.hold(None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let job = only_job(&cloud.batch)?;
        wait_until_runnable(&cloud, &format!("{job}:1")).await?;
        assert_eq!(cloud.batch.cancel_by_time_limit("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"), 2);
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_failed(&cloud.document(PERIOD, TRADE).await?, "stuck_runnable", &["INSUFFICIENT_INSTANCE_CAPACITY"])?;
        expect_settled(world, &cloud, 0, 2).await
    }
}

on_every_engine! {
    async fn a_job_that_can_never_run_is_told_of_and_ended(world: &World) {
        let cloud = one_account(world).await?;
        let why = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT";
        cloud.batch.hold(Some(why));
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        wait_until_runnable(&cloud, &format!("{}:1", only_job(&cloud.batch)?)).await?;
        let patient = || cloud.enqueuer(["sweep"]).env("LOST_AFTER_SECONDS", "600");
        let mut heard = Vec::new();
        for _ in 0..2 {
            heard.extend(alerts(&patient().run().await?.expect(0)?));
        }
        assert_eq!(heard, ["queue_stuck"], "said once, and waited for");
        assert_eq!(cloud.batch.count(Operation::CancelJob), 0);
        sweep_to_the_end(&cloud, &mut heard).await?;
        assert_eq!(cloud.batch.count(Operation::CancelJob), 1);
        expect_failed(&cloud.document(PERIOD, TRADE).await?, "stuck_runnable", &[why])?;
        assert_eq!(heard, ["queue_stuck", "stuck_runnable", "run_summary"]);
        only_job(&cloud.batch)?;
        expect_settled(world, &cloud, 0, 2).await
    }
}

on_every_engine! {
    async fn what_lost_its_job_definition_is_failed(world: &World) {
        let cloud = one_account(world).await?;
        cloud.batch.hold(None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        wait_until_runnable(&cloud, &format!("{}:1", only_job(&cloud.batch)?)).await?;
        assert_eq!(cloud.batch.deregister_definition(), 2);
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_failed(&cloud.document(PERIOD, TRADE).await?, "job_definition", &["not in ACTIVE status"])?;
        expect_settled(world, &cloud, 0, 2).await
    }
}

on_every_engine! {
    async fn a_job_that_batch_has_forgotten_is_submitted_again(world: &World) {
        let cloud = one_account(world).await?;
        cloud.batch.hold(None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.forget(&only_job(&cloud.batch)?);
        let early = cloud.enqueuer(["sweep", "--json"]).env("LOST_AFTER_SECONDS", "600").run().await?.expect(0)?.json()?;
        assert_eq!((&early["settled"], &early["submitted"]), (&json!(0), &json!(0)));
        wait_until("it counts as lost", async || {
            cloud.sweep().await?;
            Ok(cloud.batch.submitted().len() == 2)
        }).await?;
        // Now both run; the children of the first find that their documents are another job's.
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        cloud.batch.wait_idle().await?;
        assert_eq!(count(world, "SELECT count(*) FROM export_attempts").await?, 2);
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn misconfigured_converters_hold_the_period_until_it_is_resumed(world: &World) {
        load_october(world, 3).await?;
        let mended = world.path("mended");
        let script = format!("[ -e '{}' ] && exec \"$CONVERTER\" \"$@\"; echo wrong >&2; exit 78", mended.display());
        let cloud = with_script(world, &script, |definition| definition).await?;
        cloud.migrate().await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let mut heard = Vec::new();
        let (first, second) = tokio::join!(sweep_alone(&cloud), sweep_alone(&cloud));
        heard.extend(first?);
        heard.extend(second?);
        for _ in 0..2 {
            sweep(&cloud, &mut heard).await?;
        }
        assert_eq!(heard, ["period_held"]);
        let due = "SELECT count(*) FROM export_documents WHERE state = 'due' AND cause = 'config' AND submissions = 0";
        assert_eq!(count(world, due).await?, 6, "no document fails for it");
        let held = cloud.enqueuer(run([])).run().await?.expect(75)?.json()?;
        assert!(held["held"].as_str().is_some_and(|why| why.contains("exit code 78")), "{held}");
        only_job(&cloud.batch)?;

        std::fs::write(&mended, "")?;
        cloud.enqueuer(run(["--resume"])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(cloud.batch.submitted().len(), 2);
        expect_settled(world, &cloud, 6, 0).await
    }
}

on_every_engine! {
    async fn a_slot_that_ended_well_without_settling_is_made_again(world: &World) {
        load_october(world, 2).await?;
        let (lied, died) = (world.path("lied"), world.path("died"));
        // The first to begin says that all is well, the second is killed; later ones do their work.
        let script = format!(
            "mkdir '{}' 2>/dev/null && exit 0; mkdir '{}' 2>/dev/null && kill -9 $$; exec \"$CONVERTER\" \"$@\"",
            lied.display(), died.display()
        );
        let cloud = with_script(world, &script, |definition| definition).await?;
        cloud.migrate().await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        cloud.batch.hold(None);
        cloud.sweep().await?;
        let again = cloud.batch.submitted();
        assert_eq!((again.len(), again[1].size), (2, Some(2)));
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn what_passes_in_none_of_three_attempts_fails_with_its_own_cause(world: &World) {
        let cloud = one_account(world).await?;
        cloud.s3.disturb(&Method::PUT, Fault::Damage, 3);
        submit_trade(&cloud).await?;
        let failed = sweep_until(&cloud, TRADE, "failed").await?;
        expect_failed(&failed, "aws", &["BadDigest"])?;
        assert_eq!(failed["attempts"], 3);
        only_job(&cloud.batch)?;
        expect_trade_alone(world, &cloud, 0, 1).await?;
        cloud.enqueuer(["resubmit", "--failed", "--cause", "aws", "--reason", "S3 is well again"]).run().await?.expect(0)?;
        sweep_until(&cloud, TRADE, "succeeded").await?;
        expect_trade_alone(world, &cloud, 1, 0).await
    }
}

/// As [`expect_settled`], where the balance statement was not asked for yet: the certificate would miss it, and be right to.
async fn expect_trade_alone(
    world: &World,
    cloud: &Cloud<'_>,
    succeeded: usize,
    failed: usize,
) -> Result<()> {
    cloud
        .enqueuer(run(["--kind", "balance", "--account", "A001"]))
        .run()
        .await?
        .expect(0)?;
    cloud.sweep_to_the_end(PERIOD).await?;
    expect_settled(world, cloud, succeeded + 1, failed).await
}

async fn sweep_alone(cloud: &Cloud<'_>) -> Result<Vec<String>> {
    let mut heard = Vec::new();
    sweep(cloud, &mut heard).await?;
    Ok(heard)
}

async fn wait_until_runnable(cloud: &Cloud<'_>, id: &str) -> Result<()> {
    let is_runnable = |batch: &tests::batch::BatchServer| {
        batch
            .statuses(id)
            .is_ok_and(|statuses| statuses.last() == Some(&Status::Runnable))
    };
    cloud.batch.wait_until("it is RUNNABLE", is_runnable).await
}
