//! SubmitJob: what Batch refuses, and what it accepts.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::api::{Refusal, client_error, required};
use super::definition::arn;
use super::run::{fill, texts};
use super::state::{Child, Job, Shared, Slot, State, Status};
use super::{consumable, faults};
use crate::loopback::uuid;

/// The most that Batch takes as one submission.
const MAX_BODY_BYTES: usize = 30 * 1024;
/// Command and environment of the overrides, as JSON; more is accepted, and then the job fails.
const MAX_OVERRIDES_CHARACTERS: usize = 8192;
const MAX_TAGS: usize = 50;

/// Submits a job; answers its id.
pub(super) fn submit(
    shared: &Arc<Shared>,
    request: &Value,
    bytes: usize,
) -> Result<Value, Refusal> {
    check(shared, request, bytes)?;
    let mut state = shared.state();
    let twice = state.submitted_twice > 0;
    if twice {
        state.submitted_twice -= 1;
        add(shared, &mut state, request);
    }
    let place = add(shared, &mut state, request);
    let job = &state.jobs[place];
    Ok(json!({
        "jobArn": arn("job", &job.id),
        "jobName": job.name,
        "jobId": job.id,
    }))
}

fn check(shared: &Shared, request: &Value, bytes: usize) -> Result<(), Refusal> {
    let definition = &shared.definition;
    let name = required(request, "jobName")?;
    let queue = required(request, "jobQueue")?;
    let used = required(request, "jobDefinition")?;
    if bytes > MAX_BODY_BYTES {
        return client_error(format!(
            "Request body is {bytes} bytes, more than {MAX_BODY_BYTES}"
        ));
    }
    if !is_job_name(name) {
        return client_error(format!(
            "Provided name {name} is not supported pattern[a-zA-Z_0-9-]{{1,128}}"
        ));
    }
    if queue != definition.job_queue && queue != definition.queue_arn() {
        return client_error(format!("JobQueue {queue} not found"));
    }
    let revision = definition.definition_arn();
    let (unrevised, _) = revision.rsplit_once(':').unwrap_or_default();
    let name_and_revision = format!("{}:1", definition.job_definition);
    let known = [&definition.job_definition, &name_and_revision, &revision];
    if !known.into_iter().any(|known| known == used) && used != unrevised
        || shared.state().deregistered
    {
        return client_error(format!(
            "JobDefinition name {used} does not exist or is not in ACTIVE status"
        ));
    }
    check_numbers(request)?;
    consumable::check(shared, request)?;
    check_overrides(&request["containerOverrides"])
}

fn check_numbers(request: &Value) -> Result<(), Refusal> {
    let size = &request["arrayProperties"]["size"];
    if !size.is_null()
        && !size
            .as_u64()
            .is_some_and(|size| (2..=10_000).contains(&size))
    {
        return client_error(format!(
            "Array size must be between 2 and 10,000, not {size}"
        ));
    }
    let seconds = &request["timeout"]["attemptDurationSeconds"];
    if !seconds.is_null() && seconds.as_u64().is_none_or(|seconds| seconds < 60) {
        return client_error(format!(
            "Timeout must be at least 60 seconds, not {seconds}"
        ));
    }
    let tags = request["tags"].as_object().map_or(0, serde_json::Map::len);
    if tags > MAX_TAGS {
        return client_error(format!("{tags} tags are more than {MAX_TAGS}"));
    }
    if !request["dependsOn"].is_null() {
        return client_error("this test server knows no dependencies");
    }
    Ok(())
}

fn check_overrides(overrides: &Value) -> Result<(), Refusal> {
    for variable in overrides["environment"].as_array().into_iter().flatten() {
        let name = variable["name"].as_str().unwrap_or_default();
        if name.starts_with("AWS_BATCH") {
            return client_error(format!(
                "Environment variable {name} may not start with AWS_BATCH"
            ));
        }
    }
    let (vcpu, memory) = (resource(overrides, "VCPU"), resource(overrides, "MEMORY"));
    if let (Some(vcpu), Some(memory)) = (vcpu, memory)
        && !is_on_fargate(vcpu, memory)
    {
        return client_error(format!(
            "Fargate resource requirements ({vcpu} vCPU, {memory} MiB) not valid."
        ));
    }
    Ok(())
}

/// A resource that the overrides ask for.
pub(super) fn resource<'a>(overrides: &'a Value, kind: &str) -> Option<&'a str> {
    let mut requirements = overrides["resourceRequirements"].as_array()?.iter();
    requirements.find(|wanted| wanted["type"] == kind)?["value"].as_str()
}

/// 1–128 letters, digits, `-`, `_`; first a letter or digit.
fn is_job_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(allowed)
}

/// The pairs of vCPU and MiB that Fargate has.
fn is_on_fargate(vcpu: &str, memory: &str) -> bool {
    let Ok(mib) = memory.parse::<u32>() else {
        return false;
    };
    let (least, most, step) = match vcpu {
        "0.25" => return [512, 1024, 2048].contains(&mib),
        "0.5" => (1024, 4096, 1024),
        "1" | "1.0" => (2048, 8192, 1024),
        "2" | "2.0" => (4096, 16_384, 1024),
        "4" | "4.0" => (8192, 30_720, 1024),
        "8" | "8.0" => (16_384, 61_440, 4096),
        "16" | "16.0" => (32_768, 122_880, 8192),
        _ => return false,
    };
    (least..=most).contains(&mib) && mib.is_multiple_of(step)
}

/// Adds a job; its children are queued a moment later.
fn add(shared: &Arc<Shared>, state: &mut State, request: &Value) -> usize {
    let size = request["arrayProperties"]["size"].as_u64();
    let count = size
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(1);
    let first = if size.is_some() {
        Status::Pending
    } else {
        Status::Submitted
    };
    let id = uuid();
    let place = state.jobs.len();
    state.places.insert(id.clone(), place);
    state.jobs.push(Job {
        id,
        name: request["jobName"].as_str().unwrap_or_default().to_owned(),
        request: request.clone(),
        is_array: size.is_some(),
        created_at: shared.now(),
        children: (0..count)
            .map(|_| Child {
                statuses: vec![first],
                ..Child::default()
            })
            .collect(),
    });
    state.arriving += 1;
    shared.runtime.spawn(arrive(shared.clone(), place));
    place
}

/// Makes the children RUNNABLE that nobody cancelled meanwhile.
async fn arrive(shared: Arc<Shared>, place: usize) {
    sleep(shared.definition.launch_time).await;
    let mut state = shared.state();
    state.arriving -= 1;
    let too_long = has_too_long_overrides(&state.jobs[place].request);
    for child in 0..state.jobs[place].children.len() {
        let slot = Slot { job: place, child };
        if state.child(slot).status().has_ended() {
            continue;
        }
        if state.deregistered {
            state.fail_queued(slot, faults::DEREGISTERED, shared.now());
        } else if too_long {
            let reason = "Container Overrides length must be at most 8192";
            state.fail_queued(slot, reason, shared.now());
        } else {
            state.child_mut(slot).enter(Status::Runnable);
            if !shared.definition.accept_only {
                state.queue.push_back(slot);
            }
        }
    }
    drop(state);
    fill(&shared);
}

fn has_too_long_overrides(request: &Value) -> bool {
    let overrides = &request["containerOverrides"];
    let command: Vec<&str> = texts(&overrides["command"]).collect();
    let counted = json!([{ "command": command, "environment": overrides["environment"] }]);
    counted.to_string().len() > MAX_OVERRIDES_CHARACTERS
}
