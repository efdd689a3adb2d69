use std::process::ExitCode;

use common::config::Settings;
use common::{Class, Result};

use crate::checks;
use crate::out::line;
use crate::printable::printable;
use crate::queue::{CapacitySettings, QueueSettings};

/// Verifies settings, source contract, ledger, store, queue and alerts; says what is wrong and the mend
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Sends an alert that says it is a test
    #[arg(long)]
    send_test_alert: bool,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    capacity: CapacitySettings,
    #[command(flatten)]
    queue: QueueSettings,
}

impl Check {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let findings =
            checks::all(settings, &self.queue, &self.capacity, self.send_test_alert).await;
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
