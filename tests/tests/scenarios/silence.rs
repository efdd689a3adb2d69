//! Servers that accept and say nothing, locks that nobody releases, answers that are lost: every wait has an end and a word.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AnyConnection, Connection, Executor};
use tests::relay::Relay;
use tests::{Answer, Engine, Program, World, on_every_engine};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use crate::fixtures::{
    PERIOD, count, document, expect_one_line, load_october, restore_trades, run_of,
    slow_down_trades,
};
use crate::processes::{expect_no_converters, wait_until};

const TRADE: &str = "2026-10.trade.A001";

/// Whatever else the machine does.
const SLACK: Duration = Duration::from_secs(20);

/// A server that accepts and says nothing, and a URL of it.
async fn silent_server() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!(
        "postgres://statements@{}/statements",
        listener.local_addr()?
    );
    Ok((listener, url))
}

/// Every command that looks at a database.
fn commands(world: &World) -> Vec<(&'static str, Program)> {
    let why = ["--reason", "a test"];
    let of_period: [&[&'static str]; 9] = [
        &["migrate"],
        &["check"],
        &["plan", "--period", PERIOD],
        &["run", "--period", PERIOD],
        &["status", "--period", PERIOD],
        &["stop", "--period", PERIOD],
        &["sweep"],
        &["certificate", "--period", PERIOD],
        &["report", "--period", PERIOD],
    ];
    let of_documents = ["resubmit", "reissue", "excuse"];
    let mut commands: Vec<_> = of_period
        .into_iter()
        .map(|arguments| (arguments[0], world.enqueuer(arguments.iter().copied())))
        .collect();
    commands.extend(of_documents.map(|name| {
        let arguments = [name, TRADE].into_iter().chain(why);
        (name, world.enqueuer(arguments))
    }));
    commands.push(("link", world.enqueuer(["link", TRADE])));
    commands.push((
        "watch",
        world.enqueuer(["status", "--watch", "--period", PERIOD]),
    ));
    commands.push(("converter", world.converter(["--document", TRADE])));
    commands
}

#[tokio::test]
async fn a_server_that_never_answers_ends_every_command() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let (_listener, url) = silent_server().await?;
    let began = Instant::now();
    let runs = commands(&world).into_iter().map(|(name, program)| {
        let program = program.env("DATABASE_URL", &url);
        async move { Ok::<_, anyhow::Error>((name, program.run().await?)) }
    });
    for (name, answer) in futures_util::future::try_join_all(runs).await? {
        // `check` lists it among what is wrong.
        let code = if name == "check" { 78 } else { 75 };
        let Answer { stdout, stderr, .. } = answer.expect(code).context(name)?;
        let said = "nothing answers there as a database does";
        ensure!(
            format!("{stdout}{stderr}").contains(said),
            "{name}: {stdout}{stderr}"
        );
    }
    let took = began.elapsed();
    ensure!(took < Duration::from_secs(10) + SLACK, "it took {took:?}");
    world.close().await
}

#[tokio::test]
async fn a_request_to_end_ends_every_command_that_hangs() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let (listener, url) = silent_server().await?;
    let mut started = Vec::new();
    let mut connections = Vec::new();
    for (name, program) in commands(&world) {
        let process = program.env("DATABASE_URL", &url).start()?;
        // It hangs from now on.
        connections.push(listener.accept().await?);
        started.push((name, process));
    }
    let began = Instant::now();
    for (_, process) in &started {
        terminate(process)?;
    }
    for (name, mut process) in started {
        let code = process.wait().await?.code();
        ensure!(code == Some(75), "{name}: exit {code:?}");
    }
    // Those that were started first would end by themselves only later than that.
    let took = began.elapsed();
    ensure!(took < Duration::from_secs(9), "it took {took:?}");
    world.close().await
}

#[tokio::test]
async fn a_time_limit_ends_every_command_that_hangs() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let (_listener, url) = silent_server().await?;
    let enqueuer = commands(&world)
        .into_iter()
        .filter(|(name, _)| *name != "converter");
    let runs = enqueuer.map(|(name, program)| {
        let program = program.env("DATABASE_URL", &url);
        let program = program.env("TIME_LIMIT_SECONDS", "1");
        async move { Ok::<_, anyhow::Error>((name, program.run().await?)) }
    });
    for (name, answer) in futures_util::future::try_join_all(runs).await? {
        let said = answer.expect(75).context(name)?.stderr;
        let words = [
            "the time limit of 1 s (TIME_LIMIT_SECONDS) is over",
            "told to terminate",
        ];
        ensure!(
            words.iter().all(|word| said.contains(word)),
            "{name}: {said}"
        );
    }
    world.close().await
}

