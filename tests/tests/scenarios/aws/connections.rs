//! Connections of the database as a consumable resource: jobs ask for them, wait for them, and are not taken for stuck.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::batch::{Definition, Operation};
use tests::cloud::Cloud;
use tests::{World, on_every_engine};

use super::afterwards::{alerts, sweep_to_the_end};
use super::month_end::{expect_complete, run};
use crate::fixtures::{PERIOD, load_october, run_of};
use crate::plan::planned;

/// Whoever has three trades is heavier.
const CLASSES: &str = "small:5:0.25:512:900,large::2:4096:14400";

/// A month's world on AWS, with room for more converters than the database has connections for.
async fn ready(world: &World, accounts: usize) -> Result<Cloud<'_>> {
    load_october(world, accounts).await?;
    let roomy = |definition| Definition {
        max_parallel: 8,
        ..definition
    };
    let cloud = Cloud::with(world, roomy).await?;
    cloud.migrate().await?;
    Ok(cloud)
}

/// What `check` says without a probe, ended with this code.
async fn check(cloud: &Cloud<'_>, code: i32) -> Result<String> {
    let check = cloud.enqueuer(["check", "--no-probe"]).run().await?;
    Ok(check.expect(code)?.stdout)
}

on_every_engine! {
    async fn a_database_is_protected_by_count(world: &World) {
        let cloud = ready(world, 6).await?.with_connections(5);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        let mut heard = Vec::new();
        sweep_to_the_end(&cloud, &mut heard).await?;
        assert_eq!(cloud.batch.most_running(), 2, "each takes two of five");
        let submitted = cloud.batch.submitted();
        assert!(submitted.iter().all(|job| job.units == 2), "{submitted:?}");
        expect_complete(world, &cloud, 12).await
    }
}

on_every_engine! {
    async fn what_waits_for_the_database_is_told_once_and_never_cancelled(world: &World) {
        let cloud = ready(world, 2).await?.with_connections(4);
        // Whatever Batch says of the job at the head: nobody knows what it says of one that waits for units.
        cloud.batch.hold(Some("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"));
        cloud.batch.leak_units(4);
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let mut heard = Vec::new();
        let mut told = String::new();
        for _ in 0..3 {
            let sweep = ["sweep", "--deadline", "2026-11-01T00:00:00+09:00"];
            let swept = cloud.enqueuer(sweep).env("LOST_AFTER_SECONDS", "0").run().await?.expect(0)?;
            heard.extend(alerts(&swept));
            told += &swept.stderr;
        }
        heard.sort();
        assert_eq!(heard, ["deadline_at_risk", "waiting_for_database"], "{told}");
        assert!(told.contains("2026-10 waits for the database: 4 slots in RUNNABLE"), "{told}");
        assert!(told.contains("0 of 4 connections are free, a converter takes 2"), "{told}");
        assert!(told.contains("4 slots wait for connections of the database: raise DATABASE_CONNECTIONS"), "{told}");
        assert!(!told.contains("maxvCpus"), "{told}");
        assert_eq!(cloud.batch.count(Operation::CancelJob), 0);

        let waiting = "4 slots for connections of the database";
        assert_eq!(cloud.status(PERIOD).await?["waiting_for_database"], 4);
        let status = cloud.enqueuer(["status", "--period", PERIOD]).run().await?.expect(0)?.stdout;
        assert!(status.contains(&format!("\nwaiting: {waiting}\n")), "{status}");

        // They come back.
        cloud.batch.leak_units(0);
        cloud.batch.release();
        cloud.batch.wait_idle().await?;
        heard.clear();
        sweep_to_the_end(&cloud, &mut heard).await?;
        assert_eq!(heard, ["run_summary"]);
        assert_eq!(cloud.status(PERIOD).await?["waiting_for_database"], Value::Null);
        expect_complete(world, &cloud, 4).await
    }
}

