//! AWS's services, a proxy or a webhook that accept and say nothing, or only the first half of an answer: every command ends and says
//! who does not answer, and afterwards the month goes on as if nothing had been.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use tests::cloud::Cloud;
use tests::silent::{Silence, SilentServer};
use tests::{Answer, Engine, Program, Topic, World};
use tokio::time::Instant;

use super::month_end::run;
use crate::fixtures::{PERIOD, expect_ledger_agrees_with_store, load_october};

const TRADE: &str = "2026-10.trade.A001";

/// All tries of one request, and whatever else the machine does.
const MOST: Duration = Duration::from_mins(4);

/// What a program must answer when a service does not.
struct Silenced {
    name: &'static str,
    program: Program,
    code: i32,
    said: &'static str,
}

/// Runs all at once and holds each against what it must answer.
async fn expect_their_end(silenced: Vec<Silenced>, silence: Silence) -> Result<()> {
    let began = Instant::now();
    let runs = silenced.into_iter().map(|one| async move {
        let answer = one.program.run().await?;
        Ok::<_, anyhow::Error>((one.name, one.code, one.said, answer))
    });
    for (name, code, said, answer) in try_join_all(runs).await? {
        let context = || format!("{name}, {silence:?}");
        let Answer { stdout, stderr, .. } = answer.expect(code).with_context(context)?;
        ensure!(
            format!("{stdout}{stderr}").contains(said),
            "{}: {stdout}{stderr}",
            context()
        );
    }
    let took = began.elapsed();
    ensure!(took < MOST, "{silence:?}: it took {took:?}");
    Ok(())
}

/// A month that is submitted, of which Batch has made nothing yet.
async fn submitted(world: &World) -> Result<Cloud<'_>> {
    load_october(world, 2).await?;
    let cloud = Cloud::of(world).await?;
    cloud.migrate().await?;
    Ok(cloud)
}

#[tokio::test]
async fn a_silent_bucket_ends_every_command() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let cloud = submitted(&world).await?;
    cloud.enqueuer(run([])).run().await?.expect(0)?;
    let counts = cloud.sweep_to_the_end(PERIOD).await?;
    assert_eq!(counts["succeeded"], 4, "{counts}");
    try_join_all(Silence::ALL.map(|silence| expect_the_end_of_readers(&cloud, silence))).await?;
    expect_ledger_agrees_with_store(&world).await?;
    world.close().await
}

/// Of commands that read the bucket.
async fn expect_the_end_of_readers(cloud: &Cloud<'_>, silence: Silence) -> Result<()> {
    let server = SilentServer::start(silence).await?;
    let of = |program: Program| program.env("AWS_ENDPOINT_URL_S3", server.url());
    let said = "did not answer";
    // An answer to HEAD has no body. The headers are of another object.
    let of_another = silence == Silence::AfterHalfTheBody;
    let (code, said_of_link, said_of_verify) = if of_another {
        (65, "A001", "the connection failed")
    } else {
        (75, said, said)
    };
    let silenced = vec![
        Silenced {
            name: "link",
            program: of(cloud.enqueuer(["link", TRADE])),
            code,
            said: said_of_link,
        },
        Silenced {
            name: "certificate",
            program: of(cloud.enqueuer(["certificate", "--period", PERIOD, "--quick"])),
            code: 75,
            said,
        },
        Silenced {
            name: "verify",
            program: of(cloud.converter(["--document", TRADE, "--verify"])),
            code: 75,
            said: said_of_verify,
        },
    ];
    expect_their_end(silenced, silence).await
}

#[tokio::test]
async fn a_silent_batch_ends_every_command_and_costs_nothing() -> Result<()> {
    try_join_all(Silence::ALL.map(expect_the_month_after_a_silent_batch)).await?;
    Ok(())
}

async fn expect_the_month_after_a_silent_batch(silence: Silence) -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let cloud = submitted(&world).await?;
    let server = SilentServer::start(silence).await?;
    let of = |program: Program| program.env("AWS_ENDPOINT_URL_BATCH", server.url());
    let said = "did not answer";
    let first = vec![Silenced {
        name: "run",
        program: of(cloud.enqueuer(run([]))),
        code: 75,
        said,
    }];
    expect_their_end(first, silence).await?;
    let then = vec![
        Silenced {
            name: "sweep",
            program: of(cloud.enqueuer(["sweep"])),
            code: 75,
            said,
        },
        // Where Batch's id is not known, nothing can be cancelled.
        Silenced {
            name: "stop",
            program: of(cloud.enqueuer(["stop", "--period", PERIOD, "--reason", "a test"])),
            code: 0,
            said: "is held",
        },
    ];
    expect_their_end(then, silence).await?;
    cloud
        .enqueuer(["run", "--resume", "--period", PERIOD])
        .run()
        .await?;
    let counts = cloud.sweep_to_the_end(PERIOD).await?;
    assert_eq!(counts["succeeded"], 4, "{counts}");
    expect_ledger_agrees_with_store(&world).await?;
    world.close().await
}

#[tokio::test]
async fn alerts_that_nobody_takes_hold_up_nothing_and_are_told_later() -> Result<()> {
    try_join_all(Silence::ALL.map(expect_a_summary_after_silence)).await?;
    Ok(())
}

async fn expect_a_summary_after_silence(silence: Silence) -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let cloud = submitted(&world).await?;
    cloud.enqueuer(run([])).run().await?.expect(0)?;
    cloud.batch.wait_idle().await?;
    let server = SilentServer::start(silence).await?;
    let topic = Topic::start().await?;
    let to_sns = format!("sns:{}", topic.arn());
    let to_slack = format!("slack:{}/services/T/B/w", server.url());
    let sweep = |alerts: &str, endpoint: &str| {
        let sweep = cloud.enqueuer(["sweep"]).env("ALERTS", alerts);
        sweep.env("AWS_ENDPOINT_URL_SNS", endpoint)
    };
    let said = "answer";
    for (name, alerts) in [("sns", &to_sns), ("slack", &to_slack)] {
        let program = sweep(alerts, server.url());
        expect_their_end(
            vec![Silenced {
                name,
                program,
                code: 0,
                said,
            }],
            silence,
        )
        .await?;
    }
    // The summary was told to nobody.
    sweep(&to_sns, &topic.url()).run().await?.expect(0)?;
    ensure!(
        topic.messages().len() == 1,
        "{silence:?}: {:?}",
        topic.messages()
    );
    expect_ledger_agrees_with_store(&world).await?;
    world.close().await
}
