//! The same source, profile and program give the same bytes, wherever and whenever; and a rebuild that differs says where
//! and why.

use anyhow::{Context, Result, ensure};
use tests::{Answer, Engine, World, on_every_engine};

use crate::fixtures::{load_october, profile, run_october, run_of};

const TRADE: &str = "2026-10.trade.A001";

async fn verify(world: &World, document: &str) -> Result<Answer> {
    world
        .converter(["--document", document, "--verify"])
        .run()
        .await
}

/// The rebuild is refused, saying all of this on one line.
async fn expect_different(world: &World, document: &str, words: &[&str]) -> Result<()> {
    expect_words(&verify(world, document).await?.expect(65)?, words)
}

fn expect_words(answer: &Answer, words: &[&str]) -> Result<()> {
    let said = answer
        .stderr
        .lines()
        .rfind(|line| line.starts_with("converter: "));
    let said = said.with_context(|| format!("no last words: {answer:?}"))?;
    for word in words {
        ensure!(said.contains(word), "{word:?} is missing in: {said}");
    }
    Ok(())
}

/// Everything the ledger and the store hold.
async fn held(world: &World) -> Result<(Vec<Vec<Option<String>>>, Vec<tests::Published>)> {
    let ledger = world
        .texts(
            "SELECT d.document_id, d.state, d.sha256, d.source_digest, CAST(d.attempts AS text), a.attempt_id, a.outcome
             FROM export_documents d LEFT JOIN export_attempts a ON a.document_id = d.document_id
             ORDER BY d.document_id, a.attempt_id",
        )
        .await?;
    Ok((ledger, world.published()?))
}

on_every_engine! {
    async fn a_published_document_can_be_rebuilt(world: &World) {
        world
            .enqueuer(["demo", "--accounts", "12", "--seed", "3", "--at", "2026-11-05T00:00:00Z"])
            .run().await?.expect(0)?;
        let before = held(world).await?;
        let mut verified = 0;
        for file in &before.1 {
            let id = file.path.file_stem().context("a name")?.to_string_lossy().into_owned();
            let answer = verify(world, &id).await?.expect(0)?;
            ensure!(
                answer.stdout.contains(&id) && answer.stdout.contains(&file.sha256),
                "{answer:?}"
            );
            verified += 1;
        }
        ensure!(verified > 10, "{verified} documents prove little");
        ensure!(held(world).await? == before, "verifying changed something");
        ensure!(!world.store().join(".partial").read_dir()?.any(|_| true), "it left a file behind");
        Ok(())
    }
}

on_every_engine! {
    async fn a_changed_source_is_named(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE statement_trades SET security_name = 'Ｖ'").await?;
        expect_different(world, TRADE, &[
            "取引明細!D2: \"Ｖｅｒｉｔａｓ\" then, \"Ｖ\" now", "the source changed (5 rows were read then, 5 now)",
        ]).await?;
        // What no document shows is still the source's: the digest is of all that is read.
        world.execute("UPDATE statement_trades SET security_name = 'Ｖｅｒｉｔａｓ', price_unit = '2'").await?;
        verify(world, TRADE).await?.expect(0)?;
        world.execute(
            "UPDATE statement_trades SET price_unit = '1';
             INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code,
                 security_name, side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission,
                 consumption_tax, withholding_tax, net_amount)
             SELECT account_id, 'T-later', trade_date, settlement_date, asset_class, security_code, security_name,
                 'receipt', custody, quantity, unit_price, price_unit, currency, gross_amount, commission,
                 consumption_tax, withholding_tax, '0' FROM statement_trades",
        ).await?;
        expect_different(world, TRADE, &["the source changed (5 rows were read then, 6 now)"]).await?;
        // What the gate would refuse today is compared all the same.
        world.execute("UPDATE statement_trades SET net_amount = '-7' WHERE trade_id = 'T2026-10-0'").await?;
        expect_different(world, TRADE, &[
            "概要!B13: 1 then, 2 now", "the source changed (5 rows were read then, 6 now)", "the gate says of the rebuilt one: identity: trade T2026-10-0",
        ]).await?;
        world.execute("UPDATE statement_trades SET side = 'swap'").await?;
        expect_different(world, TRADE, &["was published, but cannot be rebuilt", "\"swap\" is not known"]).await
    }
}

on_every_engine! {
    async fn a_changed_profile_or_program_is_named(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let file = profile(world, "")?;
        let other = world
            .converter(["--document", TRADE, "--verify"])
            .env("STATEMENT_PROFILE", &file)
            .run().await?.expect(65)?;
        expect_words(&other, &[
            "\"見本\" then, \"お名前\" now", "the source is the same", "the profile changed (built-in then",
        ])?;
        verify(world, TRADE).await?.expect(0)?;
        // Another document under its key.
        let path = |id: &str, kind: &str| world.store().join(format!("2026-10/{kind}/A001/{id}.xlsx"));
        std::fs::copy(path("2026-10.balance.A001", "balance"), path(TRADE, "trade"))?;
        expect_different(world, TRADE, &["is not that document", "2026-10.balance.A001"]).await
    }
}

