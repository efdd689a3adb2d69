use std::process::ExitCode;

use common::clock::{Clock, parse_instant};
use common::config::{Config, Settings};
use common::database::Database;
use common::ledger::{DocumentRow, Ledger, Listed, Selection, State};
use common::statement::{Kind, Period};
use common::termination::Termination;
use common::{Class, Result, telemetry};
use futures_util::TryStreamExt;

use super::status::print_causes;
use crate::context::open_ledger;
use crate::month_end::{self, Request};
use crate::out::line;
use crate::queue::QueueSettings;
use crate::sample::{self, Planted, Sample, SampleOptions};
use crate::source_database;
use crate::source_writer::SourceWriter;

/// Makes a sample securities database and runs its last complete month, locally
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// How many accounts the sample has
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    accounts: u32,
    /// The same seed makes the same sample
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The instant of the run, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// Replaces a sample that an earlier `demo` or `load` made
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    queue: QueueSettings,
}

impl Demo {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let clock = Clock::at(self.at.as_deref().map(parse_instant).transpose()?);
        let period = Period::last_complete(clock.now(), &config.business_timezone);
        let cancel = Termination::listen()?;
        let sample = self.make_sample(&config, period).await?;

        Database::of_ledger(&config)?.create_file()?;
        let ledger = open_ledger(&config).await?;
        let queue = self.queue.open(&config, settings, &ledger).await?;
        let request = Request {
            selection: Selection::all(period),
            accept_snapshot: None,
            // The sample is another one every time.
            accept_fewer: true,
            is_draft: false,
            documents_per_slot: self.queue.documents_per_slot,
            // Its planted troubles are few; and it is to be seen to its end.
            refusals_percent: 100,
            resume: true,
            wait: true,
        };
        telemetry::say(&format!("Running the month end of {period}…"));
        let report = month_end::run(&config, &ledger, &queue, clock, &request, &cancel).await?;
        if report.counts.submitted == 0 {
            line!(
                "Nothing was due: what follows was published by an earlier demo in {}.",
                config.store
            );
        }
        let unplanned = tell(&config, &ledger, &request.selection, &sample).await?;
        ledger.close().await;
        Ok(if unplanned {
            ExitCode::FAILURE
        } else if report.open > 0 || report.cancelled {
            ExitCode::from(Class::Retry.exit_code())
        } else {
            ExitCode::SUCCESS
        })
    }

    async fn make_sample(&self, config: &Config, period: Period) -> Result<Sample> {
        let (database, pool) = source_database::open_for_writing(config).await?;
        telemetry::say(&format!(
            "Making a sample of {} accounts in {}…",
            self.accounts, database.url
        ));
        let mut writer = SourceWriter::create(&database, &pool, "demo", self.replace).await?;
        let options = SampleOptions {
            seed: self.seed,
            accounts: 1..=self.accounts,
            period,
            position_basis: config.profile.position_basis,
        };
        let sample = sample::write(&mut writer, &options).await?;
        writer.finish().await?;
        pool.close().await;
        Ok(sample)
    }
}

/// Says in plain words what happened. Returns whether anything failed that was not planted.
async fn tell(
    config: &Config,
    ledger: &Ledger,
    selection: &Selection,
    sample: &Sample,
) -> Result<bool> {
    let period = selection.period;
    let listed = ledger.documents(selection, &Listed::default());
    let documents: Vec<DocumentRow> = listed.try_collect().await?;
    let of = |state: State| {
        documents
            .iter()
            .filter(move |document| document.state == state)
    };
    let count = |state| of(state).count();
    let open = count(State::Due) + count(State::Submitted) + count(State::Running);
    let ended = if open == 0 {
        "is done".to_owned()
    } else {
        format!("was stopped, {open} statements are open")
    };
    line!(
        "\nThe month end of {period} {ended}: of {} accounts with {} trades, {} statements are published, {} failed, {} are excused.",
        sample.accounts,
        sample.trades,
        count(State::Succeeded),
        count(State::Failed),
        count(State::Excused)
    );
    line!("\nTroubles that the sample has on purpose:");
    let mut told = Vec::new();
    for Planted { trouble, .. } in &sample.planted {
        if told.contains(trouble) {
            continue;
        }
        told.push(*trouble);
        let same = sample
            .planted
            .iter()
            .filter(|other| other.trouble == *trouble);
        let accounts: Vec<&str> = same.map(|planted| planted.account_id.as_str()).collect();
        line!("  {}: {}", accounts.join(", "), trouble.describe());
    }
    print_causes(&ledger.causes_by_place(selection).await?);
    let unplanned = unplanned(sample, &documents);
    for document in &unplanned {
        line!("\n{document} did not end as planned: please report this.");
    }
    line!("\nOpen in Excel or LibreOffice:");
    let shown = |kind| {
        of(State::Succeeded)
            .filter(move |document| document.kind == kind)
            .filter(|document| document.rows.is_some_and(|rows| rows >= 10))
            .filter_map(|document| document.object_key.as_ref())
            .take(2)
    };
    for key in shown(Kind::Trade).chain(shown(Kind::Balance)) {
        line!("  {}", config.store.locate(key));
    }
    line!(
        "\nThen: `DATABASE_URL={} {program} status --documents` lists every document; `{program} load DIR` takes your own data.",
        config.database_url,
        program = called_as()
    );
    Ok(!unplanned.is_empty())
}

/// The program as it was called: after `make demo` no `enqueuer` is on the path.
fn called_as() -> String {
    let program = std::env::args_os().next();
    program.map_or_else(
        || "enqueuer".to_owned(),
        |program| program.to_string_lossy().into_owned(),
    )
}

/// Documents that failed without a planted trouble, and those that a planted trouble should have stopped and did not.
fn unplanned(sample: &Sample, documents: &[DocumentRow]) -> Vec<String> {
    let must_fail = |document: &DocumentRow| {
        let planted = sample
            .planted
            .iter()
            .find(|planted| planted.account_id == document.account_id);
        planted.and_then(|planted| planted.trouble.refused()) == Some(document.kind)
    };
    documents
        .iter()
        .filter(|document| match document.state {
            State::Failed => !must_fail(document),
            State::Succeeded => must_fail(document),
            _ => false,
        })
        .map(|document| document.document_id.clone())
        .collect()
}
