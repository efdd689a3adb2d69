//! The local queue: retries by exit code, signals, timeout, arguments and environment, as AWS Batch has them.
//!
//! A script beside a copy of the enqueuer stands before the real converter and makes its surroundings what the scenario
//! needs, or counts. `/proc` has no space at all: as TMPDIR it is a full temp disk.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tests::{Engine, World, on_every_engine};
use tokio::time::Instant;

use crate::fixtures::{
    PERIOD, SOURCE_IS_DOWN, attempts, document, expect_ledger_agrees_with_store, load_october,
    october, partial_files, restore_trades, run_october, run_of, slow_down_trades,
};
use crate::processes::{converters, expect_no_converters, wait_until};

const TRADE: &str = "2026-10.trade.A001";

/// The lines that a script wrote.
fn lines(world: &World, file: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(world.path(file)).context(file.to_owned())?;
    Ok(text.lines().map(ToOwned::to_owned).collect())
}

fn only_trades<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = october(["--kind", "trade"]);
    all.extend(arguments);
    all
}

on_every_engine! {
    async fn a_retryable_failure_is_tried_three_times(world: &World) {
        load_october(world, 1).await?;
        let down = format!("echo $AWS_BATCH_JOB_ATTEMPT >> attempts; {SOURCE_IS_DOWN}; exec \"$CONVERTER\" \"$@\"");
        let answer = world.enqueuer_beside(&down, only_trades([]))?.run().await?.expect(1)?.json()?;
        assert_eq!((&answer["succeeded"], &answer["failed"]), (&0.into(), &1.into()), "{answer}");
        assert_eq!(lines(world, "attempts")?, ["1", "2", "3"]);
        assert_eq!(
            attempts(world).await?,
            [1, 2, 3].map(|number| format!("{TRADE} {number} given_back"))
        );
        let failed = document(world, TRADE).await?;
        assert_eq!(failed["state"], "failed");
        assert_eq!(failed["cause"], "database");
        assert_eq!(failed["attempts"], 3);
        assert!(failed["error"].as_str().is_some_and(|error| error.contains("is it up and reachable?")), "{failed}");
        assert_eq!(world.published()?, []);

        // Failed documents come back through `resubmit` only.
        let again = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?.json()?;
        assert_eq!((&again["due"], &again["submitted"]), (&0.into(), &0.into()), "{again}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_failure_that_passes_is_forgotten(world: &World) {
        load_october(world, 1).await?;
        let down_once = format!("[ $AWS_BATCH_JOB_ATTEMPT = 1 ] && {SOURCE_IS_DOWN}; exec \"$CONVERTER\" \"$@\"");
        world.enqueuer_beside(&down_once, only_trades([]))?.run().await?.expect(0)?;
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 given_back"), format!("{TRADE} 2 succeeded")]);
        let made = document(world, TRADE).await?;
        assert_eq!((&made["state"], &made["attempts"]), (&"succeeded".into(), &2.into()));
        assert!(made["cause"].is_null() && made["error"].is_null(), "{made}");
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn bad_data_are_not_tried_again(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1001'").await?;
        let count = "echo try >> tries; \"$CONVERTER\" \"$@\"; code=$?; echo $code >> exits; exit $code";
        world.enqueuer_beside(count, only_trades([]))?.run().await?.expect(1)?;
        assert_eq!(lines(world, "tries")?, ["try"]);
        assert_eq!(lines(world, "exits")?, ["65"]);
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 failed")]);
        let failed = document(world, TRADE).await?;
        assert_eq!((&failed["state"], &failed["cause"]), (&"failed".into(), &"identity".into()));
        Ok(())
    }
}

on_every_engine! {
    async fn a_misconfigured_converter_is_not_tried_again_and_loses_nothing(world: &World) {
        load_october(world, 2).await?;
        let misconfigured = "echo try >> tries; export STORE_URL=ftp://nowhere; exec \"$CONVERTER\" \"$@\"";
        let answer = world.enqueuer_beside(misconfigured, only_trades([]))?.run().await?;
        assert!(answer.code != Some(0) && answer.code != Some(1), "{answer:?}");
        assert!(answer.stderr.contains("STORE_URL"), "{answer:?}");
        assert_eq!(lines(world, "tries")?.len(), 2, "each document once");
        assert_eq!(world.status(PERIOD).await?["counts"]["due"], 2);
        run_october(world).await?.expect(0)?;
        assert_eq!(world.published()?.len(), 4);
        Ok(())
    }
}

on_every_engine! {
    async fn a_full_disk_is_told_once_and_uses_nothing_up(world: &World) {
        load_october(world, 3).await?;
        let full = "echo try >> tries; export TMPDIR=/proc; exec \"$CONVERTER\" \"$@\"";
        let answer = world.enqueuer_beside(full, only_trades(["--parallel", "1"]))?.run().await?.expect(78)?;
        assert_eq!(answer.stderr.matches("set TMPDIR or give it more").count(), 1, "{answer:?}");
        assert_eq!(lines(world, "tries")?.len(), 1, "the others were begun, too");
        let status = world.status(PERIOD).await?;
        assert_eq!((&status["counts"]["due"], &status["counts"]["failed"]), (&3.into(), &0.into()), "{status}");
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        assert_eq!(world.published()?.len(), 3);
        Ok(())
    }
}

on_every_engine! {
    async fn what_the_ledger_lost_of_a_good_end_is_due_again(world: &World) {
        load_october(world, 2).await?;
        // The converters end well, and the ledger does not know of it.
        let answer = world.enqueuer_beside("exit 0", only_trades([]))?.run().await?.expect(75)?.json()?;
        assert_eq!((&answer["succeeded"], &answer["open"]), (&0.into(), &2.into()), "{answer}");
        assert_eq!(document(world, TRADE).await?["cause"], "unreported");
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await?;
        assert_eq!(world.published()?.len(), 2);
        Ok(())
    }
}

on_every_engine! {
    async fn a_clock_that_was_set_back_is_not_waited_for(world: &World) {
        load_october(world, 2).await?;
        world.enqueuer_beside("exit 3", only_trades([]))?.run().await?.expect(75)?;
        // As a run and its converters left them that began before the clock was set back by three hours.
        let ahead = match world.engine {
            Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + 10800000",
            Engine::Sqlite => "unixepoch() * 1000 + 10800000",
        };
        world.execute(&format!(
            "UPDATE export_documents SET state = 'running', attempt_id = 'gone', lease_expires_at = {ahead}; \
             UPDATE export_runs SET lease_expires_at = {ahead}, ended_at = NULL"
        )).await?;
        let began = Instant::now();
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        ensure!(began.elapsed() < Duration::from_mins(1), "it waited for the old leases");
        assert_eq!(world.published()?.len(), 2);
        Ok(())
    }
}

on_every_engine! {
    async fn an_unexpected_end_is_not_tried_again_and_loses_nothing(world: &World) {
        load_october(world, 3).await?;
        // A panic, a kill before the claim, and an exit code that nobody knows.
        let ends = "echo try >> tries
                    case $AWS_BATCH_JOB_ARRAY_INDEX in 0) exit 101;; 1) kill -9 $$;; *) exit 3;; esac";
        let answer = world.enqueuer_beside(ends, only_trades([]))?.run().await?.expect(75)?;
        assert_eq!(lines(world, "tries")?.len(), 3);
        let open = world.status(PERIOD).await?;
        assert_eq!(open["counts"]["due"], 3, "{open}");
        let report = answer.json()?;
        assert_eq!((&report["succeeded"], &report["failed"]), (&0.into(), &0.into()), "{report}");
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await?;
        assert_eq!(world.published()?.len(), 3);
        Ok(())
    }
}

