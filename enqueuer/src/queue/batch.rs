//! AWS Batch in our own words: submitting a job, finding it again, how its slots stand, cancelling it.

mod check;
mod connections;
mod probe;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_batch::Client;
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{
    ArrayProperties, ContainerOverrides, JobStatus as BatchStatus, JobSummary, JobTimeout,
    KeyValuesPair, ResourceRequirement, ResourceType,
};
use common::aws::{self, Fate};
use common::ledger::{Job, Run};
use common::{Class, Error, Result};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::{JobStatus, SizeClass};
pub use connections::{Budget, Units};
pub use probe::{PROBE_JOBS, Probed};

/// AWS Batch takes 50 SubmitJob calls per second and account; others have theirs.
pub const SUBMIT_EVERY: Duration = Duration::from_millis(25);

/// How often a throttled submission is sent; the pauses between double. Together they stay below the 30 seconds that a task
/// has from SIGTERM to SIGKILL; what is still throttled then is the next sweep's.
const SUBMIT_TRIES: u32 = 8;
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// DescribeJobs takes so many ids.
const DESCRIBED_AT_ONCE: usize = 100;

/// ListJobs with a status returns up to so many at once.
const CHILDREN_PER_PAGE: i32 = 1000;

/// How often a submission whose answer was lost is looked for at once; later it is the sweep's.
const FIND_TRIES: u32 = 3;

/// What our cancellations say to Batch, and Batch to the next sweep.
pub const STOPPED: &str = "statement-export: stopped";
pub const STUCK: &str = "statement-export: stuck in RUNNABLE";

/// The queue on AWS Batch.
pub struct BatchQueue {
    client: Client,
    queue: String,
    definition: String,
    pub classes: Vec<SizeClass>,
    /// After which a job that Batch does not list counts as lost.
    pub lost_after: Duration,
    /// Connections that jobs ask for; `None` = they are not counted.
    pub budget: Option<Budget>,
    next_submission: Mutex<Instant>,
}

/// The answer to a submission.
#[derive(Debug)]
pub enum Submission {
    /// Batch has it, under this id.
    Accepted(String),
    /// Nobody knows: the sweep will find out.
    Unknown(Error),
    /// Nobody knows, and Batch answers nothing else either: it is no time for further submissions.
    Silent(Error),
}

impl BatchQueue {
    pub fn new(
        sdk: &SdkConfig,
        queue: String,
        definition: String,
        classes: Vec<SizeClass>,
        lost_after: Duration,
        budget: Option<Budget>,
    ) -> Self {
        Self {
            client: Client::new(sdk),
            queue,
            definition,
            classes,
            lost_after,
            budget,
            next_submission: Mutex::new(Instant::now()),
        }
    }

