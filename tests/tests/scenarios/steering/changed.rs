//! What was published and is no longer what the source says: late bookings, cancellations, other values, a purged source. The
//! certificate names it with the line that reissues it; `status` and `run` tell it, too.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{Answer, World, on_every_engine};

use super::{actions, expect_stands, in_states, steer};
use crate::fixtures::{PERIOD, expect_one_line, load_october, run_october, run_of};

/// A trade of 30 October that the back office books after the month end. It settles in November: no snapshot knows of it.
const LATE: &str = "INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code,
        security_name, side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission, consumption_tax,
        withholding_tax, net_amount)
    VALUES ('A001', 'T-late', '2026-10-30', '2026-11-04', 'equity', '130A', 'Ｖｅｒｉｔａｓ', 'buy', 'specific', '100', '10', '1', 'JPY',
        '1000', '0', '0', '0', '-1000')";

async fn certificate(world: &World, arguments: &[&str]) -> Result<Answer> {
    let arguments = ["certificate", "--period", PERIOD]
        .into_iter()
        .chain(arguments.iter().copied());
    world.enqueuer(arguments).run().await
}

/// What the certificate says of rows, as JSON.
async fn rows(world: &World, code: i32) -> Result<Value> {
    let answer = certificate(world, &["--json"])
        .await?
        .expect(code)?
        .json()?;
    Ok(answer["rows"].clone())
}

/// The documents that it names.
fn named(rows: &Value) -> Vec<(&str, &str)> {
    let documents = rows["documents"].as_array().into_iter().flatten();
    documents
        .filter_map(|document| {
            Some((
                document["document_id"].as_str()?,
                document["change"].as_str()?,
            ))
        })
        .collect()
}

/// Runs a line of ours as an operator who pastes it.
async fn paste(world: &World, line: &str) -> Result<Answer> {
    let (words, reason) = line.split_once(" --reason \"").context("no reason")?;
    let reason = reason.strip_suffix('"').context("no end of the reason")?;
    let words = words.strip_prefix("enqueuer ").context("no enqueuer")?;
    let words = words.split(' ').chain(["--reason", reason]);
    world.enqueuer(words).run().await
}

/// The line in a certificate that reissues.
fn reissue_line(told: &str) -> Result<&str> {
    let line = told
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("enqueuer reissue "));
    line.with_context(|| format!("no line that reissues: {told}"))
}

