//! `plan` says what a run would do, and does nothing.

mod aws;
mod simulated;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{Engine, Program, World, on_every_engine};

use crate::fixtures::{
    AT, Books, PERIOD, account_ids, count, expect_one_line, load_october, long_lease, run_of,
};

/// The plan of October 2026.
fn plan_of<'a>(world: &World, arguments: impl IntoIterator<Item = &'a str>) -> Program {
    world.enqueuer(planned(arguments))
}

pub fn planned<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let plan = ["plan", "--json", "--period", PERIOD, "--at", AT];
    plan.into_iter().chain(arguments).collect()
}

/// What a run then really makes of it: documents, slots and jobs.
async fn expect_run_as_planned(world: &World, arguments: &[&str]) -> Result<Value> {
    let plan = plan_of(world, arguments.iter().copied())
        .run()
        .await?
        .expect(0)?
        .json()?;
    let before = count(world, "SELECT count(*) FROM export_jobs")
        .await
        .unwrap_or_default();
    let slots_before = count(world, "SELECT COALESCE(sum(slots), 0) FROM export_jobs")
        .await
        .unwrap_or_default();
    let run = run_of(world, arguments.iter().copied())
        .run()
        .await?
        .expect(0)?
        .json()?;
    assert_eq!(plan["documents"], run["submitted"], "{plan}\n{run}");
    let jobs = count(world, "SELECT count(*) FROM export_jobs").await? - before;
    let slots =
        count(world, "SELECT COALESCE(sum(slots), 0) FROM export_jobs").await? - slots_before;
    assert_eq!(
        (&plan["jobs"], &plan["slots"]),
        (&json!(jobs), &json!(slots)),
        "{plan}"
    );
    Ok(plan)
}

/// Every row of every table, and every file of the world but SQLite's own beside a database that is read.
async fn everything(world: &World) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let tables = match world.engine {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Engine::Postgres => "SELECT CAST(relname AS text) FROM pg_stat_user_tables",
    };
    for table in world.texts(tables).await?.into_iter().flatten().flatten() {
        let rows = match world.engine {
            // What stands in them is in the file, which is compared as it is.
            Engine::Sqlite => format!("SELECT CAST(count(*) AS text) FROM {table}"),
            Engine::Postgres => format!("SELECT CAST(t.* AS text) FROM {table} t ORDER BY 1"),
        };
        found.insert(
            table,
            format!("{:?}", world.texts(&rows).await?).into_bytes(),
        );
    }
    take_files(&world.path(""), &mut found)?;
    Ok(found)
}

fn take_files(directory: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            found.insert(name, Vec::new());
            take_files(&path, found)?;
        } else if !name.ends_with("-wal") && !name.ends_with("-shm") {
            found.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(())
}

