//! `--documents-per-slot` on AWS.

use serde_json::json;
use tests::on_every_engine;

use super::{in_states, ready, run_trades, stop};
use crate::fixtures::{
    PERIOD, expect_ledger_agrees_with_store, load_october, restore_trades, slow_down_trades,
};
use crate::steering::spoil_trades;

on_every_engine! {
    async fn a_bad_document_of_a_slot_fails_by_itself(world: &World) {
        let cloud = ready(world, 10).await?;
        spoil_trades(world, &["A003"]).await?;
        run_trades(&cloud, &["--documents-per-slot", "5"]).run().await?.expect(0)?;
        let submitted = cloud.batch.submitted();
        assert_eq!((submitted.len(), submitted[0].size), (1, Some(2)), "{submitted:?}");
        assert!(submitted[0].timeout_seconds > Some(900), "more documents take longer: {submitted:?}");
        cloud.batch.wait_idle().await?;
        let mut ends: Vec<_> = (0..2)
            .map(|index| Ok(cloud.batch.job(&format!("{}:{index}", submitted[0].job_id))?["container"]["exitCode"].as_i64()))
            .collect::<anyhow::Result<_>>()?;
        ends.sort_unstable();
        assert_eq!(ends, [Some(0), Some(65)]);
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(in_states(&cloud, ["succeeded", "failed"]).await?, [9, 1]);
        assert_eq!(cloud.batch.submitted().len(), 1);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn what_a_killed_slot_left_gets_a_slot_of_its_own(world: &World) {
        load_october(world, 4).await?;
        slow_down_trades(world, 2).await?;
        let cloud = tests::cloud::Cloud::of(world).await?;
        cloud.migrate().await?;
        run_trades(&cloud, &["--documents-per-slot", "4"]).run().await?.expect(0)?;
        crate::processes::wait_until("one document is published", async || Ok(!world.published()?.is_empty())).await?;
        let single = cloud.batch.running().pop();
        assert!(single.is_some_and(|running| cloud.batch.kill(&running.id)), "the converter has ended already");
        cloud.batch.wait_idle().await?;
        restore_trades(world).await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(in_states(&cloud, ["succeeded", "failed"]).await?, [4, 0]);
        let submitted = cloud.batch.submitted();
        assert!(submitted.len() >= 2, "{submitted:?}");
        let slots = world.texts(
            "SELECT CAST(max(documents) AS text) FROM (
                 SELECT a.job_id, a.slot, count(*) AS documents FROM export_job_documents a JOIN export_jobs j ON j.job_id = a.job_id
                 WHERE j.created_at > (SELECT min(created_at) FROM export_jobs) GROUP BY a.job_id, a.slot) AS later",
        ).await?;
        assert_eq!(slots, [[Some("1".to_owned())]]);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn what_a_stop_cancelled_is_packed_again(world: &World) {
        let cloud = ready(world, 9).await?;
        cloud.batch.hold(None);
        run_trades(&cloud, &["--documents-per-slot", "3"]).run().await?.expect(0)?;
        stop(&cloud).await?;
        cloud.batch.release();
        cloud.sweep().await?;
        assert_eq!(in_states(&cloud, ["due"]).await?, [9]);
        let resumed = run_trades(&cloud, &["--resume", "--documents-per-slot", "3"]).run().await?.expect(0)?.json()?;
        assert_eq!(resumed["submitted"], json!(9), "{resumed}");
        let sizes: Vec<_> = cloud.batch.submitted().into_iter().map(|job| job.size).collect();
        assert_eq!(sizes, [Some(3), Some(3)]);
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(in_states(&cloud, ["succeeded"]).await?, [9]);
        Ok(())
    }
}
