//! A bucket as store: the documents are those of a directory, and whatever goes wrong on the way, each is published
//! once, as a whole, and never over another.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hyper::Method;
use rustix::process::{Signal, kill_process};
use tests::s3::{Fault, S3};
use tests::{Program, Topic, World, on_every_engine};

use crate::fixtures::{
    PERIOD, attempts, document, expect_ledger_agrees_with_store, expect_one_line, load_october,
    october, run_october, run_of,
};
use crate::processes::{converters, expect_no_converters, wait_until};
use crate::steering::alerts::told;

const TRADE: &str = "2026-10.trade.A001";
const TRADE_KEY: &str = "2026-10/trade/A001/2026-10.trade.A001.xlsx";

/// A run of one trade statement.
fn run_trade(world: &World) -> Program {
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
    async fn a_lost_lease_abandons_an_upload(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.disturb(&Method::PUT, Fault::Slow(Duration::from_secs(6)), 1);
        let run = run_trade(world).start()?;
        wait_until("an upload is under way", async || Ok(!s3.requests_of(&Method::PUT).is_empty())).await?;
        world.execute("UPDATE export_documents SET lease_expires_at = 1 WHERE state = 'running'").await?;
        let started = Instant::now();
        expect_no_converters(world).await?;
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert_eq!(s3.objects()?, [], "what was abandoned is not there");
        assert_eq!(run.wait_with_output().await?.status.code(), Some(0));
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_slow_bucket_is_waited_for(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.disturb(&Method::GET, Fault::Slow(Duration::from_secs(1)), 1);
        // Longer than a lease, which is renewed meanwhile.
        s3.disturb(&Method::PUT, Fault::Slow(Duration::from_secs(4)), 1);
        run_trade(world).run().await?.expect(0)?;
        assert_eq!(s3.requests_of(&Method::PUT).len(), 1);
        expect_published_once(world, s3).await
    }
}

on_every_engine! {
    async fn what_a_crashed_converter_published_is_adopted(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.disturb(&Method::PUT, Fault::SlowAnswer(Duration::from_secs(20)), 1);
        let temp = world.path("tmp");
        std::fs::create_dir(&temp)?;
        let run = run_trade(world).env("TMPDIR", &temp.to_string_lossy()).start()?;
        wait_until("the document is published", async || Ok(!s3.objects()?.is_empty())).await?;
        kill_process(converters(world)?[0], Signal::KILL)?;
        let left: Vec<_> = std::fs::read_dir(&temp)?.collect();
        assert!(left.is_empty(), "a statement stays behind where nobody looks for it: {left:?}");
        assert_eq!(run.wait_with_output().await?.status.code(), Some(75), "run again");
        assert_eq!(document(world, TRADE).await?["state"], "due");
        let published = s3.objects()?;

        // Whoever built it now would build another one.
        world.execute("UPDATE statement_trades SET note = 'later'").await?;
        run_trade(world).run().await?.expect(0)?;
        assert_eq!(s3.objects()?, published);
        assert_eq!(s3.requests_of(&Method::PUT).len(), 1, "it was found before it was built");
        expect_ledger_agrees_with_store(world).await?;
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 lost"), format!("{TRADE} 1 succeeded")]);
        let of_what_is_published = world.texts(
            "SELECT a.sha256 FROM export_attempts a JOIN export_documents d ON d.sha256 = a.sha256
             AND d.source_digest = a.source_digest AND d.section_digests = a.section_digests AND d.row_counts LIKE '%\"trades\":1%'",
        ).await?;
        assert_eq!(of_what_is_published, [[Some(published[0].sha256.clone())]]);
        let verified = world.converter(["--document", TRADE, "--verify"]).run().await?.expect(65)?;
        assert!(verified.stderr.contains("the source changed"), "{}", verified.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn what_does_not_pass_is_given_back(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        // All that the SDK sends in one attempt; then a bit changes on the way, which it does not try again itself.
        s3.disturb(&Method::PUT, Fault::Refuse(503, "SlowDown"), 4);
        s3.disturb(&Method::PUT, Fault::Damage, 1);
        let note = "\"$CONVERTER\" \"$@\"; code=$?; echo $code >> exits; exit $code";
        let arguments = october(["--kind", "trade"]);
        world.enqueuer_beside(note, arguments)?.run().await?.expect(0)?;
        assert_eq!(std::fs::read_to_string(world.path("exits"))?, "75\n75\n0\n");
        let outcomes = ["1 given_back", "2 given_back", "3 succeeded"];
        assert_eq!(attempts(world).await?, outcomes.map(|outcome| format!("{TRADE} {outcome}")));
        let answers: Vec<_> = s3.requests_of(&Method::PUT).iter().filter_map(|put| put.status).collect();
        assert_eq!(answers, [503, 503, 503, 503, 400, 200]);
        let errors = world.texts("SELECT error FROM export_attempts WHERE error IS NOT NULL ORDER BY number").await?;
        let said = |attempt: usize| errors[attempt][0].clone().unwrap_or_default();
        assert!(said(0).contains("AWS throttles, SlowDown"), "{errors:?}");
        assert!(said(1).contains("BadDigest"), "{errors:?}");
        expect_ledger_agrees_with_store(world).await?;
        let verified = world.converter(["--document", TRADE, "--verify"]).run().await?.expect(0)?;
        assert!(verified.stdout.contains("is equal"), "{}", verified.stdout);
        Ok(())
    }
}

on_every_engine! {
    async fn missing_rights_are_named(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        let denied = Fault::Refuse(403, "AccessDenied");
        s3.disturb(&Method::PUT, denied, 1);
        let object = format!("s3://statements/firm/monthly/{TRADE_KEY}");
        expect_one_line(run_trade(world).run().await?, 78, &[&object, "s3:PutObject and s3:PutObjectTagging"])?;
        let given_back = document(world, TRADE).await?;
        assert_eq!(given_back["state"], "due", "it is no fault of the document: {given_back}");

        // Of a GET the first is the run's own look at the bucket.
        s3.disturb(&Method::GET, denied, 1);
        expect_one_line(run_trade(world).run().await?, 78, &["s3://statements/firm/monthly/", "s3:ListBucket"])?;
        s3.calm();
        run_trade(world).run().await?.expect(0)?;
        s3.disturb(&Method::GET, denied, 1);
        let verified = world.converter(["--document", TRADE, "--verify"]).run().await?.expect(78)?;
        assert!(verified.stderr.contains(&object) && verified.stderr.contains("s3:GetObject"), "{}", verified.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn wrong_settings_are_named(world: &World) {
        load_october(world, 1).await?;
        world.with_s3().await?;
        let check = |program: Program| async move {
            let answer = program.run().await?.expect(78)?;
            anyhow::Ok(answer.stdout.lines().find(|line| line.starts_with("WRONG  store")).unwrap_or_default().to_owned())
        };
        let wrong_secret = || world.enqueuer(["check"]).env("AWS_SECRET_ACCESS_KEY", "another");
        for (program, words) in [
            (wrong_secret(), ["SignatureDoesNotMatch", "s3://statements/firm/monthly/"]),
            (world.enqueuer(["check"]).without("AWS_ACCESS_KEY_ID"), ["there are no AWS credentials", "AWS_ACCESS_KEY_ID"]),
            (world.enqueuer(["check"]).without("AWS_ACCESS_KEY_ID").env("AWS_PROFILE", "nobody"), ["AWS_PROFILE names the profile \"nobody\"", ".aws/config"]),
            (world.enqueuer(["check"]).without("AWS_REGION"), ["AWS_REGION is not set", "ap-northeast-1"]),
            (world.enqueuer(["check"]).env("STORE_URL", "s3://not-there/x"), ["there is no bucket not-there", "STORE_URL"]),
        ] {
            let said = check(program).await?;
            assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
        }
        let right = world.enqueuer(["check"]).run().await?.expect(0)?;
        assert!(right.stdout.contains("ok     converter\n"), "{}", right.stdout);
        expect_one_line(
            run_trade(world).env("STORE_URL", "s3://not-there/x").run().await?, 78, &["there is no bucket not-there"],
        )
    }
}

on_every_engine! {
    async fn of_two_writers_at_once_one_publishes(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        // Another ledger on the same data and the same bucket: no lease keeps the two apart.
        let other = World::new(world.engine).await?;
        load_october(&other, 1).await?;
        s3.disturb(&Method::PUT, Fault::Slow(Duration::from_secs(2)), 2);
        let beside = s3.environment().into_iter().fold(run_trade(&other), |run, (name, value)| run.env(name, &value));
        let (first, second) = tokio::join!(run_trade(world).run(), beside.run());
        first?.expect(0)?;
        second?.expect(0)?;
        let mut answers: Vec<_> = s3.requests_of(&Method::PUT).iter().filter_map(|put| put.status).collect();
        answers.sort_unstable();
        assert_eq!(answers, [200, 412]);
        assert_eq!(document(world, TRADE).await?, document(&other, TRADE).await?);
        other.close().await?;
        expect_published_once(world, s3).await
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
        assert_eq!((&failed["cause"], &failed["attempts"]), (&"foreign_object".into(), &1.into()), "{failed}");
        let place = format!("what is at s3://statements/firm/monthly/{TRADE_KEY}, ");
        assert!(failed["error"].as_str().is_some_and(|error| error.starts_with(&place)), "{failed}");
        Ok(())
    }
}

on_every_engine! {
    async fn what_a_store_refused_is_of_the_run_that_publishes_it(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        s3.disturb(&Method::PUT, Fault::Refuse(403, "AccessDenied"), 1);
        run_trade(world).run().await?.expect(78)?;
        let topic = Topic::start().await?;
        let second = run_trade(world).env("ALERTS", &format!("slack:{}", topic.webhook())).run().await?.expect(0)?.json()?;
        assert_eq!(world.texts("SELECT run_id FROM export_documents").await?[0][0].as_deref(), second["run_id"].as_str());
        let told = told(&topic)?;
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].contains("2026-10: 1 document published, 0 failed"), "{told:#?}");
        assert_eq!(attempts(world).await?, [format!("{TRADE} 1 given_back"), format!("{TRADE} 1 succeeded")]);
        world.converter(["--document", TRADE, "--verify"]).run().await?.expect(0)?;
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_web_page_instead_of_s3_is_told_as_such(world: &World) {
        load_october(world, 1).await?;
        let s3 = world.with_s3().await?;
        for status in [200, 403, 407] {
            s3.disturb(&Method::PUT, Fault::WebPage(status), 1);
            let words = ["a web page", "HTTPS_PROXY", TRADE_KEY, "Sign in to the network"];
            // Of a 200 the SDK reads no page.
            let words = if status == 200 { &words[..3] } else { &words };
            expect_one_line(run_trade(world).run().await?, 78, words)?;
            s3.calm();
        }
        // One that a balancer shows while it is overloaded passes.
        s3.disturb(&Method::PUT, Fault::WebPage(503), 4);
        let note = "\"$CONVERTER\" \"$@\"; code=$?; echo $code >> exits; exit $code";
        world.enqueuer_beside(note, october(["--kind", "trade"]))?.run().await?.expect(0)?;
        assert_eq!(std::fs::read_to_string(world.path("exits"))?, "75\n0\n");
        let errors = world.texts("SELECT error FROM export_attempts WHERE error LIKE '%a web page%503%'").await?;
        assert_eq!(errors.len(), 1, "{errors:?}");
        expect_ledger_agrees_with_store(world).await
    }
}
