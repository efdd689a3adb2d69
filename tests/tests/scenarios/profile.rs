//! A firm's profile: refused where it is wrong, and shown by the documents it makes.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tests::{Workbook, World, on_every_engine, part};

use crate::fixtures::{
    Books, PERIOD, count, document, expect_one_line, load_october, october, run_of,
};

const FIRM: &str = r#"
[firm]
name = { ja = "青葉証券株式会社", en = "Aoba Securities" }
registration = { ja = "関東財務局長（金商）第1号", en = "Kinsho No. 1" }
contact = { ja = "03-1111-2222", en = "+81-3-1111-2222" }
"#;

/// Writes a profile beside the database. Its name without a directory is what the programs are given: they all work in
/// the world's directory.
fn write_profile(world: &World, name: &str, top: &str, tables: &str) -> Result<()> {
    Ok(std::fs::write(
        world.path(name),
        format!("{top}{FIRM}{tables}"),
    )?)
}

/// Where a document of the period is published.
fn path_of(world: &World, kind: &str, account: &str) -> PathBuf {
    let key = format!("{PERIOD}/{kind}/{account}/{PERIOD}.{kind}.{account}.xlsx");
    world.store().join(key)
}

/// Expects `check` and `run` to refuse a profile in one line with these words, and nothing to be recorded.
async fn expect_refused(world: &World, profile: &str, words: &[&str]) -> Result<()> {
    let check = world.enqueuer(["check"]).env("STATEMENT_PROFILE", profile);
    let told = check.run().await?.expect(78)?.stdout;
    let line = told
        .lines()
        .find(|line| line.starts_with("WRONG  settings: STATEMENT_PROFILE"))
        .with_context(|| format!("check does not name the profile:\n{told}"))?;
    for word in words {
        ensure!(line.contains(word), "{word:?} is missing in: {line}");
    }
    let run = run_of(world, ["--statement-profile", profile]);
    expect_one_line(run.run().await?, 78, words)?;
    assert_eq!(count(world, "SELECT count(*) FROM export_runs").await?, 0);
    assert_eq!(world.published()?, []);
    Ok(())
}

on_every_engine! {
    async fn a_profile_that_is_wrong_stops_everything(world: &World) {
        load_october(world, 1).await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        write_profile(world, "unknown.toml", "legal_state = \"reference\"\n", "")?;
        let words = ["unknown.toml", "line 1", "there is no key `legal_state`", "`legal_status`"];
        expect_refused(world, "unknown.toml", &words).await?;
        write_profile(world, "column.toml", "", "[columns]\ncash = [\"currency\", \"amount\", \"money\"]\n")?;
        expect_refused(world, "column.toml", &["column.toml", "columns.cash", "\"money\"", "base_amount"]).await?;
        for policy in ["warn", "off"] {
            write_profile(world, "lax.toml", "", &format!("[gate]\nownership = \"{policy}\"\n"))?;
            expect_refused(world, "lax.toml", &["lax.toml", "gate.ownership", policy, "can only be \"block\""]).await?;
        }
        expect_refused(world, "missing.toml", &["missing.toml", "cannot be read", "docs/profile.toml"]).await
    }
}

on_every_engine! {
    async fn check_says_which_profile_is_in_force_and_how_lenient_it_is(world: &World) {
        load_october(world, 1).await?;
        let told = world.enqueuer(["check"]).run().await?.expect(0)?.stdout;
        ensure!(told.contains("ok     profile built in\nnote   profile built in: "), "{told}");
        ensure!(told.contains("set STATEMENT_PROFILE before"), "{told}");

        write_profile(world, "strict.toml", "", "")?;
        let check = world.enqueuer(["check", "--statement-profile", "strict.toml"]);
        let told = check.run().await?.expect(0)?.stdout;
        ensure!(told.contains("ok     profile strict.toml\n") && !told.contains("note   profile"), "{told}");

        write_profile(world, "lenient.toml", "", "[gate]\npositions = \"warn\"\ncash = \"off\"\n")?;
        let check = world.enqueuer(["check", "--json", "--statement-profile", "lenient.toml"]);
        let told = check.run().await?.expect(0)?.json()?;
        let checks = told["checks"].as_array().context("no checks")?;
        let profile = checks.iter().find(|check| check["check"] == "profile lenient.toml").context("no profile")?;
        let note = profile["note"].as_str().context("no note")?;
        ensure!(profile["ok"] == true && note.contains("positions = warn, cash = off"), "{profile}");
        Ok(())
    }
}