on_every_engine! {
    async fn what_is_stuck_is_told_where_connections_are_free(world: &World) {
        let cloud = ready(world, 1).await?.with_connections(4);
        let why = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT";
        cloud.batch.hold(Some(why));
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let mut heard = Vec::new();
        sweep_to_the_end(&cloud, &mut heard).await?;
        assert_eq!(heard, ["queue_stuck", "stuck_runnable", "run_summary"]);
        assert_eq!(cloud.batch.count(Operation::CancelJob), 1);
        Ok(())
    }
}

on_every_engine! {
    async fn while_batch_does_not_say_nothing_is_taken_for_stuck(world: &World) {
        let cloud = ready(world, 1).await?.with_connections(4);
        cloud.batch.hold(Some("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"));
        cloud.enqueuer(run([])).run().await?.expect(0)?;
        let elsewhere = || {
            cloud.enqueuer(["sweep"]).env("BATCH_CONSUMABLE_RESOURCE", "gone").env("LOST_AFTER_SECONDS", "0")
        };
        for _ in 0..3 {
            let swept = elsewhere().run().await?.expect(78)?;
            assert!(swept.stderr.contains("consumable resource gone (BATCH_CONSUMABLE_RESOURCE)"), "{}", swept.stderr);
            assert!(!alerts(&swept).contains(&"queue_stuck".to_owned()));
        }
        assert_eq!(cloud.batch.count(Operation::CancelJob), 0);
        Ok(())
    }
}

on_every_engine! {
    async fn size_classes_take_turns_where_connections_are_counted(world: &World) {
        let cloud = ready(world, 8).await?.with_connections(8);
        cloud.batch.hold(None);
        let plan = cloud.enqueuer(planned(["--size-classes", CLASSES])).run().await?.expect(0)?.json()?;
        cloud.enqueuer(run(["--size-classes", CLASSES])).run().await?.expect(0)?;
        let submitted: Vec<String> = cloud.batch.submitted().iter()
            .map(|job| format!("{} {}", job.tags["size-class"], job.size.unwrap_or(1))).collect();
        // Four converters at a time, two for each class, until one is left.
        assert_eq!(submitted, ["large 2", "small 2", "large 2", "small 2", "small 8"]);
        assert_eq!(plan["submit_calls"], 5, "{plan}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_plan_reckons_with_what_waits_for_the_database(world: &World) {
        let cloud = ready(world, 8).await?;
        let plan = async |cloud: &Cloud<'_>| -> Result<Value> {
            cloud.enqueuer(planned(["--size-classes", CLASSES])).run().await?.expect(0)?.json()
        };
        let unbounded = plan(&cloud).await?;
        assert_eq!((&unbounded["converters_at_peak"], &unbounded["submit_calls"]), (&json!(16), &json!(2)), "{unbounded}");
        let cloud = cloud.with_connections(8);
        let bounded = plan(&cloud).await?;
        assert_eq!((&bounded["converters_at_peak"], &bounded["submit_calls"]), (&json!(4), &json!(5)), "{bounded}");
        assert_eq!((&bounded["connections"]["budget"], &bounded["connections"]["exceeded"]), (&json!(8), &json!(false)), "{bounded}");
        let seconds = |plan: &Value| plan["seconds_p50"].as_f64().context("no seconds_p50");
        assert!(seconds(&bounded)? > 2.0 * seconds(&unbounded)?, "{bounded}");
        let told = "DATABASE_CONNECTIONS lets 4 converters run at a time, MAX_VCPUS 128: the others wait for the database";
        assert!(bounded["remarks"].to_string().contains(told), "{bounded}");
        let checked = check(&cloud, 0).await?;
        assert!(checked.contains(&format!("note   connections at peak: {told}")), "{checked}");
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 0);
        Ok(())
    }
}

