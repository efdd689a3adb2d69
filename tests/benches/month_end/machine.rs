//! What was measured on and with.

use std::process::Command;

use anyhow::{Context, Result};
use common::clock::Clock;
use jiff::tz::TimeZone;
use tests::{Engine, World};

use crate::report::Table;
use crate::{peers, settings};

const LOCK: &str = include_str!("../../../Cargo.lock");

/// The day, in UTC.
pub fn today() -> String {
    Clock::default().today(&TimeZone::UTC).to_string()
}

/// A table of the machine and of every version that figures depend on.
pub async fn describe() -> Result<String> {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: &str| {
        // Some programs say their name, too.
        let value = value.trim().trim_start_matches(name);
        table.row(&[name, value.trim_start_matches([' ', '-'])]);
    };
    row("day of the last run", &today());
    row("CPU", &cpu()?);
    row("memory", &memory()?);
    row("kernel", &output(Command::new("uname").args(["-sr"]))?);
    row("rustc", &output(Command::new("rustc").arg("--version"))?);
    for package in ["rust_xlsxwriter", "zlib-rs", "calamine", "sqlx"] {
        row(package, locked(package)?);
    }
    row(
        "PostgreSQL",
        &version_of(Engine::Postgres, "SHOW server_version").await?,
    );
    row(
        "SQLite",
        &version_of(Engine::Sqlite, "SELECT sqlite_version()").await?,
    );
    let mut c = Command::new(settings::prepared("BENCH_LIBXLSXWRITER")?);
    row("libxlsxwriter", &output(c.arg("--version"))?);
    for line in output(peers::python()?.arg("--versions"))?.lines() {
        let (name, version) = line.split_once(' ').context("an unknown version")?;
        row(name, version);
    }
    row(
        "valgrind",
        &output(Command::new("valgrind").arg("--version"))?,
    );
    Ok(table.finish())
}

fn cpu() -> Result<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores"))
}

fn memory() -> Result<String> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().next().context("an empty /proc/meminfo")?;
    let kib: f64 = line
        .split_whitespace()
        .nth(1)
        .context("an unknown /proc/meminfo")?
        .parse()?;
    Ok(format!("{:.0} GiB", kib / 1_048_576.0))
}

async fn version_of(engine: Engine, query: &str) -> Result<String> {
    let world = World::new(engine).await?;
    let rows = world.texts(query).await?;
    world.close().await?;
    let version = rows
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next()?);
    version.context("the engine does not tell its version")
}

/// The version that Cargo.lock has.
fn locked(package: &str) -> Result<&'static str> {
    let mut packages = LOCK.split("[[package]]");
    let found = packages.find(|text| text.contains(&format!("name = \"{package}\"\n")));
    found
        .and_then(|text| text.split("version = \"").nth(1)?.split('"').next())
        .with_context(|| format!("Cargo.lock has no {package}"))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("starting {command:?}"))?;
    anyhow::ensure!(output.status.success(), "{command:?} failed");
    Ok(String::from_utf8(output.stdout)?)
}
