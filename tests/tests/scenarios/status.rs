//! What `run` and `status` answer: selections, excuses, paper, a source that is not ready, absent optional columns.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{World, on_every_engine};

use crate::fixtures::{
    AT, Books, PERIOD, close, count, document, expect_ledger_agrees_with_store, load_october,
    run_october, run_of,
};

fn keys(object: &Value) -> Result<BTreeSet<&str>> {
    let object = object
        .as_object()
        .with_context(|| format!("no object: {object}"))?;
    Ok(object.keys().map(String::as_str).collect())
}

on_every_engine! {
    async fn the_answers_have_the_fields_of_the_design(world: &World) {
        load_october(world, 3).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1' WHERE account_id = 'A003'").await?;
        let answer = run_october(world).await?.expect(1)?.json()?;
        let fields = [
            "certificate", "closed_active", "due", "excused", "failed", "findings", "held", "open", "period", "run_id",
            "submitted", "succeeded", "unusable_account_ids",
        ];
        assert_eq!(keys(&answer)?, fields.into());
        let run_id = answer["run_id"].as_str().context("run_id is no text")?;
        assert!(run_id.starts_with("2026-10-20261102T000000Z-"), "{run_id}");
        let numbers = json!({"run_id": run_id, "period": PERIOD, "due": 6, "submitted": 6, "succeeded": 5, "failed": 1, "excused": 0, "open": 0, "held": null, "closed_active": 0, "unusable_account_ids": [], "certificate": null, "findings": {"count": 0, "kept": [], "not_compared": null, "settlement_not_proven": 0}});
        assert_eq!(answer, numbers);

        let brief = world.enqueuer(["status", "--json"]).run().await?.expect(0)?.json()?;
        let counts = json!({"due": 0, "submitted": 0, "running": 0, "succeeded": 5, "failed": 1, "excused": 0, "superseded": 0});
        let causes = json!([{"state": "failed", "cause": "identity", "column": null, "documents": 1, "example": "2026-10.trade.A003"}]);
        assert_eq!(
            brief,
            json!({"period": PERIOD, "counts": counts, "causes": causes, "certificate": null, "hold": null, "waiting_for_database": null, "unusable_account_ids": []}),
            "of the newest run, without documents"
        );

        let status = world.status(PERIOD).await?;
        assert_eq!((&status["period"], &status["counts"]), (&json!(PERIOD), &counts));
        let documents = status["documents"].as_array().context("no documents")?;
        let fields = [
            "account_id", "attempts", "bytes", "cause", "document_id", "error", "kind", "object_key", "period", "revision",
            "rows", "sha256", "state",
        ];
        for document in documents {
            assert!(keys(document)?.is_superset(&fields.into()), "{document}");
        }
        let ids: Vec<&Value> = documents.iter().map(|document| &document["document_id"]).collect();
        assert_eq!(ids, [
            "2026-10.balance.A001", "2026-10.balance.A002", "2026-10.balance.A003",
            "2026-10.trade.A001", "2026-10.trade.A002", "2026-10.trade.A003",
        ]);
        Ok(())
    }
}

on_every_engine! {
    async fn a_document_is_told_with_what_was_published(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        let published = world.published()?;
        let file = published.iter().find(|file| file.key.contains("trade/A002")).context("nothing published")?;
        let expected = json!({
            "document_id": "2026-10.trade.A002", "kind": "trade", "account_id": "A002", "period": PERIOD, "revision": 1,
            "state": "succeeded", "cause": null, "error": null, "column": null, "attempts": 1,
            "object_key": "2026-10/trade/A002/2026-10.trade.A002.xlsx",
            "sha256": file.sha256, "bytes": file.bytes, "rows": document(world, "2026-10.trade.A002").await?["rows"],
            "delivery": "electronic", "version_id": null,
        });
        assert_eq!(document(world, "2026-10.trade.A002").await?, expected);
        // Two trades and the cash that paid them.
        assert!(expected["rows"].as_i64().is_some_and(|rows| rows >= 4), "{expected}");
        Ok(())
    }
}

