//! What is never said: a password, whatever is wrong with its URL, and whatever would steer a terminal.

use anyhow::ensure;
use tests::{Engine, on_every_engine};

use crate::fixtures::{AT, PERIOD, load_october, run_october, run_of};
use crate::steering::spoil_trades;

on_every_engine! {
    async fn a_password_in_a_mistyped_parameter(world: &World) {
        load_october(world, 1).await?;
        let url = world.database_url();
        let joined = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{joined}passwort=geheim");
        let run = run_of(world, []).env("DATABASE_URL", &url).env("LOG", "trace").run().await?;
        let said = format!("{}{}", run.stdout, run.stderr);
        ensure!(!said.contains("geheim"), "{said}");
        match world.engine {
            // It can be told apart, and is: the driver ignores it.
            Engine::Postgres => {
                run.expect(0)?;
                ensure!(said.contains("DATABASE_URL: parameter 2 behind the question mark is ignored"), "{said}");
            }
            Engine::Sqlite => {
                run.expect(78)?;
                ensure!(said.contains("there are mode, cache, immutable and vfs"), "{said}");
            }
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_password_in_a_url_that_does_not_parse(world: &World) {
        load_october(world, 1).await?;
        for url in [
            "firm:geheim@127.0.0.1:1/firm",
            "postgres://firm:geheim127.0.0.1/firm",
            "postgres://firm:geheim/firm",
            "postgres://firm:geheim#x@127.0.0.1:1/firm",
            "postgres://firm@127.0.0.1:1/firm?sslmode=geheim",
            "postgre://firm:geheim@127.0.0.1:1/firm",
            "host=127.0.0.1 port=1 password=geheim",
            "sqlite://firm:geheim@127.0.0.1:1/firm",
        ] {
            for (name, command) in [("DATABASE_URL", "status"), ("SOURCE_DATABASE_URL", "check")] {
                let program = world.enqueuer([command]).env(name, url).env("LOG", "trace");
                let answer = program.run().await?.expect(78)?;
                let said = answer.stdout + &answer.stderr;
                ensure!(!said.contains("geheim"), "{url}: {said}");
            }
        }
        Ok(())
    }
}

on_every_engine! {
    async fn what_steers_a_terminal(world: &World) {
        load_october(world, 3).await?;
        spoil_trades(world, &["A002"]).await?;
        let hostile = "\u{1b}[2J\u{9b}31mx\u{202e}\nWRONG  forged";
        // An id that no account can have; the run tells of its rows.
        world.execute(&format!("UPDATE statement_trades SET account_id = '{hostile}' WHERE account_id = 'A003'")).await?;
        run_october(world).await?.expect(1)?;
        world.execute(&format!("UPDATE export_documents SET cause = '{hostile}' WHERE state = 'failed'")).await?;
        for arguments in [
            &["certificate", "--period", PERIOD][..],
            &["certificate", "--json"],
            &["status", "--documents"],
            &["status", "--documents", "--json"],
            &["status", "--watch"],
            &["report", "--out", "-"],
            &["report", "--json"],
            &["plan", "--period", PERIOD, "--at", AT],
            &["run", "--period", PERIOD, "--at", AT],
            &["check"],
            &["check", "--json"],
            &["resubmit", "--failed", "--period", PERIOD, "--reason", hostile, "--dry-run"],
            &["link", hostile],
            &["resubmit", hostile, "--reason", "x"],
            &["status", hostile],
        ] {
            let answer = world.enqueuer(arguments.iter().copied()).run().await?;
            for said in [&answer.stdout, &answer.stderr] {
                let steers = |char: char| char.is_control() && char != '\n' || char == '\u{202e}';
                ensure!(!said.contains(steers), "{arguments:?}: {said:?}");
                // Clap repeats lines of what it was given as they are.
                let is_usage = said.contains("Usage:");
                ensure!(is_usage || !said.lines().any(|line| line.starts_with("WRONG  forged")), "{said}");
            }
            if arguments.contains(&"--json") {
                answer.json()?;
            }
        }
        let told = world.enqueuer(["certificate"]).run().await?.expect(1)?.stdout;
        ensure!(told.contains("\\u001b[2J\\u009b31mx\\u202e WRONG  forged"), "{told}");
        Ok(())
    }
}
