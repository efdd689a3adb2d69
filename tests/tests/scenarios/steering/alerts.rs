//! What a month end says, and to whom: once, without a customer's name or amounts, and never at the cost of a document.

use anyhow::{Context, Result, ensure};
use tests::batch::Fault;
use tests::{Topic, on_every_engine};

use super::{in_states, spoil_holdings, spoil_trades};
use crate::fixtures::{PERIOD, account_ids, load_october, run_october, run_of};

/// What was told, as one text each.
pub fn told(topic: &Topic) -> Result<Vec<String>> {
    topic
        .messages()
        .iter()
        .map(|message| Ok(message.json()?.to_string()))
        .collect()
}

/// Nothing of a customer's is told: names, numbers of accounts, amounts.
pub fn expect_discreet(messages: &[String]) -> Result<()> {
    for message in messages {
        for word in [
            "山田",
            "太郎",
            "No. A",
            "-1000",
            "net_amount",
            "1000000",
            "Ｖｅｒｉｔａｓ",
            "130A",
        ] {
            ensure!(!message.contains(word), "{word} is told: {message}");
        }
    }
    Ok(())
}

on_every_engine! {
    async fn each_cause_is_told_once_with_its_line_and_then_the_summary(world: &World) {
        load_october(world, 14).await?;
        let refused = account_ids(12);
        spoil_trades(world, &refused.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        spoil_holdings(world, "A013").await?;
        let topic = Topic::start().await?;
        let alerts = format!("slack:{}", topic.webhook());
        run_of(world, ["--documents-per-slot", "28"]).env("ALERTS", &alerts).run().await?.expect(1)?;
        let told = told(&topic)?;
        assert_eq!(told.len(), 3, "{told:#?}");
        let of = |word: &str| told.iter().find(|told| told.contains(word)).with_context(|| format!("no {word}: {told:#?}"));
        let identity = of("12 documents of 2026-10 refused: identity")?;
        for words in ["gate-identity.md", "2026-10.trade.A001", "2026-10.trade.A005", "enqueuer resubmit --failed --period 2026-10 --cause identity --reason"] {
            assert!(identity.contains(words), "{words}: {identity}");
        }
        assert!(!identity.contains("2026-10.trade.A006"), "five examples are enough: {identity}");
        of("1 document of 2026-10 refused: positions")?;
        let summary = of("15 documents published, 13 failed")?;
        assert!(summary.contains("Failed by cause: identity 12, positions 1"), "{summary}");
        assert!(summary.contains(&format!("enqueuer certificate --period {PERIOD}")), "{summary}");
        expect_discreet(&told)
    }
}

on_every_engine! {
    async fn a_webhook_that_refuses_costs_nothing(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        let topic = Topic::start().await?;
        topic.disturb(Fault::Deny, 100);
        let alerts = format!("slack:{}", topic.webhook());
        let answer = run_of(world, []).env("ALERTS", &alerts).run().await?.expect(1)?;
        assert!(topic.requests() > 0 && topic.messages().is_empty());
        assert!(!answer.stderr.contains("B0000"), "the webhook is a password: {}", answer.stderr);
        assert_eq!(in_states(world, ["succeeded", "failed"]).await?, [3, 1]);
        Ok(())
    }
}

on_every_engine! {
    async fn a_run_that_finds_nothing_says_nothing(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let topic = Topic::start().await?;
        run_of(world, []).env("ALERTS", &format!("slack:{}", topic.webhook())).run().await?.expect(0)?;
        assert_eq!(topic.messages(), []);
        Ok(())
    }
}

on_every_engine! {
    async fn what_keeps_a_month_from_starting_is_told_once_an_hour(world: &World) {
        load_october(world, 1).await?;
        for relation in ["statement_positions", "statement_cash_balances"] {
            world.execute(&format!("UPDATE {relation} SET as_of = '2026-10-20' WHERE as_of = '2026-10-31'")).await?;
        }
        let topic = Topic::start().await?;
        let alerts = format!("slack:{}", topic.webhook());
        for _ in 0..2 {
            run_of(world, []).env("ALERTS", &alerts).run().await?.expect(75)?;
        }
        assert_eq!(told(&topic)?.len(), 1);
        // An hour later its word is another one.
        world.execute("UPDATE export_alerts SET alert_id = 'of the last hour'").await?;
        run_of(world, []).env("ALERTS", &alerts).run().await?.expect(75)?;
        assert_eq!(told(&topic)?.len(), 2);
        Ok(())
    }
}
