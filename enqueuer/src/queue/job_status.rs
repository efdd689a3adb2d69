//! How a job or a slot stands, from the answers of DescribeJobs and ListJobs.

use std::collections::HashMap;

use aws_sdk_batch::types::{JobDetail, JobStatus as BatchStatus, JobSummary};

/// Where a job or a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not begun, and not ready to.
    Pending,
    /// Waits for capacity.
    Runnable,
    Running,
    Succeeded,
    Failed,
}

/// A job, an array's parent or a slot, as Batch tells of it.
#[derive(Debug, Clone)]
pub struct JobStatus {
    pub batch_job_id: String,
    pub phase: Phase,
    pub status_reason: String,
    pub container_reason: String,
    pub exit_code: Option<i32>,
    /// Where the log of its last attempt is.
    pub log_stream: Option<String>,
    /// By CancelJob or TerminateJob.
    pub is_cancelled: bool,
    /// Of an array's child.
    pub slot: Option<u32>,
    /// Of an array's parent: children by status.
    pub children: HashMap<String, i32>,
}

impl JobStatus {
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Of an array's parent: children of a status.
    pub fn count(&self, status: &str) -> i32 {
        self.children.get(status).copied().unwrap_or_default()
    }

    /// What Batch and the container say of its end.
    pub fn words(&self) -> String {
        let mut words: Vec<&str> = [self.status_reason.as_str(), self.container_reason.as_str()]
            .into_iter()
            .filter(|words| !words.is_empty())
            .collect();
        words.dedup();
        let exit = self.exit_code.map(|code| format!("exit code {code}"));
        words.extend(exit.as_deref());
        if words.is_empty() {
            words.push("no reason given");
        }
        words.join("; ")
    }

    pub(super) fn of_detail(job: JobDetail) -> Self {
        let container = job.container;
        let last = job
            .attempts
            .unwrap_or_default()
            .pop()
            .and_then(|attempt| attempt.container);
        let array = job.array_properties;
        Self {
            batch_job_id: job.job_id.unwrap_or_default(),
            phase: phase(job.status.as_ref()),
            status_reason: job.status_reason.unwrap_or_default(),
            container_reason: container
                .as_ref()
                .and_then(|container| container.reason.clone())
                .or_else(|| last.as_ref().and_then(|last| last.reason.clone()))
                .unwrap_or_default(),
            log_stream: container
                .as_ref()
                .and_then(|container| container.log_stream_name.clone())
                .or_else(|| last.as_ref().and_then(|last| last.log_stream_name.clone())),
            exit_code: container
                .and_then(|container| container.exit_code)
                .or_else(|| last.and_then(|last| last.exit_code)),
            is_cancelled: job.is_cancelled.unwrap_or_default()
                || job.is_terminated.unwrap_or_default(),
            slot: array
                .as_ref()
                .and_then(|array| array.index)
                .and_then(|index| u32::try_from(index).ok()),
            children: array
                .and_then(|array| array.status_summary)
                .unwrap_or_default(),
        }
    }

    pub(super) fn of_summary(job: JobSummary) -> Self {
        let container = job.container;
        Self {
            batch_job_id: job.job_id.unwrap_or_default(),
            phase: phase(job.status.as_ref()),
            status_reason: job.status_reason.unwrap_or_default(),
            container_reason: container
                .as_ref()
                .and_then(|container| container.reason.clone())
                .unwrap_or_default(),
            exit_code: container.and_then(|container| container.exit_code),
            log_stream: None,
            is_cancelled: job.is_cancelled.unwrap_or_default()
                || job.is_terminated.unwrap_or_default(),
            slot: job
                .array_properties
                .and_then(|array| array.index)
                .and_then(|index| u32::try_from(index).ok()),
            children: HashMap::new(),
        }
    }
}

fn phase(status: Option<&BatchStatus>) -> Phase {
    match status {
        Some(BatchStatus::Runnable) => Phase::Runnable,
        Some(BatchStatus::Starting | BatchStatus::Running) => Phase::Running,
        Some(BatchStatus::Succeeded) => Phase::Succeeded,
        Some(BatchStatus::Failed) => Phase::Failed,
        _ => Phase::Pending,
    }
}
