//! Whether queue, compute environments and job definition are such that jobs can begin.

use aws_sdk_batch::types::{CeState, CeStatus, ComputeEnvironmentDetail, JqState, JqStatus};
use common::{Error, Result, aws};

use super::BatchQueue;

/// Of a job definition; Batch has no type for it.
const ACTIVE: &str = "ACTIVE";

impl BatchQueue {
    /// Whether the queue takes jobs and has where to run them, and its jobs can be seen. Tells what should be known all the same.
    pub async fn check_queue(&self) -> Result<Option<String>> {
        self.find("check").await?;
        let name = &self.queue;
        let asked = self.client.describe_job_queues().job_queues(name).send();
        let answer = asked
            .await
            .map_err(|error| aws::failed(&format!("describing the job queue {name}"), error))?;
        let Some(queue) = answer.job_queues.unwrap_or_default().pop() else {
            return Err(Error::config(format!(
                "there is no job queue {name}; check BATCH_JOB_QUEUE and AWS_REGION"
            )));
        };
        if queue.state != Some(JqState::Enabled) {
            return Err(Error::config(format!(
                "the job queue {name} takes no jobs, it is {}: aws batch update-job-queue --job-queue {name} --state ENABLED",
                word(queue.state.as_ref().map(JqState::as_str))
            )));
        }
        if !matches!(
            queue.status,
            Some(JqStatus::Valid | JqStatus::Updating | JqStatus::Creating)
        ) {
            return Err(Error::config(format!(
                "the job queue {name} is {}, {}",
                word(queue.status.as_ref().map(JqStatus::as_str)),
                queue
                    .status_reason
                    .as_deref()
                    .unwrap_or("and AWS gives no reason")
            )));
        }
        // Batch does not say which reason it gives a job that waits for connections, only that such a limit reaches it.
        let limits = queue.job_state_time_limit_actions.unwrap_or_default();
        if self.budget.is_some() && !limits.is_empty() {
            return Err(Error::config(format!(
                "the job queue {name} cancels what waits too long in RUNNABLE, and jobs may wait for connections of the database: take its jobStateTimeLimitActions away (terraform apply)"
            )));
        }
        let order = queue.compute_environment_order.unwrap_or_default();
        let environments: Vec<String> = order
            .into_iter()
            .filter_map(|place| place.compute_environment)
            .collect();
        self.check_environments(environments).await
    }

    /// One that can be used is enough; the others are told of.
    async fn check_environments(&self, names: Vec<String>) -> Result<Option<String>> {
        let queue = &self.queue;
        if names.is_empty() {
            return Err(Error::config(format!(
                "the job queue {queue} has no compute environment: give it one"
            )));
        }
        let wanted = names.len();
        let asked = self
            .client
            .describe_compute_environments()
            .set_compute_environments(Some(names))
            .send();
        let answer = asked.await.map_err(|error| {
            aws::failed(
                &format!("describing the compute environments of {queue}"),
                error,
            )
        })?;
        let found = answer.compute_environments.unwrap_or_default();
        let unusable: Vec<String> = found.iter().filter_map(unusable).collect();
        let usable = found.len() - unusable.len();
        let told = unusable.join("; ");
        if usable > 0 {
            return Ok((usable < wanted).then_some(told));
        }
        Err(Error::config(format!(
            "no compute environment of the job queue {queue} can be used, so that jobs wait for ever: {told}"
        )))
    }

    /// Whether there is the job definition, and it may be used.
    pub async fn check_definition(&self) -> Result<()> {
        let name = &self.definition;
        let request = self.client.describe_job_definitions();
        // With a revision it is that one; Batch takes the newest active one of a name.
        let request = match unrevised(name) {
            None => request.job_definitions(name),
            Some(name) => request
                .job_definition_name(name)
                .status(ACTIVE)
                .max_results(1),
        };
        let answer = request.send().await.map_err(|error| {
            aws::failed(&format!("describing the job definition {name}"), error)
        })?;
        let Some(definition) = answer.job_definitions.unwrap_or_default().pop() else {
            return Err(Error::config(format!(
                "there is no active job definition {name}; check BATCH_JOB_DEFINITION and AWS_REGION"
            )));
        };
        match definition.status.as_deref() {
            Some(ACTIVE) => Ok(()),
            status => Err(Error::config(format!(
                "the job definition {name} is {}, so that its jobs fail: deploy again, or name another one in BATCH_JOB_DEFINITION",
                word(status)
            ))),
        }
    }
}

fn word(said: Option<&str>) -> &str {
    said.unwrap_or("in no state that AWS tells")
}

/// Why an environment takes no jobs.
fn unusable(environment: &ComputeEnvironmentDetail) -> Option<String> {
    let name = environment
        .compute_environment_name
        .as_deref()
        .unwrap_or_default();
    if environment.state != Some(CeState::Enabled) {
        let state = word(environment.state.as_ref().map(CeState::as_str));
        return Some(format!("{name} is {state}"));
    }
    if matches!(
        environment.status,
        Some(CeStatus::Valid | CeStatus::Updating | CeStatus::Creating)
    ) {
        return None;
    }
    let status = word(environment.status.as_ref().map(CeStatus::as_str));
    let reason = environment.status_reason.as_deref().unwrap_or("no reason");
    Some(format!("{name} is {status}, {reason}"))
}

/// The name of a definition without a revision; `None` = it has one.
fn unrevised(definition: &str) -> Option<&str> {
    let name = definition.rsplit('/').next().unwrap_or(definition);
    (!name.contains(':')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_told_from_a_name() {
        const ARN: &str = "arn:aws:batch:ap-northeast-1:123456789012:job-definition/converter";
        assert_eq!(unrevised("converter"), Some("converter"));
        assert_eq!(unrevised(ARN), Some("converter"));
        assert_eq!(unrevised("converter:7"), None);
        assert_eq!(unrevised(&format!("{ARN}:7")), None);
    }
}
