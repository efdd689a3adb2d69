//! The deadline of a month end is that of its run: what is put right later neither moves it nor spoils it.

use anyhow::{Context, Result};
use common::clock::Clock;
use jiff::{Timestamp, ToSpan};
use tests::{World, on_every_engine};

use crate::fixtures::{PERIOD, count, load_october, run_october, run_of};
use crate::steering::{mend_trades, spoil_trades, steer};
use crate::watch::Watching;

const DAY_MS: i64 = 86_400_000;

/// October with one refused document, made three days ago; and a time of day soon after that.
async fn three_days_ago(world: &World) -> Result<String> {
    load_october(world, 3).await?;
    spoil_trades(world, &["A003"]).await?;
    run_october(world).await?.expect(1)?;
    let ago = 3 * DAY_MS;
    world
        .execute(&format!(
            "UPDATE export_runs SET started_at = started_at - {ago}, ended_at = ended_at - {ago}, recorded_at = recorded_at - {ago};
             UPDATE export_attempts SET started_at = started_at - {ago}, ended_at = ended_at - {ago};
             UPDATE export_documents SET due_at = due_at - {ago}, settled_at = settled_at - {ago}"
        ))
        .await?;
    let soon = Clock::default()
        .now()
        .in_tz("Asia/Tokyo")?
        .checked_add(2.hours())?;
    Ok(soon.strftime("%H:%M").to_string())
}

/// How the report tells the deadline.
async fn told(world: &World, deadline: &str) -> Result<(String, String)> {
    let page = world
        .enqueuer([
            "report",
            "--period",
            PERIOD,
            "--out",
            "-",
            "--deadline",
            deadline,
        ])
        .run()
        .await?
        .expect(0)?
        .stdout;
    let begin = page.find("Deadline 20").context("no deadline")?;
    let sentence = page[begin..].split('<').next().unwrap_or_default();
    Ok((sentence.to_owned(), page.clone()))
}

on_every_engine! {
    async fn what_is_put_right_later_is_not_judged_by_it(world: &World) {
        let deadline = three_days_ago(world).await?;
        let (before, _) = told(world, &deadline).await?;
        assert!(before.contains(": met, ") && before.ends_with("before it."), "{before}");

        mend_trades(world).await?;
        steer(world, "resubmit", ["--failed", "--period", PERIOD]).run().await?.expect(0)?;
        let (resubmitted, _) = told(world, &deadline).await?;
        let later = "Later: 1 document made after it, resubmitted or reissued; by these it is not judged.";
        assert!(resubmitted.starts_with(&before) && resubmitted.ends_with(later), "{before}\n{resubmitted}");

        let seen = world.enqueuer(["status", "--watch", "--json", "--deadline", &deadline]).run().await?.expect(0)?.json()?;
        let at: Timestamp = seen["deadline"].as_str().context("no deadline")?.parse()?;
        let ago = Clock::default().now().duration_since(at).as_hours();
        assert!((68..=72).contains(&ago), "{seen}");
        assert!(seen["margin_seconds"].as_i64() > Some(3600), "{seen}");
        let plain = world.enqueuer(["status", "--watch", "--deadline", &deadline]).run().await?.expect(0)?.stdout;
        assert!(plain.contains("met it by 1 h 5") || plain.contains("met it by 2 h 00"), "{plain}");

        steer(world, "reissue", ["2026-10.trade.A001"]).run().await?.expect(0)?;
        let (reissued, page) = told(world, &deadline).await?;
        assert!(reissued.starts_with(&before) && reissued.contains("Later: 2 documents"), "{reissued}");
        // By the latest revision, as the certificate counts accounts.
        for figure in ["<dt>Documents due</dt><dd>6<", "<dt>Published</dt><dd>6<", "<dt>Superseded</dt><dd>1<"] {
            assert!(page.contains(figure), "{figure} is missing in {page}");
        }
        assert!(page.contains("Everything adds up: 6 documents due, all published."), "{page}");
        Ok(())
    }
}