on_every_engine! {
    async fn a_resource_that_is_not_as_the_settings_say_is_refused(world: &World) {
        let cloud = ready(world, 1).await?.with_connections(4);
        let told = check(&cloud, 0).await?;
        assert!(told.contains("ok     database connections\n"), "{told}");
        let resource = cloud.setting("BATCH_CONSUMABLE_RESOURCE")?.to_owned();

        let refused = async |words: &[&str]| -> Result<()> {
            let told = check(&cloud, 78).await?;
            let wrong = told.lines().find(|line| line.starts_with("WRONG  ")).context("nothing wrong")?;
            assert!(words.iter().all(|word| wrong.contains(word)), "{words:?}: {told}");
            assert_eq!(told.matches("WRONG  ").count(), 1, "{told}");
            Ok(())
        };
        cloud.batch.make_consumable_resource(&resource, 6);
        refused(&["database connections", "has 6 connections", "DATABASE_CONNECTIONS says 4"]).await?;
        cloud.batch.make_consumable_resource("another", 4);
        refused(&["database connections", &resource, "not found", "BATCH_CONSUMABLE_RESOURCE"]).await?;
        cloud.batch.make_consumable_resource(&resource, 4);
        cloud.batch.leak_units(2);
        assert!(check(&cloud, 0).await?.contains("note   database connections: 2 of 4 are in use"));
        cloud.batch.make_units_come_back_no_more();
        refused(&["database connections", "NON_REPLENISHABLE"]).await?;
        cloud.batch.make_consumable_resource(&resource, 4);
        cloud.batch.limit_runnable();
        refused(&["queue: ", "jobStateTimeLimitActions"]).await?;

        let run = || cloud.enqueuer(run([]));
        for (answer, word) in [
            (run().env("BATCH_CONSUMABLE_RESOURCE", ""), "BATCH_CONSUMABLE_RESOURCE is not set"),
            (run().env("DATABASE_CONNECTIONS", "1"), "a converter holds 2"),
        ] {
            let answer = answer.run().await?.expect(78)?;
            assert!(answer.stderr.contains(word), "{}", answer.stderr);
        }
        assert_eq!(cloud.batch.count(Operation::SubmitJob), 0);
        cloud.batch.expect_valid_bodies().await
    }
}

on_every_engine! {
    async fn a_probe_takes_its_connections_and_says_that_it_waits_for_them(world: &World) {
        let cloud = ready(world, 1).await?.with_connections(4);
        cloud.enqueuer(["check"]).run().await?.expect(0)?;
        assert_eq!(cloud.batch.submitted()[0].units, 2);
        cloud.batch.leak_units(4);
        let told = cloud.enqueuer(["check", "--probe-seconds", "1"]).run().await?.expect(78)?.stdout;
        assert!(told.contains("waits for connections of the database, 0 of 4 are free"), "{told}");
        Ok(())
    }
}

on_every_engine! {
    async fn connections_are_not_counted_unless_it_is_said(world: &World) {
        let cloud = ready(world, 2).await?;
        cloud.enqueuer(run([])).env("BATCH_CONSUMABLE_RESOURCE", "nobody-asks-for-it").run().await?.expect(0)?;
        cloud.batch.wait_idle().await?;
        cloud.sweep_to_the_end(PERIOD).await?;
        check(&cloud, 0).await?;
        let asked: BTreeSet<String> = cloud.batch.calls().iter()
            .filter_map(|call| call.request.as_object()).flatten().map(|(name, _)| name.clone()).collect();
        assert!(!asked.contains("consumableResourcePropertiesOverride"), "{asked:?}");
        assert_eq!(cloud.batch.count(Operation::DescribeConsumableResource), 0);
        expect_complete(world, &cloud, 4).await
    }
}

on_every_engine! {
    async fn the_local_queue_takes_no_units(world: &World) {
        load_october(world, 2).await?;
        let run = run_of(world, []).env("DATABASE_CONNECTIONS", "1").env("BATCH_CONSUMABLE_RESOURCE", "nobody-asks-for-it");
        let answer = run.run().await?.expect(0)?.json()?;
        assert_eq!(answer["succeeded"], 4, "{answer}");
        Ok(())
    }
}
