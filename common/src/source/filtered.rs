//! Rows that the reader may not be shown: what row-level security filters below the contract's relations.

use sqlx::{Any, AnyConnection, Executor};

use super::reading::Reading;
use crate::contract::RELATIONS;
use crate::database::{Whose, is_row_security, query_text, statement_failed};
use crate::{Error, Result};

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
    let query = with_names(include_str!("filtered.sql"));
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

/// Refuses relations, other than those `found`, that read by a function what row-level security may hide: the catalogue does not know
/// what functions read, so they are tried. Row-level security must be off. Whatever else is wrong with a relation is told by whoever
/// reads it.
pub(super) async fn refuse_by_function(
    connection: &mut AnyConnection,
    found: &[Filtered],
) -> Result<()> {
    let failed = || statement_failed("looking for row-level security", Whose::Source);
    let query = query_text(with_names(include_str!("by_function.sql")));
    let unnamed = Reading {
        connection: &mut *connection,
        is_own_session: false,
    };
    let relations: Vec<String> = sqlx::query_scalar(query)
        .fetch_all(unnamed)
        .await
        .map_err(failed())?;
    let others = relations
        .iter()
        .filter(|name| !found.iter().any(|found| found.relation == **name));
    for relation in others {
        // One row, since without any the function may not be called.
        let text = format!("SAVEPOINT tried; SELECT 1 FROM {relation} LIMIT 1; RELEASE tried");
        let Err(reason) = connection.execute(query_text(text)).await else {
            continue;
        };
        if is_row_security(&reason) {
            return Err(Error::config(format!(
                "the source's {relation}: row-level security may hide rows from a function by which it reads, and nobody would miss them; \
                 show all to the role as which it reads: ALTER ROLE … BYPASSRLS, or read the table itself instead of the function"
            ))
            .because(reason));
        }
        connection
            .execute("ROLLBACK TO SAVEPOINT tried")
            .await
            .map_err(failed())?;
    }
    Ok(())
}

fn with_names(query: &str) -> String {
    let names: Vec<String> = RELATIONS
        .iter()
        .map(|relation| format!("'{}'", relation.name))
        .collect();
    query.replace("{names}", &names.join(", "))
}
