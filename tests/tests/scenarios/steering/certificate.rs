//! The certificate: everything adds up from the source over the ledger to the store, or it says what does not.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{World, on_every_engine};

use super::{expect_adds_up, mend_trades, spoil_trades, steer};
use crate::fixtures::{
    Books, PERIOD, close, expect_one_line, load_october, restore_trades, run_october, run_of,
    slow_down_trades,
};

async fn certificate(world: &World, code: i32) -> Result<Value> {
    let arguments = ["certificate", "--period", PERIOD, "--json"];
    world.enqueuer(arguments).run().await?.expect(code)?.json()
}

/// What it says of rows that were compared and have not changed.
fn rows(compared: u64) -> Value {
    json!({"compared": compared, "incomparable": 0, "purged": 0, "changed": 0, "documents": [], "reissue": null})
}

/// What it says of objects whose sizes alone it has compared.
fn contents(objects: u64) -> Value {
    json!({"compared": 0, "by": null, "not_compared": objects, "replaced": []})
}

/// Demands that exactly this is wrong, and that the words say so, too.
async fn expect_problem(world: &World, words: &[&str]) -> Result<()> {
    let answer = certificate(world, 1).await?;
    let problems = answer["problems"].as_array().context("no problems")?;
    ensure!(problems.len() == 1, "not one problem: {answer}");
    let told = world
        .enqueuer(["certificate"])
        .run()
        .await?
        .expect(1)?
        .stdout;
    ensure!(told.contains("It does not add up."), "{told}");
    for word in words {
        ensure!(
            problems[0]
                .as_str()
                .is_some_and(|problem| problem.contains(word)),
            "{word:?} is missing: {answer}"
        );
        ensure!(told.contains(word), "{word:?} is missing: {told}");
    }
    Ok(())
}

on_every_engine! {
    async fn it_is_not_complete_as_long_as_documents_are_open(world: &World) {
        load_october(world, 4).await?;
        close(world, "A004").await?;
        world.execute(
            "INSERT INTO statement_accounts (account_id, account_no, holder_name, language, base_currency, electronic_delivery, opened_on)
             VALUES ('A005', 'No. A005', '鈴木 花子', 'ja', 'JPY', 1, '2020-01-01')",
        ).await?;
        spoil_trades(world, &["A001", "A002"]).await?;
        world.enqueuer(["stop", "--period", PERIOD]).run().await?.expect(0)?;
        run_october(world).await?.expect(75)?;
        let open = certificate(world, 1).await?;
        let kind = json!({"accounts": 5, "due": 3, "succeeded": 0, "failed": 0, "open": 3, "excused": 1, "nothing_to_report": 1});
        assert_eq!(open, json!({
            "period": PERIOD, "adds_up": false, "complete": false, "kinds": {"trade": kind, "balance": kind}, "objects": 0,
            "contents": contents(0), "failures": [], "problems": [], "purged": false, "last_complete": null, "rows": rows(0),
        }));
        let told = world.enqueuer(["certificate"]).run().await?.expect(1)?.stdout;
        assert!(told.contains(&format!("6 documents are open: `enqueuer status --period {PERIOD}`")), "{told}");

        run_of(world, ["--resume"]).run().await?.expect(1)?;
        // Everything is accounted for, and not everything is delivered.
        let settled = certificate(world, 1).await?;
        assert_eq!(settled, json!({
            "period": PERIOD, "adds_up": true, "complete": false, "objects": 4, "contents": contents(4), "problems": [], "purged": false, "last_complete": null, "rows": rows(4),
            "failures": [{"cause": "identity", "documents": 2}],
            "kinds": {
                "trade": {"accounts": 5, "due": 3, "succeeded": 1, "failed": 2, "open": 0, "excused": 1, "nothing_to_report": 1},
                "balance": {"accounts": 5, "due": 3, "succeeded": 3, "failed": 0, "open": 0, "excused": 1, "nothing_to_report": 1},
            },
        }));
        let told = world.enqueuer(["certificate"]).run().await?.expect(1)?.stdout;
        assert!(told.contains("2 failed, cause identity.") && told.contains("It is not complete: 2 failed documents"), "{told}");
        assert!(!told.contains("Everything adds up"), "{told}");

        mend_trades(world).await?;
        steer(world, "resubmit", ["--failed"]).run().await?.expect(0)?;
        assert_eq!(certificate(world, 0).await?["complete"], true);
        let told = world.enqueuer(["certificate"]).run().await?.expect(0)?.stdout;
        assert!(told.contains("Everything adds up."), "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn what_came_into_the_source_after_the_run_is_named(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        certificate(world, 0).await?;
        world.execute(
            "INSERT INTO statement_accounts (account_id, account_no, holder_name, language, base_currency, electronic_delivery, opened_on)
             VALUES ('A003', 'No. A003', '鈴木 花子', 'ja', 'JPY', 1, '2020-01-01');
             INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code,
                 security_name, side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission,
                 consumption_tax, withholding_tax, net_amount)
             VALUES ('A003', 'T1', '2026-10-30', '2026-11-04', 'equity', '130A', 'Ｖｅｒｉｔａｓ', 'buy', 'specific', '100', '10', '1',
                 'JPY', '1000', '0', '0', '0', '-1000')",
        ).await?;
        expect_problem(world, &["1 document is due", "2026-10.trade.A003", &format!("enqueuer run --period {PERIOD}")]).await?;
        run_october(world).await?;
        let answer = certificate(world, 0).await?;
        assert_eq!(answer["kinds"]["trade"]["nothing_to_report"], 0, "{answer}");
        assert_eq!(answer["kinds"]["balance"]["nothing_to_report"], 1, "{answer}");
        Ok(())
    }
}

