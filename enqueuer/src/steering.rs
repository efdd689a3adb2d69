//! What the commands share by which operators decide about documents: whom they mean, whether they mean it, and the run under
//! which documents are made again.

use std::collections::HashSet;
use std::io::{self, BufRead, IsTerminal, Write};

use common::clock::{Clock, parse_instant};
use common::config::{Config, Settings};
use common::database::{Whose, query_text, statement_failed};
use common::ledger::{Among, Chosen, Command, Filter, Found, Ledger, Run, Selection, State, Which};
use common::source::Source;
use common::statement::{AccountId, DocumentId, Kind, Period};
use common::termination::Termination;
use common::{Error, Result, telemetry};
use serde_json::json;

use crate::agreement::Scope;
use crate::context::newest_period;
use crate::out::line;
use crate::printable::printable;
use crate::queue::QueueSettings;
use crate::submission::Submitter;
use crate::work::{Report, Work};
use crate::{agreement, alerts, readiness, whole_source};

/// From here on somebody at a terminal is asked.
const ASK_ABOVE: usize = 100;

/// Accounts in one statement.
const ACCOUNTS_AT_ONCE: usize = 500;

/// How many documents are told by name.
const TOLD: usize = 5;

/// A text that says something.
pub fn said(text: &str) -> std::result::Result<String, &'static str> {
    match text.trim() {
        "" => Err("it says nothing"),
        said => Ok(said.to_owned()),
    }
}

/// Which of a period's documents are meant.
#[derive(Debug, Clone, clap::Args)]
pub struct FilterArgs {
    /// Of several: the month, e.g. 2026-10 [default: that of the newest run]
    #[arg(long, value_name = "YYYY-MM", conflicts_with = "documents")]
    period: Option<String>,
    /// Of several: only those of this cause, as `status` names it
    #[arg(long, value_name = "CAUSE", conflicts_with = "documents")]
    cause: Option<String>,
    /// Of several: only this kind of statement, trade or balance
    #[arg(long, value_name = "KIND", conflicts_with = "documents")]
    kind: Option<String>,
    /// Of several: only this account's; may be repeated
    #[arg(long, value_name = "ID", conflicts_with = "documents")]
    account: Vec<String>,
}

impl FilterArgs {
    async fn period(&self, ledger: &Ledger) -> Result<Period> {
        match &self.period {
            Some(period) => period.parse(),
            None => newest_period(ledger).await,
        }
    }

    /// Refuses a period whose rows nobody has compared: what changed is not known, which is not the same as nothing.
    pub async fn demand_comparison(&self, ledger: &Ledger) -> Result<()> {
        let period = self.period(ledger).await?;
        if ledger.last_comparison(period).await?.is_some() {
            return Ok(());
        }
        Err(Error::config(format!(
            "no certificate has compared the rows of {period} with the source: `enqueuer certificate --period {period}` does"
        )))
    }

    /// Of the documents that stand so.
    async fn filter(&self, ledger: &Ledger, among: Among) -> Result<Filter> {
        Ok(Filter {
            period: self.period(ledger).await?,
            among,
            cause: self.cause.clone(),
            kind: self.kind.as_deref().map(str::parse).transpose()?,
            accounts: account_ids(&self.account)?,
        })
    }

    /// The documents that stand so and are meant. A cause that nobody knows is an error.
    pub async fn find(&self, ledger: &Ledger, among: Among) -> Result<Vec<Found>> {
        let filter = self.filter(ledger, among).await?;
        let (period, cause) = (filter.period, filter.cause.clone());
        let found = ledger.chosen(&Chosen::Filtered(filter)).await?;
        if let (true, Some(cause)) = (found.is_empty(), &cause) {
            refuse_unknown_cause(ledger, period, cause).await?;
        }
        Ok(found)
    }
}

/// Whom an operator means.
#[derive(Debug, Clone, clap::Args)]
pub struct ChosenArgs {
    /// Documents by id, e.g. 2026-10.trade.A0001
    #[arg(
        value_name = "DOCUMENT",
        required_unless_present = "failed",
        conflicts_with = "failed"
    )]
    documents: Vec<String>,
    /// All failed documents of the period
    #[arg(long)]
    failed: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Why, and how sure.
