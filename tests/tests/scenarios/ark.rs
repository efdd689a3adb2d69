//! Real holdings and trades of five funds: all documents are published, every cell is the source's. The data are not
//! in the repository; where they are not, this says so and proves nothing.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use jiff::civil::date;
use tests::{Audit, Source, on_every_engine};

on_every_engine! {
    async fn every_cell_of_the_real_data_is_the_sources(world: &World) {
        let directory = real_data();
        if !directory.is_dir() {
            // Past the test runner's capture: whoever reads the outcome must see it.
            writeln!(std::io::stderr(), "real data not found at {}: not run", directory.display())?;
            return Ok(());
        }
        let directory = directory.to_string_lossy().into_owned();
        // The funds have no cash here.
        let load = ["load", &directory, "--empty", "statement_cash_movements", "--empty", "statement_cash_balances"];
        world.enqueuer(load).run().await?.expect(0)?;
        let source = Source::read(world).await?;
        for period in ["2020-11", "2020-12"] {
            world
                .enqueuer(["run", "--json", "--period", period, "--at", "2021-01-05T00:00:00Z"])
                .run()
                .await?
                .expect(0)?;
            let audit = Audit {
                world,
                source: &source,
                period,
                issued_on: date(2021, 1, 5),
                failing: &[],
            };
            let audited = audit.run().await?;
            // Every account, both kinds.
            ensure!(audited.documents == 2 * source.accounts.len(), "{audited:?}");
            ensure!(audited.documents == 10 && audited.rows > 3_000, "{audited:?}");
        }
        Ok(())
    }
}

/// Beside the repository, or where `STATEMENT_REAL_DATA` says.
fn real_data() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command tells its tests where the data are"
    )]
    let named = std::env::var("STATEMENT_REAL_DATA");
    named.map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ark-2020q4"),
        PathBuf::from,
    )
}
