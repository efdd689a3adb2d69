use std::collections::BTreeMap;
use std::process::ExitCode;

use common::config::{Config, Settings};
use common::ledger::{Command, Found, Ledger, Remade, State};
use common::statement::Period;
use common::{Error, Result};
use serde_json::json;

use super::run::{answer, exit_code, print_report};
use crate::context::open_ledger;
use crate::out::line;
use crate::queue::SizeClass;
use crate::steering::{ChosenArgs, Decision, Making};
use crate::work::Report;

/// Makes failed documents again, from the source and the profile as they are now
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "enqueuer resubmit [OPTIONS] --reason <TEXT> <DOCUMENT>...\n       enqueuer resubmit [OPTIONS] --reason <TEXT> --failed"
)]
pub struct Resubmit {
    #[command(flatten)]
    chosen: ChosenArgs,
    #[command(flatten)]
    decision: Decision,
    /// On AWS: gives each at least the vCPU, memory and timeout of this size class
    #[arg(long, value_name = "NAME")]
    size_class: Option<String>,
    #[command(flatten)]
    making: Making,
}

impl Resubmit {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let rows_at_least = self.rows_at_least()?;
        let ledger = open_ledger(&config).await?;
        let found = self.chosen.find(&ledger, "resubmit", refusal).await?;
        if found.is_empty() {
            if self.decision.json {
                line!("{}", json!({ "runs": [] }));
            } else {
                line!("No document has failed: nothing to resubmit.");
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !self.decision.is_taken("resubmit", &found).await? {
            return Ok(ExitCode::SUCCESS);
        }
        let mut by_period: BTreeMap<Period, Vec<Found>> = BTreeMap::new();
        for found in found {
            by_period
                .entry(found.document.period)
                .or_default()
                .push(found);
        }
        let mut worst = ExitCode::SUCCESS;
        let mut answers = Vec::new();
        for found in by_period.into_values() {
            let report = self
                .resubmit(&config, settings, &ledger, &found, rows_at_least)
                .await?;
            if self.decision.json {
                answers.push(answer(&report));
            } else {
                print_report(&report);
            }
            if exit_code(&report) != ExitCode::SUCCESS {
                worst = exit_code(&report);
            }
        }
        if self.decision.json {
            line!("{}", json!({ "runs": answers }));
        }
        ledger.close().await;
        Ok(worst)
    }

    async fn resubmit(
        &self,
        config: &Config,
        settings: &Settings,
        ledger: &Ledger,
        found: &[Found],
        rows_at_least: i64,
    ) -> Result<Report> {
        let (run, consenting) = self
            .making
            .begin(config, ledger, Command::Resubmit, found)
            .await?;
        let documents: Vec<Remade> = found
            .iter()
            .map(|Found { document, .. }| Remade {
                document: document.clone(),
                on_paper: !consenting.contains(document.account_id.as_str()),
            })
            .collect();
        let hash = &config.profile.hash;
        let reason = &self.decision.reason;
        let recorded = async {
            ledger
                .resubmit(&run, &documents, rows_at_least, hash, reason)
                .await?;
            Ok(0)
        };
        Box::pin(self.making.make(config, settings, ledger, &run, recorded)).await
    }

    fn rows_at_least(&self) -> Result<i64> {
        let Some(name) = &self.size_class else {
            return Ok(0);
        };
        let classes = SizeClass::parse_all(&self.making.queue.size_classes)?;
        let class = classes.iter().find(|class| class.name == *name);
        class.map(|class| class.rows.start).ok_or_else(|| {
            let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
            Error::config(format!(
                "--size-class {name}: SIZE_CLASSES has only {}",
                names.join(", ")
            ))
        })
    }
}

/// Why a document is not resubmitted.
fn refusal(found: &Found) -> Option<String> {
    match found.state {
        State::Failed | State::Excused => None,
        State::Succeeded => Some(
            "is succeeded, and what succeeded is never touched; `enqueuer reissue` makes a corrected one"
                .to_owned(),
        ),
        State::Superseded => Some("is superseded by a later revision".to_owned()),
        State::Due => Some("is due already; `enqueuer run` submits it".to_owned()),
        State::Submitted | State::Running => Some(format!("is {}; let it end first", found.state)),
    }
}
