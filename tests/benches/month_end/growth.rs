//! How time and memory grow: of one document with its rows, of a month with its documents.

use anyhow::Result;
use tests::Engine;

use crate::big::{self, name};
use crate::converter::{self, Reopening};
use crate::measure::{Measured, median};
use crate::peers::Peer;
use crate::plot::{self, Panel, Series};
use crate::report::{Report, Table, number};
use crate::settings::Sizes;
use crate::small;

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::Sqlite];

/// From here on one run is enough: what starting a process takes is lost in it.
const LONG: u32 = 100_000;

/// One size: of the library alone where that is a comparison, and on each engine.
struct Size {
    count: u32,
    alone: Measured,
    engines: [Measured; 2],
}

pub async fn measure(report: Report, sizes: Sizes) -> Result<()> {
    let documents = documents(sizes).await?;
    let months = months(sizes).await?;
    let told = format!(
        "One document, reopened by the gate:\n\n{}\nMonths of documents of {} trades, {} per slot, two converters at a time:\n\n{}",
        document_table(&documents),
        small::TRADES,
        number(f64::from(small::PER_SLOT), 0),
        month_table(&months)
    );
    report.tell("growth", &told)?;
    report.picture("speed.svg", &picture(&documents, &months))
}

fn steps(from: u32, to: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(from), |count| count.checked_mul(10)).take_while(move |n| *n <= to)
}

async fn documents(sizes: Sizes) -> Result<Vec<Size>> {
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
            runs[1].push(converter::document(&worlds[0], Reopening::With).await?);
            runs[2].push(converter::document(&worlds[1], Reopening::With).await?);
        }
        for world in worlds {
            world.close().await?;
        }
        let [alone, postgres, sqlite] = runs.map(|runs| median(&runs));
        documents.push(Size {
            count: rows,
            alone,
            engines: [postgres, sqlite],
        });
    }
    Ok(documents)
}

async fn months(sizes: Sizes) -> Result<Vec<Size>> {
    let mut months = Vec::new();
    for documents in steps(100, sizes.month) {
        let mut engines = [Measured::default(); 2];
        for (engine, measured) in ENGINES.into_iter().zip(&mut engines) {
            eprintln!("bench: growth, a month of {documents} documents, {engine:?}");
            let world = small::world(engine, documents).await?;
            let url = world.database_url();
            *measured = converter::month(&world, url, documents, small::PER_SLOT).await?;
            world.close().await?;
        }
        months.push(Size {
            count: documents,
            alone: Measured::default(),
            engines,
        });
    }
    Ok(months)
}

fn document_table(documents: &[Size]) -> String {
    let mut table = Table::new(&[
        "rows",
        "alone s",
        "PostgreSQL s",
        "SQLite s",
        "alone MiB",
        "PostgreSQL MiB",
        "SQLite MiB",
    ]);
    for size in documents {
        let all = [size.alone, size.engines[0], size.engines[1]];
        let mut cells = vec![number(f64::from(size.count), 0)];
        cells.extend(all.map(|measured| number(measured.wall, 2)));
        cells.extend(all.map(|measured| number(measured.peak_mib, 0)));
        table.row(&cells);
    }
    table.finish()
}

fn month_table(months: &[Size]) -> String {
    let mut table = Table::new(&[
        "documents",
        "engine",
        "s",
        "documents per second",
        "enqueuer MiB",
        "largest converter MiB",
    ]);
    for size in months {
        for (engine, measured) in ENGINES.into_iter().zip(size.engines) {
            let documents = f64::from(size.count);
            table.row(&[
                number(documents, 0),
                name(engine).to_owned(),
                number(measured.wall, 1),
                number(documents / measured.wall, 0),
                number(measured.peak_mib, 0),
                number(measured.child_peak_mib, 0),
            ]);
        }
    }
    table.finish()
}

fn picture(documents: &[Size], months: &[Size]) -> String {
    let series = |name, sizes: &[Size], value: fn(&Size) -> f64| Series {
        name,
        points: sizes
            .iter()
            .map(|size| (f64::from(size.count), value(size)))
            .collect(),
    };
    plot::svg(
        "How time and memory grow",
        &[
            Panel {
                title: "One document: seconds by rows",
                series: vec![
                    series("PostgreSQL", documents, |size| size.engines[0].wall),
                    series("SQLite", documents, |size| size.engines[1].wall),
                    series("rust_xlsxwriter alone", documents, |size| size.alone.wall),
                ],
            },
            Panel {
                title: "One document: peak MiB by rows",
                series: vec![
                    series("PostgreSQL", documents, |size| size.engines[0].peak_mib),
                    series("SQLite", documents, |size| size.engines[1].peak_mib),
                    series("rust_xlsxwriter alone", documents, |size| {
                        size.alone.peak_mib
                    }),
                ],
            },
            Panel {
                title: "A month: seconds by documents",
                series: vec![
                    series("PostgreSQL", months, |size| size.engines[0].wall),
                    series("SQLite", months, |size| size.engines[1].wall),
                ],
            },
            Panel {
                title: "A month: peak MiB by documents",
                series: vec![
                    series("enqueuer, PostgreSQL", months, |size| {
                        size.engines[0].peak_mib
                    }),
                    series("enqueuer, SQLite", months, |size| size.engines[1].peak_mib),
                    series("converter, PostgreSQL", months, |size| {
                        size.engines[0].child_peak_mib
                    }),
                    series("converter, SQLite", months, |size| {
                        size.engines[1].child_peak_mib
                    }),
                ],
            },
        ],
    )
}
