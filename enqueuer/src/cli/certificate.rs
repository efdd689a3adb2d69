use std::process::ExitCode;

use common::Result;
use common::config::Settings;

use crate::certificate::{self, Certificate as Found};
use crate::context::open_period;
use crate::out::line;

/// Proves that everything adds up: accounts, documents, objects; exit 1 while documents are open or anything does not
#[derive(Debug, clap::Args)]
pub struct Certificate {
    /// The month, e.g. 2026-10 [default: that of the newest run]
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<String>,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Certificate {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let (ledger, period) = open_period(&config, self.period.as_deref()).await?;
        let found = certificate::certify(&config, &ledger, period).await?;
        ledger.close().await;
        if self.json {
            line!("{}", found.to_json());
        } else {
            print(&found);
        }
        Ok(if found.adds_up() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn print(found: &Found) {
    let period = found.period;
    line!("Certificate of {period}");
    line!("  accounts = due + excused + nothing to report; due = succeeded + failed + open\n");
    line!(
        "  {:<8}{:>9} ={:>9} +{:>8} +{:>9} |{:>9} ={:>10} +{:>7} +{:>6}",
        "",
        "accounts",
        "due",
        "excused",
        "nothing",
        "due",
        "succeeded",
        "failed",
        "open"
    );
    for (kind, count) in &found.kinds {
        line!(
            "  {:<8}{:>9} ={:>9} +{:>8} +{:>9} |{:>9} ={:>10} +{:>7} +{:>6}",
            kind.as_str(),
            count.accounts,
            count.due,
            count.excused,
            count.nothing_to_report,
            count.due,
            count.succeeded,
            count.failed,
            count.open
        );
    }
    line!("\n  {} objects in the store.", found.objects);
    for (cause, documents) in &found.failures {
        line!("  {documents} failed, cause {cause}.");
    }
    for problem in &found.problems {
        line!("  WRONG  {problem}");
    }
    if found.adds_up() {
        line!("\nEverything adds up.");
    } else if found.problems.is_empty() {
        line!(
            "\n{} documents are open: `enqueuer status --period {period}` says where they stand.",
            found.open()
        );
    } else {
        line!("\nIt does not add up.");
    }
}
