//! What the programs make is for their user alone, however open the umask is they were started with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tests::{Engine, Program, World, on_every_engine};

use crate::fixtures::{AT, PERIOD, load_october};

/// Notes what is there while a converter works: the database's files beside it, and what is not published yet. What it notes it
/// makes with its own umask.
const CONVERTER: &str = "find home -printf '%m %y %p\\n' >>seen
umask >>umasks
exec \"$CONVERTER\" \"$@\"";

/// Everything below a directory is 0600 or 0700.
fn expect_private(directory: &Path) -> Result<usize> {
    let mut count = 1;
    let mode =
        |path: &Path| -> Result<u32> { Ok(path.symlink_metadata()?.permissions().mode() & 0o7777) };
    let of_directory = mode(directory)?;
    ensure!(
        of_directory == 0o700,
        "{} is {of_directory:o}",
        directory.display()
    );
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            count += expect_private(&path)?;
        } else {
            let of_file = mode(&path)?;
            ensure!(of_file == 0o600, "{} is {of_file:o}", path.display());
            count += 1;
        }
    }
    Ok(count)
}

/// With everything that is made below `home`.
fn at_home(world: &World, program: Program) -> Program {
    let program = program
        .env("STORE_URL", "file:home/store/of/firm")
        .with_open_umask();
    match world.engine {
        Engine::Postgres => program,
        Engine::Sqlite => program.env("DATABASE_URL", "sqlite://home/ledger/statements.db"),
    }
}

on_every_engine! {
    async fn whatever_the_umask(world: &World) {
        // Also writes the files that are loaded here.
        load_october(world, 2).await?;
        let load = ["load", "csv", "--replace"].into_iter();
        at_home(world, world.enqueuer(load)).run().await?.expect(0)?;
        let run = world.enqueuer_beside(CONVERTER, ["run", "--period", PERIOD, "--at", AT])?;
        at_home(world, run).run().await?.expect(0)?;
        for arguments in [
            &["run", "--draft", "--period", PERIOD, "--at", AT][..],
            &["report", "--period", PERIOD, "--out", "home/report.html"],
            &["preview", "--kind", "trade", "--language", "en", "--out", "home/preview.xlsx"],
            &["check"],
        ] {
            at_home(world, world.enqueuer(arguments.iter().copied())).run().await?.expect(0)?;
        }
        let count = expect_private(&world.path("home"))?;
        ensure!(count > 10, "only {count} files and directories");
        let seen = std::fs::read_to_string(world.path("seen"))?;
        for line in seen.lines() {
            ensure!(line.starts_with("600 f ") || line.starts_with("700 d "), "{line}");
        }
        if world.engine == Engine::Sqlite {
            ensure!(seen.contains("statements.db-wal"), "{seen}");
        }
        let umasks = std::fs::read_to_string(world.path("umasks"))?;
        let first = umasks.lines().next().context("no converter")?;
        ensure!(first == "0077", "{umasks}");
        Ok(())
    }
}
