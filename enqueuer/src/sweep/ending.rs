//! What the end of a Batch job means for the documents it left open.

use common::ledger::SlotEnd;

use crate::queue::{JobStatus, Phase, STOPPED, STUCK};

/// From this exit code on a process was ended by a signal.
const BY_SIGNAL: i32 = 128;

/// What a converter ends with that cannot reach the ledger.
const UNTOLD: &str =
    "the converter ended by itself and could not tell the ledger why; its log does";

/// What a slot that has ended comes to. Batch's own words decide where the exit code does not: a host that was lost has none.
pub fn of(job: &JobStatus) -> SlotEnd {
    let words = job.words();
    let says = |part: &str| words.to_lowercase().contains(&part.to_lowercase());
    let error = format!("Batch says: {words}");
    if job.status_reason.starts_with(STOPPED) {
        return SlotEnd::GivenBack {
            cause: "stopped",
            error,
        };
    }
    if job.status_reason.starts_with(STUCK) || says("JobStateTimeLimit") {
        return SlotEnd::Failed {
            cause: "stuck_runnable",
            error,
        };
    }
    if says("attempt duration exceeded timeout") {
        return SlotEnd::TimedOut;
    }
    if says("OutOfMemory") {
        return SlotEnd::Failed {
            cause: "out_of_memory",
            error,
        };
    }
    let lost = |cause| SlotEnd::Lost {
        cause,
        error: error.clone(),
    };
    // The exit code may be that of an earlier attempt, or of a converter that was told to terminate.
    if job.is_cancelled && job.phase == Phase::Failed {
        return SlotEnd::Failed {
            cause: "cancelled",
            error,
        };
    }
    if says("job definition") || says("JobDefinition") {
        return SlotEnd::Failed {
            cause: "job_definition",
            error,
        };
    }
    // Where an attempt told the ledger why, its words stay.
    let untold = format!("{UNTOLD} ({error})");
    match job.exit_code {
        Some(78) => SlotEnd::GivenBack {
            cause: "config",
            error: format!("a converter is misconfigured; {untold}"),
        },
        Some(101) => SlotEnd::Failed {
            cause: "bug",
            error,
        },
        Some(BY_SIGNAL..) => lost("killed"),
        None if job.phase != Phase::Succeeded => lost("lost_host"),
        // By itself: nobody has killed it.
        _ => SlotEnd::Lost {
            cause: "unreported",
            error: untold,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn ended(status_reason: &str, container_reason: &str, exit_code: Option<i32>) -> JobStatus {
        JobStatus {
            batch_job_id: "b".into(),
            phase: Phase::Failed,
            status_reason: status_reason.into(),
            container_reason: container_reason.into(),
            exit_code,
            log_stream: None,
            is_cancelled: false,
            slot: None,
            children: HashMap::new(),
        }
    }

    fn name(end: &SlotEnd) -> String {
        match end {
            SlotEnd::Ended(_) => "ended".into(),
            SlotEnd::TimedOut => "timed out".into(),
            SlotEnd::Lost { cause, .. } => format!("lost {cause}"),
            SlotEnd::Failed { cause, .. } => format!("failed {cause}"),
            SlotEnd::GivenBack { cause, .. } => format!("given back {cause}"),
        }
    }

    #[test]
    fn batch_ends_jobs_in_many_words() {
        let exited = "Essential container in task exited";
        for (job, meaning) in [
            (
                ended("Job attempt duration exceeded timeout", "", Some(137)),
                "timed out",
            ),
            (
                ended(
                    exited,
                    "OutOfMemoryError: Container killed due to memory usage",
                    Some(137),
                ),
                "failed out_of_memory",
            ),
            (ended(exited, "", Some(137)), "lost killed"),
            (ended(exited, "", Some(143)), "lost killed"),
            (ended(exited, "", Some(75)), "lost unreported"),
            (ended(exited, "", Some(2)), "lost unreported"),
            (ended(exited, "", Some(101)), "failed bug"),
            (ended(exited, "", Some(78)), "given back config"),
            (
                ended("Your Spot Task was interrupted.", "", None),
                "lost lost_host",
            ),
            (
                ended("Host EC2 (instance i-0) terminated.", "", None),
                "lost lost_host",
            ),
            (
                ended(
                    "Task failed to start",
                    "CannotPullContainerError: pull image manifest",
                    None,
                ),
                "lost lost_host",
            ),
            (
                ended("JobDefinition statements:3 is not active", "", None),
                "failed job_definition",
            ),
            (
                ended(
                    "Canceled by JobStateTimeLimitAction due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
                    "",
                    None,
                ),
                "failed stuck_runnable",
            ),
            (
                ended(&format!("{STOPPED}: by an operator"), "", None),
                "given back stopped",
            ),
            (
                ended(&format!("{STUCK}: MISCONFIGURATION"), "", None),
                "failed stuck_runnable",
            ),
            (ended("", "", None), "lost lost_host"),
        ] {
            assert_eq!(name(&of(&job)), meaning, "{job:?}");
        }
        let by_hand = JobStatus {
            is_cancelled: true,
            ..ended("not needed", "", None)
        };
        assert_eq!(name(&of(&by_hand)), "failed cancelled");
        let by_hand_while_it_ran = JobStatus {
            is_cancelled: true,
            ..ended("not needed", "", Some(75))
        };
        assert_eq!(name(&of(&by_hand_while_it_ran)), "failed cancelled");
        let after_an_attempt = ended("Job definition is not in ACTIVE status", "", Some(75));
        assert_eq!(name(&of(&after_an_attempt)), "failed job_definition");
        let without_a_word = JobStatus {
            phase: Phase::Succeeded,
            ..ended("", "", None)
        };
        assert_eq!(name(&of(&without_a_word)), "lost unreported");
    }
}
