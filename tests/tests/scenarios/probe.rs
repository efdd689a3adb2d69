//! `check` has a converter try what converters do.

use std::path::PathBuf;

use anyhow::Result;
use tests::{World, on_every_engine};

use crate::fixtures::{PERIOD, load_october, run_october};

fn probe_of(world: &World) -> PathBuf {
    world.store().join(".probe/object")
}

fn unpublished(world: &World) -> Result<usize> {
    Ok(std::fs::read_dir(world.store().join(".partial"))?.count())
}

on_every_engine! {
    async fn a_probe_puts_one_object_that_stays_and_is_no_document(world: &World) {
        load_october(world, 2).await?;
        let first = world.enqueuer(["check"]).run().await?.expect(0)?.stdout;
        assert!(first.contains("ok     converter\n"), "{first}");
        let put = std::fs::read(probe_of(world))?;
        let at = std::fs::metadata(probe_of(world))?.modified()?;
        world.enqueuer(["check"]).run().await?.expect(0)?;
        assert_eq!((std::fs::read(probe_of(world))?, std::fs::metadata(probe_of(world))?.modified()?), (put, at));
        assert_eq!(unpublished(world)?, 0);
        run_october(world).await?.expect(0)?;
        world.enqueuer(["certificate", "--period", PERIOD]).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn what_is_in_the_way_of_a_probe_is_named_and_left(world: &World) {
        load_october(world, 1).await?;
        let other = probe_of(world);
        std::fs::create_dir_all(other.parent().unwrap_or(&other))?;
        std::fs::write(&other, "somebody's")?;
        let told = world.enqueuer(["check"]).run().await?.expect(78)?.stdout;
        let place = format!("WRONG  converter: a converter ended with exit code 78: what is at {}", other.display());
        assert!(told.contains(&place) && told.contains("is not what converters put there"), "{told}");
        assert_eq!(std::fs::read_to_string(&other)?, "somebody's");
        assert_eq!(unpublished(world)?, 0);
        Ok(())
    }
}

on_every_engine! {
    async fn a_probe_is_left_out_where_it_could_say_nothing_new_or_is_not_wanted(world: &World) {
        load_october(world, 1).await?;
        let without = world.enqueuer(["check", "--no-probe"]).run().await?.expect(0)?.stdout;
        assert!(without.contains("note   converter: not tried, as --no-probe says"), "{without}");
        world.execute("ALTER TABLE statement_trades RENAME TO trades_of_the_firm").await?;
        let told = world.enqueuer(["check"]).run().await?.expect(78)?.stdout;
        assert!(told.contains("note   converter: not tried, ledger, source and store must be mended first"), "{told}");
        assert_eq!(told.matches("WRONG").count(), 1, "{told}");
        assert!(!probe_of(world).exists());
        Ok(())
    }
}

on_every_engine! {
    async fn a_converter_that_tries_names_all_that_is_wrong(world: &World) {
        load_october(world, 1).await?;
        let right = world.converter(["--probe"]).run().await?.expect(0)?;
        assert!(right.stdout.contains("can read the ledger and the source, and publish in"), "{}", right.stdout);
        // The ledger is brought up to date by who works with it.
        let ledger = world.texts("SELECT count(*) FROM export_runs").await;
        assert!(ledger.is_err(), "the probe created the ledger");
        world.execute("ALTER TABLE statement_trades RENAME TO trades_of_the_firm").await?;
        std::fs::write(world.path("in-the-way"), "")?;
        let store = format!("file:{}", world.path("in-the-way").display());
        let wrong = world.converter(["--probe", "--expect-profile", "another"]).env("STORE_URL", &store);
        let said = wrong.run().await?.expect(78)?.stderr;
        for part in ["records documents with profile another", "source: the source has no relation statement_trades", "check STORE_URL"] {
            assert!(said.contains(part), "{part:?} is missing in {said}");
        }
        let usage = world.converter(["--probe", "--document", "2026-10.trade.A001"]).run().await?;
        assert!(usage.stderr.contains("cannot be used with"), "{}", usage.stderr);
        Ok(())
    }
}
