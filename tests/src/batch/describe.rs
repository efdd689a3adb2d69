//! DescribeJobs.

use serde_json::{Map, Value, json};

use super::api::{Refusal, client_error};
use super::definition::arn;
use super::run::texts;
use super::state::{Attempt, Job, Shared, Slot, State, Status};
use super::submit::resource;

const MAX_IDS: usize = 100;

/// Jobs, parents and children by id. Batch leaves out ids that it does not know.
pub(super) fn describe(shared: &Shared, request: &Value) -> Result<Value, Refusal> {
    let Some(ids) = request["jobs"].as_array() else {
        return client_error("jobs cannot be null");
    };
    if ids.len() > MAX_IDS {
        return client_error(format!(
            "The number of jobs may not be greater than {MAX_IDS}: {}",
            ids.len()
        ));
    }
    let state = shared.state();
    let jobs: Vec<Value> = ids
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|id| detail(shared, &state, id))
        .collect();
    Ok(json!({ "jobs": jobs }))
}

/// A job as DescribeJobs tells of it.
pub(super) fn detail(shared: &Shared, state: &State, id: &str) -> Option<Value> {
    if let Some(slot) = state.slot(id) {
        return Some(child(shared, state, slot));
    }
    let job = state.job(id)?;
    let mut told = common(shared, job, &job.id, job.status());
    told.insert("container".to_owned(), container(job));
    let summary: Map<String, Value> = status_summary(job);
    told.insert(
        "arrayProperties".to_owned(),
        json!({
            "statusSummary": summary,
            "statusSummaryLastUpdatedAt": shared.now(),
            "size": job.children.len(),
        }),
    );
    told.insert("attempts".to_owned(), json!([]));
    put(&mut told, "statusReason", parent_reason(job));
    put(&mut told, "stoppedAt", stopped_at(job));
    Some(Value::Object(told))
}

/// How many children are in each status.
pub(super) fn status_summary(job: &Job) -> Map<String, Value> {
    let mut counts = [0_u32; Status::ALL.len()];
    for child in &job.children {
        counts[child.status() as usize] += 1;
    }
    let named = Status::ALL.into_iter().zip(counts);
    named
        .map(|(status, count)| (status.name().to_owned(), count.into()))
        .collect()
}

pub(super) fn parent_reason(job: &Job) -> Option<&'static str> {
    (job.status() == Status::Failed).then_some("Array Child Job failed")
}

pub(super) fn stopped_at(job: &Job) -> Option<i64> {
    let last = job
        .children
        .iter()
        .filter_map(|child| child.stopped_at)
        .max();
    last.filter(|_| job.status().has_ended())
}

fn child(shared: &Shared, state: &State, slot: Slot) -> Value {
    let job = &state.jobs[slot.job];
    let child = state.child(slot);
    let mut told = common(shared, job, &state.id(slot), child.status());
    let mut held = container(job);
    if let (Some(attempt), Some(held)) = (child.attempts.last(), held.as_object_mut()) {
        put(held, "exitCode", attempt.exit_code);
        put(held, "reason", attempt.reason.as_deref());
        put(held, "logStreamName", Some(log_stream(shared, state, slot)));
    }
    told.insert("container".to_owned(), held);
    if job.is_array {
        told.insert(
            "arrayProperties".to_owned(),
            json!({ "statusSummary": {}, "index": slot.child }),
        );
    }
    let attempts = child.attempts.iter();
    let attempts: Vec<Value> = attempts
        .map(|ended| attempt(shared, state, slot, ended))
        .collect();
    told.insert("attempts".to_owned(), attempts.into());
    put(&mut told, "statusReason", status_reason(state, slot));
    put(&mut told, "startedAt", child.started_at);
    put(&mut told, "stoppedAt", child.stopped_at);
    put(&mut told, "isCancelled", Some(child.is_cancelled));
    put(&mut told, "isTerminated", Some(child.is_terminated));
    Value::Object(told)
}