on_every_engine! {
    async fn documents_are_listed_by_state_and_cause(world: &World) {
        load_october(world, 3).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1' WHERE account_id <> 'A002'").await?;
        run_october(world).await?.expect(1)?;
        let listed = async |filter: &[&str]| -> Result<Vec<String>> {
            let arguments = ["status", "--documents", "--json"].iter().chain(filter).copied();
            let answer = world.enqueuer(arguments).run().await?.expect(0)?.json()?;
            let documents = answer["documents"].as_array().context("no documents")?;
            Ok(documents.iter().filter_map(|document| Some(document["document_id"].as_str()?.to_owned())).collect())
        };
        let refused = ["2026-10.trade.A001", "2026-10.trade.A003"];
        assert_eq!(listed(&["--state", "failed"]).await?, refused);
        assert_eq!(listed(&["--cause", "identity"]).await?, refused);
        assert_eq!(listed(&["--state", "failed", "--cause", "identity", "--limit", "1"]).await?, refused[..1]);
        assert_eq!(listed(&["--state", "succeeded"]).await?.len(), 4);
        assert_eq!(listed(&["--cause", "cash"]).await?, [""; 0]);
        for (wrong, says) in [(["--state", "lost"], "write due, submitted"), (["--cause", "identty"], "documents failed by identity")] {
            let arguments = ["status", "--documents"].into_iter().chain(wrong);
            let answer = world.enqueuer(arguments).run().await?.expect(78)?;
            assert!(answer.stderr.contains(says), "{}", answer.stderr);
        }
        Ok(())
    }
}

