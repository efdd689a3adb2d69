//! `status --watch`: on a terminal, in a log, for a program; until nothing is open.

mod pace;
mod terminal;

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::batch::Definition;
use tests::cloud::Cloud;
use tests::{Engine, World, binary, on_every_engine};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::fixtures::{
    AT, PERIOD, load_october, long_lease, october, run_october, slow_down_trades,
};

/// A watch that a test reads along with.
pub struct Watching {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watching {
    pub fn start(world: &World, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(binary("enqueuer"))
            .args(["status", "--watch", "--every", "1"])
            .args(arguments)
            .env("DATABASE_URL", world.database_url())
            .env("LEASE_SECONDS", "2")
            .env_remove("DEADLINE")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let lines = BufReader::new(stdout).lines();
        Ok(Self { child, lines })
    }

    pub async fn next(&mut self) -> Result<Value> {
        let line = self.lines.next_line().await?.context("the watch ended")?;
        serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))
    }

    /// Reads on until a line is so.
    async fn until(&mut self, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let seen = self.next().await?;
            if is_so(&seen) {
                return Ok(seen);
            }
        }
    }

    async fn end(mut self) -> Result<Option<i32>> {
        while self.lines.next_line().await?.is_some() {}
        Ok(self.child.wait().await?.code())
    }
}

/// October with its period held, so that four documents stay due.
async fn hold_october(world: &World, reason: &str) -> Result<()> {
    load_october(world, 2).await?;
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    world
        .enqueuer(["stop", "--period", PERIOD, "--reason", reason])
        .run()
        .await?
        .expect(0)?;
    run_october(world).await?.expect(75)?;
    Ok(())
}

on_every_engine! {
    async fn a_period_that_is_over_is_shown_once(world: &World) {
        load_october(world, 3).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1' WHERE account_id = 'A003'").await?;
        run_october(world).await?.expect(1)?;
        let watch = ["status", "--watch", "--json", "--deadline", "2037-01-01T00:00:00+09:00"];
        let seen = world.enqueuer(watch).run().await?.expect(0)?.json()?;
        let counts = json!({"due": 0, "submitted": 0, "running": 0, "succeeded": 5, "failed": 1, "excused": 0, "superseded": 0});
        assert_eq!(seen["counts"], counts);
        assert_eq!((&seen["total"], &seen["settled"], &seen["open"]), (&json!(6), &json!(6), &json!(0)));
        assert_eq!((&seen["complete"], &seen["outlook"]), (&json!(true), &json!("complete")));
        assert_eq!(seen["deadline"], "2036-12-31T15:00:00Z");
        assert_eq!(seen["runs"][0]["command"], "run");
        assert_eq!(seen["failures"], json!([{
            "cause": "identity", "documents": 1, "example": "2026-10.trade.A003", "runbook": "gate-identity",
            "command": "enqueuer resubmit --failed --period 2026-10 --cause identity --reason 'amounts fixed in the source'",
        }]));

        let plain = world.enqueuer(["status", "--watch"]).run().await?.expect(0)?.stdout;
        assert_eq!(plain.lines().count(), 1, "{plain}");
        for words in [
            "2026-10: 6 of 6 settled (100.0 %); succeeded 5, failed 1;",
            "end complete: nothing is open",
            "FAILED 1 document failed by identity, e.g. 2026-10.trade.A003, `enqueuer resubmit --failed",
        ] {
            assert!(plain.contains(words), "{words:?} is missing in {plain}");
        }
        assert!(!plain.contains('\x1b'), "{plain:?}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_month_end_is_watched_from_before_its_run_to_its_end(world: &World) {
        load_october(world, 3).await?;
        slow_down_trades(world, 1).await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        let mut watch = Watching::start(world, &["--json", "--period", PERIOD])?;
        let first = watch.next().await?;
        assert_eq!((&first["outlook"], &first["total"], &first["complete"]), (&json!("no_run"), &json!(0), &json!(false)));
        let run = world.enqueuer(["run", "--period", PERIOD, "--at", AT, "--parallel", "1"]).start()?;
        let open = watch.until(|seen| seen["open"].as_i64() > Some(0)).await?;
        assert_eq!((&open["total"], &open["complete"]), (&json!(6), &json!(false)));
        let mut settled = open["settled"].as_i64().unwrap_or_default();
        let last = loop {
            let seen = watch.next().await?;
            let now = seen["settled"].as_i64().unwrap_or_default();
            ensure!(now >= settled, "fewer settled than before: {seen}");
            settled = now;
            if seen["complete"] == true {
                break seen;
            }
        };
        assert_eq!((settled, &last["counts"]["succeeded"]), (6, &json!(6)));
        assert!(last["documents_per_second"]["run"].as_f64() > Some(0.0), "{last}");
        assert_eq!(watch.end().await?, Some(0));
        drop(run);
        Ok(())
    }
}

on_every_engine! {
    async fn an_empty_ledger_is_watched_until_a_run_begins(world: &World) {
        load_october(world, 1).await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        let mut watch = Watching::start(world, &["--json"])?;
        let first = watch.next().await?;
        let expected = json!({"period": null, "outlook": "no_run", "complete": false});
        assert_eq!(first, expected);
        run_october(world).await?.expect(0)?;
        let last = watch.until(|seen| seen["complete"] == true).await?;
        assert_eq!((&last["period"], &last["total"]), (&json!(PERIOD), &json!(2)));
        assert_eq!(watch.end().await?, Some(0));
        Ok(())
    }
}

on_every_engine! {
    async fn a_held_period_is_watched_until_somebody_ends_it(world: &World) {
        hold_october(world, "ticket 7").await?;
        let mut watch = Watching::start(world, &["--json", "--period", PERIOD])?;
        let seen = watch.next().await?;
        assert_eq!((&seen["outlook"], &seen["open"]), (&json!("held"), &json!(4)));
        assert_eq!(seen["hold"], json!({
            "cause": "stopped", "reason": "ticket 7", "command": "enqueuer run --period 2026-10 --resume",
        }));
        let at = |seen: &Value| -> Result<Timestamp> { Ok(seen["at"].as_str().context("no instant")?.parse()?) };
        let later = watch.next().await?;
        let apart = at(&later)?.duration_since(at(&seen)?);
        assert!(apart.as_millis() >= 1000, "every second, and not after {apart}");
        // What is running still goes on.
        let lease = long_lease(world);
        world.execute(&format!(
            "UPDATE export_documents SET state = 'running', lease_expires_at = {lease} WHERE document_id = '2026-10.trade.A001'"
        )).await?;
        watch.next().await?;
        assert_eq!(watch.next().await?["outlook"], "too_early");
        let pid = watch.child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)).context("it has ended")?;
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        // It did not see the end.
        assert_eq!(watch.end().await?, Some(75));
        Ok(())
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_is_told_and_tried_again() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    hold_october(&world, "ticket 7").await?;
    let mut watch = Watching::start(&world, &["--json", "--period", PERIOD])?;
    assert_eq!(watch.next().await?["outlook"], "held");
    let others =
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    world
        .execute(&format!("SELECT pg_terminate_backend(pid) {others}"))
        .await?;
    let lost = watch.until(|seen| seen["outlook"] == "no_answer").await?;
    assert!(
        lost["error"]
            .as_str()
            .is_some_and(|error| error.contains("database")),
        "{lost}"
    );
    assert_eq!(lost["complete"], false);
    let again = watch.next().await?;
    assert_eq!(
        (&again["outlook"], &again["open"]),
        (&json!("held"), &json!(4))
    );
    drop(watch);
    world.close().await
}

