//! The end of runs: one alert per cause, the summary once, the deadline's forecast.

use common::Result;
use common::config::Config;
use common::ledger::Ledger;

use crate::deadline::Deadline;

/// What was concluded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Concluded {
    /// Runs that go on.
    pub open: u64,
    pub ended: u64,
    /// Alerts that were sent.
    pub alerts: u64,
}

/// Looks at every run that has not ended.
pub async fn runs(
    _config: &Config,
    ledger: &Ledger,
    _deadline: Option<&Deadline>,
) -> Result<Concluded> {
    let mut concluded = Concluded::default();
    for open in ledger.open_runs().await? {
        let progress = ledger.run_progress(&open.run.run_id).await?;
        if open.is_being_submitted || progress.open() > 0 {
            concluded.open += 1;
        } else if ledger.end_run(&open.run.run_id).await? {
            concluded.ended += 1;
        }
    }
    Ok(concluded)
}
