//! A held period: what Batch has queued is cancelled, what runs finishes, and nothing is submitted until it is resumed.

use anyhow::Context;
use serde_json::json;
use tests::batch::Operation;
use tests::cloud::Cloud;
use tests::{Topic, on_every_engine};

use super::{
    expect_sweeps_submit_nothing, in_states, ready, run_but_hold_from, run_trades, steer, stop,
};
use crate::aws::month_end::{expect_complete, run};
use crate::fixtures::{PERIOD, attempts, count, load_october, restore_trades, slow_down_trades};
use crate::steering::alerts::told;
use crate::steering::{mend_trades, spoil_all_trades};

on_every_engine! {
    async fn a_stop_cancels_what_is_queued_and_lets_finish_what_runs(world: &World) {
        load_october(world, 6).await?;
        slow_down_trades(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        run_trades(&cloud, &[]).run().await?.expect(0)?;
        cloud.batch.wait_until("two converters run", |batch| batch.running().len() == 2).await?;
        let running: Vec<String> = cloud.batch.running().into_iter().map(|running| running.id).collect();
        let stopped = stop(&cloud).await?;
        assert_eq!(stopped, json!({"period": PERIOD, "held": true, "newly_held": true, "jobs_cancelled": 1}));
        cloud.batch.wait_idle().await?;
        assert_eq!(cloud.batch.count(Operation::TerminateJob), 0, "what runs is left alone");
        for id in &running {
            assert_eq!(cloud.batch.job(id)?["status"], "SUCCEEDED", "{id}");
        }

        expect_sweeps_submit_nothing(&cloud).await?;
        assert_eq!(in_states(&cloud, ["succeeded", "due", "submitted"]).await?, [2, 4, 0]);
        let status = cloud.status(PERIOD).await?;
        let due = status["documents"].as_array().into_iter().flatten().filter(|document| document["state"] == "due");
        assert!(due.clone().count() == 4 && due.clone().all(|document| document["cause"] == "stopped"), "{status:#}");

        // The scheduler's next event of the same month, and another stop.
        let later = run_trades(&cloud, &[]).run().await?.expect(75)?.json()?;
        assert_eq!((&later["submitted"], &later["held"]), (&json!(0), &json!("prices are late")), "{later}");
        assert_eq!(stop(&cloud).await?["newly_held"], false);
        expect_sweeps_submit_nothing(&cloud).await?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 1);

        restore_trades(world).await?;
        let resumed = cloud.enqueuer(run(["--resume"])).run().await?.expect(0)?.json()?;
        assert_eq!((&resumed["submitted"], &resumed["held"]), (&json!(10), &json!(null)), "{resumed}");
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(attempts(world).await?.len(), 12, "each document was tried once");
        expect_complete(world, &cloud, 12).await
    }
}

on_every_engine! {
    async fn a_single_job_is_cancelled_as_well(world: &World) {
        let cloud = ready(world, 1).await?;
        cloud.batch.hold(None);
        run_trades(&cloud, &[]).run().await?.expect(0)?;
        stop(&cloud).await?;
        cloud.batch.release();
        expect_sweeps_submit_nothing(&cloud).await?;
        let document = cloud.document(PERIOD, "2026-10.trade.A001").await?;
        assert_eq!((&document["state"], &document["cause"]), (&json!("due"), &json!("stopped")), "{document}");
        // Resumed before a sweep has settled anything it would be the same.
        cloud.enqueuer(run(["--resume"])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_complete(world, &cloud, 2).await
    }
}

on_every_engine! {
    async fn whoever_resumes_before_the_sweep_loses_nothing(world: &World) {
        let cloud = ready(world, 3).await?;
        cloud.batch.hold(None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        stop(&cloud).await?;
        cloud.batch.release();
        // Batch has cancelled everything, and the ledger does not know it yet.
        cloud.enqueuer(run(["--resume"])).run().await?.expect(0)?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 1);
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 2);
        expect_complete(world, &cloud, 6).await
    }
}

