//! The end of an attempt: what Batch tells of it, and whether there is another.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::Value;

use super::faults::{DEREGISTERED, FailedStart};
use super::retry::{self, Ended};
use super::state::{Attempt, Ending, Shared, Slot, State, Status};

/// What Batch says of a container that ended by itself.
const EXITED: &str = "Essential container in task exited";
const TIMED_OUT: &str = "Job attempt duration exceeded timeout";
const OUT_OF_MEMORY: &str = "OutOfMemoryError: Container killed due to memory usage";
const SPOT_INTERRUPTED: &str = "Your Spot Task was interrupted.";

/// How an attempt's container came to its end.
pub(super) enum End {
    Exited(ExitStatus),
    /// It never ran; terminated before, if nothing else is said.
    NotStarted(Option<FailedStart>),
}

/// Takes down how an attempt ended: the child has SUCCEEDED, FAILED, or is RUNNABLE again.
pub(super) fn settle(shared: &Shared, state: &mut State, slot: Slot, end: End) {
    let now = shared.now();
    let strategy = strategy(shared, state, slot);
    let child = state.child_mut(slot);
    child.process = None;
    let ending = child.ending.take();
    let attempt = describe(end, ending.as_ref(), child.started_at, now);
    let is_final = matches!(ending, Some(Ending::TimedOut | Ending::Terminated { .. }));
    let succeeded = attempt.exit_code == Some(0) && !is_final;
    let ended = Ended {
        exit_code: attempt.exit_code,
        reason: attempt.reason.as_deref(),
        status_reason: &attempt.status_reason,
    };
    let again =
        !succeeded && !is_final && retry::is_retried(&strategy, child.attempts.len() + 1, &ended);
    child.is_terminated = matches!(ending, Some(Ending::Terminated { .. }));
    if again {
        child.attempts.push(attempt);
        child.started_at = None;
        if state.deregistered {
            state.fail_queued(slot, DEREGISTERED, now);
            return;
        }
        state.child_mut(slot).enter(Status::Runnable);
        state.queue.push_back(slot);
        return;
    }
    child.status_reason = Some(attempt.status_reason.clone());
    child.attempts.push(attempt);
    child.stopped_at = Some(now);
    child.enter(if succeeded {
        Status::Succeeded
    } else {
        Status::Failed
    });
}

/// A submission's own retry strategy, or the definition's.
fn strategy(shared: &Shared, state: &State, slot: Slot) -> Value {
    let own = &state.jobs[slot.job].request["retryStrategy"];
    if own.is_null() {
        shared.definition.retry_strategy.clone()
    } else {
        own.clone()
    }
}

/// What Batch tells of an attempt's end.
fn describe(
    end: End,
    ending: Option<&Ending>,
    started_at: Option<i64>,
    stopped_at: i64,
) -> Attempt {
    let (mut exit_code, mut reason, mut status_reason) = match end {
        End::Exited(status) => (exit_code(status), None, EXITED.to_owned()),
        End::NotStarted(Some(failed)) => (None, Some(failed.reason), failed.status_reason),
        End::NotStarted(None) => (None, None, EXITED.to_owned()),
    };
    match ending {
        None => {}
        Some(Ending::TimedOut) => TIMED_OUT.clone_into(&mut status_reason),
        Some(Ending::Terminated { reason }) => status_reason.clone_from(reason),
        Some(Ending::OutOfMemory) => reason = Some(OUT_OF_MEMORY.to_owned()),
        Some(Ending::HostLost {
            status_reason: told,
        }) => {
            exit_code = None;
            status_reason.clone_from(told);
        }
        Some(Ending::SpotInterrupted) => SPOT_INTERRUPTED.clone_into(&mut status_reason),
    }
    Attempt {
        started_at,
        stopped_at,
        exit_code,
        reason,
        status_reason,
    }
}

/// A container's exit code: 137 when it was killed by signal 9.
fn exit_code(status: ExitStatus) -> Option<i32> {
    let by_signal = status.signal().map(|signal| 128 + signal);
    status.code().or(by_signal)
}
