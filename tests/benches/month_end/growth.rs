//! How time and memory grow: of one document with its rows, of a month with its documents.

use anyhow::Result;
use tests::Engine;

use crate::big::{self, name, seconds};
use crate::converter::{self, Gate};
use crate::measure::{Measured, median};
use crate::peers::Peer;
use crate::plot::{self, Panel, Series};
use crate::report::{Report, Table, number};
use crate::settings::Sizes;
use crate::small;

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::Sqlite];

/// From here on one run is enough: what starting a process takes is lost in it.
const LONG: u32 = 100_000;

/// Documents of a month from which on it is measured on PostgreSQL only: making the source takes as long as the month.
const LARGE_MONTH: u32 = 100_000;

/// What the plots show, for those who do not see them.
const PICTURE: &str = "Four plots on logarithmic axes: seconds and peak memory of one document by its rows, \
                       and of a month by its documents";

/// One document: of the library alone, and on each engine.
struct Document {
    rows: u32,
    alone: Measured,
    engines: [Measured; 2],
}

struct Month {
    documents: u32,
    engine: Engine,
    measured: Measured,
}

pub async fn measure(report: Report, sizes: Sizes) -> Result<()> {
    let documents = documents(sizes).await?;
    let months = months(sizes).await?;
    let told = format!(
        "![{PICTURE}](speed.svg)\n\nOne document, reopened by the gate:\n\n{}\nMonths of documents of {} trades, {} per slot, two converters at a time:\n\n{}\n\
         Documents below {} rows are the median of {} runs in turn, larger ones and months one run each; the largest month is measured on \
         PostgreSQL only, because making its source takes as long as the month.",
        document_table(&documents),
        small::TRADES,
        number(f64::from(small::PER_SLOT), 0),
        month_table(&months),
        number(f64::from(LONG), 0),
        sizes.runs
    );
    report.picture("speed.svg", &picture(&documents, &months))?;
    report.tell("growth", &told)
}

fn steps(from: u32, to: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(from), |count| count.checked_mul(10)).take_while(move |n| *n <= to)
}

async fn documents(sizes: Sizes) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    for rows in steps(1_000, sizes.big) {
        let worlds = [
            big::world(Engine::Postgres, rows).await?,
            big::world(Engine::Sqlite, rows).await?,
        ];
        let mut runs: [Vec<Measured>; 3] = Default::default();
        for _ in 0..if rows < LONG { sizes.runs } else { 1 } {
            eprintln!("bench: growth, a document of {rows} rows");
            runs[0].push(Peer::RustXlsxwriter.measure(1, rows, &worlds[0].path(""))?);
            runs[1].push(converter::document(&worlds[0], Gate::Whole).await?);
            runs[2].push(converter::document(&worlds[1], Gate::Whole).await?);
        }
        for world in worlds {
            world.close().await?;
        }
        let [alone, postgres, sqlite] = runs.map(|runs| median(&runs));
        documents.push(Document {
            rows,
            alone,
            engines: [postgres, sqlite],
        });
    }
    Ok(documents)
}

async fn months(sizes: Sizes) -> Result<Vec<Month>> {
    let mut months = Vec::new();
    for documents in steps(100, sizes.month) {
        let engines = if documents < LARGE_MONTH {
            &ENGINES[..]
        } else {
            &[Engine::Postgres]
        };
        for engine in engines.iter().copied() {
            eprintln!("bench: growth, a month of {documents} documents, {engine:?}");
            let world = small::world(engine, documents).await?;
            let url = world.database_url();
            let measured = converter::month(&world, url, documents, small::PER_SLOT).await?;
            world.close().await?;
            months.push(Month {
                documents,
                engine,
                measured,
            });
        }
    }
    Ok(months)
}

fn document_table(documents: &[Document]) -> String {
    let mut table = Table::new(&[
        "rows",
        "alone s",
        "PostgreSQL s",
        "SQLite s",
        "alone MiB",
        "PostgreSQL MiB",
        "SQLite MiB",
    ]);
    for document in documents {
        let all = [document.alone, document.engines[0], document.engines[1]];
        let mut cells = vec![number(f64::from(document.rows), 0)];
        cells.extend(all.map(|measured| seconds(measured.wall)));
        cells.extend(all.map(|measured| number(measured.peak_mib, 0)));
        table.row(&cells);
    }
    table.finish()
}

fn month_table(months: &[Month]) -> String {
    let mut table = Table::new(&[
        "documents",
        "engine",
        "s",
        "documents per second",
        "enqueuer MiB",
        "largest converter MiB",
    ]);
    for Month {
        documents,
        engine,
        measured,
    } in months
    {
        let documents = f64::from(*documents);
        table.row(&[
            number(documents, 0),
            name(*engine).to_owned(),
            seconds(measured.wall),
            number(documents / measured.wall, 0),
            number(measured.peak_mib, 0),
            number(measured.child_peak_mib, 0),
        ]);
    }
    table.finish()
}

/// From one MiB to more than what a document may take (64 MiB), so that a level line looks level.
const MEMORY: (f64, f64) = (1.0, 100.0);

fn picture(documents: &[Document], months: &[Month]) -> String {
    let of_document = |name, value: fn(&Document) -> f64| Series {
        name,
        points: documents
            .iter()
            .map(|document| (f64::from(document.rows), value(document)))
            .collect(),
    };
    let of_month = |name, engine, value: fn(&Measured) -> f64| Series {
        name,
        points: months
            .iter()
            .filter(|month| month.engine == engine)
            .map(|month| (f64::from(month.documents), value(&month.measured)))
            .collect(),
    };
    let (postgres, sqlite) = (Engine::Postgres, Engine::Sqlite);
    plot::svg(
        "How time and memory grow",
        &[
            Panel {
                title: "One document: seconds by rows",
                reach: None,
                series: vec![
                    of_document("PostgreSQL", |document| document.engines[0].wall),
                    of_document("SQLite", |document| document.engines[1].wall),
                    of_document("rust_xlsxwriter alone", |document| document.alone.wall),
                ],
            },
            Panel {
                title: "One document: peak MiB by rows",
                reach: Some(MEMORY),
                series: vec![
                    of_document("PostgreSQL", |document| document.engines[0].peak_mib),
                    of_document("SQLite", |document| document.engines[1].peak_mib),
                    of_document("rust_xlsxwriter alone", |document| document.alone.peak_mib),
                ],
            },
            Panel {
                title: "A month: seconds by documents",
                reach: None,
                series: vec![
                    of_month("PostgreSQL", postgres, |month| month.wall),
                    of_month("SQLite", sqlite, |month| month.wall),
                ],
            },
            Panel {
                title: "A month: peak MiB by documents",
                reach: Some(MEMORY),
                series: vec![
                    of_month("enqueuer, PostgreSQL", postgres, |month| month.peak_mib),
                    of_month("enqueuer, SQLite", sqlite, |month| month.peak_mib),
                    of_month("converter, PostgreSQL", postgres, |month| {
                        month.child_peak_mib
                    }),
                    of_month("converter, SQLite", sqlite, |month| month.child_peak_mib),
                ],
            },
        ],
    )
}
