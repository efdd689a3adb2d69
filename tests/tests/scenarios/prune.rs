//! `prune`: old periods lose attempts that led to nothing and rows of jobs, and nothing that anybody still asks for.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{World, on_every_engine};

use crate::fixtures::{Books, SOURCE_IS_DOWN, account_ids, count, long_lease};
use crate::steering::{spoil_trades, whole_ledger};

const OLD: &str = "2026-09";
const NEXT: &str = "2026-10";
const DOCUMENTS: &str =
    "SELECT document_id, state, sha256, attempt_id, issued_on FROM export_documents ORDER BY 1";

/// Two months of four accounts, each of whose documents was tried twice because the source was down at first; one trade statement of each
/// month has failed. One of the old month is published and not settled, another published and failed.
async fn two_months(world: &World, per_slot: &str) -> Result<()> {
    let ids = account_ids(4);
    Books::of(ids.iter().map(String::as_str), &[OLD, NEXT])?
        .load(world)
        .await?;
    spoil_trades(world, &["A002"]).await?;
    let down_once =
        format!("[ $AWS_BATCH_JOB_ATTEMPT = 1 ] && {SOURCE_IS_DOWN}; exec \"$CONVERTER\" \"$@\"");
    for period in [OLD, NEXT] {
        let run = [
            "run",
            "--period",
            period,
            "--at",
            "2026-11-02T09:00:00+09:00",
            "--documents-per-slot",
            per_slot,
        ];
        world
            .enqueuer_beside(&down_once, run)?
            .run()
            .await?
            .expect(1)?;
    }
    world.execute(
        "UPDATE export_documents SET state = 'due', object_key = NULL, sha256 = NULL, attempt_id = NULL
         WHERE document_id = '2026-09.trade.A003';
         UPDATE export_documents SET state = 'failed', cause = 'killed', object_key = NULL, sha256 = NULL, attempt_id = NULL
         WHERE document_id = '2026-09.trade.A004';
         UPDATE export_attempts SET outcome = 'lost'
         WHERE outcome = 'succeeded' AND document_id IN ('2026-09.trade.A003', '2026-09.trade.A004')"
    ).await
}

async fn answer(world: &World, arguments: &[&str]) -> Result<Value> {
    let words = ["prune", "--before", NEXT, "--json"];
    let words = words.into_iter().chain(arguments.iter().copied());
    world.enqueuer(words).run().await?.expect(0)?.json()
}

/// What status, certificate and report say of the old month.
async fn told(world: &World) -> Result<(Value, Value, String)> {
    let mut status = world.status(OLD).await?;
    // When the last one was taken.
    status["certificate"].take();
    let certificate = ["certificate", "--quick", "--period", OLD, "--json"];
    let certificate = world.enqueuer(certificate).run().await?.expect(1)?.json()?;
    Ok((status, certificate, report(world).await?))
}

async fn report(world: &World) -> Result<String> {
    let report = ["report", "--period", OLD, "--out", "-"];
    Ok(world.enqueuer(report).run().await?.expect(0)?.stdout)
}

/// The report's figures.
fn figures(page: &str) -> Result<&str> {
    let (_, figures) = page.split_once("<dl>").context("no figures")?;
    let (figures, _) = figures
        .split_once("</dl>")
        .context("no end of the figures")?;
    Ok(figures)
}

async fn attempts_of(world: &World, like: &str) -> Result<u64> {
    count(
        world,
        &format!("SELECT count(*) FROM export_attempts WHERE document_id LIKE '{like}'"),
    )
    .await
}