on_every_engine! {
    async fn who_was_late_stays_late(world: &World) {
        let deadline = three_days_ago(world).await?;
        // The refused document was refused an hour after the deadline; a resubmission does not make that good.
        let late = 3 * 3_600_000;
        world.execute(&format!(
            "UPDATE export_attempts SET ended_at = ended_at + {late} WHERE document_id = '2026-10.trade.A003';
             UPDATE export_documents SET settled_at = settled_at + {late} WHERE document_id = '2026-10.trade.A003'"
        )).await?;
        let (before, _) = told(world, &deadline).await?;
        assert!(before.contains("missed. 1 document settled after it"), "{before}");
        mend_trades(world).await?;
        steer(world, "resubmit", ["--failed", "--period", PERIOD]).run().await?.expect(0)?;
        let (after, _) = told(world, &deadline).await?;
        assert!(after.contains("missed. 1 document settled after it"), "{after}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_sweep_warns_of_the_month_end_alone(world: &World) {
        three_days_ago(world).await?;
        world.enqueuer(["stop", "--period", PERIOD, "--reason", "ticket 7"]).run().await?.expect(0)?;
        mend_trades(world).await?;
        steer(world, "resubmit", ["--failed", "--period", PERIOD]).run().await?;
        let open = "SELECT count(*) FROM export_documents WHERE state = 'due'";
        assert_eq!(count(world, open).await?, 1);
        let yesterday = Clock::default().now().checked_sub(24.hours())?.to_string();
        let warned = async || -> Result<u64> {
            world.execute("UPDATE export_runs SET ended_at = NULL WHERE command = 'resubmit'").await?;
            world.enqueuer(["sweep", "--deadline", &yesterday]).run().await?;
            count(world, "SELECT count(*) FROM export_alerts WHERE alert_id LIKE '%.deadline'").await
        };
        assert_eq!(warned().await?, 0, "resubmitted after it");
        // As if it had been resubmitted in the night.
        world.execute(&format!("UPDATE export_runs SET started_at = started_at - {} WHERE command = 'resubmit'", 2 * DAY_MS)).await?;
        assert_eq!(warned().await?, 1);
        Ok(())
    }
}

on_every_engine! {
    async fn a_watch_judges_by_the_month_end_while_others_are_at_work(world: &World) {
        let deadline = three_days_ago(world).await?;
        world.enqueuer(["stop", "--period", PERIOD, "--reason", "ticket 7"]).run().await?.expect(0)?;
        mend_trades(world).await?;
        steer(world, "resubmit", ["--failed", "--period", PERIOD]).run().await?;
        let mut watch = Watching::start(world, &["--json", "--deadline", &deadline])?;
        let seen = watch.next().await?;
        assert_eq!((&seen["open"], &seen["complete"]), (&1.into(), &false.into()), "{seen}");
        let margin = |seen: &serde_json::Value| seen["margin_seconds"].as_i64().with_context(|| format!("no margin: {seen}"));
        assert!(margin(&seen)? > 3600, "it was met: {seen}");
        // What the month end has left open is missed.
        world.execute("UPDATE export_documents SET state = 'due', settled_at = NULL WHERE document_id = '2026-10.trade.A001'").await?;
        watch.next().await?;
        let seen = watch.next().await?;
        assert!(margin(&seen)? < -48 * 3600, "it is open: {seen}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_rehearsal_before_the_month_end_has_no_deadline(world: &World) {
        load_october(world, 3).await?;
        run_of(world, ["--account", "A001"]).run().await?.expect(0)?;
        let ago = 3 * DAY_MS;
        world.execute(&format!(
            "UPDATE export_runs SET started_at = started_at - {ago}, ended_at = ended_at - {ago}, recorded_at = recorded_at - {ago}"
        )).await?;
        run_october(world).await?.expect(0)?;
        let soon = Clock::default().now().in_tz("Asia/Tokyo")?.checked_add(2.hours())?;
        let (sentence, _) = told(world, &soon.strftime("%H:%M").to_string()).await?;
        let day = soon.strftime("Deadline %Y-%m-%d %H:%M:00: met, ").to_string();
        assert!(sentence.starts_with(&day), "{sentence} and not {day}");
        Ok(())
    }
}