#[derive(Debug, Clone, clap::Args)]
pub struct Decision {
    /// Why; kept in the ledger for the auditor
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub reason: String,
    /// Says what would be done, and changes nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Does not ask, however many documents it is about
    #[arg(long)]
    yes: bool,
    /// Prints the answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl ChosenArgs {
    /// The documents as they stand. Those named that may not be touched are told and left out; when none is left, that is the
    /// error.
    pub async fn find(
        &self,
        ledger: &Ledger,
        verb: &str,
        refuse: impl Fn(&Found) -> Option<String>,
    ) -> Result<Vec<Found>> {
        let found = if self.failed {
            self.filter.find(ledger, Among::Failed).await?
        } else {
            let named = Chosen::Named(parse_ids(&self.documents)?);
            ledger.chosen(&named).await?
        };
        without_refused(found, verb, refuse)
    }
}

/// A mistyped cause would look like nothing to do.
pub async fn refuse_unknown_cause(ledger: &Ledger, period: Period, cause: &str) -> Result<()> {
    if alerts::is_cause(cause) {
        return Ok(());
    }
    let causes = ledger.causes(&Selection::all(period)).await?;
    let failed: Vec<&str> = causes
        .iter()
        .filter(|known| known.state == State::Failed)
        .map(|known| known.cause.as_str())
        .collect();
    let known = if failed.is_empty() {
        "no document has failed".to_owned()
    } else {
        format!("documents failed by {}", failed.join(", "))
    };
    Err(Error::config(format!(
        "--cause {cause}: there is no such cause; of {period} {known}"
    )))
}

/// Parses account ids as an operator writes them.
pub fn account_ids(texts: &[String]) -> Result<Vec<AccountId>> {
    let ids = texts.iter().map(|id| {
        id.parse()
            .map_err(|error: Error| Error::config(format!("--account: {error}")))
    });
    ids.collect()
}

/// Parses document ids; one that is named twice is meant once.
pub fn parse_ids(texts: &[String]) -> Result<Vec<DocumentId>> {
    let mut ids = texts
        .iter()
        .map(|text| text.parse())
        .collect::<Result<Vec<DocumentId>>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Tells and leaves out what may not be touched.
pub fn without_refused(
    found: Vec<Found>,
    verb: &str,
    refuse: impl Fn(&Found) -> Option<String>,
) -> Result<Vec<Found>> {
    let mut refused = Vec::new();
    let kept: Vec<Found> = found
        .into_iter()
        .filter(|found| match refuse(found) {
            Some(why) => {
                refused.push(format!("{} {why}", found.document));
                false
            }
            None => true,
        })
        .collect();
    if let (true, Some(first)) = (kept.is_empty(), refused.first()) {
        return Err(Error::config(format!("{first}: nothing to {verb}")));
    }
    for refused in &refused {
        telemetry::say(&format!("left alone: {refused}"));
    }
    Ok(kept)
}

impl Decision {
    /// Whether to go on: not in a dry run, and above a hundred documents only when somebody says so, at the terminal or by
    /// `--yes`.
    pub async fn is_taken(&self, verb: &str, documents: &[Found]) -> Result<bool> {
        let count = documents.len();
        if self.dry_run || count > ASK_ABOVE {
            let noun = if count == 1 { "document" } else { "documents" };
            telemetry::say(&format!("{verb} {count} {noun}:"));
            for found in documents.iter().take(TOLD) {
                let cause = found.cause.as_deref().unwrap_or_default();
                telemetry::say(&format!(
                    "  {}  {}  {}",
                    found.document,
                    found.state,
                    printable(cause)
                ));
            }
            if count > TOLD {
                telemetry::say(&format!("  and {} more", count - TOLD));
            }
        }
        if self.dry_run {
            if self.json {
                let ids: Vec<_> = documents
                    .iter()
                    .map(|found| found.document.to_string())
                    .collect();
                line!("{}", json!({ "dry_run": true, "documents": ids }));
            } else {
                line!("Dry run: nothing was changed.");
            }
            return Ok(false);
        }
        if count <= ASK_ABOVE || self.yes {
            return Ok(true);
        }
        confirmed(&format!(
            "{count} documents are many, and nobody is at a terminal to be asked"
        ))
        .await
    }
}

/// Asks whoever is at the terminal whether to go on.
pub async fn confirmed(nobody: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Err(Error::config(format!(
            "{nobody}: look with --dry-run, then say --yes"
        )));
    }
    let _ = io::stderr().write_all(b"Go on? [y/N] ");
    let mut termination = Termination::listen()?;
    let answer = tokio::select! {
        () = termination.requested() => String::new(),
        answer = tokio::task::spawn_blocking(read_line) => answer
            .map_err(io::Error::from)
            .and_then(|line| line)
            .map_err(|reason| Error::config("the answer cannot be read").because(reason))?,
    };
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(true);
    }
    line!("Nothing was changed.");
    Ok(false)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

