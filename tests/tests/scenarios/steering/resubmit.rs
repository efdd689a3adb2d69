//! `resubmit`: what failed is made again, from the source and the profile as they are by then.

use anyhow::Context;
use calamine::Data;
use serde_json::json;
use tests::{Workbook, on_every_engine};

use super::{
    LATER, actions, came_to, expect_stands, expect_untouched, in_states, kept, mend_holdings,
    mend_trades, spoil_holdings, spoil_trades, steer, steering, whole_ledger,
};
use crate::fixtures::{
    Books, PERIOD, SOURCE_IS_DOWN, account_ids, attempts, document,
    expect_ledger_agrees_with_store, load_october, october, profile, run_october, run_of,
};

const A1: &str = "2026-10.trade.A001";
const A2: &str = "2026-10.trade.A002";
/// 2026-11-05, as a spreadsheet counts days.
const FIFTH_OF_NOVEMBER: &str = "46331";

on_every_engine! {
    async fn a_document_is_made_again_from_the_mended_source(world: &World) {
        load_october(world, 3).await?;
        spoil_trades(world, &["A001", "A002"]).await?;
        run_october(world).await?.expect(1)?;
        let first_profile = kept(world, A1, "profile_hash").await?;
        mend_trades(world).await?;
        let profile = profile(world, "")?;
        let answer = steer(world, "resubmit", [A1]).env("STATEMENT_PROFILE", &profile).run().await?.expect(0)?.json()?;
        assert_eq!(came_to(&answer)?, [1, 1, 0], "{answer}");
        assert_eq!(answer["runs"][0]["period"], PERIOD);

        let made = document(world, A1).await?;
        assert_eq!((&made["state"], &made["cause"], &made["error"], &made["attempts"]), (&json!("succeeded"), &json!(null), &json!(null), &json!(1)));
        assert_eq!(kept(world, A1, "issued_on").await?, "2026-11-05", "the date of issue is renewed");
        assert_ne!(kept(world, A1, "profile_hash").await?, first_profile, "and the profile");
        let file = world.published()?.into_iter().find(|file| file.key.contains("trade/A001")).context("not published")?;
        let sheet = &Workbook::read(&file.path)?.sheets[0];
        assert!(sheet.cells.values().any(|cell| matches!(cell, Data::DateTime(at) if at.to_string() == FIFTH_OF_NOVEMBER)), "{:?}", sheet.cells);

        expect_stands(world, A2, "failed", Some("identity")).await?;
        assert_eq!(kept(world, A2, "issued_on").await?, "2026-11-02");
        assert_eq!(actions(world).await?, [format!("{A1} resubmit looked at by the back office")]);
        let commands = world.texts("SELECT command FROM export_runs ORDER BY started_at").await?;
        assert_eq!(commands.concat(), [Some("run".to_owned()), Some("resubmit".to_owned())]);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn what_is_not_mended_fails_again(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        run_october(world).await?.expect(1)?;
        let answer = steer(world, "resubmit", [A1]).run().await?.expect(1)?.json()?;
        assert_eq!(came_to(&answer)?, [1, 0, 1], "{answer}");
        expect_stands(world, A1, "failed", Some("identity")).await?;
        assert_eq!(
            attempts(world).await?.into_iter().filter(|attempt| attempt.starts_with(A1)).collect::<Vec<_>>(),
            [format!("{A1} 1 failed"), format!("{A1} 1 failed")]
        );
        Ok(())
    }
}

on_every_engine! {
    async fn all_that_failed_comes_back_or_one_cause_of_it(world: &World) {
        load_october(world, 4).await?;
        spoil_trades(world, &["A001", "A002"]).await?;
        spoil_holdings(world, "A003").await?;
        run_october(world).await?.expect(1)?;
        expect_stands(world, "2026-10.balance.A003", "failed", Some("positions")).await?;
        mend_trades(world).await?;
        mend_holdings(world, "A003").await?;

        let of_cause = steer(world, "resubmit", ["--failed", "--cause", "identity"]).run().await?.expect(0)?.json()?;
        assert_eq!(came_to(&of_cause)?, [2, 2, 0], "{of_cause}");
        expect_stands(world, "2026-10.balance.A003", "failed", Some("positions")).await?;
        let of_none = steer(world, "resubmit", ["--failed", "--cause", "cash"]).run().await?.expect(0)?.json()?;
        assert_eq!(of_none, json!({"runs": []}));
        let of_another_month = steer(world, "resubmit", ["--failed", "--period", "2026-09"]).run().await?.expect(0)?.json()?;
        assert_eq!(of_another_month, json!({"runs": []}));
        let rest = steer(world, "resubmit", ["--failed", "--period", PERIOD]).run().await?.expect(0)?.json()?;
        assert_eq!(came_to(&rest)?, [1, 1, 0], "{rest}");
        assert_eq!(in_states(world, ["succeeded", "failed"]).await?, [8, 0]);
        assert_eq!(actions(world).await?.len(), 3);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn whoever_used_up_its_attempts_has_three_again(world: &World) {
        load_october(world, 1).await?;
        let trade = october(["--kind", "trade"]);
        let down = format!("{SOURCE_IS_DOWN}; exec \"$CONVERTER\" \"$@\"");
        world.enqueuer_beside(&down, trade)?.run().await?.expect(1)?;
        assert_eq!(document(world, A1).await?["attempts"], 3);
        let down_once = format!("[ $AWS_BATCH_JOB_ATTEMPT = 1 ] && {SOURCE_IS_DOWN}; exec \"$CONVERTER\" \"$@\"");
        world.enqueuer_beside(&down_once, steering("resubmit", [A1]))?.run().await?.expect(0)?;
        let made = document(world, A1).await?;
        assert_eq!((&made["state"], &made["attempts"]), (&json!("succeeded"), &json!(2)), "{made}");
        Ok(())
    }
}

on_every_engine! {
    async fn two_at_the_same_instant_make_each_document_once(world: &World) {
        load_october(world, 6).await?;
        let all = account_ids(6);
        spoil_trades(world, &all.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        run_october(world).await?.expect(1)?;
        mend_trades(world).await?;
        let resubmit = || steer(world, "resubmit", ["--failed"]).run();
        let (one, other) = tokio::join!(resubmit(), resubmit());
        one?.expect(0)?;
        other?.expect(0)?;
        let mut expected = Vec::new();
        for account in &all {
            expected.push(format!("2026-10.trade.{account} 1 failed"));
            expected.push(format!("2026-10.trade.{account} 1 succeeded"));
        }
        let found: Vec<String> = attempts(world).await?.into_iter().filter(|attempt| attempt.contains("trade")).collect();
        assert_eq!(found, expected);
        assert_eq!(actions(world).await?.len(), 6, "one of them did it");
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn the_snapshots_are_pinned_anew(world: &World) {
        load_october(world, 2).await?;
        world.execute(
            "UPDATE statement_positions SET as_of = '2026-10-30' WHERE as_of = '2026-10-31';
             UPDATE statement_cash_balances SET as_of = '2026-10-30' WHERE as_of = '2026-10-31';
             UPDATE statement_positions SET quantity = quantity + 7 WHERE as_of = '2026-10-30' AND account_id = 'A001'",
        ).await?;
        run_october(world).await?.expect(1)?;
        world.execute(
            "UPDATE statement_positions SET quantity = quantity - 7 WHERE as_of = '2026-10-30' AND account_id = 'A001';
             UPDATE statement_positions SET as_of = '2026-10-31' WHERE as_of = '2026-10-30';
             UPDATE statement_cash_balances SET as_of = '2026-10-31' WHERE as_of = '2026-10-30'",
        ).await?;
        steer(world, "resubmit", ["--failed"]).run().await?.expect(0)?;
        let pinned = world.texts(
            "SELECT d.document_id, r.positions_closing, r.cash_closing FROM export_documents d
             JOIN export_runs r ON r.run_id = d.run_id WHERE d.kind = 'balance' ORDER BY 1",
        ).await?;
        let of = |id: &str, day: &str| [id, day, day].map(|text| Some(text.to_owned())).to_vec();
        assert_eq!(pinned, [of("2026-10.balance.A001", "2026-10-31"), of("2026-10.balance.A002", "2026-10-30")]);
        Ok(())
    }
}

on_every_engine! {
    async fn a_source_that_is_not_ready_changes_nothing(world: &World) {
        load_october(world, 1).await?;
        spoil_holdings(world, "A001").await?;
        run_october(world).await?.expect(1)?;
        world.execute("DELETE FROM statement_positions WHERE as_of = '2026-10-31'").await?;
        let before = whole_ledger(world).await?;
        let refused = steer(world, "resubmit", ["--failed"]).run().await?.expect(75)?;
        assert!(refused.stderr.contains("--accept-snapshot"), "{}", refused.stderr);
        expect_untouched(world, &before, "a resubmission from a source that is not ready").await
    }
}

on_every_engine! {
    async fn documents_of_two_periods_are_two_runs(world: &World) {
        Books::of(["A001", "A002"], &["2026-09", "2026-10"])?.load(world).await?;
        spoil_trades(world, &["A001"]).await?;
        for period in ["2026-09", "2026-10"] {
            world.enqueuer(["run", "--period", period, "--at", LATER]).run().await?.expect(1)?;
        }
        mend_trades(world).await?;
        let answer = steer(world, "resubmit", ["2026-10.trade.A001", "2026-09.trade.A001"]).run().await?.expect(0)?.json()?;
        let runs = answer["runs"].as_array().context("no runs")?;
        let told: Vec<_> = runs.iter().map(|run| (run["period"].as_str(), run["succeeded"].as_i64())).collect();
        assert_eq!(told, [(Some("2026-09"), Some(1)), (Some("2026-10"), Some(1))], "{answer}");
        assert_eq!(world.published()?.len(), 8);
        Ok(())
    }
}

on_every_engine! {
    async fn an_excused_document_comes_back_when_it_is_named(world: &World) {
        load_october(world, 2).await?;
        world.execute(
            "UPDATE statement_accounts SET rollout_group = 'now';
             UPDATE statement_accounts SET rollout_group = 'later', electronic_delivery = 0 WHERE account_id = 'A001'",
        ).await?;
        run_of(world, ["--group", "now"]).run().await?.expect(0)?;
        expect_stands(world, A1, "excused", Some("not_in_group")).await?;
        // By all that failed it is not meant.
        let failed = steer(world, "resubmit", ["--failed"]).run().await?.expect(0)?.json()?;
        assert_eq!(failed, json!({"runs": []}));
        let answer = steer(world, "resubmit", [A1]).run().await?.expect(0)?.json()?;
        assert_eq!(came_to(&answer)?, [1, 1, 0], "{answer}");
        expect_stands(world, A1, "succeeded", None).await?;
        assert_eq!(kept(world, A1, "delivery").await?, "paper", "the account does not consent");
        assert_eq!(kept(world, A1, "estimated_rows").await?, "2", "it is as heavy as its rows");
        // The next run leaves it.
        let again = run_of(world, ["--group", "now"]).run().await?.expect(0)?.json()?;
        assert_eq!((&again["due"], &again["excused"]), (&json!(0), &json!(0)), "{again}");
        Ok(())
    }
}

on_every_engine! {
    async fn consent_that_was_withdrawn_meanwhile_counts(world: &World) {
        load_october(world, 3).await?;
        spoil_trades(world, &["A001", "A002", "A003"]).await?;
        world.execute("UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A003'").await?;
        run_october(world).await?.expect(1)?;
        mend_trades(world).await?;
        world.execute(
            "UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A001';
             UPDATE statement_accounts SET electronic_delivery = 1 WHERE account_id = 'A003'",
        ).await?;
        steer(world, "resubmit", ["--failed"]).run().await?.expect(0)?;
        assert_eq!(kept(world, A1, "delivery").await?, "paper");
        assert_eq!(kept(world, A2, "delivery").await?, "electronic");
        assert_eq!(kept(world, "2026-10.trade.A003", "delivery").await?, "electronic");
        Ok(())
    }
}
