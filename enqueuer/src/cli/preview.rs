use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use common::clock::{Clock, parse_instant};
use common::config::{Config, Settings};
use common::database::Database;
use common::ledger::{DocumentRow, Ledger, Listed, MAX_ATTEMPTS, Selection, State};
use common::statement::{Kind, Language};
use common::termination::Termination;
use common::{Error, Result};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::context::{open_ledger, profile_file, scratch_directory};
use crate::month_end::{self, Request};
use crate::out::line;
use crate::out_file;
use crate::queue::{ProcessQueue, Queue};
use crate::sample::{self, SampleOptions};
use crate::source_database;
use crate::source_writer::SourceWriter;

/// The month of the sample, and the instant at which it is made: the same profile gives the same bytes on any day.
const PERIOD: &str = "2026-10";
const AT: &str = "2026-11-02T09:00:00+09:00";

/// A sample is made within a second or two; something is wrong when it takes this long.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Renders a sample document with the profile; touches no source, ledger or store
#[derive(Debug, clap::Args)]
pub struct Preview {
    /// The kind of statement: trade or balance
    #[arg(long, value_name = "KIND")]
    kind: Kind,
    /// The customer's language: ja or en
    #[arg(long, value_name = "LANGUAGE")]
    language: Language,
    /// Where the workbook goes; an earlier one is replaced [default: preview.KIND.LANGUAGE.xlsx]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Preview {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let out = self.destination()?;
        let cancel = Termination::listen()?;
        // The ordinary month end, in a directory of its own that goes when we do.
        let directory = scratch_directory("preview")?;
        let own_settings = settings_within(directory.path(), settings);
        let config = own_settings.resolve()?;
        let selection = self.make_sample(&config).await?;
        let ledger = open_ledger(&config).await?;
        let made = make(&config, &own_settings, &ledger, selection, &cancel).await;
        ledger.close().await;
        let made = made?;
        let key = made.object_key.as_deref().unwrap_or_default();
        place(Path::new(&config.store.locate(key)), &out)?;
        if self.json {
            line!(
                "{}",
                json!({"file": out.display().to_string(), "document_id": made.document_id, "sha256": made.sha256})
            );
        } else {
            let profile = profile_file(settings).map_or_else(
                || {
                    "the built-in profile of a sample firm; set STATEMENT_PROFILE to see your own"
                        .to_owned()
                },
                |file| format!("the profile {file}"),
            );
            line!(
                "Open {} in Excel or LibreOffice: a sample customer's {} statement with {profile}.",
                out.display(),
                self.kind
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Where the workbook goes.
    fn destination(&self) -> Result<PathBuf> {
        let out = self.out.clone().unwrap_or_else(|| {
            format!("preview.{}.{}.xlsx", self.kind, self.language.as_str()).into()
        });
        out_file::destination(out)
    }

    /// Writes the source of one customer. Returns the document to make of it.
    async fn make_sample(&self, config: &Config) -> Result<Selection> {
        let period = PERIOD.parse()?;
        let customer = sample::showcase(self.language);
        let (database, pool) = source_database::open_for_writing(config).await?;
        let mut writer = SourceWriter::create(&database, &pool, "preview", false).await?;
        let options = SampleOptions {
            seed: customer.seed,
            accounts: customer.index..=customer.index,
            period,
            position_basis: config.profile.position_basis,
        };
        sample::write(&mut writer, &options).await?;
        writer.finish().await?;
        pool.close().await;
        Database::of_ledger(config)?.create_file()?;
        Ok(Selection {
            kinds: vec![self.kind],
            ..Selection::all(period)
        })
    }
}

/// Settings of which only the profile is the operator's: whatever else is set, wrong or missing does not matter here.
fn settings_within(directory: &Path, settings: &Settings) -> Settings {
    Settings {
        database_url: Some(format!(
            "sqlite://{}",
            directory.join("sample.db").display()
        )),
        store_url: Some(format!("file:{}", directory.join("store").display())),
        statement_profile: settings.statement_profile.clone(),
        // Converters inherit what is not said.
        business_timezone: Some("Asia/Tokyo".to_owned()),
        log: settings.log.clone(),
        ..Settings::local()
    }
}

/// Runs the month end of the sample.
async fn make(
    config: &Config,
    settings: &Settings,
    ledger: &Ledger,
    selection: Selection,
    cancel: &Termination,
) -> Result<DocumentRow> {
    let queue = Queue::Processes(ProcessQueue::new(
        config,
        settings,
        ledger.clone(),
        1,
        TIMEOUT,
    )?);
    let request = Request {
        selection,
        accept_snapshot: None,
        accept_fewer: false,
        is_draft: false,
        documents_per_slot: 1,
        refusals_percent: 100,
        resume: false,
        wait: true,
    };
    let clock = Clock::at(Some(parse_instant(AT)?));
    let report = month_end::run(config, ledger, &queue, clock, &request, cancel).await?;
    if report.cancelled {
        return Err(Error::retry(
            "terminated",
            "terminated before the preview was made",
        ));
    }
    let document = ledger
        .documents(&request.selection, &Listed::default())
        .try_next()
        .await?;
    match document {
        Some(made) if made.state == State::Succeeded => Ok(made),
        other => Err(not_made(other)),
    }
}

fn not_made(document: Option<DocumentRow>) -> Error {
    let Some(document) = document else {
        return Error::bug("the sample has no document to show");
    };
    let reason = document
        .error
        .unwrap_or_else(|| "its converter ended without a word".to_owned());
    if document.state != State::Failed || document.attempts >= MAX_ATTEMPTS {
        return Error::retry(
            "preview",
            format!("the preview could not be made: {reason}"),
        );
    }
    Error::bug(format!(
        "the sample's statement was refused, which is our fault: {reason}"
    ))
}

fn place(workbook: &Path, out: &Path) -> Result<()> {
    let made = File::open(workbook)
        .map_err(|reason| Error::bug("the preview has vanished").because(reason))?;
    out_file::replace(made, out, "preview")
}