on_every_engine! {
    async fn a_killed_converter_gives_its_document_back(world: &World) {
        load_october(world, 1).await?;
        slow_down_trades(world, 3).await?;
        let run = run_of(world, ["--kind", "trade"]).start()?;
        wait_until("a workbook is begun", async || Ok(!partial_files(world)?.is_empty())).await?;
        kill_process(converters(world)?[0], Signal::KILL)?;
        let ended = run.wait_with_output().await?;
        assert_eq!(ended.status.code(), Some(75), "run again");
        let open = document(world, TRADE).await?;
        assert_eq!((&open["state"], &open["cause"]), (&"due".into(), &"killed".into()), "{open}");
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 lost")]);
        assert_eq!(world.published()?, []);

        restore_trades(world).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await?;
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 lost"), format!("{TRADE} 1 succeeded")]);
        assert_eq!(partial_files(world)?, Vec::<String>::new(), "what the killed converter began is left over");
        Ok(())
    }
}

on_every_engine! {
    async fn a_converter_that_takes_too_long_is_terminated_for_good(world: &World) {
        load_october(world, 1).await?;
        slow_down_trades(world, 20).await?;
        let started = Instant::now();
        let signals = "trap 'echo term >> signals; kill -TERM $pid' TERM
                       echo try >> tries; \"$CONVERTER\" \"$@\" & pid=$!
                       wait $pid; wait $pid; code=$?; echo $code >> exits; exit $code";
        world.enqueuer_beside(signals, only_trades(["--timeout", "2"]))?.run().await?.expect(1)?;
        assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
        assert_eq!(lines(world, "tries")?, ["try"]);
        assert_eq!(lines(world, "signals")?, ["term"]);
        assert_eq!(lines(world, "exits")?, ["75"]);
        let failed = document(world, TRADE).await?;
        assert_eq!((&failed["state"], &failed["cause"]), (&"failed".into(), &"timeout".into()), "{failed}");
        let error = failed["error"].as_str().context("no error")?;
        assert!(!error.contains("given back"), "it is not, it failed: {error}");
        assert_eq!(world.published()?, []);
        assert_eq!(partial_files(world)?, Vec::<String>::new());
        expect_no_converters(world).await
    }
}

