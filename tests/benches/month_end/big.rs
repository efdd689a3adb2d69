//! One big document, beside what it can be compared with on the same cells.

use anyhow::Result;
use tests::{Engine, World};

use crate::converter::{self, Gate};
use crate::measure::{self, Measured, median};
use crate::peers::{self, Peer};
use crate::report::{Report, Table, number};
use crate::settings::Sizes;
use crate::{alone, reading, same_cells, source};

/// What is measured, each in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Peer(Peer),
    Converter(Engine),
    /// psycopg and XlsxWriter.
    Script,
    Reading(Engine),
    Psql,
}

const WAYS: [Way; 10] = [
    Way::Peer(Peer::RustXlsxwriter),
    Way::Converter(Engine::Postgres),
    Way::Converter(Engine::Sqlite),
    Way::Peer(Peer::Libxlsxwriter),
    Way::Peer(Peer::XlsxWriter),
    Way::Script,
    Way::Peer(Peer::Openpyxl),
    Way::Reading(Engine::Postgres),
    Way::Psql,
    Way::Reading(Engine::Sqlite),
];

impl Way {
    fn name(self) -> String {
        match self {
            Way::Peer(peer) => peer.name().to_owned(),
            Way::Converter(engine) => format!("converter, {}, and reopened", name(engine)),
            Way::Script => "a script: PostgreSQL by psycopg, XlsxWriter (Python)".to_owned(),
            Way::Reading(engine) => format!("reading alone, {}, sqlx", name(engine)),
            Way::Psql => "reading alone, PostgreSQL, `psql \\copy`".to_owned(),
        }
    }

    /// Measured once, because it takes minutes.
    fn is_slow(self) -> bool {
        match self {
            Way::Peer(peer) => peer.is_slow(),
            Way::Script => true,
            _ => false,
        }
    }

    fn uses_server(self) -> bool {
        match self {
            Way::Converter(engine) | Way::Reading(engine) => engine == Engine::Postgres,
            Way::Script | Way::Psql => true,
            Way::Peer(_) => false,
        }
    }

    fn writes(self) -> bool {
        !matches!(self, Way::Reading(_) | Way::Psql)
    }
}

/// As the tables name it.
pub fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "PostgreSQL",
        Engine::Sqlite => "SQLite",
    }
}

/// Seconds with three digits or so.
pub fn seconds(value: f64) -> String {
    number(value, if value < 10.0 { 2 } else { 1 })
}

struct Worlds {
    postgres: World,
    sqlite: World,
    rows: u32,
}

impl Worlds {
    fn of(&self, engine: Engine) -> &World {
        match engine {
            Engine::Postgres => &self.postgres,
            Engine::Sqlite => &self.sqlite,
        }
    }
}

pub async fn measure(report: Report, sizes: Sizes) -> Result<()> {
    same_cells::check().await?;
    eprintln!("bench: every program writes the same cells and number formats");
    let worlds = Worlds {
        postgres: world(Engine::Postgres, sizes.big).await?,
        sqlite: world(Engine::Sqlite, sizes.big).await?,
        rows: sizes.big,
    };
    // In turn, so that a slow minute of the machine is everybody's.
    let mut runs: [Vec<Measured>; WAYS.len()] = Default::default();
    for round in 0..sizes.runs {
        for (way, runs) in WAYS.into_iter().zip(&mut runs) {
            if round == 0 || !way.is_slow() {
                eprintln!("bench: big, run {}: {}", round + 1, way.name());
                runs.push(once(way, &worlds).await?);
            }
        }
    }
    worlds.postgres.close().await?;
    worlds.sqlite.close().await?;
    tell(report, sizes, &runs.map(|runs| median(&runs)))
}

pub async fn world(engine: Engine, rows: u32) -> Result<World> {
    let world = World::new(engine).await?;
    source::create(&world, 1, rows).await?;
    Ok(world)
}

async fn once(way: Way, worlds: &Worlds) -> Result<Measured> {
    match way {
        Way::Peer(peer) => peer.measure(1, worlds.rows, &worlds.sqlite.path("")),
        Way::Converter(engine) => converter::document(worlds.of(engine), Gate::Whole).await,
        Way::Script => {
            let path = worlds.postgres.path("0.xlsx");
            let url = worlds.postgres.database_url();
            let directory = worlds.postgres.path("");
            let measured = measure::process(&mut peers::script(url, &directory)?)?;
            let file_mb = measure::megabytes(&path)?;
            std::fs::remove_file(path)?;
            Ok(Measured {
                file_mb,
                ..measured
            })
        }
        Way::Reading(engine) => {
            let url = worlds.of(engine).database_url();
            measure::process(&mut reading::command(url, worlds.rows)?)
        }
        Way::Psql => measure::process(&mut reading::psql(worlds.postgres.database_url())),
    }
}

fn tell(report: Report, sizes: Sizes, medians: &[Measured]) -> Result<()> {
    let base = medians[0].wall;
    let columns = [
        "",
        "wall s",
        "× alone",
        "CPU s",
        "server CPU s",
        "peak RSS MiB",
        "file MB",
    ];
    let mut writing = Table::new(&columns);
    let mut beside = Table::new(&columns[..columns.len() - 1]);
    for (way, measured) in WAYS.iter().zip(medians) {
        let mut cells = vec![
            way.name(),
            seconds(measured.wall),
            number(measured.wall / base, 2),
            seconds(measured.cpu),
            if way.uses_server() {
                seconds(measured.server_cpu)
            } else {
                String::new()
            },
            number(measured.peak_mib, 0),
        ];
        if way.writes() {
            cells.push(number(measured.file_mb, 1));
            writing.row(&cells);
        } else {
            beside.row(&cells);
        }
    }
    let told = format!(
        "{} trades, deflate level {}, median of {} runs in turn, Python once:\n\n{}",
        number(f64::from(sizes.big), 0),
        alone::LEVEL,
        sizes.runs,
        writing.finish()
    );
    report.tell("big", &told)?;
    report.tell("big-beside", &beside.finish())
}
