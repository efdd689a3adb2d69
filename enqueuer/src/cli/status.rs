use std::process::ExitCode;
use std::time::Duration;

use common::config::Settings;
use common::ledger::{CauseCount, DocumentRow, Listed, Selection, State};
use common::statement::Period;
use common::{Class, Error, Result, telemetry};
use futures_util::{Stream, StreamExt};
use serde_json::json;

use crate::alerts::mending_of_hold;
use crate::certificate;
use crate::context::{no_run, open_ledger, open_period};
use crate::deadline::Deadline;
use crate::out::{Lines, line};
use crate::printable::printable;
use crate::steering::refuse_unknown_cause;
use crate::unusable;
use crate::watch::{Watch, hold_json, slots_waiting_for_database, waiting_for_database};

/// Tells how a period stands: documents by state, failures by cause
#[derive(Debug, clap::Args)]
pub struct Status {
    /// The month, e.g. 2026-10 [default: that of the newest run]
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<String>,
    /// Lists the documents
    #[arg(long)]
    documents: bool,
    /// Lists those of this state only, e.g. failed
    #[arg(long, value_name = "STATE", requires = "documents")]
    state: Option<String>,
    /// Lists those of this cause only, e.g. positions
    #[arg(long, value_name = "CAUSE", requires = "documents")]
    cause: Option<String>,
    /// Lists so many at most
    #[arg(long, value_name = "N", requires = "documents")]
    limit: Option<u32>,
    /// Looks again and again until nothing is open: in place on a terminal, elsewhere a line each time
    #[arg(long, conflicts_with = "documents")]
    pub(super) watch: bool,
    /// Looks every so many seconds [default: 2 on a terminal, 10 elsewhere]
    #[arg(long, value_name = "SECONDS", requires = "watch", value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: Option<u64>,
    /// With --watch: when the month end must be done, HH:MM in the business time zone, the next after the run began, or RFC 3339
    #[arg(long, env = "DEADLINE", value_name = "TIME")]
    deadline: Option<String>,
    /// Prints the answer as JSON; with --watch an object per line
    #[arg(long)]
    json: bool,
}

impl Status {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let deadline = Deadline::given(self.deadline.as_deref())?;
        if self.watch {
            let watch = self.watch(deadline)?;
            let ledger = open_ledger(&config).await?;
            return watch.follow(&config, ledger).await;
        }
        let (ledger, period) = open_period(&config, self.period.as_deref()).await?;
        if !ledger.has_run(period).await? {
            ledger.close().await;
            return Ok(self.tell_no_run(period));
        }
        let selection = Selection::all(period);
        let last = certificate::summary(&ledger, period).await?;
        let counts = ledger.counts(&selection).await?;
        let causes = ledger.causes_by_place(&selection).await?;
        let unusable = ledger.unusable_ids(period).await?;
        let hold = ledger.held(period).await?;
        let runs = ledger.runs(period).await?;
        let listed = self.listed()?;
        if let Some(cause) = listed
            .cause
            .as_ref()
            .filter(|_| !is_among(&causes, &listed))
        {
            refuse_unknown_cause(&ledger, period, cause).await?;
        }
        if self.json {
            let counts: serde_json::Map<_, _> = counts
                .iter()
                .map(|(state, count)| (state.to_string(), json!(count)))
                .collect();
            let certificate = last.as_ref().map(certificate::Last::to_json);
            let mut answer =
                json!({"period": period.to_string(), "counts": counts, "certificate": certificate});
            answer["hold"] = hold
                .as_ref()
                .map_or(json!(null), |hold| hold_json(hold, period));
            answer["waiting_for_database"] = json!(slots_waiting_for_database(&runs));
            answer["causes"] = causes.iter().map(cause_json).collect();
            answer["unusable_account_ids"] = unusable::to_json(&unusable);
            if self.documents {
                list_as_json(&answer, ledger.documents(&selection, &listed)).await?;
            } else {
                line!("{answer}");
            }
        } else {
            line!("{period}");
            for (state, count) in counts.iter().filter(|(_, count)| **count > 0) {
                line!("  {state:<11}{count:>9}");
            }
            if let Some(hold) = &hold {
                let mend = mending_of_hold(hold.cause, period).command;
                let reason = printable(&hold.reason);
                line!("\nheld, {}: {reason}\n  {mend}", hold.cause.as_str());
            }
            if let Some(waiting) = waiting_for_database(&runs) {
                line!("\nwaiting: {waiting}");
            }
            print_causes(&causes);
            for told in unusable::words(&unusable) {
                line!("\n{told}");
            }
            if let Some(words) = certificate::last_words(last.as_ref(), &config) {
                line!("\n{words}");
            }
            if self.documents {
                list(ledger.documents(&selection, &listed)).await?;
            }
        }
        ledger.close().await;
        Ok(ExitCode::SUCCESS)
    }

    /// A period without a run is no month end in which all is well; for programs it has no documents.
    fn tell_no_run(&self, period: Period) -> ExitCode {
        if self.json {
            let none = State::ALL.map(|state| (state.to_string(), json!(0)));
            let counts: serde_json::Map<_, _> = none.into_iter().collect();
            let mut answer =
                json!({"period": period.to_string(), "counts": counts, "certificate": null});
            if self.documents {
                answer["documents"] = json!([]);
            }
            line!("{answer}");
        }
        telemetry::say(&format!("enqueuer: {}", no_run(period)));
        ExitCode::from(Class::Data.exit_code())
    }

    fn watch(&self, deadline: Option<Deadline>) -> Result<Watch> {
        Ok(Watch {
            period: self.period.as_deref().map(str::parse).transpose()?,
            deadline,
            every: self.every.map(Duration::from_secs),
            json: self.json,
        })
    }

    fn listed(&self) -> Result<Listed> {
        Ok(Listed {
            state: self.state.as_deref().map(str::parse).transpose()?,
            cause: self.cause.clone(),
            limit: self.limit,
        })
    }
}

