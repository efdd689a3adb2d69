use std::process::ExitCode;

use common::Result;
use common::config::Settings;
use common::termination::Termination;
use serde_json::json;

use crate::context::open_ledger;
use crate::deadline::Deadline;
use crate::out::line;
use crate::queue::QueueSettings;
use crate::{conclude, month_end, sweep};

/// Settles what was lost, submits what is due, forecasts the deadline, sends alerts and the summary once; safe to repeat
#[derive(Debug, clap::Args)]
pub struct Sweep {
    /// When the month end must be done: HH:MM in the business time zone, the next after a run began, or RFC 3339
    #[arg(long, env = "DEADLINE", value_name = "TIME")]
    deadline: Option<String>,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    queue: QueueSettings,
}

impl Sweep {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let deadline = self.deadline.as_deref().map(Deadline::parse).transpose()?;
        let cancel = Termination::listen()?;
        let ledger = open_ledger(&config).await?;
        let queue = self.queue.open(&config, settings, &ledger).await?;
        month_end::take_over_open_runs(&config, &ledger).await?;
        let refusals_percent = self.queue.refusals_percent;
        let swept =
            sweep::settle_and_submit(&config, &ledger, &queue, &cancel, refusals_percent).await?;
        let concluded = conclude::runs(&config, &ledger, deadline.as_ref()).await?;
        ledger.close().await;
        if self.json {
            line!(
                "{}",
                json!({"settled": swept.settled, "submitted": swept.submitted, "open_runs": concluded.open,
                       "ended_runs": concluded.ended, "alerts": concluded.alerts})
            );
        } else {
            line!(
                "{} documents settled, {} submitted; {} runs open, {} ended; {} alerts sent.",
                swept.settled,
                swept.submitted,
                concluded.open,
                concluded.ended,
                concluded.alerts
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
