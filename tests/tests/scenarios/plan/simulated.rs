//! The simulation beside real month ends. Plan and run come from the same minutes of the same machine: the ledger's history of that very
//! run is what the plan is made of, so that a busy neighbour slows both.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{Engine, World};

use crate::fixtures::{AT, Books, run_of};

/// As many weigh alike in both months: September is planned as October was run.
const MONTHS: [&str; 2] = ["2026-09", "2026-10"];

/// Runs October and plans September from it. Returns the seconds that October took, and the plan.
async fn run_and_plan(world: &World, accounts: usize, per_slot: &str) -> Result<(f64, Vec<Value>)> {
    let ids: Vec<String> = (1..=accounts).map(|n| format!("A{n:05}")).collect();
    Books::of(ids.iter().map(String::as_str), &MONTHS)?
        .load(world)
        .await?;
    let run = ["--parallel", "2", "--documents-per-slot", per_slot];
    let began = Instant::now();
    let answer = run_of(world, run).run().await?.expect(0)?.json()?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(answer["succeeded"] == 2 * accounts, "{answer}");
    let mut plans = Vec::new();
    for parallel in ["2", "1"] {
        let plan = [
            "plan",
            "--json",
            "--period",
            MONTHS[0],
            "--at",
            AT,
            "--parallel",
            parallel,
            "--documents-per-slot",
            per_slot,
        ];
        plans.push(world.enqueuer(plan).run().await?.expect(0)?.json()?);
    }
    Ok((seconds, plans))
}

fn expect_agreement(seconds: f64, plans: &[Value], documents: usize) -> Result<()> {
    let p50 = |plan: &Value| plan["seconds_p50"].as_f64().context("no seconds_p50");
    ensure!(plans[0]["documents"] == documents, "{}", plans[0]);
    let (two, one) = (p50(&plans[0])? / seconds, p50(&plans[1])? / seconds);
    eprintln!(
        "{documents} documents took {seconds:.2} s; the plan says {two:.3} of it, with one process {one:.3}"
    );
    ensure!(
        (0.8..1.2).contains(&two),
        "simulated / real is {two:.3} ({seconds:.2} s): {}",
        plans[0]["assumptions"]
    );
    // One that looks at nothing but the work would say so of any number of processes.
    ensure!(
        one > 1.5,
        "one process is to take about twice as long: {one:.3}"
    );
    let measured = plans[0]["assumptions"].to_string();
    ensure!(
        measured.contains(&format!("attempts of {}", MONTHS[1])),
        "{measured}"
    );
    Ok(())
}

#[tokio::test]
async fn two_thousand_documents_in_packed_slots_take_what_the_simulation_says() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let (seconds, plans) = run_and_plan(&world, 1000, "50").await?;
    world.close().await?;
    expect_agreement(seconds, &plans, 2000)
}

/// Where processes are a good part of it.
#[tokio::test]
async fn documents_in_processes_of_their_own_take_what_the_simulation_says() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let (seconds, plans) = run_and_plan(&world, 150, "1").await?;
    world.close().await?;
    expect_agreement(seconds, &plans, 300)
}
