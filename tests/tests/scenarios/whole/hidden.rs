//! Rows that row-level security does not show the reader. PostgreSQL only: SQLite shows everybody everything.

use anyhow::{Result, ensure};
use tests::{Engine, World};

use super::{Reader, expect_nothing};
use crate::fixtures::{AT, PERIOD, count, load_october, october, run_of};

const RUN: [&str; 6] = ["run", "--json", "--period", PERIOD, "--at", AT];

/// Two accounts of two branches, in tables with row-level security that has no policy yet.
async fn secured(world: &World) -> Result<Reader<'_>> {
    load_october(world, 2).await?;
    world
        .execute(
            "ALTER TABLE statement_accounts ENABLE ROW LEVEL SECURITY;
             ALTER TABLE statement_trades ENABLE ROW LEVEL SECURITY",
        )
        .await?;
    // There is a ledger to look into.
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    Reader::create(world).await
}

/// `check` names the relations and the fix, `run` and `plan` refuse, and nothing is recorded.
async fn expect_refused(reader: &Reader<'_>, relations: &[&str], table: &str) -> Result<()> {
    let check = reader.enqueuer(["check"]).run().await?.expect(78)?;
    for relation in relations {
        let wrong = format!("WRONG  {relation}: row-level security may hide rows");
        ensure!(
            check.stdout.contains(&wrong),
            "{wrong:?} is missing in: {}",
            check.stdout
        );
    }
    let fix = format!("ALTER ROLE {} BYPASSRLS", reader.name);
    ensure!(check.stdout.contains(&fix), "{}", check.stdout);
    let wrong = check.stdout.matches("WRONG").count();
    ensure!(wrong == relations.len(), "{}", check.stdout);
    for command in ["run", "plan"] {
        let period = [command, "--period", PERIOD, "--at", AT];
        let refused = reader.enqueuer(period).run().await?.expect(78)?;
        for words in [&relations.join(", "), "row-level security", table] {
            ensure!(
                refused.stderr.contains(words),
                "{words:?} is missing in: {}",
                refused.stderr
            );
        }
    }
    expect_nothing(reader.world, PERIOD).await
}

#[tokio::test]
async fn rows_that_are_hidden_are_refused() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let reader = secured(&world).await?;
    let both = ["statement_accounts", "statement_trades"];
    expect_refused(&reader, &both, "ON statement_accounts FOR SELECT").await?;
    // Half of them is worse: it looks like a smaller firm.
    let half = "CREATE POLICY half ON statement_accounts FOR SELECT TO {reader} USING (account_id = 'A001');
                CREATE POLICY half ON statement_trades FOR SELECT TO {reader} USING (account_id = 'A001')";
    reader.execute(half).await?;
    expect_refused(&reader, &both, "ON statement_accounts FOR SELECT").await?;
    // Who sees everything is not refused.
    run_of(&world, []).run().await?.expect(0)?;
    // And whoever looks afterwards does not take hidden rows for none.
    let document = format!("{PERIOD}.trade.A001");
    for program in [
        reader.enqueuer(["certificate"]),
        reader.enqueuer(["link", &document]),
        reader.enqueuer(["reissue", &document, "--reason", "hidden", "--at", AT]),
        world
            .converter(["--document", &document, "--verify"])
            .env("SOURCE_DATABASE_URL", &reader.url()),
    ] {
        let refused = program.run().await?.expect(78)?;
        ensure!(
            refused.stderr.contains("row-level security"),
            "{}",
            refused.stderr
        );
    }
    reader.drop().await?;
    world.close().await
}

#[tokio::test]
async fn a_reader_that_bypasses_row_level_security_sees_all() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let reader = secured(&world).await?;
    reader.execute("ALTER ROLE {reader} BYPASSRLS").await?;
    reader.enqueuer(["check"]).run().await?.expect(0)?;
    let made = reader.enqueuer(RUN).run().await?.expect(0)?.json()?;
    ensure!(made["succeeded"] == 4, "{made}");
    reader.drop().await?;
    world.close().await
}

