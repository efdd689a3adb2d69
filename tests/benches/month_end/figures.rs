//! What it costs to work out the figures from others: rules `value`, `settlement` and `agreement`, on and off on the same rows.
//! Every trade is paid by a movement that names it, so that each has something to compare.

use anyhow::Result;
use tests::{Engine, World};

use crate::big::{name, seconds};
use crate::converter::{self, Gate};
use crate::instructions::{DOCUMENTS, documents, per_unit};
use crate::measure::{Measured, median};
use crate::report::{Report, Table, number};
use crate::settings::Sizes;
use crate::{small, source};

pub async fn measure(report: Report, sizes: Sizes) -> Result<()> {
    let mut table = Table::new(&[
        "",
        "wall s",
        "CPU s",
        "server CPU s",
        "instructions per small document",
    ]);
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let big = one_document(engine, sizes).await?;
        let mut small = [0.0; 2];
        for (gate, small) in Gate::ALL.into_iter().zip(&mut small) {
            let counts = documents(engine, gate, source::create_paid).await?;
            *small = per_unit(DOCUMENTS, &counts);
        }
        let server = |seconds_of: String| match engine {
            Engine::Postgres => seconds_of,
            Engine::Sqlite => String::new(),
        };
        for ((gate, big), small) in Gate::ALL.into_iter().zip(big).zip(small) {
            table.row(&[
                format!("{}, {}", name(engine), gate.words()),
                seconds(big.wall),
                seconds(big.cpu),
                server(seconds(big.server_cpu)),
                number(small, 0),
            ]);
        }
        let percent = |with: f64, without: f64| number(100.0 * (with / without - 1.0), 1) + " %";
        table.row(&[
            format!("{}, cost of the rules", name(engine)),
            percent(big[0].wall, big[1].wall),
            percent(big[0].cpu, big[1].cpu),
            server(percent(big[0].server_cpu, big[1].server_cpu)),
            percent(small[0], small[1]),
        ]);
    }
    let rows = number(f64::from(sizes.big), 0);
    let told = format!(
        "One document of {rows} rows, half of them trades and half the movements that pay them, median of {} runs in turn; \
         small documents of {} trades and as many movements:\n\n{}",
        sizes.runs,
        small::TRADES,
        table.finish()
    );
    report.tell("figures", &told)
}

async fn one_document(engine: Engine, sizes: Sizes) -> Result<[Measured; 2]> {
    let world = World::new(engine).await?;
    source::create_paid(&world, 1, sizes.big / 2).await?;
    let mut runs: [Vec<Measured>; 2] = Default::default();
    for round in 0..sizes.runs {
        for (gate, runs) in Gate::ALL.into_iter().zip(&mut runs) {
            eprintln!(
                "bench: figures, run {}: {}, {}",
                round + 1,
                name(engine),
                gate.words()
            );
            runs.push(converter::document(&world, gate).await?);
        }
    }
    world.close().await?;
    Ok(runs.map(|runs| median(&runs)))
}
