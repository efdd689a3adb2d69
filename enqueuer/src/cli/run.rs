use std::process::ExitCode;

use common::clock::{Clock, parse_instant};
use common::config::{Config, Settings};
use common::ledger::Selection;
use common::metrics::Metrics;
use common::statement::{AccountId, Kind, Period};
use common::termination::Termination;
use common::{Class, Error, Result};
use serde_json::json;

use crate::context::open_ledger;
use crate::month_end::{self, Request};
use crate::out::line;
use crate::queue::QueueSettings;
use crate::work::Report;
use crate::{alerts, readiness};

/// Finds the documents that are due, submits them and follows them to the end
#[derive(Debug, clap::Args)]
pub struct Run {
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
    /// Waits for the end (implied locally)
    #[arg(long)]
    wait: bool,
    /// Lifts the hold of a period that was stopped or paused
    #[arg(long)]
    resume: bool,
    /// Accepts closing snapshots as old as this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    accept_snapshot: Option<String>,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    queue: QueueSettings,
}

impl Run {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let clock = Clock::at(self.at.as_deref().map(parse_instant).transpose()?);
        let request = self.request(&config, clock)?;
        let cancel = Termination::listen()?;
        let ledger = open_ledger(&config).await?;
        let queue = self.queue.open(&config, settings, &ledger).await?;
        let report = month_end::run(&config, &ledger, &queue, clock, &request, &cancel).await;
        if let Err(error) = &report {
            alerts::failed_this_hour(&config, &ledger, "run", request.selection.period, error)
                .await;
        }
        let report = report?;
        let is_due_month =
            report.run.period == Period::last_complete(clock.now(), &config.business_timezone);
        if is_due_month && request.selection.is_whole() {
            Metrics::new(config.deployment)
                .beside_answer(self.json)
                .run(report.run.period);
        }
        if self.json {
            line!("{}", answer(&report));
        } else {
            print_report(&report);
        }
        ledger.close().await;
        Ok(exit_code(&report))
    }

    fn request(&self, config: &Config, clock: Clock) -> Result<Request> {
        let period = match &self.period {
            Some(period) => period.parse()?,
            None => Period::last_complete(clock.now(), &config.business_timezone),
        };
        let kinds = match &self.kind {
            Some(kind) => vec![kind.parse()?],
            None => Kind::ALL.to_vec(),
        };
        let accounts = self
            .account
            .iter()
            .map(|id| {
                id.parse()
                    .map_err(|error: Error| Error::config(format!("--account: {error}")))
            })
            .collect::<Result<Vec<AccountId>>>()?;
        let accept_snapshot = readiness::accepted_snapshot(self.accept_snapshot.as_deref())?;
        Ok(Request {
            selection: Selection {
                period,
                kinds,
                accounts,
                groups: self.group.clone(),
            },
            accept_snapshot,
            documents_per_slot: self.queue.documents_per_slot,
            refusals_percent: self.queue.refusals_percent,
            resume: self.resume,
            wait: self.wait,
        })
    }
}

/// The machine-readable answer.
pub fn answer(report: &Report) -> serde_json::Value {
    json!({
        "run_id": report.run.run_id,
        "period": report.run.period.to_string(),
        "due": report.counts.submitted,
        "submitted": report.counts.submitted,
        "succeeded": report.counts.succeeded,
        "failed": report.counts.failed,
        "excused": report.excused,
        "open": report.open,
        "held": report.held.as_ref().map(|hold| &hold.reason),
    })
}

pub fn print_report(report: &Report) {
    let counts = report.counts;
    let period = report.run.period;
    if counts.submitted == 0 && report.open == 0 {
        line!("{period}: nothing is due.");
    } else if counts.submitted == 0 {
        line!(
            "{period}: nothing was submitted, {} documents are open.",
            report.open
        );
    } else if report.followed {
        line!(
            "{period}: {} documents published, {} failed.",
            counts.succeeded,
            counts.failed
        );
    } else {
        line!(
            "{period}: {} documents submitted as run {}; `enqueuer status --period {period}` follows them.",
            counts.submitted,
            report.run.run_id
        );
    }
    if report.excused > 0 {
        line!("{} documents are excused.", report.excused);
    }
    if let Some(hold) = &report.held {
        line!(
            "{period} is held: {}. `enqueuer run --period {period} --resume` goes on.",
            hold.reason
        );
    } else if report.followed && report.open > 0 {
        line!(
            "{} documents are still open: run again to complete them.",
            report.open
        );
    }
    if report.failed_in_all > 0 {
        line!(
            "{} documents of {period} have failed: `enqueuer status --period {period}` says why.",
            report.failed_in_all
        );
    }
}

/// Followed to the end: 0 when every document succeeded or was excused, 1 when some failed, 75 when some are open and may be
/// tried again. Otherwise 0 when everything is submitted.
pub fn exit_code(report: &Report) -> ExitCode {
    let unfinished = report.cancelled || report.held.is_some();
    if report.followed && report.counts.failed > 0 {
        ExitCode::FAILURE
    } else if unfinished || (report.followed && report.open > 0) {
        ExitCode::from(Class::Retry.exit_code())
    } else {
        ExitCode::SUCCESS
    }
}
