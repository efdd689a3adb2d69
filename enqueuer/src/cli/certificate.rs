use std::process::ExitCode;

use common::config::{Config, Settings};
use common::statement::Period;
use common::{Result, telemetry};
use serde_json::json;

use crate::certificate::{self, Certificate as Found, Depth};
use crate::context::{no_run, open_period};
use crate::numbers::counted;
use crate::out::line;
use crate::printable::printable;

/// Proves that everything adds up: accounts, documents, objects, published rows; exit 1 while it does not
#[derive(Debug, clap::Args)]
pub struct Certificate {
    /// The month, e.g. 2026-10 [default: that of the newest run]
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<String>,
    /// Does not read the rows of published documents again, and says so
    #[arg(long)]
    quick: bool,
    /// Compares the contents of every published object with what was published, too: reads every file of a directory, asks S3 for the
    /// checksum of every object
    #[arg(long)]
    deep: bool,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Certificate {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let (ledger, period) = open_period(&config, self.period.as_deref()).await?;
        if !ledger.has_run(period).await? {
            self.tell_no_run(period);
            return Ok(ExitCode::FAILURE);
        }
        let depth = Depth {
            rows: !self.quick,
            contents: self.deep,
        };
        let found = certificate::take(&config, settings, &ledger, period, depth).await?;
        ledger.close().await;
        if self.json {
            line!("{}", found.to_json());
        } else {
            print(&found, &config);
        }
        Ok(if found.is_complete() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Nothing proves that nothing was due.
    fn tell_no_run(&self, period: Period) {
        let why = no_run(period);
        telemetry::say(&format!("enqueuer: {why}"));
        if self.json {
            line!(
                "{}",
                json!({"period": period.to_string(), "adds_up": false, "complete": false, "problems": [why]})
            );
        }
    }
}

fn print(found: &Found, config: &Config) {
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
    for line in found.contents_lines() {
        line!("  {line}");
    }
    for row in found.rows_lines(&config.business_timezone) {
        line!("  {}", printable(&row));
    }
    for (cause, documents) in &found.failures {
        line!("  {documents} failed, cause {}.", printable(cause));
    }
    for problem in &found.problems {
        line!("  WRONG  {}", printable(problem));
    }
    if let Some(complete) = &found.last_complete {
        line!("  {complete}.");
    }
    line!("\n{}", verdict(found));
}

/// How it stands, in a sentence.
fn verdict(found: &Found) -> String {
    let period = found.period;
    if found.differences() > 0 {
        "It does not add up.".to_owned()
    } else if found.open() > 0 {
        format!(
            "{} documents are open: `enqueuer status --period {period}` says where they stand.",
            found.open()
        )
    } else if found.failed() > 0 {
        let failed = counted(found.failed(), "failed document");
        format!("It is not complete: {failed}; `enqueuer status --period {period}` says why.")
    } else if found.compared_now {
        "Everything adds up.".to_owned()
    } else {
        "Everything adds up but for rows, which were not compared.".to_owned()
    }
}
