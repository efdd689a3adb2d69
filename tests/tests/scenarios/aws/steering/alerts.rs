//! What sweeps say: each cause once per order of magnitude, the summary once, whatever the way to Slack is like.

use anyhow::Result;
use tests::batch::Fault;
use tests::cloud::Cloud;
use tests::{Topic, on_every_engine};

use super::{ready, run_but_hold_from, run_trades};
use crate::fixtures::{account_ids, load_october};
use crate::steering::alerts::{expect_discreet, told};
use crate::steering::spoil_trades;

async fn sweep(cloud: &Cloud<'_>, topic: &Topic) -> Result<serde_json::Value> {
    let alerts = format!("slack:{}", topic.webhook());
    cloud
        .enqueuer(["sweep", "--json"])
        .env("ALERTS", &alerts)
        .run()
        .await?
        .expect(0)?
        .json()
}

on_every_engine! {
    async fn ten_times_as_many_are_told_again_and_no_other_number(world: &World) {
        load_october(world, 12).await?;
        let ids = account_ids(12);
        spoil_trades(world, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let topic = Topic::start().await?;
        let program = run_trades(&cloud, &[]);
        run_but_hold_from(&cloud, 12, 2, program).await?;
        sweep(&cloud, &topic).await?;
        sweep(&cloud, &topic).await?;
        let first = told(&topic)?;
        assert_eq!(first.len(), 1, "{first:#?}");
        assert!(first[0].contains("2 documents of 2026-10 refused: identity"), "{first:#?}");
        cloud.batch.release();
        cloud.batch.wait_idle().await?;
        sweep(&cloud, &topic).await?;
        sweep(&cloud, &topic).await?;
        let all = told(&topic)?;
        assert_eq!(all.len(), 3, "{all:#?}");
        assert!(all[1].contains("12 documents of 2026-10 refused: identity"), "{all:#?}");
        assert!(all[2].contains("0 documents published, 12 failed"), "{all:#?}");
        expect_discreet(&all)
    }
}

on_every_engine! {
    async fn two_sweeps_at_once_send_one_summary(world: &World) {
        let cloud = ready(world, 3).await?;
        spoil_trades(world, &["A001"]).await?;
        run_trades(&cloud, &[]).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let topic = Topic::start().await?;
        let (one, two) = tokio::join!(sweep(&cloud, &topic), sweep(&cloud, &topic));
        one?;
        two?;
        let last = sweep(&cloud, &topic).await?;
        assert_eq!(last["open_runs"], 0, "{last}");
        let told = told(&topic)?;
        assert_eq!(told.len(), 2, "one of the cause and one summary: {told:#?}");
        assert!(told.iter().any(|told| told.contains("2 documents published, 1 failed")), "{told:#?}");
        Ok(())
    }
}

on_every_engine! {
    async fn what_did_not_arrive_is_sent_by_the_next_sweep(world: &World) {
        let cloud = ready(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        run_trades(&cloud, &[]).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let topic = Topic::start().await?;
        topic.disturb(Fault::Deny, 2);
        let first = sweep(&cloud, &topic).await?;
        assert_eq!((&first["alerts"], &first["open_runs"]), (&0.into(), &1.into()), "it does not end unsaid: {first}");
        assert!(topic.messages().is_empty());
        let second = sweep(&cloud, &topic).await?;
        assert_eq!((&second["alerts"], &second["ended_runs"]), (&2.into(), &1.into()), "{second}");
        sweep(&cloud, &topic).await?;
        let told = told(&topic)?;
        assert_eq!(told.len(), 2, "{told:#?}");
        expect_discreet(&told)
    }
}