on_every_engine! {
    async fn a_run_whose_time_is_over_ends_as_told_and_the_next_one_completes_it(world: &World) {
        load_october(world, 1).await?;
        slow_down_trades(world, 8).await?;
        let run = run_of(world, ["--kind", "trade"]).env("TIME_LIMIT_SECONDS", "3");
        let said = run.run().await?.expect(75)?.stderr;
        ensure!(said.contains("the time limit of 3 s"), "{said}");
        expect_no_converters(world).await?;
        restore_trades(world).await?;
        let run = run_of(world, ["--kind", "trade"]).env("TIME_LIMIT_SECONDS", "600");
        run.run().await?.expect(0)?;
        assert_eq!(document(world, TRADE).await?["state"], "succeeded");
        for wrong in ["0", "soon", "604801"] {
            let refused = run_of(world, []).env("TIME_LIMIT_SECONDS", wrong);
            let said = refused.run().await?.expect(78)?.stderr;
            ensure!(said.contains("time-limit-seconds"), "{wrong}: {said}");
        }
        Ok(())
    }
}

fn terminate(process: &Child) -> Result<()> {
    let pid = process.id().context("it has ended already")?;
    let pid = Pid::from_raw(pid.try_into()?).context("no process")?;
    Ok(kill_process(pid, Signal::TERM)?)
}

#[tokio::test]
async fn a_lock_that_nobody_releases_ends_a_run_and_a_request_does_sooner() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    let mut holder = AnyConnection::connect(world.database_url()).await?;
    holder
        .execute("BEGIN; LOCK TABLE statement_trades IN ACCESS EXCLUSIVE MODE")
        .await?;
    let run = run_of(&world, []).env("STALL_SECONDS", "1");
    let said = [
        "the database said nothing for too long",
        "a lock",
        "STALL_SECONDS",
    ];
    expect_one_line(run.run().await?, 75, &said)?;

    let before = waiting(&world).await?;
    let run = run_of(&world, []).start()?;
    wait_until("the run waits for the lock", async || {
        Ok(waiting(&world).await? > before)
    })
    .await?;
    expect_its_end(run).await?;
    holder.close().await?;
    run_of(&world, []).run().await?.expect(0)?;
    world.close().await
}

/// Asked to end, it does so long before the lock would be given up.
async fn expect_its_end(mut run: Child) -> Result<()> {
    let began = Instant::now();
    terminate(&run)?;
    let code = run.wait().await?.code();
    ensure!(code == Some(75), "exit {code:?}");
    let took = began.elapsed();
    ensure!(took < Duration::from_secs(9), "it took {took:?}");
    Ok(())
}

/// Sessions that wait for a lock in the world's database. One whose client has given up waits on.
async fn waiting(world: &World) -> Result<u64> {
    let waiting = "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                   WHERE NOT l.granted AND d.datname = current_database()";
    count(world, waiting).await
}

#[tokio::test]
async fn a_locked_file_is_no_reason_to_be_deaf() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 1).await?;
    run_of(&world, ["--kind", "trade"]).run().await?.expect(0)?;
    let mut holder = AnyConnection::connect(world.database_url()).await?;
    holder.execute("BEGIN IMMEDIATE").await?;
    let run = run_of(&world, []).start()?;
    // It listens by then, and waits.
    sleep(Duration::from_secs(3)).await;
    expect_its_end(run).await?;
    holder.close().await?;
    run_of(&world, []).run().await?.expect(0)?;
    world.close().await
}

#[tokio::test]
async fn an_attempt_ends_with_its_lease_when_the_ledger_freezes() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    slow_down_trades(&world, 4).await?;
    let relay = Relay::start(&world).await?;
    let script = format!(
        "echo try >> tries; export DATABASE_URL='{}'; exec \"$CONVERTER\" \"$@\"",
        relay.url()
    );
    let arguments = [
        "run",
        "--json",
        "--at",
        crate::fixtures::AT,
        "--kind",
        "trade",
    ];
    let run = tokio::spawn(world.enqueuer_beside(&script, arguments)?.run());
    let tries = async || {
        let text = std::fs::read_to_string(world.path("tries")).unwrap_or_default();
        text.lines().count()
    };
    wait_until("rows are read", async || {
        Ok(crate::fixtures::running(&world).await? == 1)
    })
    .await?;
    relay.freeze();
    let began = Instant::now();
    wait_until("the next attempt begins", async || Ok(tries().await == 2)).await?;
    // A lease of two seconds, a second until the next attempt.
    ensure!(
        began.elapsed() < Duration::from_secs(3) + SLACK,
        "it took {:?}",
        began.elapsed()
    );
    relay.thaw();
    let answer = run.await??.expect(0)?.json()?;
    assert_eq!(answer["succeeded"], 1, "{answer}");
    expect_no_converters(&world).await?;
    world.close().await
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_looked_up() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    world
        .execute("UPDATE statement_trades SET net_amount = '-1001'")
        .await?;
    run_of(&world, ["--kind", "trade"]).run().await?.expect(1)?;
    let relay = Relay::start(&world).await?;
    relay.lose_the_answer_to_a_commit();
    let excuse = ["excuse", TRADE, "--reason", "a test"];
    let excused = world.enqueuer(excuse).env("DATABASE_URL", &relay.url());
    let excused = excused.run().await?.expect(0)?;
    ensure!(
        excused.stderr.contains("the answer to a COMMIT is lost"),
        "{}",
        excused.stderr
    );
    assert_eq!(document(&world, TRADE).await?["state"], "excused");
    world.close().await
}
