//! `make bench`: a million-trade document beside `rust_xlsxwriter` alone on the same cells, and a thousand small documents
//! through the local queue, each as a ratio within one run. Prints Markdown.

mod alone;
mod enqueue;
mod measure;
mod source;

use std::path::Path;

use anyhow::{Context, Result};
use common::profile::Profile;
use measure::{Measured, median};
use tests::{Engine, World};

/// Trades of the big document.
const BIG: u32 = 1_000_000;
/// Accounts and trades each of the small documents.
const SMALL: (u32, u32) = (1_000, 30);
/// Runs of each; the median is told.
const RUNS: usize = 3;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--alone") {
        let path = arguments.next().context("--alone wants a path")?;
        return alone::write(Path::new(&path), BIG);
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            if std::env::args().any(|argument| argument == "enqueue") {
                return enqueue().await;
            }
            bench().await?;
            enqueue().await
        })
}

async fn enqueue() -> Result<()> {
    let enqueued = enqueue::measure().await?;
    println!(
        "\n{} documents found, recorded and submitted to a Batch that runs nothing, PostgreSQL: {:.1} s, {} SubmitJob calls.",
        enqueued.documents, enqueued.seconds, enqueued.submit_calls
    );
    Ok(())
}

async fn bench() -> Result<()> {
    println!("One document of {BIG} trades, median of {RUNS} runs in turn:\n");
    println!("| | wall s | × alone | CPU s | peak RSS MiB | file MB |\n|---|---|---|---|---|---|");
    let mut alone = Vec::new();
    let (mut postgres, mut sqlite) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let (pg, lite) = (
        big_world(Engine::Postgres).await?,
        big_world(Engine::Sqlite).await?,
    );
    for _ in 0..RUNS {
        alone.push(measure_alone(&pg)?);
        for (reopened, n) in [(false, 0), (true, 1)] {
            postgres[n].push(measure_document(&pg, reopened).await?);
            sqlite[n].push(measure_document(&lite, reopened).await?);
        }
    }
    let base = median(&alone);
    row("rust_xlsxwriter alone, the same cells", &base, &base);
    for (engine, [published, reopened]) in [
        ("PostgreSQL on the same two cores", postgres),
        ("SQLite", sqlite),
    ] {
        row(&format!("converter, {engine}"), &median(&published), &base);
        let name = format!("converter, {engine}, and reopened for the gate");
        row(&name, &median(&reopened), &base);
    }
    pg.close().await?;
    lite.close().await?;

    println!(
        "\n{} documents of {} trades through the local queue, one process each:\n",
        SMALL.0, SMALL.1
    );
    println!("| | wall s | documents per second |\n|---|---|---|");
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let seconds = measure_small(engine).await?;
        println!(
            "| {engine:?} | {seconds:.2} | {:.0} |",
            f64::from(SMALL.0) / seconds
        );
    }
    Ok(())
}

fn row(name: &str, measured: &Measured, base: &Measured) {
    println!(
        "| {name} | {:.2} | {:.2} | {:.2} | {:.0} | {:.1} |",
        measured.wall,
        measured.wall / base.wall,
        measured.cpu,
        measured.peak_mib,
        measured.file_mb
    );
}

async fn big_world(engine: Engine) -> Result<World> {
    let world = World::new(engine).await?;
    source::create(&world, 1, BIG).await?;
    Ok(world)
}

fn measure_alone(world: &World) -> Result<Measured> {
    let path = world.path("alone.xlsx");
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg("--alone").arg(&path);
    let measured = measure::process(&mut command)?;
    measured.with_file(&path)
}

/// The converter's whole process: claim, read, gate, write, publish, settle. The gate opens the finished file again unless
/// the profile says that it should not look at rule 4.
async fn measure_document(world: &World, reopened: bool) -> Result<Measured> {
    let policy = if reopened { "block" } else { "off" };
    let path = world.path(&format!("{policy}.toml"));
    std::fs::write(&path, profile(policy))?;
    source::make_due(world, &Profile::read(&path)?).await?;
    let store = world.store();
    if store.exists() {
        std::fs::remove_dir_all(&store)?;
    }
    let mut command = std::process::Command::new(tests::binary("converter"));
    command
        .args(["--document", source::DOCUMENT])
        .env("DATABASE_URL", world.database_url())
        .env("STORE_URL", format!("file:{}", store.display()))
        .env("STATEMENT_PROFILE", &path);
    let measured = measure::process(&mut command)?;
    let published = world.published()?;
    measured.with_file(&published.first().context("nothing was published")?.path)
}

fn profile(ownership: &str) -> String {
    let text = "{ ja = \"見本\", en = \"Sample\" }";
    format!(
        "[firm]\nname = {text}\nregistration = {text}\ncontact = {text}\n[gate]\nownership = \"{ownership}\"\n"
    )
}

async fn measure_small(engine: Engine) -> Result<f64> {
    let world = World::new(engine).await?;
    source::create(&world, SMALL.0, SMALL.1).await?;
    let begin = std::time::Instant::now();
    let answer = world
        .enqueuer(["run", "--period", "2026-10", "--json"])
        .run()
        .await?
        .expect(0)?
        .json()?;
    let seconds = begin.elapsed().as_secs_f64();
    anyhow::ensure!(
        answer["succeeded"] == SMALL.0,
        "not every document was published: {answer}"
    );
    world.close().await?;
    Ok(seconds)
}
