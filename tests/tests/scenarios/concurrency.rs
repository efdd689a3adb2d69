//! Several enqueuers and converters at once: every document is made once, and a published one is never overwritten.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::{World, on_every_engine};
use tokio::time::Instant;

use crate::fixtures::{
    AT, Books, account_ids, attempts, count, document, expect_ledger_agrees_with_store,
    load_october, october, restore_trades, run_october, run_of, running, slow_down_trades,
};
use crate::processes::{converters, expect_no_converters, wait_until};

fn number(answer: &Value, field: &str) -> Result<u64> {
    answer[field]
        .as_u64()
        .with_context(|| format!("{field} in {answer}"))
}

/// Every document was made by exactly one attempt, which succeeded.
async fn expect_one_attempt_each(world: &World, documents: usize) -> Result<()> {
    let attempts = attempts(world).await?;
    assert_eq!(attempts.len(), documents, "{attempts:#?}");
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.ends_with(" 1 succeeded")),
        "{attempts:#?}"
    );
    let made = count(
        world,
        "SELECT count(DISTINCT document_id) FROM export_attempts",
    )
    .await?;
    assert_eq!(made, documents as u64);
    expect_ledger_agrees_with_store(world).await
}

fn path_of(world: &World, key: &str) -> PathBuf {
    world.store().join(key)
}

const TRADE_KEY: &str = "2026-10/trade/A001/2026-10.trade.A001.xlsx";

on_every_engine! {
    async fn two_enqueuers_at_the_same_instant_make_each_document_once(world: &World) {
        let months = ["2026-07", "2026-08", "2026-09", "2026-10"];
        let ids = account_ids(20);
        Books::of(ids.iter().map(String::as_str), &months)?.load(world).await?;
        // There is no ledger at first: they also create it at the same time.
        for (n, period) in months.into_iter().enumerate() {
            let run = || world.enqueuer(["run", "--json", "--period", period, "--at", AT]).run();
            let (a, b) = tokio::join!(run(), run());
            let (a, b) = (a?.expect(0)?.json()?, b?.expect(0)?.json()?);
            for field in ["submitted", "succeeded", "due"] {
                assert_eq!(number(&a, field)? + number(&b, field)?, 40, "{field}\n{a}\n{b}");
            }
            assert_ne!(a["run_id"], b["run_id"]);
            expect_one_attempt_each(world, 40 * (n + 1)).await?;
        }
        assert_eq!(world.published()?.len(), 160);

        let again = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((number(&again, "due")?, number(&again, "submitted")?), (0, 0), "{again}");
        expect_one_attempt_each(world, 160).await
    }
}

on_every_engine! {
    async fn enqueuers_of_different_kinds_do_not_wait_for_each_other(world: &World) {
        load_october(world, 2).await?;
        slow_down_trades(world, 3).await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        let started = Instant::now();
        let balance = async {
            let answer = run_of(world, ["--kind", "balance"]).run().await?.expect(0)?.json()?;
            anyhow::Ok((answer, started.elapsed()))
        };
        let (trade, balance) = tokio::join!(run_of(world, ["--kind", "trade"]).run(), balance);
        let (trade, (balance, balance_took)) = (trade?.expect(0)?.json()?, balance?);
        let trade_took = started.elapsed();
        assert_eq!((number(&trade, "succeeded")?, number(&balance, "succeeded")?), (2, 2));
        assert!(balance_took < trade_took, "{balance_took:?} {trade_took:?}");
        expect_one_attempt_each(world, 4).await
    }
}

on_every_engine! {
    async fn two_converters_of_one_slot_make_one_document(world: &World) {
        load_october(world, 2).await?;
        // As Batch does when the answer to SubmitJob was lost. Both must end well.
        let twice = "\"$CONVERTER\" \"$@\" & first=$!
                     \"$CONVERTER\" \"$@\" & second=$!
                     wait $first; a=$?; wait $second; b=$?
                     echo \"$a $b\" >> exits; exit 0";
        world.enqueuer_beside(twice, october([]))?.run().await?.expect(0)?;
        let exits = std::fs::read_to_string(world.path("exits"))?;
        assert_eq!(exits, "0 0\n".repeat(4));
        expect_one_attempt_each(world, 4).await
    }
}

