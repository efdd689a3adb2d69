//! Runs, sweeps and converters are killed at random moments while sweeps go on; what failed of it is resubmitted, and the
//! months are as if nothing had been.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use tests::batch::{BatchServer, Definition};
use tests::cloud::Cloud;
use tests::{World, on_every_engine};
use tokio::process::Child;
use tokio::time::sleep;

use super::afterwards::expect_published_once;
use crate::fixtures::{AT, Books, account_ids, count, expect_ledger_agrees_with_store};
use crate::killing::Extent;
use crate::processes::wait_until;

const ACCOUNTS: usize = 20;

fn extent() -> Result<Extent> {
    Extent::of(200, 12, 20_261_101)
}

async fn load(world: &World, extent: &Extent) -> Result<()> {
    let ids = account_ids(ACCOUNTS);
    let ids = ids.iter().map(String::as_str);
    Books::of(ids, &extent.months())?.load(world).await
}

/// A world on AWS that takes a silent process for dead soon, and has room for many children.
async fn cloud(world: &World) -> Result<Cloud<'_>> {
    Cloud::with(world, |mut definition| {
        for (name, value) in &mut definition.environment {
            if name == "LEASE_SECONDS" {
                "1".clone_into(value);
            }
        }
        Definition {
            max_parallel: 4,
            ..definition
        }
    })
    .await
}

fn start(cloud: &Cloud<'_>, arguments: &[&str]) -> Result<Child> {
    program(cloud, arguments).start()
}

fn program(cloud: &Cloud<'_>, arguments: &[&str]) -> tests::Program {
    let program = cloud.enqueuer(arguments.iter().copied());
    program
        .env("LEASE_SECONDS", "1")
        .env("LOST_AFTER_SECONDS", "2")
}

fn run_arguments(period: &str) -> [&str; 5] {
    ["run", "--period", period, "--at", AT]
}

/// Who kills, and what it has done so far.
struct Killer<'a> {
    cloud: &'a Cloud<'a>,
    kills: u32,
    random: Rng,
    enqueuers: u32,
}

impl Killer<'_> {
    /// Starts runs and sweeps of a month over and over, and kills at random, until the month is settled or enough is done.
    async fn disturb(&mut self, world: &World, period: &str) -> Result<()> {
        let mut run = start(self.cloud, &run_arguments(period))?;
        let mut sweep = start(self.cloud, &["sweep"])?;
        while !self.is_done() {
            sleep(Duration::from_millis(self.random.u64(0..60))).await;
            if has_ended(&mut run)? {
                if is_settled(world, period).await? {
                    break;
                }
                run = start(self.cloud, &run_arguments(period))?;
            }
            if has_ended(&mut sweep)? {
                sweep = start(self.cloud, &["sweep"])?;
            }
            match self.random.u8(0..20) {
                0..=1 => self.kill_enqueuer(&mut run).await?,
                2..=3 => self.kill_enqueuer(&mut sweep).await?,
                4..=6 => self.terminate_converter()?,
                _ => {
                    self.cloud.batch.kill_random(&mut self.random);
                }
            }
        }
        // What is still at work ends as it likes.
        run.wait().await?;
        sweep.wait().await?;
        Ok(())
    }

    fn is_done(&self) -> bool {
        let converters = killed_converters(&self.cloud.batch);
        self.enqueuers >= self.kills / 7
            && converters >= self.kills / 2
            && self.enqueuers + converters >= self.kills
    }

    /// With SIGTERM now and then, as a task that is stopped.
    async fn kill_enqueuer(&mut self, enqueuer: &mut Child) -> Result<()> {
        if self.random.u8(0..4) == 0 {
            if let Some(id) = enqueuer.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
                kill_process(id, Signal::TERM)?;
            }
            let code = enqueuer.wait().await?.code();
            // One that had no time to listen yet was killed by it.
            ensure!(
                matches!(code, None | Some(0 | 75)),
                "SIGTERM ended it with {code:?}"
            );
            return Ok(());
        }
        enqueuer.start_kill()?;
        // One that had just ended was not hit.
        if enqueuer.wait().await?.signal() == Some(9) {
            self.enqueuers += 1;
        }
        Ok(())
    }

    /// SIGTERM, as Spot and operators send it.
    fn terminate_converter(&mut self) -> Result<()> {
        if let Some(victim) = self.random.choice(self.cloud.batch.running()) {
            let pid = Pid::from_raw(victim.pid).context("no process has that id")?;
            // One that ended meanwhile cannot be told.
            let _ = kill_process(pid, Signal::TERM);
        }
        Ok(())
    }
}

/// Whether a program has ended, as it should if it was let.
fn has_ended(program: &mut Child) -> Result<bool> {
    let Some(status) = program.try_wait()? else {
        return Ok(false);
    };
    let as_it_should = matches!(status.code(), Some(0 | 75)) || status.signal().is_some();
    ensure!(as_it_should, "a program ended with {status}");
    Ok(true)
}

/// The attempts that Batch saw end by SIGKILL.
fn killed_converters(batch: &BatchServer) -> u32 {
    let mut killed = 0;
    for job in batch.submitted() {
        let children = (0..job.size.unwrap_or(1)).map(|slot| match job.size {
            Some(_) => format!("{}:{slot}", job.job_id),
            None => job.job_id.clone(),
        });
        for attempt in children.filter_map(|id| batch.job(&id).ok()) {
            let attempts = attempt["attempts"].as_array().into_iter().flatten();
            killed += attempts
                .filter(|attempt| attempt["container"]["exitCode"] == 137)
                .count();
        }
    }
    u32::try_from(killed).unwrap_or(u32::MAX)
}

