//! Bad settings, sources and data: never a panic; one line that says what, where and the mend; the right exit code; and
//! nothing half published.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::{Answer, Engine, World, on_every_engine};
use tokio::time::timeout;

use crate::fixtures::{
    PERIOD, count, document, expect_ledger_agrees_with_store, expect_one_line, load_october,
    partial_files, replace_trades, run_october, run_of,
};

/// An operator waits no longer to hear that a setting is wrong.
const PATIENCE: Duration = Duration::from_secs(15);

/// A run whose settings are wrong: refused in one line, with nothing published.
async fn expect_refused(
    world: &World,
    name: &str,
    value: &str,
    code: i32,
    words: &[&str],
) -> Result<()> {
    let run = run_of(world, []).env(name, value).run();
    let answer = timeout(PATIENCE, run)
        .await
        .with_context(|| format!("{name}={value} is not told within {PATIENCE:?}"))??;
    expect_one_line(answer, code, words).with_context(|| format!("{name}={value}"))?;
    assert_eq!(world.published()?, []);
    Ok(())
}

on_every_engine! {
    async fn wrong_settings_are_named_with_the_mend(world: &World) {
        load_october(world, 1).await?;
        for (name, value, words) in [
            ("DATABASE_URL", "oracle://u:secret@h/d", ["DATABASE_URL", "postgres://USER@HOST/DATABASE or sqlite://PATH"]),
            ("DATABASE_URL", "nonsense", ["DATABASE_URL", "sqlite://PATH"]),
            ("DATABASE_URL", "sqlite://nowhere/none.db", ["nowhere/none.db", "set DATABASE_URL"]),
            ("SOURCE_DATABASE_URL", "mysql://h/d", ["DATABASE_URL", "names no known engine"]),
            ("STORE_URL", "ftp://host/x", ["STORE_URL", "file:PATH"]),
            ("STORE_URL", "s3://Bucket/x", ["STORE_URL", "s3://BUCKET/PREFIX"]),
            ("STORE_URL", "s3://bucket/x", ["AWS_REGION is not set", "e.g. ap-northeast-1"]),
            ("DEPLOYMENT", "Local", ["DEPLOYMENT \"Local\"", "write local or aws"]),
            ("BUSINESS_TIMEZONE", "Asia/Tokio", ["BUSINESS_TIMEZONE \"Asia/Tokio\"", "Asia/Tokyo"]),
            ("LEASE_SECONDS", "0", ["LEASE_SECONDS", "from 1 to 3600"]),
            ("ALERTS", "mail:boss", ["ALERTS is not known", "write log"]),
        ] {
            expect_refused(world, name, value, 78, &words).await?;
        }
        let hidden = run_of(world, []).env("DATABASE_URL", "oracle://u:secret@h/d").run().await?;
        assert!(!hidden.stderr.contains("secret"), "{}", hidden.stderr);
        Ok(())
    }
}

on_every_engine! {
    async fn a_server_that_is_not_there_is_a_retry(world: &World) {
        load_october(world, 1).await?;
        // A port on which nobody listens: bound once, then let go.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("postgres://firm:secret@127.0.0.1:{port}/firm");
        let words = [&*format!("firm@127.0.0.1:{port}/firm"), "is it up and reachable?"];
        expect_refused(world, "SOURCE_DATABASE_URL", &url, 75, &words).await?;
        expect_refused(world, "DATABASE_URL", &url, 75, &words).await
    }
}

