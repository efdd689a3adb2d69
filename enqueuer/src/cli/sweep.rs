use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use common::Result;
use common::config::{Config, Settings};
use common::ledger::{Ledger, Selection, State};
use common::metrics::{DocumentMetrics, Metrics};
use common::statement::Period;
use common::termination::Termination;
use serde_json::json;

use crate::conclude::Concluded;
use crate::context::open_ledger;
use crate::deadline::Deadline;
use crate::out::line;
use crate::queue::{Queue, QueueSettings};
use crate::sweep::{Swept, turn};
use crate::{alerts, conclude, month_end, sweep};

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
        let deadline = Deadline::given(self.deadline.as_deref())?;
        let cancel = Termination::listen()?;
        let ledger = open_ledger(&config).await?;
        let queue = self.queue.open(&config, settings, &ledger).await?;
        let work = self.work(&config, &ledger, &queue, deadline.as_ref(), &cancel);
        let done = Box::pin(turn::take(&ledger, work)).await;
        ledger.close().await;
        self.tell(done?);
        Ok(ExitCode::SUCCESS)
    }

    /// Sweeps, and says how it went to whoever is told.
    async fn work(
        &self,
        config: &Config,
        ledger: &Ledger,
        queue: &Queue,
        deadline: Option<&Deadline>,
        cancel: &Termination,
    ) -> Result<(Swept, Concluded)> {
        let periods = open_periods(ledger).await?;
        month_end::take_over_open_runs(config, ledger).await?;
        let refusals_percent = self.queue.refusals_percent;
        let swept = sweep::settle_and_submit(config, ledger, queue, cancel, refusals_percent).await;
        // What the ledger knows is told even while Batch does not answer.
        let concluded = conclude::runs(config, ledger, deadline).await?;
        let metrics = Metrics::new(config.deployment).beside_answer(self.json);
        for period in periods.iter().copied() {
            emit(ledger, metrics, period).await?;
        }
        if let (Err(error), Some(period)) = (&swept, periods.last()) {
            alerts::failed_this_hour(config, ledger, "sweep", *period, error).await;
        }
        let swept = swept?;
        metrics.sweep();
        Ok((swept, concluded))
    }

    /// Answers. `None` = another sweep is at work, and does all of it.
    fn tell(&self, done: Option<(Swept, Concluded)>) {
        let another_at_work = done.is_none();
        let (swept, concluded) = done.unwrap_or_default();
        if self.json {
            let open_runs = (!another_at_work).then_some(concluded.open);
            line!(
                "{}",
                json!({"another_at_work": another_at_work, "settled": swept.settled, "submitted": swept.submitted,
                       "open_runs": open_runs, "ended_runs": concluded.ended, "alerts": concluded.alerts})
            );
        } else if another_at_work {
            line!("Another sweep is at work: nothing is left to do for this one.");
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
    }
}

/// The periods of runs that have not ended.
async fn open_periods(ledger: &Ledger) -> Result<BTreeSet<Period>> {
    let runs = ledger.open_runs().await?;
    Ok(runs.into_iter().map(|open| open.run.period).collect())
}

/// Writes how a period stands as metrics.
async fn emit(ledger: &Ledger, metrics: Metrics, period: Period) -> Result<()> {
    let selection = Selection::all(period);
    let states = ledger.counts(&selection).await?;
    let causes = ledger.causes(&selection).await?;
    let failed: Vec<(String, i64)> = causes
        .into_iter()
        .filter(|cause| cause.state == State::Failed)
        .map(|cause| (cause.cause, cause.documents))
        .collect();
    let waiting = ledger.oldest_waiting_ms(&selection).await?;
    metrics.documents(&DocumentMetrics {
        period,
        states: &states,
        failed: &failed,
        oldest_waiting: waiting
            .and_then(|ms| u64::try_from(ms).ok())
            .map(Duration::from_millis),
    });
    Ok(())
}
