//! A plan for Batch on Fargate, without a call to Batch.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::batch::Operation;
use tests::cloud::Cloud;
use tests::on_every_engine;

use super::{everything, planned};
use crate::fixtures::{AT, PERIOD, expect_one_line, load_october, long_lease, october, run_of};

/// Whoever has three trades is heavier.
const CLASSES: &str = "small:5:0.25:512:900,large::2:4096:14400";

/// The plan of a run that starts at nine.
async fn plan(cloud: &Cloud<'_>, code: i32, more: &[&str]) -> Result<Value> {
    let arguments = planned(["--start", AT].into_iter().chain(more.iter().copied()));
    cloud.enqueuer(arguments).run().await?.expect(code)?.json()
}

on_every_engine! {
    async fn classes_slots_and_calls_are_those_of_the_run(world: &World) {
        load_october(world, 8).await?;
        let cloud = Cloud::with(world, |definition| tests::batch::Definition { accept_only: true, ..definition }).await?;
        cloud.migrate().await?;
        let settings = ["--size-classes", CLASSES, "--documents-per-slot", "3"];
        let plan = plan(&cloud, 0, &settings).await?;
        assert_eq!(cloud.batch.count(Operation::SubmitJob) + cloud.batch.count(Operation::ListJobs), 0);
        let of_class: Vec<Value> = plan["size_classes"].as_array().context("no classes")?.iter()
            .map(|class| json!([class["name"], class["documents"], class["slots"], class["vcpu"], class["memory_mib"]])).collect();
        // Two accounts each have 1, 2, 3 and 4 trades with their cash; 8 balance statements of four rows.
        assert_eq!(of_class, [json!(["small", 12, 4, 0.25, 512]), json!(["large", 4, 2, 2.0, 4096])], "{plan}");
        cloud.enqueuer(october(settings)).run().await?.expect(0)?;
        assert_eq!(plan["submit_calls"], json!(cloud.batch.count(Operation::SubmitJob)));
        let slots = world.texts("SELECT size_class, CAST(slots AS text) FROM export_jobs ORDER BY size_class").await?;
        let slots: Vec<String> = slots.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(slots, ["large 2", "small 4"]);
        // A slot is billed a minute at least: 30 s of start and a second of work are less.
        let hours = plan["vcpu_hours"].as_f64().context("no vcpu_hours")?;
        let least = (4.0 * 0.25 + 2.0 * 2.0) / 60.0;
        assert!((1.0..1.1).contains(&(hours / least)), "{hours} and {least}");
        let cost = plan["cost_usd"].as_f64().context("no cost_usd")?;
        let least = least * 0.05056 + (4.0 * 0.5 + 2.0 * 4.0) / 60.0 * 0.00553;
        assert!((1.0..1.1).contains(&(cost / least)), "{cost} and {least}");
        Ok(())
    }
}

on_every_engine! {
    async fn nothing_has_a_default(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        let missing = cloud.enqueuer(planned([])).without("MAX_VCPUS").run().await?;
        expect_one_line(missing, 78, &["MAX_VCPUS is not set", "DEPLOYMENT=aws"])?;
        let small = cloud.enqueuer(planned(["--size-classes", "all::2:4096:900"])).env("MAX_VCPUS", "1").run().await?;
        expect_one_line(small, 78, &["MAX_VCPUS 1", "size class all", "4 documents"])?;
        let check = cloud.enqueuer(["check"]).without("MAX_VCPUS").run().await?.stdout;
        assert!(check.contains("connections at peak: MAX_VCPUS is not set"), "{check}");
        let before = everything(world).await?;
        let plan = plan(&cloud, 0, &[]).await?;
        assert!(plan["remarks"].to_string().contains("no ledger yet"), "it has not been migrated: {plan}");
        assert!(everything(world).await? == before, "a ledger was made");
        Ok(())
    }
}

