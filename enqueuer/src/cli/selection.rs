//! Which documents a run is about: the same words for `run` and for `plan`.

use common::Result;
use common::clock::{Clock, parse_instant};
use common::config::Config;
use common::ledger::Selection;
use common::statement::{Kind, Period};
use jiff::civil::Date;

use crate::readiness;
use crate::steering::account_ids;

/// A month, and what of it.
#[derive(Debug, clap::Args)]
pub struct SelectionArguments {
    /// The month, e.g. 2026-10 [default: the last complete month before --at]
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<String>,
    /// The instant of the run, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// Only this kind of statement: trade or balance
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only this account; may be repeated
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only this rollout group; may be repeated. The others are excused as `not_in_group`
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Accepts closing snapshots as old as this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    accept_snapshot: Option<String>,
    /// Accepts a source of which more than half is missing, compared with the last run of a whole period
    #[arg(long)]
    pub accept_fewer: bool,
    /// Locally: makes drafts, also of a month that is not over, marked as such, apart from ledger and store of the month
    #[arg(long)]
    pub draft: bool,
}

impl SelectionArguments {
    /// The clock of the run: it stands at `--at`.
    pub fn clock(&self) -> Result<Clock> {
        Ok(Clock::at(
            self.at.as_deref().map(parse_instant).transpose()?,
        ))
    }

    pub fn selection(&self, config: &Config, clock: Clock) -> Result<Selection> {
        let period = match &self.period {
            Some(period) => period.parse()?,
            None => Period::last_complete(clock.now(), &config.business_timezone),
        };
        let kinds = match &self.kind {
            Some(kind) => vec![kind.parse()?],
            None => Kind::ALL.to_vec(),
        };
        Ok(Selection {
            period,
            kinds,
            accounts: account_ids(&self.account)?,
            groups: self.group.clone(),
        })
    }

    pub fn accepted_snapshot(&self) -> Result<Option<Date>> {
        readiness::accepted_snapshot(self.accept_snapshot.as_deref())
    }
}
