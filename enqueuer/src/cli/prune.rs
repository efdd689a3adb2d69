use std::process::ExitCode;

use common::clock::Clock;
use common::config::Settings;
use common::ledger::{Ledger, Prunable, Pruning};
use common::statement::Period;
use common::{Result, telemetry};
use serde_json::{Value, json};

use crate::context::open_ledger;
use crate::numbers::counted;
use crate::out::line;
use crate::progress::Progress;
use crate::steering::{confirmed, said};

/// Removes attempts and job rows of old periods from the ledger; documents and acts stay
///
/// Of periods before a month it removes attempts that led to nothing, and the rows that say which slot of a job a document was in: most of a
/// ledger's rows, and nobody asks for them years later. It removes no document, no act of an operator, hold or certificate, not the attempt
/// that published a document nor any that may have, none of a document that was resubmitted, and nothing that a document which is not
/// settled may need. Nothing in the store is touched. Reports of these periods say what was pruned, and count it in.
#[derive(Debug, clap::Args)]
pub struct Prune {
    /// Of periods before this month, e.g. 2026-01. `plan` measures by the newest two
    #[arg(long, value_name = "YYYY-MM")]
    before: String,
    /// Why; kept in the ledger for the auditor
    #[arg(long, value_name = "TEXT", default_value = "pruned by an operator", value_parser = said)]
    reason: String,
    /// Says what would be removed, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask
    #[arg(long)]
    yes: bool,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Prune {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let before: Period = self.before.parse()?;
        let config = settings.resolve()?;
        let ledger = open_ledger(&config).await?;
        let mut found = Vec::new();
        for period in ledger.periods_before(before).await? {
            let prunable = ledger.prunable(period).await?;
            if prunable.rows() > 0 {
                found.push((period, prunable));
            }
        }
        if !self.is_taken(before, &found).await? {
            ledger.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        let pruned = self.prune(&ledger, before, &found).await?;
        ledger.close().await;
        if self.json {
            line!("{}", self.answer(before, &pruned));
        } else {
            line!("Pruned: {}.", words(&total(&pruned)));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Tells what would be removed, and whether to go on. What is gone is gone, so that somebody is always asked.
    async fn is_taken(&self, before: Period, found: &[(Period, Prunable)]) -> Result<bool> {
        if found.is_empty() || self.dry_run {
            if self.json {
                line!("{}", self.answer(before, found));
                return Ok(false);
            }
            for (period, prunable) in found {
                line!("{period}  {}", words(prunable));
            }
            if found.is_empty() {
                line!("Nothing to prune before {before}.");
            } else {
                line!("Dry run: nothing was changed.");
            }
            return Ok(false);
        }
        if self.yes {
            return Ok(true);
        }
        telemetry::say("remove from the ledger, for good:");
        for (period, prunable) in found {
            telemetry::say(&format!("  {period}  {}", words(prunable)));
        }
        let rows = words(&total(found));
        confirmed(&format!(
            "{rows} would be removed for good, and nobody is at a terminal to be asked"
        ))
        .await
    }

    async fn prune(
        &self,
        ledger: &Ledger,
        before: Period,
        found: &[(Period, Prunable)],
    ) -> Result<Vec<(Period, Prunable)>> {
        let pruning = Pruning::new(before, &self.reason, Clock::default().now());
        let mut progress = Progress::begin_of("rows");
        progress.expect(u64::try_from(total(found).rows()).unwrap_or_default());
        let mut pruned = Vec::new();
        for (period, _) in found {
            let mut of_period = Prunable::default();
            ledger
                .prune(&pruning, *period, |page| {
                    of_period += page;
                    progress.advance(u64::try_from(page.rows()).unwrap_or_default());
                })
                .await?;
            pruned.push((*period, of_period));
        }
        progress.end();
        Ok(pruned)
    }

    fn answer(&self, before: Period, of: &[(Period, Prunable)]) -> Value {
        let periods: Vec<Value> = of
            .iter()
            .map(|(period, rows)| {
                json!({"period": period.to_string(), "attempts": rows.attempts, "assignments": rows.assignments, "jobs": rows.jobs})
            })
            .collect();
        json!({"before": before.to_string(), "dry_run": self.dry_run, "periods": periods})
    }
}

fn total(of: &[(Period, Prunable)]) -> Prunable {
    let mut total = Prunable::default();
    for (_, rows) in of {
        total += *rows;
    }
    total
}

fn words(rows: &Prunable) -> String {
    format!(
        "{}, {}, {}",
        counted(rows.attempts, "attempt"),
        counted(rows.assignments, "job row"),
        counted(rows.jobs, "job")
    )
}
