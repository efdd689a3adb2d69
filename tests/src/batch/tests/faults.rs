//! Every fault does what it says.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::types::JobStatus;
use common::aws::{Fate, fate};
use tokio::time::timeout;

use super::{Bench, client};
use crate::batch::{Disturbance, Fault, Operation, Status};

const LONG: &str = "while [ ! -e go ]; do sleep 0.02; done";

#[tokio::test]
async fn throttled_submissions_are_not_done() -> Result<()> {
    let bench = Bench::new("true").await?;
    bench.throttle(2);
    bench.submit("one").await?;
    let statuses: Vec<u16> = bench.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [429, 429, 200], "the SDK tried again");
    assert_eq!(bench.submitted().len(), 1);

    bench.throttle_all();
    let refused = bench
        .submission("two")
        .send()
        .await
        .expect_err("throttled for good");
    assert_eq!(refused.code(), Some("TooManyRequestsException"));
    assert_eq!(fate(&refused), Fate::Throttled);
    let listed = bench
        .client
        .list_jobs()
        .job_queue("statements")
        .send()
        .await;
    assert_eq!(
        listed.expect_err("throttled, too").code(),
        Some("TooManyRequestsException")
    );
    bench.calm();
    bench.submit("two").await?;
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_leaves_a_job_that_nobody_knows() -> Result<()> {
    let bench = Bench::new("echo ran >> ran").await?;
    bench.lose_answers(1);
    let once = client(&bench.url(), 1);
    let lost = once
        .submit_job()
        .job_name("one")
        .job_queue("statements")
        .job_definition("converter");
    let lost = lost.send().await.expect_err("the answer is lost");
    assert_eq!(fate(&lost), Fate::Unknown);
    bench.wait_idle().await?;
    assert_eq!(bench.submitted().len(), 1);

    // An SDK that tries again submits a second time.
    bench.lose_answers(1);
    let id = bench.submit("two").await?;
    let twos: Vec<_> = bench
        .submitted()
        .into_iter()
        .filter(|job| job.job_name == "two")
        .collect();
    assert_eq!(twos.len(), 2);
    assert_eq!(twos[1].job_id, id);
    assert!(bench.calls().iter().any(|call| call.is_lost));

    bench.submit_twice(1);
    let id = bench.submit("three").await?;
    let threes: Vec<_> = bench
        .submitted()
        .into_iter()
        .filter(|job| job.job_name == "three")
        .collect();
    assert_eq!((threes.len(), &threes[1].job_id), (2, &id));
    Ok(())
}

#[tokio::test]
async fn who_waits_for_a_late_answer_can_be_killed() -> Result<()> {
    let bench = Bench::new("true").await?;
    let hour = Duration::from_hours(1);
    bench.disturb(Disturbance::of(
        Operation::SubmitJob,
        Fault::AnswerLate(hour),
    ));
    bench.disturb(Disturbance::of(Operation::SubmitJob, Fault::Slow(hour)));
    let waiting = tokio::spawn(bench.submission("one").send());
    bench
        .wait_until("it is submitted", |server| server.submitted().len() == 1)
        .await?;
    waiting.abort();
    let undone = timeout(Duration::from_millis(200), bench.submission("two").send()).await;
    assert!(undone.is_err(), "it is not even begun");
    bench.submit("three").await?;
    let names: Vec<_> = bench
        .submitted()
        .into_iter()
        .map(|job| job.job_name)
        .collect();
    assert_eq!(names, ["one", "three"]);
    Ok(())
}

#[tokio::test]
async fn a_fault_hits_the_requests_it_is_meant_for() -> Result<()> {
    let bench = Bench::new("true").await?;
    bench.disturb(
        Disturbance::of(Operation::SubmitJob, Fault::Fail)
            .after(1)
            .times(1),
    );
    bench.submit("one").await?;
    bench.submit("two").await?;
    bench.describe("nobody").await.expect_err("it is unknown");
    let statuses: Vec<u16> = bench.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [200, 500, 200, 200]);
    bench.disturb(Disturbance::of(Operation::CancelJob, Fault::Deny));
    let denied = bench
        .client
        .cancel_job()
        .job_id("x")
        .reason("y")
        .send()
        .await;
    let denied = denied.expect_err("no right to it");
    assert_eq!(
        (denied.code(), fate(&denied)),
        (Some("AccessDeniedException"), Fate::Refused)
    );
    Ok(())
}

#[tokio::test]
async fn a_killed_child_is_not_tried_again() -> Result<()> {
    let bench = Bench::new(LONG).await?;
    let id = bench.submit_array("two", 2).await?;
    bench.wait_running(2).await?;
    assert!(bench.kill(&format!("{id}:1")));
    assert!(!bench.kill(&format!("{id}:7")), "there is no such child");
    bench.wait_running(1).await?;
    let killed = bench
        .kill_random(&mut fastrand::Rng::with_seed(1))
        .context("one runs still")?;
    assert_eq!((killed.id, killed.attempt), (format!("{id}:0"), 1));
    bench.wait_idle().await?;
    let child = bench.describe(&format!("{id}:1")).await?;
    assert_eq!(child.status, Some(JobStatus::Failed));
    assert_eq!(
        child.container.context("no container")?.exit_code,
        Some(137)
    );
    Ok(())
}

