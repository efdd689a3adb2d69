//! Reading alone: the rows of the big document as a converter selects them, fetched and thrown away.

use std::process::Command;

use anyhow::{Result, bail, ensure};
use common::contract::TRADES;
use futures_util::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Row as _};

/// Every column of the contract as text, in the order of a statement.
fn query(collation: &str) -> String {
    let columns: Vec<String> = TRADES
        .columns
        .iter()
        .map(|column| format!("CAST(t.{} AS text)", column.name))
        .collect();
    format!(
        "SELECT {} FROM statement_trades t WHERE t.account_id = 'A0000' AND t.trade_date BETWEEN '2026-10-01' AND '2026-10-31'
         ORDER BY t.trade_date, t.trade_id COLLATE {collation}",
        columns.join(", ")
    )
}

/// Reads through sqlx, by the driver of the engine itself.
pub async fn read(url: &str, rows_expected: u64) -> Result<()> {
    macro_rules! read_all {
        ($connection:expr, $collation:literal) => {{
            let mut connection = $connection;
            let mut rows = sqlx::query(AssertSqlSafe(query($collation))).fetch(&mut connection);
            let (mut count, mut bytes) = (0, 0);
            while let Some(row) = rows.try_next().await? {
                count += 1;
                for column in 0..row.len() {
                    bytes += row.try_get::<Option<&str>, _>(column)?.map_or(0, str::len);
                }
            }
            (count, bytes)
        }};
    }
    let (rows, bytes) = if url.starts_with("postgres:") {
        read_all!(PgConnection::connect(url).await?, "\"C\"")
    } else if url.starts_with("sqlite:") {
        read_all!(SqliteConnection::connect(url).await?, "BINARY")
    } else {
        bail!("{url} names no known engine");
    };
    ensure!(
        rows == rows_expected && bytes > 0,
        "{rows} rows were read instead of {rows_expected}"
    );
    Ok(())
}

/// This program, reading.
pub fn command(url: &str, rows: u32) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--read", url, &rows.to_string()]);
    Ok(command)
}

/// The yardstick from outside: PostgreSQL's own client, copying the same rows to nowhere.
pub fn psql(url: &str) -> Command {
    let copy = format!(
        "\\copy ({}) TO '/dev/null'",
        query("\"C\"").replace('\n', " ")
    );
    let mut command = Command::new("psql");
    command.args([
        "--no-psqlrc",
        "--set=ON_ERROR_STOP=1",
        url,
        "--command",
        &copy,
    ]);
    command
}