/// A child's own, or why it is held.
pub(super) fn status_reason(state: &State, slot: Slot) -> Option<&str> {
    let child = state.child(slot);
    if child.status() == Status::Runnable && state.is_held(slot) {
        return state.held.status_reason.as_deref();
    }
    child.status_reason.as_deref()
}

fn attempt(shared: &Shared, state: &State, slot: Slot, ended: &Attempt) -> Value {
    let mut container = Map::new();
    put(&mut container, "exitCode", ended.exit_code);
    put(&mut container, "reason", ended.reason.as_deref());
    put(
        &mut container,
        "logStreamName",
        Some(log_stream(shared, state, slot)),
    );
    container.insert("networkInterfaces".to_owned(), json!([]));
    let mut told = Map::new();
    told.insert("container".to_owned(), Value::Object(container));
    put(&mut told, "startedAt", ended.started_at);
    put(&mut told, "stoppedAt", Some(ended.stopped_at));
    put(
        &mut told,
        "statusReason",
        Some(ended.status_reason.as_str()),
    );
    Value::Object(told)
}

fn log_stream(shared: &Shared, state: &State, slot: Slot) -> String {
    format!(
        "{}/default/{}",
        shared.definition.job_definition,
        state.id(slot)
    )
}

/// What parents and children have alike. Without `startedAt`, as Batch leaves it out before a job runs.
fn common(shared: &Shared, job: &Job, id: &str, status: Status) -> Map<String, Value> {
    let definition = &shared.definition;
    let mut told = Map::new();
    put(&mut told, "jobArn", Some(arn("job", id)));
    put(&mut told, "jobName", Some(job.name.as_str()));
    put(&mut told, "jobId", Some(id));
    put(&mut told, "jobQueue", Some(definition.queue_arn()));
    put(
        &mut told,
        "jobDefinition",
        Some(definition.definition_arn()),
    );
    put(&mut told, "status", Some(status.name()));
    put(&mut told, "createdAt", Some(job.created_at));
    let own = &job.request["retryStrategy"];
    let strategy = Some(own).filter(|own| !own.is_null());
    put(
        &mut told,
        "retryStrategy",
        Some(strategy.unwrap_or(&definition.retry_strategy).clone()),
    );
    let seconds = definition
        .timeout_seconds
        .map(|seconds| json!({ "attemptDurationSeconds": seconds }));
    put(&mut told, "timeout", given(job, "timeout").or(seconds));
    put(
        &mut told,
        "consumableResourceProperties",
        given(job, "consumableResourcePropertiesOverride"),
    );
    put(&mut told, "tags", given(job, "tags"));
    put(&mut told, "propagateTags", given(job, "propagateTags"));
    put(&mut told, "dependsOn", Some(json!([])));
    put(&mut told, "parameters", Some(json!({})));
    put(&mut told, "platformCapabilities", Some(json!(["FARGATE"])));
    told
}

/// What the submission says about this.
fn given(job: &Job, name: &str) -> Option<Value> {
    Some(job.request[name].clone()).filter(|value| !value.is_null())
}

/// The container as the overrides make it.
fn container(job: &Job) -> Value {
    let overrides = &job.request["containerOverrides"];
    let command: Vec<&str> = texts(&overrides["command"]).collect();
    let requirements: Vec<Value> = ["VCPU", "MEMORY"]
        .into_iter()
        .filter_map(|kind| {
            let value = resource(overrides, kind)?;
            Some(json!({ "type": kind, "value": value }))
        })
        .collect();
    let environment = overrides["environment"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    json!({
        "image": "converter",
        "command": command,
        "environment": environment,
        "resourceRequirements": requirements,
        "volumes": [],
        "mountPoints": [],
        "ulimits": [],
        "networkInterfaces": [],
        "secrets": [],
    })
}

/// Puts a value that is there.
pub(super) fn put(into: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        into.insert(name.to_owned(), value.into());
    }
}
