//! Finds the documents that are due, submits them and follows them to the end. A library so that one binary can hold both
//! programs (`images/`); the program is [`run`].

// `out` and `telemetry` print what nobody's words steer.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod activity;
mod agreement;
mod alerts;
mod certificate;
mod checks;
mod cli;
mod comparison;
mod conclude;
mod context;
mod contract_text;
mod csv_source;
mod deadline;
mod deviations;
mod holds;
mod local_time;
mod month_end;
mod numbers;
mod out;
mod out_file;
mod partials;
mod plan;
mod printable;
mod progress;
mod published;
mod queue;
mod readiness;
mod report;
mod row_counts;
mod sample;
mod source_database;
mod source_writer;
mod steering;
mod submission;
mod sweep;
mod targets;
mod unusable;
mod watch;
mod whole_source;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use common::{Error, Result, command_line, files, telemetry, termination};

pub use queue::{HEAPS, PROBE_JOBS};

use crate::cli::Cli;

/// The program `enqueuer`.
pub fn run() -> ExitCode {
    files::keep_private();
    let cli: Cli = match command_line::parse() {
        Ok(cli) => cli,
        Err(ended) => return ended,
    };
    start(cli).unwrap_or_else(|error| {
        telemetry::print(&format!("enqueuer: {}", error.chain()));
        error.exit_code()
    })
}

/// Its command line, with every setting.
pub fn command() -> clap::Command {
    command_line::readable(Cli::command())
}

fn start(cli: Cli) -> Result<ExitCode> {
    telemetry::install(cli.settings.deployment()?, cli.settings.log.as_deref());
    if let Some(seconds) = cli.time_limit_seconds {
        termination::limit(Duration::from_secs(seconds));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|reason| Error::bug("the runtime cannot be started").because(reason))?;
    let ended = runtime.block_on(cli.execute_until_terminated());
    // What still hangs in a call of the system is nobody's any more.
    runtime.shutdown_background();
    ended
}
