//! Submitting to Batch: what a submission carries, and that none is lost or doubled whatever becomes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tests::batch::{Definition, Disturbance, Fault, Operation};
use tests::cloud::Cloud;
use tests::{World, on_every_engine};

use super::afterwards::{expect_settled, only_job};
use super::month_end::run;
use crate::fixtures::{
    AT, PERIOD, count, expect_ledger_agrees_with_store, expect_one_line, load_october,
};

/// So small that five accounts need all of them.
const CLASSES: &str = "light:4:0.25:512:60,middle:8:0.5:1024:120,heavy::1:2048:180";

/// Nothing is submitted, nothing is lost, and nothing that did not happen is held against a document.
async fn expect_everything_due(world: &World, documents: u64) -> Result<()> {
    let due = "SELECT count(*) FROM export_documents WHERE state = 'due' AND submissions = 0 AND attempts = 0";
    assert_eq!(count(world, due).await?, documents);
    Ok(())
}

/// Documents that were given to jobs, each time counted.
async fn assigned(world: &World) -> Result<u64> {
    count(world, "SELECT count(*) FROM export_job_documents").await
}

fn pid(process: &tokio::process::Child) -> Result<Pid> {
    let id = process.id().context("it has ended")?;
    Pid::from_raw(id.cast_signed()).context("no process has that id")
}

on_every_engine! {
    async fn a_submission_carries_the_job_and_what_its_size_class_needs(world: &World) {
        load_october(world, 5).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let answer = cloud.enqueuer(run([])).env("SIZE_CLASSES", CLASSES).run().await?.expect(0)?.json()?;
        cloud.batch.wait_idle().await?;

        let submitted = cloud.batch.submitted();
        let calls = cloud.batch.calls();
        let mut names = BTreeSet::new();
        let mut in_order = Vec::new();
        for (job, call) in submitted.iter().zip(calls.iter().filter(|call| call.operation == Operation::SubmitJob)) {
            let class = job.tags.get("size-class").context("no size class")?;
            in_order.push(class.as_str());
            let (rows, vcpu, memory, timeout) = match class.as_str() {
                "light" => ("estimated_rows < 4", "0.25", "512", 60),
                "middle" => ("estimated_rows >= 4 AND estimated_rows < 8", "0.5", "1024", 120),
                _ => ("estimated_rows >= 8", "1", "2048", 180),
            };
            let ours = count(world, &format!("SELECT count(*) FROM export_documents WHERE {rows}")).await?;
            let of_job = count(world, &format!(
                "SELECT count(*) FROM export_job_documents a JOIN export_documents d ON d.document_id = a.document_id
                 WHERE a.job_id = '{}' AND d.{rows}", job.job_name,
            )).await?;
            assert_eq!(of_job, ours, "{class}");
            assert_eq!(job.size.map(|size| size as u64), (ours > 1).then_some(ours), "{class}: an array, or a single job for one");
            assert_eq!(job.command, ["--job", &job.job_name]);
            assert_eq!(
                (job.vcpu.as_deref(), job.memory_mib.as_deref(), job.timeout_seconds),
                (Some(vcpu), Some(memory), Some(timeout)), "{class}"
            );
            let run_id = answer["run_id"].as_str().context("no run")?;
            assert_eq!(job.tags["run"], run_id);
            assert_eq!(job.tags["period"], PERIOD);
            assert_eq!(call.request["propagateTags"], true);
            assert!(job.job_name.starts_with(run_id) && names.insert(job.job_name.clone()), "{}", job.job_name);
            let overrides = call.request["containerOverrides"].as_object().context("no overrides")?;
            let keys: Vec<&String> = overrides.keys().collect();
            assert_eq!(keys, ["command", "resourceRequirements"], "an id, never a list");
        }
        assert_eq!(in_order, ["heavy", "middle", "light"]);
        assert!(submitted.iter().any(|job| job.size.is_none()), "no class has one document: change the thresholds");
        let ascending = "SELECT count(*) FROM export_job_documents a JOIN export_documents d ON d.document_id = a.document_id
                         JOIN export_job_documents b ON b.job_id = a.job_id AND b.slot = a.slot + 1
                         JOIN export_documents e ON e.document_id = b.document_id AND e.estimated_rows > d.estimated_rows";
        assert_eq!(count(world, ascending).await?, 0, "the heaviest first within an array, too");
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 10, 0).await
    }
}

