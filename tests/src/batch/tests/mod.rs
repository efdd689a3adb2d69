//! The server, driven by the real SDK, with shell scripts in the converter's place.

mod cancelling;
mod faults;
mod requests;
mod retries;
mod running;

use std::ops::Deref;
use std::path::PathBuf;

use anyhow::{Context, Result};
use aws_sdk_batch::Client;
use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{ArrayProperties, ContainerOverrides, JobDetail, JobStatus, JobTimeout};
use tempfile::TempDir;

use super::{BatchServer, Definition};

/// A server with a script as the converter, and a client of it.
struct Bench {
    server: BatchServer,
    client: Client,
    directory: TempDir,
}

impl Deref for Bench {
    type Target = BatchServer;

    fn deref(&self) -> &BatchServer {
        &self.server
    }
}

impl Bench {
    async fn new(script: &str) -> Result<Self> {
        Self::with(script, Definition::default()).await
    }

    /// The script runs in a directory of its own, where it leaves what the test looks at.
    async fn with(script: &str, definition: Definition) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let converter = directory.path().join("converter");
        std::fs::write(&converter, format!("{script}\n"))?;
        // Not a program itself: one that was just written may be "busy" while another test starts something.
        let interpreter = directory.path().join("interpreter");
        std::os::unix::fs::symlink("/bin/sh", &interpreter)?;
        let server = BatchServer::start(Definition {
            converter: interpreter,
            directory: Some(directory.path().to_owned()),
            ..definition
        })
        .await?;
        let client = client(&server.url(), 3);
        Ok(Self {
            server,
            client,
            directory,
        })
    }

    /// A submission that runs the script.
    fn submission(&self, name: &str) -> SubmitJobFluentBuilder {
        let overrides = ContainerOverrides::builder()
            .command("converter")
            .command("--job")
            .command(name);
        self.client
            .submit_job()
            .job_name(name)
            .job_queue("statements")
            .job_definition("converter")
            .container_overrides(overrides.build())
    }

    async fn submit(&self, name: &str) -> Result<String> {
        self.sent(self.submission(name)).await
    }

    async fn submit_array(&self, name: &str, size: i32) -> Result<String> {
        let array = ArrayProperties::builder().size(size).build();
        self.sent(self.submission(name).array_properties(array))
            .await
    }

    async fn submit_with_timeout(&self, name: &str, seconds: i32) -> Result<String> {
        let timeout = JobTimeout::builder()
            .attempt_duration_seconds(seconds)
            .build();
        self.sent(self.submission(name).timeout(timeout)).await
    }

    async fn sent(&self, submission: SubmitJobFluentBuilder) -> Result<String> {
        let answer = submission.send().await?;
        answer.job_id.context("no job id")
    }

    async fn describe(&self, id: &str) -> Result<JobDetail> {
        let answer = self.client.describe_jobs().jobs(id).send().await?;
        let mut jobs = answer.jobs.unwrap_or_default();
        jobs.pop().with_context(|| format!("{id} is not known"))
    }

    async fn status(&self, id: &str) -> Result<JobStatus> {
        self.describe(id).await?.status.context("no status")
    }

    /// Waits until so many programs run.
    async fn wait_running(&self, count: usize) -> Result<()> {
        let what = format!("{count} programs run");
        self.wait_until(&what, |server| server.running().len() == count)
            .await
    }

    /// Waits until a script has written so many lines.
    async fn wait_lines(&self, file: &str, count: usize) -> Result<()> {
        for _ in 0..500 {
            if self.lines(file).len() >= count {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        anyhow::bail!("{file} has {:?}", self.lines(file))
    }

    /// The lines that scripts wrote into a file.
    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(file)).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A client as our programs have it, which sends a request at most `attempts` times.
fn client(url: &str, attempts: u32) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(std::time::Duration::from_millis(5));
    let config = aws_sdk_batch::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(url)
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(Credentials::new("AKIDTEST", "secret", None, None, "test"))
        .http_client(common::aws::http_client())
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}