/// Policies that show the reader all rows.
const SHOW_ALL: &str = "
    CREATE POLICY export ON statement_accounts FOR SELECT TO {reader} USING (true);
    CREATE POLICY export ON statement_trades TO {reader} USING (true)";

#[tokio::test]
async fn policies_that_show_all_rows_pass_and_are_told() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let reader = secured(&world).await?;
    reader.execute(SHOW_ALL).await?;
    let check = reader.enqueuer(["check"]).run().await?.expect(0)?;
    let note = "note   statement_trades: row-level security is on for statement_trades; its policy export shows";
    ensure!(check.stdout.contains(note), "{}", check.stdout);
    let made = reader.enqueuer(RUN).run().await?.expect(0)?.json()?;
    ensure!(made["succeeded"] == 4, "{made}");
    // A restrictive one takes rows back.
    let restrictive =
        "CREATE POLICY north ON statement_trades AS RESTRICTIVE USING (account_id = 'A001')";
    reader.execute(restrictive).await?;
    let refused = reader.enqueuer(RUN).run().await?.expect(78)?;
    ensure!(
        refused.stderr.contains("the source's statement_trades:"),
        "{}",
        refused.stderr
    );
    reader.drop().await?;
    world.close().await
}

/// The converter reads over the ledger's own connection.
#[tokio::test]
async fn beside_the_ledger_it_is_the_same() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 3).await?;
    let reader = Reader::create(&world).await?;
    reader.execute("GRANT CREATE ON SCHEMA public TO {reader}; ALTER TABLE statement_accounts ENABLE ROW LEVEL SECURITY").await?;
    let run = |arguments: [&'static str; 2]| {
        let run = world.enqueuer(october(arguments));
        run.env("DATABASE_URL", &reader.url())
    };
    let refused = run(["--documents-per-slot", "3"]).run().await?.expect(78)?;
    ensure!(
        refused.stderr.contains("row-level security"),
        "{}",
        refused.stderr
    );
    reader
        .execute("CREATE POLICY export ON statement_accounts FOR SELECT TO {reader} USING (true)")
        .await?;
    let made = run(["--documents-per-slot", "3"])
        .run()
        .await?
        .expect(0)?
        .json()?;
    ensure!(made["succeeded"] == 6, "{made}");
    ensure!(count(&world, "SELECT count(*) FROM export_attempts").await? == 6);
    reader.drop().await?;
    world.close().await
}

#[tokio::test]
async fn tables_below_views_count_as_their_owner_reads_them() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 2).await?;
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    world
        .execute(
            "ALTER TABLE statement_trades RENAME TO firm_trades;
             ALTER TABLE firm_trades ENABLE ROW LEVEL SECURITY;
             CREATE VIEW statement_trades WITH (security_invoker = true) AS SELECT * FROM firm_trades",
        )
        .await?;
    let reader = Reader::create(&world).await?;
    expect_refused(&reader, &["statement_trades"], "rows of firm_trades").await?;
    // A view of an owner that row-level security does not bind shows all.
    reader
        .execute("ALTER VIEW statement_trades SET (security_invoker = false)")
        .await?;
    reader.enqueuer(["check"]).run().await?.expect(0)?;
    let made = reader.enqueuer(RUN).run().await?.expect(0)?.json()?;
    ensure!(made["succeeded"] == 4, "{made}");
    reader.drop().await?;
    world.close().await
}

