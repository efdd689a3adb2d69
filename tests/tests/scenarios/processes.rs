//! Looking at and killing the processes of one world, so that tests side by side leave each other's alone.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tests::World;
use tokio::time::{Instant, sleep};

/// The converters of a world that are alive.
pub fn converters(world: &World) -> Result<Vec<Pid>> {
    let setting = format!("DATABASE_URL={}", world.database_url());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let pid = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok())
            .and_then(Pid::from_raw);
        let Some(pid) = pid else { continue };
        // A process that ended meanwhile, or a zombie, has neither.
        let is_converter = fields(&path.join("cmdline"))
            .iter()
            .take(2)
            .any(|word| word.ends_with("/converter"));
        if is_converter && fields(&path.join("environ")).contains(&setting) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// The NUL-separated words of a file below `/proc`.
fn fields(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes)
        .split_terminator('\0')
        .map(ToOwned::to_owned)
        .collect()
}

/// Kills a process with SIGKILL, and tells whether it was alive: it is stopped first, which only a live one can be.
pub async fn kill_alive(pid: Pid) -> Result<bool> {
    if kill_process(pid, Signal::STOP).is_err() {
        return Ok(false);
    }
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    loop {
        let text = std::fs::read_to_string(&stat).unwrap_or_default();
        // "pid (name) state …"
        match text
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next())
        {
            Some('T' | 't') => break,
            None | Some('Z' | 'X') => return Ok(false),
            Some(_) => sleep(Duration::from_millis(1)).await,
        }
    }
    kill_process(pid, Signal::KILL)?;
    Ok(true)
}

/// Waits until `condition` holds, for at most 30 seconds.
pub async fn wait_until(
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await? {
        ensure!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Demands that every converter of the world ends.
pub async fn expect_no_converters(world: &World) -> Result<()> {
    wait_until("no converter is left", async || {
        Ok(converters(world)?.is_empty())
    })
    .await
}
