//! What the server knows: jobs, their children, and the faults that a test has asked for.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::clock::Clock;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::consumable::ConsumableResource;
use super::definition::Definition;
use super::faults::{Disturbance, FailedStart};
use super::record::Call;

/// The statuses of a job, in the order in which it goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Submitted,
    Pending,
    Runnable,
    Starting,
    Running,
    Succeeded,
    Failed,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::Submitted,
        Self::Pending,
        Self::Runnable,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Pending => "PENDING",
            Self::Runnable => "RUNNABLE",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }

    pub fn has_ended(self) -> bool {
        self >= Self::Succeeded
    }

    /// Cancelling reaches it.
    pub(super) fn is_queued(self) -> bool {
        self <= Self::Runnable
    }
}

/// One SubmitJob: a single job is its own only child.
pub(super) struct Job {
    pub id: String,
    pub name: String,
    pub request: Value,
    pub is_array: bool,
    pub created_at: i64,
    pub children: Vec<Child>,
}

/// What runs: an array's child, or a single job.
#[derive(Default)]
pub(super) struct Child {
    /// Every status since it was submitted; the last is the present one.
    pub statuses: Vec<Status>,
    pub status_reason: Option<String>,
    pub attempts: Vec<Attempt>,
    pub started_at: Option<i64>,
    pub stopped_at: Option<i64>,
    pub is_cancelled: bool,
    pub is_terminated: bool,
    /// The process group of the running attempt.
    pub process: Option<Pid>,
    /// Why the running attempt ends, where its exit code does not say it all.
    pub ending: Option<Ending>,
}

/// An attempt that ended.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub started_at: Option<i64>,
    pub stopped_at: i64,
    pub exit_code: Option<i32>,
    pub reason: Option<String>,
    pub status_reason: String,
}

/// What ends a running attempt from outside.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    TimedOut,
    Terminated { reason: String },
    OutOfMemory,
    HostLost { status_reason: String },
    SpotInterrupted,
}

/// A child's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub job: usize,
    pub child: usize,
}

/// What stays RUNNABLE, and what it says about it.
#[derive(Default)]
pub(super) struct Held {
    pub everything: bool,
    pub indexes: BTreeSet<usize>,
    pub status_reason: Option<String>,
}

#[derive(Default)]
pub(super) struct State {
    pub jobs: Vec<Job>,
    pub places: HashMap<String, usize>,
    /// RUNNABLE children, oldest first; some have FAILED since.
    pub queue: VecDeque<Slot>,
    /// Submissions whose children are not RUNNABLE yet.
    pub arriving: usize,
    /// Children STARTING or RUNNING, and the most of them at a time.
    pub running: usize,
    pub most_running: usize,
    pub held: Held,
    pub disturbances: Vec<Disturbance>,
    pub failed_starts: VecDeque<FailedStart>,
    pub submitted_twice: usize,
    pub deregistered: bool,
    /// The queue takes no jobs.
    pub queue_is_disabled: bool,
    /// The compute environments take no jobs: so many of the two, from the first on.
    pub environments_disabled: usize,
    /// The queue cancels what is RUNNABLE for too long, as far as is told.
    pub limits_runnable: bool,
    pub consumable: Option<ConsumableResource>,
    pub calls: Vec<Call>,
    /// The server is gone: nothing starts any more.
    pub closed: bool,
}

/// The state, and what its tasks share.
pub(super) struct Shared {
    pub definition: Definition,
    pub clock: Clock,
    pub runtime: Handle,
    /// What the programs printed, a file for each child.
    pub logs: TempDir,
    pub changed: Notify,
    state: Mutex<State>,
}

impl Shared {
    pub fn new(definition: Definition) -> anyhow::Result<Arc<Self>> {
        let logs = tempfile::Builder::new().prefix("batch-").tempdir()?;
        Ok(Arc::new(Self {
            definition,
            clock: Clock::default(),
            runtime: Handle::current(),
            logs,
            changed: Notify::new(),
            state: Mutex::default(),
        }))
    }