async fn is_settled(world: &World, period: &str) -> Result<bool> {
    let of = |states: &str| {
        format!(
            "SELECT count(*) FROM export_documents WHERE period = '{period}' AND state IN ({states})"
        )
    };
    let settled = count(world, &of("'succeeded', 'failed'")).await?;
    Ok(settled == 2 * ACCOUNTS as u64)
}

/// Disturbs month after month; tells which were begun.
async fn disturb_month_ends<'e>(
    world: &World,
    cloud: &Cloud<'_>,
    extent: &'e Extent,
) -> Result<Vec<&'e str>> {
    let mut killer = Killer {
        cloud,
        kills: extent.kills,
        random: Rng::with_seed(extent.seed),
        enqueuers: 0,
    };
    let mut begun = Vec::new();
    let mut months = extent.months().into_iter();
    while !killer.is_done() {
        let period = months.next().context("all months are done: add some")?;
        begun.push(period);
        killer.disturb(world, period).await?;
    }
    println!(
        "{:?} on AWS, seed {}: {} enqueuers and {} converters killed over {} months",
        world.engine,
        extent.seed,
        killer.enqueuers,
        killed_converters(&cloud.batch),
        begun.len()
    );
    Ok(begun)
}

/// Runs and sweeps until everything is settled; what failed of the killing is resubmitted.
async fn complete(world: &World, cloud: &Cloud<'_>, months: &[&str]) -> Result<()> {
    for period in months {
        program(cloud, &run_arguments(period))
            .run()
            .await?
            .expect(0)?;
    }
    settle(world, cloud, months).await?;
    let causes = world
        .texts("SELECT DISTINCT cause FROM export_documents WHERE state = 'failed'")
        .await?;
    let causes: BTreeSet<String> = causes.into_iter().flatten().flatten().collect();
    // Told to terminate before it has claimed its document, a converter has no word in the ledger.
    let of_the_killing = ["killed", "terminated", "lease_lost", "unreported"]
        .map(str::to_owned)
        .into();
    ensure!(
        causes.is_subset(&of_the_killing) && causes.contains("killed"),
        "{causes:?}"
    );
    for period in months {
        let arguments = [
            "resubmit",
            "--failed",
            "--period",
            period,
            "--at",
            AT,
            "--reason",
            "the killing is over",
        ];
        program(cloud, &arguments).run().await?.expect(0)?;
    }
    settle(world, cloud, months).await?;
    let succeeded = "SELECT count(*) FROM export_documents WHERE state = 'succeeded'";
    assert_eq!(
        count(world, succeeded).await?,
        (2 * ACCOUNTS * months.len()) as u64
    );
    Ok(())
}

async fn settle(world: &World, cloud: &Cloud<'_>, months: &[&str]) -> Result<()> {
    wait_until("every month is settled", async || {
        program(cloud, &["sweep"]).run().await?.expect(0)?;
        for period in months {
            if !is_settled(world, period).await? {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await
}

/// What the ledger says of what was published.
async fn published_by_ledger(world: &World) -> Result<Vec<Vec<Option<String>>>> {
    world
        .texts(
            "SELECT document_id, object_key, sha256, CAST(bytes AS text), row_counts, issued_on, delivery, cause
             FROM export_documents WHERE state = 'succeeded' ORDER BY document_id",
        )
        .await
}

on_every_engine! {
    async fn killed_at_random_moments_nothing_is_lost_and_nothing_doubled(world: &World) {
        let extent = extent()?;
        load(world, &extent).await?;
        let cloud = cloud(world).await?;
        cloud.migrate().await?;
        let months = disturb_month_ends(world, &cloud, &extent).await?;
        complete(world, &cloud, &months).await?;
        expect_ledger_agrees_with_store(world).await?;
        expect_published_once(world, &cloud).await?;
        for period in &months {
            let certificate = cloud.certificate(period).await?.expect(0)?.json()?;
            assert_eq!(certificate["adds_up"], true, "{certificate}");
        }
        // Who was killed while it alerted holds that alert for a minute more.
        world.execute("UPDATE export_alerts SET claimed_at = 0 WHERE sent_at IS NULL").await?;
        cloud.sweep().await?;
        assert_eq!(count(world, "SELECT count(*) FROM export_runs WHERE ended_at IS NULL").await?, 0);
        cloud.batch.expect_valid_bodies().await?;

        let calm = World::new(world.engine).await?;
        load(&calm, &extent).await?;
        for period in &months {
            let run = calm.enqueuer(run_arguments(period)).arg("--documents-per-slot").arg("1000");
            let profile = world.path("profile.toml");
            run.env("STATEMENT_PROFILE", &profile.to_string_lossy()).run().await?.expect(0)?;
        }
        let files = |world: &World| -> Result<Vec<_>> {
            Ok(world.published()?.into_iter().map(|file| (file.key, file.sha256)).collect())
        };
        assert_eq!(files(world)?, files(&calm)?, "the bytes are those of an undisturbed world");
        assert_eq!(published_by_ledger(world).await?, published_by_ledger(&calm).await?);
        calm.close().await
    }
}