on_every_engine! {
    async fn a_throttled_submission_is_sent_again(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.throttle(3);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 4);
        only_job(&cloud.batch)?;
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn what_is_throttled_for_ever_stays_due_for_the_next_sweep(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.throttle_all();
        let arguments = run(["--documents-per-slot", "2"]);
        expect_one_error(cloud.enqueuer(arguments).run().await?, 75, &["AWS throttles", "TooManyRequests"])?;
        assert_eq!(cloud.batch.submitted(), []);
        expect_everything_due(world, 4).await?;
        cloud.batch.calm();
        cloud.sweep_to_the_end(PERIOD).await?;
        let only = cloud.batch.submitted();
        assert_eq!((only.len(), only[0].size), (1, Some(2)), "packed as the run wanted it");
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn a_submission_whose_answer_is_lost_is_found_at_once(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.lose_answers(1);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let known = world.texts("SELECT batch_job_id FROM export_jobs").await?;
        assert_eq!(known, [[Some(only_job(&cloud.batch)?)]]);
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 1, "never again blindly");
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn a_submission_that_is_not_found_at_once_is_recognised_by_the_sweep(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.lose_answers(1);
        cloud.batch.disturb(Disturbance::of(Operation::ListJobs, Fault::Deny).for_good());
        let said = cloud.enqueuer(run([])).run().await?.expect(0)?;
        assert!(said.stderr.contains("`enqueuer sweep` finds out whether Batch has it"), "{}", said.stderr);
        assert_eq!(count(world, "SELECT count(*) FROM export_jobs WHERE batch_job_id IS NULL").await?, 1);
        cloud.batch.calm();
        cloud.sweep_to_the_end(PERIOD).await?;
        only_job(&cloud.batch)?;
        assert_eq!(assigned(world).await?, 4);
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn a_submission_that_failed_without_effect_is_made_again_when_it_counts_as_lost(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.fail(1);
        cloud.enqueuer(run([])).env("LOST_AFTER_SECONDS", "600").run().await?.expect(0)?;
        let early = cloud.enqueuer(["sweep", "--json"]).env("LOST_AFTER_SECONDS", "600").run().await?.expect(0)?.json()?;
        assert_eq!((&early["settled"], &early["submitted"]), (&json!(0), &json!(0)), "it may be about to appear");
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 1);
        cloud.sweep_to_the_end(PERIOD).await?;
        only_job(&cloud.batch)?;
        let counted = "SELECT count(*) FROM export_documents WHERE submissions = 1";
        assert_eq!(count(world, counted).await?, 4, "what never reached Batch is not held against a document");
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn an_enqueuer_killed_before_the_answer_leaves_one_job(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, Fault::AnswerLate(Duration::from_mins(1))));
        let mut enqueuer = cloud.enqueuer(run([])).start()?;
        cloud.batch.wait_until("the job is there", |batch| batch.count(Operation::SubmitJob) == 1).await?;
        enqueuer.kill().await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        only_job(&cloud.batch)?;
        assert_eq!(assigned(world).await?, 4);
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn an_enqueuer_killed_before_it_submits_loses_nothing(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.throttle(usize::MAX);
        let mut enqueuer = cloud.enqueuer(run([])).start()?;
        cloud.batch.wait_until("it tries", |batch| batch.count(Operation::SubmitJob) > 1).await?;
        enqueuer.kill().await?;
        cloud.batch.calm();
        assert_eq!(count(world, "SELECT count(*) FROM export_documents WHERE state = 'submitted'").await?, 4);
        cloud.sweep_to_the_end(PERIOD).await?;
        only_job(&cloud.batch)?;
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn a_refused_submission_names_what_to_mend(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, Fault::Deny));
        let denied = cloud.enqueuer(run([])).run().await?;
        expect_one_error(denied, 78, &["AccessDenied", "rights (IAM)", "queue statements"])?;
        expect_everything_due(world, 4).await?;
        let nowhere = cloud.enqueuer(run([])).env("BATCH_JOB_QUEUE", "not-there").run().await?;
        expect_one_error(nowhere, 78, &["JobQueue not-there not found", "queue not-there"])?;
        expect_everything_due(world, 4).await?;
        let undefined = cloud.enqueuer(["sweep", "--json"]).env("BATCH_JOB_DEFINITION", "gone").run().await?;
        expect_one_error(undefined, 78, &["gone does not exist or is not in ACTIVE status", "definition gone"])?;
        expect_everything_due(world, 4).await?;
        assert_eq!(cloud.batch.submitted(), []);
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn sigterm_finishes_the_submission_under_way_and_no_more(world: &World) {
        load_october(world, 5).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, Fault::AnswerLate(Duration::from_secs(2))));
        let run = cloud.enqueuer(run([])).env("SIZE_CLASSES", CLASSES).start()?;
        cloud.batch.wait_until("the first job is there", |batch| batch.count(Operation::SubmitJob) == 1).await?;
        kill_process(pid(&run)?, Signal::TERM)?;
        assert_eq!(run.wait_with_output().await?.status.code(), Some(75), "more is to be done");
        let known = world.texts("SELECT batch_job_id FROM export_jobs").await?;
        assert_eq!(known, [[Some(only_job(&cloud.batch)?)]], "the answer was waited for, and nothing more begun");
        cloud.sweep_to_the_end(PERIOD).await?;
        assert_eq!(assigned(world).await?, 10);
        expect_settled(world, &cloud, 10, 0).await
    }
}

