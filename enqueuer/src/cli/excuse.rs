use std::process::ExitCode;

use common::Result;
use common::config::Settings;
use common::ledger::{Found, State};
use serde_json::json;

use crate::context::open_ledger;
use crate::out::line;
use crate::steering::{ChosenArgs, Decision};

/// Excuses documents that will not be made; `resubmit` takes it back
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "enqueuer excuse [OPTIONS] --reason <TEXT> <DOCUMENT>...\n       enqueuer excuse [OPTIONS] --reason <TEXT> --failed"
)]
pub struct Excuse {
    #[command(flatten)]
    chosen: ChosenArgs,
    #[command(flatten)]
    decision: Decision,
}

impl Excuse {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let ledger = open_ledger(&config).await?;
        let found = self.chosen.find(&ledger, "excuse", refusal).await?;
        if found.is_empty() {
            if self.decision.json {
                line!("{}", json!({ "excused": 0 }));
            } else {
                line!("No document has failed: nothing to excuse.");
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !self.decision.is_taken("excuse", &found).await? {
            return Ok(ExitCode::SUCCESS);
        }
        let documents: Vec<_> = found.into_iter().map(|found| found.document).collect();
        let excused = ledger.excuse(&documents, &self.decision.reason).await?;
        ledger.close().await;
        if self.decision.json {
            line!("{}", json!({ "excused": excused }));
        } else if excused == 1 {
            line!("{} is excused.", documents[0]);
        } else {
            line!("{excused} documents are excused.");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Why a document is not excused.
fn refusal(found: &Found) -> Option<String> {
    match found.state {
        State::Failed | State::Due => None,
        State::Excused => Some("is excused already".to_owned()),
        State::Submitted | State::Running => Some(format!(
            "is {}; `enqueuer stop` first, or let it end",
            found.state
        )),
        State::Succeeded | State::Superseded => Some(format!("is {}", found.state)),
    }
}