    /// The state; a test that panicked with it leaves it usable for the others' ends.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since 1970, as Batch gives times.
    pub fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

impl State {
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.places.get(id).map(|&place| &self.jobs[place])
    }

    /// A child by its id, `JOB:INDEX`, or a single job by its own.
    pub fn slot(&self, id: &str) -> Option<Slot> {
        if let Some(&job) = self.places.get(id) {
            return (!self.jobs[job].is_array).then_some(Slot { job, child: 0 });
        }
        let (parent, index) = id.rsplit_once(':')?;
        let job = *self.places.get(parent)?;
        let child = index.parse().ok()?;
        let is_child = self.jobs[job].is_array && child < self.jobs[job].children.len();
        is_child.then_some(Slot { job, child })
    }

    /// What a cancellation or termination of this id reaches: an array's every child.
    pub fn slots(&self, id: &str) -> Option<Vec<Slot>> {
        match self.places.get(id) {
            Some(&job) => Some(
                (0..self.jobs[job].children.len())
                    .map(|child| Slot { job, child })
                    .collect(),
            ),
            None => Some(vec![self.slot(id)?]),
        }
    }

    pub fn every_slot(&self) -> impl Iterator<Item = Slot> {
        self.jobs.iter().enumerate().flat_map(|(place, job)| {
            (0..job.children.len()).map(move |child| Slot { job: place, child })
        })
    }

    pub fn child(&self, slot: Slot) -> &Child {
        &self.jobs[slot.job].children[slot.child]
    }

    pub fn child_mut(&mut self, slot: Slot) -> &mut Child {
        &mut self.jobs[slot.job].children[slot.child]
    }

    pub fn id(&self, slot: Slot) -> String {
        self.jobs[slot.job].child_id(slot.child)
    }

    pub fn is_held(&self, slot: Slot) -> bool {
        self.held.everything
            || (self.jobs[slot.job].is_array && self.held.indexes.contains(&slot.child))
    }

    /// Ends a child that never ran, or will not run again. Its place in the queue is passed over.
    pub fn fail_queued(&mut self, slot: Slot, status_reason: &str, now: i64) {
        let child = self.child_mut(slot);
        child.enter(Status::Failed);
        child.status_reason = Some(status_reason.to_owned());
        child.stopped_at = Some(now);
    }

    /// Nothing happens any more by itself. What is held, or has no units, is not waited for.
    pub fn is_idle(&self) -> bool {
        let waits = |slot| {
            let is_ready = self.child(slot).status() == Status::Runnable && !self.is_held(slot);
            is_ready && self.has_units_for(slot)
        };
        self.arriving == 0 && self.running == 0 && !self.queue.iter().any(|&slot| waits(slot))
    }
}

impl Job {
    pub fn child_id(&self, child: usize) -> String {
        if self.is_array {
            format!("{}:{child}", self.id)
        } else {
            self.id.clone()
        }
    }

    /// A parent is PENDING from its first RUNNABLE child to the end of its last.
    pub fn status(&self) -> Status {
        let statuses = || self.children.iter().map(Child::status);
        if !self.is_array {
            return self.children[0].status();
        }
        if !statuses().all(Status::has_ended) {
            let begun = statuses().any(|status| status >= Status::Runnable);
            return if begun {
                Status::Pending
            } else {
                Status::Submitted
            };
        }
        statuses().max().unwrap_or(Status::Succeeded)
    }
}

impl Child {
    pub fn status(&self) -> Status {
        self.statuses.last().copied().unwrap_or(Status::Submitted)
    }

    pub fn enter(&mut self, status: Status) {
        self.statuses.push(status);
    }

    pub fn kill(&self) {
        if let Some(process) = self.process {
            // A group that ended meanwhile is what we want.
            _ = kill_process_group(process, Signal::KILL);
        }
    }
}
