//! The REST-JSON API: request → fault, if one is due → operation → answer, all of it recorded.

use std::sync::Arc;

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::faults::Fault;
use super::record::Call;
use super::state::Shared;
use super::{cancel, consumable, describe, list, place, submit};
use crate::loopback::{Answer, Request, uuid};

/// The operations that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    SubmitJob,
    DescribeJobs,
    ListJobs,
    CancelJob,
    TerminateJob,
    DescribeJobQueues,
    DescribeComputeEnvironments,
    DescribeJobDefinitions,
    DescribeConsumableResource,
}

impl Operation {
    const ALL: [Self; 9] = [
        Self::SubmitJob,
        Self::DescribeJobs,
        Self::ListJobs,
        Self::CancelJob,
        Self::TerminateJob,
        Self::DescribeJobQueues,
        Self::DescribeComputeEnvironments,
        Self::DescribeJobDefinitions,
        Self::DescribeConsumableResource,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::SubmitJob => "SubmitJob",
            Self::DescribeJobs => "DescribeJobs",
            Self::ListJobs => "ListJobs",
            Self::CancelJob => "CancelJob",
            Self::TerminateJob => "TerminateJob",
            Self::DescribeJobQueues => "DescribeJobQueues",
            Self::DescribeComputeEnvironments => "DescribeComputeEnvironments",
            Self::DescribeJobDefinitions => "DescribeJobDefinitions",
            Self::DescribeConsumableResource => "DescribeConsumableResource",
        }
    }

    fn of(request: &Request) -> Option<Self> {
        let path = |operation: &Self| format!("/v1/{}", operation.name().to_lowercase());
        (request.method == Method::POST).then(|| {
            Self::ALL
                .into_iter()
                .find(|known| path(known) == request.path)
        })?
    }
}

/// Why a request is not done.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

pub(super) fn client_error<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        status: 400,
        code: "ClientException",
        message: message.into(),
    })
}

/// A text that the model demands.
pub(super) fn required<'a>(request: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    match request[name].as_str() {
        Some(text) if !text.is_empty() => Ok(text),
        _ => client_error(format!("{name} cannot be null or empty")),
    }
}

/// Answers a request; `None` loses the answer.
pub(super) async fn answer(shared: Arc<Shared>, request: Request) -> Option<Answer> {
    let Some(operation) = Operation::of(&request) else {
        return Some(refuse(&Refusal {
            status: 404,
            code: "UnknownOperationException",
            message: format!("{} {}", request.method, request.path),
        }));
    };
    if !request.is_signed_for("batch") {
        return Some(refuse(&Refusal {
            status: 403,
            code: "MissingAuthenticationTokenException",
            message: "Missing Authentication Token".to_owned(),
        }));
    }
    let body: Value = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(reason) => {
            return Some(refuse(&Refusal {
                status: 400,
                code: "SerializationException",
                message: reason.to_string(),
            }));
        }
    };
    let at = shared.now();
    let fault = shared.state().next_fault(operation);
    if let Some(Fault::Slow(delay)) = fault {
        sleep(delay).await;
    }
    let outcome = match fault.as_ref().and_then(Fault::refusal) {
        Some(refusal) => Err(refusal),
        None => perform(&shared, operation, &body, request.body.len()),
    };
    let answer = match &outcome {
        Ok(answer) => respond(200, answer),
        Err(refusal) => refuse(refusal),
    };
    let is_lost = matches!(fault, Some(Fault::LoseAnswer));
    shared.state().calls.push(Call {
        at,
        operation,
        request: body,
        status: answer.status,
        response: outcome.unwrap_or_else(|refusal| json!({ "message": refusal.message })),
        is_lost,
    });
    shared.changed.notify_waiters();
    if let Some(Fault::AnswerLate(delay)) = fault {
        sleep(delay).await;
    }
    (!is_lost).then_some(answer)
}

fn perform(
    shared: &Arc<Shared>,
    operation: Operation,
    request: &Value,
    bytes: usize,
) -> Result<Value, Refusal> {
    match operation {
        Operation::SubmitJob => submit::submit(shared, request, bytes),
        Operation::DescribeJobs => describe::describe(shared, request),
        Operation::ListJobs => list::list(shared, request),
        Operation::CancelJob => cancel::cancel(shared, request),
        Operation::TerminateJob => cancel::terminate(shared, request),
        Operation::DescribeJobQueues => Ok(place::queues(shared, request)),
        Operation::DescribeComputeEnvironments => Ok(place::environments(shared, request)),
        Operation::DescribeJobDefinitions => Ok(place::definitions(shared, request)),
        Operation::DescribeConsumableResource => consumable::describe(shared, request),
    }
}

fn respond(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("x-amzn-requestid", uuid()),
        ],
        body: body.to_string(),
    }
}

fn refuse(refusal: &Refusal) -> Answer {
    let mut answer = respond(refusal.status, &json!({ "message": refusal.message }));
    answer
        .headers
        .push(("x-amzn-errortype", refusal.code.to_owned()));
    answer
}
