//! Enqueuer and converters are killed at random moments; afterwards one run completes the month, as if nothing had been.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tests::{World, on_every_engine};
use tokio::process::Child;
use tokio::time::sleep;

use crate::fixtures::{
    AT, Books, account_ids, count, expect_ledger_agrees_with_store, load_october, partial_files,
    run_of, running, slow_down_trades,
};
use crate::killing::Extent;
use crate::processes::{converters, expect_no_converters, kill_alive, wait_until};

const ACCOUNTS: usize = 60;

fn extent() -> Result<Extent> {
    Extent::of(50, 14, 20_261_031)
}

async fn load(world: &World, extent: &Extent) -> Result<()> {
    let ids = account_ids(ACCOUNTS);
    Books::of(ids.iter().map(String::as_str), &extent.months())?
        .load(world)
        .await
}

fn run(world: &World, period: &str) -> tests::Program {
    let arguments = [
        "run",
        "--json",
        "--period",
        period,
        "--at",
        AT,
        "--parallel",
        "2",
    ];
    world.enqueuer(arguments).env("LEASE_SECONDS", "1")
}

/// Who kills, and what it has done so far.
struct Killer {
    kills: u32,
    random: Rng,
    enqueuers: u32,
    converters: u32,
}

impl Killer {
    fn is_done(&self) -> bool {
        self.enqueuers + self.converters >= self.kills
            && self.enqueuers.min(self.converters) >= self.kills / 4
    }

    /// Starts a run and kills at random until it ends. Tells whether it ended by itself with everything done.
    async fn disturb(&mut self, world: &World, period: &str) -> Result<bool> {
        let mut enqueuer = run(world, period).start()?;
        loop {
            let patience = self.random.u64(0..300);
            sleep(Duration::from_millis(patience)).await;
            if let Some(status) = enqueuer.try_wait()? {
                let code = status.code();
                ensure!(
                    matches!(code, Some(0 | 75)),
                    "the run of {period} ended with {status}"
                );
                return Ok(code == Some(0));
            }
            let running = converters(world)?;
            // A converter mostly; its end is not that of the run.
            if !running.is_empty() && self.random.u8(0..10) > 1 {
                let victim = running[self.random.usize(0..running.len())];
                self.kill_converter(victim).await?;
                continue;
            }
            self.kill_enqueuer(&mut enqueuer).await?;
            if self.random.bool() {
                // The whole machine fails: nobody is left to settle anything.
                for orphan in converters(world)? {
                    self.kill_converter(orphan).await?;
                }
            }
            // A run that begins at once finds the lease of this one alive, one that begins later does not.
            if self.random.bool() {
                sleep(Duration::from_secs(1)).await;
            }
            return Ok(false);
        }
    }

    async fn kill_enqueuer(&mut self, enqueuer: &mut Child) -> Result<()> {
        enqueuer.start_kill()?;
        // One that had just ended was not hit.
        if enqueuer.wait().await?.signal() == Some(9) {
            self.enqueuers += 1;
        }
        Ok(())
    }

    async fn kill_converter(&mut self, pid: Pid) -> Result<()> {
        if kill_alive(pid).await? {
            self.converters += 1;
        }
        Ok(())
    }
}

/// Disturbs the runs of month after month; tells which months were begun.
async fn disturb_month_ends<'e>(world: &World, extent: &'e Extent) -> Result<Vec<&'e str>> {
    let mut killer = Killer {
        kills: extent.kills,
        random: Rng::with_seed(extent.seed),
        enqueuers: 0,
        converters: 0,
    };
    let mut months = extent.months().into_iter();
    let mut begun = vec![months.next().context("no month")?];
    while !killer.is_done() {
        let period = begun[begun.len() - 1];
        if killer.disturb(world, period).await? {
            begun.push(months.next().context("all months are done: add some")?);
        }
    }
    println!(
        "{:?}, seed {}: {} enqueuers and {} converters killed over {} months",
        world.engine,
        extent.seed,
        killer.enqueuers,
        killer.converters,
        begun.len()
    );
    Ok(begun)
}

/// All that the ledger says about what was published.
async fn published_by_ledger(world: &World) -> Result<Vec<Vec<Option<String>>>> {
    world
        .texts(
            "SELECT document_id, state, object_key, sha256, CAST(bytes AS text), CAST(row_count AS text), row_counts,
                    issued_on, delivery, cause
             FROM export_documents ORDER BY document_id",
        )
        .await
}

/// One run per month completes it; every document is published once, and nothing is left lying about.
async fn expect_one_run_completes(world: &World, months: &[&str]) -> Result<()> {
    for period in months {
        let answer = run(world, period).run().await?.expect(0)?.json()?;
        assert_eq!(answer["failed"], 0, "{answer}");
        let status = world.status(period).await?;
        let expected = json!({
            "due": 0, "submitted": 0, "running": 0, "succeeded": 2 * ACCOUNTS, "failed": 0, "excused": 0, "superseded": 0
        });
        assert_eq!(status["counts"], expected, "{period}");
    }
    expect_no_converters(world).await?;
    assert_eq!(world.published()?.len(), 2 * ACCOUNTS * months.len());
    expect_ledger_agrees_with_store(world).await
}

/// Attempts have ended, those of killed converters as lost, and with them their unpublished workbooks.
async fn expect_no_remains(world: &World) -> Result<()> {
    let without_end =
        "SELECT count(*) FROM export_attempts WHERE ended_at IS NULL OR outcome IS NULL";
    let without_end = count(world, without_end).await?;
    let partial = partial_files(world)?;
    ensure!(
        without_end == 0 && partial.is_empty(),
        "{without_end} attempts have no end, and unpublished workbooks are left over: {partial:?}"
    );
    let twice =
        "SELECT count(*) FROM (SELECT document_id FROM export_attempts WHERE outcome = 'succeeded'
                                       GROUP BY document_id HAVING count(*) <> 1) t";
    assert_eq!(
        count(world, twice).await?,
        0,
        "documents that succeeded twice"
    );
    Ok(())
}

on_every_engine! {
    async fn killed_at_random_moments_nothing_is_lost_and_nothing_doubled(world: &World) {
        let extent = extent()?;
        load(world, &extent).await?;
        let months = disturb_month_ends(world, &extent).await?;
        expect_one_run_completes(world, &months).await?;

        let calm = World::new(world.engine).await?;
        load(&calm, &extent).await?;
        for period in &months {
            run(&calm, period).env("LEASE_SECONDS", "30").run().await?.expect(0)?;
        }
        let files = |world: &World| -> Result<Vec<_>> {
            Ok(world.published()?.into_iter().map(|file| (file.key, file.sha256)).collect())
        };
        assert_eq!(files(world)?, files(&calm)?, "the bytes are those of an undisturbed run");
        assert_eq!(published_by_ledger(world).await?, published_by_ledger(&calm).await?);
        calm.close().await?;

        expect_no_remains(world).await
    }
}

on_every_engine! {
    async fn told_to_terminate_it_does_not_wait_for_its_query(world: &World) {
        load_october(world, 1).await?;
        // Minutes; what follows waits half a minute at most.
        slow_down_trades(world, 300).await?;
        let mut run = run_of(world, []).start()?;
        wait_until("a converter reads", async || Ok(running(world).await? > 0 && !converters(world)?.is_empty())).await?;
        let id = run.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).context("the run has ended")?;
        kill_process(id, Signal::TERM)?;
        expect_no_converters(world).await?;
        run.wait().await?;
        ensure!(running(world).await? == 0, "the document was not given back");
        Ok(())
    }
}
