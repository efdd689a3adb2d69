//! What a watch tells of a month end that is under way: pace, end, causes.

use anyhow::{Context, Result};
use common::clock::Clock;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::{World, on_every_engine};

use super::Watching;
use crate::fixtures::{PERIOD, load_october, long_lease, run_october};

/// October as if its run were at work, with its documents settled so many seconds ago; others run.
async fn at_work(world: &World, began: i64, settled: &[(&str, i64)]) -> Result<()> {
    run_october(world).await?.expect(0)?;
    let lease = long_lease(world);
    let ago = |seconds: i64| Clock::default().now().as_millisecond() - seconds * 1000;
    world
        .execute(&format!(
            "UPDATE export_runs SET started_at = {}, ended_at = NULL, lease_expires_at = {lease};
             UPDATE export_documents SET state = 'running', settled_at = NULL, lease_expires_at = {lease}",
            ago(began)
        ))
        .await?;
    for (document, seconds) in settled {
        world
            .execute(&format!(
                "UPDATE export_documents SET state = 'succeeded', settled_at = {} WHERE document_id = '2026-10.{document}'",
                ago(*seconds)
            ))
            .await?;
    }
    Ok(())
}

fn seconds_until_end(seen: &Value) -> Result<i64> {
    let at = |field: &str| -> Result<Timestamp> {
        let text = seen[field].as_str();
        Ok(text
            .with_context(|| format!("no {field}: {seen}"))?
            .parse()?)
    };
    Ok(at("ends_at")?.duration_since(at("at")?).as_secs())
}

on_every_engine! {
    async fn what_was_settled_before_the_watch_began_tells_the_pace(world: &World) {
        load_october(world, 4).await?;
        // Two in the last minute, three in ten, four of the run, three of a run before it.
        at_work(world, 1000, &[
            ("trade.A001", 20), ("trade.A002", 30), ("trade.A003", 300), ("trade.A004", 900),
            ("balance.A001", 2000), ("balance.A002", 2000), ("balance.A003", 2000),
        ]).await?;
        let mut watch = Watching::start(world, &["--json", "--period", PERIOD])?;
        let seen = watch.next().await?;
        assert_eq!((&seen["outlook"], &seen["open"], &seen["settled"]), (&json!("running"), &json!(1), &json!(7)));
        let over_run = |seen: &Value| seen["documents_per_second"]["run"].as_f64().context("no rate");
        assert_eq!(seen["documents_per_second"]["last_minute"], json!(0.033), "2 of 60 s: {seen}");
        assert!((0.003..=0.004).contains(&over_run(&seen)?), "4 of 1000 s: {seen}");
        assert_eq!(seconds_until_end(&seen)?, 200, "3 of 600 s: {seen}");
        // Another run: its pace is its own.
        let now = Clock::default().now().as_millisecond();
        world.execute(&format!("UPDATE export_runs SET started_at = {}", now - 100_000)).await?;
        watch.next().await?;
        let seen = watch.next().await?;
        assert!((0.018..=0.02).contains(&over_run(&seen)?), "2 of 100 s: {seen}");
        // Once it has ended its rate stays.
        world.execute(&format!(
            "UPDATE export_runs SET ended_at = {};
             UPDATE export_documents SET state = 'succeeded', settled_at = {now} WHERE state = 'running'", now - 50_000
        )).await?;
        drop(watch);
        let seen = world.enqueuer(["status", "--watch", "--json"]).run().await?.expect(0)?.json()?;
        assert_eq!(seen["documents_per_second"]["run"], json!(0.06), "3 of 50 s: {seen}");
        assert_eq!(seen["documents_per_second"]["last_minute"], json!(null));
        Ok(())
    }
}

on_every_engine! {
    async fn causes_of_failure_are_those_of_now_and_most_first(world: &World) {
        load_october(world, 3).await?;
        at_work(world, 100, &[("trade.A001", 20)]).await?;
        let fail = async |cause: &str, documents: &str| {
            let settled = format!("UPDATE export_documents SET state = 'failed', cause = '{cause}', settled_at = due_at WHERE ");
            world.execute(&format!("{settled} document_id LIKE '2026-10.{documents}'")).await
        };
        let causes = |seen: &Value| -> Vec<String> {
            let failures = seen["failures"].as_array().into_iter().flatten();
            failures.map(|failure| format!("{} {} {}", failure["documents"], failure["cause"], failure["example"]).replace('"', "")).collect()
        };
        fail("identity", "trade.A003").await?;
        let mut watch = Watching::start(world, &["--json", "--period", PERIOD])?;
        assert_eq!(causes(&watch.next().await?), ["1 identity 2026-10.trade.A003"]);
        fail("positions", "balance.%").await?;
        watch.next().await?;
        let seen = watch.next().await?;
        assert_eq!(causes(&seen), ["3 positions 2026-10.balance.A001", "1 identity 2026-10.trade.A003"], "{seen}");
        Ok(())
    }
}
