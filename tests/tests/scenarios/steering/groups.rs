//! `run --group`: a rollout group at a time, the others excused until it is their turn.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{World, on_every_engine};

use super::{expect_adds_up, expect_stands, expect_untouched, in_states, kept, whole_ledger};
use crate::fixtures::{
    PERIOD, attempts, expect_ledger_agrees_with_store, expect_one_line, load_october, october,
    run_of,
};
use crate::processes::wait_until;

/// A source of two accounts in G, two in H, and two in none.
async fn load_groups(world: &World) -> Result<()> {
    load_october(world, 6).await?;
    world
        .execute(
            "UPDATE statement_accounts SET rollout_group = 'G' WHERE account_id IN ('A001', 'A002');
             UPDATE statement_accounts SET rollout_group = 'H' WHERE account_id IN ('A003', 'A004')",
        )
        .await
}

/// How one kind's accounts are accounted for.
fn accounted(succeeded: u64, excused: u64) -> Value {
    json!({"accounts": 6, "due": succeeded, "succeeded": succeeded, "failed": 0, "open": 0, "excused": excused, "nothing_to_report": 0})
}

async fn expect_accounted(world: &World, succeeded: u64, excused: u64) -> Result<()> {
    for kind in ["trade", "balance"] {
        expect_adds_up(world, kind, &accounted(succeeded, excused)).await?;
    }
    expect_ledger_agrees_with_store(world).await
}

on_every_engine! {
    async fn groups_are_made_one_after_the_other(world: &World) {
        load_groups(world).await?;
        // Of H, which is left out first, an account that does not consent.
        world.execute("UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A004'").await?;
        let first = run_of(world, ["--group", "G"]).run().await?.expect(0)?.json()?;
        assert_eq!((&first["succeeded"], &first["excused"]), (&json!(4), &json!(8)), "{first}");
        for account in ["A003", "A004", "A005", "A006"] {
            expect_stands(world, &format!("2026-10.trade.{account}"), "excused", Some("not_in_group")).await?;
        }
        expect_accounted(world, 2, 4).await?;

        let before = whole_ledger(world).await?;
        expect_one_line(run_of(world, ["--group", "X"]).run().await?, 78, &["--group X", "rollout_group"])?;
        expect_untouched(world, &before, "an unknown group").await?;

        let second = run_of(world, ["--group", "H"]).run().await?.expect(0)?.json()?;
        assert_eq!((&second["due"], &second["succeeded"], &second["excused"]), (&json!(4), &json!(4), &json!(0)), "{second}");
        assert_eq!(kept(world, "2026-10.trade.A003", "delivery").await?, "electronic");
        assert_eq!(kept(world, "2026-10.trade.A004", "delivery").await?, "paper", "left out or not, it does not consent");
        assert_eq!(kept(world, "2026-10.trade.A004", "estimated_rows").await?, "8", "it is as heavy as its rows");
        expect_accounted(world, 4, 2).await?;

        let rest = run_of(world, []).run().await?.expect(0)?.json()?;
        assert_eq!((&rest["due"], &rest["succeeded"]), (&json!(4), &json!(4)), "{rest}");
        expect_accounted(world, 6, 0).await
    }
}

on_every_engine! {
    async fn two_groups_may_be_made_at_once(world: &World) {
        load_groups(world).await?;
        let both = run_of(world, ["--group", "G", "--group", "H"]).run().await?.expect(0)?.json()?;
        assert_eq!((&both["succeeded"], &both["excused"]), (&json!(8), &json!(4)), "{both}");
        expect_accounted(world, 4, 2).await
    }
}

on_every_engine! {
    async fn a_group_is_tried_while_the_consent_and_the_weight_of_others_change(world: &World) {
        load_groups(world).await?;
        run_of(world, ["--group", "G", "--kind", "trade"]).run().await?.expect(0)?;
        world.execute("UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A003'").await?;
        world.execute("DELETE FROM statement_cash_movements WHERE account_id = 'A005'; DELETE FROM statement_trades WHERE account_id = 'A005' AND trade_id <> 'T2026-10-0'").await?;
        run_of(world, ["--kind", "trade", "--refusals-percent", "100"]).run().await?;
        assert_eq!(kept(world, "2026-10.trade.A003", "delivery").await?, "paper");
        assert_eq!(kept(world, "2026-10.trade.A005", "estimated_rows").await?, "1");
        assert_eq!(kept(world, "2026-10.trade.A006", "delivery").await?, "electronic");
        Ok(())
    }
}

on_every_engine! {
    async fn what_an_earlier_run_left_unbegun_is_left_out(world: &World) {
        load_groups(world).await?;
        // The first converter runs when the period is stopped; the others never begin, although they were submitted.
        let waiting = "touch begun; while [ ! -e go ]; do sleep 0.05; done; sleep 1.5; exec \"$CONVERTER\" \"$@\"";
        let run = world.enqueuer_beside(waiting, october(["--kind", "trade", "--parallel", "1"]))?.run();
        let stopping = async {
            wait_until("a converter has begun", async || Ok(world.path("begun").exists())).await?;
            world.enqueuer(["stop", "--period", PERIOD]).run().await?.expect(0)?;
            std::fs::write(world.path("go"), "")?;
            anyhow::Ok(())
        };
        let (run, stopped) = tokio::join!(run, stopping);
        stopped?;
        run?.expect(75)?;
        let begun = attempts(world).await?;
        ensure!(begun.len() == 1, "more than one began: {begun:?}");

        let group = run_of(world, ["--kind", "trade", "--group", "G", "--resume"]).run().await?.expect(0)?.json()?;
        assert_eq!(group["submitted"], 2, "only its own: {group}");
        // The heaviest was made first: A004, of H.
        assert_eq!(in_states(world, ["succeeded", "excused", "due"]).await?, [3, 3, 0]);
        expect_stands(world, "2026-10.trade.A004", "succeeded", None).await?;
        expect_stands(world, "2026-10.trade.A005", "excused", Some("not_in_group")).await?;
        run_of(world, []).run().await?.expect(0)?;
        expect_accounted(world, 6, 0).await
    }
}

on_every_engine! {
    async fn without_the_column_there_is_no_group(world: &World) {
        load_october(world, 2).await?;
        world.execute("ALTER TABLE statement_accounts DROP COLUMN rollout_group").await?;
        expect_one_line(run_of(world, ["--group", "G"]).run().await?, 78, &["--group G", "rollout_group"])?;
        run_of(world, []).run().await?.expect(0)?;
        assert_eq!(in_states(world, ["succeeded"]).await?, [4]);
        Ok(())
    }
}
