//! A bucket as store: the documents are those of a directory, and whatever goes wrong on the way, each is published
//! once, as a whole, and never over another.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hyper::Method;
use rustix::process::{Signal, kill_process};
use tests::s3::{Fault, S3};
use tests::{World, on_every_engine};

use crate::fixtures::{
    PERIOD, attempts, document, expect_ledger_agrees_with_store, load_october, run_october, run_of,
};
use crate::processes::{converters, expect_no_converters, wait_until};

const TRADE: &str = "2026-10.trade.A001";
const TRADE_KEY: &str = "2026-10/trade/A001/2026-10.trade.A001.xlsx";

/// A run of one trade statement.
fn run_trade(world: &World) -> tests::Program {
    run_of(world, ["--kind", "trade", "--account", "A001"])
}

/// Objects by key, with their SHA-256.
fn digests(world: &World) -> Result<Vec<(String, String)>> {
    let published = world.published()?.into_iter();
    Ok(published.map(|file| (file.key, file.sha256)).collect())
}

/// The one document was published by one attempt, and the ledger agrees.
async fn expect_published_once(world: &World, s3: &S3) -> Result<()> {
    assert_eq!(s3.objects()?.len(), 1);
    assert_eq!(attempts(world).await?, [format!("{TRADE} 1 succeeded")]);
    expect_ledger_agrees_with_store(world).await
}

on_every_engine! {
    async fn a_month_end_publishes_what_a_directory_would_hold(world: &World) {
        load_october(world, 3).await?;
        world.execute("UPDATE statement_accounts SET language = 'en' WHERE account_id = 'A002'").await?;
        let s3 = world.with_s3().await?;
        run_october(world).await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await?;

        let local = World::new(world.engine).await?;
        load_october(&local, 3).await?;
        local.execute("UPDATE statement_accounts SET language = 'en' WHERE account_id = 'A002'").await?;
        run_october(&local).await?.expect(0)?;
        assert_eq!(digests(world)?, digests(&local)?);
        local.close().await?;

        let puts = s3.requests_of(&Method::PUT);
        assert_eq!(puts.len(), 6, "one request each");
        for put in &puts {
            assert_eq!(put.status, Some(200));
            assert_eq!(put.header("if-none-match"), "*");
            assert_eq!(
                put.header("content-type"),
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            );
            let kind = if put.uri.path().contains("/trade/") { "trade" } else { "balance" };
            assert_eq!(put.header("x-amz-tagging"), format!("kind={kind}&period={PERIOD}"));
            assert!(!put.header("x-amz-checksum-sha256").is_empty() && put.header("content-encoding").is_empty());
        }
        let name = |key: &str| -> Result<String> {
            let put = puts.iter().find(|put| put.uri.path().ends_with(key)).context(key.to_owned())?;
            Ok(put.header("content-disposition").to_owned())
        };
        assert_eq!(
            name("2026-10.trade.A001.xlsx")?,
            "attachment; filename=\"trade-statement_2026-10_A001.xlsx\"; \
             filename*=UTF-8''%E5%8F%96%E5%BC%95%E6%98%8E%E7%B4%B0%E6%9B%B8_2026-10_A001.xlsx"
        );
        assert_eq!(
            name("2026-10.balance.A002.xlsx")?,
            "attachment; filename=\"balance-statement_2026-10_A002.xlsx\"; \
             filename*=UTF-8''balance-statement_2026-10_A002.xlsx"
        );
        Ok(())
    }
}

on_every_engine! {
    async fn what_passes_is_tried_again(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        let put = Method::PUT;
        s3.disturb(&put, Fault::Refuse(503, "SlowDown"), 1);
        s3.disturb(&put, Fault::Cut, 1);
        s3.disturb(&put, Fault::Refuse(409, "ConditionalRequestConflict"), 1);
        run_trade(world).run().await?.expect(0)?;
        let answers: Vec<_> = s3.requests_of(&put).iter().map(|put| put.status).collect();
        assert_eq!(answers, [Some(503), None, Some(409), Some(200)]);
        expect_published_once(world, s3).await
    }
}

on_every_engine! {
    async fn a_lost_answer_is_no_second_document(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.disturb(&Method::PUT, Fault::LoseAnswer, 1);
        run_trade(world).run().await?.expect(0)?;
        let answers: Vec<_> = s3.requests_of(&Method::PUT).iter().map(|put| put.status).collect();
        assert_eq!(answers, [None, Some(412)]);
        expect_published_once(world, s3).await
    }
}

on_every_engine! {
    async fn sigterm_abandons_an_upload(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.disturb(&Method::PUT, Fault::Slow(Duration::from_secs(4)), 1);
        let run = run_trade(world).start()?;
        wait_until("an upload is under way", async || Ok(!s3.requests_of(&Method::PUT).is_empty())).await?;
        let started = Instant::now();
        kill_process(converters(world)?[0], Signal::TERM)?;
        expect_no_converters(world).await?;
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        assert_eq!(s3.objects()?, [], "what was abandoned is not there");

        // The queue tries again.
        assert_eq!(run.wait_with_output().await?.status.code(), Some(0));
        assert_eq!(
            attempts(world).await?,
            [format!("{TRADE} 1 given_back"), format!("{TRADE} 2 succeeded")]
        );
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_foreign_object_is_left_alone(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.place(TRADE_KEY, b"precious")?;
        run_trade(world).run().await?.expect(1)?;
        assert_eq!(s3.content(TRADE_KEY)?, b"precious");
        let failed = document(world, TRADE).await?;
        assert_eq!((&failed["cause"], &failed["attempts"]), (&"bug".into(), &1.into()), "{failed}");
        Ok(())
    }
}
