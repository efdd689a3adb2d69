//! Where a file is expected, only a file is read: a named pipe would be waited for without end, a device never ends.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::{Engine, Program, on_every_engine};
use tokio::time::timeout;

use crate::fixtures::{expect_one_line, load_october, profile, run_of};

/// Long enough for a machine that is busy, and shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(20);

async fn expect_refused(program: Program, words: &[&str]) -> Result<()> {
    let answer = timeout(PATIENCE, program.run())
        .await
        .with_context(|| format!("{words:?} is not told within {PATIENCE:?}"))??;
    expect_one_line(answer, 78, words)
}

fn make_pipe(path: &Path) -> Result<()> {
    let made = std::process::Command::new("mkfifo").arg(path).status()?;
    ensure!(made.success(), "no pipe could be made");
    Ok(())
}

on_every_engine! {
    async fn an_export_is_of_files(world: &World) {
        load_october(world, 1).await?;
        let file = world.path("csv").join("statement_trades.csv");
        std::fs::remove_file(&file)?;
        make_pipe(&file)?;
        let load = || world.enqueuer(["load", "csv", "--replace"]);
        expect_refused(load(), &["statement_trades.csv", "it is a named pipe and not a file"]).await?;
        std::fs::remove_file(&file)?;
        std::fs::create_dir(&file)?;
        expect_refused(load(), &["statement_trades.csv", "it is a directory and not a file"]).await?;
        std::fs::remove_dir(&file)?;
        std::os::unix::fs::symlink("/dev/zero", &file)?;
        expect_refused(load(), &["statement_trades.csv", "it is a device and not a file"]).await
    }
}

on_every_engine! {
    async fn a_profile_and_its_logo_are_files_of_a_size(world: &World) {
        load_october(world, 1).await?;
        make_pipe(&world.path("pipe"))?;
        std::fs::File::create(world.path("large"))?.set_len(1 << 40)?;
        for (path, what) in [
            ("pipe", "it is a named pipe and not a file"),
            ("csv", "it is a directory and not a file"),
            ("/dev/zero", "it is a device and not a file"),
            ("large", "it has 1073741824 KB"),
        ] {
            let run = run_of(world, []).env("STATEMENT_PROFILE", path);
            expect_refused(run, &["STATEMENT_PROFILE", path, what]).await?;
            let with_logo = profile(world, &format!("logo = \"{path}\"\n"))?;
            let run = run_of(world, []).env("STATEMENT_PROFILE", &with_logo);
            expect_refused(run, &["firm.logo", path, what]).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_database_and_its_certificates_are_files(world: &World) {
        load_october(world, 1).await?;
        make_pipe(&world.path("pipe"))?;
        let what = "it is a named pipe and not a file";
        for command in ["migrate", "check"] {
            let program = world.enqueuer([command]).env("DATABASE_URL", "sqlite://pipe");
            let answer = timeout(PATIENCE, program.run()).await.context(command)??.expect(78)?;
            let told = answer.stdout + &answer.stderr;
            ensure!(told.contains("sqlite://pipe") && told.contains(what), "{command}: {told}");
        }
        if world.engine == Engine::Postgres {
            for name in ["sslrootcert", "sslcert", "sslkey"] {
                let url = format!("{}&{name}=pipe", world.database_url());
                expect_refused(run_of(world, []).env("DATABASE_URL", &url), &[name, what]).await?;
            }
        }
        Ok(())
    }
}
