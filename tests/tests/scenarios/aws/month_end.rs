//! Submitting, and the way to the end.

use anyhow::Result;
use serde_json::json;
use tests::batch::Operation;
use tests::cloud::Cloud;
use tests::{World, on_every_engine};

use crate::fixtures::{AT, PERIOD, expect_ledger_agrees_with_store, load_october};

/// The arguments of October's run as the scheduler gives them.
pub fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    ["run", "--json", "--at", AT]
        .into_iter()
        .chain(arguments)
        .collect()
}

/// Every document is published once and accounted for.
pub async fn expect_complete(world: &World, cloud: &Cloud<'_>, documents: usize) -> Result<()> {
    assert_eq!(world.published()?.len(), documents);
    expect_ledger_agrees_with_store(world).await?;
    let certificate = cloud.certificate(PERIOD).await?.expect(0)?.json()?;
    assert_eq!(certificate["adds_up"], true, "{certificate}");
    cloud.batch.expect_valid_bodies().await
}

on_every_engine! {
    async fn a_month_end_takes_one_submission_per_size_class(world: &World) {
        load_october(world, 5).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let answer = cloud.enqueuer(run([])).run().await?.expect(0)?.json()?;
        assert_eq!((&answer["due"], &answer["submitted"]), (&json!(10), &json!(10)), "{answer}");
        let submitted = cloud.batch.submitted();
        assert_eq!(submitted.len(), 1, "{submitted:?}");
        cloud.batch.wait_idle().await?;
        let counts = cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(counts["succeeded"], 10, "{counts}");
        expect_complete(world, &cloud, 10).await?;

        let again = cloud.enqueuer(run([])).run().await?.expect(0)?.json()?;
        assert_eq!((&again["due"], &again["submitted"]), (&json!(0), &json!(0)), "{again}");
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 1);
        Ok(())
    }
}
