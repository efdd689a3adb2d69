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
mod prune;
mod reissue;
mod report;
mod resubmit;
mod run;
mod schedules;
mod selection;
mod status;
mod stop;
mod sweep;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use common::Result;
use common::config::Settings;
use common::termination::{self, Termination};

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
    /// Seconds after which the command ends as when it is told to terminate, whatever it does then [default: as long as it takes]
    #[arg(long, env = "TIME_LIMIT_SECONDS", global = true, value_name = "N", help_heading = "Settings",
          value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub time_limit_seconds: Option<u64>,
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
    Prune(prune::Prune),
}

impl Command {
    /// Whether it puts things in order when it is told to terminate. All others just end: what they do is done or not by one statement.
    fn ends_in_order(&self) -> bool {
        matches!(
            self,
            Command::Demo(_)
                | Command::Preview(_)
                | Command::Run(_)
                | Command::Resubmit(_)
                | Command::Reissue(_)
                | Command::Sweep(_)
        ) || matches!(self, Command::Status(status) if status.watch)
    }
}

impl Cli {
    /// Runs the command, but no longer than it may once it is told to terminate.
    pub async fn execute_until_terminated(self) -> Result<ExitCode> {
        if self.command.ends_in_order() {
            return Box::pin(termination::in_time(self.execute())).await;
        }
        let mut termination = Termination::listen()?;
        tokio::select! {
            biased;
            code = Box::pin(self.execute()) => code,
            () = termination.requested() => Err(termination::told()),
        }
    }

    async fn execute(self) -> Result<ExitCode> {
        let settings = &self.settings;
        let code = match self.command {
            Command::Demo(command) => command.execute(settings).await,
            Command::Load(command) => command.execute(settings).await,
            Command::Contract(command) => command.execute(),
            Command::Migrate(command) => command.execute(settings).await,
            Command::Check(command) => command.execute(settings).await,
            Command::Preview(command) => command.execute(settings).await,
            Command::Plan(command) => command.execute(settings).await,
            Command::Run(command) => Box::pin(command.execute(settings)).await,
            Command::Status(command) => command.execute(settings).await,
            Command::Stop(command) => command.execute(settings).await,
            Command::Resubmit(command) => command.execute(settings).await,
            Command::Reissue(command) => command.execute(settings).await,
            Command::Excuse(command) => command.execute(settings).await,
            Command::Sweep(command) => command.execute(settings).await,
            Command::Certificate(command) => command.execute(settings).await,
            Command::Report(command) => command.execute(settings).await,
            Command::Link(command) => command.execute(settings).await,
            Command::Prune(command) => command.execute(settings).await,
        }?;
        out::arrived()?;
        Ok(code)
    }
}

#[cfg(test)]
mod tests;