on_every_engine! {
    async fn holdings_that_came_after_a_resubmission_of_trades_are_named(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        run_october(world).await?.expect(1)?;
        mend_trades(world).await?;
        // It needs no holdings, and looks for no snapshot of them.
        steer(world, "resubmit", ["--failed"]).run().await?.expect(0)?;
        certificate(world, 0).await?;
        world.execute(
            "INSERT INTO statement_accounts (account_id, account_no, holder_name, language, base_currency, electronic_delivery, opened_on)
             VALUES ('A003', 'No. A003', '鈴木 花子', 'ja', 'JPY', 1, '2020-01-01');
             INSERT INTO statement_positions (account_id, as_of, asset_class, security_code, security_name, custody, quantity, price_unit, currency)
             VALUES ('A003', '2026-10-31', 'equity', '130A', 'Veritas', 'specific', 100, 1, 'JPY')",
        ).await?;
        expect_problem(world, &["2026-10.balance.A003"]).await
    }
}

on_every_engine! {
    async fn an_account_that_has_vanished_is_named(world: &World) {
        load_october(world, 2).await?;
        // Another account has nothing to report: as many documents as accounts would be left.
        world.execute(
            "INSERT INTO statement_accounts (account_id, account_no, holder_name, language, base_currency, electronic_delivery, opened_on)
             VALUES ('A003', 'No. A003', '鈴木 花子', 'ja', 'JPY', 1, '2020-01-01')",
        ).await?;
        run_october(world).await?.expect(0)?;
        for relation in ["accounts", "trades", "cash_movements", "positions", "cash_balances"] {
            world.execute(&format!("DELETE FROM statement_{relation} WHERE account_id = 'A002'")).await?;
        }
        let answer = certificate(world, 1).await?;
        let problems = answer["problems"].to_string();
        assert!(problems.contains("trade: 1 document is") && problems.contains("balance: 1 document is") && problems.contains("vanished from the source since the run, e.g. A002"), "{answer}");
        Ok(())
    }
}

on_every_engine! {
    async fn every_difference_to_the_store_is_named(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        let file = world.published()?.into_iter().find(|file| file.key.contains("trade/A001")).context("not published")?;
        let content = std::fs::read(&file.path)?;

        std::fs::remove_file(&file.path)?;
        expect_problem(world, &["1 published document is not in the store", &file.key]).await?;
        std::fs::write(&file.path, &content[1..])?;
        expect_problem(world, &["another size in the store", &file.key]).await?;
        std::fs::write(&file.path, &content)?;
        certificate(world, 0).await?;
        let foreign = file.path.with_file_name("2026-10.trade.A001.r7.xlsx");
        std::fs::write(&foreign, &content)?;
        expect_problem(world, &["is no published document of the ledger", "2026-10.trade.A001.r7.xlsx"]).await?;
        std::fs::remove_file(&foreign)?;
        assert_eq!(certificate(world, 0).await?["objects"], 4);
        Ok(())
    }
}

on_every_engine! {
    async fn what_was_published_and_is_not_settled_is_not_complete(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE export_documents SET state = 'submitted', object_key = NULL WHERE kind = 'trade'").await?;
        let answer = certificate(world, 1).await?;
        assert_eq!(answer["kinds"]["trade"]["open"], 1, "{answer}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_reissued_document_counts_once(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        steer(world, "reissue", ["2026-10.trade.A001"]).run().await?.expect(0)?;
        let trade = json!({"accounts": 2, "due": 2, "succeeded": 2, "failed": 0, "open": 0, "excused": 0, "nothing_to_report": 0});
        expect_adds_up(world, "trade", &trade).await?;
        assert_eq!(certificate(world, 0).await?["objects"], 5, "both revisions stay");
        let first = world.published()?.into_iter().find(|file| file.key.ends_with("trade.A001.xlsx")).context("not published")?;
        std::fs::remove_file(&first.path)?;
        expect_problem(world, &["is not in the store", &first.key]).await
    }
}

on_every_engine! {
    async fn a_period_without_a_run_has_none(world: &World) {
        load_october(world, 1).await?;
        expect_one_line(world.enqueuer(["certificate"]).run().await?, 78, &["has no run yet"])?;
        run_october(world).await?.expect(0)?;
        expect_one_line(
            world.enqueuer(["certificate", "--period", "2026-09"]).run().await?, 1,
            &["no run has been recorded for 2026-09", "enqueuer run --period 2026-09"],
        )?;
        Ok(())
    }
}

on_every_engine! {
    async fn it_may_be_asked_while_a_run_goes_on(world: &World) {
        Books::of_october(["A001"])?.load(world).await?;
        slow_down_trades(world, 2).await?;
        let run = run_of(world, []).start()?;
        crate::processes::wait_until("a converter works", async || Ok(crate::fixtures::running(world).await? > 0)).await?;
        let answer = certificate(world, 1).await?;
        let open: i64 = ["trade", "balance"].iter().filter_map(|kind| answer["kinds"][*kind]["open"].as_i64()).sum();
        assert!(open > 0, "{answer}");
        run.wait_with_output().await?;
        restore_trades(world).await?;
        certificate(world, 0).await?;
        Ok(())
    }
}
