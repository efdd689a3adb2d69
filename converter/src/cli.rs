//! The program `converter`: streams the rows of one slot's documents from SQL into workbooks, proves them and publishes them.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use common::config::{Deployment, Settings};
use common::ledger::{Assignment, Ledger};
use common::statement::DocumentId;
use common::termination::{self, Termination};
use common::{Class, Error, Result, command_line, files, telemetry};

use crate::export::{Exporter, Origin};
use crate::probe::Probe;
use crate::redigest;

/// Converts the documents of one job slot, or one named document.
#[derive(Debug, Parser)]
#[command(
    name = "converter",
    version = common::build_version(),
    override_usage = "converter [OPTIONS] --job <JOB>\n       converter [OPTIONS] --document <DOCUMENT>\n       converter [OPTIONS] --probe"
)]
struct Arguments {
    /// The job whose slot is converted; the slot is AWS_BATCH_JOB_ARRAY_INDEX (absent: 0)
    #[arg(
        long,
        value_name = "JOB",
        required_unless_present_any = ["document", "digests", "probe"],
        conflicts_with = "document"
    )]
    job: Option<String>,
    /// Converts this document, outside of any job
    #[arg(long, value_name = "DOCUMENT")]
    document: Option<String>,
    /// Rebuilds the published document and compares: exit 0 when it is equal, 65 when it is different
    #[arg(long, requires = "document")]
    verify: bool,
    /// Reads the rows of published documents again and prints their digests: what the enqueuer's certificate asks for, line by line
    #[arg(long, conflicts_with_all = ["job", "document"], hide = true)]
    digests: bool,
    /// Tries what documents need, and makes none: reads a row of each relation, and puts one object beside the documents, which stays
    #[arg(long, conflicts_with_all = ["job", "document", "digests"])]
    probe: bool,
    /// The profile that the enqueuer has, by its hash
    #[arg(long, value_name = "HASH", requires = "probe", hide = true)]
    expect_profile: Option<String>,
    /// The job on Batch, as AWS Batch sets it
    #[arg(long, env = "AWS_BATCH_JOB_ID", hide = true)]
    batch_job_id: Option<String>,
    /// The slot of an array job, as AWS Batch sets it
    #[arg(
        long,
        env = "AWS_BATCH_JOB_ARRAY_INDEX",
        default_value_t = 0,
        hide = true
    )]
    slot: u32,
    /// The number of the attempt, as AWS Batch sets it
    #[arg(long, env = "AWS_BATCH_JOB_ATTEMPT", default_value_t = 1, hide = true)]
    attempt: u32,
    #[command(flatten)]
    settings: Settings,
}

/// The program.
pub fn run() -> ExitCode {
    files::keep_private();
    let arguments: Arguments = match command_line::parse() {
        Ok(arguments) => arguments,
        Err(ended) => return ended,
    };
    start(&arguments).unwrap_or_else(|error| {
        telemetry::print(&format!("converter: {}", error.chain()));
        error.exit_code()
    })
}

/// Its command line, with every setting.
pub fn command() -> clap::Command {
    command_line::readable(Arguments::command())
}

fn start(arguments: &Arguments) -> Result<ExitCode> {
    telemetry::install(
        arguments.settings.deployment()?,
        arguments.settings.log.as_deref(),
    );
    // One thread reads and, where a document is long, one (blocking) writes: that is all the parallelism a document has.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|reason| Error::bug("the runtime cannot be started").because(reason))?;
    let ended = runtime.block_on(async {
        if arguments.verify {
            let verified = Box::pin(termination::in_time(verify(arguments))).await;
            verified.map(|()| ExitCode::SUCCESS)
        } else if arguments.probe {
            let probed = Box::pin(termination::in_time(probe(arguments))).await;
            probed.map(|()| ExitCode::SUCCESS)
        } else if arguments.digests {
            let config = arguments.settings.resolve()?;
            redigest::answer(&config, io::stdin().lock(), io::stdout().lock())
                .await
                .map(|()| ExitCode::SUCCESS)
        } else {
            Box::pin(termination::in_time(convert(arguments))).await
        }
    });
    // What still hangs in a call of the system is nobody's any more.
    runtime.shutdown_background();
    ended
}

