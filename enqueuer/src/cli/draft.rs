//! `run --draft`: a month end like any other, with a ledger of its own that goes with it, and a place of its own below the store. The real
//! month end neither sees it nor finds it in its way.

use std::path::Path;
use std::process::ExitCode;

use common::clock::Clock;
use common::config::{Config, Deployment, Settings};
use common::database::Database;
use common::ledger::{Ledger, unique_id};
use common::statement::Period;
use common::store::StoreUrl;
use common::termination::Termination;
use common::{Error, Result};

use super::run::{answer, exit_code};
use super::status::print_causes;
use crate::context::{open_ledger, scratch_directory};
use crate::month_end::{self, Request};
use crate::out::line;
use crate::queue::QueueSettings;
use crate::work::Report;

/// Below the store: no period has this name, so that nobody who lists one finds it.
const DRAFTS: &str = "drafts";

/// Makes the drafts and says where they are.
pub async fn make(
    config: &Config,
    settings: &Settings,
    queue: &QueueSettings,
    clock: Clock,
    request: &Request,
    json: bool,
) -> Result<ExitCode> {
    if config.deployment == Deployment::Aws {
        return Err(Error::config(
            "--draft works on one machine only, because its ledger is a file: set DEPLOYMENT=local, SOURCE_DATABASE_URL to the source, and STORE_URL to where the drafts shall be",
        ));
    }
    let cancel = Termination::listen()?;
    let directory = scratch_directory("draft")?;
    let place = place(&config.store, request.selection.period, clock);
    let own_settings = settings_within(directory.path(), config, settings, &place);
    let own = own_settings.resolve()?;
    prepare(&own)?;
    let ledger = open_ledger(&own).await?;
    let queue = queue.open(&own, &own_settings, &ledger).await?;
    let made = month_end::run(&own, &ledger, &queue, clock, request, &cancel).await;
    let told = match made {
        Ok(report) if json => {
            let mut answer = answer(&report);
            answer["drafts"] = place.to_string().into();
            line!("{answer}");
            Ok(exit_code(&report))
        }
        Ok(report) => tell(&ledger, request, &report, &place).await,
        Err(error) => Err(error),
    };
    ledger.close().await;
    told
}

/// Where these drafts go: every time somewhere else, because nothing published is replaced.
fn place(store: &StoreUrl, period: Period, clock: Clock) -> StoreUrl {
    let name = unique_id(period, clock.now());
    match store {
        StoreUrl::Directory(directory) => StoreUrl::Directory(directory.join(DRAFTS).join(name)),
        StoreUrl::S3 { bucket, prefix } => StoreUrl::S3 {
            bucket: bucket.clone(),
            prefix: common::store::below(prefix, &format!("{DRAFTS}/{name}")),
        },
    }
}

/// The operator's settings, with another ledger, another place, and nobody who is called.
fn settings_within(
    directory: &Path,
    config: &Config,
    settings: &Settings,
    place: &StoreUrl,
) -> Settings {
    Settings {
        database_url: Some(format!("sqlite://{}", directory.join("draft.db").display())),
        source_database_url: Some(config.source_database_url.expose().to_owned()),
        store_url: Some(place.to_string()),
        alerts: Some("log".to_owned()),
        ..settings.clone()
    }
}

/// Creates what is there before an ordinary month end.
fn prepare(config: &Config) -> Result<()> {
    if let StoreUrl::Directory(directory) = &config.store {
        std::fs::create_dir_all(directory).map_err(|reason| {
            Error::config(format!("{} cannot be made", directory.display())).because(reason)
        })?;
    }
    Database::of_ledger(config)?.create_file()
}

async fn tell(
    ledger: &Ledger,
    request: &Request,
    report: &Report,
    place: &StoreUrl,
) -> Result<ExitCode> {
    let period = report.run.period;
    let counts = report.counts;
    line!(
        "{period}: {} drafts in {place}, {} failed, {} excused. Each is marked on every page, and nothing of {period} is recorded.",
        counts.succeeded,
        counts.failed,
        report.excused
    );
    print_causes(&ledger.causes(&request.selection).await?);
    Ok(exit_code(report))
}
