use std::process::ExitCode;

use common::config::{Config, Settings};
use common::ledger::{Among, Chosen, Command, Found, Ledger, NewRevision, Selection, State};
use common::statement::DocumentId;
use common::{Error, Result, telemetry};
use serde_json::json;

use super::run::{answer, exit_code, print_report};
use crate::context::open_ledger;
use crate::out::line;
use crate::steering::{Decision, FilterArgs, Making, parse_ids, said, without_refused};
use crate::work::Report;
use crate::{certificate, targets, whole_source};

/// Makes the next revision of a published document; the old one is kept, and superseded once the new one succeeds
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "enqueuer reissue [OPTIONS] --reason <TEXT> <DOCUMENT>...\n       enqueuer reissue [OPTIONS] --reason <TEXT> <--changed|--published>"
)]
pub struct Reissue {
    /// Documents by id, e.g. 2026-10.trade.A0001
    #[arg(
        value_name = "DOCUMENT",
        required_unless_present_any = ["changed", "published"],
        conflicts_with_all = ["changed", "published"]
    )]
    documents: Vec<String>,
    /// All published documents of the period that are no longer what the source says, as the last certificate found them
    #[arg(long, conflicts_with = "published")]
    changed: bool,
    /// All published documents of the period
    #[arg(long)]
    published: bool,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    decision: Decision,
    /// What the corrected document tells the customer; the reason stays in the ledger
    #[arg(long, value_name = "TEXT", value_parser = said)]
    customer_note: Option<String>,
    #[command(flatten)]
    making: Making,
}

impl Reissue {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let ledger = open_ledger(&config).await?;
        let found = self.find(&ledger).await?;
        if found.is_empty() {
            if self.changed {
                self.filter.demand_comparison(&ledger).await?;
            }
            if self.decision.json {
                line!("{}", json!({ "runs": [] }));
            } else {
                line!("No such document: nothing to reissue.");
            }
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(other) = found
            .iter()
            .find(|other| other.document.period != found[0].document.period)
        {
            return Err(Error::config(format!(
                "{} and {} are of different periods: reissue them one period at a time",
                found[0].document, other.document
            )));
        }
        let found = without_purged(&config, &ledger, found).await?;
        if !self.decision.is_taken("reissue", &found).await? {
            return Ok(ExitCode::SUCCESS);
        }
        let report = self.reissue(&config, settings, &ledger, &found).await?;
        ledger.close().await;
        if self.decision.json {
            line!("{}", json!({ "runs": [answer(&report)] }));
        } else {
            print_report(&report);
        }
        Ok(exit_code(&report))
    }

    /// The documents that are meant and may be reissued.
    async fn find(&self, ledger: &Ledger) -> Result<Vec<Found>> {
        let found = if self.changed {
            self.filter.find(ledger, Among::Changed).await?
        } else if self.published {
            self.filter.find(ledger, Among::Published).await?
        } else {
            let named = Chosen::Named(parse_ids(&self.documents)?);
            ledger.chosen(&named).await?
        };
        without_refused(found, "reissue", refusal)
    }

    async fn reissue(
        &self,
        config: &Config,
        settings: &Settings,
        ledger: &Ledger,
        found: &[Found],
    ) -> Result<Report> {
        let (run, consenting) = self
            .making
            .begin(config, ledger, Command::Reissue, found)
            .await?;
        let recorded = async {
            for Found {
                document,
                estimated_rows,
                ..
            } in found
            {
                let next = DocumentId {
                    revision: document.revision + 1,
                    ..document.clone()
                };
                let new = NewRevision {
                    document: &next,
                    on_paper: !consenting.contains(document.account_id.as_str()),
                    estimated_rows: *estimated_rows,
                    customer_note: self.customer_note.as_deref(),
                };
                let hash = &config.profile.hash;
                if ledger
                    .reissue(&run, &new, hash, &self.decision.reason)
                    .await?
                {
                    tracing::info!(document.id = %next, "reissued");
                } else {
                    telemetry::say(&format!(
                        "left alone: {next} was recorded by somebody else meanwhile"
                    ));
                }
            }
            Ok(0)
        };
        Box::pin(self.making.make(config, settings, ledger, &run, recorded)).await
    }
}

/// Leaves out, of a period whose source was purged, what has no rows any more: the next revision would be without them.
async fn without_purged(config: &Config, ledger: &Ledger, found: Vec<Found>) -> Result<Vec<Found>> {
    let period = found[0].document.period;
    let last = ledger.last_certificate(period, None).await?;
    let snapshots = ledger.newest_snapshots(period).await?.unwrap_or_default();
    let mut source = whole_source::open(config).await?;
    let basis = config.profile.trade_basis;
    let mut lost = certificate::purge::lost(&mut source, period, basis, &snapshots).await?;
    if !lost.is_empty() {
        let with_trades = ledger.published_with_trades(period).await?;
        lost.retain(|lost| lost.was_there(with_trades));
    }
    let found = without_refused(found, "reissue", |found| {
        let kind = found.document.kind;
        let lost = lost.iter().find(|lost| lost.kinds.contains(&kind))?;
        Some(format!("stays as it is: {}", lost.says))
    })?;
    if last.is_none_or(|last| last.verdict != certificate::PURGED) {
        source.close().await;
        return Ok(found);
    }
    let everything = Selection::all(period);
    let targets = targets::find(&mut source, &everything, &snapshots, basis).await?;
    source.close().await;
    without_refused(found, "reissue", |found| {
        let is_due = targets.documents.is_due(&found.document);
        (!is_due).then(|| {
            "has no rows any more in the source, which was purged: what was published stays as it is".to_owned()
        })
    })
}

/// Why a document is not reissued.
fn refusal(found: &Found) -> Option<String> {
    match found.state {
        State::Superseded => Some("is superseded: reissue its latest revision".to_owned()),
        State::Succeeded if found.is_replaced => {
            Some("has a later revision under way: let that end, or resubmit it".to_owned())
        }
        State::Succeeded => None,
        state => Some(format!(
            "is {state}: only what is published is reissued; `enqueuer resubmit` makes failed documents again"
        )),
    }
}