    /// Submits a job. SubmitJob knows no idempotency token: only what Batch surely has not accepted is sent again. An error
    /// means that it refused, and has nothing.
    pub async fn submit(
        &self,
        job: &Job,
        run: &Run,
        class: &SizeClass,
        documents_per_slot: u32,
    ) -> Result<Submission> {
        // An id, never a list: overrides over 8,192 characters are accepted, and then the job fails.
        let overrides = ContainerOverrides::builder()
            .command("--job")
            .command(&job.job_id)
            .set_resource_requirements(Some(requirements(class)))
            .build();
        let seconds = class.timeout(documents_per_slot).as_secs();
        let timeout = JobTimeout::builder()
            .attempt_duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX))
            .build();
        let slots = i32::try_from(job.slots).unwrap_or(i32::MAX);
        let array = (slots > 1).then(|| ArrayProperties::builder().size(slots).build());
        let request = self
            .client
            .submit_job()
            .job_name(&job.job_id)
            .job_queue(&self.queue)
            .job_definition(&self.definition)
            .set_array_properties(array)
            .container_overrides(overrides)
            .set_consumable_resource_properties_override(self.connections_of_a_job())
            .timeout(timeout)
            .propagate_tags(true)
            .tags("run", &run.run_id)
            .tags("period", run.period.to_string())
            .tags("size-class", &class.name);
        self.send(&job.job_id, request).await
    }

    /// Sends a submission under its name.
    async fn send(&self, name: &str, request: SubmitJobFluentBuilder) -> Result<Submission> {
        // The SDK would send it again after a lost answer, and submit twice.
        let once = aws_sdk_batch::config::Builder::new().retry_config(RetryConfig::disabled());
        let mut pause = SHORTEST_PAUSE;
        for try_number in 1.. {
            self.pace().await;
            let answer = request
                .clone()
                .customize()
                .config_override(once.clone())
                .send()
                .await;
            let error = match answer {
                Ok(answer) => {
                    if let Some(id) = answer.job_id() {
                        return Ok(Submission::Accepted(id.to_owned()));
                    }
                    let unclear = Error::retry("aws", "SubmitJob was answered without a job id");
                    return self.find_lost(name, unclear).await;
                }
                Err(error) => error,
            };
            let doing = format!(
                "submitting job {name} to the queue {} with the definition {}",
                self.queue, self.definition
            );
            match aws::fate(&error) {
                Fate::Throttled if try_number < SUBMIT_TRIES => {
                    tracing::info!(job.id = name, try_number, "SubmitJob is throttled");
                    sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                    pause *= 2;
                }
                Fate::Unknown => return self.find_lost(name, aws::failed(&doing, error)).await,
                Fate::Throttled | Fate::Refused => return Err(aws::failed(&doing, error)),
            }
        }
        Err(Error::bug("a submission ended without an answer"))
    }

    /// Waits until the next SubmitJob may be sent.
    async fn pace(&self) {
        let mut next = self.next_submission.lock().await;
        sleep_until(*next).await;
        *next = Instant::now() + SUBMIT_EVERY;
    }

    /// Looks for a submission whose answer was lost.
    async fn find_lost(&self, name: &str, lost: Error) -> Result<Submission> {
        for seconds in (0..FIND_TRIES).map(|n| 1 << n) {
            sleep(Duration::from_millis(500 * seconds)).await;
            match self.find(name).await {
                Ok(None) => {}
                Ok(Some(id)) => {
                    tracing::warn!(
                        job.id = name,
                        batch.job_id = id,
                        "SubmitJob's answer was lost; the job is there"
                    );
                    return Ok(Submission::Accepted(id));
                }
                // Asked several times already.
                Err(reason) if reason.class() == Class::Retry => {
                    return Ok(Submission::Silent(lost));
                }
                Err(_) => break,
            }
        }
        Ok(Submission::Unknown(lost))
    }

    /// The Batch job of this name, the oldest if there are two.
    pub async fn find(&self, job_id: &str) -> Result<Option<String>> {
        let by_name = KeyValuesPair::builder()
            .name("JOB_NAME")
            .values(job_id)
            .build();
        let mut found: Vec<JobSummary> = Vec::new();
        let mut pages = self
            .client
            .list_jobs()
            .job_queue(&self.queue)
            .filters(by_name)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| aws::failed(&self.listing(), error))?;
            found.extend(page.job_summary_list.unwrap_or_default());
        }
        found.retain(|job| job.job_name() == Some(job_id));
        if found.len() > 1 {
            tracing::warn!(
                job.id = job_id,
                jobs = found.len(),
                "Batch has this job more than once; each document is made once all the same"
            );
        }
        found.sort_by_key(|job| job.created_at().unwrap_or_default());
        Ok(found.into_iter().find_map(|job| job.job_id))
    }

    /// How jobs stand, by Batch's id. Those that Batch does not list are missing.
    pub async fn describe(&self, ids: &[String]) -> Result<HashMap<String, JobStatus>> {
        let mut described = HashMap::new();
        for chunk in ids.chunks(DESCRIBED_AT_ONCE) {
            let answer = self
                .client
                .describe_jobs()
                .set_jobs(Some(chunk.to_vec()))
                .send()
                .await
                .map_err(|error| aws::failed("describing jobs", error))?;
            for job in answer.jobs.unwrap_or_default() {
                let status = JobStatus::of_detail(job);
                described.insert(status.batch_job_id.clone(), status);
            }
        }
        Ok(described)
    }

    /// An array's children of one status.
    pub async fn children(
        &self,
        parent: &str,
        status: BatchStatus,
        limit: Option<usize>,
    ) -> Result<Vec<JobStatus>> {
        let mut children = Vec::new();
        let mut pages = self
            .client
            .list_jobs()
            .array_job_id(parent)
            .job_status(status)
            .max_results(CHILDREN_PER_PAGE)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| aws::failed(&self.listing(), error))?;
            children.extend(
                page.job_summary_list
                    .unwrap_or_default()
                    .into_iter()
                    .map(JobStatus::of_summary),
            );
            if limit.is_some_and(|limit| children.len() >= limit) {
                break;
            }
        }
        Ok(children)
    }

    /// Cancels what has not begun; what runs goes on.
    pub async fn cancel(&self, batch_job_id: &str, reason: &str) -> Result<()> {
        self.client
            .cancel_job()
            .job_id(batch_job_id)
            .reason(reason)
            .send()
            .await
            .map(drop)
            .map_err(|error| aws::failed("cancelling a job", error))
    }

    fn listing(&self) -> String {
        format!("listing jobs of the queue {}", self.queue)
    }
}

/// What a size class asks of Fargate.
fn requirements(class: &SizeClass) -> Vec<ResourceRequirement> {
    let requirement = |kind, value: String| {
        ResourceRequirement::builder()
            .r#type(kind)
            .value(value)
            .build()
    };
    vec![
        requirement(ResourceType::Vcpu, class.vcpu.clone()),
        requirement(ResourceType::Memory, class.memory_mib.to_string()),
    ]
}
