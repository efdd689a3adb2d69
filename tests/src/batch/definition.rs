//! What the server is made with: a job queue and a job definition.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// Batch sends SIGKILL so many seconds after SIGTERM.
pub(super) const KILL_AFTER_SECONDS: u32 = 30;

/// A job definition, the queue it is used with, and the pace of the server's time.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The program in the image.
    pub converter: PathBuf,
    /// The environment that the job definition gives; nothing of the test's own is inherited but PATH.
    pub environment: Vec<(String, String)>,
    /// Where programs run; a temp directory of the server's if not set.
    pub directory: Option<PathBuf>,
    pub job_queue: String,
    pub job_definition: String,
    /// The compute environment's room: processes at a time.
    pub max_parallel: usize,
    /// As in Terraform, unless a test wants another.
    pub retry_strategy: Value,
    /// The timeout of jobs that are submitted without one.
    pub timeout_seconds: Option<u32>,
    /// How many seconds of AWS's pass in one of ours: with 60 a timeout of a minute takes a second.
    pub time_scale: u32,
    /// How long a job is SUBMITTED, and again STARTING.
    pub launch_time: Duration,
    /// Jobs are accepted and stay RUNNABLE: nothing runs.
    pub accept_only: bool,
}

impl Default for Definition {
    fn default() -> Self {
        Self {
            converter: PathBuf::new(),
            environment: Vec::new(),
            directory: None,
            job_queue: "statements".to_owned(),
            job_definition: "converter".to_owned(),
            max_parallel: 2,
            retry_strategy: retry_strategy(),
            timeout_seconds: None,
            time_scale: 1,
            launch_time: Duration::ZERO,
            accept_only: false,
        }
    }
}

impl Definition {
    /// How long so many seconds of AWS's take here.
    pub(super) fn scaled(&self, seconds: u32) -> Duration {
        Duration::from_secs(seconds.into()) / self.time_scale.max(1)
    }

    pub(super) fn queue_arn(&self) -> String {
        arn("job-queue", &self.job_queue)
    }

    pub(super) fn definition_arn(&self) -> String {
        format!("{}:1", arn("job-definition", &self.job_definition))
    }
}

/// The retry strategy that Terraform gives the job definition, as `RegisterJobDefinition` takes it.
pub fn retry_strategy() -> Value {
    let names = include_str!("../../../terraform/names.json");
    let names: Value = serde_json::from_str(names).unwrap_or_else(|reason| panic!("{reason}"));
    names["retry_strategy"].clone()
}

/// The name of something in the server's account and region.
pub(super) fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:batch:ap-northeast-1:123456789012:{kind}/{name}")
}
