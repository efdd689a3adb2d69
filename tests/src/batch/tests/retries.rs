//! Which attempts are followed by another.

use anyhow::{Context, Result};
use aws_sdk_batch::types::{EvaluateOnExit, JobStatus, RetryAction, RetryStrategy};

use super::{Bench, Definition};
use crate::batch::Status;

#[tokio::test]
async fn exit_75_is_tried_three_times() -> Result<()> {
    let bench = Bench::new("echo $AWS_BATCH_JOB_ATTEMPT >> tries; exit 75").await?;
    let id = bench.submit("one").await?;
    bench.wait_idle().await?;
    assert_eq!(bench.lines("tries"), ["1", "2", "3"]);
    let job = bench.describe(&id).await?;
    assert_eq!(job.status, Some(JobStatus::Failed));
    let attempts = job.attempts.context("no attempts")?;
    let codes: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            attempt
                .container
                .as_ref()
                .and_then(|container| container.exit_code)
        })
        .collect();
    assert_eq!(codes, [Some(75); 3]);
    let runnable = bench
        .statuses(&id)?
        .into_iter()
        .filter(|status| *status == Status::Runnable);
    assert_eq!(runnable.count(), 3, "each attempt begins RUNNABLE");
    Ok(())
}

#[tokio::test]
async fn a_second_attempt_may_succeed() -> Result<()> {
    let bench = Bench::new("[ $AWS_BATCH_JOB_ATTEMPT = 2 ] || exit 75").await?;
    let id = bench.submit("one").await?;
    bench.wait_idle().await?;
    let job = bench.describe(&id).await?;
    assert_eq!(job.status, Some(JobStatus::Succeeded));
    assert_eq!(job.attempts.context("no attempts")?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn other_ends_are_final() -> Result<()> {
    let script = "echo $AWS_BATCH_JOB_ARRAY_INDEX >> tries
                  case $AWS_BATCH_JOB_ARRAY_INDEX in 0) exit 65;; 1) exit 101;; *) kill -9 $$;; esac";
    let bench = Bench::new(script).await?;
    let id = bench.submit_array("three", 3).await?;
    bench.wait_idle().await?;
    assert_eq!(bench.lines("tries").len(), 3);
    for (index, code) in [(0, 65), (1, 101), (2, 137)] {
        let child = bench.describe(&format!("{id}:{index}")).await?;
        assert_eq!(child.status, Some(JobStatus::Failed));
        let container = child.container.context("no container")?;
        assert_eq!((container.exit_code, container.reason), (Some(code), None));
    }
    Ok(())
}

#[tokio::test]
async fn a_submission_has_its_own_rules() -> Result<()> {
    let bench = Bench::new("echo try >> tries; exit 65").await?;
    let rule = EvaluateOnExit::builder()
        .action(RetryAction::Exit)
        .on_exit_code("1*")
        .build();
    let strategy = RetryStrategy::builder()
        .attempts(2)
        .evaluate_on_exit(rule)
        .build();
    let id = bench
        .sent(bench.submission("one").retry_strategy(strategy))
        .await?;
    bench.wait_idle().await?;
    assert_eq!(
        bench.lines("tries").len(),
        2,
        "what no rule matches is retried"
    );
    assert_eq!(
        bench
            .describe(&id)
            .await?
            .retry_strategy
            .context("none")?
            .attempts,
        Some(2)
    );
    Ok(())
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_terminated_for_good() -> Result<()> {
    let script = "echo try >> tries; trap 'echo term >> signals; exit 75' TERM
                  while :; do sleep 0.02; done";
    let bench = Bench::with(
        script,
        Definition {
            time_scale: 30,
            ..Definition::default()
        },
    )
    .await?;
    let id = bench.submit_with_timeout("one", 60).await?;
    bench.wait_idle().await?;
    assert_eq!(
        (bench.lines("tries").len(), bench.lines("signals").len()),
        (1, 1),
        "not retried"
    );
    let job = bench.describe(&id).await?;
    assert_eq!(job.status, Some(JobStatus::Failed));
    assert_eq!(
        job.status_reason.as_deref(),
        Some("Job attempt duration exceeded timeout")
    );
    assert_eq!(
        job.timeout.context("no timeout")?.attempt_duration_seconds,
        Some(60)
    );
    assert_eq!(bench.submitted()[0].timeout_seconds, Some(60));
    Ok(())
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed() -> Result<()> {
    let definition = Definition {
        time_scale: 60,
        timeout_seconds: Some(60),
        ..Definition::default()
    };
    let bench = Bench::with("trap '' TERM; while :; do sleep 0.02; done", definition).await?;
    let id = bench.submit("one").await?;
    bench.wait_idle().await?;
    let job = bench.describe(&id).await?;
    assert_eq!(job.container.context("no container")?.exit_code, Some(137));
    assert_eq!(
        job.status_reason.as_deref(),
        Some("Job attempt duration exceeded timeout")
    );
    Ok(())
}
