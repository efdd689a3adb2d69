//! Single jobs and arrays that run to their end.

use anyhow::{Context, Result};
use aws_sdk_batch::types::ContainerOverrides;
use aws_sdk_batch::types::{
    JobStatus, KeyValuePair, KeyValuesPair, ResourceRequirement, ResourceType,
};

use super::{Bench, Definition};
use crate::batch::Status;

#[tokio::test]
async fn a_single_job_runs_with_what_batch_gives_it() -> Result<()> {
    let definition = Definition {
        environment: vec![("DATABASE_URL".to_owned(), "sqlite://here".to_owned())],
        ..Definition::default()
    };
    let script = r#"echo "$@"; env | sort | grep -v -e ^PWD -e ^_ -e ^SHLVL -e ^OLDPWD"#;
    let bench = Bench::with(script, definition).await?;
    let id = bench.submit("one").await?;
    bench.wait_idle().await?;
    let job = bench.describe(&id).await?;
    assert_eq!(job.status, Some(JobStatus::Succeeded));
    assert_eq!(
        job.status_reason.as_deref(),
        Some("Essential container in task exited")
    );
    assert_eq!(job.job_name.as_deref(), Some("one"));
    assert_eq!(job.container.context("no container")?.exit_code, Some(0));
    assert!(job.array_properties.is_none());
    assert!(job.created_at <= job.started_at && job.started_at <= job.stopped_at);
    let attempts = job.attempts.context("no attempts")?;
    assert_eq!(attempts.len(), 1);
    let log = bench.log(&id)?;
    let lines: Vec<&str> = log.lines().collect();
    let id_line = format!("AWS_BATCH_JOB_ID={id}");
    assert_eq!(
        lines,
        [
            "--job one",
            "AWS_BATCH_JOB_ATTEMPT=1",
            id_line.as_str(),
            "AWS_BATCH_JQ_NAME=statements",
            "DATABASE_URL=sqlite://here",
            "PATH=/usr/bin:/bin",
        ]
    );
    assert_eq!(
        bench.statuses(&id)?,
        [
            Status::Submitted,
            Status::Runnable,
            Status::Starting,
            Status::Running,
            Status::Succeeded
        ]
    );
    Ok(())
}

#[tokio::test]
async fn the_children_of_an_array_run_a_few_at_a_time() -> Result<()> {
    let script = "echo $AWS_BATCH_JOB_ARRAY_INDEX $AWS_BATCH_JOB_ID >> ran; [ $AWS_BATCH_JOB_ARRAY_INDEX != 3 ]";
    let bench = Bench::with(
        script,
        Definition {
            max_parallel: 3,
            ..Definition::default()
        },
    )
    .await?;
    let id = bench.submit_array("five", 5).await?;
    bench.wait_idle().await?;
    let mut ran = bench.lines("ran");
    ran.sort();
    assert_eq!(
        ran,
        [0, 1, 2, 3, 4].map(|index| format!("{index} {id}:{index}"))
    );
    assert_eq!(bench.most_running(), 3);

    let parent = bench.describe(&id).await?;
    assert_eq!(parent.status, Some(JobStatus::Failed));
    assert_eq!(
        parent.status_reason.as_deref(),
        Some("Array Child Job failed")
    );
    let array = parent.array_properties.context("no array")?;
    assert_eq!(array.size, Some(5));
    let summary = array.status_summary.context("no summary")?;
    assert_eq!(
        (summary["SUCCEEDED"], summary["FAILED"], summary["RUNNING"]),
        (4, 1, 0)
    );

    let child = bench.describe(&format!("{id}:3")).await?;
    assert_eq!(child.status, Some(JobStatus::Failed));
    assert_eq!(child.array_properties.context("no index")?.index, Some(3));
    assert_eq!(child.container.context("no container")?.exit_code, Some(1));
    Ok(())
}

#[tokio::test]
async fn a_parent_is_pending_until_its_children_have_ended() -> Result<()> {
    let bench = Bench::new("while [ ! -e go ]; do sleep 0.02; done").await?;
    let id = bench.submit_array("two", 2).await?;
    bench.wait_running(2).await?;
    assert_eq!(bench.status(&id).await?, JobStatus::Pending);
    assert_eq!(bench.status(&format!("{id}:0")).await?, JobStatus::Running);
    std::fs::write(bench.path("go"), "")?;
    bench.wait_idle().await?;
    assert_eq!(bench.status(&id).await?, JobStatus::Succeeded);
    Ok(())
}

