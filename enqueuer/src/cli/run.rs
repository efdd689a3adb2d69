use std::process::ExitCode;

use common::clock::Clock;
use common::config::{Config, Deployment, Settings};
use common::ledger::{Ledger, State, Unaccounted};
use common::metrics::Metrics;
use common::statement::Period;
use common::termination::Termination;
use common::{Class, Result, telemetry};
use serde_json::json;

use super::draft;
use super::selection::SelectionArguments;
use crate::certificate::{self, Certificate, Depth};
use crate::context::open_ledger;
use crate::month_end::{self, Request};
use crate::out::line;
use crate::printable::printable;
use crate::queue::QueueSettings;
use crate::unusable;
use crate::work::Report;
use crate::{agreement, alerts};

/// Finds the documents that are due, submits them and follows them to the end
#[derive(Debug, clap::Args)]
pub struct Run {
    #[command(flatten)]
    selection: SelectionArguments,
    /// Waits for the end (implied locally)
    #[arg(long)]
    wait: bool,
    /// Lifts the hold of a period that was stopped or paused
    #[arg(long)]
    resume: bool,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    queue: QueueSettings,
}

impl Run {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let clock = self.selection.clock()?;
        let request = self.request(&config, clock)?;
        if request.is_draft {
            return draft::make(&config, settings, &self.queue, clock, &request, self.json).await;
        }
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
        if is_due_month && request.selection.is_month_end() {
            Metrics::new(config.deployment)
                .beside_answer(self.json)
                .run(report.run.period);
        }
        let taken = if is_over(&report) && request.selection.is_whole() {
            look_again(&config, settings, &ledger, &report).await?
        } else {
            None
        };
        let last = certificate::summary(&ledger, report.run.period).await?;
        if self.json {
            let mut answer = answer(&report);
            answer["certificate"] = json!(last.as_ref().map(certificate::Last::to_json));
            if let Some(taken) = &taken {
                answer["certificate"]["rows"] = taken.rows_json();
            }
            line!("{answer}");
        } else {
            print_report(&report);
            if let Some(words) = certificate::last_words(last.as_ref(), &config) {
                line!("{words}");
            }
            for changed in taken.iter().flat_map(Certificate::changes_lines) {
                line!("{changed}");
            }
        }
        ledger.close().await;
        Ok(exit_code(&report))
    }

    fn request(&self, config: &Config, clock: Clock) -> Result<Request> {
        Ok(Request {
            selection: self.selection.selection(config, clock)?,
            accept_snapshot: self.selection.accepted_snapshot()?,
            accept_fewer: self.selection.accept_fewer,
            is_draft: self.selection.draft,
            documents_per_slot: self.queue.documents_per_slot,
            refusals_percent: self.queue.refusals_percent,
            resume: self.resume,
            wait: self.wait,
        })
    }
}

/// The run was followed to the end, and nothing is left to do.
fn is_over(report: &Report) -> bool {
    report.followed && !report.cancelled && report.held.is_none() && report.open == 0
}

/// A run leaves what was published before it as it is. Whether that is still right is seen on this machine: the certificate is taken. On
/// AWS a run is an event among others, and tells what the last certificate said.
async fn look_again(
    config: &Config,
    settings: &Settings,
    ledger: &Ledger,
    report: &Report,
) -> Result<Option<Certificate>> {
    let period = report.run.period;
    let published = u64::try_from(ledger.published_count(period).await?).unwrap_or_default();
    if config.deployment == Deployment::Aws || published <= report.counts.succeeded {
        return Ok(None);
    }
    let depth = Depth {
        rows: true,
        contents: false,
    };
    match Box::pin(certificate::take(config, settings, ledger, period, depth)).await {
        Ok(taken) => Ok(Some(taken)),
        Err(error) => {
            let why = error.chain();
            telemetry::say(&format!(
                "the certificate of {period} could not be taken: {why}"
            ));
            Ok(None)
        }
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
        "closed_active": report.unaccounted.closed_active,
        "unusable_account_ids": unusable::to_json(&report.unaccounted.unusable),
        "open": report.open,
        "held": report.held.as_ref().map(|hold| &hold.reason),
        "findings": agreement::words::answer(&report.findings),
    })
}

pub fn print_report(report: &Report) {
    let counts = report.counts;
    let period = report.run.period;
    for finding in agreement::words::lines(&report.findings) {
        line!("{finding}");
    }
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
    print_causes(report);
    if report.excused > 0 {
        line!("{} documents are excused.", report.excused);
    }
    print_unaccounted(report);
    if let Some(hold) = &report.held {
        line!(
            "{period} is held: {}. `enqueuer run --period {period} --resume` goes on.",
            printable(&hold.reason)
        );
    } else if report.followed && report.open > 0 {
        line!(
            "{} documents are still open: run again to complete them.",
            report.open
        );
    }
    match report.failed_in_all {
        ..=0 => {}
        1 => line!(
            "1 document of {period} has failed: `enqueuer status --period {period}` says why."
        ),
        failed => line!(
            "{failed} documents of {period} have failed: `enqueuer status --period {period}` says why."
        ),
    }
}

/// By what documents of the run failed, or have a warning: what that means, and the line that fixes it. Amounts are for `status` to say.
fn print_causes(report: &Report) {
    let period = report.run.period;
    for found in &report.causes {
        let (what, mending) = match found.state {
            State::Failed => ("failed", alerts::mending_of_failure(&found.cause, period)),
            State::Succeeded => ("with a warning", alerts::mending_of_warning(period)),
            _ => continue,
        };
        line!(
            "{} {what}, cause {}, e.g. {}. {}",
            found.documents,
            printable(&found.cause),
            found.example,
            mending.meaning
        );
        line!("  {}", mending.command);
    }
}

/// What stands in no document, or would surprise whoever reads them.
fn print_unaccounted(report: &Report) {
    let Unaccounted {
        unusable,
        closed_active,
    } = &report.unaccounted;
    match closed_active {
        0 => {}
        1 => line!(
            "1 document is of an account that was closed before, and still moved or held something."
        ),
        documents => line!(
            "{documents} documents are of accounts that were closed before, and still moved or held something."
        ),
    }
    for told in unusable::words(unusable) {
        line!("{told}.");
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
