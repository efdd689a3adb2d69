//! What a test can do to the server: lost and refused requests, hosts that vanish, queues that are stuck.

use std::time::Duration;

use rustix::process::{Signal, kill_process_group};

use super::api::{Operation, Refusal};
use super::run::{fill, stop};
use super::state::{Ending, Slot, State, Status};
use super::{BatchServer, Running};

/// What Batch says of queued jobs whose definition is gone.
pub(super) const DEREGISTERED: &str = "Job definition is not in ACTIVE status";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429: nothing is done.
    Throttle,
    /// 500: nothing is done.
    Fail,
    /// It is done, and the connection is closed instead of an answer.
    LoseAnswer,
    /// 403: the role has no right to it.
    Deny,
    /// It is done, and answered, so much later.
    Slow(Duration),
    /// It is done at once, and answered so much later: time to kill the one who waits.
    AnswerLate(Duration),
}

impl Fault {
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let (status, code, message) = match self {
            Self::Throttle => (429, "TooManyRequestsException", "Too Many Requests"),
            Self::Fail => (500, "ServerException", "Internal error"),
            Self::Deny => (
                403,
                "AccessDeniedException",
                "The role is not authorized to perform this",
            ),
            Self::LoseAnswer | Self::Slow(_) | Self::AnswerLate(_) => return None,
        };
        Some(Refusal {
            status,
            code,
            message: message.to_owned(),
        })
    }
}

/// A fault of some requests to come.
#[derive(Debug, Clone)]
pub struct Disturbance {
    operation: Option<Operation>,
    fault: Fault,
    after: usize,
    times: usize,
}

impl Disturbance {
    /// The next request of this operation; of any, when none is named.
    pub fn of(operation: impl Into<Option<Operation>>, fault: Fault) -> Self {
        Self {
            operation: operation.into(),
            fault,
            after: 0,
            times: 1,
        }
    }

    /// So many requests go well before.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.after = requests;
        self
    }

    /// So many requests.
    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    /// Every request, until [`BatchServer::calm`].
    #[must_use]
    pub fn for_good(self) -> Self {
        self.times(usize::MAX)
    }
}

/// An attempt that comes to nothing before its program runs.
#[derive(Debug, Clone)]
pub(super) struct FailedStart {
    pub reason: String,
    pub status_reason: String,
}

impl State {
    /// The fault of a request that has come.
    pub(super) fn next_fault(&mut self, operation: Operation) -> Option<Fault> {
        let concerned = |disturbance: &&mut Disturbance| {
            disturbance.times > 0 && disturbance.operation.is_none_or(|named| named == operation)
        };
        let disturbance = self.disturbances.iter_mut().find(concerned)?;
        if disturbance.after > 0 {
            disturbance.after -= 1;
            return None;
        }
        disturbance.times -= 1;
        Some(disturbance.fault)
    }
}

/// Faults of requests.
impl BatchServer {
    /// Adds a fault; one that was asked for earlier comes first.
    pub fn disturb(&self, disturbance: Disturbance) {
        self.shared.state().disturbances.push(disturbance);
    }

    /// Requests go well again.
    pub fn calm(&self) {
        self.shared.state().disturbances.clear();
    }

    /// The next submissions are throttled (429).
    pub fn throttle(&self, times: usize) {
        self.disturb(Disturbance::of(Operation::SubmitJob, Fault::Throttle).times(times));
    }

    /// Every request is throttled, until [`Self::calm`].
    pub fn throttle_all(&self) {
        self.disturb(Disturbance::of(None, Fault::Throttle).for_good());
    }

    /// The next submissions fail (500).
    pub fn fail(&self, times: usize) {
        self.disturb(Disturbance::of(Operation::SubmitJob, Fault::Fail).times(times));
    }

    /// The answers to the next submissions are lost; the jobs are there.
    pub fn lose_answers(&self, times: usize) {
        self.disturb(Disturbance::of(Operation::SubmitJob, Fault::LoseAnswer).times(times));
    }

    /// Each of the next submissions makes two jobs, as after a lost answer; the answer names the second.
    pub fn submit_twice(&self, times: usize) {
        self.shared.state().submitted_twice += times;
    }
}

/// Faults of jobs. A child is named as Batch names it: `JOB:INDEX`; a single job by its id. Those that act on a running child
/// tell whether it was running.
impl BatchServer {
    /// Kills a running child with SIGKILL.
    pub fn kill(&self, id: &str) -> bool {
        self.with_running(id, |state, slot| state.child(slot).kill())
    }

