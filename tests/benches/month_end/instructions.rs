//! Instructions of the hot path, counted by callgrind: figures that do not depend on what else the machine does. Two sizes
//! each; their difference has no start and no end of a process in it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::{Engine, World};

use crate::big::{self, name};
use crate::converter::{self, Gate};
use crate::measure;
use crate::peers::Peer;
use crate::report::{Report, Table, kept, number};
use crate::{small, source};

/// Rows of the two documents.
const ROWS: [u32; 2] = [5_000, 20_000];
/// Documents of the two slots.
pub const DOCUMENTS: [u32; 2] = [20, 100];

/// Longer than anything takes under callgrind: what renews a lease would be counted, too.
const LEASE_SECONDS: &str = "3600";

pub async fn measure(report: Report) -> Result<()> {
    let alone_row = per_unit(ROWS, &rows_alone()?);
    let alone_document = per_unit(DOCUMENTS, &documents_alone()?);
    let mut table = Table::new(&[
        "",
        "per row",
        "× alone",
        "per document of 30 rows",
        "× alone",
    ]);
    let mut row = |name: &str, row: f64, document: f64| {
        table.row(&[
            name.to_owned(),
            number(row, 0),
            number(row / alone_row, 2),
            number(document, 0),
            number(document / alone_document, 2),
        ]);
    };
    row(Peer::RustXlsxwriter.name(), alone_row, alone_document);
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let converter = format!("converter, {}, and reopened", name(engine));
        let rows = per_unit(ROWS, &rows(engine).await?);
        let documents = documents(engine, Gate::Whole, source::create).await?;
        row(&converter, rows, per_unit(DOCUMENTS, &documents));
    }
    report.tell("instructions", &table.finish())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of instructions are far below 2^53"
)]
pub fn per_unit([fewer, more]: [u32; 2], counts: &[u64; 2]) -> f64 {
    (counts[1] as f64 - counts[0] as f64) / f64::from(more - fewer)
}

fn rows_alone() -> Result<[u64; 2]> {
    let directory = tempfile::tempdir()?;
    let count = |rows| {
        let mut command = Peer::RustXlsxwriter.command(1, rows, directory.path())?;
        counted(&mut command, &format!("alone-{rows}-rows"))
    };
    Ok([count(ROWS[0])?, count(ROWS[1])?])
}

fn documents_alone() -> Result<[u64; 2]> {
    let directory = tempfile::tempdir()?;
    let count = |documents| {
        let peer = Peer::RustXlsxwriter;
        let mut command = peer.command(documents, small::TRADES, directory.path())?;
        counted(&mut command, &format!("alone-{documents}-documents"))
    };
    Ok([count(DOCUMENTS[0])?, count(DOCUMENTS[1])?])
}

async fn rows(engine: Engine) -> Result<[u64; 2]> {
    let mut counts = [0; 2];
    for (rows, count) in ROWS.into_iter().zip(&mut counts) {
        let world = big::world(engine, rows).await?;
        let mut command = converter::due_document(&world, Gate::Whole).await?;
        command.env("LEASE_SECONDS", LEASE_SECONDS);
        *count = counted(&mut command, &format!("{engine:?}-{rows}-rows"))?;
        ensure!(world.published()?.len() == 1, "nothing was published");
        world.close().await?;
    }
    Ok(counts)
}

/// The converter of one slot with all documents, started by the enqueuer as ever, but under callgrind.
pub async fn documents(
    engine: Engine,
    gate: Gate,
    create: impl AsyncFn(&World, u32, u32) -> Result<()>,
) -> Result<[u64; 2]> {
    let mut counts = [0; 2];
    for (documents, count) in DOCUMENTS.into_iter().zip(&mut counts) {
        let world = World::new(engine).await?;
        create(&world, documents, small::TRADES).await?;
        source::make_new(&world).await?;
        let out = kept(&format!(
            "callgrind.{engine:?}-{documents}-documents-{gate:?}"
        ));
        let script = format!(
            "exec valgrind --quiet --tool=callgrind --callgrind-out-file='{}' \"$CONVERTER\" \"$@\"",
            std::path::absolute(&out)?.display()
        );
        let per_slot = documents.to_string();
        let run = [
            "run",
            "--period",
            source::PERIOD,
            "--documents-per-slot",
            &per_slot,
        ];
        eprintln!("bench: instructions, {engine:?}, {documents} documents");
        let run = world.enqueuer_beside(&script, run)?;
        let profile = converter::profile(&world, gate)?;
        run.env("LEASE_SECONDS", LEASE_SECONDS)
            .env("STATEMENT_PROFILE", &profile.to_string_lossy())
            .run()
            .await?
            .expect(0)?;
        let published = source::succeeded(&world).await?;
        ensure!(
            published == u64::from(documents),
            "{published} documents were published"
        );
        *count = total(&out)?;
        world.close().await?;
    }
    Ok(counts)
}

/// Runs a process under callgrind. What it is counted by function stays below `target/bench`.
fn counted(command: &mut Command, name: &str) -> Result<u64> {
    eprintln!("bench: instructions, {name}");
    let out = kept(&format!("callgrind.{name}"));
    let mut counted = Command::new("valgrind");
    counted
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            counted.env(name, value);
        }
    }
    measure::process(&mut counted)?;
    total(&out)
}

fn total(out: &Path) -> Result<u64> {
    let text = std::fs::read_to_string(out).with_context(|| out.display().to_string())?;
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals: "));
    Ok(line
        .with_context(|| format!("{} has no total", out.display()))?
        .trim()
        .parse()?)
}