on_every_engine! {
    async fn the_same_event_twice_and_late_is_one_document_each(world: &World) {
        load_october(world, 5).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        // As EventBridge Scheduler writes <aws.scheduler.scheduled-time>.
        let event = || cloud.enqueuer(["run", "--json", "--at", "2026-11-01T00:10:00Z"]);
        let (first, second) = tokio::join!(event().run(), event().run());
        let answers = [first?.expect(0)?.json()?, second?.expect(0)?.json()?];
        assert!(answers.iter().all(|answer| answer["period"] == PERIOD), "{answers:?}");
        let submitted: u64 = answers.iter().filter_map(|answer| answer["submitted"].as_u64()).sum();
        assert_eq!(submitted, 10, "{answers:?}");
        assert_eq!(assigned(world).await?, 10);
        cloud.sweep_to_the_end(PERIOD).await?;
        // Delivered again: soon after the month's end in Tokyo, and at the end of the next month.
        for late in ["2026-10-31T15:00:01Z", "2026-11-30T14:59:59Z"] {
            let answer = cloud.enqueuer(["run", "--json", "--at", late]).run().await?.expect(0)?.json()?;
            assert_eq!((&answer["period"], &answer["due"]), (&json!(PERIOD), &json!(0)), "{answer}");
        }
        assert_eq!(assigned(world).await?, 10);
        expect_settled(world, &cloud, 10, 0).await
    }
}

on_every_engine! {
    async fn on_aws_nothing_has_a_default(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        for name in [
            "DATABASE_URL", "STORE_URL", "ALERTS", "BUSINESS_TIMEZONE", "STATEMENT_PROFILE", "BATCH_JOB_QUEUE",
            "BATCH_JOB_DEFINITION", "AWS_REGION", "AWS_ACCESS_KEY_ID",
        ] {
            let missing = cloud.enqueuer(["run", "--at", AT]).without(name).run().await?;
            expect_one_line(missing, 78, &[name])?;
            if !name.starts_with("AWS") {
                let empty = cloud.enqueuer(["sweep"]).env(name, " ").run().await?;
                expect_one_line(empty, 78, &[name, "nothing has a default"])?;
            }
        }
        assert_eq!(count(world, "SELECT count(*) FROM export_runs").await?, 0);
        for refused in [&["demo"][..], &["load", "."]] {
            let answer = cloud.enqueuer(refused.iter().copied()).run().await?;
            expect_one_line(answer, 78, &["DEPLOYMENT=aws"])?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn on_aws_an_old_ledger_is_refused(world: &World) {
        load_october(world, 1).await?;
        let cloud = Cloud::of(world).await?;
        world.execute("DROP TABLE IF EXISTS export_migrations").await?;
        for arguments in [&["run", "--at", AT][..], &["sweep"], &["status", "--period", PERIOD]] {
            let answer = cloud.enqueuer(arguments.iter().copied()).run().await?;
            expect_one_line(answer, 78, &["not up to date", "`enqueuer migrate`"])?;
        }
        let converter = cloud.converter(["--job", "any"]).run().await?.expect(78)?;
        assert!(converter.stderr.contains("`enqueuer migrate`"), "{}", converter.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn submissions_stay_below_what_batch_takes_per_second(world: &World) {
        load_october(world, 30).await?;
        let cloud = Cloud::with(world, |definition| Definition { accept_only: true, ..definition }).await?;
        cloud.migrate().await?;
        // Recorded and held; then every document gets a size class of its own.
        world.execute(&format!(
            "INSERT INTO export_holds (hold_id, period, cause, reason, held_at) VALUES ('h', '{PERIOD}', 'stopped', 'test', 0)"
        )).await?;
        cloud.enqueuer(run([])).run().await?.expect(75)?;
        world.execute(
            "UPDATE export_documents SET estimated_rows =
                 (SELECT count(*) FROM export_documents d WHERE d.document_id < export_documents.document_id);
             DELETE FROM export_holds",
        ).await?;
        let mut classes: Vec<String> = (1..60).map(|rows| format!("c{rows}:{rows}:0.25:512:60")).collect();
        classes.push("last::0.25:512:60".to_owned());
        cloud.enqueuer(["sweep"]).env("SIZE_CLASSES", &classes.join(",")).run().await?.expect(0)?;
        let calls = cloud.batch.calls();
        let at: Vec<i64> = calls.iter().filter(|call| call.operation == Operation::SubmitJob).map(|call| call.at).collect();
        assert_eq!(at.len(), 60);
        let most = at.iter().map(|from| at.iter().filter(|at| (*from..from + 1000).contains(at)).count()).max();
        assert!(most <= Some(50), "{most:?} within a second");
        expect_ledger_agrees_with_store(world).await?;
        cloud.batch.expect_valid_bodies().await
    }
}

/// Demands a failure told in one line for people, after the log's lines, that holds all of `words`.
fn expect_one_error(answer: tests::Answer, code: i32, words: &[&str]) -> Result<()> {
    let answer = answer.expect(code)?;
    let for_people: Vec<&str> = answer
        .stderr
        .lines()
        .filter(|line| !line.starts_with('{'))
        .collect();
    let [line] = for_people[..] else {
        anyhow::bail!("not one line: {}", answer.stderr);
    };
    for word in words {
        anyhow::ensure!(
            line.starts_with("enqueuer: ") && line.contains(word),
            "{word:?} is missing in: {line}"
        );
    }
    anyhow::ensure!(answer.stdout.is_empty(), "stdout: {}", answer.stdout);
    Ok(())
}
