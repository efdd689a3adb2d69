//! The local queue: runs the real converter as processes with the arguments, environment, retry rule, timeout and
//! signals that AWS Batch uses.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::config::{Config, Settings};
use common::ledger::{By, Job, Ledger, MAX_ATTEMPTS, SlotEnd};
use common::statement::DocumentId;
use common::termination::{self, Termination};
use common::{Class, Error, Result};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Batch sends SIGKILL this long after SIGTERM.
const KILL_AFTER: Duration = Duration::from_secs(30);

/// What a converter's heaps grow by, and what they keep, in bytes (glibc, `mallopt(3)`). Left to itself a process that makes one document
/// spends a tenth of its time on growing them page by page. Who sets one must set all: the others then no longer adapt.
pub const HEAPS: [(&str, &str); 3] = [
    ("MALLOC_TOP_PAD_", "1048576"),
    ("MALLOC_MMAP_THRESHOLD_", "4194304"),
    ("MALLOC_TRIM_THRESHOLD_", "8388608"),
];

/// What is kept of a converter's last words.
const LAST_WORDS_BYTES: usize = 4096;

/// Runs jobs as processes.
pub struct ProcessQueue {
    converter: PathBuf,
    environment: Vec<(&'static str, String)>,
    /// Processes at a time.
    parallel: usize,
    /// How long an attempt may take.
    timeout: Duration,
    ledger: Ledger,
    verbose: bool,
}

/// What became of a slot.
#[derive(Debug, Clone)]
pub struct SlotReport {
    pub slot: u32,
    /// Documents that the converter left open, given back or failed by the settler.
    pub left_open: Vec<DocumentId>,
    /// It ended because of its settings (exit 78): every other would, too.
    pub misconfigured: bool,
    /// Why, in the converter's last words or by how it ended.
    pub last_words: String,
}

/// How one attempt's process ended.
enum Ended {
    Exited(ExitStatus),
    TimedOut,
}

/// How long a slot waits after an attempt that is to be repeated: a second, then four. What is overloaded gets a moment.
pub fn pause_after(attempt: i64) -> Duration {
    Duration::from_secs(1 << (2 * (attempt - 1)))
}

impl ProcessQueue {
    /// The converter is the one beside the running enqueuer.
    pub fn new(
        config: &Config,
        settings: &Settings,
        ledger: Ledger,
        parallel: usize,
        timeout: Duration,
    ) -> Result<Self> {
        let converter = converter_path()?;
        Ok(Self {
            converter,
            environment: environment(config, settings),
            parallel,
            timeout,
            ledger,
            verbose: settings.log.is_some(),
        })
    }

    /// Works all slots of a job; `report` hears of every slot that ended. Once `halt` is set, no slot begins any more; when
    /// cancellation is requested, running converters are told to terminate, too.
    pub async fn work(
        &self,
        job: &Job,
        cancel: &Termination,
        halt: &AtomicBool,
        mut report: impl FnMut(SlotReport) -> Result<()>,
    ) -> Result<()> {
        let mut running = FuturesUnordered::new();
        let mut slots = 0..job.slots;
        let mut outcome = Ok(());
        loop {
            while running.len() < self.parallel
                && outcome.is_ok()
                && !cancel.is_requested()
                && !halt.load(Ordering::Relaxed)
            {
                let Some(slot) = slots.next() else { break };
                running.push(self.work_slot(job, slot, cancel.clone()));
            }
            // What runs already is waited for, whatever the others came to.
            let Some(ended) = running.next().await else {
                break;
            };
            outcome = outcome.and(ended.and_then(&mut report));
        }
        // What did not begin is given back, as Batch's cancelled slots are.
        for slot in slots {
            self.ledger
                .settle_slot(&job.job_id, slot, &SlotEnd::Ended(By::Itself))
                .await?;
        }
        self.settle_unsettled(job).await?;
        outcome
    }

    /// A converter that ended well has settled its document, but the ledger may have lost that, as a server does that crashes with
    /// `synchronous_commit` off. What the ledger says is what counts.
    async fn settle_unsettled(&self, job: &Job) -> Result<()> {
        let end = SlotEnd::Lost {
            cause: "unreported",
            error: "its converter ended well, and the ledger does not know of it".to_owned(),
        };
        let lost = self.ledger.settle_ended_job(&job.job_id, &end).await?;
        if !lost.is_empty() {
            tracing::warn!(
                job.id = job.job_id,
                documents = lost.len(),
                "the ledger has documents open whose converters ended well"
            );
        }
        Ok(())
    }