on_every_engine! {
    async fn words_say_the_same_as_json(world: &World) {
        load_october(world, 2).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1' WHERE account_id = 'A002'").await?;
        let run = world.enqueuer(["run", "--period", PERIOD, "--at", AT]).run().await?.expect(1)?;
        assert!(run.stdout.contains("2026-10: 3 documents published, 1 failed."), "{}", run.stdout);
        let status = world.enqueuer(["status", "--documents"]).run().await?.expect(0)?.stdout;
        for words in ["1 document failed, cause identity; e.g. 2026-10.trade.A002", "net_amount is -1", "2026-10.balance.A002"] {
            assert!(status.contains(words), "{words:?} is missing in\n{status}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_run_takes_only_what_was_asked_for(world: &World) {
        load_october(world, 4).await?;
        let keys = |world: &World| -> Result<Vec<String>> {
            Ok(world.published()?.into_iter().map(|file| file.key).collect())
        };
        run_of(world, ["--account", "A002", "--account", "A004", "--kind", "trade"]).run().await?.expect(0)?;
        assert_eq!(keys(world)?, [
            "2026-10/trade/A002/2026-10.trade.A002.xlsx", "2026-10/trade/A004/2026-10.trade.A004.xlsx",
        ]);
        let recorded = "SELECT count(*) FROM export_documents";
        assert_eq!(count(world, recorded).await?, 2, "the others are not even recorded");

        let balances = run_of(world, ["--kind", "balance"]).run().await?.expect(0)?.json()?;
        assert_eq!(balances["due"], 4, "{balances}");
        assert_eq!(keys(world)?.len(), 6);
        let rest = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((&rest["due"], &rest["succeeded"]), (&json!(2), &json!(2)), "{rest}");
        Ok(())
    }
}

on_every_engine! {
    async fn closed_accounts_are_excused_and_others_are_on_paper(world: &World) {
        load_october(world, 4).await?;
        close(world, "A001").await?;
        world.execute(
            "UPDATE statement_accounts SET closed_on = '2026-10-01' WHERE account_id = 'A002';
             UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A003'",
        ).await?;
        let answer = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((&answer["due"], &answer["excused"]), (&json!(6), &json!(2)), "{answer}");
        for kind in ["trade", "balance"] {
            let excused = document(world, &format!("2026-10.{kind}.A001")).await?;
            assert_eq!(
                (&excused["state"], &excused["cause"]),
                (&json!("excused"), &json!("closed_before_period"))
            );
            assert!(excused["object_key"].is_null());
        }
        let paper = world.texts("SELECT document_id FROM export_documents WHERE delivery = 'paper' ORDER BY 1").await?;
        let paper: Vec<String> = paper.into_iter().flatten().flatten().collect();
        assert_eq!(paper, ["2026-10.balance.A003", "2026-10.trade.A003"]);
        assert_eq!(document(world, "2026-10.trade.A003").await?["state"], "succeeded", "paper is made as well");
        assert_eq!(world.published()?.len(), 6);
        Ok(())
    }
}

/// A source whose last snapshots are of this day.
async fn load_with_snapshots_of(world: &World, positions: &str, cash: &str) -> Result<()> {
    load_october(world, 2).await?;
    world
        .execute(&format!(
            "UPDATE statement_positions SET as_of = '{positions}' WHERE as_of = '2026-10-31';
             UPDATE statement_cash_balances SET as_of = '{cash}' WHERE as_of = '2026-10-31'"
        ))
        .await
}

async fn expect_not_ready(world: &World, relation: &str, found: &str) -> Result<()> {
    let refused = run_october(world).await?.expect(75)?;
    let told = refused.stderr.lines().last().unwrap_or_default();
    assert!(
        told.starts_with("enqueuer: the source is not ready for 2026-10"),
        "{}",
        refused.stderr
    );
    let accept = format!("--accept-snapshot {found}");
    for words in [relation, found, &accept] {
        assert!(told.contains(words), "{words:?} is missing in: {told}");
    }
    // Once: the log of this machine has the alert for whoever asks for it.
    assert_eq!(
        refused.stderr.matches("is not ready").count(),
        1,
        "{}",
        refused.stderr
    );
    world.execute("DELETE FROM export_alerts").await?;
    let logged = run_of(world, []).env("LOG", "info").run().await?;
    assert!(
        logged.stderr.contains("source_not_ready"),
        "no alert: {}",
        logged.stderr
    );
    for table in ["export_runs", "export_documents", "export_jobs"] {
        assert_eq!(
            count(world, &format!("SELECT count(*) FROM {table}")).await?,
            0,
            "{table}"
        );
    }
    assert_eq!(world.published()?, []);
    Ok(())
}

on_every_engine! {
    async fn an_old_snapshot_is_refused_unless_accepted(world: &World) {
        load_with_snapshots_of(world, "2026-10-31", "2026-10-26").await?;
        expect_not_ready(world, "statement_cash_balances", "2026-10-26").await?;
        let wrong_day = run_of(world, ["--accept-snapshot", "2026-10-27"]).run().await?.expect(75)?;
        assert!(wrong_day.stderr.contains("older than --accept-snapshot 2026-10-27"), "{}", wrong_day.stderr);
        run_of(world, ["--accept-snapshot", "2026-10-26"]).run().await?.expect(0)?;
        let pinned = world.texts("SELECT positions_opening, positions_closing, cash_opening, cash_closing FROM export_runs").await?;
        assert_eq!(pinned, [["2026-09-30", "2026-10-31", "2026-09-30", "2026-10-26"].map(|date| Some(date.to_owned()))]);
        assert_eq!(world.published()?.len(), 4);
        Ok(())
    }
}

on_every_engine! {
    async fn a_missing_snapshot_is_refused(world: &World) {
        // The closing positions come in November only; September's are there.
        load_with_snapshots_of(world, "2026-11-01", "2026-10-31").await?;
        expect_not_ready(world, "statement_positions", "2026-09-30").await?;
        // Trade statements do not need positions.
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        assert_eq!(world.published()?.len(), 2);
        Ok(())
    }
}

on_every_engine! {
    async fn a_snapshot_of_four_days_before_the_end_will_do(world: &World) {
        load_with_snapshots_of(world, "2026-10-27", "2026-10-27").await?;
        run_october(world).await?.expect(0)?;
        assert_eq!(world.published()?.len(), 4);
        Ok(())
    }
}

on_every_engine! {
    async fn a_source_without_any_snapshot_has_trade_statements(world: &World) {
        let books = Books::of_october(["A001"])?;
        let empty = Books::empty();
        Books { positions: empty.positions, balances: empty.balances, ..books }.load(world).await?;
        let answer = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((&answer["due"], &answer["succeeded"]), (&json!(1), &json!(1)), "{answer}");
        assert_eq!(world.published()?[0].key, "2026-10/trade/A001/2026-10.trade.A001.xlsx");
        Ok(())
    }
}

on_every_engine! {
    async fn optional_columns_may_be_absent(world: &World) {
        load_october(world, 3).await?;
        for relation in common::contract::RELATIONS {
            let (name, columns) = (relation.name, relation.columns);
            let of = |optional: bool| columns.iter().filter(move |column| column.optional == optional).map(|column| column.name);
            let demanded: Vec<&str> = of(false).collect();
            assert!(of(true).count() > 0, "{name} has no optional column");
            let demanded = demanded.join(", ");
            world.execute(&format!(
                "CREATE TABLE bare AS SELECT {demanded} FROM {name}; DROP TABLE {name}; ALTER TABLE bare RENAME TO {name}"
            )).await?;
        }
        world.enqueuer(["check"]).run().await?.expect(0)?;
        let answer = run_october(world).await?.expect(0)?.json()?;
        assert_eq!(answer["succeeded"], 6, "{answer}");
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_ledger_without_runs_says_so(world: &World) {
        let answer = world.enqueuer(["status"]).run().await?;
        crate::fixtures::expect_one_line(answer, 78, &["has no run yet", "enqueuer run"])?;
        let answer = world.enqueuer(["status", "--json", "--period", PERIOD]).run().await?;
        let answer = answer.expect(65)?;
        assert!(answer.stderr.starts_with("enqueuer: no run has been recorded for 2026-10"), "{}", answer.stderr);
        // A program hears of no documents, and not of nothing.
        assert_eq!(answer.json()?["counts"]["due"], 0);
        Ok(())
    }
}