on_every_engine! {
    async fn the_answer_has_the_fields_of_the_design(world: &World) {
        load_october(world, 4).await?;
        let plan = plan_of(world, []).run().await?.expect(0)?.json()?;
        for field in ["documents", "rows", "jobs", "slots", "submit_calls", "finish_at", "finish_at_p95", "vcpu_hours", "cost_usd"] {
            assert!(!plan[field].is_null(), "{field} is missing in {plan}");
        }
        assert_eq!(
            (&plan["documents"], &plan["slots"], &plan["jobs"], &plan["submit_calls"], &plan["cost_usd"]),
            (&json!(8), &json!(8), &json!(1), &json!(0), &json!(0.0)), "{plan}"
        );
        // Of account n (from 0) n + 1 trades and as many movements of cash; a position and cash at both ends.
        assert_eq!(plan["rows"], json!(2 * (1 + 2 + 3 + 4) + 4 * 4));
        assert_eq!(plan["connections"], json!({
            "source": plan["converters_at_peak"], "ledger": plan["converters_at_peak"], "one_database": true,
            "budget": null, "exceeded": false,
        }));
        let finish = plan["finish_at"].as_str().context("no finish_at")?;
        assert!(finish.starts_with("2026-11-02T09:00:0") && finish.ends_with("+09:00"), "{finish}");
        for assumption in plan["assumptions"].as_array().context("no assumptions")? {
            let origin = assumption["origin"].as_str().context("no origin")?;
            assert!(["default", "measured just now"].contains(&origin), "{assumption}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_person_reads_it_in_80_columns(world: &World) {
        load_october(world, 4).await?;
        let arguments = ["plan", "--period", PERIOD, "--at", AT, "--deadline", "09:00"];
        let missed = ["--start", "2026-11-02T08:59:59.999+09:00"];
        let told = world.enqueuer(arguments.into_iter().chain(missed)).run().await?.expect(1)?.stdout;
        for line in told.lines() {
            assert!(line.chars().count() <= 80, "{line:?}");
        }
        for words in ["2026-10: 8 documents, about 36 rows", "There is no ledger yet", "Finish, P95", "MISSED by", "Assumed:", "; default"] {
            assert!(told.contains(words), "{words:?} is missing in\n{told}");
        }
        let told = world.enqueuer(arguments).run().await?.expect(0)?.stdout;
        assert!(told.contains("2026-11-03 09:00:00 +09: met, with 24 h 00 min left"), "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn ledger_source_and_store_stay_as_they_are(world: &World) {
        load_october(world, 6).await?;
        let before = everything(world).await?;
        plan_of(world, ["--deadline", "06:00"]).run().await?.expect(0)?;
        assert!(everything(world).await? == before, "without a ledger");
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let before = everything(world).await?;
        assert!(before.contains_key("export_documents"), "nothing to compare");
        plan_of(world, ["--deadline", "06:00"]).run().await?.expect(0)?;
        world.enqueuer(["plan", "--period", PERIOD]).run().await?.expect(0)?;
        let after = everything(world).await?;
        let changed: Vec<&String> = after.keys().filter(|name| after.get(*name) != before.get(*name)).collect();
        assert!(after == before, "changed: {changed:?}");
        Ok(())
    }
}

#[tokio::test]
async fn a_ledger_that_is_not_there_is_not_made() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 3).await?;
    let ledger = format!("sqlite://{}", world.path("ledger.db").display());
    let plan = plan_of(&world, [])
        .env("SOURCE_DATABASE_URL", world.database_url())
        .env("DATABASE_URL", &ledger)
        .run()
        .await?
        .expect(0)?
        .json()?;
    assert_eq!(plan["documents"], 6);
    assert_eq!(plan["connections"]["one_database"], false);
    let remarks = plan["remarks"].to_string();
    assert!(remarks.contains("no ledger yet"), "{remarks}");
    assert!(!world.path("ledger.db").exists() && !world.store().exists());
    world.close().await
}

on_every_engine! {
    async fn what_the_ledger_has_settled_is_not_planned_again(world: &World) {
        load_october(world, 5).await?;
        expect_run_as_planned(world, &["--kind", "trade"]).await?;
        let plan = expect_run_as_planned(world, &["--documents-per-slot", "2"]).await?;
        assert_eq!((&plan["documents"], &plan["settled"], &plan["slots"]), (&json!(5), &json!(5), &json!(3)));
        let plan = expect_run_as_planned(world, &[]).await?;
        assert_eq!((&plan["documents"], &plan["settled"], &plan["slots"]), (&json!(0), &json!(10), &json!(0)));
        // Failed and excused stay so; what was lost with its slot gets one of its own, and what never began is packed.
        world.execute(
            "UPDATE export_documents SET state = 'failed' WHERE document_id = '2026-10.trade.A001';
             UPDATE export_documents SET state = 'excused' WHERE document_id = '2026-10.trade.A002';
             UPDATE export_documents SET state = 'due' WHERE document_id IN ('2026-10.trade.A003', '2026-10.trade.A004');
             UPDATE export_documents SET state = 'due', submissions = 0 WHERE kind = 'balance'"
        ).await?;
        std::fs::remove_dir_all(world.store())?;
        let plan = expect_run_as_planned(world, &["--documents-per-slot", "10"]).await?;
        assert_eq!(
            (&plan["documents"], &plan["slots"], &plan["jobs"], &plan["settled"]),
            (&json!(7), &json!(3), &json!(2), &json!(3)), "{plan}"
        );
        Ok(())
    }
}

on_every_engine! {
    async fn groups_leave_out_and_take_up_as_a_run_does(world: &World) {
        let mut books = Books::of_october(account_ids(6).iter().map(String::as_str))?;
        let grouped: Vec<String> = books.accounts.lines().enumerate().map(|(n, line)| match n {
            0 => format!("{line},rollout_group"),
            1..=2 => format!("{line},pilot"),
            _ => format!("{line},rest"),
        }).collect();
        books.accounts = grouped.join("\n") + "\n";
        books.load(world).await?;
        let plan = expect_run_as_planned(world, &["--group", "pilot"]).await?;
        assert_eq!((&plan["documents"], &plan["excused"]), (&json!(4), &json!(8)), "{plan}");
        let plan = expect_run_as_planned(world, &["--group", "rest", "--account", "A003", "--kind", "trade"]).await?;
        assert_eq!(plan["documents"], json!(1), "{plan}");
        let plan = expect_run_as_planned(world, &[]).await?;
        assert_eq!(plan["documents"], json!(7), "{plan}");
        // What somebody has begun belongs to every run.
        world.execute("UPDATE export_documents SET state = 'due', settled_at = NULL WHERE document_id = '2026-10.trade.A004'").await?;
        let plan = expect_run_as_planned(world, &["--group", "pilot"]).await?;
        assert_eq!((&plan["documents"], &plan["excused"]), (&json!(1), &json!(0)), "{plan}");
        Ok(())
    }
}

on_every_engine! {
    async fn what_another_run_left_is_planned_once_its_process_is_gone(world: &World) {
        load_october(world, 3).await?;
        run_of(world, []).run().await?.expect(0)?;
        let stand = |lease: &str| format!(
            "UPDATE export_documents SET state = 'running', lease_expires_at = {lease} WHERE kind = 'trade';
             UPDATE export_runs SET lease_expires_at = {lease}"
        );
        let counts = async |lease: &str| -> Result<(Value, Value)> {
            world.execute(&stand(lease)).await?;
            let plan = plan_of(world, []).run().await?.expect(0)?.json()?;
            Ok((plan["documents"].clone(), plan["with_others"].clone()))
        };
        assert_eq!(counts(long_lease(world)).await?, (json!(0), json!(3)), "alive");
        assert_eq!(counts("1").await?, (json!(3), json!(0)), "gone");
        // The run that takes it over makes it failed: it was the last attempt.
        world.execute("UPDATE export_documents SET attempts = 3 WHERE document_id = '2026-10.trade.A001'").await?;
        let plan = plan_of(world, []).run().await?.expect(0)?.json()?;
        assert_eq!((&plan["documents"], &plan["failed"]), (&json!(2), &json!(1)), "{plan}");
        expect_run_as_planned(world, &[]).await?;
        assert_eq!(count(world, "SELECT count(*) FROM export_documents WHERE state = 'failed'").await?, 1);
        Ok(())
    }
}

on_every_engine! {
    async fn the_newest_two_months_are_measured(world: &World) {
        load_october(world, 3).await?;
        for (period, arguments) in [
            ("2026-08", &["--kind", "trade", "--account", "A001"][..]),
            ("2026-09", &["--kind", "trade"]),
            (PERIOD, &["--kind", "balance"]),
        ] {
            run_of(world, arguments.iter().copied()).run().await?.expect(0)?;
            // As if it had been the month end of that month.
            world.execute(&format!("UPDATE export_runs SET period = '{period}' WHERE period = '{PERIOD}'")).await?;
        }
        let plan = plan_of(world, []).run().await?.expect(0)?.json()?;
        let bytes = plan["assumptions"].as_array().context("no assumptions")?.iter().find(|told| told["what"] == "bytes of a document");
        assert_eq!(bytes.context("no bytes")?["origin"], "measured (5 attempts of 2026-09, 2026-10)");
        Ok(())
    }
}

on_every_engine! {
    async fn an_old_ledger_is_told_of_and_a_held_period_too(world: &World) {
        load_october(world, 2).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        world.enqueuer(["stop", "--period", PERIOD, "--reason", "prices are wrong"]).run().await?.expect(0)?;
        let plan = plan_of(world, []).run().await?.expect(0)?.json()?;
        assert!(plan["remarks"].to_string().contains("prices are wrong"), "{plan}");
        world.execute("DELETE FROM export_migrations WHERE version > 1").await?;
        let plan = plan_of(world, []).run().await?.expect(0)?.json()?;
        assert_eq!(plan["documents"], json!(4), "{plan}");
        assert!(plan["remarks"].to_string().contains("`enqueuer migrate`"), "{plan}");
        world.execute("UPDATE export_migrations SET version = 9999").await?;
        expect_one_line(plan_of(world, []).run().await?, 78, &["newer version (9999)"])
    }
}

on_every_engine! {
    async fn a_source_that_is_not_ready_or_not_right_is_refused_as_by_a_run(world: &World) {
        load_october(world, 2).await?;
        world.execute("DELETE FROM statement_positions WHERE as_of = '2026-10-31'").await?;
        expect_one_line(plan_of(world, []).run().await?, 75, &["not ready", "statement_positions"])?;
        plan_of(world, ["--accept-snapshot", "2026-09-30"]).run().await?.expect(0)?;
        expect_one_line(plan_of(world, ["--accept-snapshot", "2026-09-30", "--account", "NOBODY"]).run().await?, 78, &["NOBODY"])?;
        expect_one_line(plan_of(world, ["--start", "soon"]).run().await?, 78, &["--start"])?;
        expect_one_line(plan_of(world, ["--deadline", "soon"]).run().await?, 78, &["--deadline"])
    }
}

on_every_engine! {
    async fn a_deadline_without_a_start_says_from_when(world: &World) {
        load_october(world, 1).await?;
        let from_now = plan_of(world, ["--deadline", "06:00"]).run().await?.expect(0)?.json()?;
        assert!(from_now["remarks"].to_string().contains("From 09:00 to the deadline: 21 h 00 min."), "{from_now}");
        for said in [["--deadline", "06:00", "--start", AT], ["--deadline", "2026-11-03T06:00:00+09:00", "--kind", "trade"]] {
            let plan = plan_of(world, said).run().await?.expect(0)?.json()?;
            assert!(!plan["remarks"].to_string().contains("to the deadline"), "{plan}");
        }
        // One document is not crowded by processes that have nothing to do.
        let paces = async |parallel: &str| -> Result<Value> {
            let plan = plan_of(world, ["--kind", "trade", "--parallel", parallel]).run().await?.expect(0)?.json()?;
            Ok(plan["assumptions"].as_array().context("no assumptions")?.iter()
                .find(|told| told["what"] == "a document of this machine").context("no pace")?["value"].clone())
        };
        assert_eq!(paces("1").await?, paces("64").await?);
        // What is settled, each by itself; and nothing is too late for nothing.
        world.execute("UPDATE statement_trades SET net_amount = '-1'").await?;
        run_of(world, []).run().await?.expect(1)?;
        let past = ["--deadline", "2020-01-01T00:00:00+09:00"];
        let nothing = plan_of(world, past).run().await?.expect(0)?.json()?;
        assert_eq!(
            (&nothing["settled"], &nothing["succeeded"], &nothing["failed"], &nothing["meets_deadline"]),
            (&json!(2), &json!(1), &json!(1), &json!(true)), "{nothing}"
        );
        assert!(nothing["remarks"].to_string().contains("Nothing is due"), "{nothing}");
        Ok(())
    }
}

on_every_engine! {
    async fn more_converters_than_connections_are_warned_of(world: &World) {
        load_october(world, 4).await?;
        let budget = [("DATABASE_CONNECTIONS", "7"), ("LOCAL_PARALLEL", "4")];
        let with = |program: Program| budget.iter().fold(program, |program, (name, value)| program.env(name, value));
        let plan = with(plan_of(world, [])).run().await?.expect(0)?.json()?;
        assert_eq!((&plan["connections"]["exceeded"], &plan["connections"]["budget"]), (&json!(true), &json!(7)));
        assert!(plan["remarks"].to_string().contains("8 connections to one database"), "{plan}");
        let check = with(world.enqueuer(["check"])).run().await?.expect(0)?.stdout;
        assert!(check.contains("note   connections at peak: converters may hold 8 connections"), "{check}");
        let plan = with(plan_of(world, ["--parallel", "3"])).run().await?.expect(0)?.json()?;
        assert_eq!(plan["connections"]["exceeded"], json!(false));
        Ok(())
    }
}
