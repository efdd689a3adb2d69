//! What the server has seen, for assertions.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::BatchServer;
use super::api::Operation;
use super::run::texts;
use super::state::{Job, Status};
use super::submit::resource;
use super::{consumable, describe};
use crate::aws_bodies::{self, Body};

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    pub operation: Operation,
    pub request: Value,
    pub status: u16,
    pub response: Value,
    /// It was done, but nobody heard of it.
    pub is_lost: bool,
}

/// A job that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub job_id: String,
    pub job_name: String,
    pub command: Vec<String>,
    /// Of an array.
    pub size: Option<usize>,
    pub vcpu: Option<String>,
    pub memory_mib: Option<String>,
    pub timeout_seconds: Option<u64>,
    /// Of a consumable resource, by each child.
    pub units: i64,
    pub tags: BTreeMap<String, String>,
}

/// A child whose program runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// `JOB:INDEX`, or a single job's id.
    pub id: String,
    /// From 1 on.
    pub attempt: usize,
    pub pid: i32,
}

impl BatchServer {
    /// Every request so far, refused ones too, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// Demands that AWS would take every request and could have given every answer. Without botocore they stay unchecked.
    pub async fn expect_valid_bodies(&self) -> Result<()> {
        let calls = self.calls();
        let requests = calls.iter().map(|call| call.body(true));
        let answered = calls.iter().filter(|call| call.status == 200);
        aws_bodies::expect_valid(requests.chain(answered.map(|call| call.body(false)))).await
    }

    /// How many requests of an operation there were.
    pub fn count(&self, operation: Operation) -> usize {
        let state = self.shared.state();
        let calls = state.calls.iter();
        calls.filter(|call| call.operation == operation).count()
    }

    /// The jobs that were accepted, in order; forgotten ones, too.
    pub fn submitted(&self) -> Vec<Submission> {
        self.shared
            .state()
            .jobs
            .iter()
            .map(Submission::of)
            .collect()
    }

    /// A job or child as DescribeJobs tells of it.
    pub fn job(&self, id: &str) -> Result<Value> {
        let state = self.shared.state();
        describe::detail(&self.shared, &state, id).with_context(|| format!("there is no job {id}"))
    }

    /// The statuses that a single job or a child went through.
    pub fn statuses(&self, id: &str) -> Result<Vec<Status>> {
        let state = self.shared.state();
        let slot = state
            .slot(id)
            .with_context(|| format!("{id} does not run"))?;
        Ok(state.child(slot).statuses.clone())
    }

    /// What the programs of a single job or a child printed, all attempts.
    pub fn log(&self, id: &str) -> Result<String> {
        let path = self.shared.logs.path().join(id);
        std::fs::read_to_string(path).with_context(|| format!("{id} has printed nothing"))
    }

    /// The children whose programs run.
    pub fn running(&self) -> Vec<Running> {
        let state = self.shared.state();
        let slots = state.every_slot();
        slots
            .filter_map(|slot| {
                let child = state.child(slot);
                Some(Running {
                    id: state.id(slot),
                    attempt: child.attempts.len() + 1,
                    pid: child.process?.as_raw_nonzero().get(),
                })
            })
            .collect()
    }

    /// The most children that ran at a time.
    pub fn most_running(&self) -> usize {
        self.shared.state().most_running
    }
}

impl Call {
    fn body(&self, is_request: bool) -> Body<'_> {
        Body {
            service: "batch",
            operation: self.operation.name(),
            is_request,
            body: if is_request {
                &self.request
            } else {
                &self.response
            },
        }
    }
}

impl Submission {
    fn of(job: &Job) -> Self {
        let overrides = &job.request["containerOverrides"];
        let tags = job.request["tags"].as_object();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            job_id: job.id.clone(),
            job_name: job.name.clone(),
            command: texts(&overrides["command"])
                .map(ToOwned::to_owned)
                .collect(),
            size: job.is_array.then_some(job.children.len()),
            vcpu: resource(overrides, "VCPU").map(ToOwned::to_owned),
            memory_mib: resource(overrides, "MEMORY").map(ToOwned::to_owned),
            timeout_seconds: job.request["timeout"]["attemptDurationSeconds"].as_u64(),
            units: consumable::units(&job.request),
            tags: tags
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), text(value)))
                .collect(),
        }
    }
}