/// What a firm may choose, all of it at once.
const CHOICES: &str = r#"
[sections]
trade = ["cash_movements", "trades"]
balance = ["cash", "unsettled_trades", "holdings", "movements"]
[columns]
trades = ["trade_id", "security_code", "side", "quantity", "currency", "net_amount"]
holdings = ["asset_class", "security_code", "quantity", "currency", "market_value"]
[number_formats.ja]
JPY = "¥#,##0;-¥#,##0;0"
[wording.ja]
title.trade = "お取引のご報告"
sheet.trades = "お取引"
side.buy = "お買付"
[wording.en]
sheet.cash = "Money"
trades.trade_id = "Our reference"
"#;

on_every_engine! {
    async fn what_the_firm_chose_shows_in_its_documents(world: &World) {
        load_october(world, 2).await?;
        world.execute("UPDATE statement_accounts SET language = 'en' WHERE account_id = 'A002'").await?;
        write_profile(world, "firm.toml", "", CHOICES)?;
        run_of(world, ["--statement-profile", "firm.toml"]).run().await?.expect(0)?;

        let path = path_of(world, "trade", "A001");
        let japanese = Workbook::read(&path)?;
        assert_eq!(japanese.sheet_names(), ["概要", "入出金明細", "お取引"]);
        let summary = japanese.sheet("概要")?;
        for text in ["お取引のご報告", "青葉証券株式会社", "関東財務局長（金商）第1号", "03-1111-2222"] {
            ensure!(summary.says(text), "{text}");
        }
        let trades = japanese.sheet("お取引")?;
        ensure!(trades.has_row(&["取引番号", "銘柄コード", "取引", "数量", "通貨", "受渡金額"]), "columns");
        ensure!(trades.says("お買付") && !trades.says("Ｖｅｒｉｔａｓ"), "wording, or a hidden column");
        let formats = part(&path, "xl/styles.xml")?;
        ensure!(formats.contains("¥#,##0;-¥#,##0;0"), "{formats}");

        let path = path_of(world, "balance", "A002");
        let english = Workbook::read(&path)?;
        assert_eq!(english.sheet_names(), ["Summary", "Money", "Unsettled trades", "Holdings", "Movements"]);
        ensure!(english.sheet("Summary")?.says("Aoba Securities"), "firm");
        ensure!(english.sheet("Holdings")?.has_row(&["Asset class", "Code", "Quantity", "Currency", "Market value"]), "columns");
        ensure!(!part(&path, "xl/styles.xml")?.contains('¥'), "a format of the other language");
        let trades = Workbook::read(&path_of(world, "trade", "A002"))?;
        ensure!(trades.sheet("Trades")?.says("Our reference"), "wording");
        Ok(())
    }
}

on_every_engine! {
    async fn what_the_law_does_not_demand_says_so(world: &World) {
        load_october(world, 2).await?;
        world.execute("UPDATE statement_accounts SET language = 'en' WHERE account_id = 'A002'").await?;
        write_profile(world, "reference.toml", "legal_status = \"reference\"\n", "")?;
        for (kind, profile, says_so) in [("trade", "reference.toml", true), ("balance", "", false)] {
            run_of(world, ["--kind", kind, "--statement-profile", profile]).run().await?.expect(0)?;
            for (account, sheet, words) in
                [("A001", "概要", "法定書面ではありません"), ("A002", "Summary", "Not a statutory document")]
            {
                let workbook = Workbook::read(&path_of(world, kind, account))?;
                ensure!(workbook.sheet(sheet)?.says(words) == says_so, "{kind} {account}");
            }
        }
        Ok(())
    }
}

/// Receipts, which move no cash: what is due is due by its trades alone.
async fn load_receipts(world: &World) -> Result<()> {
    let mut books = Books::empty();
    for (account, receipts) in [
        ("LATE", &[("T-late", "2026-10-30", "2026-11-03")][..]),
        ("EARLY", &[("T-early", "2026-09-29", "2026-10-01")]),
        (
            "ALL",
            &[
                ("T-late", "2026-10-30", "2026-11-03"),
                ("T-early", "2026-09-29", "2026-10-01"),
                ("T-within", "2026-10-05", "2026-10-07"),
            ],
        ),
    ] {
        writeln!(
            books.accounts,
            "{account},No. {account},山田 太郎,ja,JPY,1,2020-01-01"
        )?;
        for (id, traded, settled) in receipts {
            writeln!(
                books.trades,
                "{account},{id},{traded},{settled},equity,130A,Ｖｅｒｉｔａｓ,receipt,specific,100,10,1,JPY,1000,0,0,0,0"
            )?;
        }
    }
    books.load(world).await
}

/// The trades that an account's statement lists, of those above.
fn listed(world: &World, account: &str) -> Result<Vec<&'static str>> {
    let workbook = Workbook::read(&path_of(world, "trade", account))?;
    let trades = workbook.sheet("取引明細")?;
    let ids = ["T-early", "T-within", "T-late"];
    Ok(ids.into_iter().filter(|id| trades.says(id)).collect())
}

