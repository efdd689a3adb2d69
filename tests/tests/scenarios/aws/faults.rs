//! Faults of the surroundings: database, bucket, clocks, and Batch jobs that are there twice.

use std::time::Duration;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};
use tests::batch::{Definition, Disturbance, Operation};
use tests::cloud::Cloud;
use tests::s3::Fault;
use tests::{Engine, World, on_every_engine};

use super::afterwards::{expect_settled, only_job, uploading};
use super::month_end::run;
use super::wire::{Wire, wrong_clock};
use crate::fixtures::{
    PERIOD, attempts, count, load_october, restore_trades, running, slow_down_trades,
};
use crate::processes::wait_until;

const TRADE: &str = "2026-10.trade.A001";

/// Sets variables of the job definition.
fn with_environment(mut definition: Definition, variables: &[(&str, &str)]) -> Definition {
    for (name, value) in variables {
        definition.environment.retain(|(known, _)| known != name);
        definition
            .environment
            .push(((*name).to_owned(), (*value).to_owned()));
    }
    definition
}

/// A world whose converters have their database at the end of a wire.
async fn wired<'a>(world: &'a World, wire: &Wire) -> Result<Cloud<'a>> {
    let url = wire.url().to_owned();
    let change = |definition| with_environment(definition, &[("DATABASE_URL", &url)]);
    let cloud = Cloud::with(world, change).await?;
    cloud.migrate().await?;
    Ok(cloud)
}

async fn submit(cloud: &Cloud<'_>) -> Result<String> {
    cloud.enqueuer(run([])).run().await?.expect(0)?;
    only_job(&cloud.batch)
}

/// The attempts that Batch has seen end of a single job, or of the slots of an array of two.
fn ended_attempts(cloud: &Cloud<'_>, job: &str) -> usize {
    let of_child = |id: &str| {
        let child = cloud.batch.job(id).unwrap_or_default();
        child["attempts"].as_array().map_or(0, Vec::len)
    };
    of_child(job) + of_child(&format!("{job}:0")) + of_child(&format!("{job}:1"))
}

