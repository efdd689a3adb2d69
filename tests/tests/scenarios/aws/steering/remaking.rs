//! `resubmit`, `reissue`, `run --group` and the certificate on AWS.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tests::batch::Operation;
use tests::cloud::Cloud;
use tests::on_every_engine;
use tokio::time::timeout;

use super::{in_states, ready, run_trades, steer};
use crate::aws::month_end::{expect_complete, run};
use crate::fixtures::{
    PERIOD, count, expect_ledger_agrees_with_store, load_october, restore_trades, running,
    slow_down_trades,
};
use crate::processes::wait_until;
use crate::steering::{mend_trades, spoil_trades};

/// For a run that does not end.
const PATIENCE: Duration = Duration::from_mins(1);

const A1: &str = "2026-10.trade.A001";

/// Runs the month with accounts whose trades contradict themselves, and mends them.
async fn run_with_failures(
    cloud: &Cloud<'_>,
    world: &tests::World,
    accounts: &[&str],
) -> Result<()> {
    spoil_trades(world, accounts).await?;
    cloud.enqueuer(run([])).run().await?.expect(0)?;
    let counts = cloud.sweep_to_the_end(PERIOD).await?;
    assert_eq!(counts["failed"], accounts.len(), "{counts}");
    mend_trades(world).await
}

on_every_engine! {
    async fn what_failed_is_submitted_at_once_and_swept_to_its_end(world: &World) {
        let cloud = ready(world, 4).await?;
        run_with_failures(&cloud, world, &["A001", "A002"]).await?;
        let answer = steer(&cloud, "resubmit", &["--failed", "--cause", "identity"]).run().await?.expect(0)?.json()?;
        assert_eq!(answer["runs"][0]["submitted"], 2, "{answer}");
        assert_eq!(cloud.batch.submitted().len(), 2, "no sweep was needed");
        cloud.batch.wait_idle().await?;
        let swept = cloud.sweep().await?;
        assert_eq!((&swept["submitted"], &swept["open_runs"]), (&json!(0), &json!(0)), "{swept}");
        expect_complete(world, &cloud, 8).await
    }
}

on_every_engine! {
    async fn whoever_waits_hears_how_it_ended(world: &World) {
        let cloud = ready(world, 2).await?;
        run_with_failures(&cloud, world, &["A001"]).await?;
        let answer = steer(&cloud, "resubmit", &[A1, "--wait"]).run().await?.expect(0)?.json()?;
        assert_eq!((&answer["runs"][0]["succeeded"], &answer["runs"][0]["open"]), (&json!(1), &json!(0)), "{answer}");
        expect_complete(world, &cloud, 4).await
    }
}

