//! Sweeps beside themselves and beside runs, and what they tell: alerts and the summary once, metrics, logs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::batch::{Definition, Disturbance, Fault, Operation};
use tests::cloud::Cloud;
use tests::on_every_engine;
use tokio::time::sleep;

use super::afterwards::{alerts, expect_settled, only_job, sweep, sweep_to_the_end};
use super::month_end::run;
use crate::fixtures::{PERIOD, count, load_october};
use crate::processes::wait_until;

/// JSON lines of a program's output that `wanted` finds interesting.
fn json_lines(text: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines.filter(wanted).collect()
}

/// Lines in Embedded Metric Format, each checked against its specification.
fn metrics(text: &str) -> Result<Vec<Value>> {
    let lines = json_lines(text, |line| line["_aws"].is_object());
    for line in &lines {
        ensure!(line["_aws"]["Timestamp"].is_i64(), "{line}");
        let directives = line["_aws"]["CloudWatchMetrics"]
            .as_array()
            .context("no directive")?;
        for directive in directives {
            ensure!(directive["Namespace"] == "StatementExport", "{line}");
            for definition in directive["Metrics"].as_array().context("no metrics")? {
                let name = definition["Name"].as_str().context("no name")?;
                ensure!(line[name].is_number(), "{name} is no number in {line}");
            }
            for key in directive["Dimensions"][0]
                .as_array()
                .context("no dimensions")?
            {
                let key = key.as_str().context("no key")?;
                ensure!(line[key].is_string(), "{key} is no text in {line}");
            }
        }
    }
    Ok(lines)
}

/// The values of a metric by a dimension.
fn values(lines: &[Value], metric: &str, dimension: &str) -> Vec<(String, i64)> {
    let of_metric = lines.iter().filter(|line| !line[metric].is_null());
    of_metric
        .map(|line| {
            let value = line[dimension].as_str().unwrap_or_default();
            (value.to_owned(), line[metric].as_i64().unwrap_or_default())
        })
        .collect()
}

on_every_engine! {
    async fn sweeps_all_the_time_double_nothing(world: &World) {
        load_october(world, 6).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let done = AtomicBool::new(false);
        let sweeping = async {
            let mut heard = Vec::new();
            while !done.load(Ordering::Relaxed) {
                // However slow the machine is, none loses its turn.
                let sweep = || cloud.enqueuer(["sweep", "--json"]).env("LEASE_SECONDS", "60").run();
                let (first, second) = tokio::join!(sweep(), sweep());
                for answer in [first?.expect(0)?, second?.expect(0)?] {
                    heard.extend(alerts(&answer));
                }
                sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(heard)
        };
        let running = async {
            // The first answer comes late: sweeps see a job that Batch has and the ledger does not know yet.
            let late = Fault::AnswerLate(Duration::from_secs(1));
            cloud.batch.disturb(Disturbance::of(Operation::SubmitJob, late));
            let answer = cloud.enqueuer(run(["--wait"])).run().await?.expect(0)?;
            let told = answer.json()?;
            assert_eq!((&told["submitted"], &told["succeeded"]), (&json!(12), &json!(12)), "{told}");
            wait_until("the run has ended", async || {
                Ok(count(world, "SELECT count(*) FROM export_runs WHERE ended_at IS NULL").await? == 0)
            }).await?;
            done.store(true, Ordering::Relaxed);
            anyhow::Ok(alerts(&answer))
        };
        let (swept, ran) = tokio::join!(sweeping, running);
        let heard: Vec<String> = swept?.into_iter().chain(ran?).collect();
        assert_eq!(heard, ["run_summary"]);
        only_job(&cloud.batch)?;
        assert_eq!(count(world, "SELECT count(*) FROM export_job_documents").await?, 12);
        expect_settled(world, &cloud, 12, 0).await
    }
}

on_every_engine! {
    async fn two_sweeps_at_once_submit_what_is_lost_once(world: &World) {
        load_october(world, 3).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.fail_starts(6, "ResourceInitializationError: no route", "Host is gone");
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let (first, second) = tokio::join!(cloud.sweep(), cloud.sweep());
        let (first, second) = (first?, second?);
        let sum = |field: &str| first[field].as_u64().zip(second[field].as_u64()).map(|(one, other)| one + other);
        assert_eq!((sum("settled"), sum("submitted")), (Some(6), Some(6)), "{first} {second}");
        assert_eq!(count(world, "SELECT count(*) FROM export_job_documents").await?, 12);
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 6, 0).await
    }
}