on_every_engine! {
    async fn a_firm_may_go_by_settlement_date(world: &World) {
        load_receipts(world).await?;
        write_profile(world, "settled.toml", "trade_basis = \"settlement_date\"\n", "")?;
        let by_settlement = run_of(world, ["--kind", "trade", "--statement-profile", "settled.toml"]);
        let answer = by_settlement.run().await?.expect(0)?.json()?;
        assert_eq!((&answer["due"], &answer["succeeded"]), (&2.into(), &2.into()), "{answer}");
        assert_eq!(listed(world, "ALL")?, ["T-early", "T-within"]);
        assert_eq!(listed(world, "EARLY")?, ["T-early"]);
        assert!(!path_of(world, "trade", "LATE").exists());
        assert_eq!(document(world, "2026-10.trade.ALL").await?["rows"], 2);
        Ok(())
    }
}

on_every_engine! {
    async fn otherwise_it_goes_by_trade_date(world: &World) {
        load_receipts(world).await?;
        let answer = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?.json()?;
        assert_eq!((&answer["due"], &answer["succeeded"]), (&2.into(), &2.into()), "{answer}");
        assert_eq!(listed(world, "ALL")?, ["T-within", "T-late"]);
        assert_eq!(listed(world, "LATE")?, ["T-late"]);
        assert!(!path_of(world, "trade", "EARLY").exists());
        Ok(())
    }
}

/// The profiles recorded with documents, by document.
async fn recorded(world: &World) -> Result<Vec<String>> {
    let rows = world
        .texts("SELECT profile_hash FROM export_documents ORDER BY document_id")
        .await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

on_every_engine! {
    async fn a_profile_mended_between_runs_makes_what_is_still_due(world: &World) {
        load_october(world, 2).await?;
        write_profile(world, "firm.toml", "", "")?;
        // One converter finds its settings wrong, the other is killed: both documents stay due.
        for end in ["exit 78", "kill -9 $$"] {
            let arguments = october(["--kind", "trade", "--statement-profile", "firm.toml"]);
            let left = world.enqueuer_beside(end, arguments)?.run().await?;
            ensure!(matches!(left.code, Some(75 | 78)), "{left:?}");
        }
        assert_eq!(world.status(PERIOD).await?["counts"]["due"], 2);
        let before = recorded(world).await?;
        ensure!(before.len() == 2 && before[0] == before[1], "{before:?}");

        write_profile(world, "firm.toml", "rounding = \"down\"\n", "")?;
        let answer = run_of(world, ["--statement-profile", "firm.toml"]).run().await?.expect(0)?;
        ensure!(answer.stderr.contains("the profile has changed"), "{answer:?}");
        assert_eq!(world.published()?.len(), 4);
        let after = recorded(world).await?;
        ensure!(after.len() == 4 && after.iter().all(|hash| *hash == after[0] && *hash != before[0]), "{after:?}");
        for account in ["A001", "A002"] {
            let workbook = Workbook::read(&path_of(world, "trade", account))?;
            assert_eq!(workbook.custom_properties.get("Profile"), Some(&after[0]));
        }
        // What is published keeps the profile it was made with.
        let again = run_of(world, []).run().await?.expect(0)?.json()?;
        assert_eq!(again["due"], 0, "{again}");
        assert_eq!(recorded(world).await?, after);
        Ok(())
    }
}

on_every_engine! {
    async fn what_the_old_profile_published_is_recorded_with_it(world: &World) {
        load_october(world, 1).await?;
        // Published, and the ledger heard nothing of it.
        let answer = world
            .enqueuer_beside("$CONVERTER \"$@\"; exit 0", october(["--kind", "trade"]))?
            .run().await?.expect(0)?;
        world.execute(
            "UPDATE export_documents SET state = 'due', job_id = NULL, attempt_id = NULL, sha256 = NULL, object_key = NULL",
        ).await.context(answer.stdout)?;
        let file = world.published()?;
        write_profile(world, "firm.toml", "", "")?;
        run_of(world, ["--kind", "trade", "--statement-profile", "firm.toml"]).run().await?.expect(0)?;
        assert_eq!(world.published()?, file, "it was adopted as it is");
        assert_eq!(recorded(world).await?, ["built-in"]);
        world.converter(["--document", "2026-10.trade.A001", "--verify"]).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_converter_with_another_profile_makes_nothing(world: &World) {
        load_october(world, 1).await?;
        world.enqueuer_beside("kill -9 $$", october(["--kind", "trade"]))?.run().await?.expect(75)?;
        write_profile(world, "firm.toml", "", "")?;
        let other = world
            .converter(["--document", "2026-10.trade.A001", "--statement-profile", "firm.toml"])
            .run().await?.expect(78)?;
        ensure!(other.stderr.contains("is recorded with profile built-in"), "{other:?}");
        assert_eq!(world.published()?, []);
        Ok(())
    }
}
