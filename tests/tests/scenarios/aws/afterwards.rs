//! What holds after every disturbance, and what several disturbances need.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::Value;
use tests::batch::{BatchServer, Definition};
use tests::cloud::Cloud;
use tests::{Answer, World, binary};

use crate::fixtures::{PERIOD, count, expect_ledger_agrees_with_store};
use crate::processes::wait_until;

/// October is settled: so many documents are published, each once, and so many have failed, each with its cause; ledger,
/// bucket and certificate say the same, and AWS would have taken and given every body.
pub async fn expect_settled(
    world: &World,
    cloud: &Cloud<'_>,
    succeeded: usize,
    failed: usize,
) -> Result<()> {
    let status = cloud.status(PERIOD).await?;
    let counts = ["due", "submitted", "running", "succeeded", "failed"]
        .map(|state| status["counts"][state].as_u64());
    let expected = [0, 0, 0, succeeded as u64, failed as u64].map(Some);
    ensure!(counts == expected, "{counts:?} in {status:#}");
    for document in status["documents"].as_array().into_iter().flatten() {
        let has_cause = document["cause"].is_string() && document["error"].is_string();
        ensure!(document["state"] != "failed" || has_cause, "{document}");
    }
    ensure!(
        world.published()?.len() == succeeded,
        "{:?}",
        world.published()
    );
    expect_ledger_agrees_with_store(world).await?;
    expect_published_once(world, cloud).await?;
    let code = i32::from(failed > 0);
    let certificate = cloud.certificate(PERIOD).await?.expect(code)?.json()?;
    ensure!(certificate["adds_up"] == true, "{certificate:#}");
    cloud.batch.expect_valid_bodies().await
}

/// No object was put twice, no attempt is without an end, and no document has succeeded twice.
pub async fn expect_published_once(world: &World, cloud: &Cloud<'_>) -> Result<()> {
    let mut accepted: BTreeMap<String, u32> = BTreeMap::new();
    for put in cloud.s3.requests_of(&Method::PUT) {
        if put.status == Some(200) {
            *accepted.entry(put.uri.path().to_owned()).or_default() += 1;
        }
    }
    ensure!(
        accepted.values().all(|times| *times == 1),
        "put over what was there: {accepted:#?}"
    );
    let without_end = "SELECT count(*) FROM export_attempts a JOIN export_documents d ON d.document_id = a.document_id
                       WHERE (a.ended_at IS NULL OR a.outcome IS NULL) AND d.state <> 'running'";
    ensure!(
        count(world, without_end).await? == 0,
        "attempts without an end"
    );
    let twice =
        "SELECT count(*) FROM (SELECT document_id FROM export_attempts WHERE outcome = 'succeeded'
                                       GROUP BY document_id HAVING count(*) > 1) t";
    ensure!(
        count(world, twice).await? == 0,
        "documents that succeeded twice"
    );
    Ok(())
}

/// A world on AWS with a shell script as the converter's image; `$CONVERTER` in it is the real one.
pub async fn with_script<'a>(
    world: &'a World,
    script: &str,
    change: impl FnOnce(Definition) -> Definition,
) -> Result<Cloud<'a>> {
    let converter = script_file(world, script)?;
    Cloud::with(world, |definition| {
        change(Definition {
            converter,
            ..definition
        })
    })
    .await
}

fn script_file(world: &World, script: &str) -> Result<PathBuf> {
    let (text, program) = (world.path("script.txt"), world.path("script"));
    let real = binary("converter");
    std::fs::write(
        &text,
        format!("#!/bin/sh\nCONVERTER='{}'\n{script}\n", real.display()),
    )?;
    // By a process of its own: a file open for writing here would be "busy" for whatever another test starts at this moment.
    let installed = std::process::Command::new("install")
        .args(["-m", "755"])
        .args([&text, &program])
        .status()?;
    ensure!(installed.success(), "the script could not be installed");
    Ok(program)
}

/// The words of the alerts that a program logged.
pub fn alerts(answer: &Answer) -> Vec<String> {
    let lines = answer
        .stderr
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["runbook"].is_string())
        .filter_map(|line| line["alert"].as_str().map(ToOwned::to_owned))
        .collect()
}

/// Sweeps, and keeps the alerts.
pub async fn sweep(cloud: &Cloud<'_>, heard: &mut Vec<String>) -> Result<Value> {
    let answer = cloud.enqueuer(["sweep", "--json"]).run().await?.expect(0)?;
    heard.extend(alerts(&answer));
    answer.json()
}

/// Sweeps until no document of October is open, and keeps the alerts.
pub async fn sweep_to_the_end(cloud: &Cloud<'_>, heard: &mut Vec<String>) -> Result<()> {
    wait_until("October is settled", async || {
        sweep(cloud, heard).await?;
        let counts = &cloud.status(PERIOD).await?["counts"];
        Ok(["due", "submitted", "running"]
            .iter()
            .all(|state| counts[*state] == 0))
    })
    .await?;
    // The last one may have settled before the summary was due.
    sweep(cloud, heard).await?;
    Ok(())
}

/// Sweeps until a document is in a state.
pub async fn sweep_until(cloud: &Cloud<'_>, document: &str, state: &str) -> Result<Value> {
    let mut found = Value::Null;
    wait_until(&format!("{document} is {state}"), async || {
        cloud.sweep().await?;
        found = cloud.document(PERIOD, document).await?;
        Ok(found["state"] == state)
    })
    .await
    .with_context(|| found.to_string())?;
    Ok(found)
}

/// The only running child, as soon as its document is about to be published: the bucket keeps it waiting.
pub async fn uploading(cloud: &Cloud<'_>, uploads: usize) -> Result<String> {
    wait_until("an upload is under way", async || {
        Ok(cloud.s3.requests_of(&Method::PUT).len() >= uploads)
    })
    .await?;
    let running = cloud.batch.running();
    let [child] = &running[..] else {
        anyhow::bail!("not one child runs: {running:?}");
    };
    Ok(child.id.clone())
}

/// The id of the only job that Batch has accepted.
pub fn only_job(batch: &BatchServer) -> Result<String> {
    let submitted = batch.submitted();
    ensure!(submitted.len() == 1, "{submitted:?}");
    Ok(submitted[0].job_id.clone())
}