on_every_engine! {
    async fn whoever_waits_sees_what_was_lost_submitted_again(world: &World) {
        load_october(world, 1).await?;
        slow_down_trades(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let waiting = timeout(PATIENCE, run_trades(&cloud, &["--wait"]).run());
        let killing = async {
            // Past the first renewal of the run's lease, which must not come back to life.
            let renewed = "SELECT count(*) FROM export_runs WHERE lease_expires_at > started_at + 2000 OR lease_expires_at = 0";
            wait_until("the run waits", async || Ok(count(world, renewed).await.unwrap_or_default() > 0)).await?;
            cloud.batch.wait_until("a converter runs", |batch| !batch.running().is_empty()).await?;
            wait_until("it has claimed its document", async || Ok(running(world).await? > 0)).await?;
            let running = cloud.batch.running().pop().context("nothing runs")?;
            anyhow::ensure!(cloud.batch.kill(&running.id), "it has ended already");
            restore_trades(world).await
        };
        let (waited, killed) = tokio::join!(waiting, killing);
        killed?;
        let waited = waited.context("it waits for ever")??.expect(0)?.json()?;
        assert_eq!((&waited["succeeded"], &waited["open"]), (&json!(1), &json!(0)), "{waited}");
        assert_eq!(cloud.batch.submitted().len(), 2);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_larger_size_class_has_its_processor_and_memory(world: &World) {
        let cloud = ready(world, 2).await?;
        run_with_failures(&cloud, world, &["A001"]).await?;
        let unknown = steer(&cloud, "resubmit", &[A1, "--size-class", "huge"]).run().await?.expect(78)?;
        assert!(unknown.stderr.contains("small, medium, large"), "{}", unknown.stderr);
        steer(&cloud, "resubmit", &[A1, "--size-class", "large"]).run().await?.expect(0)?;
        let submitted = cloud.batch.submitted();
        let of = |n: usize| {
            let job = &submitted[n];
            (job.vcpu.as_deref(), job.memory_mib.as_deref(), job.timeout_seconds, job.tags.get("size-class").map(String::as_str))
        };
        assert_eq!(of(0), (Some("0.25"), Some("512"), Some(900), Some("small")));
        assert_eq!(of(1), (Some("2"), Some("4096"), Some(14400), Some("large")));
        assert_eq!(submitted.len(), 2);
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_complete(world, &cloud, 4).await
    }
}

on_every_engine! {
    async fn two_at_the_same_instant_submit_once(world: &World) {
        let cloud = ready(world, 5).await?;
        run_with_failures(&cloud, world, &["A001", "A002", "A003"]).await?;
        let resubmit = || steer(&cloud, "resubmit", &["--failed"]).run();
        let (one, other) = tokio::join!(resubmit(), resubmit());
        one?.expect(0)?;
        other?.expect(0)?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 2, "the run's, and one of theirs");
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_complete(world, &cloud, 10).await
    }
}

on_every_engine! {
    async fn a_reissued_document_stands_beside_the_first(world: &World) {
        let cloud = ready(world, 2).await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        let key = |id: &str| format!("2026-10/trade/A001/{id}.xlsx");
        let first = cloud.s3.content(&key(A1))?;
        cloud.batch.hold(None);
        steer(&cloud, "reissue", &[A1, "--customer-note", "単価を訂正"]).run().await?.expect(0)?;
        assert_eq!(cloud.document(PERIOD, A1).await?["state"], "succeeded", "until the new one is there");
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(cloud.document(PERIOD, A1).await?["state"], "superseded");
        assert_eq!(cloud.document(PERIOD, &format!("{A1}.r2")).await?["object_key"], key(&format!("{A1}.r2")));
        assert!(cloud.s3.content(&key(A1))? == first, "what was issued never changes");
        let refused = cloud.enqueuer(["link", A1]).run().await?.expect(65)?;
        assert!(refused.stderr.contains(&format!("link {A1}.r2")), "{}", refused.stderr);
        cloud.enqueuer(["link", &format!("{A1}.r2")]).run().await?.expect(0)?;
        expect_complete(world, &cloud, 5).await
    }
}

on_every_engine! {
    async fn groups_are_made_one_after_the_other(world: &World) {
        let cloud = ready(world, 3).await?;
        world.execute("UPDATE statement_accounts SET rollout_group = 'G' WHERE account_id = 'A001'").await?;
        let group = run_trades(&cloud, &["--group", "G"]).run().await?.expect(0)?.json()?;
        assert_eq!((&group["submitted"], &group["excused"]), (&json!(1), &json!(2)), "{group}");
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(in_states(&cloud, ["succeeded", "excused"]).await?, [1, 2]);
        let rest = run_trades(&cloud, &[]).run().await?.expect(0)?.json()?;
        assert_eq!(rest["submitted"], 2, "{rest}");
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(in_states(&cloud, ["succeeded", "excused"]).await?, [3, 0]);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn the_certificate_names_every_difference_to_the_bucket(world: &World) {
        let cloud = ready(world, 2).await?;
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        assert_eq!(cloud.certificate(PERIOD).await?.expect(1)?.json()?["adds_up"], false, "open");
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_complete(world, &cloud, 4).await?;
        let key = world.published()?.pop().context("nothing published")?.key;
        let content = cloud.s3.content(&key)?;
        let problem = async || -> Result<String> {
            let answer = cloud.certificate(PERIOD).await?.expect(1)?.json()?;
            let problems = answer["problems"].as_array().context("no problems")?;
            assert_eq!(problems.len(), 1, "{answer}");
            Ok(problems[0].to_string())
        };
        cloud.s3.remove(&key)?;
        let missing = problem().await?;
        assert!(missing.contains("is not in the store") && missing.contains(&key), "{missing}");
        cloud.s3.place(&key, &content[1..])?;
        let changed = problem().await?;
        assert!(changed.contains("another size") && changed.contains(&key), "{changed}");
        cloud.s3.place(&key, &content)?;
        let foreign = "2026-10/trade/A001/2026-10.trade.A001.r9.xlsx";
        cloud.s3.place(foreign, &content)?;
        let added = problem().await?;
        assert!(added.contains("no published document of the ledger") && added.contains(foreign), "{added}");
        cloud.s3.remove(foreign)?;
        cloud.certificate(PERIOD).await?.expect(0)?;
        Ok(())
    }
}
