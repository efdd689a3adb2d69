//! Rights that the source's user lacks, all of them in one line that grants them.

use std::collections::BTreeSet;

use common::Result;
use common::contract::{RELATIONS, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::dialect::Dialect;
use common::source::Source;

/// What the user may not read.
#[derive(Debug, Default)]
pub struct Lacking {
    relations: BTreeSet<&'static str>,
    /// The statement that grants it.
    grant: String,
}

impl Lacking {
    /// Whether a relation is among it.
    pub fn has(&self, relation: &Relation) -> bool {
        self.relations.contains(relation.name)
    }

    /// What is wrong and the fix; `None` = nothing.
    pub fn problem(&self) -> Option<String> {
        if self.relations.is_empty() {
            return None;
        }
        let relations: Vec<&str> = self.relations.iter().copied().collect();
        Some(format!(
            "the user may not read {}; whoever owns them grants it: {}",
            relations.join(", "),
            self.grant
        ))
    }
}

/// Looks for relations of which the user may not read every column of the contract. Only PostgreSQL has rights.
pub async fn lacking(source: &mut Source) -> Result<Lacking> {
    let mut lacking = Lacking::default();
    if source.database.dialect != Dialect::Postgres {
        return Ok(lacking);
    }
    let mut names = Vec::new();
    let mut user = String::new();
    let mut schemas = BTreeSet::new();
    for relation in RELATIONS {
        let columns: Vec<String> = relation
            .columns
            .iter()
            .map(|column| format!("'{}'", column.name))
            .collect();
        let query = format!(
            "SELECT CAST(format('%I.%I', n.nspname, c.relname) AS text), CAST(quote_ident(current_user) AS text)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = to_regclass(quote_ident('{}'))
               AND EXISTS (SELECT 1 FROM pg_attribute a
                           WHERE a.attrelid = c.oid AND a.attname IN ({}) AND NOT a.attisdropped
                             AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT'))",
            relation.name,
            columns.join(", ")
        );
        let found: Option<(String, String)> = sqlx::query_as(query_text(query))
            .fetch_optional(source.connection())
            .await
            .map_err(statement_failed("looking for rights", Whose::Source))?;
        if let Some((name, reader)) = found {
            lacking.relations.insert(relation.name);
            names.push(name);
            user = reader;
        }
    }
    // A schema that may not be used hides its relations: they look as if they were not there.
    for relation in RELATIONS {
        let query = format!(
            "SELECT CAST(quote_ident(n.nspname) AS text), CAST(format('%I.%I', n.nspname, c.relname) AS text),
                    CAST(quote_ident(current_user) AS text)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relname = '{}' AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND to_regclass(quote_ident('{}')) IS NULL
               AND NOT has_schema_privilege(n.oid, 'USAGE')
             ORDER BY n.nspname LIMIT 1",
            relation.name, relation.name
        );
        let found: Option<(String, String, String)> = sqlx::query_as(query_text(query))
            .fetch_optional(source.connection())
            .await
            .map_err(statement_failed("looking for rights", Whose::Source))?;
        if let Some((schema, name, reader)) = found {
            lacking.relations.insert(relation.name);
            schemas.insert(schema);
            names.push(name);
            user = reader;
        }
    }
    let usage = schemas
        .iter()
        .map(|schema| format!("GRANT USAGE ON SCHEMA {schema} TO {user}; "));
    lacking.grant = format!(
        "{}GRANT SELECT ON {} TO {user};",
        usage.collect::<String>(),
        names.join(", ")
    );
    Ok(lacking)
}