/// Tries what a document needs. There is nothing to put in order: whoever is told to terminate just ends.
async fn probe(arguments: &Arguments) -> Result<()> {
    let mut termination = Termination::listen()?;
    let config = arguments.settings.resolve()?;
    let probe = Probe {
        profile_hash: arguments.expect_profile.as_deref(),
        batch_job_id: arguments.batch_job_id.as_deref(),
    };
    tokio::select! {
        () = termination.requested() => return Err(termination::told()),
        probed = probe.run(&config) => probed?,
    }
    let _ = writeln!(
        std::io::stdout(),
        "a converter can read the ledger and the source, and publish in {}",
        config.store
    );
    Ok(())
}

/// Rebuilds a published document and compares.
async fn verify(arguments: &Arguments) -> Result<()> {
    let mut termination = Termination::listen()?;
    let config = arguments.settings.resolve()?;
    let document: DocumentId = arguments.document.as_deref().unwrap_or_default().parse()?;
    let ledger = Ledger::open(&config, 1).await?;
    let verified = crate::verify::verify(&config, &ledger, &document, &mut termination).await;
    ledger.close().await;
    let sha256 = verified?;
    // Whoever reads the answer may be gone.
    let _ = writeln!(
        std::io::stdout(),
        "{document} is equal: rebuilt and published are SHA-256 {sha256}"
    );
    Ok(())
}

/// Converts every document of the slot; each succeeds or fails by itself.
async fn convert(arguments: &Arguments) -> Result<ExitCode> {
    let termination = Termination::listen()?;
    let mut exporter = Exporter::open(arguments.settings.resolve()?, termination).await?;
    let (assignments, origin) = work(&exporter, arguments).await?;
    let mut worst: Option<Error> = None;
    for assignment in &assignments {
        if let Err(error) = exporter.convert(assignment, &origin).await {
            let error = for_the_log(error, &origin);
            let worse = worst
                .as_ref()
                .is_none_or(|worst| error.class() > worst.class());
            if worse {
                worst = Some(error.context(&assignment.document));
            }
        }
    }
    exporter.close().await;
    match worst {
        None => Ok(ExitCode::SUCCESS),
        // The log has it already, and nobody else listens.
        Some(worst) if origin.job.is_some() && is_logging(arguments) => Ok(worst.exit_code()),
        Some(worst) => Err(worst),
    }
}

/// Whether stderr is a log that is kept or looked at. Otherwise the enqueuer reads it, for the last words.
fn is_logging(arguments: &Arguments) -> bool {
    let settings = &arguments.settings;
    settings.log.is_some() || matches!(settings.deployment(), Ok(Deployment::Aws))
}

/// The last words of a slot are part of a log, where no customer's amounts belong; an operator who names a document reads them
/// on the terminal.
fn for_the_log(error: Error, origin: &Origin) -> Error {
    if error.class() != Class::Data || origin.job.is_none() {
        return error;
    }
    let cause = error.cause();
    Error::data(
        cause,
        format!("{cause}; `enqueuer status --documents` says more"),
    )
}

async fn work(exporter: &Exporter, arguments: &Arguments) -> Result<(Vec<Assignment>, Origin)> {
    let number = arguments.attempt;
    if let Some(document) = &arguments.document {
        let document: DocumentId = document.parse()?;
        let assignment = exporter.ledger().assignment(&document).await?;
        return Ok((vec![assignment], Origin { job: None, number }));
    }
    let job = arguments.job.clone().unwrap_or_default();
    let assignments = exporter.ledger().assignments(&job, arguments.slot).await?;
    Ok((
        assignments,
        Origin {
            job: Some((job, arguments.slot)),
            number,
        },
    ))
}
