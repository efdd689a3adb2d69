//! What an operator sees on a terminal. Storage plays no part, so one engine serves.

use std::process::Stdio;

use anyhow::{Context, Result};
use tests::{Engine, World, binary};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::fixtures::load_october;

/// Runs the enqueuer on a terminal of its own, which `script` (util-linux) gives it, and returns what that showed.
async fn on_a_terminal(world: &World, arguments: &str) -> Result<String> {
    answered_on_a_terminal(world, arguments, "").await
}

/// The same, and somebody types this.
pub async fn answered_on_a_terminal(world: &World, arguments: &str, typed: &str) -> Result<String> {
    let command = format!("{} {arguments}", binary("enqueuer").display());
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(world.path("."))
        .env("DATABASE_URL", world.database_url())
        .env("STORE_URL", format!("file:{}", world.store().display()))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("running script, of util-linux")?;
    let mut keyboard = script.stdin.take().context("no keyboard")?;
    keyboard.write_all(typed.as_bytes()).await?;
    drop(keyboard);
    let output = script.wait_with_output().await?;
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    anyhow::ensure!(output.status.success(), "{}: {shown}", output.status);
    Ok(shown)
}

#[tokio::test]
async fn a_run_shows_a_bar_and_its_end() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 3).await?;
    let shown = on_a_terminal(&world, "run --period 2026-10").await?;
    assert!(shown.contains("/6 documents"), "no progress bar: {shown}");
    assert!(
        shown.contains("2026-10: 6 documents published, 0 failed."),
        "{shown}"
    );
    world.close().await
}

#[tokio::test]
async fn the_other_commands_do_not_fail_on_a_terminal() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 1).await?;
    on_a_terminal(&world, "run --period 2026-10").await?;
    for command in [
        "status --documents",
        "check",
        "preview --kind trade --language en",
        "contract",
        "migrate",
        "--help",
    ] {
        on_a_terminal(&world, command).await?;
    }
    world.close().await
}
