//! Steering a month end on AWS: what is queued is Batch's, and every change is settled by a sweep.

mod alerts;
mod holds;
mod packing;
mod remaking;
mod summaries;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::batch::Operation;
use tests::cloud::Cloud;
use tests::{Program, World};

use super::month_end::run;
use crate::fixtures::{PERIOD, load_october};
use crate::steering::steering;

/// A world on AWS with a source of so many accounts, a ledger, and nothing run yet.
async fn ready(world: &World, accounts: usize) -> Result<Cloud<'_>> {
    load_october(world, accounts).await?;
    let cloud = Cloud::of(world).await?;
    cloud.migrate().await?;
    Ok(cloud)
}

/// Submits the trade documents, with more arguments.
fn run_trades(cloud: &Cloud<'_>, arguments: &[&str]) -> Program {
    cloud.enqueuer(run(["--kind", "trade"].iter().chain(arguments).copied()))
}

/// A command that is answered as JSON.
fn steer(cloud: &Cloud<'_>, command: &str, arguments: &[&str]) -> Program {
    cloud.enqueuer(steering(command, arguments.iter().copied()))
}

async fn stop(cloud: &Cloud<'_>) -> Result<Value> {
    let arguments = [
        "stop",
        "--period",
        PERIOD,
        "--reason",
        "prices are late",
        "--json",
    ];
    cloud.enqueuer(arguments).run().await?.expect(0)?.json()
}

/// How many documents stand in these states.
async fn in_states<const N: usize>(cloud: &Cloud<'_>, states: [&str; N]) -> Result<[i64; N]> {
    let counts = cloud.status(PERIOD).await?["counts"].clone();
    Ok(states.map(|state| counts[state].as_i64().unwrap_or(-1)))
}

/// The array's children from this one on stay queued; the others run to their ends.
async fn run_but_hold_from(
    cloud: &Cloud<'_>,
    documents: usize,
    from: usize,
    program: Program,
) -> Result<()> {
    cloud.batch.hold_indexes(from..documents, None);
    program.run().await?.expect(0)?;
    let job = cloud
        .batch
        .submitted()
        .pop()
        .context("nothing submitted")?
        .job_id;
    cloud
        .batch
        .wait_until("the first children have ended", |batch| {
            (0..from).all(|index| {
                batch
                    .statuses(&format!("{job}:{index}"))
                    .is_ok_and(|statuses| statuses.last().is_some_and(|status| status.has_ended()))
            })
        })
        .await
}

/// Demands that sweeping submits nothing.
async fn expect_sweeps_submit_nothing(cloud: &Cloud<'_>) -> Result<()> {
    let before = cloud.batch.count(Operation::SubmitJob);
    for _ in 0..2 {
        let swept = cloud.sweep().await?;
        ensure!(swept["submitted"] == json!(0), "{swept}");
    }
    ensure!(cloud.batch.count(Operation::SubmitJob) == before);
    Ok(())
}
