use std::process::ExitCode;

use common::Result;
use common::clock::{Clock, parse_instant};
use common::config::{Config, Settings};
use jiff::Timestamp;

use super::selection::SelectionArguments;
use crate::deadline::Deadline;
use crate::out::line;
use crate::plan::{self, Asked, Plan, Prices};
use crate::queue::{CapacitySettings, QueueSettings};

/// Says what a run would do: documents, rows, jobs, when it ends, what it costs; changes nothing
#[derive(Debug, clap::Args)]
pub struct PlanCommand {
    #[command(flatten)]
    selection: SelectionArguments,
    /// When the run would begin, RFC 3339 [default: --at, or now]
    #[arg(long, value_name = "INSTANT")]
    start: Option<String>,
    /// When it must be done: HH:MM in the business time zone, the next one after the start, or RFC 3339
    #[arg(long, env = "DEADLINE", value_name = "TIME")]
    deadline: Option<String>,
    /// Price of Fargate on AWS, of a vCPU hour in US dollars
    #[arg(long, env = "VCPU_HOUR_USD", value_name = "USD", default_value_t = plan::VCPU_HOUR_USD,
          value_parser = plan::price)]
    vcpu_hour_usd: f64,
    /// Price of Fargate on AWS, of a GiB hour in US dollars
    #[arg(long, env = "GIB_HOUR_USD", value_name = "USD", default_value_t = plan::GIB_HOUR_USD,
          value_parser = plan::price)]
    gib_hour_usd: f64,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    capacity: CapacitySettings,
    #[command(flatten)]
    queue: QueueSettings,
}

impl PlanCommand {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let asked = self.asked(&config)?;
        let period = asked.selection.period;
        let plan = plan::make(&config, asked).await?;
        if self.json {
            line!("{}", plan::answer(&plan, period, &config.business_timezone));
        } else {
            plan::print(&plan, period, &config.business_timezone);
        }
        Ok(exit_code(&plan))
    }

    fn asked(&self, config: &Config) -> Result<Asked<'_>> {
        let clock = self.selection.clock()?;
        let start = self.start(clock)?;
        let deadline = Deadline::given(self.deadline.as_deref())?;
        Ok(Asked {
            selection: self.selection.selection(config, clock)?,
            accept_snapshot: self.selection.accepted_snapshot()?,
            accept_fewer: self.selection.accept_fewer,
            // The month must be over when the run begins, not when it is planned.
            now: start,
            is_draft: self.selection.draft,
            queue: &self.queue,
            capacity: &self.capacity,
            prices: Prices {
                vcpu_hour_usd: self.vcpu_hour_usd,
                gib_hour_usd: self.gib_hour_usd,
            },
            start,
            start_is_given: self.start.is_some() || !matches!(deadline, Some(Deadline::Daily(_))),
            deadline: deadline.map(|deadline| deadline.after(start, &config.business_timezone)),
        })
    }

    fn start(&self, clock: Clock) -> Result<Timestamp> {
        let start = self.start.as_deref().map(|text| {
            parse_instant(text).map_err(|_| {
                common::Error::config(format!(
                    "--start {text:?} is not an instant: write RFC 3339 with an offset, e.g. 2026-11-01T00:10:00+09:00"
                ))
            })
        });
        start.unwrap_or_else(|| Ok(clock.now()))
    }
}

/// 1 when the deadline will be missed at P95.
fn exit_code(plan: &Plan) -> ExitCode {
    match &plan.deadline {
        Some(deadline) if !deadline.is_met() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