#[tokio::test]
async fn the_words_of_ends_from_outside() -> Result<()> {
    let bench = Bench::new(LONG).await?;
    let id = bench.submit_array("two", 2).await?;
    bench.wait_running(2).await?;
    let (first, second) = (format!("{id}:0"), format!("{id}:1"));
    assert!(bench.run_out_of_memory(&first));
    assert!(bench.lose_host(&second, "Host EC2 (instance i-0a1b2c3d) terminated."));
    bench.wait_idle().await?;

    let child = bench.describe(&first).await?;
    let container = child.container.context("no container")?;
    assert_eq!(container.exit_code, Some(137));
    assert_eq!(
        container.reason.as_deref(),
        Some("OutOfMemoryError: Container killed due to memory usage")
    );
    assert_eq!(
        child.status_reason.as_deref(),
        Some("Essential container in task exited")
    );

    let child = bench.describe(&second).await?;
    let container = child.container.context("no container")?;
    assert_eq!((container.exit_code, container.reason), (None, None));
    assert_eq!(
        child.status_reason.as_deref(),
        Some("Host EC2 (instance i-0a1b2c3d) terminated.")
    );
    assert_eq!(
        (child.status, child.attempts.map(|all| all.len())),
        (Some(JobStatus::Failed), Some(1))
    );
    Ok(())
}

#[tokio::test]
async fn spot_and_failed_starts_are_tried_again() -> Result<()> {
    let bench = Bench::new(&format!("[ $AWS_BATCH_JOB_ATTEMPT = 3 ] && exit; {LONG}")).await?;
    bench.fail_starts(1, "CannotPullContainerError: 503", "Task failed to start");
    let id = bench.submit("one").await?;
    bench.wait_running(1).await?;
    assert!(bench.interrupt_spot(&id));
    bench.wait_idle().await?;
    let job = bench.describe(&id).await?;
    assert_eq!(job.status, Some(JobStatus::Succeeded));
    let attempts = job.attempts.context("no attempts")?;
    let told: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.status_reason.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(
        told,
        [
            "Task failed to start",
            "Your Spot Task was interrupted.",
            "Essential container in task exited"
        ]
    );
    assert_eq!(attempts[0].started_at, None);
    let signal = attempts[1]
        .container
        .as_ref()
        .and_then(|container| container.exit_code);
    assert_eq!(signal, Some(143), "SIGTERM");
    Ok(())
}

#[tokio::test]
async fn what_is_held_stays_runnable_and_says_why() -> Result<()> {
    let bench = Bench::new("echo $AWS_BATCH_JOB_ARRAY_INDEX >> ran").await?;
    let why = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - no compute environment has 16 vCPU";
    bench.hold_indexes([1], Some(why));
    let id = bench.submit_array("three", 3).await?;
    bench.wait_idle().await?;
    let held = bench.describe(&format!("{id}:1")).await?;
    assert_eq!(held.status, Some(JobStatus::Runnable));
    assert_eq!(held.status_reason.as_deref(), Some(why));
    assert_eq!(bench.status(&id).await?, JobStatus::Pending);
    bench.release();
    bench.wait_idle().await?;
    assert_eq!(bench.lines("ran").len(), 3);
    assert_eq!(bench.status(&id).await?, JobStatus::Succeeded);
    Ok(())
}

#[tokio::test]
async fn queues_are_emptied_from_outside() -> Result<()> {
    let bench = Bench::new("echo ran >> ran").await?;
    bench.hold(Some("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none"));
    let id = bench.submit_array("two", 2).await?;
    let is_runnable = |id: &str| {
        let id = format!("{id}:1");
        move |server: &crate::batch::BatchServer| {
            server
                .statuses(&id)
                .is_ok_and(|all| all.last() == Some(&Status::Runnable))
        }
    };
    bench.wait_until("it is RUNNABLE", is_runnable(&id)).await?;
    assert_eq!(bench.cancel_by_time_limit("stuck for an hour"), 2);
    let child = bench.describe(&format!("{id}:0")).await?;
    assert_eq!(child.status, Some(JobStatus::Failed));
    assert!(
        child
            .status_reason
            .context("no reason")?
            .starts_with("Canceled by JobStateTimeLimitAction")
    );

    let id = bench.submit_array("more", 2).await?;
    bench.wait_until("it is RUNNABLE", is_runnable(&id)).await?;
    assert_eq!(bench.deregister_definition(), 2);
    assert_eq!(bench.status(&id).await?, JobStatus::Failed);
    let refused = bench
        .submission("last")
        .send()
        .await
        .expect_err("the definition is gone");
    assert_eq!(refused.code(), Some("ClientException"));
    bench.release();
    bench.wait_idle().await?;
    assert!(bench.lines("ran").is_empty());
    Ok(())
}

#[tokio::test]
async fn a_forgotten_job_is_nowhere() -> Result<()> {
    let bench = Bench::new("true").await?;
    let id = bench.submit_array("two", 2).await?;
    bench.wait_idle().await?;
    bench.forget(&id);
    bench.describe(&id).await.expect_err("forgotten");
    bench
        .describe(&format!("{id}:0"))
        .await
        .expect_err("its children, too");
    let listed = bench
        .client
        .list_jobs()
        .array_job_id(&id)
        .job_status(JobStatus::Succeeded)
        .send()
        .await?;
    assert!(listed.job_summary_list().is_empty());
    assert_eq!(bench.submitted().len(), 1);
    Ok(())
}
