//! What reaches whoever reads it, and what was said in settings that are empty.

use anyhow::{Context, Result, ensure};
use tests::{Engine, World, binary, on_every_engine};
use tokio::process::Command;

use crate::fixtures::{AT, PERIOD, load_october, run_october};
use crate::steering::spoil_trades;

/// The exit code of the enqueuer when its answer goes there.
async fn into(world: &World, arguments: &str, to: &str) -> Result<Option<i32>> {
    let script = format!("{} {arguments} {to}", binary("enqueuer").display());
    let output = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {script}")])
        .current_dir(world.path("."))
        .env("DATABASE_URL", world.database_url())
        .env("STORE_URL", format!("file:{}", world.store().display()))
        .env_remove("DEADLINE")
        .output()
        .await?;
    Ok(output.status.code())
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_is_an_error() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 2).await?;
    run_october(&world).await?.expect(0)?;
    let plan = format!("plan --json --period {PERIOD} --at {AT}");
    for arguments in [
        &plan,
        "report --out -",
        "status --json",
        "status --watch",
        "certificate",
    ] {
        assert_eq!(
            into(&world, arguments, "> /dev/full").await?,
            Some(75),
            "{arguments}"
        );
        assert_eq!(
            into(&world, arguments, "| true").await?,
            Some(0),
            "{arguments}"
        );
    }
    world.close().await
}

on_every_engine! {
    async fn an_empty_setting_is_unset(world: &World) {
        load_october(world, 2).await?;
        let empty = ["DEADLINE", "MAX_VCPUS", "DATABASE_CONNECTIONS", "LOCAL_PARALLEL"];
        for arguments in [
            &["plan", "--json", "--period", PERIOD, "--at", AT][..],
            &["run", "--period", PERIOD, "--at", AT],
            &["status", "--watch"],
            &["report", "--out", "-"],
            &["sweep"],
            &["check"],
        ] {
            let program = world.enqueuer(arguments.iter().copied());
            empty.iter().fold(program, |program, name| program.env(name, "")).run().await?.expect(0)?;
        }
        for wrong in ["0", "-1", "two", "4294967296"] {
            for flag in ["--max-vcpus", "--parallel", "--database-connections"] {
                world.enqueuer(["plan", "--period", PERIOD, flag, wrong]).run().await?.expect(78)?;
            }
        }
        world.enqueuer(["status", "--deadline", "soon"]).run().await?.expect(78)?;
        Ok(())
    }
}

on_every_engine! {
    async fn nobody_s_words_steer_a_terminal(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A002"]).await?;
        run_october(world).await?.expect(1)?;
        let hostile = "\u{1b}[31mred\r\nforged line\u{202e} \u{9b}2J 時価ファイルが誤っているため、正しいものが届くまで止めておく。担当は山田。";
        world.enqueuer(["excuse", "2026-10.trade.A002", "--reason", hostile]).run().await?.expect(0)?;
        world.enqueuer(["stop", "--period", PERIOD, "--reason", hostile]).run().await?.expect(0)?;
        for arguments in [
            &["plan", "--period", PERIOD, "--at", AT][..],
            &["status", "--documents"],
            &["status", "--watch"],
        ] {
            let told = world.enqueuer(arguments.iter().copied()).run().await?.expect(0)?.stdout;
            let hostile = |char: char| char.is_control() && char != '\n' || char == '\u{202e}';
            assert!(!told.contains(hostile), "{arguments:?}: {told:?}");
            assert!(!told.lines().any(|line| line.trim_start().starts_with("forged")), "{told}");
            assert!(told.contains("時価"), "{arguments:?}: {told}");
            if arguments[0] == "plan" {
                let width = |line: &str| line.chars().map(|char| if char.is_ascii() { 1 } else { 2 }).sum::<usize>();
                assert!(told.lines().all(|line| width(line) <= 80), "{told}");
            }
        }
        Ok(())
    }
}

on_every_engine! {
    async fn what_went_wrong_is_said_once(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A002"]).await?;
        let run = || world.enqueuer(["run", "--period", PERIOD, "--at", AT]);
        let failed = "2026-10.trade.A002";
        let told = run().run().await?.expect(1)?;
        ensure!(told.stderr.is_empty(), "beside the answer: {}", told.stderr);
        for words in ["3 documents published, 1 failed", "1 failed, cause identity, e.g. 2026-10.trade.A002. ", "1 document of 2026-10 has failed"] {
            ensure!(told.stdout.matches(words).count() == 1, "{words:?}: {}", told.stdout);
        }
        // The line that fixes it runs as it is printed.
        let line = told.stdout.lines().map(str::trim).find_map(|line| line.strip_prefix("enqueuer ")).context("no line to paste")?;
        let words: Vec<&str> = line.split('\'').collect();
        let [flags, reason, ""] = words[..] else { anyhow::bail!("{line}") };
        let pasted = || world.enqueuer(flags.split_whitespace().chain([reason]));
        let again = pasted().run().await?.expect(1)?;
        ensure!(again.stderr.is_empty(), "{}", again.stderr);
        // A log has a converter's word once, and the alerts for whoever asks for them.
        let logged = pasted().env("LOG", "warn").run().await?.expect(1)?.stderr;
        ensure!(logged.lines().count() == 1 && logged.contains("not published") && logged.contains(failed), "{logged}");
        let logged = pasted().env("LOG", "info").run().await?.expect(1)?.stderr;
        ensure!(logged.contains("alert=\"identity\"") && logged.contains("alert=\"run_summary\""), "{logged}");
        Ok(())
    }
}
