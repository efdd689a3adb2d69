//! The firm's relations, for reading: a connection, and what of the contract is there.

mod reading;
mod rows;
mod snapshots;

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection as _, Executor};

use crate::Result;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::contract::Relation;
use crate::database::{Database, Whose, pooler, query_text, statement_failed};
use crate::dialect::Dialect;

pub use reading::Reading;
pub use rows::{Query, Selected, SourceRow};
pub use snapshots::SourceSnapshots;

/// The firm's relations.
pub struct Source {
    connection: Connection,
    /// Whether the session is ours for as long as the connection stands; `None` = not looked yet.
    own_session: Option<bool>,
    pub database: Database,
    pub catalog: Catalog,
}

enum Connection {
    Own(AnyConnection),
    OfLedger(Borrowed),
}

/// One of the ledger's connections, for as long as a snapshot. Dropped before the snapshot has ended it is closed: a pool would read
/// the running statement to its end first, and whoever waits for the process would wait for that.
struct Borrowed(Option<PoolConnection<Any>>);

impl Borrowed {
    fn connection(&mut self) -> &mut AnyConnection {
        self.0.as_mut().expect("it is given back by value only")
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        drop(self.0.take().map(PoolConnection::detach));
    }
}

impl Source {
    /// Connects and makes sure that everything the contract demands is there.
    pub async fn open(config: &Config) -> Result<Self> {
        let source = Self::connect(config).await?;
        source.catalog.demand_all()?;
        Ok(source)
    }

    /// Connects, whatever is there.
    pub async fn connect(config: &Config) -> Result<Self> {
        let database = Database::new(&config.source_database_url)?;
        let mut connection = database.connect_read_only().await?;
        let catalog = Catalog::read(&mut connection, database.dialect).await?;
        Ok(Self {
            connection: Connection::Own(connection),
            own_session: (database.dialect == Dialect::Sqlite).then_some(true),
            database,
            catalog,
        })
    }

    /// Looks whether statements may be prepared under a name. Worth it for who reads more than one snapshot.
    pub(super) async fn look_for_pooler(&mut self) -> Result<()> {
        if self.own_session.is_none() {
            let connection = self.connection().connection;
            let is_direct = pooler::is_direct(connection).await;
            self.own_session =
                Some(is_direct.map_err(statement_failed("looking for a pooler", Whose::Source))?);
        }
        Ok(())
    }

    /// Everything read from now on is of one consistent snapshot, until its end or that of the connection.
    pub async fn begin_snapshot(&mut self) -> Result<()> {
        let begin = self.database.dialect.begin_snapshot();
        self.connection()
            .execute(begin)
            .await
            .map_err(statement_failed("beginning a snapshot", Whose::Source))?;
        Ok(())
    }

    /// A query in the engine's words.
    pub fn sql(&self, query: &str) -> AssertSqlSafe<String> {
        query_text(self.database.dialect.sql(query))
    }

    /// A column of the relation called `t`, or a typed null where the firm has no such column.
    pub fn column(&self, relation: &Relation, name: &str) -> String {
        self.catalog.column(relation, name)
    }

    /// The connection, for one statement. One with values must be in a snapshot.
    pub fn connection(&mut self) -> Reading<'_> {
        Reading {
            is_own_session: self.own_session == Some(true),
            connection: match &mut self.connection {
                Connection::Own(connection) => connection,
                Connection::OfLedger(borrowed) => borrowed.connection(),
            },
        }
    }

    pub async fn close(self) {
        if let Connection::Own(connection) = self.connection {
            // The server sees a farewell instead of a lost connection.
            let _ = connection.close().await;
        }
    }
}
