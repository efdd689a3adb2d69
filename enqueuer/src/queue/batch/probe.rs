//! A converter that only tries what converters do, as a job: with their image, their settings and their role.

use std::time::Duration;

use aws_sdk_batch::types::{ContainerOverrides, JobTimeout, RetryStrategy};
use common::{Error, Result};
use tokio::time::{Instant, sleep};

use super::{BatchQueue, Submission};
use crate::queue::{JobStatus, Phase};

/// How names of probes begin: events of AWS leave them out (`terraform/events.tf`).
pub const PROBE_JOBS: &str = "probe-";

/// How long is waited between two looks, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Batch takes no shorter timeout.
const SHORTEST_TIMEOUT: Duration = Duration::from_mins(1);

/// What our cancellation says to Batch.
const GIVEN_UP: &str = "statement-export: check has ended";

/// What became of a probe.
pub enum Probed {
    Ended(JobStatus),
    /// It was not its turn; it is cancelled.
    NotBegun(JobStatus),
    /// It began and has not ended.
    Running,
}

impl BatchQueue {
    /// Submits a probe and waits for its end, but no longer than `patience`. It has the smallest size class.
    pub async fn probe(
        &self,
        unique: &str,
        profile_hash: &str,
        patience: Duration,
    ) -> Result<Probed> {
        let class = self.classes.first();
        let overrides = ContainerOverrides::builder()
            .command("--probe")
            .command("--expect-profile")
            .command(profile_hash)
            .set_resource_requirements(class.map(super::requirements))
            .build();
        let seconds = patience.max(SHORTEST_TIMEOUT).as_secs();
        let timeout = JobTimeout::builder()
            .attempt_duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX))
            .build();
        let name = format!("{PROBE_JOBS}{unique}");
        let request = self
            .client
            .submit_job()
            .job_name(&name)
            .job_queue(&self.queue)
            .job_definition(&self.definition)
            .container_overrides(overrides)
            // It connects as a document's does.
            .set_consumable_resource_properties_override(self.connections_of_a_job())
            // Whoever waits hears at once what it is.
            .retry_strategy(RetryStrategy::builder().attempts(1).build())
            .timeout(timeout);
        let began = Instant::now();
        let id = match self.send(&name, request).await? {
            Submission::Accepted(id) => id,
            Submission::Unknown(lost) | Submission::Silent(lost) => return Err(lost),
        };
        let mut pause = SHORTEST_PAUSE;
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let status = self.describe(std::slice::from_ref(&id)).await?.remove(&id);
            let status = status.ok_or_else(|| {
                Error::retry("aws", format!("Batch knows nothing of the job {name}"))
            })?;
            if status.has_ended() {
                return Ok(Probed::Ended(status));
            }
            if began.elapsed() < patience {
                continue;
            }
            if status.phase == Phase::Running {
                return Ok(Probed::Running);
            }
            self.cancel(&id, GIVEN_UP).await?;
            return Ok(Probed::NotBegun(status));
        }
    }
}