on_every_engine! {
    async fn what_it_suggests_makes_the_deadline_and_less_does_not(world: &World) {
        load_october(world, 40).await?;
        let cloud = Cloud::of(world).await?;
        // Eighty starts of half a minute, four at a time.
        let of_deadline = ["--deadline", "2026-11-02T09:04:00+09:00"];
        let with = |capacity: &str, packing: &str| {
            ["--max-vcpus", capacity, "--documents-per-slot", packing]
                .map(str::to_owned).into_iter().chain(of_deadline.map(str::to_owned)).collect::<Vec<_>>()
        };
        let plan_with = async |code: i32, capacity: &str, packing: &str| {
            let arguments = with(capacity, packing);
            plan(&cloud, code, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
        };
        let missed = plan_with(1, "2", "1").await?;
        assert_eq!(missed["meets_deadline"], false);
        let suggestions = missed["suggestions"].as_array().context("no suggestions")?;
        assert_eq!(suggestions.len(), 2, "{missed}");
        let number = |suggestion: &Value, field: &str| suggestion[field].as_u64().context("no number");
        let (capacity, packing) = (number(&suggestions[0], "max_vcpus")?, number(&suggestions[1], "documents_per_slot")?);
        assert!(capacity > 2 && packing > 1, "{missed}");
        let met = plan_with(0, &capacity.to_string(), "1").await?;
        assert_eq!((&met["meets_deadline"], &met["suggestions"]), (&json!(true), &json!([])));
        plan_with(0, "2", &packing.to_string()).await?;
        plan_with(1, &(capacity - 1).to_string(), "1").await?;
        plan_with(1, "2", &(packing - 1).to_string()).await?;
        // Nothing starts within ten seconds.
        let never = plan(&cloud, 1, &["--deadline", "2026-11-02T09:00:10+09:00"]).await?;
        assert_eq!(never["suggestions"], json!([]));
        let why = never["no_suggestion_because"].as_str().context("no reason")?;
        assert!(why.contains("heaviest document alone"), "{why}");
        Ok(())
    }
}

on_every_engine! {
    async fn packing_is_not_advised_for_what_is_not_packed(world: &World) {
        load_october(world, 40).await?;
        run_of(world, ["--documents-per-slot", "10"]).run().await?.expect(0)?;
        // As if every slot had been lost: each document gets one of its own now.
        world.execute(
            "UPDATE export_documents SET state = 'due', settled_at = NULL;
             UPDATE export_runs SET lease_expires_at = 1"
        ).await?;
        let cloud = Cloud::of(world).await?;
        let missed = plan(&cloud, 1, &["--deadline", "2026-11-02T09:04:00+09:00", "--max-vcpus", "2"]).await?;
        let suggestions = missed["suggestions"].as_array().context("no suggestions")?;
        let packed: Vec<&Value> = suggestions.iter().map(|suggestion| &suggestion["documents_per_slot"]).collect();
        assert_eq!(packed, [&json!(1)], "{missed}");
        Ok(())
    }
}

on_every_engine! {
    async fn the_deadline_and_the_prices_are_settings(world: &World) {
        load_october(world, 2).await?;
        let cloud = Cloud::of(world).await?;
        let priced = cloud.enqueuer(planned([]))
            .env("VCPU_HOUR_USD", "1").env("GIB_HOUR_USD", "0").env("DEADLINE", "06:00").run().await?.expect(0)?.json()?;
        assert_eq!(priced["cost_usd"], priced["vcpu_hours"]);
        assert_eq!(priced["deadline"], "2026-11-03T06:00:00.000+09:00");
        assert_eq!(priced["period"], PERIOD);
        let prices = priced["assumptions"].as_array().context("no assumptions")?.iter().find(|told| told["what"] == "prices");
        assert_eq!(prices.context("no prices")?["origin"], "given");
        Ok(())
    }
}

on_every_engine! {
    async fn what_a_live_run_has_yet_to_submit_is_left_to_it(world: &World) {
        load_october(world, 3).await?;
        run_of(world, []).run().await?.expect(0)?;
        let cloud = Cloud::of(world).await?;
        for (lease, documents, with_others) in [(long_lease(world), 0, 3), ("1", 3, 0)] {
            world.execute(&format!(
                "UPDATE export_documents SET state = 'due', settled_at = NULL WHERE kind = 'trade';
                 UPDATE export_runs SET lease_expires_at = {lease}"
            )).await?;
            let plan = plan(&cloud, 0, &[]).await?;
            assert_eq!((&plan["documents"], &plan["with_others"]), (&json!(documents), &json!(with_others)), "{plan}");
        }
        Ok(())
    }
}