    /// Kills one of the running children.
    pub fn kill_random(&self, random: &mut fastrand::Rng) -> Option<Running> {
        let running = self.running();
        let victim = random.choice(&running)?;
        self.kill(&victim.id).then(|| victim.clone())
    }

    /// Kills a running child for its use of memory.
    pub fn run_out_of_memory(&self, id: &str) -> bool {
        self.with_running(id, |state, slot| end(state, slot, Ending::OutOfMemory))
    }

    /// The host of a running child vanishes: no exit code, only `status_reason`.
    pub fn lose_host(&self, id: &str, status_reason: &str) -> bool {
        let status_reason = status_reason.to_owned();
        self.with_running(id, |state, slot| {
            end(state, slot, Ending::HostLost { status_reason });
        })
    }

    /// Spot takes a running child's capacity back: SIGTERM, and SIGKILL 30 seconds later.
    pub fn interrupt_spot(&self, id: &str) -> bool {
        let shared = &self.shared;
        self.with_running(id, |state, slot| {
            stop(shared, state, slot, Ending::SpotInterrupted);
        })
    }

    /// The next attempts come to nothing before their programs run, e.g. `CannotPullContainerError: …`, `Task failed to start`.
    pub fn fail_starts(&self, times: usize, reason: &str, status_reason: &str) {
        let failed = FailedStart {
            reason: reason.to_owned(),
            status_reason: status_reason.to_owned(),
        };
        let mut state = self.shared.state();
        state
            .failed_starts
            .extend(std::iter::repeat_n(failed, times));
    }

    /// From now on nothing leaves RUNNABLE; `status_reason` is what jobs say about it, e.g. `MISCONFIGURATION:…`.
    pub fn hold(&self, status_reason: Option<&str>) {
        let mut state = self.shared.state();
        state.held.everything = true;
        state.held.status_reason = status_reason.map(ToOwned::to_owned);
    }

    /// As [`Self::hold`], for these indexes of every array.
    pub fn hold_indexes(
        &self,
        indexes: impl IntoIterator<Item = usize>,
        status_reason: Option<&str>,
    ) {
        let mut state = self.shared.state();
        state.held.indexes.extend(indexes);
        state.held.status_reason = status_reason.map(ToOwned::to_owned);
    }

    /// What was held goes on.
    pub fn release(&self) {
        self.shared.state().held = super::state::Held::default();
        fill(&self.shared);
    }

    /// The queue's time limit cancels everything RUNNABLE. Tells how many.
    pub fn cancel_by_time_limit(&self, reason: &str) -> usize {
        let told = format!("Canceled by JobStateTimeLimitAction due to reason: {reason}");
        self.fail_all(&told, |status| status == Status::Runnable)
    }

    /// The job definition is gone: submissions are refused, and what is queued fails. Tells how much.
    pub fn deregister_definition(&self) -> usize {
        self.shared.state().deregistered = true;
        self.fail_all(DEREGISTERED, Status::is_queued)
    }

    /// Batch knows nothing of a job any more, nor of its children. What runs goes on.
    pub fn forget(&self, job_id: &str) {
        self.shared.state().places.remove(job_id);
    }

    fn fail_all(&self, status_reason: &str, concerns: impl Fn(Status) -> bool) -> usize {
        let now = self.shared.now();
        let mut state = self.shared.state();
        let slots: Vec<Slot> = state.every_slot().collect();
        let mut failed = 0;
        for slot in slots {
            if concerns(state.child(slot).status()) {
                state.fail_queued(slot, status_reason, now);
                failed += 1;
            }
        }
        drop(state);
        self.shared.changed.notify_waiters();
        failed
    }

    fn with_running(&self, id: &str, act: impl FnOnce(&mut State, Slot)) -> bool {
        let mut state = self.shared.state();
        let running = state
            .slot(id)
            .filter(|&slot| state.child(slot).process.is_some());
        if let Some(slot) = running {
            act(&mut state, slot);
        }
        running.is_some()
    }
}

/// Kills a running child; its end is told as `ending`.
fn end(state: &mut State, slot: Slot, ending: Ending) {
    let child = state.child_mut(slot);
    child.ending.get_or_insert(ending);
    if let Some(process) = child.process {
        // A process that ended meanwhile is what we want.
        _ = kill_process_group(process, Signal::KILL);
    }
}