/// Whether there is a document to be listed of that cause.
fn is_among(causes: &[CauseCount], listed: &Listed) -> bool {
    causes.iter().any(|known| {
        Some(&known.cause) == listed.cause.as_ref()
            && listed.state.is_none_or(|state| state == known.state)
    })
}

/// Lists documents as they come.
async fn list(mut documents: impl Stream<Item = Result<DocumentRow>> + Unpin) -> Result<()> {
    let mut lines = Lines::begin();
    while let Some(document) = documents.next().await {
        if !lines.write(&document_line(&document?)) {
            break;
        }
    }
    lines.end();
    Ok(())
}

/// Tells an answer, an object, with the documents as its last member, as they come. When the ledger is lost midway the answer is cut
/// off and no JSON, so that nobody takes it for all.
async fn list_as_json(
    answer: &serde_json::Value,
    mut documents: impl Stream<Item = Result<DocumentRow>> + Unpin,
) -> Result<()> {
    let mut lines = Lines::begin();
    let answer = answer.to_string();
    let open = answer.strip_suffix('}').unwrap_or(&answer);
    lines.write(&format!("{open},\"documents\":["));
    let mut comma = "";
    while let Some(document) = documents.next().await {
        if !lines.write(&format!("{comma}{}", document_json(&document?)?)) {
            break;
        }
        comma = ",";
    }
    lines.write("]}\n");
    lines.end();
    Ok(())
}

/// Documents of one state, cause and column.
fn cause_json(found: &CauseCount) -> serde_json::Value {
    json!({
        "state": found.state.as_str(),
        "cause": found.cause,
        "column": found.place,
        "documents": found.documents,
        "example": found.example,
    })
}

fn document_json(document: &DocumentRow) -> Result<String> {
    serde_json::to_string(document)
        .map_err(|reason| Error::bug("a document has no JSON").because(reason))
}

/// Failures, excuses, what was given back and warnings, one line per cause and column, with an example.
pub fn print_causes(causes: &[CauseCount]) {
    for CauseCount {
        state,
        cause,
        place,
        documents,
        example,
        example_error,
    } in causes
    {
        let noun = if *documents == 1 {
            "document"
        } else {
            "documents"
        };
        let warned = if *state == State::Succeeded {
            " with a warning"
        } else {
            ""
        };
        let cause = printable(cause);
        let column = place
            .as_ref()
            .map(|place| format!(", column {}", printable(place)))
            .unwrap_or_default();
        line!("\n{documents} {noun} {state}{warned}, cause {cause}{column}; e.g. {example}");
        // Of what an operator excused it is the reason.
        if let Some(error) = example_error {
            line!("  {}", printable(error));
        }
    }
}

fn document_line(document: &DocumentRow) -> String {
    let cause = printable(document.cause.as_deref().unwrap_or_default());
    format!(
        "{}  {:<10}  {cause}\n",
        document.document_id,
        document.state.as_str()
    )
}