on_every_engine! {
    async fn an_orphaned_converter_is_waited_for(world: &World) {
        load_october(world, 2).await?;
        slow_down_trades(world, 4).await?;
        let run = || run_of(world, ["--kind", "trade", "--parallel", "1"]);
        let mut killed = run().start()?;
        wait_until("a document is running", async || Ok(running(world).await? == 1)).await?;
        let orphans = converters(world)?;
        assert_eq!(orphans.len(), 1);
        killed.start_kill()?;
        killed.wait().await?;

        // The lease of two seconds is the orphan's as long as it lives, four seconds.
        let answer = run().run().await?.expect(0)?.json()?;
        assert_eq!(number(&answer, "submitted")?, 1, "only what the orphan does not hold: {answer}");
        assert_eq!(number(&answer, "succeeded")?, 1, "{answer}");
        expect_no_converters(world).await?;
        expect_one_attempt_each(world, 2).await
    }
}

on_every_engine! {
    async fn an_orphaned_converter_settles_its_failure(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_trades SET settlement_date = trade_date, trade_date = '2026-10-20'").await?;
        slow_down_trades(world, 3).await?;
        let run = || run_of(world, ["--kind", "trade"]);
        let mut killed = run().start()?;
        wait_until("a converter runs", async || Ok(!converters(world)?.is_empty())).await?;
        wait_until("a document is running", async || Ok(running(world).await? == 1)).await?;
        killed.start_kill()?;
        killed.wait().await?;
        // Nobody listens to its last words any more.
        expect_no_converters(world).await?;
        assert_eq!(attempts(world).await?, ["2026-10.trade.A001 1 failed"]);
        assert_eq!(document(world, "2026-10.trade.A001").await?["cause"], "shape");
        Ok(())
    }
}

on_every_engine! {
    async fn who_slept_through_its_lease_publishes_nothing(world: &World) {
        load_october(world, 1).await?;
        slow_down_trades(world, 2).await?;
        let mut first = run_of(world, ["--kind", "trade"]).start()?;
        wait_until("a document is running", async || Ok(running(world).await? == 1)).await?;
        let enqueuer = first.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).context("the run is over")?;
        let converter = converters(world)?[0];
        for sleeper in [enqueuer, converter] {
            kill_process(sleeper, Signal::STOP)?;
        }

        // Another run takes the document over and publishes it; then both wake up.
        let answer = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?.json()?;
        assert_eq!(number(&answer, "succeeded")?, 1, "{answer}");
        let (published, made) = (world.published()?, document(world, "2026-10.trade.A001").await?);
        assert_eq!(published.len(), 1);
        for sleeper in [converter, enqueuer] {
            kill_process(sleeper, Signal::CONT)?;
        }
        assert_eq!(first.wait().await?.code(), Some(0), "it finds everything done");
        assert_eq!(world.published()?, published);
        assert_eq!(document(world, "2026-10.trade.A001").await?, made);
        expect_ledger_agrees_with_store(world).await?;
        let attempts = attempts(world).await?;
        assert_eq!(attempts.len(), 2, "{attempts:?}");
        assert!(attempts[1].ends_with(" succeeded") && !attempts[0].ends_with(" succeeded"), "{attempts:?}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_foreign_file_under_the_key_is_left_alone(world: &World) {
        load_october(world, 2).await?;
        run_of(world, ["--kind", "trade", "--account", "A002"]).run().await?.expect(0)?;
        // Once no workbook at all, once the workbook of another document.
        let other = std::fs::read(path_of(world, "2026-10/trade/A002/2026-10.trade.A002.xlsx"))?;
        let balance_key = "2026-10/balance/A001/2026-10.balance.A001.xlsx";
        for (key, content) in [(TRADE_KEY, b"precious".to_vec()), (balance_key, other)] {
            let path = path_of(world, key);
            std::fs::create_dir_all(path.parent().context("no parent")?)?;
            std::fs::write(&path, content)?;
        }
        let before = world.published()?;

        let exit_codes = "\"$CONVERTER\" \"$@\"; code=$?; echo $code >> exits; exit $code";
        for (kind, key) in [("trade", TRADE_KEY), ("balance", balance_key)] {
            let arguments = october(["--account", "A001", "--kind", kind]);
            world.enqueuer_beside(exit_codes, arguments)?.run().await?.expect(1)?;
            let failed = document(world, &format!("2026-10.{kind}.A001")).await?;
            assert_eq!((&failed["state"], &failed["cause"]), (&"failed".into(), &"foreign_object".into()), "{failed}");
            let error = failed["error"].as_str().unwrap_or_default();
            for words in [key, "is not that document", "STORE_URL of its own", "move it away"] {
                assert!(error.contains(words), "{words:?} is missing in {failed}");
            }
        }
        assert_eq!(std::fs::read_to_string(world.path("exits"))?, "65\n65\n", "not tried again");
        assert_eq!(world.published()?, before);
        Ok(())
    }
}