on_every_engine! {
    async fn a_trade_that_is_booked_after_the_month_end_is_named_and_reissued(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        let before = rows(world, 0).await?;
        assert_eq!((&before["compared"], &before["changed"], &before["reissue"]), (&json!(4), &json!(0), &Value::Null));

        world.execute(LATE).await?;
        let told = certificate(world, &[]).await?.expect(1)?.stdout;
        for words in ["2 documents are no longer what the source says", "2026-10.trade.A001  booked late: trades: 1 row then, 2 now",
                      "2026-10.balance.A001  booked late: unsettled trades: 0 rows then, 1 now", "It does not add up."] {
            ensure!(told.contains(words), "{words:?} is missing: {told}");
        }
        ensure!(!told.contains("A002"), "{told}");
        // It is one thing to say, and said once.
        ensure!(!told.contains("not the rows that the source has now"), "{told}");
        assert_eq!(world.status(PERIOD).await?["certificate"]["verdict"], "changed");

        // A run publishes nothing over it, and does not leave the impression that all is well.
        let run = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((&run["due"], &run["certificate"]["changed"], &run["certificate"]["verdict"]), (&json!(0), &json!(2), &json!("changed")));
        let status = world.enqueuer(["status"]).run().await?.expect(0)?.stdout;
        ensure!(status.contains("2 documents are no longer what the source says") && status.contains("(taken 20"), "{status}");

        paste(world, reissue_line(&told)?).await?.expect(0)?;
        expect_stands(world, "2026-10.trade.A001", "superseded", None).await?;
        let after = rows(world, 0).await?;
        assert_eq!((&after["compared"], &after["changed"]), (&json!(4), &json!(0)));
        let listed = crate::fixtures::document(world, "2026-10.trade.A001.r2").await?;
        let first = crate::fixtures::document(world, "2026-10.trade.A001").await?;
        assert_eq!(listed["rows"].as_i64(), first["rows"].as_i64().map(|rows| rows + 1), "{listed}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_run_tells_it_although_nobody_took_a_certificate(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        world.execute(LATE).await?;
        let told = world.enqueuer(["run", "--period", PERIOD]).run().await?.expect(0)?.stdout;
        ensure!(told.contains("nothing is due") && told.contains("2 documents are no longer what the source says"), "{told}");
        ensure!(told.contains("  2026-10.trade.A001  booked late: trades: 1 row then, 2 now"), "{told}");
        assert_eq!(reissue_line(&told)?, "enqueuer reissue 2026-10.balance.A001 2026-10.trade.A001 --reason \"booked late\"");
        // Nor where something else was due.
        world.execute(
            "UPDATE statement_trades SET note = 'later' WHERE account_id = 'A002';
             INSERT INTO statement_accounts (account_id, account_no, holder_name, language, base_currency, electronic_delivery, opened_on)
             VALUES ('A003', 'No. A003', '鈴木 花子', 'ja', 'JPY', 1, '2020-01-01')",
        ).await?;
        world.execute(&LATE.replace("'A001'", "'A003'")).await?;
        let told = run_october(world).await?.expect(0)?.json()?;
        assert_eq!((&told["succeeded"], &told["certificate"]["changed"]), (&json!(1), &json!(3)), "{told}");
        // A run of one account is no look at the period; it tells what is known.
        let told = run_of(world, ["--account", "A002"]).run().await?.expect(0)?.json()?;
        assert_eq!(told["certificate"]["changed"], 3, "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn every_section_is_compared_and_what_changed_is_told_apart(world: &World) {
        load_october(world, 4).await?;
        run_october(world).await?.expect(0)?;
        world.execute(
            "UPDATE statement_trades SET security_name = 'another' WHERE account_id = 'A001';
             INSERT INTO statement_cash_movements (account_id, movement_id, booked_on, kind, description, currency, amount)
             VALUES ('A002', 'M-late', '2026-10-20', 'deposit', '入金', 'JPY', '5');
             UPDATE statement_positions SET quantity = quantity + 1 WHERE account_id = 'A003' AND as_of = '2026-10-31';
             DELETE FROM statement_trades WHERE account_id = 'A004' AND trade_id = 'T2026-10-0'",
        ).await?;
        let rows = rows(world, 1).await?;
        let named = named(&rows);
        let change = |id: &str| named.iter().find(|(of, _)| *of == id).map_or("", |(_, change)| *change);
        for (id, words) in [
            ("2026-10.trade.A001", "changed: trades: 1 row, and not the same"),
            ("2026-10.trade.A002", "booked late: cash movements:"),
            ("2026-10.balance.A002", "booked late: cash:"),
            ("2026-10.balance.A003", "changed: holdings:"),
            ("2026-10.trade.A004", "cancelled: trades: 4 rows then, 3 now"),
        ] {
            ensure!(change(id).starts_with(words), "{id}: {:?} in {rows}", change(id));
        }
        ensure!(change("2026-10.trade.A003").is_empty(), "its trades are what they were: {rows}");
        Ok(())
    }
}

on_every_engine! {
    async fn an_address_that_changes_is_no_correction(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE statement_accounts SET holder_name = '佐藤 花子', electronic_delivery = 0, opened_on = '2019-01-01'").await?;
        assert_eq!(rows(world, 0).await?["changed"], 0);
        Ok(())
    }
}

on_every_engine! {
    async fn what_cannot_be_read_any_more_has_changed(world: &World) {
        load_october(world, 3).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE statement_trades SET currency = '???' WHERE account_id = 'A001'").await?;
        let rows = rows(world, 1).await?;
        let trade = named(&rows).into_iter().find(|(id, _)| *id == "2026-10.trade.A001").context("not named")?;
        ensure!(trade.1.contains("cannot be read any more (shape)"), "{rows}");
        // The others are compared all the same.
        assert_eq!(rows["compared"], 6, "{rows}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_quick_one_says_that_it_compared_no_rows(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE statement_trades SET security_name = 'another' WHERE account_id = 'A001'").await?;
        // As many rows as before: what changed in them only a comparison finds.
        let told = certificate(world, &["--quick"]).await?.expect(0)?.stdout;
        ensure!(told.contains("never compared") && told.contains("but for rows, which were not compared"), "{told}");
        ensure!(!told.contains("Everything adds up."), "{told}");
        assert_eq!(certificate(world, &["--quick", "--json"]).await?.expect(0)?.json()?["rows"], Value::Null);
        let status = world.status(PERIOD).await?["certificate"].clone();
        assert_eq!((&status["verdict"], &status["changed"]), (&json!("complete"), &Value::Null));

        // What an earlier one found is not forgotten.
        rows(world, 1).await?;
        let told = certificate(world, &["--quick"]).await?.expect(1)?.stdout;
        ensure!(told.contains("Rows were not compared") && told.contains("2026-10.trade.A001"), "{told}");
        // How many rows there are, it knows without.
        world.execute(LATE).await?;
        let told = certificate(world, &["--quick"]).await?.expect(1)?.stdout;
        ensure!(told.contains("2026-10.trade.A001: 1 of 2 trades"), "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn what_an_older_program_published_cannot_be_compared(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        world.execute(
            "UPDATE export_documents SET section_digests = NULL WHERE account_id = 'A001' AND kind = 'trade';
             UPDATE export_documents SET section_digests = '{\"version\":0}' WHERE account_id = 'A001' AND kind = 'balance'",
        ).await?;
        // As many rows as before, since numbers of rows older programs kept, too.
        world.execute("UPDATE statement_trades SET security_name = 'another' WHERE account_id = 'A001'").await?;
        let rows = rows(world, 0).await?;
        assert_eq!((&rows["compared"], &rows["incomparable"], &rows["changed"]), (&json!(2), &json!(2), &json!(0)));
        let told = certificate(world, &[]).await?.expect(0)?.stdout;
        ensure!(told.contains("2 documents cannot be compared"), "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_purged_source_is_one_thing_to_say(world: &World) {
        load_october(world, 3).await?;
        run_october(world).await?.expect(0)?;
        certificate(world, &[]).await?.expect(0)?;
        for relation in ["trades", "cash_movements"] {
            world.execute(&format!("DELETE FROM statement_{relation}")).await?;
        }
        let answer = certificate(world, &["--json"]).await?.expect(1)?.json()?;
        let problems = answer["problems"].to_string();
        ensure!(problems.contains("3 of 3 published documents") && problems.contains("purged"), "{answer}");
        ensure!(!problems.contains("enqueuer reissue"), "{answer}");
        let complete = "the period was complete when its certificate was taken";
        ensure!(answer["last_complete"].as_str().is_some_and(|words| words.starts_with(complete)), "{answer}");
        let told = certificate(world, &[]).await?.expect(1)?.stdout;
        ensure!(told.contains(&format!("\n  {complete}")) && !told.contains("enqueuer reissue"), "{told}");
        assert_eq!((&answer["purged"], &answer["rows"]["changed"], &answer["rows"]["reissue"]), (&json!(true), &json!(0), &Value::Null));
        ensure!(answer["rows"]["purged"].as_i64() >= Some(3), "{answer}");
        assert_eq!(world.status(PERIOD).await?["certificate"]["verdict"], "purged");
        let none = steer(world, "reissue", ["--changed"]).run().await?.expect(0)?.json()?;
        assert_eq!(none["runs"], json!([]));
        // Not by name either: the next revision would have no rows.
        let refused = steer(world, "reissue", ["2026-10.trade.A001"]).run().await?;
        expect_one_line(refused, 78, &["2026-10.trade.A001", "purged"])?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_snapshot_that_is_gone_for_everybody_was_purged(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        certificate(world, &[]).await?.expect(0)?;
        world.execute(
            "DELETE FROM statement_positions WHERE as_of < '2026-10-31'; DELETE FROM statement_cash_balances WHERE as_of < '2026-10-31'",
        ).await?;
        let told = certificate(world, &[]).await?.expect(1)?.stdout;
        for relation in ["statement_positions", "statement_cash_balances"] {
            let words = format!("{relation} has no row of 2026-09-30 any more: it was purged");
            ensure!(told.contains(&words) && !told.contains("enqueuer reissue"), "{told}");
        }
        assert_eq!(world.status(PERIOD).await?["certificate"]["verdict"], "purged");
        let refused = steer(world, "reissue", ["2026-10.balance.A001", "--dry-run"]).run().await?.expect(78)?.stderr;
        ensure!(refused.contains("2026-10.balance.A001 stays as it is") && refused.contains("purged"), "{refused}");
        // A trade statement begins with cash, and shows no holdings.
        world.execute(
            "INSERT INTO statement_cash_balances (account_id, as_of, currency, amount)
             SELECT account_id, '2026-09-30', 'JPY', '1000000' FROM statement_accounts",
        ).await?;
        steer(world, "reissue", ["2026-10.trade.A001", "--dry-run"]).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn an_account_that_only_rows_name_any_more_is_told(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        world.execute("DELETE FROM statement_accounts WHERE account_id = 'A002'").await?;
        let told = certificate(world, &[]).await?.expect(1)?.stdout;
        ensure!(told.contains("have vanished from the source since the run, e.g. A002"), "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn nobody_knows_what_changed_before_rows_were_compared(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let unknown = steer(world, "reissue", ["--changed"]).run().await?;
        expect_one_line(unknown, 78, &["no certificate has compared", &format!("enqueuer certificate --period {PERIOD}")])?;
        let none = steer(world, "reissue", ["--changed", "--period", "2026-09"]).run().await?;
        expect_one_line(none, 78, &["enqueuer certificate --period 2026-09"])?;
        certificate(world, &[]).await?.expect(0)?;
        steer(world, "reissue", ["--changed"]).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn what_changed_is_reissued_in_bulk_and_by_filters(world: &World) {
        load_october(world, 8).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE statement_trades SET security_name = 'another'").await?;
        let told = certificate(world, &[]).await?.expect(1)?.stdout;
        let line = reissue_line(&told)?;
        assert_eq!(line, format!("enqueuer reissue --changed --period {PERIOD} --reason \"changed in the source\""));

        let dry = async |arguments: &[&'static str]| -> Result<usize> {
            let all = ["--dry-run"].into_iter().chain(arguments.iter().copied());
            let answer = steer(world, "reissue", all).run().await?.expect(0)?.json()?;
            Ok(answer["documents"].as_array().context("no documents")?.len())
        };
        assert_eq!(dry(&["--published"]).await?, 16);
        assert_eq!(dry(&["--published", "--kind", "trade", "--account", "A001", "--account", "A002"]).await?, 2);
        assert_eq!(dry(&["--changed", "--kind", "trade"]).await?, 8);
        expect_one_line(steer(world, "reissue", ["--changed", "--cause", "typo"]).run().await?, 78, &["no such cause"])?;
        steer(world, "reissue", ["2026-10.trade.A001", "--changed"]).run().await?.expect(78)?;
        steer(world, "reissue", []).run().await?.expect(78)?;
        steer(world, "reissue", ["--changed", "--kind", "trade", "--account", "A008"]).run().await?.expect(0)?;
        assert_eq!(in_states(world, ["succeeded", "superseded"]).await?, [16, 1]);

        paste(world, line).await?.expect(0)?;
        ensure!(actions(world).await?.len() >= 8, "{:?}", actions(world).await?);
        assert_eq!(rows(world, 0).await?["changed"], 0);
        // Nothing is left to be reissued.
        let none = paste(world, line).await?.expect(0)?.stdout;
        ensure!(none.contains("nothing to reissue"), "{none}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_period_without_a_run_is_told_as_such(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let words = "no run has been recorded for 2026-11";
        for (command, code) in [("certificate", 1), ("status", 65), ("report", 65)] {
            let answer = world.enqueuer([command, "--period", "2026-11"]).run().await?;
            expect_one_line(answer, code, &[words, "enqueuer run --period 2026-11"])?;
        }
        let answer = world.enqueuer(["certificate", "--period", "2026-11", "--json"]).run().await?.expect(1)?.json()?;
        assert_eq!(answer["complete"], false, "{answer}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_certificate_that_cannot_reach_the_source_says_why(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let broken = world.enqueuer_beside("head -n 1 >/dev/null; echo 'converter: the database is gone' >&2; exit 75", ["certificate"])?;
        let answer = broken.run().await?.expect(75)?;
        ensure!(answer.stderr.contains("comparing documents with the source: the database is gone"), "{}", answer.stderr);
        // What ended too early is no certificate.
        assert_eq!(world.status(PERIOD).await?["certificate"], Value::Null);
        Ok(())
    }
}
