use std::process::ExitCode;
use std::time::Duration;

use common::config::Settings;
use common::{Class, Result};

use super::schedules;
use crate::checks::{self, Trying};
use crate::out::line;
use crate::printable::printable;
use crate::queue::{CapacitySettings, QueueSettings};

/// Verifies settings, source contract, ledger, store, queue and alerts; says what is wrong and the mend
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Sends an alert that says it is a test
    #[arg(long)]
    send_test_alert: bool,
    /// Has no converter try what converters do: it would read a row of each relation, and put one object beside the documents, which
    /// stays
    #[arg(long)]
    no_probe: bool,
    /// Seconds to wait for the end of that; on AWS it is a job
    #[arg(long, value_name = "N", default_value_t = 180, conflicts_with = "no_probe",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    probe_seconds: u64,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    /// On AWS: the schedules that start the enqueuer, as the Terraform module writes them
    #[arg(long, env = "SCHEDULES", value_name = "JSON", hide_env_values = true)]
    schedules: Option<String>,
    #[command(flatten)]
    capacity: CapacitySettings,
    #[command(flatten)]
    queue: QueueSettings,
}

impl Check {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let trying = Trying {
            test_alert: self.send_test_alert,
            probe: (!self.no_probe).then(|| Duration::from_secs(self.probe_seconds)),
        };
        let mut findings = checks::all(settings, &self.queue, &self.capacity, trying).await;
        findings.extend(schedules::findings(self.schedules.as_deref()));
        let wrong = findings
            .iter()
            .filter(|finding| finding.problem.is_some())
            .count();
        if self.json {
            let list: Vec<_> = findings
                .iter()
                .map(|finding| {
                    serde_json::json!({"check": finding.subject, "ok": finding.problem.is_none(), "problem": finding.problem, "note": finding.note})
                })
                .collect();
            line!("{}", serde_json::json!({"ok": wrong == 0, "checks": list}));
        } else {
            for finding in &findings {
                match &finding.problem {
                    None => line!("ok     {}", finding.subject),
                    Some(problem) => line!("WRONG  {}: {}", finding.subject, printable(problem)),
                }
                if let Some(note) = &finding.note {
                    line!("note   {}: {}", finding.subject, printable(note));
                }
            }
            line!(
                "Margin trades and derivatives are out of scope: the contract has no relations for them."
            );
            if wrong > 0 {
                line!(
                    "{wrong} of {} checks found something to mend.",
                    findings.len()
                );
            }
        }
        Ok(if wrong == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(Class::Config.exit_code())
        })
    }
}
