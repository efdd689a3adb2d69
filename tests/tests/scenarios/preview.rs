//! `preview` shows a profile on a sample customer, wherever it is asked to, and leaves nothing else behind.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tests::{Program, Workbook, World, on_every_engine};

use crate::processes::wait_until;

/// Every section, and in each the headings of columns that documents have only at times.
const SHOWN: [(&str, &str, &str, &[&str]); 12] = [
    (
        "trade",
        "ja",
        "取引明細",
        &["経過利子", "現地手数料", "決済通貨", "決済金額"],
    ),
    (
        "trade",
        "ja",
        "入出金明細",
        &["税引前金額", "所得税", "住民税", "外国税"],
    ),
    ("balance", "ja", "残高明細", &["評価額"]),
    ("balance", "ja", "金銭残高", &["為替レート"]),
    ("balance", "ja", "増減", &["買付"]),
    (
        "balance",
        "ja",
        "未受渡取引",
        &["経過利子", "現地手数料", "決済通貨"],
    ),
    (
        "trade",
        "en",
        "Trades",
        &["Accrued interest", "Foreign fees", "Settlement currency"],
    ),
    (
        "trade",
        "en",
        "Cash movements",
        &["Gross amount", "Income tax", "Local tax", "Foreign tax"],
    ),
    ("balance", "en", "Holdings", &["Market value"]),
    ("balance", "en", "Cash", &["FX rate"]),
    ("balance", "en", "Movements", &["Bought"]),
    (
        "balance",
        "en",
        "Unsettled trades",
        &["Accrued interest", "Foreign fees", "Settlement currency"],
    ),
];

