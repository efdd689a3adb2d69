//! CancelJob and TerminateJob.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Refusal, client_error, required};
use super::run::stop;
use super::state::{Ending, Shared, Slot, State};

const MAX_REASON_CHARACTERS: usize = 1024;

/// Ends what is queued; what is STARTING or RUNNING goes on.
pub(super) fn cancel(shared: &Arc<Shared>, request: &Value) -> Result<Value, Refusal> {
    let mut state = shared.state();
    let (slots, reason) = asked(&state, request)?;
    for slot in slots {
        cancel_queued(shared, &mut state, slot, reason);
    }
    Ok(json!({}))
}

/// Ends what is queued, and what is STARTING or RUNNING.
pub(super) fn terminate(shared: &Arc<Shared>, request: &Value) -> Result<Value, Refusal> {
    let mut state = shared.state();
    let (slots, reason) = asked(&state, request)?;
    for slot in slots {
        let status = state.child(slot).status();
        if status.is_queued() {
            cancel_queued(shared, &mut state, slot, reason);
        } else if !status.has_ended() {
            let reason = reason.to_owned();
            stop(shared, &mut state, slot, Ending::Terminated { reason });
        }
    }
    Ok(json!({}))
}

fn asked<'a>(state: &State, request: &'a Value) -> Result<(Vec<Slot>, &'a str), Refusal> {
    let id = required(request, "jobId")?;
    let reason = required(request, "reason")?;
    if reason.chars().count() > MAX_REASON_CHARACTERS {
        return client_error(format!(
            "reason may have {MAX_REASON_CHARACTERS} characters"
        ));
    }
    match state.slots(id) {
        Some(slots) => Ok((slots, reason)),
        None => client_error(format!("Job {id} does not exist")),
    }
}

fn cancel_queued(shared: &Shared, state: &mut State, slot: Slot, reason: &str) {
    if state.child(slot).status().is_queued() {
        state.fail_queued(slot, reason, shared.now());
        state.child_mut(slot).is_cancelled = true;
    }
}
