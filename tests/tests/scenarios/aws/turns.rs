//! One sweep at a time: who comes second says so and goes; who dies or freezes has no lease for long.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tests::batch::{Disturbance, Fault, Operation};
use tests::cloud::Cloud;
use tests::{Program, World, on_every_engine};

use super::afterwards::{alerts, expect_settled};
use super::month_end::run;
use crate::fixtures::{PERIOD, count, load_october};
use crate::processes::wait_until;

const LEASES: &str = "SELECT count(*) FROM export_leases";

/// October is submitted, and Batch begins nothing of it, so that every sweep asks how its job stands.
async fn submitted(world: &World) -> Result<Cloud<'_>> {
    load_october(world, 1).await?;
    let cloud = Cloud::of(world).await?;
    cloud.migrate().await?;
    cloud.batch.hold(None);
    cloud.enqueuer(run([])).run().await?.expect(0)?;
    Ok(cloud)
}

/// The next sweep waits that long for Batch.
fn delay_the_next_one(cloud: &Cloud<'_>, seconds: u64) {
    let late = Fault::AnswerLate(Duration::from_secs(seconds));
    cloud
        .batch
        .disturb(Disturbance::of(Operation::DescribeJobs, late));
}

fn sweep(cloud: &Cloud<'_>) -> Program {
    cloud.enqueuer(["sweep", "--json"])
}

async fn expect_another_at_work(cloud: &Cloud<'_>) -> Result<()> {
    let second = sweep(cloud).run().await?.expect(0)?;
    let nothing = json!({"another_at_work": true, "settled": 0, "submitted": 0, "open_runs": null, "ended_runs": 0, "alerts": 0});
    assert_eq!(second.json()?, nothing);
    assert!(alerts(&second).is_empty(), "{}", second.stderr);
    Ok(())
}

async fn has_begun(world: &World) -> Result<()> {
    wait_until("a sweep is at work", async || {
        Ok(count(world, LEASES).await? == 1)
    })
    .await
}

on_every_engine! {
    async fn a_sweep_beside_another_leaves_everything_to_it(world: &World) {
        let cloud = submitted(world).await?;
        // Longer than a lease: it is renewed.
        delay_the_next_one(&cloud, 6);
        let first = tokio::spawn(sweep(&cloud).run());
        has_begun(world).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        expect_another_at_work(&cloud).await?;
        let said = cloud.enqueuer(["sweep"]).run().await?.expect(0)?;
        ensure!(said.stdout.starts_with("Another sweep is at work"), "{}", said.stdout);
        ensure!(!said.stdout.contains("\"Sweeps\""), "it did not reach its end: {}", said.stdout);
        ensure!(!first.is_finished(), "it had ended meanwhile");
        let first = first.await??.expect(0)?.json()?;
        assert_eq!((&first["another_at_work"], &first["open_runs"]), (&json!(false), &json!(1)), "{first}");

        // Its turn is given back.
        assert_eq!(count(world, LEASES).await?, 0);
        assert_eq!(cloud.sweep().await?["another_at_work"], false);
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_sweep_that_fails_gives_its_turn_back(world: &World) {
        let cloud = submitted(world).await?;
        cloud.batch.disturb(Disturbance::of(Operation::DescribeJobs, Fault::Deny).for_good());
        sweep(&cloud).run().await?.expect(78)?;
        assert_eq!(count(world, LEASES).await?, 0);
        cloud.batch.calm();
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_sweep_that_is_killed_has_its_turn_for_no_longer_than_a_lease(world: &World) {
        let cloud = submitted(world).await?;
        delay_the_next_one(&cloud, 30);
        let mut first = sweep(&cloud).env("LEASE_SECONDS", "5").start()?;
        has_begun(world).await?;
        first.kill().await?;
        expect_another_at_work(&cloud).await?;
        wait_until("its turn is over", async || Ok(cloud.sweep().await?["another_at_work"] == false)).await?;
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_sweep_that_was_frozen_ends_when_another_has_its_turn(world: &World) {
        let cloud = submitted(world).await?;
        delay_the_next_one(&cloud, 30);
        let mut first = sweep(&cloud).start()?;
        has_begun(world).await?;
        let pid = first.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("it has ended")?;
        kill_process(pid, Signal::STOP)?;
        wait_until("its turn is over", async || Ok(cloud.sweep().await?["another_at_work"] == false)).await?;
        kill_process(pid, Signal::CONT)?;
        // Long before Batch answers it.
        let code = first.wait().await?.code();
        ensure!(code == Some(75), "exit {code:?}");
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}

on_every_engine! {
    async fn a_run_that_waits_leaves_settling_to_a_sweep_at_work(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.hold(None);
        let until = common::clock::Clock::default().now().as_millisecond() + 60_000;
        let taken = format!("INSERT INTO export_leases (name, holder, lease_expires_at) VALUES ('sweep', 'somebody', {until})");
        world.execute(&taken).await?;
        let asked = || cloud.batch.count(Operation::DescribeJobs);
        let waiting = tokio::spawn(cloud.enqueuer(run(["--wait"])).run());
        wait_until("it has submitted", async || Ok(cloud.batch.submitted().len() == 1)).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(asked(), 0, "the sweep at work asks Batch");
        world.execute("DELETE FROM export_leases").await?;
        wait_until("it does it itself", async || Ok(asked() > 0)).await?;
        cloud.batch.release();
        waiting.await??.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 2, 0).await
    }
}
