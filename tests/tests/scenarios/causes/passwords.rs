//! Passwords with characters that mean something in a URL.

use anyhow::Result;
use tests::{Engine, World, on_every_engine};

use crate::fixtures::{expect_one_line, load_october, run_of};

on_every_engine! {
    async fn raw_characters_of_a_password_are_named_and_not_shown(world: &World) {
        load_october(world, 1).await?;
        for password in ["zz#yyyy", "zz/yyyy", "zz?yyyy", "12#yyyy", "12/yyyy"] {
            let url = format!("postgres://export:{password}@127.0.0.1:5432/export");
            for name in ["DATABASE_URL", "SOURCE_DATABASE_URL"] {
                let run = run_of(world, []).env(name, &url).run().await?;
                assert!(!run.stderr.contains("yyyy") && !run.stderr.contains("zz"), "{}", run.stderr);
                expect_one_line(run, 78, &["percent-encoded, # as %23", "DATABASE_URL or SOURCE_DATABASE_URL, is not shown"])?;
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_escape_in_a_refused_password_is_named() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    // The test's server trusts everybody whom it knows.
    let (_, server) = world.database_url().split_once('@').unwrap_or_default();
    for (password, is_named) in [("zz%41yyyy", true), ("zzyyyy", false)] {
        let url = format!("postgres://nobody-here:{password}@{server}");
        let run = run_of(&world, []).env("DATABASE_URL", &url).run().await?;
        assert!(!run.stderr.contains("yyyy"), "{}", run.stderr);
        assert_eq!(run.stderr.contains("% as %25"), is_named, "{}", run.stderr);
        expect_one_line(run, 78, &["refuses user or password"])?;
    }
    world.close().await
}
