//! On a terminal: drawn in place, as large as that is, and given back.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::{Engine, World, binary};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::hold_october;
use crate::fixtures::{PERIOD, load_october, run_october};

/// A watch on a terminal of this size; what it showed until it ended by itself.
async fn shown_on_a_terminal(world: &World, columns: usize) -> Result<String> {
    let mut terminal = terminal(world, columns)?;
    let mut shown = String::new();
    let mut stdout = terminal.stdout.take().context("no stdout")?;
    stdout.read_to_string(&mut shown).await?;
    let code = terminal.wait().await?.code();
    ensure!(code == Some(0), "exit {code:?}: {shown}");
    Ok(shown)
}

fn terminal(world: &World, columns: usize) -> Result<Child> {
    let watch = format!(
        "stty cols {columns} rows 24; exec {} status --watch --every 1 --period {PERIOD} --deadline 06:00",
        binary("enqueuer").display()
    );
    Command::new("script")
        .args(["--quiet", "--return", "--command", &watch, "/dev/null"])
        .current_dir(world.path("."))
        .env("DATABASE_URL", world.database_url())
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("running script, of util-linux")
}

/// What begins a screen of its own without cursor, and what gives the former one back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

#[tokio::test]
async fn a_terminal_is_drawn_over_and_given_back() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 2).await?;
    world
        .execute("UPDATE statement_trades SET net_amount = '-1' WHERE account_id = 'A002'")
        .await?;
    run_october(&world).await?.expect(1)?;
    let reason = "時価ファイルが誤っているため、正しいものが届くまで止めておく。担当は山田。";
    world
        .enqueuer(["stop", "--period", PERIOD, "--reason", reason])
        .run()
        .await?
        .expect(0)?;
    for columns in [80, 60] {
        let shown = shown_on_a_terminal(&world, columns).await?;
        let (before, rest) = shown.split_once(ENTER).context("no screen of its own")?;
        let (frames, left) = rest
            .split_once(LEAVE)
            .context("the screen is not given back")?;
        ensure!(before.is_empty(), "{before:?}");
        for part in [frames, left] {
            let plain = ["\x1b[H", "\x1b[J", "\x1b[K"]
                .iter()
                .fold(part.to_owned(), |text, code| text.replace(code, ""));
            ensure!(!plain.contains('\x1b'), "{plain:?}");
            for line in plain.lines() {
                let width: usize = line
                    .trim_end_matches('\r')
                    .chars()
                    .map(|char| if char.is_ascii() { 1 } else { 2 })
                    .sum();
                ensure!(width <= columns, "{width} of {columns} columns: {line}");
            }
            for words in [
                "Month end 2026-10",
                "###]  100.0 %",
                "4 of 4 documents settled",
                "succeeded           3",
                "/s over the run",
                "End        complete: nothing is open",
                "06:00:00, met it by ",
                "HELD       stopped: 時価ファイル",
                "FAILED 1 by identity, e.g. 2026-10.trade.A002",
                if columns == 60 {
                    "--period 2026-10 \\\n    --cause identity --reason \"...\""
                } else {
                    "  enqueuer resubmit --failed --period 2026-10 --cause identity --reason \"...\""
                },
            ] {
                ensure!(
                    plain.replace('\r', "").contains(words),
                    "{words:?} is missing in\n{plain}"
                );
            }
        }
    }
    world.close().await
}

#[tokio::test]
async fn control_c_gives_the_terminal_back() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    hold_october(&world, "ticket 7").await?;
    let mut terminal = terminal(&world, 80)?;
    let mut keyboard = terminal.stdin.take().context("no keyboard")?;
    let mut stdout = terminal.stdout.take().context("no stdout")?;
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains("HELD: nothing is submitted") {
        ensure!(
            stdout.read_buf(&mut shown).await? > 0,
            "it ended: {}",
            String::from_utf8_lossy(&shown)
        );
    }
    keyboard.write_all(b"\x03").await?;
    stdout.read_to_end(&mut shown).await?;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains(ENTER) && shown.contains(LEAVE), "{shown:?}");
    assert_eq!(terminal.wait().await?.code(), Some(75), "{shown}");
    drop(keyboard);
    world.close().await
}

#[tokio::test]
async fn a_terminal_that_is_resized_is_drawn_anew_at_once() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    hold_october(&world, "ticket 7").await?;
    let seen = world.path("seen");
    let watch = format!(
        "stty cols 80 rows 24; exec 3<&0; (while ! [ -e {} ]; do sleep 0.1; done; stty cols 50 rows 6 <&3) & exec {} status --watch --every 3600 --period {PERIOD}",
        seen.display(),
        binary("enqueuer").display()
    );
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &watch, "/dev/null"])
        .env("DATABASE_URL", world.database_url())
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("running script, of util-linux")?;
    let mut stdout = terminal.stdout.take().context("no stdout")?;
    let mut shown = Vec::new();
    // A size is set in two steps, and each may be drawn.
    let drawn_anew = async {
        loop {
            let text = String::from_utf8_lossy(&shown).replace('\r', "");
            let frames = text.split("\x1b[H").skip(2);
            let whole = frames.filter_map(|frame| frame.split_once("\x1b[J"));
            let fits = |frame: &str| {
                let frame = frame.replace("\x1b[K", "");
                frame.lines().count() <= 6 && frame.lines().all(|line| line.len() <= 50)
            };
            if text.contains("\x1b[J") {
                std::fs::write(&seen, "")?;
            }
            if whole.clone().any(|(frame, _)| fits(frame)) {
                return Ok(());
            }
            ensure!(stdout.read_buf(&mut shown).await? > 0, "it ended: {text}");
        }
    };
    tokio::time::timeout(Duration::from_mins(1), drawn_anew)
        .await
        .context("it is not drawn anew")??;
    drop(terminal);
    world.close().await
}
