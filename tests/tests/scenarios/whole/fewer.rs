//! A source of which much is missing: far fewer accounts or positions than before, or none at all.

use anyhow::{Result, ensure};
use tests::{World, on_every_engine};

use super::expect_nothing;
use crate::fixtures::{Books, PERIOD, RELATIONS, account_ids, load_october, run_of};

/// Five accounts in September and October.
async fn load(world: &World) -> Result<()> {
    let ids = account_ids(5);
    let ids = ids.iter().map(String::as_str);
    Books::of(ids, &["2026-09", PERIOD])?.load(world).await
}

/// The run of September, when all of it was there.
async fn run_september(world: &World, arguments: &[&str]) -> Result<()> {
    let run = [
        "run",
        "--period",
        "2026-09",
        "--at",
        "2026-10-02T09:00:00+09:00",
    ];
    let run = [&run, arguments].concat();
    world.enqueuer(run).run().await?.expect(0)?;
    Ok(())
}

/// Leaves so many accounts.
async fn keep_accounts(world: &World, kept: usize) -> Result<()> {
    for relation in RELATIONS {
        let last = format!("A{kept:03}");
        world
            .execute(&format!(
                "DELETE FROM {relation} WHERE account_id > '{last}'"
            ))
            .await?;
    }
    Ok(())
}

async fn expect_refused(world: &World, words: &str) -> Result<()> {
    for arguments in [&[][..], &["--kind", "balance"], &["--account", "A001"]] {
        let refused = run_of(world, arguments.iter().copied())
            .run()
            .await?
            .expect(75)?;
        for words in [words, "--accept-fewer"] {
            ensure!(
                refused.stderr.contains(words),
                "{words:?} is missing in: {}",
                refused.stderr
            );
        }
    }
    let plan = ["plan", "--period", PERIOD];
    let refused = world.enqueuer(plan).run().await?.expect(75)?;
    ensure!(refused.stderr.contains(words), "{}", refused.stderr);
    expect_nothing(world, PERIOD).await
}

on_every_engine! {
    async fn fewer_than_half_of_the_accounts_stop_a_run(world: &World) {
        load(world).await?;
        run_september(world, &[]).await?;
        // Three of five are enough.
        keep_accounts(world, 3).await?;
        world.enqueuer(["plan", "--period", PERIOD]).run().await?.expect(0)?;
        keep_accounts(world, 2).await?;
        expect_refused(world, "accounts 2, less than half of the 5 that the run of 2026-09 found").await?;

        world.enqueuer(["plan", "--period", PERIOD, "--accept-fewer"]).run().await?.expect(0)?;
        let made = run_of(world, ["--accept-fewer"]).run().await?.expect(0)?.json()?;
        ensure!(made["succeeded"] == 4, "{made}");
        let kept = world
            .texts("SELECT CAST(source_accounts AS text), accepted_fewer FROM export_runs WHERE period = '2026-10'")
            .await?;
        ensure!(kept[0][0].as_deref() == Some("2"), "{kept:?}");
        ensure!(kept[0][1].as_ref().is_some_and(|text| text.starts_with("accounts 2,")), "{kept:?}");
        // From now on so many are what there is.
        run_of(world, []).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_closing_snapshot_that_is_half_loaded_stops_a_run(world: &World) {
        load(world).await?;
        run_september(world, &[]).await?;
        world.execute("DELETE FROM statement_positions WHERE as_of = '2026-10-31' AND account_id > 'A002'").await?;
        let refused = run_of(world, []).run().await?.expect(75)?;
        ensure!(refused.stderr.contains("positions of the closing snapshot 2, less than half of the 5"), "{}", refused.stderr);
        expect_nothing(world, PERIOD).await?;
        // Of no concern to trade statements.
        let made = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?.json()?;
        ensure!(made["succeeded"] == 5, "{made}");
        // No positions at all are none that the firm does not keep.
        world.execute("DELETE FROM statement_positions").await?;
        let refused = run_of(world, []).run().await?.expect(75)?;
        ensure!(refused.stderr.contains("positions of the closing snapshot 0,"), "{}", refused.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn a_few_documents_are_no_measure(world: &World) {
        load(world).await?;
        run_september(world, &["--account", "A001"]).await?;
        keep_accounts(world, 1).await?;
        run_of(world, []).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn each_kind_is_a_measure_of_its_own(world: &World) {
        load(world).await?;
        run_september(world, &["--kind", "balance"]).await?;
        // The last run looked for no positions. What the one before found is not forgotten.
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        world.execute("DELETE FROM statement_positions WHERE as_of = '2026-10-31' AND account_id > 'A002'").await?;
        let refused = run_of(world, ["--kind", "balance"]).run().await?.expect(75)?;
        let words = "positions of the closing snapshot 2, less than half of the 5 that the run of 2026-09 found";
        ensure!(refused.stderr.contains(words), "{}", refused.stderr);
        keep_accounts(world, 2).await?;
        let refused = run_of(world, ["--kind", "trade"]).run().await?.expect(75)?;
        ensure!(refused.stderr.contains("accounts 2, less than half of the 5 that the run of 2026-10 found"), "{}", refused.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn an_earlier_month_is_not_measured_by_a_later_one(world: &World) {
        load(world).await?;
        run_of(world, []).run().await?.expect(0)?;
        world.execute("DELETE FROM statement_positions WHERE as_of = '2026-09-30' AND account_id > 'A001'").await?;
        world.enqueuer(["plan", "--period", "2026-09"]).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_source_without_accounts_is_not_complete(world: &World) {
        load_october(world, 2).await?;
        run_of(world, []).run().await?.expect(0)?;
        keep_accounts(world, 0).await?;
        for command in ["run", "plan"] {
            let refused = world.enqueuer([command, "--period", PERIOD, "--accept-fewer"]).run().await?.expect(75)?;
            ensure!(refused.stderr.contains("the source has no account"), "{}", refused.stderr);
        }
        let september = ["run", "--period", "2026-09", "--at", "2026-10-02T09:00:00+09:00"];
        world.enqueuer(september).run().await?.expect(75)?;
        expect_nothing(world, "2026-09").await?;
        let check = world.enqueuer(["check"]).run().await?.expect(78)?;
        ensure!(check.stdout.contains("WRONG  statement_accounts: the source has no account"), "{}", check.stdout);
        let certificate = world.enqueuer(["certificate"]).run().await?.expect(1)?;
        ensure!(certificate.stdout.contains("the source has no account"), "{}", certificate.stdout);
        ensure!(!certificate.stdout.contains("Everything adds up"), "{}", certificate.stdout);
        Ok(())
    }
}

on_every_engine! {
    async fn a_certificate_of_nothing_is_none(world: &World) {
        let mut books = Books::empty();
        books.accounts.push_str("A1,0001,山田 太郎,ja,JPY,1,2020-01-01\n");
        books.load(world).await?;
        run_of(world, []).run().await?.expect(0)?;
        let certificate = world.enqueuer(["certificate", "--json"]).run().await?.expect(1)?.json()?;
        ensure!(certificate["adds_up"] == false, "{certificate}");
        ensure!(certificate["problems"][0].as_str().is_some_and(|text| text.contains("no document is recorded")), "{certificate}");
        Ok(())
    }
}