#[tokio::test]
async fn overrides_and_tags_are_kept() -> Result<()> {
    let bench = Bench::new("echo $COLOUR").await?;
    let requirement = |kind, value: &str| {
        ResourceRequirement::builder()
            .r#type(kind)
            .value(value)
            .build()
    };
    let overrides = ContainerOverrides::builder()
        .command("converter")
        .environment(KeyValuePair::builder().name("COLOUR").value("blue").build())
        .resource_requirements(requirement(ResourceType::Vcpu, "0.5"))
        .resource_requirements(requirement(ResourceType::Memory, "1024"))
        .build();
    let submission = bench
        .submission("one")
        .container_overrides(overrides)
        .tags("run", "R1")
        .propagate_tags(true);
    let id = bench.sent(submission).await?;
    bench.wait_idle().await?;
    assert_eq!(bench.log(&id)?, "blue\n");
    let submitted = bench.submitted();
    assert_eq!(submitted[0].command, ["converter"]);
    assert_eq!(
        (
            submitted[0].vcpu.as_deref(),
            submitted[0].memory_mib.as_deref()
        ),
        (Some("0.5"), Some("1024"))
    );
    assert_eq!(submitted[0].tags["run"], "R1");
    let job = bench.describe(&id).await?;
    assert_eq!(job.tags.context("no tags")?["run"], "R1");
    assert_eq!(job.propagate_tags, Some(true));
    Ok(())
}

#[tokio::test]
async fn what_a_program_started_ends_with_it_and_with_the_server() -> Result<()> {
    let bench =
        Bench::new("sleep 300 & echo $! >> pids; [ $AWS_BATCH_JOB_ARRAY_INDEX = 0 ] || sleep 300")
            .await?;
    bench.submit_array("two", 2).await?;
    bench.wait_lines("pids", 2).await?;
    bench.wait_running(1).await?;
    let left = bench.running()[0].pid;
    let pids = bench.lines("pids");
    let Bench {
        server, directory, ..
    } = bench;
    drop(server);
    for pid in pids.into_iter().chain([left.to_string()]) {
        expect_end(&pid).await?;
    }
    drop(directory);
    Ok(())
}

async fn expect_end(pid: &str) -> Result<()> {
    for _ in 0..500 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        if matches!(state, None | Some('Z' | 'X')) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    anyhow::bail!("process {pid} is still there")
}

#[tokio::test]
async fn ten_thousand_children_are_only_accepted() -> Result<()> {
    let bench = Bench::with(
        "echo ran >> ran",
        Definition {
            accept_only: true,
            ..Definition::default()
        },
    )
    .await?;
    let id = bench.submit_array("many", 10_000).await?;
    bench.wait_idle().await?;
    assert_eq!(bench.status(&id).await?, JobStatus::Pending);
    assert_eq!(
        bench.status(&format!("{id}:9999")).await?,
        JobStatus::Runnable
    );
    assert!(bench.lines("ran").is_empty());
    Ok(())
}

#[tokio::test]
async fn what_goes_to_and_fro_is_what_aws_takes_and_gives() -> Result<()> {
    let bench = Bench::new("exit ${AWS_BATCH_JOB_ARRAY_INDEX:-75}").await?;
    let array = bench.submit_array("two", 2).await?;
    let single = bench.submit_with_timeout("one", 60).await?;
    let list = || bench.client.list_jobs().array_job_id(&array);
    for _ in 0..2 {
        for id in [&array, &format!("{array}:1"), &single] {
            bench.describe(id).await?;
        }
        bench.wait_idle().await?;
    }
    list().job_status(JobStatus::Failed).send().await?;
    list()
        .job_status(JobStatus::Succeeded)
        .max_results(1)
        .send()
        .await?;
    let filter = KeyValuesPair::builder()
        .name("JOB_NAME")
        .values("*")
        .build();
    bench
        .client
        .list_jobs()
        .job_queue("statements")
        .filters(filter)
        .send()
        .await?;
    bench
        .client
        .cancel_job()
        .job_id(&array)
        .reason("too late")
        .send()
        .await?;
    bench
        .client
        .terminate_job()
        .job_id(&array)
        .reason("too late")
        .send()
        .await?;
    bench.expect_valid_bodies().await
}
