//! The source: an SQLite file with the contract's relations, every column a text.

use std::time::Duration;

use common::config::DatabaseUrl;
use common::contract::RELATIONS;
use common::database::Database;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use super::rows::Rows;

/// How long a statement may take; none of these does.
const SILENCE: Duration = Duration::from_mins(1);

pub struct Source(AnyConnection);

impl Source {
    pub async fn create(url: &str) -> Self {
        // Readies the drivers.
        Database::new(&DatabaseUrl::new(url), SILENCE).expect("the URL is good");
        let url = format!("{url}?mode=rwc");
        let mut connection = AnyConnection::connect(&url).await.expect("it connects");
        // The converter reads while the next rows may be written already, and nothing here must last.
        let mut statements = vec![
            "PRAGMA journal_mode = WAL".to_owned(),
            "PRAGMA synchronous = OFF".to_owned(),
            "PRAGMA busy_timeout = 60000".to_owned(),
        ];
        for relation in RELATIONS {
            let columns: Vec<_> = relation
                .columns
                .iter()
                .map(|column| format!("{} TEXT", column.name))
                .collect();
            statements.push(format!(
                "CREATE TABLE {} ({})",
                relation.name,
                columns.join(", ")
            ));
        }
        for statement in statements {
            connection
                .execute(AssertSqlSafe(statement))
                .await
                .expect("it is executed");
        }
        Self(connection)
    }

    /// The rows, and no others.
    pub async fn replace(&mut self, rows: &Rows) {
        let mut transaction = self.0.begin().await.expect("it begins");
        for relation in RELATIONS {
            let delete = AssertSqlSafe(format!("DELETE FROM {}", relation.name));
            transaction.execute(delete).await.expect("rows are deleted");
        }
        for row in &rows.0 {
            // A blob cast to text is a text of those very bytes, be they UTF-8 or not.
            let values: Vec<_> = (1..=row.values.len())
                .map(|n| format!("CAST(${n} AS TEXT)"))
                .collect();
            let insert = format!(
                "INSERT INTO {} VALUES ({})",
                row.relation.name,
                values.join(", ")
            );
            let mut query = sqlx::query(AssertSqlSafe(insert));
            for value in &row.values {
                query = query.bind(value.clone());
            }
            query
                .execute(&mut *transaction)
                .await
                .expect("a row is inserted");
        }
        transaction.commit().await.expect("it commits");
    }
}
