//! `--documents-per-slot`: fewer converters, and still every document succeeds or fails by itself.

use anyhow::{Context, Result};
use serde_json::json;
use tests::{World, on_every_engine};

use super::{expect_stands, in_states, spoil_trades};
use crate::fixtures::{
    attempts, count, expect_ledger_agrees_with_store, load_october, october, partial_files,
    restore_trades, run_of, slow_down_trades,
};
use crate::processes::{converters, kill_alive, wait_until};

/// Writes down how each converter ended.
const WITH_EXITS: &str = "\"$CONVERTER\" \"$@\"; code=$?; echo $code >> exits; exit $code";

fn exits(world: &World) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(world.path("exits"))?;
    Ok(text.lines().map(ToOwned::to_owned).collect())
}

/// Trade statements, so many in a slot.
fn packed<'a>(per_slot: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = october([
        "--kind",
        "trade",
        "--parallel",
        "1",
        "--documents-per-slot",
        per_slot,
    ]);
    arguments.extend(more);
    arguments
}

on_every_engine! {
    async fn one_bad_document_costs_the_others_of_its_slot_nothing(world: &World) {
        load_october(world, 10).await?;
        spoil_trades(world, &["A003"]).await?;
        let answer = world.enqueuer_beside(WITH_EXITS, packed("5", &[]))?.run().await?.expect(1)?.json()?;
        assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(9), &json!(1)), "{answer}");
        expect_stands(world, "2026-10.trade.A003", "failed", Some("identity")).await?;
        let mut exits = exits(world)?;
        exits.sort();
        assert_eq!(exits, ["0", "65"], "two slots, each tried once");
        assert_eq!(attempts(world).await?.len(), 10);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn each_slot_begins_with_its_heaviest_document(world: &World) {
        load_october(world, 12).await?;
        world.enqueuer(packed("4", &[])).run().await?.expect(0)?;
        let made = world.texts(
            "SELECT CAST(t.slot AS text), CAST(d.estimated_rows AS text)
             FROM export_attempts t JOIN export_documents d ON d.document_id = t.document_id ORDER BY t.slot, t.started_at"
        ).await?;
        let mut slots: Vec<Vec<i64>> = vec![Vec::new(); 3];
        for row in made {
            let numbers = row.iter().flatten().map(|text| text.parse()).collect::<Result<Vec<i64>, _>>()?;
            slots[usize::try_from(numbers[0])?].push(numbers[1]);
        }
        // Three accounts each with one, two, three and four trades, and the cash of each.
        assert_eq!(slots, vec![vec![8, 6, 4, 2]; 3]);
        Ok(())
    }
}

on_every_engine! {
    async fn a_slot_is_tried_again_for_what_may_pass_and_skips_what_is_settled(world: &World) {
        load_october(world, 4).await?;
        spoil_trades(world, &["A003"]).await?;
        // Where A002's document belongs there is a loop of links, until the second attempt.
        let blocked = world.store().join("2026-10/trade");
        std::fs::create_dir_all(&blocked)?;
        std::os::unix::fs::symlink("A002", blocked.join("A002"))?;
        let script = format!(
            "[ $AWS_BATCH_JOB_ATTEMPT = 2 ] && rm -f '{}'; {WITH_EXITS}", blocked.join("A002").display()
        );
        world.enqueuer_beside(&script, packed("4", &[]))?.run().await?.expect(1)?;
        assert_eq!(exits(world)?, ["75", "0"], "retryable comes before bad data");
        let told = attempts(world).await?;
        let of = |account: &str| -> Vec<String> {
            let of = told.iter().filter(|attempt| attempt.contains(account));
            of.map(|attempt| attempt.split(' ').skip(1).collect::<Vec<_>>().join(" ")).collect()
        };
        assert_eq!(of("A001"), ["1 succeeded"]);
        assert_eq!(of("A002"), ["1 given_back", "2 succeeded"]);
        assert_eq!(of("A003"), ["1 failed"]);
        assert_eq!(of("A004"), ["1 succeeded"]);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn misconfigured_comes_before_bad_data(world: &World) {
        load_october(world, 3).await?;
        spoil_trades(world, &["A003"]).await?;
        let waiting = format!("touch begun; while [ ! -e go ]; do sleep 0.05; done; {WITH_EXITS}");
        let run = world.enqueuer_beside(&waiting, packed("3", &[]))?.run();
        let meddling = async {
            wait_until("the converter is there", async || Ok(world.path("begun").exists())).await?;
            world.execute("UPDATE export_documents SET profile_hash = 'another' WHERE account_id = 'A002'").await?;
            std::fs::write(world.path("go"), "")?;
            anyhow::Ok(())
        };
        let (run, meddled) = tokio::join!(run, meddling);
        meddled?;
        run?.expect(78)?;
        assert_eq!(exits(world)?, ["78"]);
        assert_eq!(in_states(world, ["succeeded", "failed", "due"]).await?, [1, 1, 1]);
        Ok(())
    }
}

on_every_engine! {
    async fn what_a_killed_slot_left_gets_a_slot_of_its_own(world: &World) {
        load_october(world, 4).await?;
        slow_down_trades(world, 2).await?;
        let run = world.enqueuer(packed("4", &[])).start()?;
        // The first is published, and the second begun.
        wait_until("a workbook is published", async || Ok(!world.published()?.is_empty())).await?;
        wait_until("the next one is begun", async || Ok(!partial_files(world)?.is_empty())).await?;
        let killed = converters(world)?;
        assert!(kill_alive(*killed.first().context("no converter")?).await?);
        assert_eq!(run.wait_with_output().await?.status.code(), Some(75));
        let [succeeded, due] = in_states(world, ["succeeded", "due"]).await?;
        assert!(succeeded >= 1 && due >= 1 && succeeded + due == 4, "{succeeded} succeeded, {due} due");

        restore_trades(world).await?;
        // Together with a new one they are not packed.
        world.enqueuer(packed("4", &[])).run().await?.expect(0)?;
        let last = "SELECT slots FROM export_jobs ORDER BY created_at DESC LIMIT 1";
        assert_eq!(count(world, last).await?, u64::try_from(due)?);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn slots_weigh_alike(world: &World) {
        load_october(world, 16).await?;
        run_of(world, ["--kind", "trade", "--documents-per-slot", "4"]).run().await?.expect(0)?;
        let slots = world.texts(
            "SELECT CAST(sum(d.estimated_rows) AS text), CAST(count(*) AS text), CAST(max(d.estimated_rows) AS text)
             FROM export_job_documents a JOIN export_documents d ON d.document_id = a.document_id GROUP BY a.slot",
        ).await?;
        let slots: Vec<Vec<i64>> = slots
            .into_iter()
            .map(|row| row.into_iter().flatten().filter_map(|text| text.parse().ok()).collect())
            .collect();
        assert_eq!(slots.len(), 4);
        assert!(slots.iter().all(|slot| slot[1] == 4), "{slots:?}");
        let weights: Vec<i64> = slots.iter().map(|slot| slot[0]).collect();
        let heaviest = slots.iter().map(|slot| slot[2]).max().context("no slot")?;
        let (least, most) = (weights.iter().min().context("no slot")?, weights.iter().max().context("no slot")?);
        assert!(most - least <= heaviest, "no further apart than one document weighs: {slots:?}");
        Ok(())
    }
}