on_every_engine! {
    async fn a_tampered_or_missing_file_is_named(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let path = world.store().join("2026-10/trade/A001/2026-10.trade.A001.xlsx");
        let bytes = std::fs::read(&path)?;
        // A zip may have a comment at its end: the workbook opens as before.
        let mut longer = bytes.clone();
        let end = longer.len();
        longer[end - 2] = 1;
        longer.push(b'!');
        std::fs::write(&path, &longer)?;
        expect_different(world, TRADE, &[
            "was changed after it was published", "the ledger recorded", "rebuilt, it is as it was published", "every part is equal",
        ]).await?;
        for end in [0, 100, bytes.len() / 2] {
            std::fs::write(&path, &bytes[..end])?;
            expect_different(world, TRADE, &["is not that document"]).await?;
        }
        std::fs::remove_file(&path)?;
        expect_different(world, TRADE, &["is not in the store"]).await?;
        std::fs::write(&path, &bytes)?;
        verify(world, TRADE).await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn only_what_is_published_can_be_verified(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1'").await?;
        run_october(world).await?.expect(1)?;
        expect_words(&verify(world, TRADE).await?.expect(78)?, &["2026-10.trade.A001 is failed", "only what is published"])?;
        expect_words(&verify(world, "2026-09.trade.A001").await?.expect(78)?, &["knows no document"])?;
        expect_words(&verify(world, "nonsense").await?.expect(78)?, &["document id"])?;
        let alone = world.converter(["--verify"]).run().await?.expect(78)?;
        ensure!(alone.stderr.contains("--document"), "{alone:?}");
        Ok(())
    }
}

/// Every document's bytes and source digest, from a demo made under this environment.
async fn made(world: &World, at: &str, environment: &[(&str, &str)]) -> Result<Vec<Vec<String>>> {
    let mut demo = world.enqueuer(["demo", "--accounts", "60", "--seed", "11", "--at", at]);
    for (name, value) in environment {
        demo = demo.env(name, value);
    }
    demo.run().await?.expect(0)?;
    let rows = world
        .texts(
            "SELECT document_id, sha256, source_digest, CAST(source_rows AS text) FROM export_documents
             WHERE state = 'succeeded' ORDER BY document_id",
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.into_iter().flatten().collect())
        .collect())
}

/// Other directories, times of day, zones, locales, numbers of processes and engines.
#[tokio::test]
async fn the_same_bytes_everywhere() -> Result<()> {
    let here = World::new(Engine::Sqlite).await?;
    let morning = made(
        &here,
        "2026-11-05T00:01:00+09:00",
        &[("LOCAL_PARALLEL", "1")],
    )
    .await?;
    let there = World::new(Engine::Postgres).await?;
    let environment = [
        ("TZ", "America/New_York"),
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("LOCAL_PARALLEL", "3"),
    ];
    let evening = made(&there, "2026-11-05T23:59:00+09:00", &environment).await?;
    here.close().await?;
    there.close().await?;
    ensure!(
        morning.len() > 100,
        "{} documents prove little",
        morning.len()
    );
    ensure!(morning.iter().all(|row| row.len() == 4), "{morning:?}");
    for (one, other) in morning.iter().zip(&evening) {
        ensure!(one == other, "{one:?} is not {other:?}");
    }
    ensure!(morning.len() == evening.len());
    Ok(())
}

on_every_engine! {
    async fn a_corrected_document_is_rebuilt_with_its_own_date(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        // The next revision, as a reissue records it.
        world.execute(
            "INSERT INTO export_documents (document_id, period, kind, account_id, revision, state, run_id, delivery,
                 estimated_rows, issued_on, profile_hash, program_version, due_at, customer_note)
             SELECT document_id || '.r2', period, kind, account_id, 2, 'due', run_id, delivery, estimated_rows,
                 '2026-11-20', profile_hash, program_version, due_at, '約定日を訂正しました。'
             FROM export_documents WHERE kind = 'trade'",
        ).await?;
        world.converter(["--document", "2026-10.trade.A001.r2"]).run().await?.expect(0)?;
        verify(world, "2026-10.trade.A001.r2").await?.expect(0)?;
        verify(world, TRADE).await?.expect(0)?;
        // The first revision's date of issue is part of the second.
        world.execute("UPDATE export_documents SET issued_on = '2026-11-03' WHERE revision = 1 AND kind = 'trade'").await?;
        expect_different(world, "2026-10.trade.A001.r2", &["2026/11/02", "2026/11/03", "the source is the same"]).await?;
        let run = run_of(world, []).run().await?.expect(0)?.json()?;
        ensure!(run["due"] == 0, "{run}");
        Ok(())
    }
}
