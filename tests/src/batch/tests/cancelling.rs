//! CancelJob and TerminateJob.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_batch::types::JobStatus;

use super::{Bench, Definition};

/// Runs until it is told to end, and says so.
const LONG: &str =
    "trap 'echo term >> signals; exit 75' TERM; echo set >> traps; while :; do sleep 0.02; done";

impl Bench {
    async fn cancel(&self, id: &str, reason: &str) -> Result<()> {
        self.client
            .cancel_job()
            .job_id(id)
            .reason(reason)
            .send()
            .await?;
        Ok(())
    }

    async fn terminate(&self, id: &str, reason: &str) -> Result<()> {
        self.client
            .terminate_job()
            .job_id(id)
            .reason(reason)
            .send()
            .await?;
        Ok(())
    }
}

#[tokio::test]
async fn cancelling_an_array_ends_what_is_queued_only() -> Result<()> {
    let bench = Bench::new("while [ ! -e go ]; do sleep 0.02; done").await?;
    let id = bench.submit_array("four", 4).await?;
    bench.wait_running(2).await?;
    bench.cancel(&id, "stopped by an operator").await?;
    for index in [2, 3] {
        let child = bench.describe(&format!("{id}:{index}")).await?;
        assert_eq!(child.status, Some(JobStatus::Failed));
        assert_eq!(
            child.status_reason.as_deref(),
            Some("stopped by an operator")
        );
        assert_eq!(
            (child.is_cancelled, child.is_terminated),
            (Some(true), Some(false))
        );
        assert_eq!(child.attempts.context("no list")?.len(), 0);
    }
    assert_eq!(
        bench.status(&id).await?,
        JobStatus::Pending,
        "two run still"
    );
    std::fs::write(bench.path("go"), "")?;
    bench.wait_idle().await?;
    for index in [0, 1] {
        assert_eq!(
            bench.status(&format!("{id}:{index}")).await?,
            JobStatus::Succeeded
        );
    }
    assert_eq!(bench.status(&id).await?, JobStatus::Failed);
    Ok(())
}

#[tokio::test]
async fn one_child_can_be_cancelled() -> Result<()> {
    let bench = Bench::new("true").await?;
    bench.hold(None);
    let id = bench.submit_array("two", 2).await?;
    bench.cancel(&format!("{id}:1"), "not this one").await?;
    bench.release();
    bench.wait_idle().await?;
    assert_eq!(
        bench.status(&format!("{id}:0")).await?,
        JobStatus::Succeeded
    );
    assert_eq!(bench.status(&format!("{id}:1")).await?, JobStatus::Failed);
    Ok(())
}

#[tokio::test]
async fn what_is_starting_goes_on_when_cancelled_and_not_when_terminated() -> Result<()> {
    for terminates in [false, true] {
        let launch_time = Duration::from_millis(500);
        let bench = Bench::with(
            "echo ran >> ran",
            Definition {
                launch_time,
                ..Definition::default()
            },
        )
        .await?;
        let id = bench.submit("one").await?;
        bench
            .wait_until("it is STARTING", |server| {
                server.job(&id).is_ok_and(|job| job["status"] == "STARTING")
            })
            .await?;
        if terminates {
            bench.terminate(&id, "enough").await?;
        } else {
            bench.cancel(&id, "enough").await?;
        }
        bench.wait_idle().await?;
        let job = bench.describe(&id).await?;
        assert_eq!(bench.lines("ran").len(), usize::from(!terminates));
        assert_eq!(job.status == Some(JobStatus::Failed), terminates);
        assert_eq!(job.is_terminated, Some(terminates));
    }
    Ok(())
}

#[tokio::test]
async fn terminating_ends_what_runs_without_another_attempt() -> Result<()> {
    let bench = Bench::new(LONG).await?;
    let id = bench.submit_array("three", 3).await?;
    bench.wait_running(2).await?;
    bench.wait_lines("traps", 2).await?;
    bench.terminate(&id, "the host is sold").await?;
    bench.wait_idle().await?;
    assert_eq!(bench.lines("signals").len(), 2);
    let ended = bench.describe(&format!("{id}:0")).await?;
    assert_eq!(ended.status, Some(JobStatus::Failed));
    assert_eq!(ended.status_reason.as_deref(), Some("the host is sold"));
    assert_eq!(
        (ended.is_cancelled, ended.is_terminated),
        (Some(false), Some(true))
    );
    assert_eq!(
        ended.attempts.context("no list")?.len(),
        1,
        "exit 75 is not retried"
    );
    let queued = bench.describe(&format!("{id}:2")).await?;
    assert_eq!(
        (queued.status, queued.is_cancelled),
        (Some(JobStatus::Failed), Some(true))
    );
    Ok(())
}

#[tokio::test]
async fn what_has_ended_stays_as_it_is() -> Result<()> {
    let bench = Bench::new("true").await?;
    let id = bench.submit("one").await?;
    bench.wait_idle().await?;
    bench.cancel(&id, "too late").await?;
    bench.terminate(&id, "too late").await?;
    let job = bench.describe(&id).await?;
    assert_eq!(
        (job.status, job.is_cancelled),
        (Some(JobStatus::Succeeded), Some(false))
    );
    Ok(())
}
