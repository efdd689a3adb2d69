//! The firm's relations, for reading: a connection, and what of the contract is there.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use crate::Result;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::contract::{RELATIONS, Relation};
use crate::database::{Database, Whose, query_text, statement_failed};

/// The firm's relations.
pub struct Source {
    pub connection: AnyConnection,
    pub database: Database,
    pub catalog: Catalog,
}

impl Source {
    /// Connects and makes sure that everything the contract demands is there.
    pub async fn open(config: &Config) -> Result<Self> {
        let source = Self::connect(config).await?;
        RELATIONS
            .into_iter()
            .try_for_each(|relation| source.catalog.demand(relation))?;
        Ok(source)
    }

    /// Connects, whatever is there.
    pub async fn connect(config: &Config) -> Result<Self> {
        let database = Database::new(&config.source_database_url)?;
        let mut connection = database.connect_read_only().await?;
        let catalog = Catalog::read(&mut connection, database.dialect).await?;
        Ok(Self {
            connection,
            database,
            catalog,
        })
    }

    /// Everything read from now on is of one consistent snapshot, until its end or that of the connection.
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

    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    pub async fn close(self) {
        // The server sees a farewell instead of a lost connection.
        let _ = self.connection.close().await;
    }
}