/// The names of what is in a directory, sorted.
fn names(directory: &Path) -> Result<Vec<String>> {
    let mut names = std::fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// A preview with a temp directory of its own, that knows of no database and no store.
fn alone(world: &World, preview: Program) -> Result<Program> {
    std::fs::create_dir_all(world.path("tmp"))?;
    let tmp = world.path("tmp").to_string_lossy().into_owned();
    Ok(preview
        .env("TMPDIR", &tmp)
        .without("DATABASE_URL")
        .without("STORE_URL")
        .without("LEASE_SECONDS"))
}

fn arguments<'a>(kind: &'a str, language: &'a str) -> Vec<&'a str> {
    vec!["preview", "--kind", kind, "--language", language]
}

on_every_engine! {
    async fn every_kind_and_language_can_be_seen(world: &World) {
        let before = names(&world.path("."))?;
        for (kind, language) in [("trade", "ja"), ("trade", "en"), ("balance", "ja"), ("balance", "en")] {
            let file = format!("preview.{kind}.{language}.xlsx");
            let told = alone(world, world.enqueuer(arguments(kind, language)))?.run().await?.expect(0)?;
            ensure!(told.stdout.contains(&file) && told.stdout.contains("STATEMENT_PROFILE"), "{told:?}");
            ensure!(told.stderr.is_empty(), "{told:?}");
            let workbook = Workbook::read(&world.path(&file))?;
            for (_, _, sheet, headings) in SHOWN.iter().filter(|shown| (shown.0, shown.1) == (kind, language)) {
                let sheet = workbook.sheet(sheet)?;
                ensure!(sheet.last_row() > 2, "{} is empty", sheet.name);
                for heading in *headings {
                    ensure!(sheet.says(heading), "{}: there is no {heading}", sheet.name);
                }
            }
            std::fs::remove_file(world.path(&file))?;
        }
        assert_eq!(names(&world.path("tmp"))?, Vec::<String>::new());
        std::fs::remove_dir(world.path("tmp"))?;
        assert_eq!(names(&world.path("."))?, before);
        Ok(())
    }
}

on_every_engine! {
    async fn the_same_profile_gives_the_same_bytes_whatever_else_is_set(world: &World) {
        // Nothing of this is needed, so nothing of it can be wrong.
        let preview = |file: &str| world.enqueuer(arguments("trade", "ja")).arg("--json").arg("--out").arg(file);
        let first = alone(world, preview("a.xlsx"))?.run().await?.expect(0)?.json()?;
        let astray = preview("b.xlsx")
            .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
            .env("STORE_URL", "ftp://nowhere")
            .env("BUSINESS_TIMEZONE", "Asia/Nowhere")
            .env("ALERTS", "pigeon")
            .env("LEASE_SECONDS", "never")
            .env("AWS_BATCH_JOB_ARRAY_INDEX", "7");
        let second = astray.run().await?.expect(0)?.json()?;
        assert_eq!((&first["file"], &second["file"]), (&"a.xlsx".into(), &"b.xlsx".into()));
        assert_eq!(first["document_id"], "2026-10.trade.A0001");
        let bytes = |name: &str| std::fs::read(world.path(name)).context(name.to_owned());
        ensure!(bytes("a.xlsx")? == bytes("b.xlsx")? && first["sha256"] == second["sha256"], "{first} {second}");

        // A preview is made again and again.
        std::fs::write(world.path("b.xlsx"), "an earlier one")?;
        alone(world, preview("b.xlsx"))?.run().await?.expect(0)?;
        ensure!(bytes("a.xlsx")? == bytes("b.xlsx")?, "the earlier preview was not replaced");
        Ok(())
    }
}

on_every_engine! {
    async fn the_firms_choices_show(world: &World) {
        // The example has every key; by either basis the sample's books must balance.
        let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/profile.toml"))?;
        let profile = example
            .replace("#position_basis = \"settlement_date\"", "position_basis = \"trade_date\"")
            .replace("#trade_basis = \"trade_date\"", "trade_basis = \"settlement_date\"")
            .replace("#sheet.cash = \"金銭残高\"", "sheet.cash = \"お預り金\"");
        std::fs::write(world.path("firm.toml"), profile)?;
        for kind in ["trade", "balance"] {
            let preview = world.enqueuer(arguments(kind, "ja")).env("STATEMENT_PROFILE", "firm.toml");
            let told = alone(world, preview)?.run().await?.expect(0)?;
            ensure!(told.stdout.contains("with the profile firm.toml"), "{told:?}");
        }
        let workbook = Workbook::read(&world.path("preview.balance.ja.xlsx"))?;
        ensure!(workbook.sheet("お預り金")?.last_row() > 1, "wording");
        ensure!(workbook.sheet("概要")?.says("見本証券株式会社"), "firm");
        Ok(())
    }
}

on_every_engine! {
    async fn what_cannot_be_shown_is_told_and_leaves_nothing(world: &World) {
        let out = world.path("preview.trade.ja.xlsx");
        std::fs::write(&out, "an earlier one")?;
        let mut preview = arguments("trade", "ja");
        for (setting, value, words) in [
            ("STATEMENT_PROFILE", "missing.toml", "STATEMENT_PROFILE missing.toml: cannot be read"),
            ("TMPDIR", "missing", "set TMPDIR"),
        ] {
            let told = alone(world, world.enqueuer(preview.clone()))?.env(setting, value).run().await?.expect(78)?;
            ensure!(told.stderr.contains(words), "{told:?}");
        }
        let unexpected = alone(world, world.enqueuer_beside("exit 101", preview.clone())?)?.run().await?.expect(75)?;
        ensure!(unexpected.stderr.contains("the preview could not be made"), "{unexpected:?}");
        assert_eq!(std::fs::read(&out)?, b"an earlier one");

        preview.extend(["--out", "tmp"]);
        let told = alone(world, world.enqueuer(preview.clone()))?.run().await?.expect(78)?;
        ensure!(told.stderr.contains("--out tmp: it exists and is not a file"), "{told:?}");
        preview[6] = "missing/preview.xlsx";
        let told = alone(world, world.enqueuer(preview.clone()))?.run().await?.expect(78)?;
        ensure!(told.stderr.contains("--out missing/preview.xlsx: there is no such directory"), "{told:?}");
        preview[2] = "trades";
        let told = alone(world, world.enqueuer(preview))?.run().await?.expect(78)?;
        ensure!(told.stderr.contains("write trade or balance"), "{told:?}");
        assert_eq!(names(&world.path("tmp"))?, Vec::<String>::new());
        Ok(())
    }
}

on_every_engine! {
    async fn an_interrupted_preview_leaves_nothing(world: &World) {
        let slow = "touch begun; exec sleep 20";
        let preview = alone(world, world.enqueuer_beside(slow, arguments("trade", "ja"))?)?.start()?;
        wait_until("the converter runs", async || Ok(world.path("begun").exists())).await?;
        ensure!(names(&world.path("tmp"))?.len() == 1, "nothing to leave behind");
        let pid = preview.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).context("it is over")?;
        kill_process(pid, Signal::INT)?;
        let ended = preview.wait_with_output().await?;
        assert_eq!(ended.status.code(), Some(75));
        assert_eq!(names(&world.path("tmp"))?, Vec::<String>::new());
        assert!(!world.path("preview.trade.ja.xlsx").exists());
        Ok(())
    }
}
