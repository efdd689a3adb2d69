//! Views that cast instants to dates put rows on the days of the session's time zone. SQLite has no sessions,
//! but views by the machine's local time.

use anyhow::{Context, Result, ensure};
use tests::{Engine, Program, Workbook, World};

use super::Reader;
use crate::fixtures::{Books, PERIOD, load_october, october};

const NAME: &str = "ALTER DATABASE {database} SET timezone = ";

/// Fills around the edges of October in Tokyo: by UTC's days the first is September's and the last October's.
async fn world_with_instants(database_zone: &str) -> Result<World> {
    let world = World::new(Engine::Postgres).await?;
    let mut books = Books::empty();
    books
        .accounts
        .push_str("A1,0001,Aoi Sample,en,JPY,1,2020-01-01\n");
    books.load(&world).await?;
    world
        .execute(
            "DROP TABLE statement_trades;
             CREATE TABLE fills (trade_id text, executed_at timestamptz, quantity numeric);
             INSERT INTO fills VALUES ('EARLY', '2026-10-01 00:20+09', 100), ('MIDDLE', '2026-10-14 23:50+09', 200),
                                      ('LATE', '2026-11-01 08:50+09', 300);
             CREATE VIEW statement_trades AS
             SELECT CAST('A1' AS text) AS account_id, trade_id, CAST(executed_at AS date) AS trade_date,
                    CAST(executed_at AS date) + 2 AS settlement_date, CAST('equity' AS text) AS asset_class,
                    CAST('130A' AS text) AS security_code, CAST('Veritas' AS text) AS security_name,
                    CAST('buy' AS text) AS side, CAST('specific' AS text) AS custody, quantity,
                    CAST(10 AS numeric) AS unit_price, CAST(1 AS numeric) AS price_unit, CAST('JPY' AS text) AS currency,
                    quantity * 10 AS gross_amount, CAST(0 AS numeric) AS commission,
                    CAST(0 AS numeric) AS consumption_tax, CAST(0 AS numeric) AS withholding_tax,
                    -quantity * 10 AS net_amount
             FROM fills",
        )
        .await?;
    let name = world
        .texts("SELECT CAST(current_database() AS text)")
        .await?;
    let name = name[0][0].clone().context("no name")?;
    let set = NAME.replace("{database}", &name);
    world.execute(&format!("{set}'{database_zone}'")).await?;
    Ok(world)
}

/// The ids of the trades that the run of October publishes.
async fn published(world: &World, run: Program) -> Result<(Vec<&'static str>, String)> {
    let told = run.run().await?.expect(0)?.stderr;
    let published = world.published()?;
    let [document] = &published[..] else {
        anyhow::bail!("{published:?}");
    };
    let workbook = Workbook::read(&document.path)?;
    let sheet = workbook.sheet("Trades")?;
    let ids = ["EARLY", "MIDDLE", "LATE"];
    let shown = ids.into_iter().filter(|id| sheet.says(id)).collect();
    forget(world).await?;
    Ok((shown, told))
}

/// As if there had been no run.
async fn forget(world: &World) -> Result<()> {
    for document in world.published()? {
        std::fs::remove_file(&document.path)?;
    }
    world
        .execute(
            "DELETE FROM export_certificates; DELETE FROM export_changes; DELETE FROM export_comparisons;
             DELETE FROM export_job_documents; DELETE FROM export_attempts; DELETE FROM export_documents;
             DELETE FROM export_jobs; DELETE FROM export_unusable_ids; DELETE FROM export_runs",
        )
        .await
}

const OCTOBER: [&str; 2] = ["EARLY", "MIDDLE"];

