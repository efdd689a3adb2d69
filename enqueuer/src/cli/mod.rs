//! The command line: one file per command.

mod certificate;
mod check;
mod contract;
mod demo;
mod draft;
mod excuse;
mod link;
mod load;
mod migrate;
mod plan;
mod preview;
mod reissue;
mod report;
mod resubmit;
mod run;
mod selection;
mod status;
mod stop;
mod sweep;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use common::Result;
use common::config::Settings;

use crate::out;

/// Makes, submits and follows the monthly Excel statements of a securities firm.
#[derive(Debug, Parser)]
#[command(
    name = "enqueuer",
    version = common::build_version(),
    subcommand_required = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Load(load::Load),
    Contract(contract::Contract),
    Migrate(migrate::Migrate),
    Check(check::Check),
    Preview(preview::Preview),
    Plan(plan::PlanCommand),
    Run(run::Run),
    Status(status::Status),
    Stop(stop::Stop),
    Resubmit(resubmit::Resubmit),
    Reissue(reissue::Reissue),
    Excuse(excuse::Excuse),
    Sweep(sweep::Sweep),
    Certificate(certificate::Certificate),
    Report(report::Report),
    Link(link::Link),
}

impl Cli {
    /// Runs the command.
    pub async fn execute(self) -> Result<ExitCode> {
        let settings = &self.settings;
        let code = match self.command {
            Command::Demo(command) => command.execute(settings).await,
            Command::Load(command) => command.execute(settings).await,
            Command::Contract(command) => command.execute(),
            Command::Migrate(command) => command.execute(settings).await,
            Command::Check(command) => command.execute(settings).await,
            Command::Preview(command) => command.execute(settings).await,
            Command::Plan(command) => command.execute(settings).await,
            Command::Run(command) => command.execute(settings).await,
            Command::Status(command) => command.execute(settings).await,
            Command::Stop(command) => command.execute(settings).await,
            Command::Resubmit(command) => command.execute(settings).await,
            Command::Reissue(command) => command.execute(settings).await,
            Command::Excuse(command) => command.execute(settings).await,
            Command::Sweep(command) => command.execute(settings).await,
            Command::Certificate(command) => command.execute(settings).await,
            Command::Report(command) => command.execute(settings).await,
            Command::Link(command) => command.execute(settings).await,
        }?;
        out::arrived()?;
        Ok(code)
    }
}

#[cfg(test)]
mod tests;
