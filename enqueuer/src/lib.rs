//! Finds the documents that are due, submits them and follows them to the end. A library so that one binary can hold both
//! programs (`images/`); the program is [`run`].

mod alerts;
mod certificate;
mod checks;
mod cli;
mod conclude;
mod context;
mod contract_text;
mod csv_source;
mod deadline;
mod deviations;
mod holds;
mod month_end;
mod out;
mod partials;
mod progress;
mod published;
mod queue;
mod readiness;
mod sample;
mod source_database;
mod source_writer;
mod steering;
mod submission;
mod sweep;
mod targets;
mod work;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use common::{Class, Error, Result, telemetry};

use crate::cli::Cli;

/// The program `enqueuer`.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            let _ = usage.print();
            return if usage.use_stderr() {
                ExitCode::from(Class::Config.exit_code())
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    start(cli).unwrap_or_else(|error| {
        eprintln!("enqueuer: {}", error.chain());
        error.exit_code()
    })
}

/// Its command line, with every setting.
pub fn command() -> clap::Command {
    Cli::command()
}

fn start(cli: Cli) -> Result<ExitCode> {
    telemetry::install(cli.settings.deployment()?, cli.settings.log.as_deref());
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|reason| Error::bug("the runtime cannot be started").because(reason))?
        .block_on(cli.execute())
}
