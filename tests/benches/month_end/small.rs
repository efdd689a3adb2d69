//! Many small documents: a process each, and many per process.

use anyhow::Result;
use tests::{Engine, World};

use crate::big::name;
use crate::converter;
use crate::measure::{Measured, median};
use crate::peers::Peer;
use crate::report::{Report, Table, number};
use crate::settings::{self, Sizes};
use crate::source;

/// Trades of each.
pub const TRADES: u32 = 30;

/// Documents per slot, where many share one.
pub const PER_SLOT: u32 = 1_000;

/// Shared processes get more documents, so that each of the two has several slots.
const PACKED_TIMES: u32 = 4;

/// Converters at a time.
const CONVERTERS: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Each(Engine),
    /// Over TLS with the server's certificate verified, as on AWS.
    EachOverTls,
    Packed(Engine),
    Peer(Peer),
}

const WAYS: [Way; 9] = [
    Way::Each(Engine::Postgres),
    Way::EachOverTls,
    Way::Each(Engine::Sqlite),
    Way::Packed(Engine::Postgres),
    Way::Packed(Engine::Sqlite),
    Way::Peer(Peer::RustXlsxwriter),
    Way::Peer(Peer::Libxlsxwriter),
    Way::Peer(Peer::XlsxWriter),
    Way::Peer(Peer::Openpyxl),
];

impl Way {
    fn name(self) -> String {
        match self {
            Way::Each(engine) => format!("{}, a process each", name(engine)),
            Way::EachOverTls => "PostgreSQL over TLS, a process each".to_owned(),
            Way::Packed(engine) => {
                format!("{}, `--documents-per-slot {PER_SLOT}`", name(engine))
            }
            Way::Peer(peer) => peer.name().to_owned(),
        }
    }

    fn uses_server(self) -> bool {
        match self {
            Way::Each(engine) | Way::Packed(engine) => engine == Engine::Postgres,
            Way::EachOverTls => true,
            Way::Peer(_) => false,
        }
    }

    fn documents(self, sizes: Sizes) -> u32 {
        match self {
            Way::Packed(_) => sizes.small * PACKED_TIMES,
            _ => sizes.small,
        }
    }

    /// At a time.
    fn processes(self, sizes: Sizes) -> u32 {
        match self {
            Way::Each(_) | Way::EachOverTls => CONVERTERS,
            Way::Packed(_) => CONVERTERS.min(self.documents(sizes).div_ceil(PER_SLOT)),
            Way::Peer(_) => 1,
        }
    }
}

/// The sources, by engine and number of documents.
struct Worlds {
    each: [World; 2],
    packed: [World; 2],
}

pub async fn measure(report: Report, sizes: Sizes) -> Result<()> {
    let packed = sizes.small * PACKED_TIMES;
    let worlds = Worlds {
        each: [
            world(Engine::Postgres, sizes.small).await?,
            world(Engine::Sqlite, sizes.small).await?,
        ],
        packed: [
            world(Engine::Postgres, packed).await?,
            world(Engine::Sqlite, packed).await?,
        ],
    };
    let mut runs: [Vec<Measured>; WAYS.len()] = Default::default();
    for round in 0..sizes.runs {
        for (way, runs) in WAYS.into_iter().zip(&mut runs) {
            eprintln!("bench: small, run {}: {}", round + 1, way.name());
            runs.push(once(way, &worlds, sizes).await?);
        }
    }
    for world in worlds.each.into_iter().chain(worlds.packed) {
        world.close().await?;
    }
    tell(report, sizes, &runs.map(|runs| median(&runs)))
}

pub async fn world(engine: Engine, documents: u32) -> Result<World> {
    let world = World::new(engine).await?;
    source::create(&world, documents, TRADES).await?;
    Ok(world)
}

async fn once(way: Way, worlds: &Worlds, sizes: Sizes) -> Result<Measured> {
    let documents = way.documents(sizes);
    let of = |worlds: &'_ [World; 2], engine| usize::from(worlds[0].engine != engine);
    match way {
        Way::Each(engine) => {
            let world = &worlds.each[of(&worlds.each, engine)];
            converter::month(world, world.database_url(), documents, 1).await
        }
        Way::EachOverTls => {
            let world = &worlds.each[of(&worlds.each, Engine::Postgres)];
            let verified = format!(
                "sslmode=verify-full&sslrootcert={}",
                settings::postgres_authority()?
            );
            let url = world.database_url().replace("sslmode=disable", &verified);
            anyhow::ensure!(url.contains(&verified), "the URL says nothing of TLS");
            converter::month(world, &url, documents, 1).await
        }
        Way::Packed(engine) => {
            let world = &worlds.packed[of(&worlds.packed, engine)];
            converter::month(world, world.database_url(), documents, PER_SLOT).await
        }
        Way::Peer(peer) => peer.measure(documents, TRADES, &worlds.each[0].path("")),
    }
}

fn tell(report: Report, sizes: Sizes, medians: &[Measured]) -> Result<()> {
    let mut table = Table::new(&[
        "",
        "documents",
        "documents per second",
        "ms per document and process",
        "CPU ms per document",
        "server CPU ms",
    ]);
    for (way, measured) in WAYS.iter().zip(medians) {
        let documents = f64::from(way.documents(sizes));
        table.row(&[
            way.name(),
            number(documents, 0),
            number(documents / measured.wall, 0),
            number(
                1e3 * measured.wall * f64::from(way.processes(sizes)) / documents,
                2,
            ),
            number(1e3 * measured.cpu / documents, 2),
            if way.uses_server() {
                number(1e3 * measured.server_cpu / documents, 2)
            } else {
                String::new()
            },
        ]);
    }
    let told = format!(
        "Documents of {TRADES} trades, two converters at a time, median of {} runs in turn; the libraries alone in one process:\n\n{}",
        sizes.runs,
        table.finish()
    );
    report.tell("small", &told)
}