on_every_engine! {
    async fn a_reason_of_any_length_is_a_reason(world: &World) {
        let cloud = ready(world, 2).await?;
        cloud.batch.hold(None);
        run_trades(&cloud, &[]).run().await?.expect(0)?;
        let reason = "値段が遅れている。".repeat(200);
        cloud.enqueuer(["stop", "--period", PERIOD, "--reason", &reason]).run().await?.expect(0)?;
        cloud.batch.release();
        cloud.sweep().await?;
        assert_eq!(in_states(&cloud, ["due"]).await?, [2]);
        cloud.batch.expect_valid_bodies().await
    }
}

on_every_engine! {
    async fn too_many_refusals_cancel_what_is_queued(world: &World) {
        load_october(world, 60).await?;
        spoil_all_trades(world).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let topic = Topic::start().await?;
        let sweep = || cloud.enqueuer(["sweep", "--json"])
            .env("ALERTS", &format!("sns:{}", topic.arn()))
            .env("AWS_ENDPOINT_URL_SNS", &topic.url())
            .run();
        let program = run_trades(&cloud, &[]);
        run_but_hold_from(&cloud, 60, 22, program).await?;
        sweep().await?.expect(0)?;
        assert_eq!(cloud.batch.count(Operation::CancelJob), 1);
        cloud.batch.release();
        cloud.batch.wait_idle().await?;
        sweep().await?.expect(0)?;
        sweep().await?.expect(0)?;
        assert_eq!(in_states(&cloud, ["failed", "due", "submitted"]).await?, [22, 38, 0]);
        let holds: Vec<String> = told(&topic)?.into_iter().filter(|told| told.contains("is held")).collect();
        assert_eq!(holds.len(), 1, "{holds:#?}");
        for words in ["the gate refused 22 of 60 documents", "enqueuer run --period 2026-10 --resume", "period-held"] {
            assert!(holds[0].contains(words), "{words}: {}", holds[0]);
        }
        let held = topic.messages().into_iter().find(|told| told.subject().is_some_and(|subject| subject.contains("is held")));
        let mail = held.context("no mail")?.by("email")?;
        assert!(mail.ends_with("\nenqueuer run --period 2026-10 --resume") && !mail.contains('{'), "{mail}");
        topic.expect_valid_bodies().await?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 1);

        mend_trades(world).await?;
        // As long as the period is held nothing of it is submitted, this neither.
        let held = steer(&cloud, "resubmit", &["--failed"]).run().await?.expect(75)?.json()?;
        assert_eq!(held["runs"][0]["submitted"], 0, "{held}");
        expect_sweeps_submit_nothing(&cloud).await?;
        run_trades(&cloud, &["--resume", "--documents-per-slot", "30"]).run().await?.expect(0)?;
        let counts = cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!((&counts["succeeded"], &counts["failed"]), (&json!(60), &json!(0)), "{counts}");
        assert_eq!(count(world, "SELECT count(*) FROM export_holds").await?, 1, "old refusals hold nothing");
        cloud.batch.expect_valid_bodies().await
    }
}

on_every_engine! {
    async fn a_resubmission_that_is_refused_again_holds_again(world: &World) {
        load_october(world, 24).await?;
        spoil_all_trades(world).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let topic = Topic::start().await?;
        let slack = format!("slack:{}", topic.webhook());
        let sweep = || cloud.enqueuer(["sweep", "--json"]).env("ALERTS", &slack).run();
        let packed = ["--documents-per-slot", "12", "--refusals-percent", "100"];
        // Without the limit first, and one document of the run stays open.
        world.execute("UPDATE statement_trades SET net_amount = '-1000' WHERE account_id = 'A024'").await?;
        run_trades(&cloud, &packed).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        world.execute("UPDATE export_documents SET state = 'due', job_id = NULL, object_key = NULL WHERE account_id = 'A024'").await?;
        world.execute("UPDATE export_runs SET ended_at = NULL").await?;
        cloud.enqueuer(["stop", "--period", PERIOD]).run().await?.expect(0)?;
        cloud.enqueuer(run(["--resume", "--kind", "balance"])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        steer(&cloud, "resubmit", &["--failed", "--documents-per-slot", "12"]).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        sweep().await?.expect(0)?;
        let holds: Vec<String> = told(&topic)?.into_iter().filter(|told| told.contains("is held")).collect();
        assert_eq!(holds.len(), 1, "{holds:#?}");
        assert!(holds[0].contains("the gate refused 23 of 23 documents"), "of the resubmission: {}", holds[0]);
        Ok(())
    }
}
