//! What Batch refuses, and how it lists.

use anyhow::{Context, Result};
use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{
    ArrayProperties, ContainerOverrides, JobStatus, JobTimeout, KeyValuePair, KeyValuesPair,
    ResourceRequirement, ResourceType,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Bench, Definition};
use crate::batch::Operation;

async fn accepting() -> Result<Bench> {
    Bench::with(
        "true",
        Definition {
            accept_only: true,
            ..Definition::default()
        },
    )
    .await
}

/// Demands that a submission is refused, in words that hold `word`.
async fn expect_refused(submission: SubmitJobFluentBuilder, word: &str) {
    let refused = submission.send().await.expect_err(word);
    assert_eq!(refused.code(), Some("ClientException"));
    let message = refused.message().unwrap_or_default();
    assert!(message.contains(word), "{message:?} does not say {word:?}");
}

#[tokio::test]
async fn submissions_that_batch_refuses() -> Result<()> {
    let bench = accepting().await?;
    for name in ["", "-first", "a.b", "名前", &"n".repeat(129)] {
        let word = if name.is_empty() {
            "jobName"
        } else {
            "not supported"
        };
        expect_refused(bench.submission(name), word).await;
    }
    for size in [0, 1, 10_001] {
        let array = ArrayProperties::builder().size(size).build();
        expect_refused(bench.submission("a").array_properties(array), "Array size").await;
    }
    let timeout = JobTimeout::builder().attempt_duration_seconds(59).build();
    expect_refused(bench.submission("a").timeout(timeout), "at least 60").await;
    expect_refused(bench.submission("a").job_queue("other"), "JobQueue").await;
    expect_refused(bench.submission("a").job_definition("other"), "ACTIVE").await;
    expect_refused(
        bench.submission("a").tags("key", "v".repeat(31_000)),
        "bytes",
    )
    .await;
    let reserved = KeyValuePair::builder()
        .name("AWS_BATCH_JOB_ID")
        .value("1")
        .build();
    let overrides = ContainerOverrides::builder().environment(reserved).build();
    expect_refused(
        bench.submission("a").container_overrides(overrides),
        "AWS_BATCH",
    )
    .await;
    let requirement = |kind, value: &str| {
        ResourceRequirement::builder()
            .r#type(kind)
            .value(value)
            .build()
    };
    let overrides = ContainerOverrides::builder()
        .resource_requirements(requirement(ResourceType::Vcpu, "0.25"))
        .resource_requirements(requirement(ResourceType::Memory, "4096"))
        .build();
    expect_refused(
        bench.submission("a").container_overrides(overrides),
        "Fargate",
    )
    .await;
    assert!(bench.submitted().is_empty());
    Ok(())
}

#[tokio::test]
async fn overrides_that_are_too_long_are_accepted_and_fail() -> Result<()> {
    let bench = Bench::new("echo ran >> ran").await?;
    let overrides = ContainerOverrides::builder()
        .command("c".repeat(8200))
        .build();
    let id = bench
        .sent(bench.submission("a").container_overrides(overrides))
        .await?;
    bench.wait_idle().await?;
    let job = bench.describe(&id).await?;
    assert_eq!(job.status, Some(JobStatus::Failed));
    assert!(job.status_reason.context("no reason")?.contains("8192"));
    assert!(bench.lines("ran").is_empty());
    Ok(())
}

#[tokio::test]
async fn at_most_a_hundred_jobs_are_described_at_once() -> Result<()> {
    let bench = accepting().await?;
    let id = bench.submit_array("many", 200).await?;
    let ids = |count: usize| (0..count).map(|index| format!("{id}:{index}")).collect();
    let hundred = bench
        .client
        .describe_jobs()
        .set_jobs(Some(ids(100)))
        .send()
        .await?;
    assert_eq!(hundred.jobs().len(), 100);
    let more = bench
        .client
        .describe_jobs()
        .set_jobs(Some(ids(101)))
        .send()
        .await;
    assert_eq!(
        more.expect_err("one too many").code(),
        Some("ClientException")
    );
    Ok(())
}