on_every_engine! {
    async fn a_database_that_is_gone_before_the_first_row_costs_nothing(world: &World) {
        load_october(world, 1).await?;
        let wire = Wire::to(world).await?;
        let cloud = wired(world, &wire).await?;
        wire.cut_until(async {
            submit(&cloud).await?;
            cloud.batch.wait_idle().await
        }).await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        let tried = cloud.batch.submitted().len();
        assert_eq!(tried, if world.engine == Engine::Postgres { 2 } else { 1 }, "three attempts in vain, and a new submission");
        assert_eq!(attempts(world).await?.len(), 2, "none of them was an attempt for the ledger");
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_database_that_goes_amid_the_rows_costs_an_attempt(world: &World) {
        load_october(world, 1).await?;
        let wire = Wire::to(world).await?;
        let cloud = wired(world, &wire).await?;
        slow_down_trades(world, 4).await?;
        cloud.enqueuer(run(["--kind", "trade"])).run().await?.expect(0)?;
        let job = only_job(&cloud.batch)?;
        wait_until("the trades are being read", async || Ok(running(world).await? == 1)).await?;
        wire.cut_until(cloud.batch.wait_until("the attempt has ended", |_| ended_attempts(&cloud, &job) > 0)).await?;
        assert!(cloud.s3.requests_of(&Method::PUT).is_empty(), "nothing was published");
        restore_trades(world).await?;
        cloud.batch.wait_idle().await?;
        let of_trade = attempts(world).await?;
        assert_eq!(of_trade.len(), 2, "{of_trade:?}");
        assert!(!of_trade[0].ends_with("succeeded") && of_trade[1] == format!("{TRADE} 2 succeeded"), "{of_trade:?}");
        only_job(&cloud.batch)?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_database_that_goes_after_the_rows_finds_the_document_adopted(world: &World) {
        load_october(world, 1).await?;
        let wire = Wire::to(world).await?;
        let cloud = wired(world, &wire).await?;
        cloud.s3.disturb(&Method::PUT, Fault::SlowAnswer(Duration::from_millis(1500)), 2);
        let job = submit(&cloud).await?;
        wait_until("both documents are published", async || Ok(cloud.s3.objects()?.len() == 2)).await?;
        let published = cloud.s3.objects()?;
        wire.cut_until(cloud.batch.wait_until("both attempts have ended", |_| ended_attempts(&cloud, &job) >= 2)).await?;
        // Whoever built it now would build another one.
        world.execute("UPDATE statement_trades SET note = 'later'").await?;
        cloud.batch.wait_idle().await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(cloud.s3.objects()?, published);
        assert_eq!(cloud.s3.requests_of(&Method::PUT).len(), 2, "found before it was built again");
        only_job(&cloud.batch)?;
        // The certificate would tell of it.
        world.execute("UPDATE statement_trades SET note = NULL").await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_ledger_that_goes_before_the_submission_is_confirmed_knows_it_later(world: &World) {
        load_october(world, 1).await?;
        let wire = Wire::to(world).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let late = tests::batch::Fault::AnswerLate(Duration::from_secs(1));
        cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, late));
        let run = cloud.enqueuer(run([])).env("DATABASE_URL", wire.url()).start()?;
        cloud.batch.wait_until("the job is there", |batch| batch.count(Operation::SubmitJob) == 1).await?;
        let status = wire.cut_until(async { Ok(run.wait_with_output().await?.status) }).await?;
        // SQLite's lock was only waited for.
        let expected = if world.engine == Engine::Postgres { 75 } else { 0 };
        assert_eq!(status.code(), Some(expected));
        cloud.sweep_to_the_end(PERIOD).await?;
        only_job(&cloud.batch)?;
        assert_eq!(count(world, "SELECT count(*) FROM export_job_documents").await?, 2);
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn what_the_bucket_does_is_borne(world: &World) {
        load_october(world, 4).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        for fault in [
            Fault::Refuse(503, "SlowDown"), Fault::Cut, Fault::LoseAnswer, Fault::Refuse(500, "InternalError"), Fault::Damage,
            Fault::Refuse(403, "RequestTimeTooSkewed"), Fault::Refuse(409, "ConditionalRequestConflict"),
            Fault::Slow(Duration::from_secs(3)), Fault::SlowAnswer(Duration::from_secs(3)),
        ] {
            cloud.s3.disturb(&Method::PUT, fault, 1);
        }
        submit(&cloud).await?;
        cloud.batch.wait_idle().await?;
        // No sweep had to help: what the SDK gives up, Batch tries again.
        expect_settled(world, &cloud, 8, 0).await?;
        only_job(&cloud.batch)?;
        let given_back = "SELECT count(*) FROM export_attempts WHERE outcome = 'given_back' AND cause = 'aws'";
        assert_eq!(count(world, given_back).await?, 2, "damage and skew are no matter of the SDK's");
        Ok(())
    }
}

on_every_engine! {
    async fn a_bucket_that_is_down_for_long_fails_documents_with_its_words(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        // Three attempts of two documents, whatever the SDK sends in each.
        cloud.s3.disturb(&Method::PUT, Fault::Refuse(503, "SlowDown"), usize::from(u8::MAX));
        submit(&cloud).await?;
        cloud.batch.wait_idle().await?;
        cloud.s3.calm();
        cloud.sweep_to_the_end(PERIOD).await?;
        let failed = cloud.document(PERIOD, TRADE).await?;
        assert_eq!((&failed["cause"], &failed["attempts"]), (&json!("aws"), &json!(3)), "{failed}");
        assert!(failed["error"].as_str().is_some_and(|error| error.contains("SlowDown")), "{failed}");
        expect_settled(world, &cloud, 0, 2).await?;
        cloud.enqueuer(["resubmit", "--failed", "--reason", "S3 is back"]).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn what_was_published_before_a_crash_is_adopted_by_the_next_submission(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::with(world, |definition| Definition { max_parallel: 1, ..definition }).await?;
        cloud.migrate().await?;
        cloud.s3.disturb(&Method::PUT, Fault::SlowAnswer(Duration::from_mins(5)), 1);
        submit(&cloud).await?;
        wait_until("a document is published", async || Ok(!cloud.s3.objects()?.is_empty())).await?;
        let child = uploading(&cloud, 1).await?;
        let published = cloud.s3.objects()?;
        assert!(cloud.batch.kill(&child));
        world.execute("UPDATE statement_trades SET note = 'later'").await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        assert!(cloud.s3.objects()?.contains(&published[0]), "not made again from what the source says now");
        assert_eq!(cloud.s3.requests_of(&Method::PUT).len(), 2);
        assert_eq!(cloud.batch.submitted().len(), 2);
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn what_a_killed_slot_had_left_gets_a_slot_each(world: &World) {
        load_october(world, 3).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.s3.disturb(&Method::PUT, Fault::SlowAnswer(Duration::ZERO), 2);
        cloud.s3.disturb(&Method::PUT, Fault::Slow(Duration::from_mins(5)), 1);
        cloud.enqueuer(run(["--documents-per-slot", "6"])).run().await?.expect(0)?;
        let child = uploading(&cloud, 3).await?;
        assert!(cloud.batch.kill(&child));
        cloud.sweep_to_the_end(PERIOD).await?;
        let of_each: Vec<Option<usize>> = cloud.batch.submitted().iter().map(|job| job.size).collect();
        // What waited for its turn is due at once, the third document when its lease has run out.
        assert_eq!(of_each, [None, Some(3), None]);
        expect_settled(world, &cloud, 6, 0).await
    }
}

on_every_engine! {
    async fn two_batch_jobs_on_one_document_publish_it_once(world: &World) {
        load_october(world, 3).await?;
        let cloud = Cloud::with(world, |definition| Definition { max_parallel: 12, ..definition }).await?;
        cloud.migrate().await?;
        cloud.batch.submit_twice(1);
        cloud.s3.disturb(&Method::PUT, Fault::SlowAnswer(Duration::from_secs(1)), 6);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let jobs = cloud.batch.submitted();
        assert_eq!(jobs.len(), 2);
        wait_until("documents are being published", async || Ok(cloud.s3.requests_of(&Method::PUT).len() > 2)).await?;
        // One twin of each kind dies; the other twin, which waits, does its work.
        for job in &jobs {
            cloud.batch.kill(&format!("{}:0", job.job_id));
        }
        cloud.sweep_to_the_end(PERIOD).await?;
        cloud.batch.wait_idle().await?;
        expect_settled(world, &cloud, 6, 0).await
    }
}

on_every_engine! {
    async fn leases_are_the_ledger_s_whatever_clocks_say(world: &World) {
        load_october(world, 3).await?;
        let clock = wrong_clock(world)?.to_string_lossy().into_owned();
        let ahead = [("LD_PRELOAD", clock.as_str()), ("CLOCK_AHEAD", "3600")];
        let change = |definition| with_environment(definition, &ahead);
        let cloud = Cloud::with(world, |definition| Definition { max_parallel: 1, ..change(definition) }).await?;
        cloud.migrate().await?;
        let wrong = |arguments: Vec<&str>, seconds: &str| {
            cloud.enqueuer(arguments).env("LD_PRELOAD", &clock).env("CLOCK_AHEAD", seconds)
        };
        cloud.s3.disturb(&Method::PUT, Fault::Slow(Duration::from_secs(5)), 1);
        wrong(run([]), "-3600").run().await?.expect(0)?;
        let child = uploading(&cloud, 1).await?;
        // Longer than a lease: it is renewed, and no sweep takes it for dead.
        for seconds in ["3600", "-3600", "86400"] {
            let swept = wrong(vec!["sweep", "--json"], seconds).run().await?.expect(0)?.json()?;
            assert_eq!(swept["settled"], 0, "{swept}");
        }
        cloud.batch.wait_idle().await?;
        let log = cloud.batch.log(&child)?;
        let first: Value = serde_json::from_str(log.lines().next().context("no log")?)?;
        let seen: jiff::Timestamp = match first["timestamp"].as_str() {
            Some(instant) => instant.parse()?,
            None => jiff::Timestamp::from_millisecond(first["_aws"]["Timestamp"].as_i64().context("no time")?)?,
        };
        let off = seen.duration_since(common::clock::Clock::default().now()).as_mins();
        assert!((50..70).contains(&off), "its clock was not wrong: {off} minutes");
        wrong(vec!["sweep"], "3600").run().await?.expect(0)?;
        assert_eq!(attempts(world).await?.len(), 6, "each made by one attempt");
        only_job(&cloud.batch)?;
        expect_settled(world, &cloud, 6, 0).await
    }
}