/// How documents are made again.
#[derive(Debug, Clone, clap::Args)]
pub struct Making {
    /// The instant, RFC 3339, of which they get their date of issue [default: now]
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// Accepts closing snapshots as old as this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    accept_snapshot: Option<String>,
    /// Waits for the end (implied locally)
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    pub queue: QueueSettings,
}

impl Making {
    /// Begins a run for documents of one period, and says which of their accounts consent to electronic delivery. They are
    /// made from the source as it is now: readiness is looked at anew, and its snapshots are pinned.
    pub async fn begin(
        &self,
        config: &Config,
        ledger: &Ledger,
        command: Command,
        found: &[Found],
    ) -> Result<(Run, HashSet<String>)> {
        let clock = Clock::at(self.at.as_deref().map(parse_instant).transpose()?);
        let accepted = readiness::accepted_snapshot(self.accept_snapshot.as_deref())?;
        let period = found[0].document.period;
        let kinds: Vec<Kind> = Kind::ALL
            .into_iter()
            .filter(|kind| found.iter().any(|found| found.document.kind == *kind))
            .collect();
        readiness::demand_ended(period, clock.now(), &config.business_timezone)?;
        let mut source = whole_source::open(config).await?;
        let snapshots = readiness::snapshots(&mut source, period, &kinds, accepted).await?;
        let scope = Scope {
            profile: &config.profile,
            period,
            kinds: &kinds,
            snapshots,
        };
        let consenting = consenting(&mut source, found).await?;
        // Last: it may end the snapshot.
        let findings = agreement::find(&mut source, scope).await?;
        let issued_on = clock.today(&config.business_timezone);
        let per_slot = self.queue.documents_per_slot;
        let run = ledger
            .record_run(period, issued_on, snapshots, command, per_slot, clock.now())
            .await?;
        agreement::keep(config, ledger, &run, &findings).await?;
        for finding in agreement::words::lines(&findings) {
            telemetry::say(&finding);
        }
        Ok((run, consenting))
    }

    /// Records the run's documents, submits them, follows them where that is asked for, and tells how they stand.
    pub async fn make(
        &self,
        config: &Config,
        settings: &Settings,
        ledger: &Ledger,
        run: &Run,
        recorded: impl Future<Output = Result<u64>>,
    ) -> Result<Report> {
        let queue = self.queue.open(config, settings, ledger).await?;
        let work = Work {
            submitter: Submitter {
                config,
                ledger,
                queue: &queue,
                cancel: &Termination::listen()?,
                run,
                documents_per_slot: self.queue.documents_per_slot,
                again: false,
                refusals_percent: self.queue.refusals_percent,
            },
            which: Which::OfRun(&run.run_id, run.period),
            wait: self.wait,
        };
        work.through(recorded).await
    }
}

/// Which of the documents' accounts consent to electronic delivery, as the source says now.
async fn consenting(source: &mut Source, found: &[Found]) -> Result<HashSet<String>> {
    let mut consenting = HashSet::new();
    for chunk in found.chunks(ACCOUNTS_AT_ONCE) {
        // Account ids are letters, digits, `_` and `-` only.
        let ids: Vec<String> = chunk
            .iter()
            .map(|found| format!("'{}'", found.document.account_id))
            .collect();
        let query = format!(
            "SELECT CAST(t.account_id AS text) FROM statement_accounts t
             WHERE CAST(t.electronic_delivery AS text) = '1' AND t.account_id IN ({})",
            ids.join(", ")
        );
        let accounts: Vec<String> = sqlx::query_scalar(query_text(query))
            .fetch_all(source.connection())
            .await
            .map_err(statement_failed("looking for consent", Whose::Source))?;
        consenting.extend(accounts);
    }
    Ok(consenting)
}