on_every_engine! {
    async fn a_throttled_sweep_is_the_next_one_s_work(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.fail_starts(4, "ResourceInitializationError: no route", "Host is gone");
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        for operation in [Operation::DescribeJobs, Operation::ListJobs, Operation::SubmitJob] {
            cloud.batch.disturb(Disturbance::of(operation, Fault::Throttle).for_good());
            let throttled = cloud.enqueuer(["sweep"]).run().await?.expect(75)?;
            assert!(throttled.stderr.contains("AWS throttles"), "{}", throttled.stderr);
            cloud.batch.calm();
        }
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn a_deadline_that_will_be_missed_is_told_of_once(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.hold(None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let mut heard = Vec::new();
        for deadline in ["2099-01-01T06:00:00+09:00", "2026-11-01T06:00:00+09:00", "2026-11-01T06:00:00+09:00"] {
            let answer = cloud.enqueuer(["sweep", "--deadline", deadline]).run().await?.expect(0)?;
            heard.push(alerts(&answer));
        }
        assert_eq!(heard, [vec![], vec!["deadline_at_risk".to_owned()], vec![]]);
        let wrong = cloud.enqueuer(["sweep"]).env("DEADLINE", "soon").run().await?.expect(78)?;
        assert!(wrong.stderr.contains("--deadline \"soon\" is no time"), "{}", wrong.stderr);
        cloud.batch.release();
        let mut heard = Vec::new();
        sweep_to_the_end(&cloud, &mut heard).await?;
        assert_eq!(heard, ["run_summary"]);
        sweep(&cloud, &mut heard).await?;
        assert_eq!(heard.len(), 1, "{heard:?}");
        expect_settled(world, &cloud, 4, 0).await
    }
}

on_every_engine! {
    async fn a_held_period_is_late_until_it_is_resumed_not_for_want_of_processors(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        cloud.batch.hold(None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.enqueuer(["stop", "--period", PERIOD, "--reason", "prices are late"]).run().await?.expect(0)?;
        let late = ["sweep", "--deadline", "2026-11-01T06:00:00+09:00"];
        let mut told = Vec::new();
        for _ in 0..2 {
            let answer = cloud.enqueuer(late).run().await?.expect(0)?;
            told.extend(answer.stderr.lines().filter(|line| line.contains("will miss its deadline")).map(str::to_owned));
        }
        assert_eq!(told.len(), 1, "{told:#?}");
        for words in ["the period is held", "enqueuer run --period 2026-10 --resume"] {
            assert!(told[0].contains(words), "{words:?} is missing in {}", told[0]);
        }
        assert!(!told[0].contains("maxvCpus"), "{}", told[0]);
        Ok(())
    }
}

on_every_engine! {
    async fn a_deadline_is_forecast_from_the_pace(world: &World) {
        load_october(world, 3).await?;
        let cloud = Cloud::with(world, |definition| Definition { max_parallel: 3, ..definition }).await?;
        cloud.migrate().await?;
        cloud.batch.hold_indexes([5], None);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        // Five of six are made; the run is as old as that took ten times.
        world.execute("UPDATE export_runs SET started_at = started_at - 300000").await?;
        let forecast = async || -> Result<(Value, Vec<String>)> {
            let answer = cloud.enqueuer(["sweep", "--deadline", "2099-01-01T06:00:00+09:00"]).run().await?.expect(0)?;
            let forecasts = json_lines(&answer.stderr, |line| line["message"] == "forecast");
            let [forecast] = &forecasts[..] else {
                anyhow::bail!("not one forecast: {}", answer.stderr);
            };
            Ok((forecast.clone(), alerts(&answer)))
        };
        let ahead = |forecast: &Value| -> Result<i64> {
            let instant = |field: &str| -> Result<jiff::Timestamp> {
                Ok(forecast[field].as_str().context("no instant")?.parse()?)
            };
            Ok(instant("forecast")?.duration_since(instant("timestamp")?).as_secs())
        };
        // Five in some 300 seconds: the last one takes some 60.
        let (found, heard) = forecast().await?;
        assert!((55..75).contains(&ahead(&found)?), "{found}");
        assert_eq!((&found["left"], heard), (&json!(1), vec![]));
        // However old the run is, the pace is that of ten minutes.
        world.execute("UPDATE export_runs SET started_at = started_at - 3000000").await?;
        let (found, heard) = forecast().await?;
        assert!((115..=120).contains(&ahead(&found)?), "{found}");
        assert!(heard.is_empty(), "{heard:?}");
        // Nothing for so long: no deadline will be met.
        world.execute("UPDATE export_documents SET settled_at = settled_at - 700000").await?;
        let (found, heard) = forecast().await?;
        assert_eq!((&found["forecast"], heard), (&Value::Null, vec!["deadline_at_risk".to_owned()]));
        cloud.batch.release();
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 6, 0).await
    }
}

on_every_engine! {
    async fn metrics_and_logs_are_what_cloudwatch_reads(world: &World) {
        load_october(world, 2).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-999' WHERE account_id = 'A001'").await?;
        let cloud = Cloud::of(world).await?;
        cloud.migrate().await?;
        let answer = cloud.enqueuer(run([])).run().await?.expect(0)?;
        let begun = metrics(&answer.stderr)?;
        ensure!(values(&begun, "Runs", "period") == [(PERIOD.to_owned(), 1)], "{begun:?}");
        let answer = answer.json()?;
        let job = only_job(&cloud.batch)?;
        cloud.batch.wait_idle().await?;

        let swept = cloud.enqueuer(["sweep"]).run().await?.expect(0)?;
        let (of_sweep, of_period): (Vec<_>, Vec<_>) =
            metrics(&swept.stdout)?.into_iter().partition(|line| line["Sweeps"] == 1);
        ensure!(of_sweep.len() == 1, "{}", swept.stdout);
        let by_state = values(&of_period, "Documents", "state");
        assert!(by_state.contains(&("succeeded".into(), 3)) && by_state.contains(&("failed".into(), 1)), "{by_state:?}");
        assert_eq!(by_state.len(), 7, "every state with every emission");
        assert_eq!(values(&of_period, "FailedDocuments", "cause").len(), 1);
        assert_eq!(values(&of_period, "QueueAge", ""), [(String::new(), 0)]);
        assert!(of_period.iter().all(|line| line["period"] == PERIOD), "{of_period:?}");
        let answered = cloud.enqueuer(["sweep", "--json"]).run().await?.expect(0)?;
        answered.json().context("metrics do not disturb an answer")?;
        let of_a_kind = cloud.enqueuer(run(["--kind", "trade"])).run().await?.expect(0)?;
        ensure!(metrics(&of_a_kind.stderr)?.len() == 1, "a rollout of one kind is a month end: {}", of_a_kind.stderr);
        let some = cloud.enqueuer(run(["--account", "A001"])).run().await?.expect(0)?;
        ensure!(metrics(&some.stderr)?.is_empty(), "some documents are no month end: {}", some.stderr);
        let late = ["run", "--json", "--period", PERIOD, "--at", "2026-12-02T00:00:00Z"];
        let late = cloud.enqueuer(late).run().await?.expect(0)?;
        ensure!(metrics(&late.stderr)?.is_empty(), "another month is due: {}", late.stderr);

        let mut outcomes = Vec::new();
        for slot in 0..4 {
            let log = cloud.batch.log(&format!("{job}:{slot}"))?;
            let attempt = metrics(&log)?;
            let [attempt] = &attempt[..] else {
                anyhow::bail!("not one line of metrics: {log}");
            };
            ensure!(attempt["AttemptDuration"].is_number() && attempt["Attempts"] == 1, "{attempt}");
            outcomes.push((attempt["kind"].to_string(), attempt["outcome"].to_string()));
            ensure!(attempt["outcome"] == "failed" || attempt["DocumentBytes"].as_i64() > Some(1000), "{attempt}");
            // Everything else is a line of the log, and all that is said of the document stands in its attempt's span.
            let others = log.lines().filter(|line| !line.contains("\"_aws\""));
            for line in others.filter(|line| !line.starts_with("converter: ")) {
                let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
                let span = &line["span"];
                assert_eq!(span["name"], "attempt", "{line}");
                assert_eq!(span["run.id"], answer["run_id"], "{line}");
                assert!(span["job.id"].is_string() && span["document.id"] == attempt["document_id"], "{line}");
                assert_eq!((&span["slot"], &span["attempt"]), (&json!(slot), &json!(1)), "{line}");
            }
            for personal in ["山田", "No. A00", "-999"] {
                assert!(!log.contains(personal), "{personal} in {log}");
            }
        }
        outcomes.sort();
        let word = |word: &str| format!("\"{word}\"");
        assert_eq!(outcomes.iter().filter(|(_, outcome)| *outcome == word("succeeded")).count(), 3, "{outcomes:?}");
        cloud.sweep_to_the_end(PERIOD).await?;
        expect_settled(world, &cloud, 3, 1).await
    }
}