/// What the catalogue does not tell, a function in a view, is found by the database.
#[tokio::test]
async fn a_function_hides_nothing_either() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 2).await?;
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    world
        .execute(
            "ALTER TABLE statement_trades RENAME TO firm_trades;
             ALTER TABLE firm_trades ENABLE ROW LEVEL SECURITY;
             CREATE FUNCTION trades() RETURNS SETOF firm_trades STABLE LANGUAGE sql AS 'SELECT * FROM firm_trades';
             CREATE VIEW statement_trades AS SELECT * FROM trades()",
        )
        .await?;
    let reader = Reader::create(&world).await?;
    let check = reader.enqueuer(["check"]).run().await?.expect(78)?;
    ensure!(
        check.stdout.contains("row-level security hides rows"),
        "{}",
        check.stdout
    );
    // One deviation does not hide the next: what is looked at after a failed statement has another snapshot.
    ensure!(
        check.stdout.contains("ok     statement_positions"),
        "{}",
        check.stdout
    );
    ensure!(
        !check.stdout.contains("transaction is aborted"),
        "{}",
        check.stdout
    );
    let refused = reader.enqueuer(RUN).run().await?.expect(78)?;
    ensure!(
        refused.stderr.contains("row-level security hides rows"),
        "{}",
        refused.stderr
    );
    expect_nothing(&world, PERIOD).await?;
    reader.drop().await?;
    world.close().await
}

#[tokio::test]
async fn the_fixes_that_check_prints_run_as_they_are() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let reader = secured(&world).await?;
    for (fix, lines) in [("CREATE POLICY", 2), ("ALTER ROLE", 1)] {
        let check = reader.enqueuer(["check"]).run().await?.expect(78)?;
        let mut printed: Vec<&str> = check
            .stdout
            .split('`')
            .filter(|text| text.starts_with(fix))
            .collect();
        printed.dedup();
        ensure!(printed.len() == lines, "{}", check.stdout);
        for line in printed {
            world.execute(line).await?;
        }
        reader.enqueuer(["check"]).run().await?.expect(0)?;
        let undo = "DROP POLICY IF EXISTS export ON statement_accounts;
                    DROP POLICY IF EXISTS export ON statement_trades";
        reader.execute(undo).await?;
    }
    reader.drop().await?;
    world.close().await
}

/// The policies of one relation say nothing of what another one reads by a function.
#[tokio::test]
async fn a_function_is_not_covered_by_another_relations_policy() -> Result<()> {
    for volatility in ["STABLE", "VOLATILE"] {
        let world = World::new(Engine::Postgres).await?;
        load_october(&world, 2).await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        world
            .execute(&format!(
                "ALTER TABLE statement_trades RENAME TO firm_trades;
                 ALTER TABLE firm_trades ENABLE ROW LEVEL SECURITY;
                 ALTER TABLE statement_accounts ENABLE ROW LEVEL SECURITY;
                 CREATE FUNCTION trades() RETURNS SETOF firm_trades {volatility} LANGUAGE sql AS 'SELECT * FROM firm_trades';
                 CREATE VIEW statement_trades AS SELECT * FROM trades()"
            ))
            .await?;
        let reader = Reader::create(&world).await?;
        reader
            .execute(
                "CREATE POLICY export ON statement_accounts FOR SELECT TO {reader} USING (true);
                 CREATE POLICY half ON firm_trades FOR SELECT TO {reader} USING (account_id = 'A001')",
            )
            .await?;
        for arguments in [&RUN[..], &["check"]] {
            let refused = reader
                .enqueuer(arguments.to_vec())
                .run()
                .await?
                .expect(78)?;
            let told = [refused.stdout, refused.stderr].concat();
            let words = "statement_trades: row-level security may hide rows from a function";
            ensure!(told.contains(words), "{volatility}: {told}");
        }
        expect_nothing(&world, PERIOD).await?;
        // A function that reads what nothing hides is no reason to refuse.
        reader
            .execute("ALTER TABLE firm_trades DISABLE ROW LEVEL SECURITY")
            .await?;
        let made = reader.enqueuer(RUN).run().await?.expect(0)?.json()?;
        ensure!(made["succeeded"] == 4, "{made}");
        reader.drop().await?;
        world.close().await?;
    }
    Ok(())
}

/// As long as one relation hides rows, another that shows all cannot be read either: that is no fault of its own.
#[tokio::test]
async fn only_what_hides_rows_is_named() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let reader = secured(&world).await?;
    reader
        .execute("CREATE POLICY export ON statement_accounts FOR SELECT TO {reader} USING (true)")
        .await?;
    expect_refused(&reader, &["statement_trades"], "ON statement_trades").await?;
    reader.drop().await?;
    world.close().await
}
