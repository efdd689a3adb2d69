use std::process::ExitCode;

use common::Result;
use common::config::{Deployment, Settings};
use common::ledger::HoldCause;
use common::statement::Period;
use serde_json::json;

use crate::context::open_ledger;
use crate::holds;
use crate::out::line;
use crate::queue::BatchPlace;
use crate::steering::said;

/// Holds a period: no further submissions, queued jobs cancelled; running ones finish
#[derive(Debug, clap::Args)]
pub struct Stop {
    /// The month, e.g. 2026-10
    #[arg(long, value_name = "YYYY-MM")]
    period: String,
    /// Why; kept in the ledger for the auditor
    #[arg(long, value_name = "TEXT", default_value = "stopped by an operator", value_parser = said)]
    reason: String,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    queue: BatchPlace,
}

impl Stop {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let period: Period = self.period.parse()?;
        let config = settings.resolve()?;
        let ledger = open_ledger(&config).await?;
        // First the ledger: from then on nothing new is submitted.
        let newly = ledger
            .hold(period, HoldCause::Stopped, &self.reason)
            .await?;
        let cancelled = match config.deployment {
            Deployment::Local => 0,
            Deployment::Aws => {
                let batch = self.queue.without_submissions().await?;
                holds::cancel_queued(&ledger, &batch, period, &self.reason).await?
            }
        };
        ledger.close().await;
        if self.json {
            line!(
                "{}",
                json!({"period": period.to_string(), "held": true, "newly_held": newly, "jobs_cancelled": cancelled})
            );
        } else {
            line!(
                "{period} is {}held: nothing more is submitted; what runs finishes. `enqueuer run --period {period} --resume` goes on.",
                if newly { "" } else { "already " }
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
