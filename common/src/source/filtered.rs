//! Rows that the reader may not be shown: what row-level security filters below the contract's relations.

use sqlx::{Any, Executor};

use crate::Result;
use crate::contract::RELATIONS;
use crate::database::{Whose, query_text, statement_failed};

/// A relation of the contract that row-level security may filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filtered {
    pub relation: String,
    /// The table below it, or itself.
    pub table: String,
    /// As whom the table is read: the reader, or a view's owner.
    pub role: String,
    /// A policy that shows the role all rows.
    pub policy: Option<String>,
}

impl Filtered {
    pub fn shows_all(&self) -> bool {
        self.policy.is_some()
    }
}

/// What PostgreSQL's catalogue says of it.
pub(super) async fn read<'c>(
    connection: impl Executor<'c, Database = Any>,
) -> Result<Vec<Filtered>> {
    let names: Vec<String> = RELATIONS
        .iter()
        .map(|relation| format!("'{}'", relation.name))
        .collect();
    let query = include_str!("filtered.sql").replace("{names}", &names.join(", "));
    let rows: Vec<(String, String, String, Option<String>)> = sqlx::query_as(query_text(query))
        .fetch_all(connection)
        .await
        .map_err(statement_failed(
            "looking for row-level security",
            Whose::Source,
        ))?;
    let filtered = rows
        .into_iter()
        .map(|(relation, table, role, policy)| Filtered {
            relation,
            table,
            role,
            policy,
        });
    Ok(filtered.collect())
}
