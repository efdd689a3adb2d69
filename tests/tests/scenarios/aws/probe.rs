//! `check` on AWS: what jobs need, and a job that tries what converters do under their own role.

use anyhow::{Context, Result};
use hyper::Method;
use tests::batch::{Definition, Operation};
use tests::cloud::Cloud;
use tests::s3::Fault;
use tests::{Topic, World, on_every_engine};

use super::month_end::run;
use crate::fixtures::{PERIOD, load_october};

/// A month's world on AWS whose ledger is there.
async fn cloud_with(
    world: &World,
    change: impl FnOnce(Definition) -> Definition,
) -> Result<Cloud<'_>> {
    load_october(world, 1).await?;
    let cloud = Cloud::with(world, change).await?;
    cloud.migrate().await?;
    Ok(cloud)
}

/// With another setting of converters alone.
fn with(definition: Definition, name: &str, value: &str) -> Definition {
    let mut environment = definition.environment;
    environment.retain(|(known, _)| known != name);
    environment.push((name.to_owned(), value.to_owned()));
    Definition {
        environment,
        ..definition
    }
}

/// What `check` says, ended with this code.
async fn check(cloud: &Cloud<'_>, code: i32, more: &[&str]) -> Result<String> {
    let arguments = ["check"].into_iter().chain(more.iter().copied());
    Ok(cloud.enqueuer(arguments).run().await?.expect(code)?.stdout)
}

/// What it says of a subject that is wrong.
async fn wrong(cloud: &Cloud<'_>, subject: &str, more: &[&str]) -> Result<String> {
    let told = check(cloud, 78, more).await?;
    let start = format!("WRONG  {subject}: ");
    let mut lines = told.lines();
    let line = lines.find_map(|line| line.strip_prefix(&start));
    assert_eq!(told.matches("WRONG").count(), 1, "{told}");
    Ok(line.with_context(|| told.clone())?.to_owned())
}