on_every_engine! {
    async fn the_very_document_is_adopted(world: &World) {
        let earlier = World::new(world.engine).await?;
        load_october(&earlier, 1).await?;
        run_october(&earlier).await?.expect(0)?;
        let made = document(&earlier, "2026-10.trade.A001").await?;
        let file = std::fs::read(path_of(&earlier, TRADE_KEY))?;
        earlier.close().await?;

        // The same data: whoever published it, these are the document's bytes.
        load_october(world, 1).await?;
        let path = path_of(world, TRADE_KEY);
        std::fs::create_dir_all(path.parent().context("no parent")?)?;
        std::fs::write(&path, &file)?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        assert!(std::fs::read(&path)? == file, "the file was replaced");
        let adopted = document(world, "2026-10.trade.A001").await?;
        assert_eq!(adopted, made);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_document_of_another_ledger_is_not_adopted(world: &World) {
        let earlier = World::new(world.engine).await?;
        load_october(&earlier, 1).await?;
        run_october(&earlier).await?.expect(0)?;
        let file = std::fs::read(path_of(&earlier, TRADE_KEY))?;
        earlier.close().await?;

        // Another firm's customer of the same account id: what is published here is someone else's.
        let mut books = Books::of_october(["A001"])?;
        books.buy("A001", "later", "2026-10-20", "2026-10-22")?;
        books.balances = books.balances.replace("2026-10-31,JPY,999000", "2026-10-31,JPY,998000");
        books.load(world).await?;
        let path = path_of(world, TRADE_KEY);
        std::fs::create_dir_all(path.parent().context("no parent")?)?;
        std::fs::write(&path, &file)?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(1)?;
        assert!(std::fs::read(&path)? == file, "the file was replaced");
        let refused = document(world, "2026-10.trade.A001").await?;
        assert_eq!((&refused["state"], &refused["cause"]), (&"failed".into(), &"foreign_object".into()), "{refused}");
        for words in [TRADE_KEY, "STORE_URL of its own"] {
            assert!(refused["error"].as_str().is_some_and(|error| error.contains(words)), "{words}: {refused}");
        }
        // Whoever moves it away goes on.
        std::fs::rename(&path, world.path("foreign.xlsx"))?;
        let again = ["resubmit", "--failed", "--period", "2026-10", "--cause", "foreign_object", "--reason", "moved away"];
        world.enqueuer(again).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_run_beside_another_waits_for_its_documents(world: &World) {
        load_october(world, 1).await?;
        slow_down_trades(world, 3).await?;
        let mut first = run_of(world, ["--kind", "trade"]).start()?;
        wait_until("a converter runs", async || Ok(!converters(world)?.is_empty())).await?;
        let second = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?.json()?;
        assert_eq!((number(&second, "due")?, number(&second, "submitted")?), (0, 0), "{second}");
        assert_eq!(document(world, "2026-10.trade.A001").await?["state"], "succeeded");
        let ended = tokio::time::timeout(Duration::from_secs(10), first.wait()).await??;
        assert_eq!(ended.code(), Some(0));
        expect_one_attempt_each(world, 1).await?;
        restore_trades(world).await
    }
}
