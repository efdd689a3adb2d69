//! Rows with the same key.

use std::fmt;

use common::catalog::cast;
use common::contract::Relation;
use common::database::{Whose, query_text, statement_failed};
use common::{Class, Result};

use super::{Row, SourceWriter};

/// A key that more than one row of a relation has.
#[derive(Debug, Clone)]
pub struct Duplicate {
    pub relation: &'static Relation,
    /// The values of the relation's unique columns, in their order.
    key: Vec<String>,
}

impl Duplicate {
    /// Whether a row, in the order of the relation's columns, has this key.
    pub fn is_of(&self, row: &Row) -> bool {
        let value = |name: &str| {
            let columns = self.relation.columns;
            let position = columns.iter().position(|column| column.name == name)?;
            row.get(position)?.as_ref()
        };
        let mut parts = self.relation.unique.iter().zip(&self.key);
        parts.all(|(name, part)| value(name) == Some(part))
    }
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (name, value)) in self.relation.unique.iter().zip(&self.key).enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{name} {value:?}")?;
        }
        Ok(())
    }
}

impl SourceWriter {
    /// Adds a relation's unique index, or returns a key that stands in its way.
    pub(super) async fn make_unique(
        &mut self,
        relation: &'static Relation,
    ) -> Result<Option<Duplicate>> {
        let name = relation.name;
        let columns = self.index_columns(relation.unique, relation);
        // What fails is taken back alone: the transaction is asked for the key afterwards.
        self.execute("SAVEPOINT unique_index".to_owned()).await?;
        let index = format!("CREATE UNIQUE INDEX {name}_unique ON {name} ({columns})");
        match self.execute(index).await {
            Ok(()) => Ok(None),
            Err(error) if error.class() == Class::Data => {
                self.execute("ROLLBACK TO SAVEPOINT unique_index".to_owned())
                    .await?;
                Ok(Some(self.duplicate(relation).await?.ok_or(error)?))
            }
            Err(error) => Err(error),
        }
    }

    /// The first key that occurs more than once.
    async fn duplicate(&mut self, relation: &'static Relation) -> Result<Option<Duplicate>> {
        let keys: Vec<String> = relation.unique.iter().map(|name| cast(name)).collect();
        let mut key = Vec::with_capacity(keys.len());
        for value in &keys {
            // The same row each time: the order is total.
            let query = format!(
                "SELECT {value} FROM {} GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns} LIMIT 1",
                relation.name,
                columns = relation.unique.join(", ")
            );
            let found: Option<String> = sqlx::query_scalar(query_text(query))
                .fetch_optional(&mut *self.transaction)
                .await
                .map_err(statement_failed("looking for duplicate ids", Whose::Source))?;
            key.extend(found);
        }
        Ok((key.len() == keys.len()).then_some(Duplicate { relation, key }))
    }
}
