//! Has a converter try what converters do (`converter --probe`): as a process here, on AWS as a job, under the role that they have.

use std::process::Stdio;
use std::time::Duration;

use common::clock::Clock;
use common::config::{Config, Deployment, Settings};
use common::ledger::Ledger;
use common::{Class, Error, Result};
use tokio::process::Command;
use tokio::time::timeout;

use crate::queue::{
    BatchQueue, HEAPS, JobStatus, Probed, QueueSettings, Units, converter_path, environment,
};

/// Has a converter try; returns what should be known although nothing is wrong.
pub async fn converter(
    config: &Config,
    settings: &Settings,
    queue: &QueueSettings,
    patience: Duration,
) -> Result<Option<String>> {
    match config.deployment {
        Deployment::Local => here(config, settings, patience).await.map(|()| None),
        Deployment::Aws => on_batch(config, queue, patience).await,
    }
}

/// Runs it beside this process, with its settings.
async fn here(config: &Config, settings: &Settings, patience: Duration) -> Result<()> {
    let converter = converter_path()?;
    let probing = Command::new(&converter)
        .args(["--probe", "--expect-profile", &config.profile.hash])
        .envs(HEAPS)
        .envs(environment(config, settings))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|reason| {
            let converter = converter.display();
            Error::config(format!("the converter {converter} cannot be started")).because(reason)
        })?;
    let ended = timeout(patience, probing.wait_with_output())
        .await
        .map_err(|_| too_slow(patience))?
        .map_err(|reason| Error::bug("the probe cannot be waited for").because(reason))?;
    if ended.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&ended.stderr);
    let said = words.lines().rfind(|line| !line.starts_with("note:"));
    let said = said.map_or_else(
        || ended.status.to_string(),
        |said| said.strip_prefix("converter: ").unwrap_or(said).to_owned(),
    );
    Err(failed(ended.status.code(), &said))
}

/// Submits it, waits for it, and has its words from the ledger.
async fn on_batch(
    config: &Config,
    queue: &QueueSettings,
    patience: Duration,
) -> Result<Option<String>> {
    let batch = queue.batch(config).await?;
    let now = Clock::default().now().strftime("%Y%m%dT%H%M%SZ");
    let unique = format!("{now}-{:06x}", fastrand::u32(..1 << 24));
    match batch.probe(&unique, &config.profile.hash, patience).await? {
        Probed::Ended(job) if job.exit_code == Some(0) => Ok(None),
        Probed::Ended(job) => Err(failed(job.exit_code, &words(config, &job).await)),
        Probed::Running => Err(too_slow(patience)),
        Probed::NotBegun(job) => not_begun(config, &batch, &job, patience).await,
    }
}

/// What it said of itself, or else what Batch says of it.
async fn words(config: &Config, job: &JobStatus) -> String {
    let told = async {
        let ledger = Ledger::look(config).await?;
        let told = ledger.words_of_probe(&job.batch_job_id).await;
        ledger.close().await;
        told
    };
    match told.await {
        Ok(Some(words)) if !words.is_empty() => words,
        _ => {
            let log = job.log_stream.as_ref().map_or_else(String::new, |stream| {
                format!(
                    "; its log says why: aws logs tail \"$LOG_GROUP\" --log-stream-names {stream}"
                )
            });
            format!(
                "it could not tell the ledger why. Batch says: {}{log}",
                job.words()
            )
        }
    }
}

/// While other jobs are before it, that is no fault; otherwise nothing would begin.
async fn not_begun(
    config: &Config,
    batch: &BatchQueue,
    job: &JobStatus,
    patience: Duration,
) -> Result<Option<String>> {
    let ledger = Ledger::look(config).await?;
    let open = ledger.open_jobs().await;
    ledger.close().await;
    let seconds = patience.as_secs();
    let short = batch.units().await?.filter(Units::are_short);
    match (open?.len(), short) {
        (0, Some(units)) => Err(Error::retry(
            "waiting_for_database",
            format!(
                "its job has not begun in {seconds} s: it waits for connections of the database, {} of {} are free, and no other job is open that would give some back; runbooks/waiting-for-database.md",
                units.available, units.total
            ),
        )),
        (0, None) => Err(Error::retry(
            "stuck_runnable",
            format!(
                "its job has not begun in {seconds} s, although no other is open. Batch says: {}; runbooks/queue-stuck.md",
                job.words()
            ),
        )),
        (jobs, _) => Ok(Some(format!(
            "not tried: its job has not begun in {seconds} s, with {jobs} others open; `enqueuer check` tries again"
        ))),
    }
}

fn too_slow(patience: Duration) -> Error {
    Error::retry(
        "timeout",
        format!(
            "it has not ended in {} s: what it waits for, its log says; --probe-seconds N waits longer",
            patience.as_secs()
        ),
    )
}

/// Why it ended, by the class that its exit code has.
fn failed(code: Option<i32>, said: &str) -> Error {
    let classes = [Class::Data, Class::Config, Class::Retry];
    let class = classes
        .into_iter()
        .find(|class| code == Some(class.exit_code().into()));
    let message = format!("a converter ended with {}: {said}", ended_with(code));
    match class {
        Some(Class::Data) => Error::data("probe", message),
        Some(Class::Config) => Error::config(message),
        Some(Class::Retry) => Error::retry("probe", message),
        _ => Error::bug(message),
    }
}

fn ended_with(code: Option<i32>) -> String {
    code.map_or_else(
        || "no exit code".to_owned(),
        |code| format!("exit code {code}"),
    )
}
