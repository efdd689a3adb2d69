//! ListJobs.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::api::{Refusal, client_error};
use super::definition::arn;
use super::describe::{parent_reason, put, status_reason, status_summary, stopped_at};
use super::state::{Job, Shared, Slot, State, Status};

/// A page, at most; and with a filter.
const MAX_RESULTS: usize = 1000;
const MAX_FILTERED_RESULTS: usize = 100;

/// The jobs of the queue, or the children of an array, by status or filter.
pub(super) fn list(shared: &Shared, request: &Value) -> Result<Value, Refusal> {
    let state = shared.state();
    let filter = filter(request)?;
    let status = status(request)?;
    let (queue, array) = (request["jobQueue"].as_str(), request["arrayJobId"].as_str());
    let found = match (queue, array) {
        (Some(queue), None) => {
            let definition = &shared.definition;
            if queue != definition.job_queue && queue != definition.queue_arn() {
                return client_error(format!("JobQueue {queue} not found"));
            }
            jobs(shared, &state, status, filter.as_deref())
        }
        (None, Some(_)) if filter.is_some() => {
            return client_error("A filter does not apply to the children of an array");
        }
        (None, Some(array)) => children(shared, &state, array, status),
        _ => return client_error("Exactly one of jobQueue, arrayJobId must be given"),
    };
    let most = if filter.is_some() {
        MAX_FILTERED_RESULTS
    } else {
        MAX_RESULTS
    };
    page(request, &found, most)
}

/// The name that is looked for.
fn filter(request: &Value) -> Result<Option<String>, Refusal> {
    let filters = request["filters"].as_array().map_or(&[][..], Vec::as_slice);
    let [filter] = filters else {
        return match filters {
            [] => Ok(None),
            _ => client_error("Only one filter can be used at a time"),
        };
    };
    match (
        filter["name"].as_str(),
        filter["values"].as_array().map(Vec::as_slice),
    ) {
        (Some("JOB_NAME"), Some([Value::String(value)])) => Ok(Some(value.to_lowercase())),
        _ => client_error(format!(
            "this test server knows only JOB_NAME with one value: {filter}"
        )),
    }
}

/// RUNNING unless said otherwise.
fn status(request: &Value) -> Result<Status, Refusal> {
    let Some(name) = request["jobStatus"].as_str() else {
        return Ok(Status::Running);
    };
    match Status::ALL.into_iter().find(|status| status.name() == name) {
        Some(status) => Ok(status),
        None => client_error(format!("jobStatus {name} is not valid")),
    }
}

/// Single jobs and parents: of any status and the newest first by name, otherwise of one status.
fn jobs(shared: &Shared, state: &State, status: Status, name: Option<&str>) -> Vec<Value> {
    let known = state.jobs.iter().enumerate();
    let mut found: Vec<(usize, &Job)> = known
        .filter(|(_, job)| state.places.contains_key(&job.id))
        .filter(|(_, job)| match name {
            Some(name) => is_named(job, name),
            None => job.status() == status,
        })
        .collect();
    found.sort_by_key(|(place, job)| Reverse((job.created_at, *place)));
    found
        .into_iter()
        .map(|(place, job)| {
            if job.is_array {
                parent(shared, job)
            } else {
                child(
                    shared,
                    state,
                    Slot {
                        job: place,
                        child: 0,
                    },
                )
            }
        })
        .collect()
}

/// In any case; `*` at the end stands for any end.
fn is_named(job: &Job, wanted: &str) -> bool {
    let name = job.name.to_lowercase();
    match wanted.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == wanted,
    }
}

/// The children of an array that have this status.
fn children(shared: &Shared, state: &State, array: &str, status: Status) -> Vec<Value> {
    let Some(&job) = state.places.get(array) else {
        return Vec::new();
    };
    if !state.jobs[job].is_array {
        return Vec::new();
    }
    (0..state.jobs[job].children.len())
        .map(|child| Slot { job, child })
        .filter(|&slot| state.child(slot).status() == status)
        .map(|slot| child(shared, state, slot))
        .collect()
}

fn parent(shared: &Shared, job: &Job) -> Value {
    let mut told = common(shared, job, &job.id, job.status());
    put(&mut told, "statusReason", parent_reason(job));
    put(&mut told, "stoppedAt", stopped_at(job));
    let properties = json!({ "size": job.children.len(), "statusSummary": status_summary(job) });
    told.insert("arrayProperties".to_owned(), properties);
    Value::Object(told)
}

fn child(shared: &Shared, state: &State, slot: Slot) -> Value {
    let job = &state.jobs[slot.job];
    let child = state.child(slot);
    let mut told = common(shared, job, &state.id(slot), child.status());
    put(&mut told, "statusReason", status_reason(state, slot));
    put(&mut told, "startedAt", child.started_at);
    put(&mut told, "stoppedAt", child.stopped_at);
    if let Some(attempt) = child.attempts.last() {
        let mut container = Map::new();
        put(&mut container, "exitCode", attempt.exit_code);
        put(&mut container, "reason", attempt.reason.as_deref());
        told.insert("container".to_owned(), Value::Object(container));
    }
    if job.is_array {
        told.insert("arrayProperties".to_owned(), json!({ "index": slot.child }));
    }
    Value::Object(told)
}

fn common(shared: &Shared, job: &Job, id: &str, status: Status) -> Map<String, Value> {
    let mut told = Map::new();
    put(&mut told, "jobArn", Some(arn("job", id)));
    put(&mut told, "jobId", Some(id));
    put(&mut told, "jobName", Some(job.name.as_str()));
    put(&mut told, "createdAt", Some(job.created_at));
    put(&mut told, "status", Some(status.name()));
    put(
        &mut told,
        "jobDefinition",
        Some(shared.definition.definition_arn()),
    );
    told
}

/// A page of what was found, and the token of the next.
fn page(request: &Value, found: &[Value], most: usize) -> Result<Value, Refusal> {
    let wanted = match &request["maxResults"] {
        Value::Null => most,
        number => match number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
        {
            Some(number @ 1..) => number.min(most),
            _ => return client_error(format!("maxResults must be at least 1, not {number}")),
        },
    };
    let begin = match request["nextToken"].as_str() {
        None => 0,
        Some(token) => match token
            .strip_prefix("from-")
            .and_then(|from| from.parse().ok())
        {
            Some(begin) => begin,
            None => return client_error("nextToken is not valid"),
        },
    };
    let rest = found.get(begin..).unwrap_or_default();
    let shown = &rest[..wanted.min(rest.len())];
    let mut answer = json!({ "jobSummaryList": shown });
    if shown.len() < rest.len() {
        answer["nextToken"] = format!("from-{}", begin + shown.len()).into();
    }
    Ok(answer)
}