on_every_engine! {
    async fn a_database_that_is_none_is_named(world: &World) {
        load_october(world, 1).await?;
        let url = match world.engine {
            Engine::Postgres => world.database_url().replace("?sslmode", "_absent?sslmode"),
            Engine::Sqlite => {
                std::fs::write(world.path("letter.txt"), "Dear customer, ".repeat(100))?;
                format!("sqlite://{}", world.path("letter.txt").display())
            }
        };
        for setting in ["SOURCE_DATABASE_URL", "DATABASE_URL"] {
            expect_refused(world, setting, &url, 78, &["cannot", "DATABASE_URL"]).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn aws_has_no_defaults(world: &World) {
        for missing in ["STORE_URL", "ALERTS", "BUSINESS_TIMEZONE"] {
            let mut run = run_of(world, []).env("DEPLOYMENT", "aws");
            for (name, value) in [("STORE_URL", "file:x"), ("ALERTS", "log"), ("BUSINESS_TIMEZONE", "Asia/Tokyo")] {
                run = run.env(name, if name == missing { "" } else { value });
            }
            let words = [&*format!("{missing} is not set"), "DEPLOYMENT=aws"];
            expect_one_line(run.run().await?, 78, &words)?;
        }
        for command in [vec!["demo"], vec!["load", "."]] {
            let refused = world.enqueuer(command).env("DEPLOYMENT", "aws").run().await?;
            ensure!(refused.code == Some(78), "{refused:?}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn wrong_arguments_are_named_with_the_mend(world: &World) {
        load_october(world, 1).await?;
        let cases: [(&[&str], &[&str]); 10] = [
            (&["run", "--period", "2026-13"], &["period \"2026-13\"", "write YYYY-MM"]),
            (&["run", "--period", "October"], &["period \"October\"", "write YYYY-MM"]),
            (&["status", "--period", "2026-00"], &["period \"2026-00\"", "write YYYY-MM"]),
            (&["run", "--period", PERIOD, "--kind", "trades"], &["\"trades\"", "write trade or balance"]),
            (&["run", "--period", PERIOD, "--account", "A999"], &["A999", "no such account"]),
            (&["run", "--period", PERIOD, "--account", "A/1"], &["--account", "\"A/1\"", "letters, digits"]),
            (&["run", "--at", "2026-11-01"], &["--at \"2026-11-01\"", "write RFC 3339"]),
            (&["run", "--at", "2026-11-01T00:10:00"], &["--at", "with an offset"]),
            (&["run", "--period", PERIOD, "--accept-snapshot", "yesterday"], &["--accept-snapshot \"yesterday\"", "YYYY-MM-DD"]),
            (&["contract", "--views", "oracle"], &["\"oracle\"", "write postgres or sqlite"]),
        ];
        for (arguments, words) in cases {
            let answer = world.enqueuer(arguments.iter().copied()).run().await?;
            expect_one_line(answer, 78, words).with_context(|| arguments.join(" "))?;
        }
        let runs = count(world, "SELECT count(*) FROM export_runs").await.unwrap_or_default();
        assert_eq!(runs, 0, "a run is recorded");
        Ok(())
    }
}

on_every_engine! {
    async fn an_unwritable_store_is_named_and_nothing_is_lost(world: &World) {
        load_october(world, 3).await?;
        std::fs::write(world.store(), "in the way")?;
        let answer = run_october(world).await?;
        let store = world.store().display().to_string();
        let told = expect_one_line(answer, 78, &["store", &store, "STORE_URL"]);
        // Whatever was said: once it is mended, one run completes.
        std::fs::remove_file(world.store())?;
        run_october(world).await?.expect(0)?;
        assert_eq!(world.published()?.len(), 6);
        told
    }
}

on_every_engine! {
    async fn a_source_without_what_the_contract_demands_is_refused(world: &World) {
        load_october(world, 1).await?;
        let check = "`enqueuer check` names every deviation";
        world.execute("ALTER TABLE statement_positions RENAME COLUMN quantity TO amount").await?;
        expect_one_line(run_october(world).await?, 78, &["statement_positions has no column quantity", check])?;
        world.execute("ALTER TABLE statement_cash_movements RENAME TO movements").await?;
        expect_one_line(run_october(world).await?, 78, &["no relation statement_cash_movements", check])?;
        assert_eq!(count(world, "SELECT count(*) FROM export_runs").await?, 0);
        assert_eq!(world.published()?, []);
        Ok(())
    }
}

/// Runs a source in which only A001's trades are bad: its trade document fails, naming `words`; the others are published.
async fn expect_only_the_bad_one_fails(world: &World, cause: &str, words: &[&str]) -> Result<()> {
    let answer: Answer = run_of(world, ["--kind", "trade"]).run().await?.expect(1)?;
    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    let failed = document(world, "2026-10.trade.A001").await?;
    assert_eq!(
        (&failed["state"], &failed["cause"]),
        (&"failed".into(), &cause.into()),
        "{failed}"
    );
    assert_eq!(failed["attempts"], 1, "{failed}");
    let error = failed["error"].as_str().context("no error")?;
    for word in words {
        ensure!(error.contains(word), "{word:?} is missing in: {error}");
    }
    ensure!(!error.contains('\n'), "more than one line: {error}");
    let keys: Vec<String> = world
        .published()?
        .into_iter()
        .map(|file| file.key)
        .collect();
    assert_eq!(keys, ["2026-10/trade/A002/2026-10.trade.A002.xlsx"]);
    assert_eq!(partial_files(world)?, Vec::<String>::new());
    expect_ledger_agrees_with_store(world).await
}

/// Spoils one column of A001's trade.
async fn expect_bad_value(world: &World, column: &str, spoilt: &str, words: &[&str]) -> Result<()> {
    load_october(world, 2).await?;
    // By a view: the table does not take nulls.
    let expression = format!("CASE account_id WHEN 'A001' THEN {spoilt} ELSE {column} END");
    replace_trades(world, column, &expression).await?;
    let place = format!("column {column}");
    let mut all = vec!["statement_trades", "trade_id T2026-10-0", &place];
    all.extend(words);
    expect_only_the_bad_one_fails(world, "shape", &all).await
}

/// 8^5 = 32,768 characters, made by both engines.
const LONG_TEXT: &str = "replace('________', '_', replace('________', '_', replace('________', '_', replace('________', '_', '12345678'))))";

macro_rules! bad_values {
    ($($name:ident: $column:literal = $spoilt:expr, $words:expr;)*) => {
        $(on_every_engine! {
            async fn $name(world: &World) {
                expect_bad_value(world, $column, $spoilt, &$words).await
            }
        })*
    };
}

bad_values! {
    a_null_where_none_may_be: "security_name" = "NULL", ["it is null"];
    an_unknown_side: "side" = "'buys'", ["\"buys\" is not known", "buy, sell, receipt, delivery, redemption"];
    an_unknown_custody: "custody" = "''", ["\"\" is not known", "nisa_growth"];
    sixteen_significant_digits: "gross_amount" = "'1234567890123456'", ["16 significant digits", "keeps 15"];
    half_a_yen: "net_amount" = "'-1000.5'", ["-1000.5", "more than the 0 decimals"];
    a_seventh_decimal_of_a_quantity: "quantity" = "'1.0000001'", ["more than the 6 decimals"];
    no_quantity: "quantity" = "'0'", ["not above zero"];
    a_negative_gross_amount: "gross_amount" = "'-1000'", ["negative"];
    an_unknown_currency: "currency" = "'YEN'", ["\"YEN\" is not an ISO 4217 currency"];
    a_number_that_is_none: "unit_price" = "'NaN'", ["\"NaN\" is not a plain decimal"];
    text_longer_than_a_cell: "note" = LONG_TEXT,
        ["longer than the 32767 characters"];
}

on_every_engine! {
    async fn text_as_long_as_a_cell_is_published(world: &World) {
        load_october(world, 1).await?;
        replace_trades(world, "note", &format!("'{}'", "注".repeat(32_767))).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        assert_eq!(world.published()?.len(), 1);
        Ok(())
    }
}

on_every_engine! {
    async fn settlement_before_the_trade(world: &World) {
        load_october(world, 2).await?;
        world.execute("UPDATE statement_trades SET settlement_date = '2026-10-04' WHERE account_id = 'A001'").await?;
        let words = ["trade T2026-10-0", "settlement_date 2026-10-04 is before trade_date 2026-10-05"];
        expect_only_the_bad_one_fails(world, "shape", &words).await
    }
}

on_every_engine! {
    async fn a_trade_twice(world: &World) {
        load_october(world, 2).await?;
        world.execute(
            "ALTER TABLE statement_trades RENAME TO firm_trades;
             CREATE VIEW statement_trades AS
                 SELECT * FROM firm_trades UNION ALL SELECT * FROM firm_trades WHERE account_id = 'A001'",
        ).await?;
        let words = ["statement_trades", "trade_id \"T2026-10-0\" occurs 2 times", "unique"];
        expect_only_the_bad_one_fails(world, "shape", &words).await
    }
}

on_every_engine! {
    async fn amounts_that_do_not_add_up(world: &World) {
        load_october(world, 2).await?;
        world.execute("UPDATE statement_trades SET net_amount = '-1001' WHERE account_id = 'A001'").await?;
        let words = ["trade T2026-10-0 of 2026-10-05 in 130A", "net_amount is -1001", "-1000", "difference of -1"];
        expect_only_the_bad_one_fails(world, "identity", &words).await
    }
}

on_every_engine! {
    async fn an_account_twice_is_refused(world: &World) {
        load_october(world, 2).await?;
        world.execute(
            "ALTER TABLE statement_accounts RENAME TO firm_accounts;
             CREATE VIEW statement_accounts AS
                 SELECT * FROM firm_accounts UNION ALL SELECT * FROM firm_accounts WHERE account_id = 'A002'",
        ).await?;
        let words = ["statement_accounts has two rows for account A002", "must be unique"];
        expect_one_line(run_october(world).await?, 65, &words)?;
        assert_eq!(world.published()?, []);
        Ok(())
    }
}

on_every_engine! {
    async fn rows_of_an_account_that_is_not_there_show_as_a_failure(world: &World) {
        load_october(world, 2).await?;
        world.execute("DELETE FROM statement_accounts WHERE account_id = 'A001'").await?;
        expect_only_the_bad_one_fails(world, "unknown_account", &["no row for account A001"]).await
    }
}

/// `SQLite`'s dates are text, in which anything may stand. Text that is no date falls out of every comparison with one, so
/// the run is refused before it could leave the row out.
async fn expect_bad_date(column: &str, text: &str) -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 2).await?;
    let statement =
        format!("UPDATE statement_trades SET {column} = '{text}' WHERE account_id = 'A001'");
    world.execute(&statement).await?;
    let words = [
        "statement_trades",
        &*format!("column {column}"),
        text,
        "YYYY-MM-DD",
    ];
    expect_one_line(run_october(&world).await?, 65, &words)?;
    assert_eq!(count(&world, "SELECT count(*) FROM export_runs").await?, 0);
    let checked = world.enqueuer(["check"]).run().await?.expect(78)?;
    ensure!(checked.stdout.contains(column), "{}", checked.stdout);
    Ok(())
}

#[tokio::test]
async fn a_settlement_date_that_is_none() -> Result<()> {
    expect_bad_date("settlement_date", "2026-10-32").await
}

#[tokio::test]
async fn a_trade_date_that_is_none() -> Result<()> {
    expect_bad_date("trade_date", "2026-10-05T00:00:00").await
}

#[tokio::test]
async fn a_trade_date_in_another_spelling() -> Result<()> {
    expect_bad_date("trade_date", "2026/10/05").await
}

on_every_engine! {
    /// What no comparison selects would be in no statement: the run is refused before it could leave a row out.
    async fn a_null_that_would_hide_a_row(world: &World) {
        load_october(world, 2).await?;
        let nullable = match world.engine {
            Engine::Postgres => "ALTER TABLE statement_trades ALTER COLUMN trade_date DROP NOT NULL",
            Engine::Sqlite => {
                "CREATE TABLE plain AS SELECT * FROM statement_trades; DROP TABLE statement_trades;
                 ALTER TABLE plain RENAME TO statement_trades"
            }
        };
        world.execute(nullable).await?;
        world.execute("UPDATE statement_trades SET trade_date = NULL WHERE account_id = 'A001'").await?;
        expect_one_line(run_october(world).await?, 65, &["statement_trades", "trade_date", "null"])?;
        assert_eq!(count(world, "SELECT count(*) FROM export_runs").await?, 0);
        world.enqueuer(["check"]).run().await?.expect(78)?;
        Ok(())
    }
}

on_every_engine! {
    async fn a_holding_twice_is_not_valued_twice(world: &World) {
        load_october(world, 1).await?;
        world
            .execute("INSERT INTO statement_positions SELECT * FROM statement_positions WHERE as_of = '2026-10-31'")
            .await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
        let failed = document(world, "2026-10.balance.A001").await?;
        assert_eq!((&failed["state"], &failed["cause"]), (&"failed".into(), &"shape".into()), "{failed}");
        assert!(failed["error"].as_str().is_some_and(|error| error.contains("2 times")), "{failed}");
        Ok(())
    }
}

on_every_engine! {
    /// A number of one significant digit and thirty zeros passes every rule but that it must be possible to add it up.
    async fn a_number_beyond_all_measure(world: &World) {
        load_october(world, 2).await?;
        let value = match world.engine {
            Engine::Postgres => "70000000000000000000000000000",
            Engine::Sqlite => "'70000000000000000000000000000'",
        };
        world
            .execute(&format!("UPDATE statement_trades SET gross_amount = {value}, commission = {value} WHERE account_id = 'A001'"))
            .await?;
        expect_only_the_bad_one_fails(world, "shape", &["gross_amount", "larger"]).await
    }
}