on_every_engine! {
    async fn a_job_tries_what_converters_do(world: &World) {
        let cloud = cloud_with(world, |definition| definition).await?;
        for _ in 0..2 {
            let told = check(&cloud, 0, &[]).await?;
            for subject in ["queue", "job definition", "converter"] {
                assert!(told.contains(&format!("ok     {subject}\n")), "{subject}: {told}");
            }
        }
        let jobs = cloud.batch.submitted();
        assert_eq!(jobs.len(), 2);
        for job in &jobs {
            assert!(job.job_name.starts_with("probe-") && job.command[0] == "--probe", "{job:?}");
            assert_eq!((job.vcpu.as_deref(), job.size), (Some("0.25"), None), "{job:?}");
        }
        let puts = cloud.s3.requests_of(&Method::PUT);
        assert_eq!(puts.len(), 2);
        assert!(puts.iter().all(|put| put.uri.path().ends_with("/.probe/object")), "{puts:?}");
        assert!(cloud.s3.requests_of(&Method::DELETE).is_empty());
        assert!(cloud.s3.content(".probe/object")?.ends_with(b"It is no document.\n"));
        cloud.batch.expect_valid_bodies().await?;
        // The object is no document to anybody.
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        cloud.certificate(PERIOD).await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn what_a_converter_says_reaches_the_operator(world: &World) {
        let cloud = cloud_with(world, |definition| definition).await?;
        for (method, right) in [(Method::PUT, "s3:PutObject and s3:PutObjectTagging"), (Method::GET, "s3:GetObject")] {
            // The enqueuer's own look at the bucket is the first to get something.
            if method == Method::GET {
                cloud.s3.disturb(&method, Fault::Slow(std::time::Duration::ZERO), 1);
            }
            cloud.s3.disturb(&method, Fault::Refuse(403, "AccessDenied"), 1);
            let said = wrong(&cloud, "converter", &[]).await?;
            assert!(said.starts_with("a converter ended with exit code 78: no right to s3://statements/firm/monthly/.probe/"), "{said}");
            assert!(said.contains(right), "{said}");
            cloud.s3.calm();
        }
        check(&cloud, 0, &[]).await?;
        Ok(())
    }
}

on_every_engine! {
    async fn settings_of_converters_alone_are_tried(world: &World) {
        let other = world.path("other.toml");
        let other_profile = other.to_string_lossy().into_owned();
        let cloud = cloud_with(world, |definition| with(definition, "STATEMENT_PROFILE", &other_profile)).await?;
        let profile = std::fs::read_to_string(cloud.setting("STATEMENT_PROFILE")?)?;
        std::fs::write(other, profile.replace("Aoba", "Wakaba"))?;
        let said = wrong(&cloud, "converter", &[]).await?;
        assert!(said.contains("give the converter the profile of the enqueuer"), "{said}");
        assert_eq!(world.texts("SELECT words FROM export_probes WHERE words LIKE '%profile%'").await?.len(), 1);
        // Yesterday's words go with the next probe's.
        world.execute("UPDATE export_probes SET ended_at = ended_at - 90000000").await?;
        wrong(&cloud, "converter", &[]).await?;
        assert_eq!(world.texts("SELECT words FROM export_probes").await?.len(), 1);
        Ok(())
    }
}

on_every_engine! {
    async fn a_converter_that_cannot_reach_the_ledger_has_a_log(world: &World) {
        let nowhere = "postgres://nobody@127.0.0.1:1/nothing?sslmode=disable";
        let cloud = cloud_with(world, |definition| with(definition, "DATABASE_URL", nowhere)).await?;
        let said = wrong(&cloud, "converter", &[]).await?;
        assert!(said.starts_with("a converter ended with exit code 75: it could not tell the ledger why"), "{said}");
        assert!(said.contains("aws logs tail \"$LOG_GROUP\" --log-stream-names converter/default/"), "{said}");
        // One attempt: whoever waits hears at once.
        assert_eq!(cloud.batch.submitted().len(), 1);
        Ok(())
    }
}

on_every_engine! {
    async fn a_job_that_does_not_begin_is_told_and_cancelled(world: &World) {
        let cloud = cloud_with(world, |definition| definition).await?;
        cloud.batch.hold(Some("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - none"));
        let said = wrong(&cloud, "converter", &["--probe-seconds", "1"]).await?;
        assert!(said.contains("has not begun in 1 s") && said.contains("MISCONFIGURATION"), "{said}");
        assert_eq!(cloud.batch.count(Operation::CancelJob), 1);
        // Behind other jobs that is no fault.
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let told = check(&cloud, 0, &["--probe-seconds", "1"]).await?;
        assert!(told.contains("note   converter: not tried: its job has not begun in 1 s, with "), "{told}");
        assert_eq!(cloud.batch.count(Operation::CancelJob), 2);
        Ok(())
    }
}

on_every_engine! {
    async fn what_jobs_need_is_looked_at(world: &World) {
        let cloud = cloud_with(world, |definition| definition).await?;
        let no_probe = &["--no-probe"];
        cloud.batch.disable_environments(1);
        let told = check(&cloud, 0, no_probe).await?;
        assert!(told.contains("note   queue: statements-fargate-spot is DISABLED"), "{told}");
        cloud.batch.disable_environments(2);
        let said = wrong(&cloud, "queue", no_probe).await?;
        assert!(said.contains("no compute environment") && said.contains("statements-fargate is DISABLED"), "{said}");
        cloud.batch.disable_environments(0);
        for definition in ["gone", "converter:2"] {
            let said = wrong(&cloud, "job definition", &["--no-probe", "--batch-job-definition", definition]).await?;
            assert!(said.contains("no active job definition") && said.contains("BATCH_JOB_DEFINITION"), "{said}");
        }
        check(&cloud, 0, &["--no-probe", "--batch-job-definition", "converter:1"]).await?;
        cloud.batch.deregister_definition();
        let said = wrong(&cloud, "job definition", &["--no-probe", "--batch-job-definition", "converter:1"]).await?;
        assert!(said.contains("is INACTIVE"), "{said}");
        let told = check(&cloud, 78, no_probe).await?;
        assert!(told.contains("no active job definition"), "{told}");
        cloud.batch.disable_queue();
        let told = check(&cloud, 78, no_probe).await?;
        assert!(told.contains("WRONG  queue: the job queue statements takes no jobs, it is DISABLED"), "{told}");
        let told = check(&cloud, 78, &["--no-probe", "--batch-job-queue", "gone"]).await?;
        assert!(told.contains("no job queue gone") || told.contains("JobQueue gone not found"), "{told}");
        cloud.batch.expect_valid_bodies().await
    }
}

on_every_engine! {
    async fn the_topic_is_looked_at(world: &World) {
        let cloud = cloud_with(world, |definition| definition).await?;
        let topic = Topic::start().await?;
        let check = |arn: &str| {
            let alerts = format!("sns:{arn}");
            cloud.enqueuer(["check", "--no-probe"]).env("ALERTS", &alerts).env("AWS_ENDPOINT_URL_SNS", &topic.url())
        };
        let told = check(topic.arn()).run().await?.expect(0)?.stdout;
        assert!(told.contains("not tried: `enqueuer check --send-test-alert`"), "{told}");
        let told = check("arn:aws:sns:ap-northeast-1:123456789012:gone").run().await?.expect(78)?.stdout;
        assert!(told.contains("WRONG  alerts") && told.contains("Topic does not exist"), "{told}");
        topic.unsubscribe_all();
        let told = check(topic.arn()).run().await?.expect(0)?.stdout;
        assert!(told.contains("nobody has subscribed"), "{told}");
        assert!(topic.messages().is_empty());
        Ok(())
    }
}
