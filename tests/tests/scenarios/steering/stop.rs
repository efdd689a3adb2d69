//! `stop`: nothing further begins, what runs finishes, and `run --resume` goes on.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{Answer, World, on_every_engine};

use super::{expect_untouched, in_states, whole_ledger};
use crate::fixtures::{
    AT, PERIOD, attempts, count, expect_ledger_agrees_with_store, expect_one_line, load_october,
    run_of,
};
use crate::processes::wait_until;

/// Converters that take their time, so that a stop finds most of a run before them.
const TAKING_ITS_TIME: &str = "echo begun >> begun; sleep 0.4; exec \"$CONVERTER\" \"$@\"";

/// How many converters have begun.
pub fn begun(world: &World) -> usize {
    let text = std::fs::read_to_string(world.path("begun")).unwrap_or_default();
    text.lines().count()
}

async fn stop(world: &World) -> Result<Value> {
    let arguments = [
        "stop",
        "--period",
        PERIOD,
        "--reason",
        "prices are late",
        "--json",
    ];
    world.enqueuer(arguments).run().await?.expect(0)?.json()
}

/// A run of the period's trade statements that is stopped as soon as its first converters have begun.
async fn run_and_stop(world: &World, script: &str, arguments: &[&str]) -> Result<Answer> {
    let run = [
        "run",
        "--period",
        PERIOD,
        "--at",
        AT,
        "--kind",
        "trade",
        "--parallel",
        "2",
    ];
    let run = run.into_iter().chain(arguments.iter().copied());
    let run = world.enqueuer_beside(script, run)?.run();
    let stopping = async {
        wait_until("converters have begun", async || Ok(begun(world) > 0)).await?;
        stop(world).await
    };
    let (run, stopped) = tokio::join!(run, stopping);
    let stopped = stopped?;
    assert_eq!(
        stopped,
        json!({"period": PERIOD, "held": true, "newly_held": true, "jobs_cancelled": 0})
    );
    run
}

on_every_engine! {
    async fn a_stopped_run_begins_nothing_more_and_ends_what_it_began(world: &World) {
        load_october(world, 30).await?;
        let stopped = run_and_stop(world, TAKING_ITS_TIME, &[]).await?.expect(75)?;
        assert!(
            stopped.stdout.contains(&format!("{PERIOD} is held: prices are late. `enqueuer run --period {PERIOD} --resume` goes on.")),
            "{}", stopped.stdout
        );
        let [due, submitted, running, succeeded] = in_states(world, ["due", "submitted", "running", "succeeded"]).await?;
        assert!(due > 0 && succeeded > 0, "{due} due, {succeeded} succeeded");
        assert_eq!((submitted, running, due + succeeded), (0, 0, 30));
        assert_eq!(begun(world), usize::try_from(succeeded)?, "what began has ended, and what did not begin is due");
        assert_eq!(count(world, "SELECT count(*) FROM export_jobs WHERE settled_at IS NULL").await?, 0);

        let later = run_of(world, ["--kind", "trade"]).run().await?.expect(75)?.json()?;
        assert_eq!((&later["submitted"], &later["held"]), (&json!(0), &json!("prices are late")), "{later}");
        assert_eq!(in_states(world, ["due"]).await?, [due]);

        let resumed = run_of(world, ["--kind", "trade", "--resume"]).run().await?.expect(0)?.json()?;
        assert_eq!((&resumed["succeeded"], &resumed["held"]), (&json!(due), &json!(null)), "{resumed}");
        let attempts = attempts(world).await?;
        assert_eq!(attempts.len(), 30, "each document was tried once: {attempts:?}");
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_second_stop_changes_nothing(world: &World) {
        load_october(world, 1).await?;
        // Also before there is anything to stop.
        assert_eq!(stop(world).await?["newly_held"], true);
        let before = whole_ledger(world).await?;
        let again = stop(world).await?;
        assert_eq!(again, json!({"period": PERIOD, "held": true, "newly_held": false, "jobs_cancelled": 0}));
        expect_untouched(world, &before, "a second stop").await?;
        let words = world.enqueuer(["stop", "--period", PERIOD]).run().await?.expect(0)?.stdout;
        assert!(words.contains("already held") && words.contains(&format!("run --period {PERIOD} --resume")), "{words}");

        let held = world.enqueuer(["run", "--period", PERIOD, "--at", AT]).run().await?.expect(75)?.stdout;
        assert!(held.contains("nothing was submitted, 2 documents are open") && held.contains("is held: prices are late"), "{held}");
        run_of(world, ["--resume"]).run().await?.expect(0)?;
        run_of(world, ["--resume"]).run().await?.expect(0)?;
        assert_eq!(in_states(world, ["succeeded"]).await?, [2]);
        Ok(())
    }
}

on_every_engine! {
    async fn another_period_goes_on(world: &World) {
        load_october(world, 1).await?;
        world.enqueuer(["stop", "--period", "2026-09"]).run().await?.expect(0)?;
        run_of(world, []).run().await?.expect(0)?;
        expect_one_line(world.enqueuer(["stop", "--period", "October"]).run().await?, 78, &["October"])?;
        let missing = world.enqueuer(["stop"]).run().await?.expect(78)?;
        assert!(missing.stderr.contains("--period"), "{}", missing.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn slots_that_never_began_are_packed_again(world: &World) {
        load_october(world, 40).await?;
        run_and_stop(world, TAKING_ITS_TIME, &["--documents-per-slot", "2"]).await?.expect(75)?;
        let [due] = in_states(world, ["due"]).await?;
        assert!(due > 0 && due % 2 == 0, "{due} due");
        run_of(world, ["--kind", "trade", "--resume", "--documents-per-slot", "2"]).run().await?.expect(0)?;
        let slots = world.texts("SELECT CAST(slots AS text) FROM export_jobs ORDER BY created_at").await?;
        let slots: Vec<String> = slots.into_iter().flatten().flatten().collect();
        assert_eq!(slots, ["20".to_owned(), (due / 2).to_string()]);
        let resumed = slots.last().context("no job")?;
        assert_ne!(resumed, "0");
        Ok(())
    }
}
