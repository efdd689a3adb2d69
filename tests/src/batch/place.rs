//! What jobs are submitted to and with: DescribeJobQueues, DescribeComputeEnvironments, DescribeJobDefinitions.

use serde_json::{Value, json};

use super::BatchServer;
use super::definition::arn;
use super::run::texts;
use super::state::Shared;

/// Of the queue, in its order.
const ENVIRONMENTS: [&str; 2] = ["statements-fargate-spot", "statements-fargate"];

pub(super) fn queues(shared: &Shared, request: &Value) -> Value {
    let definition = &shared.definition;
    let arn_of_queue = definition.queue_arn();
    let is_asked_for = texts(&request["jobQueues"])
        .any(|name| name == definition.job_queue || name == arn_of_queue);
    let order: Vec<Value> = (1..)
        .zip(ENVIRONMENTS)
        .map(|(order, name)| json!({ "order": order, "computeEnvironment": arn("compute-environment", name) }))
        .collect();
    let limit = json!({
        "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "state": "RUNNABLE",
        "maxTimeSeconds": 7200,
        "action": "CANCEL",
    });
    let limits: Vec<Value> = shared
        .state()
        .limits_runnable
        .then_some(limit)
        .into_iter()
        .collect();
    let queue = json!({
        "jobQueueName": definition.job_queue,
        "jobQueueArn": arn_of_queue,
        "state": enabled(!shared.state().queue_is_disabled),
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
        "priority": 1,
        "computeEnvironmentOrder": order,
        "jobStateTimeLimitActions": limits,
    });
    json!({ "jobQueues": is_asked_for.then_some(queue).into_iter().collect::<Vec<_>>() })
}

pub(super) fn environments(shared: &Shared, request: &Value) -> Value {
    let disabled = shared.state().environments_disabled;
    let asked: Vec<&str> = texts(&request["computeEnvironments"]).collect();
    let found: Vec<Value> = ENVIRONMENTS
        .into_iter()
        .enumerate()
        .filter(|(_, name)| asked.contains(&arn("compute-environment", name).as_str()))
        .map(|(place, name)| {
            json!({
                "computeEnvironmentName": name,
                "computeEnvironmentArn": arn("compute-environment", name),
                "type": "MANAGED",
                "state": enabled(place >= disabled),
                "status": "VALID",
                "statusReason": "ComputeEnvironment Healthy",
            })
        })
        .collect();
    json!({ "computeEnvironments": found })
}

/// By revision in every state, by name as it is asked for.
pub(super) fn definitions(shared: &Shared, request: &Value) -> Value {
    let definition = &shared.definition;
    let arn = definition.definition_arn();
    let revision = format!("{}:1", definition.job_definition);
    let status = if shared.state().deregistered {
        "INACTIVE"
    } else {
        "ACTIVE"
    };
    let by_revision = texts(&request["jobDefinitions"]).any(|name| name == arn || name == revision);
    let by_name = request["jobDefinitionName"] == json!(definition.job_definition)
        && (request["status"].is_null() || request["status"] == status);
    let found = json!({
        "jobDefinitionName": definition.job_definition,
        "jobDefinitionArn": arn,
        "revision": 1,
        "status": status,
        "type": "container",
    });
    let found = (by_revision || by_name).then_some(found);
    json!({ "jobDefinitions": found.into_iter().collect::<Vec<_>>() })
}

fn enabled(is_enabled: bool) -> &'static str {
    if is_enabled { "ENABLED" } else { "DISABLED" }
}

/// Faults of the place.
impl BatchServer {
    /// The queue takes no jobs any more, as far as is told.
    pub fn disable_queue(&self) {
        self.shared.state().queue_is_disabled = true;
    }

    /// So many of the queue's two compute environments take no jobs any more, as far as is told.
    pub fn disable_environments(&self, environments: usize) {
        self.shared.state().environments_disabled = environments;
    }
}
