//! Running children as processes: queue → start → timeout or end.

use std::fs::OpenOptions;
use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tokio::process::{Child as Process, Command};
use tokio::time::sleep;

use super::definition::KILL_AFTER_SECONDS;
use super::faults::FailedStart;
use super::settle::{End, settle};
use super::state::{Ending, Shared, Slot, State, Status};

/// Starts what is RUNNABLE as long as there is room.
pub(super) fn fill(shared: &Arc<Shared>) {
    let mut state = shared.state();
    while !state.closed && state.running < shared.definition.max_parallel {
        let next = state.queue.iter().position(|&slot| !state.is_held(slot));
        let Some((position, &slot)) =
            next.and_then(|position| Some((position, state.queue.get(position)?)))
        else {
            break;
        };
        let is_runnable = state.child(slot).status() == Status::Runnable;
        // Whatever is behind a job that waits for units waits, too: Batch promises nothing else.
        if is_runnable && !state.has_units_for(slot) {
            break;
        }
        state.queue.remove(position);
        if !is_runnable {
            continue;
        }
        state.running += 1;
        state.most_running = state.most_running.max(state.running);
        state.child_mut(slot).enter(Status::Starting);
        shared.runtime.spawn(attempt(shared.clone(), slot));
    }
    drop(state);
    shared.changed.notify_waiters();
}

/// One attempt, from STARTING to its end.
async fn attempt(shared: Arc<Shared>, slot: Slot) {
    sleep(shared.definition.launch_time).await;
    let end = match start(&shared, slot) {
        Ok(process) => End::Exited(wait(&shared, slot, process).await),
        Err(failed) => End::NotStarted(failed),
    };
    let mut state = shared.state();
    // As in a container: with its first process all others end.
    state.child_mut(slot).kill();
    settle(&shared, &mut state, slot, end);
    state.running -= 1;
    drop(state);
    fill(&shared);
}

/// Starts the program of an attempt, unless it is terminated already or a fault keeps it from starting. Under the lock, so that
/// no process starts behind the back of a server that is dropped.
fn start(shared: &Shared, slot: Slot) -> Result<Process, Option<FailedStart>> {
    let mut state = shared.state();
    if state.closed || state.child(slot).ending.is_some() {
        return Err(None);
    }
    if let Some(failed) = state.failed_starts.pop_front() {
        return Err(Some(failed));
    }
    let process = command(shared, &state, slot)
        .and_then(|mut command| Ok(command.spawn()?))
        .map_err(|reason| {
            Some(FailedStart {
                reason: format!("CannotStartContainerError: {reason:#}"),
                status_reason: "Task failed to start".to_owned(),
            })
        })?;
    let now = shared.now();
    let child = state.child_mut(slot);
    child.process = process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    child.started_at = Some(now);
    child.enter(Status::Running);
    drop(state);
    shared.changed.notify_waiters();
    Ok(process)
}

/// The program with arguments and environment as Batch gives them.
fn command(shared: &Shared, state: &State, slot: Slot) -> Result<Command> {
    let definition = &shared.definition;
    let job = &state.jobs[slot.job];
    let overrides = &job.request["containerOverrides"];
    let id = state.id(slot);
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(shared.logs.path().join(&id))
        .context("opening the log")?;
    let directory = definition.directory.as_deref();
    let mut command = Command::new(&definition.converter);
    command
        .args(texts(&overrides["command"]))
        .current_dir(directory.unwrap_or(shared.logs.path()))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(
            definition
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .envs(variables(&overrides["environment"]))
        .env("AWS_BATCH_JOB_ID", &id)
        .env(
            "AWS_BATCH_JOB_ATTEMPT",
            (job.children[slot.child].attempts.len() + 1).to_string(),
        )
        .env("AWS_BATCH_JQ_NAME", &definition.job_queue)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // All that it starts ends with it, and with the server.
        .process_group(0)
        .kill_on_drop(true);
    if job.is_array {
        command.env("AWS_BATCH_JOB_ARRAY_INDEX", slot.child.to_string());
    }
    Ok(command)
}

pub(super) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn variables(list: &Value) -> impl Iterator<Item = (&str, &str)> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| Some((item["name"].as_str()?, item["value"].as_str()?)))
}

/// Waits for the program's end; at its timeout it is told to.
async fn wait(shared: &Arc<Shared>, slot: Slot, mut process: Process) -> ExitStatus {
    let timeout = timeout(shared, slot);
    let timed_out = async {
        match timeout {
            Some(timeout) => sleep(timeout).await,
            None => pending().await,
        }
    };
    let status = tokio::select! {
        status = process.wait() => status,
        () = timed_out => {
            stop(shared, &mut shared.state(), slot, Ending::TimedOut);
            process.wait().await
        }
    };
    // A process of our own can be waited for; anything else shows as a kill.
    status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::KILL.as_raw()))
}

fn timeout(shared: &Shared, slot: Slot) -> Option<Duration> {
    let state = shared.state();
    let seconds = state.jobs[slot.job].request["timeout"]["attemptDurationSeconds"]
        .as_u64()
        .and_then(|seconds| u32::try_from(seconds).ok())
        .or(shared.definition.timeout_seconds)?;
    Some(shared.definition.scaled(seconds))
}

/// Ends a STARTING or RUNNING attempt: SIGTERM to the program, and SIGKILL to all that is left 30 seconds later. A first
/// reason stays.
pub(super) fn stop(shared: &Arc<Shared>, state: &mut State, slot: Slot, ending: Ending) {
    let child = state.child_mut(slot);
    child.ending.get_or_insert(ending);
    let Some(process) = child.process else { return };
    // A process that ended meanwhile is what we want.
    _ = kill_process(process, Signal::TERM);
    let patience = shared.definition.scaled(KILL_AFTER_SECONDS);
    let shared = shared.clone();
    shared.runtime.clone().spawn(async move {
        sleep(patience).await;
        let state = shared.state();
        // Under the lock it is known that the process was not waited for yet; another attempt has another.
        if state.child(slot).process == Some(process) {
            _ = kill_process_group(process, Signal::KILL);
        }
    });
}