#[tokio::test]
async fn the_business_time_zone_holds_whatever_the_database_has() -> Result<()> {
    for zone in ["Asia/Tokyo", "UTC", "America/New_York"] {
        let world = world_with_instants(zone).await?;
        // Beside the ledger and apart from it, one document and several in a process.
        let (shown, told) = published(&world, world.enqueuer(october([]))).await?;
        ensure!(shown == OCTOBER, "{zone}: {shown:?}");
        ensure!(!told.contains("time zone"), "{told}");
        let apart = format!("{}&application_name=apart", world.database_url());
        let run = world
            .enqueuer(october([]))
            .env("SOURCE_DATABASE_URL", &apart);
        let (shown, _) = published(&world, run).await?;
        ensure!(shown == OCTOBER, "{zone}, apart: {shown:?}");
        // The firm elsewhere.
        let run = world.enqueuer(october([])).env("BUSINESS_TIMEZONE", "UTC");
        let (shown, _) = published(&world, run).await?;
        ensure!(shown == ["MIDDLE", "LATE"], "{zone}, UTC: {shown:?}");
        let check = world.enqueuer(["check"]).run().await?.expect(0)?;
        ensure!(!check.stdout.contains("time zone"), "{}", check.stdout);
        world.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_the_role_says_holds_and_is_told() -> Result<()> {
    let world = world_with_instants("Asia/Tokyo").await?;
    let reader = Reader::create(&world).await?;
    let told_by = |zone: &str| {
        format!(
            "the source is read in the time zone {zone}, not in BUSINESS_TIMEZONE Asia/Tokyo: its role says so"
        )
    };
    reader
        .execute("ALTER ROLE {reader} SET timezone = 'UTC'")
        .await?;
    let check = reader.enqueuer(["check"]).run().await?.expect(0)?;
    ensure!(check.stdout.contains(&told_by("UTC")), "{}", check.stdout);
    let (shown, told) = published(&world, reader.enqueuer(october([]))).await?;
    ensure!(
        told.contains(&told_by("UTC")) && shown == ["MIDDLE", "LATE"],
        "{shown:?} {told}"
    );
    let plan = reader
        .enqueuer(["plan", "--period", PERIOD])
        .run()
        .await?
        .expect(0)?;
    ensure!(plan.stderr.contains(&told_by("UTC")), "{}", plan.stderr);
    reader.enqueuer(october([])).run().await?.expect(0)?;
    let certificate = reader.enqueuer(["certificate"]).run().await?.expect(0)?;
    ensure!(
        certificate.stderr.contains(&told_by("UTC")),
        "{}",
        certificate.stderr
    );
    forget(&world).await?;
    // What it has in this database comes before what it has in all.
    let name = world
        .texts("SELECT CAST(current_database() AS text)")
        .await?;
    let here = format!(
        "ALTER ROLE {{reader}} IN DATABASE {} SET timezone = 'asia/tokyo'",
        name[0][0].as_deref().unwrap_or_default()
    );
    reader.execute(&here).await?;
    let (shown, told) = published(&world, reader.enqueuer(october([]))).await?;
    ensure!(
        !told.contains("time zone") && shown == OCTOBER,
        "{shown:?} {told}"
    );
    reader.execute("ALTER ROLE {reader} RESET ALL").await?;
    reader.drop().await?;
    world.close().await
}

#[tokio::test]
async fn what_the_url_says_holds_and_is_told() -> Result<()> {
    let world = world_with_instants("Asia/Tokyo").await?;
    for (options, shown_then, is_told) in [
        ("options=-ctimezone%3DUTC", ["MIDDLE", "LATE"], true),
        (
            "options=-c%20TimeZone=UTC%20-csearch_path=public",
            ["MIDDLE", "LATE"],
            true,
        ),
        ("options=-ctimezone=Asia/Tokyo", OCTOBER, false),
    ] {
        let url = format!("{}&{options}", world.database_url());
        // Also where the ledger's connection is lent.
        for name in ["SOURCE_DATABASE_URL", "DATABASE_URL"] {
            let run = world.enqueuer(october([])).env(name, &url);
            let (shown, told) = published(&world, run).await?;
            ensure!(shown == shown_then, "{options}: {shown:?}");
            ensure!(
                told.contains("its URL says so") == is_told,
                "{options}: {told}"
            );
        }
        let check = world
            .enqueuer(["check"])
            .env("SOURCE_DATABASE_URL", &url)
            .run()
            .await?
            .expect(0)?;
        ensure!(
            check.stdout.contains("its URL says so") == is_told,
            "{}",
            check.stdout
        );
    }
    world.close().await
}

/// A view of SQLite by the machine's time zone has the business's days, or is refused.
#[tokio::test]
async fn local_time_of_another_machine_is_refused() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_october(&world, 1).await?;
    world
        .execute(
            "ALTER TABLE statement_accounts RENAME TO firm_accounts;
             CREATE VIEW statement_accounts AS
             SELECT account_id, account_no, holder_name, language, base_currency, electronic_delivery,
                    date(opened_on, 'LocalTime') AS opened_on FROM firm_accounts",
        )
        .await?;
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    for command in ["run", "plan", "check"] {
        let arguments: &[&str] = if command == "check" {
            &[]
        } else {
            &["--period", PERIOD]
        };
        let arguments = [&[command], arguments].concat();
        let refused = world
            .enqueuer(arguments)
            .env("TZ", "UTC")
            .run()
            .await?
            .expect(78)?;
        let told = [refused.stdout, refused.stderr].concat();
        ensure!(
            told.contains("statement_accounts turns instants into days by localtime")
                && told.contains("TZ=Asia/Tokyo"),
            "{told}"
        );
    }
    super::expect_nothing(&world, PERIOD).await?;
    // Of the same days, whatever it is called.
    for zone in ["Asia/Tokyo", "JST-9"] {
        world
            .enqueuer(october([]))
            .env("TZ", zone)
            .run()
            .await?
            .expect(0)?;
    }
    // Nor does it look afterwards as if documents had changed.
    let certificate = |zone: &'static str| world.enqueuer(["certificate"]).env("TZ", zone);
    let refused = certificate("UTC").run().await?.expect(78)?;
    ensure!(
        refused.stderr.contains("TZ=Asia/Tokyo"),
        "{}",
        refused.stderr
    );
    certificate("Asia/Tokyo").run().await?.expect(0)?;
    world.close().await
}