/// What a script noted of one converter: its arguments, then its environment.
fn noted(world: &World, slot: &str) -> Result<(String, Vec<String>)> {
    let mut lines = lines(world, &format!("slot-{slot}"))?;
    ensure!(!lines.is_empty(), "slot {slot} noted nothing");
    Ok((lines.remove(0), lines))
}

on_every_engine! {
    async fn the_converter_gets_what_batch_gives(world: &World) {
        load_october(world, 3).await?;
        let note = "{ echo \"$@\"; env; } > slot-${AWS_BATCH_JOB_ARRAY_INDEX-none}; exec \"$CONVERTER\" \"$@\"";
        // A flag reaches the converter as well as a variable does; an index of somebody else's does not.
        let arguments = only_trades(["--business-timezone", "Asia/Tokyo"]);
        world.enqueuer_beside(note, arguments)?
            .env("AWS_BATCH_JOB_ARRAY_INDEX", "7").run().await?.expect(0)?;
        let jobs = world.texts("SELECT job_id FROM export_jobs").await?;
        let job = jobs[0][0].clone().context("no job")?;
        for slot in ["0", "1", "2"] {
            let (arguments, environment) = noted(world, slot)?;
            assert_eq!(arguments, format!("--job {job}"));
            for setting in [
                format!("AWS_BATCH_JOB_ID={job}"),
                "AWS_BATCH_JOB_ATTEMPT=1".to_owned(),
                format!("AWS_BATCH_JOB_ARRAY_INDEX={slot}"),
                "DEPLOYMENT=local".to_owned(),
                format!("DATABASE_URL={}", world.database_url()),
                format!("SOURCE_DATABASE_URL={}", world.database_url()),
                format!("STORE_URL=file:{}", world.store().display()),
                "BUSINESS_TIMEZONE=Asia/Tokyo".to_owned(),
                "LEASE_SECONDS=2".to_owned(),
            ] {
                assert!(environment.contains(&setting), "{setting} is missing in {environment:#?}");
            }
        }
        assert!(!world.path("slot-7").exists() && !world.path("slot-none").exists());

        // A job of one slot is no array.
        let single = october(["--kind", "balance", "--account", "A002"]);
        world.enqueuer_beside(note, single)?.env("AWS_BATCH_JOB_ARRAY_INDEX", "7").run().await?.expect(0)?;
        let (_, environment) = noted(world, "none")?;
        assert!(environment.contains(&"AWS_BATCH_JOB_ATTEMPT=1".to_owned()), "{environment:#?}");
        assert_eq!(world.published()?.len(), 4);
        Ok(())
    }
}

on_every_engine! {
    async fn as_many_converters_run_as_asked_for(world: &World) {
        load_october(world, 8).await?;
        let note = "echo begin >> log; sleep 0.3; \"$CONVERTER\" \"$@\"; code=$?; echo end >> log; exit $code";
        for (parallel, kind) in [(1, "trade"), (3, "balance")] {
            let flag = parallel.to_string();
            let arguments = october(["--kind", kind, "--parallel", &flag]);
            world.enqueuer_beside(note, arguments)?.run().await?.expect(0)?;
            let (mut running, mut most) = (0, 0);
            for line in lines(world, "log")? {
                running += if line == "begin" { 1 } else { -1 };
                most = most.max(running);
            }
            assert_eq!((running, most), (0, parallel));
            std::fs::remove_file(world.path("log"))?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_terminated_run_gives_its_documents_back(world: &World) {
        load_october(world, 4).await?;
        slow_down_trades(world, 20).await?;
        let arguments = october(["--kind", "trade", "--parallel", "2"]);
        let run = world.enqueuer(arguments).start()?;
        let enqueuer = run.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).context("the run is over")?;
        wait_until("two workbooks are begun", async || Ok(partial_files(world)?.len() == 2)).await?;
        let started = Instant::now();
        kill_process(enqueuer, Signal::TERM)?;
        let ended = run.wait_with_output().await?;
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
        assert_eq!(ended.status.code(), Some(75), "run again");
        assert_eq!(converters(world)?, [], "converters outlive the run");
        assert_eq!(world.status(PERIOD).await?["counts"]["due"], 4);
        let given_back = attempts(world).await?;
        assert_eq!(given_back.len(), 2, "{given_back:?}");
        assert!(given_back.iter().all(|attempt| attempt.ends_with(" 1 given_back")), "{given_back:?}");
        assert_eq!(partial_files(world)?, Vec::<String>::new());
        let open = "SELECT run_id FROM export_runs WHERE ended_at IS NULL OR lease_expires_at > 0";
        assert_eq!(world.texts(open).await?, Vec::<Vec<Option<String>>>::new());

        restore_trades(world).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        assert_eq!(world.published()?.len(), 4);
        expect_ledger_agrees_with_store(world).await
    }
}
