//! The benchmark's source, made by the database itself from one formula that `alone` repeats in Rust.

use anyhow::Result;
use common::profile::Profile;
use tests::{Engine, World};

/// The month that everything is of.
pub const PERIOD: &str = "2026-10";

/// The big document.
pub const DOCUMENT: &str = "2026-10.trade.A0000";

const MOVEMENTS: &str =
    "account_id,movement_id,booked_on,kind,description,currency,amount,trade_id\n";

/// As [`create`], and every trade is paid by a cash movement that names it, on the day it settles.
pub async fn create_paid(world: &World, accounts: u32, trades: u32) -> Result<()> {
    create(world, accounts, trades).await?;
    world
        .execute(
            "INSERT INTO statement_cash_movements (account_id, movement_id, booked_on, kind, description, currency, amount, trade_id)
             SELECT account_id, 'M' || trade_id, settlement_date, 'trade', '', currency, net_amount, trade_id
             FROM statement_trades",
        )
        .await?;
    analyze(world, "statement_cash_movements").await
}

/// Creates accounts with so many trades each in October 2026.
pub async fn create(world: &World, accounts: u32, trades: u32) -> Result<()> {
    // `load` creates the relations with their indexes; files without rows make them empty.
    world
        .load(&[
            ("statement_accounts", &account_rows(accounts)),
            ("statement_cash_movements", MOVEMENTS),
        ])
        .await?;
    let day = match world.engine {
        Engine::Postgres => format!("date '2026-10-01' + (i * 31 / {trades})::int"),
        Engine::Sqlite => format!("date('2026-10-01', '+' || (i * 31 / {trades}) || ' days')"),
    };
    let settled = match world.engine {
        Engine::Postgres => format!("date '2026-10-03' + (i * 31 / {trades})::int"),
        Engine::Sqlite => format!("date('2026-10-03', '+' || (i * 31 / {trades}) || ' days')"),
    };
    let series = |name: &str, count: u32| match world.engine {
        Engine::Postgres => {
            format!("{name} AS (SELECT i FROM generate_series(0::bigint, {count} - 1) AS s(i))")
        }
        Engine::Sqlite => {
            format!(
                "{name}(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM {name} WHERE i + 1 < {count})"
            )
        }
    };
    let text = |number: &str| match world.engine {
        Engine::Postgres => format!("({number})::numeric"),
        Engine::Sqlite => format!("CAST({number} AS text)"),
    };
    let pad = |number: &str, width: u32| match world.engine {
        Engine::Postgres => format!("lpad(({number})::text, {width}, '0')"),
        Engine::Sqlite => format!("printf('%0{width}d', {number})"),
    };
    let statement = format!(
        "WITH RECURSIVE {accounts}, {trades},
         base AS (SELECT a.i AS account, t.i AS i, 100 * (1 + t.i % 9) AS quantity, 2000 + 2 * (t.i % 997) + t.i % 2 AS double_price,
                         100 + t.i % 400 AS commission, (100 + t.i % 400) / 10 AS tax, {day} AS day, {settled} AS settled
                  FROM accounts a CROSS JOIN trades t)
         INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code, security_name,
             market, side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission, consumption_tax,
             withholding_tax, net_amount, note)
         SELECT 'A' || {account}, 'T' || {trade}, day, settled, 'equity', CAST(1301 + i % 50 AS text),
                '見本銘柄' || CAST(1301 + i % 50 AS text), '東証プライム', CASE WHEN i % 2 = 0 THEN 'buy' ELSE 'sell' END, 'specific',
                {quantity}, {price}, {one}, 'JPY', {gross}, {commission}, {tax}, {zero},
                CASE WHEN i % 2 = 0 THEN {paid} ELSE {received} END, NULL
         FROM base",
        account = pad("account", id_width(accounts)),
        accounts = series("accounts", accounts),
        trades = series("trades", trades),
        day = day.replace("(i ", "(t.i "),
        settled = settled.replace("(i ", "(t.i "),
        trade = pad("i", 8),
        quantity = text("quantity"),
        price = price(world.engine),
        one = text("1"),
        gross = text("quantity * double_price / 2"),
        commission = text("commission"),
        tax = text("tax"),
        zero = text("0"),
        paid = text("-(quantity * double_price / 2 + commission + tax)"),
        received = text("quantity * double_price / 2 - commission - tax"),
    );
    world.execute(&statement).await?;
    analyze(world, "statement_trades").await
}

/// Gives PostgreSQL the statistics that its autovacuum would; a SQLite file stays as `load` leaves it.
async fn analyze(world: &World, relation: &str) -> Result<()> {
    match world.engine {
        Engine::Postgres => world.execute(&format!("VACUUM ANALYZE {relation}")).await,
        Engine::Sqlite => Ok(()),
    }
}

fn price(engine: Engine) -> String {
    match engine {
        Engine::Postgres => "double_price / 2.0::numeric".to_owned(),
        Engine::Sqlite => {
            "CAST(double_price / 2 AS text) || CASE double_price % 2 WHEN 1 THEN '.5' ELSE '' END"
                .to_owned()
        }
    }
}

fn account_rows(accounts: u32) -> String {
    let header =
        "account_id,account_no,holder_name,language,base_currency,electronic_delivery,opened_on\n";
    let width = id_width(accounts) as usize;
    (0..accounts).fold(header.to_owned(), |text, n| {
        text + &format!("A{n:0width$},001-{n:07},見本太郎,ja,JPY,1,2020-01-01\n")
    })
}

/// Digits of an account's id: four, or as many as the last one has.
fn id_width(accounts: u32) -> u32 {
    accounts.saturating_sub(1).max(1).ilog10().max(3) + 1
}

/// Empties the ledger.
pub async fn make_new(world: &World) -> Result<()> {
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    world
        .execute(
            "DELETE FROM export_attempts; DELETE FROM export_actions; DELETE FROM export_job_documents;
             DELETE FROM export_documents; DELETE FROM export_jobs; DELETE FROM export_holds; DELETE FROM export_alerts;
             DELETE FROM export_runs",
        )
        .await
}

/// How many documents the ledger has as published.
pub async fn succeeded(world: &World) -> Result<u64> {
    let query = "SELECT CAST(count(*) AS text) FROM export_documents WHERE state = 'succeeded'";
    let rows = world.texts(query).await?;
    let count = rows.first().and_then(|row| row.first()?.as_deref());
    Ok(count.unwrap_or("0").parse()?)
}

/// Makes the big document due under a profile, as a run would.
pub async fn make_due(world: &World, profile: &Profile) -> Result<()> {
    make_new(world).await?;
    world
        .execute(&format!(
            "INSERT INTO export_runs (run_id, period, issued_on, program_version, started_at, lease_expires_at)
             VALUES ('bench', '{PERIOD}', '2026-11-01', 'bench', 0, 0);
             INSERT INTO export_documents (document_id, period, kind, account_id, revision, state, run_id, delivery,
                 estimated_rows, issued_on, profile_hash, program_version, due_at)
             VALUES ('{DOCUMENT}', '{PERIOD}', 'trade', 'A0000', 1, 'due', 'bench', 'electronic', 0, '2026-11-01', '{}', 'bench', 0)",
            profile.hash
        ))
        .await
}