on_every_engine! {
    async fn a_pruned_month_is_told_as_before(world: &World) {
        two_months(world, "1").await?;
        let (status, certificate, page) = told(world).await?;
        assert!(figures(&page)?.contains("<dt>Attempts</dt><dd>16</dd>"), "{page}");
        let documents = world.texts(DOCUMENTS).await?;
        let ledger = whole_ledger(world).await?;
        // Of five that are published and of two that failed what led to nothing; all of the one that is due stays.
        let expected = json!([{"period": OLD, "attempts": 8, "assignments": 7, "jobs": 0}]);
        assert_eq!(answer(world, &["--dry-run"]).await?, json!({"before": NEXT, "dry_run": true, "periods": expected}));
        let refused = world.enqueuer(["prune", "--before", NEXT]).run().await?.expect(78)?;
        for words in ["2026-09  8 attempts, 7 job rows, 0 jobs", "nobody is at a terminal", "--dry-run", "--yes"] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
        assert_eq!(whole_ledger(world).await?, ledger, "nobody said yes");

        let pruned = answer(world, &["--yes", "--reason", "kept for seven years"]).await?;
        assert_eq!(pruned, json!({"before": NEXT, "dry_run": false, "periods": expected}));
        assert_eq!((attempts_of(world, "2026-09.%").await?, attempts_of(world, "2026-10.%").await?), (8, 16));
        assert_eq!(attempts_of(world, "2026-09.trade.A003").await?, 2, "due: all of them");
        assert_eq!(attempts_of(world, "2026-09.trade.A004").await?, 1, "failed: who was about to publish");
        assert_eq!(attempts_of(world, "2026-09.trade.A002").await?, 0, "failed by the gate");
        let recorded = world.texts("SELECT period, reason, CAST(attempts AS text) FROM export_prunings").await?;
        assert_eq!(json!(recorded), json!([[OLD, "kept for seven years", "8"]]));
        assert_eq!(world.texts(DOCUMENTS).await?, documents);

        let (status_after, certificate_after, page_after) = told(world).await?;
        assert_eq!((status_after, certificate_after), (status, certificate));
        assert_eq!(figures(&page_after)?, figures(&page)?);
        assert!(page_after.contains("Of these attempts 8 were pruned") && !page.contains("were pruned"), "{page_after}");
        world.converter(["--document", "2026-09.trade.A001", "--verify"]).run().await?.expect(0)?;
        let again = world.enqueuer(["prune", "--before", NEXT, "--yes"]).run().await?.expect(0)?.stdout;
        assert_eq!(again, "Nothing to prune before 2026-10.\n");
        Ok(())
    }
}

on_every_engine! {
    async fn what_is_published_is_adopted_after_a_pruning(world: &World) {
        two_months(world, "1").await?;
        let published = world.published()?;
        answer(world, &["--yes"]).await?;
        let later = ["--at", "2026-11-20T09:00:00+09:00"];
        world.enqueuer(["run", "--period", OLD, "--kind", "trade"].into_iter().chain(later)).run().await?;
        let resubmit = ["resubmit", "2026-09.trade.A004", "--reason", "killed"];
        world.enqueuer(resubmit.into_iter().chain(later)).run().await?.expect(0)?;
        let adopted = "SELECT count(*) FROM export_documents
                       WHERE document_id IN ('2026-09.trade.A003', '2026-09.trade.A004') AND state = 'succeeded' AND issued_on = '2026-11-02'";
        assert_eq!(count(world, adopted).await?, 2);
        assert_eq!(world.published()?, published);
        // Of what is settled by now, who adopted and who published stay.
        assert_eq!(answer(world, &["--yes"]).await?["periods"], json!([{"period": OLD, "attempts": 1, "assignments": 3, "jobs": 0}]));
        assert_eq!(attempts_of(world, "2026-09.trade.A003").await?, 2);
        Ok(())
    }
}

on_every_engine! {
    async fn what_somebody_may_still_need_is_not_pruned(world: &World) {
        two_months(world, "8").await?;
        let rows = async || Ok::<_, anyhow::Error>(answer(world, &["--dry-run"]).await?["periods"].clone());
        assert_eq!(rows().await?, json!([]), "one that shared its slot is due");
        world.execute("UPDATE export_documents SET state = 'failed', cause = 'killed' WHERE state = 'due'").await?;
        let all = rows().await?;
        assert_eq!(all[0]["assignments"], 8, "{all}");
        let lease = long_lease(world);
        world.execute(&format!("UPDATE export_runs SET lease_expires_at = {lease} WHERE period = '{OLD}'")).await?;
        assert_eq!(rows().await?, json!([]), "its run's process is alive");
        world.execute("UPDATE export_runs SET lease_expires_at = 0; UPDATE export_jobs SET queue = 'batch', settled_at = NULL").await?;
        assert_eq!(rows().await?, json!([]), "Batch may still run it");
        world.execute("UPDATE export_jobs SET settled_at = created_at").await?;
        assert_eq!(rows().await?, all);
        // By its attempts the month end's deadline is judged.
        let of_resubmitted = attempts_of(world, "2026-09.trade.A002").await?;
        world.execute(
            "INSERT INTO export_actions (action_id, document_id, action, reason, acted_at)
             VALUES ('a', '2026-09.trade.A002', 'resubmit', 'of the test', 1)",
        ).await?;
        let fewer = rows().await?[0]["attempts"].as_u64().context("no number")?;
        assert_eq!(Some(fewer + of_resubmitted), all[0]["attempts"].as_u64());
        Ok(())
    }
}
