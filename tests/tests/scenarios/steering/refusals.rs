//! A gate that refuses too much holds the period: a wrong price file must not become half a million refusals.

use anyhow::{Context, Result};
use serde_json::json;
use tests::{Topic, World, on_every_engine};

use super::{
    actions, expect_adds_up, in_states, mend_trades, spoil_all_trades, spoil_trades, steer,
};
use crate::fixtures::{
    AT, PERIOD, account_ids, count, expect_ledger_agrees_with_store, load_october, run_of,
};

/// Converters slow enough for a run to see how it goes.
const SLOW: &str = "sleep 0.2; exec \"$CONVERTER\" \"$@\"";

/// The texts of the alerts that say that the period is held.
fn told_of_holds(topic: &Topic) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for message in topic.messages() {
        let json = message.json()?;
        let text = json["text"].as_str().context("no text")?;
        if text.contains("is held") {
            told.push(text.to_owned());
        }
    }
    Ok(told)
}

/// The period's trade statements, by slow converters, told to the topic.
async fn run_slowly(world: &World, topic: &Topic, arguments: &[&str]) -> Result<tests::Answer> {
    let run = [
        "run",
        "--json",
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
    let alerts = format!("slack:{}", topic.webhook());
    world
        .enqueuer_beside(SLOW, run)?
        .env("ALERTS", &alerts)
        .run()
        .await
}

on_every_engine! {
    async fn too_many_refusals_hold_the_period_until_it_is_resumed(world: &World) {
        load_october(world, 90).await?;
        spoil_all_trades(world).await?;
        let topic = Topic::start().await?;
        // Some failed, and that says more than that something is left.
        let held = run_slowly(world, &topic, &[]).await?.expect(1)?.json()?;
        let [failed, due] = in_states(world, ["failed", "due"]).await?;
        assert!(failed >= 20 && due >= 20 && failed + due == 90, "{failed} failed, {due} due");
        assert!(held["held"].as_str().is_some_and(|why| why.starts_with("the gate refused ") && why.ends_with("of 90 documents, more than 2 %")), "{held}");
        let told = told_of_holds(&topic)?;
        assert_eq!(told.len(), 1, "{told:?}");
        for words in ["the gate refused", "of 90 documents", &format!("`enqueuer run --period {PERIOD} --resume`"), "period-held.md", &format!("{due} documents not submitted")] {
            assert!(told[0].contains(words), "{words}: {}", told[0]);
        }
        // Nothing goes on by itself, and nobody is told again.
        run_slowly(world, &topic, &[]).await?.expect(75)?;
        assert_eq!(in_states(world, ["failed", "due"]).await?, [failed, due]);
        assert_eq!(told_of_holds(&topic)?.len(), 1);

        // Resumed too early, it holds again because of what is refused by then, and says so.
        run_slowly(world, &topic, &["--resume"]).await?.expect(1)?;
        let [failed_by_now, due] = in_states(world, ["failed", "due"]).await?;
        assert!(failed_by_now >= failed + 20 && due > 0, "{failed} then {failed_by_now} failed, {due} due");
        assert_eq!(told_of_holds(&topic)?.len(), 2);
        assert_eq!(count(world, "SELECT count(*) FROM export_holds").await?, 2);

        // Mended: what was refused is due again, and nothing of a held period is submitted before it is resumed.
        mend_trades(world).await?;
        let due_again = steer(world, "resubmit", ["--failed"]).run().await?.expect(75)?.json()?;
        assert_eq!(due_again["runs"][0]["submitted"], 0, "{due_again}");
        assert_eq!(in_states(world, ["due", "failed"]).await?, [90, 0]);
        let resumed = run_of(world, ["--resume", "--documents-per-slot", "45"]).run().await?.expect(0)?.json()?;
        assert_eq!((&resumed["failed"], &resumed["held"]), (&json!(0), &json!(null)), "old refusals hold nothing: {resumed}");
        assert_eq!(actions(world).await?.len(), usize::try_from(failed_by_now)?);
        let trade = json!({"accounts": 90, "due": 90, "succeeded": 90, "failed": 0, "open": 0, "excused": 0, "nothing_to_report": 0});
        expect_adds_up(world, "trade", &trade).await?;
        expect_ledger_agrees_with_store(world).await
    }
}

/// A run of so many trade documents in one slot, the first of which are refused; whether the period is held afterwards.
async fn is_held(world: &World, documents: usize, refused: usize, percent: &str) -> Result<bool> {
    load_october(world, documents).await?;
    let ids = account_ids(refused);
    spoil_trades(world, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let documents = documents.to_string();
    let arguments = [
        "--kind",
        "trade",
        "--documents-per-slot",
        &documents,
        "--refusals-percent",
        percent,
    ];
    run_of(world, arguments).run().await?.expect(1)?;
    let again = run_of(world, ["--kind", "trade"]).run().await?;
    let held = again.json()?["held"].is_string();
    assert_eq!(again.code, Some(if held { 75 } else { 0 }));
    Ok(held)
}

on_every_engine! {
    async fn nineteen_refusals_hold_nothing(world: &World) {
        assert!(!is_held(world, 19, 19, "2").await?, "not even when all are refused");
        Ok(())
    }
}

on_every_engine! {
    async fn twenty_refusals_hold_the_period(world: &World) {
        assert!(is_held(world, 20, 20, "2").await?);
        Ok(())
    }
}

on_every_engine! {
    async fn as_many_as_are_allowed_hold_nothing(world: &World) {
        assert!(!is_held(world, 40, 20, "50").await?, "20 of 40 are not more than 50 %");
        Ok(())
    }
}

on_every_engine! {
    async fn one_more_than_is_allowed_holds_the_period(world: &World) {
        assert!(is_held(world, 40, 21, "50").await?);
        Ok(())
    }
}

on_every_engine! {
    async fn a_hundred_percent_are_always_allowed(world: &World) {
        load_october(world, 25).await?;
        spoil_all_trades(world).await?;
        let never = ["--kind", "trade", "--documents-per-slot", "25", "--refusals-percent", "100"];
        let answer = run_of(world, never).run().await?.expect(1)?.json()?;
        assert_eq!((&answer["failed"], &answer["held"]), (&json!(25), &json!(null)), "{answer}");
        assert_eq!(count(world, "SELECT count(*) FROM export_holds").await?, 0);
        Ok(())
    }
}

on_every_engine! {
    async fn what_fails_for_other_reasons_is_no_refusal(world: &World) {
        load_october(world, 21).await?;
        // An account that is missing fails its document, by no rule of the gate.
        world.execute("DELETE FROM statement_accounts WHERE account_id <> 'A001'").await?;
        let answer = run_of(world, ["--kind", "trade", "--documents-per-slot", "21"]).run().await?.expect(1)?.json()?;
        assert_eq!((&answer["failed"], &answer["held"]), (&json!(20), &json!(null)), "{answer}");
        Ok(())
    }
}
