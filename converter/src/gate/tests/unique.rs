//! Rule 5, unique ids, over a real database.

use common::config::Settings;
use common::contract::{RELATIONS, TRADES};
use common::profile::Rule;
use common::source::Source;
use common::statement::AccountId;
use common::{Class, Result};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{blocking, day, warning_of};
use crate::gate::{Gate, shape};

/// A source with every column of the contract as text, and these rows.
async fn source(rows: &str) -> (tempfile::TempDir, Source) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("source.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    for relation in RELATIONS {
        let columns: Vec<String> = relation
            .columns
            .iter()
            .map(|column| format!("{} TEXT", column.name))
            .collect();
        let create = format!("CREATE TABLE {} ({})", relation.name, columns.join(", "));
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    sqlx::raw_sql(AssertSqlSafe(rows.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let settings = Settings {
        database_url: Some(format!("sqlite://{}", file.display())),
        ..Settings::local()
    };
    let source = Source::open(&settings.resolve().unwrap()).await.unwrap();
    (directory, source)
}

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

const TWICE: &str = "INSERT INTO statement_trades (account_id, trade_id)
    VALUES ('A1', 'T1'), ('A1', 'T2'), ('A1', 'T1'), ('A2', 'T9'), ('A2', 'T1'), ('A3', NULL), ('A3', NULL)";

async fn trade_ids(gate: &mut Gate, id: &str) -> Result<()> {
    let (_directory, mut source) = source(TWICE).await;
    shape::refuse_duplicates(gate, &mut source, &[(&TRADES, "trade_id")], &account(id)).await
}

#[tokio::test]
async fn an_id_that_occurs_twice_is_refused() {
    trade_ids(&mut blocking(), "A2").await.unwrap();
    for (id, says) in [
        ("A1", "\"T1\" occurs 2 times"),
        ("A3", "\"null\" occurs 2 times"),
    ] {
        let refused = trade_ids(&mut blocking(), id).await.unwrap_err();
        assert_eq!((refused.class(), refused.cause()), (Class::Data, "shape"));
        assert!(refused.to_string().contains(says), "{refused}");
    }
    let mut warns = warning_of(Rule::Shape);
    trade_ids(&mut warns, "A1").await.unwrap();
    assert!(
        warns
            .into_warning()
            .unwrap()
            .text
            .contains("occurs 2 times")
    );
}

const POSITIONS: &str = "INSERT INTO statement_positions (account_id, as_of, market, security_code, custody) VALUES
    ('A1', '2026-10-31', 'X', '1', 'nisa'), ('A1', '2026-10-31', 'Y', '1', 'nisa'), ('A1', '2026-10-31', NULL, '1', 'nisa'),
    ('A1', '2026-10-31', 'X', '1', 'general'), ('A1', '2026-10-31', 'X', '2', 'nisa'), ('A1', '2026-09-30', 'X', '1', 'nisa'),
    ('A2', '2026-10-31', 'X', '1', 'nisa'), ('A2', '2026-10-31', 'X', '1', 'nisa'),
    ('A3', '2026-10-31', NULL, '1', 'nisa'), ('A3', '2026-10-31', NULL, '1', 'nisa')";

async fn positions(gate: &mut Gate, id: &str) -> Result<()> {
    let (_directory, mut source) = source(POSITIONS).await;
    let as_of = day("2026-10-31");
    shape::refuse_duplicate_positions(gate, &mut source, &account(id), as_of).await
}

#[tokio::test]
async fn a_holding_that_occurs_twice_is_refused() {
    positions(&mut blocking(), "A1").await.unwrap();
    for id in ["A2", "A3"] {
        let refused = positions(&mut blocking(), id).await.unwrap_err();
        assert_eq!((refused.class(), refused.cause()), (Class::Data, "shape"));
        let says = "security_code 1, custody nisa occurs 2 times on 2026-10-31";
        assert!(refused.to_string().contains(says), "{refused}");
    }
    let mut warns = warning_of(Rule::Shape);
    positions(&mut warns, "A2").await.unwrap();
    assert!(warns.into_warning().is_some());
}
