//! Creates and fills the source relations, for `demo` and `load` only: in one transaction, so that nothing is ever half
//! loaded, and never over relations that somebody else created.

mod duplicates;

use common::contract::{ColumnType, RELATIONS, Relation};
use common::database::{Database, Whose, query_text, statement_failed};
use common::{Error, Result};
use sqlx::{Any, AnyPool, Executor, Transaction};

pub use duplicates::Duplicate;

/// Remembers which relations of a database are ours to replace.
const ORIGIN_TABLE: &str = "export_loaded_relations";

/// A row in the order of the relation's columns; `None` = null. Dates and decimals are given as their text.
pub type Row = Vec<Option<String>>;

/// Writes the source relations of one database.
pub struct SourceWriter {
    database: Database,
    transaction: Transaction<'static, Any>,
    pending: Vec<Row>,
    /// Which relation the pending rows are of.
    relation: &'static Relation,
}

impl SourceWriter {
    /// Creates the five relations, empty. Relations that exist already are an error, unless `replace` is set and
    /// they are all our own.
    pub async fn create(
        database: &Database,
        pool: &AnyPool,
        created_by: &str,
        replace: bool,
    ) -> Result<Self> {
        let transaction = pool
            .begin_with(database.dialect.begin_write())
            .await
            .map_err(statement_failed(
                "creating the source relations",
                Whose::Source,
            ))?;
        let mut writer = Self {
            database: database.clone(),
            transaction,
            pending: Vec::new(),
            relation: RELATIONS[0],
        };
        writer.make_room(replace).await?;
        for relation in RELATIONS {
            let columns = relation
                .columns
                .iter()
                .map(|column| {
                    let not_null = if column.optional { "" } else { " NOT NULL" };
                    format!(
                        "{} {}{not_null}",
                        column.name,
                        database.dialect.column_type(column.column_type)
                    )
                })
                .collect::<Vec<_>>()
                .join(", ");
            writer
                .execute(format!("CREATE TABLE {} ({columns})", relation.name))
                .await?;
            writer
                .execute(format!(
                    "INSERT INTO {ORIGIN_TABLE} (relation, created_by) VALUES ('{}', '{created_by}')",
                    relation.name
                ))
                .await?;
        }
        Ok(writer)
    }

    /// Adds a row. Rows go to the database in large statements.
    pub async fn insert(&mut self, relation: &'static Relation, row: Row) -> Result<()> {
        debug_assert_eq!(row.len(), relation.columns.len(), "{}", relation.name);
        let full = self.pending.len()
            == self
                .database
                .dialect
                .rows_per_insert(relation.columns.len());
        if full || self.relation.name != relation.name {
            self.flush().await?;
            self.relation = relation;
        }
        self.pending.push(row);
        Ok(())
    }

    /// Writes what is pending, adds the indexes of the contract and commits.
    pub async fn finish(self) -> Result<()> {
        match self.finish_or_find_duplicate().await? {
            None => Ok(()),
            Some(duplicate) => Err(Error::data(
                "shape",
                format!("{duplicate} is there twice; each must be unique"),
            )),
        }
    }

    /// As [`finish`](Self::finish). Where two rows have the same key, nothing is committed, and the key is returned.
    pub async fn finish_or_find_duplicate(mut self) -> Result<Option<Duplicate>> {
        self.flush().await?;
        for relation in RELATIONS {
            let name = relation.name;
            // Optional key columns (market, pocket) count as their default, which unique indexes spell differently per
            // engine; the gate checks those keys.
            let nullable_key = |column: &&str| {
                relation
                    .column(column)
                    .is_some_and(|column| column.optional)
            };
            if !relation.unique.iter().any(nullable_key)
                && let Some(duplicate) = self.make_unique(relation).await?
            {
                return Ok(Some(duplicate));
            }
            for (n, columns) in relation.indexes.iter().enumerate() {
                let columns = self.index_columns(columns, relation);
                self.execute(format!("CREATE INDEX {name}_by_{n} ON {name} ({columns})"))
                    .await?;
            }
        }
        let failed = statement_failed("loading the source relations", Whose::Source);
        self.transaction.commit().await.map_err(failed)?;
        Ok(None)
    }

    /// The columns of an index. Text is collated by code point, as documents are ordered; but not the account, which is
    /// looked up by equality, for which PostgreSQL takes an index of the column's own collation only.
    fn index_columns(&self, columns: &[&str], relation: &Relation) -> String {
        let sql = columns
            .iter()
            .map(|name| match relation.column(name) {
                Some(column)
                    if column.column_type == ColumnType::Text && column.name != "account_id" =>
                {
                    format!("{name} COLLATE {{C}}")
                }
                _ => (*name).to_owned(),
            })
            .collect::<Vec<_>>()
            .join(", ");
        self.database.dialect.sql(&sql)
    }

    async fn make_room(&mut self, replace: bool) -> Result<()> {
        self.execute(format!(
            "CREATE TABLE IF NOT EXISTS {ORIGIN_TABLE} (relation text NOT NULL PRIMARY KEY, created_by text NOT NULL)"
        ))
        .await?;
        let ours = self
            .texts(&format!("SELECT relation FROM {ORIGIN_TABLE}"), None)
            .await?;
        for relation in RELATIONS {
            let name = relation.name;
            let exists = !self
                .texts(&self.database.dialect.columns_query(1), Some(name))
                .await?
                .is_empty();
            if !exists {
                continue;
            }
            if !ours.iter().any(|our| our == name) {
                return Err(Error::config(format!(
                    "{} holds a {name} that `demo` and `load` did not create: nothing was changed; give another DATABASE_URL",
                    self.database.url
                )));
            }
            if !replace {
                return Err(Error::config(format!(
                    "{} holds source relations from an earlier `demo` or `load`: --replace replaces them, or give another DATABASE_URL",
                    self.database.url
                )));
            }
            self.execute(format!("DROP TABLE {name}")).await?;
        }
        self.execute(format!("DELETE FROM {ORIGIN_TABLE}")).await
    }

    async fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let relation = self.relation;
        let dialect = self.database.dialect;
        let mut statement = format!("INSERT INTO {} VALUES ", relation.name);
        let mut n = 0;
        for row in 0..self.pending.len() {
            statement.push_str(if row == 0 { "(" } else { ", (" });
            for (position, column) in relation.columns.iter().enumerate() {
                n += 1;
                if position > 0 {
                    statement.push_str(", ");
                }
                statement.push_str(&dialect.parameter(column.column_type, n));
            }
            statement.push(')');
        }
        let mut query = sqlx::query(query_text(statement));
        for value in self.pending.drain(..).flatten() {
            query = query.bind(value);
        }
        query
            .execute(&mut *self.transaction)
            .await
            .map_err(statement_failed(
                &format!("writing {}", relation.name),
                Whose::Source,
            ))?;
        Ok(())
    }

    async fn execute(&mut self, statement: String) -> Result<()> {
        let doing = "creating the source relations";
        self.transaction
            .execute(query_text(statement))
            .await
            .map_err(statement_failed(doing, Whose::Source))?;
        Ok(())
    }

    /// The first column of a query's rows.
    async fn texts(&mut self, query: &str, parameter: Option<&str>) -> Result<Vec<String>> {
        let mut query = sqlx::query_scalar(query_text(query.to_owned()));
        if let Some(parameter) = parameter {
            query = query.bind(parameter.to_owned());
        }
        query
            .fetch_all(&mut *self.transaction)
            .await
            .map_err(statement_failed(
                "looking for source relations",
                Whose::Source,
            ))
    }
}
