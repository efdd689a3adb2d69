//! The contract and the templates, as they are printed and as an engine takes them.

use std::time::Duration;

use common::catalog::Catalog;
use common::config::DatabaseUrl;
use common::database::{Database, query_text};
use sqlx::{AnyConnection, Executor, Row};

use super::*;

#[test]
fn the_contract_names_every_relation_column_and_code_within_the_width() {
    let text = contract();
    for relation in RELATIONS {
        let (_, section) = text.split_once(&format!("\n{}: ", relation.name)).unwrap();
        let (section, _) = section.split_once("\n\n").unwrap();
        for column in relation.columns {
            let line = section
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{} ", column.name)));
            let line = line.unwrap_or_else(|| panic!("{} lacks {}", relation.name, column.name));
            assert!(line.contains(column.column_type.as_str()), "{line}");
            assert_eq!(line.contains(" optional "), column.optional, "{line}");
        }
        for code in relation.columns.iter().flat_map(|column| column.codes) {
            assert!(section.contains(code), "{code}");
        }
    }
    for line in text.lines() {
        assert!(
            display_width(line) <= WIDTH && line == line.trim_end(),
            "{line:?}"
        );
    }
    for word in [
        "Margin trades",
        "as_of",
        "TEXT in SQLite",
        "YYYY-MM-DD",
        "statement_trades (trade_date, account_id)",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn the_templates_differ_where_the_engines_do() {
    let postgres = views(Dialect::Postgres);
    assert!(postgres.contains("CAST(t.trade_date AS date) AS trade_date"));
    assert!(postgres.contains("CAST(t.quantity AS numeric) AS quantity"));
    for index in [
        "-- CREATE INDEX your_trades_by_1 ON your_trades (account_id, settlement_date);",
        "COLLATE \"C\");",
    ] {
        assert!(postgres.contains(index), "{index}");
    }
    let sqlite = views(Dialect::Sqlite);
    assert!(sqlite.contains("CAST(t.quantity AS TEXT) AS quantity"));
    assert!(sqlite.contains("buy | sell | receipt"));
}

/// A database in which the firm's tables exist, with the template's views.
async fn database_with_views(directory: &tempfile::TempDir, views: &str) -> AnyConnection {
    let file = directory.path().join("firm.db");
    let database = Database::new(
        &DatabaseUrl::new(format!("sqlite://{}", file.display())),
        Duration::from_mins(1),
    )
    .unwrap();
    database.create_file().unwrap();
    let pool = database.connect_pool(1).await.unwrap();
    let mut connection = pool.acquire().await.unwrap().detach();
    for relation in RELATIONS {
        let columns = relation.columns.iter().map(|column| {
            format!(
                "{} {}",
                column.name,
                database.dialect.column_type(column.column_type)
            )
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        let base = relation.name.replace("statement_", "your_");
        connection
            .execute(query_text(format!("CREATE TABLE {base} ({columns})")))
            .await
            .unwrap();
    }
    connection
        .execute(query_text(views.to_owned()))
        .await
        .unwrap();
    connection
}

#[tokio::test]
async fn the_sqlite_templates_make_the_contracts_relations() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = database_with_views(&directory, &views(Dialect::Sqlite)).await;
    let catalog = Catalog::read(&mut connection, Dialect::Sqlite)
        .await
        .unwrap();
    for relation in RELATIONS {
        let found = catalog.columns(relation);
        let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
        let expected: Vec<&str> = relation.columns.iter().map(|column| column.name).collect();
        assert_eq!(names, expected, "{}", relation.name);
        for (column, declared) in relation.columns.iter().zip(found) {
            assert!(
                Dialect::Sqlite.accepts(column, declared.base_type()),
                "{}.{}: {declared:?}",
                relation.name,
                column.name
            );
        }
    }
}

#[tokio::test]
async fn optional_lines_can_be_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let template = views(Dialect::Sqlite);
    let kept = template
        .lines()
        .filter(|line| !line.contains("-- optional;"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut connection = database_with_views(&directory, &kept).await;
    let rows = connection
        .fetch_all("SELECT account_id FROM statement_cash_balances")
        .await
        .unwrap();
    assert!(rows.is_empty());
}

/// The statement that the notes recommend for integer ids.
fn recommended_index(views: &str) -> String {
    let notes = views.split("CREATE VIEW").next().unwrap();
    let lines = notes.lines().map(|line| line.trim_start_matches("-- "));
    let words = lines.collect::<Vec<_>>().join(" ");
    let (_, index) = words
        .split_once("CREATE INDEX your_positions_by_0")
        .unwrap();
    let (index, _) = index.split_once(';').unwrap();
    format!("CREATE INDEX recommended{index}")
}

#[tokio::test]
async fn the_index_for_integer_ids_serves_the_cast_in_the_view() {
    let directory = tempfile::tempdir().unwrap();
    let template = views(Dialect::Sqlite);
    let cast = template.replace(
        "t.account_id AS account_id",
        "CAST(t.account_id AS text) AS account_id",
    );
    assert_ne!(cast, template);
    let mut connection = database_with_views(&directory, &cast).await;
    let index = recommended_index(&template);
    connection.execute(query_text(index)).await.unwrap();
    let row = connection
        .fetch_one(
            "EXPLAIN QUERY PLAN SELECT quantity FROM statement_positions t \
             WHERE t.account_id = 'A1' AND t.as_of = '2026-10-31'",
        )
        .await
        .unwrap();
    let plan: String = row.get("detail");
    assert!(
        plan.contains("recommended (<expr>=? AND as_of=?)"),
        "{plan}"
    );
    assert!(
        recommended_index(&views(Dialect::Postgres)).contains("(CAST(account_id AS text), as_of)")
    );
}
