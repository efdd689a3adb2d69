//! What the firm's relations really have, beside what the contract says: optional columns may be absent.

use std::collections::HashMap;

use sqlx::{AnyConnection, Executor, Row};

use crate::blank::absent_as_null;
use crate::contract::{RELATIONS, Relation};
use crate::database::{Whose, query_text, statement_failed};
use crate::dialect::Dialect;
use crate::{Error, Result};

/// The columns of the source's relations, with their declared types.
#[derive(Debug, Clone)]
pub struct Catalog(HashMap<String, Vec<(String, String)>>);

impl Catalog {
    /// Reads it from the engine's own catalogue.
    pub async fn read(connection: &mut AnyConnection, dialect: Dialect) -> Result<Self> {
        // All relations at once: a converter asks this for every document that has a process of its own.
        let failed =
            |reason| statement_failed("reading the source's columns", Whose::Source)(reason);
        let mut query = dialect.columns_query(RELATIONS.len());
        for (n, relation) in RELATIONS.iter().enumerate() {
            // Our own words, and no values: one message, which a pooler passes on outside of a transaction, too.
            query = query.replace(&format!("${}", n + 1), &format!("'{}'", relation.name));
        }
        let found = connection
            .fetch_all(query_text(query))
            .await
            .map_err(failed)?;
        let mut relations: HashMap<_, Vec<_>> = HashMap::new();
        for row in found {
            let text = |n: usize| row.try_get::<String, _>(n).map_err(failed);
            let (relation, column, declared) = (text(0)?, text(1)?, text(2)?);
            let columns = relations.entry(relation).or_default();
            columns.push((column, declared));
        }
        Ok(Self(relations))
    }

    /// The columns that a relation has, with their declared types; none when there is no such relation.
    pub fn columns(&self, relation: &Relation) -> &[(String, String)] {
        self.0.get(relation.name).map_or(&[], Vec::as_slice)
    }

    /// Whether the relation has the column.
    pub fn has(&self, relation: &Relation, column: &str) -> bool {
        self.columns(relation)
            .iter()
            .any(|(name, _)| name == column)
    }

    /// An error that names the first missing relation or column that the contract demands.
    pub fn demand_all(&self) -> Result<()> {
        RELATIONS
            .into_iter()
            .try_for_each(|relation| self.demand(relation))
    }

    /// An error that names the relation, when it is missing, or its first missing column.
    pub fn demand(&self, relation: &Relation) -> Result<()> {
        let name = relation.name;
        let see = "`enqueuer check` names every deviation from the contract";
        if self.columns(relation).is_empty() {
            return Err(Error::config(format!(
                "the source has no relation {name}; {see}"
            )));
        }
        match relation
            .columns
            .iter()
            .find(|column| !column.optional && !self.has(relation, column.name))
        {
            Some(column) => Err(Error::config(format!(
                "the source's {name} has no column {}; {see}",
                column.name
            ))),
            None => Ok(()),
        }
    }

    /// A column of the relation called `t`, or a typed null where the firm has no such column.
    pub fn column(&self, relation: &Relation, column: &str) -> String {
        if self.has(relation, column) {
            format!("t.{column}")
        } else {
            "CAST(NULL AS text)".to_owned()
        }
    }

    /// A text column of the relation called `t`, for what a query decides by it: an absent text is null there, too, as for who reads
    /// its rows.
    pub fn present(&self, relation: &Relation, column: &str) -> String {
        if self.has(relation, column) {
            absent_as_null(&format!("t.{column}"))
        } else {
            self.column(relation, column)
        }
    }

    /// A column of the relation called `t` that turns into text as a cast does. Of other types than these it is cast at
    /// once: PostgreSQL pads `character` elsewhere, for one.
    pub fn text(&self, relation: &Relation, column: &str) -> String {
        const PLAIN: [&str; 9] = [
            "text",
            "character varying",
            "varchar",
            "date",
            "numeric",
            "smallint",
            "integer",
            "bigint",
            "",
        ];
        let expression = self.column(relation, column);
        let is_plain = |(name, declared): &(String, String)| {
            name == column && PLAIN.contains(&declared.as_str())
        };
        if self.columns(relation).iter().any(is_plain) {
            expression
        } else {
            cast(&expression)
        }
    }

    /// All columns of the contract, as text, in its order, of the relation called `t`.
    pub fn select_list(&self, relation: &Relation) -> String {
        relation
            .columns
            .iter()
            .map(|column| cast(&self.column(relation, column.name)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// An expression's text.
pub fn cast(expression: &str) -> String {
    format!("CAST({expression} AS text)")
}