#[tokio::test]
async fn who_closes_the_pipe_has_seen_enough() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    hold_october(&world, "ticket 7").await?;
    let watch = format!(
        "{} status --watch --every 1 | head -n 1",
        binary("enqueuer").display()
    );
    let output = Command::new("sh")
        .args(["-c", &watch])
        .env("DATABASE_URL", world.database_url())
        .output()
        .await?;
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("HELD, stopped: ticket 7, `enqueuer run --period 2026-10 --resume`"),
        "{shown}"
    );
    world.close().await
}

on_every_engine! {
    async fn a_run_that_died_is_told_of(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        // As after a power cut: a document stands as running, and nobody gives a sign of life.
        let running = |lease: &str| format!(
            "UPDATE export_documents SET state = 'running', settled_at = NULL, lease_expires_at = {lease} WHERE document_id = '2026-10.trade.A001';
             UPDATE export_runs SET ended_at = NULL, lease_expires_at = 1"
        );
        for (lease, outlook) in [("1", "abandoned"), (long_lease(world), "running")] {
            world.execute(&running(lease)).await?;
            let mut watch = Watching::start(world, &["--json", "--period", PERIOD])?;
            assert_eq!(watch.next().await?["outlook"], outlook);
        }
        // It died before it had recorded what it found: nothing is open, and nothing is complete.
        world.execute(
            "UPDATE export_documents SET state = 'succeeded', settled_at = due_at WHERE document_id = '2026-10.trade.A001';
             UPDATE export_runs SET recorded_at = NULL"
        ).await?;
        let seen = world.enqueuer(["status", "--watch", "--json"]).run().await?.expect(1)?.json()?;
        assert_eq!((&seen["outlook"], &seen["complete"]), (&json!("interrupted"), &json!(false)));
        Ok(())
    }
}

on_every_engine! {
    async fn what_waits_in_batch_is_not_abandoned(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::with(world, |definition| Definition { accept_only: true, ..definition }).await?;
        cloud.migrate().await?;
        cloud.enqueuer(october([])).run().await?.expect(0)?;
        let watch = cloud.enqueuer(["status", "--watch", "--json", "--every", "1"]).run();
        let settled = async {
            // Longer than the lease of the run, whose process is gone.
            tokio::time::sleep(Duration::from_secs(4)).await;
            world.execute(
                "UPDATE export_documents SET state = 'succeeded', settled_at = due_at;
                 UPDATE export_runs SET ended_at = started_at"
            ).await
        };
        let (watched, settled) = tokio::join!(watch, settled);
        settled?;
        let lines = watched?.expect(0)?.stdout;
        let lines: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let (last, before) = lines.split_last().context("nothing was shown")?;
        assert_eq!(last["outlook"], "complete");
        assert!(before.len() > 1, "{lines:?}");
        for seen in before {
            assert_eq!((&seen["outlook"], &seen["counts"]["submitted"]), (&json!("too_early"), &json!(4)), "{seen}");
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_makes_no_sense_beside_a_watch_is_refused() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    for arguments in [
        &["--watch", "--documents"][..],
        &["--watch", "--every", "0"],
        &["--every", "5"],
        &["--watch", "--period", PERIOD, "--deadline", "soon"],
    ] {
        let arguments = ["status"].iter().chain(arguments).copied();
        world.enqueuer(arguments).run().await?.expect(78)?;
    }
    world.close().await
}