    /// Runs a slot's attempts and settles what they leave open.
    async fn work_slot(&self, job: &Job, slot: u32, mut cancel: Termination) -> Result<SlotReport> {
        let mut attempt = 0;
        let mut misconfigured = false;
        let (end, last_words) = loop {
            attempt += 1;
            let (ended, last_words) = self.attempt(job, slot, attempt, &mut cancel).await?;
            match ended {
                Ended::TimedOut => {
                    break (
                        Some(SlotEnd::TimedOut),
                        "it ran longer than its timeout".to_owned(),
                    );
                }
                Ended::Exited(status) if status.success() => break (None, last_words),
                Ended::Exited(status) => {
                    misconfigured = status.code() == Some(Class::Config.exit_code().into());
                    let again = status.code() == Some(Class::Retry.exit_code().into());
                    if !again || attempt >= MAX_ATTEMPTS || cancel.is_requested() {
                        let last_words = if last_words.is_empty() {
                            status.to_string()
                        } else {
                            last_words
                        };
                        let by = match status.code() {
                            Some(_) => By::Itself,
                            None => By::Signal,
                        };
                        break (Some(SlotEnd::Ended(by)), last_words);
                    }
                    tokio::select! {
                        () = sleep(pause_after(attempt)) => {}
                        () = cancel.requested() => {}
                    }
                }
            }
        };
        let left_open = match end {
            None => Vec::new(),
            Some(end) => self.ledger.settle_slot(&job.job_id, slot, &end).await?,
        };
        Ok(SlotReport {
            slot,
            left_open,
            misconfigured,
            last_words,
        })
    }

    async fn attempt(
        &self,
        job: &Job,
        slot: u32,
        attempt: i64,
        cancel: &mut Termination,
    ) -> Result<(Ended, String)> {
        let mut command = Command::new(&self.converter);
        command
            .args(["--job", &job.job_id])
            .envs(HEAPS)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_BATCH_JOB_ID", &job.job_id)
            .env("AWS_BATCH_JOB_ATTEMPT", attempt.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if self.verbose {
                Stdio::inherit()
            } else {
                Stdio::piped()
            })
            // Ctrl-C is for the enqueuer, which tells its converters itself.
            .process_group(0);
        if job.slots > 1 {
            command.env("AWS_BATCH_JOB_ARRAY_INDEX", slot.to_string());
        } else {
            command.env_remove("AWS_BATCH_JOB_ARRAY_INDEX");
        }
        let mut child = command.spawn().map_err(|reason| {
            Error::config(format!(
                "the converter {} cannot be started",
                self.converter.display()
            ))
            .because(reason)
        })?;
        let _counted = termination::Child::begins();
        let stderr = child.stderr.take();
        let listen = async {
            let mut words = Vec::new();
            if let Some(mut stderr) = stderr {
                let mut buffer = [0; 1024];
                while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
                    words.extend_from_slice(&buffer[..read]);
                    let surplus = words.len().saturating_sub(LAST_WORDS_BYTES);
                    words.drain(..surplus);
                }
            }
            String::from_utf8_lossy(&words).trim().to_owned()
        };
        let (ended, words) = tokio::join!(self.wait(&mut child, cancel), listen);
        // A panic's last line only says how to see more.
        let last_line = words
            .lines()
            .rfind(|line| !line.starts_with("note:"))
            .unwrap_or_default()
            .to_owned();
        Ok((ended?, last_line))
    }

    /// Waits for a process as Batch does: SIGTERM at its timeout or when the job is cancelled, SIGKILL 30 s later.
    async fn wait(&self, child: &mut Child, cancel: &mut Termination) -> Result<Ended> {
        let failed =
            |reason| Error::bug("a converter process cannot be waited for").because(reason);
        let timed_out = tokio::select! {
            status = child.wait() => return status.map(Ended::Exited).map_err(failed),
            () = sleep(self.timeout) => true,
            () = cancel.requested() => false,
        };
        terminate(child);
        let status = if let Ok(status) = timeout(KILL_AFTER, child.wait()).await {
            status
        } else {
            child.start_kill().map_err(failed)?;
            child.wait().await
        }
        .map_err(failed)?;
        Ok(if timed_out {
            Ended::TimedOut
        } else {
            Ended::Exited(status)
        })
    }
}

fn terminate(child: &Child) {
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // A process that ended meanwhile is what we want.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// The settings as the converter's environment, whether they came by flag or by variable.
pub fn environment(config: &Config, settings: &Settings) -> Vec<(&'static str, String)> {
    let mut environment = vec![
        ("DEPLOYMENT", settings.deployment.clone()),
        ("DATABASE_URL", config.database_url.expose().to_owned()),
        (
            "SOURCE_DATABASE_URL",
            config.source_database_url.expose().to_owned(),
        ),
        ("STORE_URL", config.store.to_string()),
        ("ALERTS", "log".to_owned()),
        ("LEASE_SECONDS", config.lease.as_secs().to_string()),
        ("STALL_SECONDS", config.silence.as_secs().to_string()),
    ];
    let given = [
        ("STATEMENT_PROFILE", &settings.statement_profile),
        ("BUSINESS_TIMEZONE", &settings.business_timezone),
        ("LOG", &settings.log),
    ];
    environment.extend(
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    environment
}

/// The converter beside the running enqueuer.
pub fn converter_path() -> Result<PathBuf> {
    let enqueuer = std::env::current_exe()
        .map_err(|reason| Error::bug("the enqueuer cannot tell where it is").because(reason))?;
    let converter = enqueuer.with_file_name("converter");
    if converter.is_file() {
        return Ok(converter);
    }
    Err(Error::config(format!(
        "there is no converter at {}: install it beside the enqueuer (`cargo build --release` builds both)",
        converter.display()
    )))
}
