//! States of failure as a real server tells them.

use anyhow::{Context, Result};
use common::Class;
use common::database::{Whose, statement_failed};
use sqlx::AssertSqlSafe;
use tests::{Engine, World};

#[tokio::test]
async fn a_servers_states_have_their_class() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let pool = world.pool().await?;
    for (state, source, ledger) in [
        ("55P03", Class::Retry, Class::Retry),
        ("40001", Class::Retry, Class::Retry),
        ("40P01", Class::Retry, Class::Retry),
        ("25P03", Class::Retry, Class::Retry),
        ("25006", Class::Config, Class::Retry),
        ("26000", Class::Retry, Class::Retry),
        ("42P05", Class::Retry, Class::Retry),
        ("53100", Class::Config, Class::Config),
        ("53300", Class::Retry, Class::Retry),
        ("57014", Class::Retry, Class::Retry),
        ("57P05", Class::Retry, Class::Retry),
        ("22012", Class::Data, Class::Bug),
        ("42501", Class::Config, Class::Config),
        ("XX001", Class::Config, Class::Config),
    ] {
        let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'said' USING ERRCODE = '{state}'; END $$");
        for (whose, class) in [(Whose::Source, source), (Whose::Ledger, ledger)] {
            let failed = sqlx::raw_sql(AssertSqlSafe(raise.clone()))
                .execute(&pool)
                .await;
            let reason = failed.err().context("nothing was raised")?;
            let error = statement_failed("asking", whose)(reason);
            assert_eq!(error.class(), class, "{state} of {whose:?}");
            assert!(error.chain().contains("said"), "{}", error.chain());
        }
    }
    pool.close().await;
    world.close().await
}