#[tokio::test]
async fn listing_by_name_finds_every_status_in_any_case() -> Result<()> {
    let bench = Bench::new("[ \"$2\" != bad ]").await?;
    let (good, bad) = (bench.submit("good").await?, bench.submit("bad").await?);
    let array = bench.submit_array("Good-array", 2).await?;
    bench.wait_idle().await?;
    let named = async |value: &str| -> Result<Vec<(String, JobStatus)>> {
        let filter = KeyValuesPair::builder()
            .name("JOB_NAME")
            .values(value)
            .build();
        let list = bench
            .client
            .list_jobs()
            .job_queue("statements")
            .filters(filter)
            .send()
            .await?;
        let found = list.job_summary_list().iter();
        found
            .map(|job| {
                let id = job.job_id.clone().context("no id")?;
                Ok((id, job.status.clone().context("no status")?))
            })
            .collect()
    };
    assert_eq!(named("bad").await?, [(bad, JobStatus::Failed)]);
    assert_eq!(named("GOOD").await?, [(good.clone(), JobStatus::Succeeded)]);
    // The newest first; children are not among them.
    let both = [(array, JobStatus::Succeeded), (good, JobStatus::Succeeded)];
    assert_eq!(named("good*").await?, both);
    assert!(named("goo").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn listing_without_a_status_lists_what_runs() -> Result<()> {
    let bench = Bench::new("while [ ! -e go ]; do sleep 0.02; done").await?;
    let single = bench.submit("one").await?;
    bench.wait_running(1).await?;
    let array = bench.submit_array("two", 2).await?;
    bench.wait_running(2).await?;
    let list = bench
        .client
        .list_jobs()
        .job_queue("statements")
        .send()
        .await?;
    let ids: Vec<_> = list
        .job_summary_list()
        .iter()
        .filter_map(|job| job.job_id.as_deref())
        .collect();
    assert_eq!(ids, [single.as_str()], "a parent is PENDING");
    let children = bench.client.list_jobs().array_job_id(&array).send().await?;
    assert_eq!(children.job_summary_list().len(), 1);
    let pending = bench
        .client
        .list_jobs()
        .job_queue("statements")
        .job_status(JobStatus::Pending)
        .send()
        .await?;
    assert_eq!(
        pending.job_summary_list()[0].job_id.as_deref(),
        Some(array.as_str())
    );
    std::fs::write(bench.path("go"), "")?;
    bench.wait_idle().await
}

#[tokio::test]
async fn lists_come_in_pages() -> Result<()> {
    let bench = accepting().await?;
    let id = bench.submit_array("many", 1250).await?;
    bench.wait_idle().await?;
    let list = || {
        bench
            .client
            .list_jobs()
            .array_job_id(&id)
            .job_status(JobStatus::Runnable)
    };
    let first = list().send().await?;
    assert_eq!(first.job_summary_list().len(), 1000, "no more in one page");
    let mut pages = list().max_results(100).into_paginator().send();
    let mut sizes = Vec::new();
    let mut indexes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        sizes.push(page.job_summary_list().len());
        let children = page.job_summary_list().iter();
        indexes.extend(children.filter_map(|job| job.array_properties.as_ref()?.index));
    }
    assert_eq!((sizes.len(), sizes[0], sizes[12]), (13, 100, 50));
    assert_eq!(indexes, (0..1250).collect::<Vec<i32>>());
    let refused = list()
        .max_results(0)
        .send()
        .await
        .expect_err("no results are asked for");
    assert_eq!(refused.code(), Some("ClientException"));
    Ok(())
}

#[tokio::test]
async fn a_request_must_be_signed_and_known() -> Result<()> {
    let bench = accepting().await?;
    let status = async |path: &str| -> Result<String> {
        let address = bench.url().replace("http://", "");
        let mut stream = tokio::net::TcpStream::connect(&address).await?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let status = answer.split(' ').nth(1).context("no status")?;
        Ok(status.to_owned())
    };
    assert_eq!(status("/v1/submitjob").await?, "403");
    assert_eq!(status("/v1/registerjobdefinition").await?, "404");
    assert_eq!(
        bench.count(Operation::SubmitJob),
        0,
        "neither is a request of Batch's"
    );
    Ok(())
}
