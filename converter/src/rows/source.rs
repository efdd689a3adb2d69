//! The source connection: one consistent snapshot, read only.

use common::Result;
use common::catalog::Catalog;
use common::config::Config;
use common::contract::{RELATIONS, Relation};
use common::database::{Database, Whose, query_text, statement_failed};
use common::profile::Rule;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use crate::gate::Gate;

/// The firm's relations.
pub struct Source {
    connection: AnyConnection,
    database: Database,
    catalog: Catalog,
}

impl Source {
    /// Connects and learns which optional columns the firm's relations have.
    pub async fn connect(config: &Config) -> Result<Self> {
        let database = Database::new(&config.source_database_url)?;
        let mut connection = database.connect_read_only().await?;
        let catalog = Catalog::read(&mut connection, database.dialect).await?;
        RELATIONS
            .into_iter()
            .try_for_each(|relation| catalog.demand(relation))?;
        Ok(Self {
            connection,
            database,
            catalog,
        })
    }

    /// Begins the one consistent snapshot that a document is made from.
    pub async fn begin_snapshot(&mut self) -> Result<()> {
        let begin = self.database.dialect.begin_snapshot();
        self.connection
            .execute(begin)
            .await
            .map_err(statement_failed("beginning a snapshot", Whose::Source))?;
        Ok(())
    }

    /// Ends the snapshot. There is nothing to commit.
    pub async fn end_snapshot(&mut self) -> Result<()> {
        self.connection
            .execute("ROLLBACK")
            .await
            .map_err(statement_failed("ending the snapshot", Whose::Source))?;
        Ok(())
    }

    /// A query with the columns of the relation, there called `t`, put in for `{columns}`: all of the contract, as text,
    /// in its order, null where the firm has no such column. Queries order by `t.column`, never by a bare name, which
    /// PostgreSQL would take for the text that is selected.
    pub fn query(&self, relation: &Relation, query: &str) -> AssertSqlSafe<String> {
        let query = query.replace("{columns}", &self.catalog.select_list(relation));
        query_text(self.database.dialect.sql(&query))
    }

    /// A column of the relation called `t`, or a typed null where the firm has no such column.
    pub fn column(&self, relation: &Relation, name: &str) -> String {
        self.catalog.column(relation, name)
    }

    /// What an order by a unique id needs at its end where the gate lets an id occur twice: the same rows must be in the
    /// same order every time. Elsewhere nothing, because a million rows would be sorted by it in vain.
    pub fn ties(&self, relation: &Relation, gate: &Gate) -> String {
        if gate.refuses(Rule::Shape) {
            String::new()
        } else {
            format!(", {}", self.catalog.select_list(relation))
        }
    }

    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    pub async fn close(self) {
        // The server sees a farewell instead of a lost connection.
        let _ = self.connection.close().await;
    }
}
