//! What every command works with.

use std::io::IsTerminal;

use common::config::{Config, Settings};
use common::database::Database;
use common::ledger::Ledger;
use common::statement::Period;
use common::{Error, Result};

/// Connections that the enqueuer holds to the ledger at once.
const LEDGER_CONNECTIONS: u32 = 4;

/// Opens the ledger.
pub async fn open_ledger(config: &Config) -> Result<Ledger> {
    Database::of_ledger(config)?.verify().await?;
    Ledger::open(config, LEDGER_CONNECTIONS).await
}

/// Opens the ledger, and says which period is meant: the one asked for, or that of the newest run.
pub async fn open_period(config: &Config, asked: Option<&str>) -> Result<(Ledger, Period)> {
    let asked = asked.map(str::parse).transpose()?;
    let ledger = open_ledger(config).await?;
    let period = match asked {
        Some(period) => period,
        None => newest_period(&ledger).await?,
    };
    Ok((ledger, period))
}

/// The period of the newest run.
pub async fn newest_period(ledger: &Ledger) -> Result<Period> {
    ledger.newest_period().await?.ok_or_else(|| {
        Error::config(format!(
            "the ledger at {} has no run yet: `enqueuer run` makes one",
            ledger.database().url
        ))
    })
}

/// Says that nothing is recorded of a period.
pub fn no_run(period: Period) -> String {
    format!("no run has been recorded for {period}: `enqueuer run --period {period}` makes one")
}

/// Refuses a period of which there is nothing to tell.
pub async fn demand_run(ledger: &Ledger, period: Period) -> Result<()> {
    if ledger.has_run(period).await? {
        Ok(())
    } else {
        Err(Error::data("no_run", no_run(period)))
    }
}

/// The profile's file as the operator named it; `None` = the built-in profile.
pub fn profile_file(settings: &Settings) -> Option<&str> {
    let file = settings.statement_profile.as_deref();
    file.filter(|file| !file.trim().is_empty())
}

/// Whether the operator looks at a terminal.
pub fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A directory of its own for a month end that leaves nothing behind in ledger and store; it goes when it is dropped.
pub fn scratch_directory(what: &str) -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("statement-export-{what}-"))
        .tempdir()
        .map_err(|reason| {
            let place = std::env::temp_dir();
            Error::config(format!(
                "no directory can be made in {}; set TMPDIR",
                place.display()
            ))
            .because(reason)
        })
}
