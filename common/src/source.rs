//! The firm's relations, for reading: a connection, and what of the contract is there.

mod filtered;
mod reading;
mod rows;
mod session;
mod snapshots;

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Executor};

use crate::Result;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::contract::Relation;
use crate::database::{
    Bounded, Database, Whose, answer, pooler, query_text, say_farewell, statement_failed, within,
};
use crate::dialect::Dialect;

use session::{Session, Zones};

pub use filtered::Filtered;
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
    zones: Zones,
    /// What the first snapshot was set to; `None` = there was none yet, or SQLite.
    session: Option<Session>,
}

enum Connection {
    Own(AnyConnection),
    OfLedger(Borrowed),
}

impl Connection {
    fn get(&mut self) -> &mut AnyConnection {
        match self {
            Connection::Own(connection) => connection,
            Connection::OfLedger(borrowed) => borrowed.connection(),
        }
    }
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
        let database = Database::of_source(config)?;
        let mut connection = database.connect_read_only().await?;
        let catalog = catalog(&mut connection, &database).await?;
        Ok(Self {
            connection: Connection::Own(connection),
            own_session: (database.dialect == Dialect::Sqlite).then_some(true),
            database,
            catalog,
            zones: Zones::of(config),
            session: None,
        })
    }

    /// Looks whether statements may be prepared under a name. Worth it for who reads more than one snapshot.
    pub(super) async fn look_for_pooler(&mut self) -> Result<()> {
        if self.own_session.is_none() {
            let is_direct = answer(
                self.database.silence,
                pooler::is_direct(self.connection.get()),
            )
            .await;
            self.own_session =
                Some(is_direct.map_err(statement_failed("looking for a pooler", Whose::Source))?);
        }
        Ok(())
    }

    /// Everything read from now on is of one consistent snapshot, until its end or that of the connection. On PostgreSQL the session
    /// is in the business time zone, unless role or URL say otherwise, and rows that are not shown are an error.
    pub async fn begin_snapshot(&mut self) -> Result<()> {
        let begin = self.database.dialect.begin_snapshot();
        let connection = self.connection.get();
        let known = self.session.take();
        self.session =
            begin_in_session(connection, &self.database, begin, &self.zones, known).await?;
        Ok(())
    }

    /// Begins a new snapshot after a statement that failed: on PostgreSQL it ended the one before.
    pub async fn begin_anew(&mut self) -> Result<()> {
        self.connection()
            .execute("ROLLBACK")
            .await
            .map_err(statement_failed("ending the snapshot", Whose::Source))?;
        self.begin_snapshot().await
    }

    /// What is to be known of the time zone in which the snapshot is read, when it is not that of the business.
    pub fn other_zone(&self) -> Option<String> {
        let session = self.session.as_ref()?;
        session.other_zone(&self.zones)
    }

    /// What row-level security filters, or would if its policies did not show all rows.
    pub async fn filtered(&mut self) -> Result<Vec<Filtered>> {
        match self.database.dialect {
            Dialect::Postgres => filtered::read(self.connection()).await,
            Dialect::Sqlite => Ok(Vec::new()),
        }
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
    pub fn connection(&mut self) -> Bounded<Reading<'_>> {
        let reading = Reading {
            is_own_session: self.own_session == Some(true),
            connection: self.connection.get(),
        };
        Bounded::new(reading, self.database.silence)
    }

    pub async fn close(self) {
        if let Connection::Own(connection) = self.connection {
            say_farewell(connection).await;
        }
    }
}

/// Begins a snapshot; on PostgreSQL with the session set as it was for the snapshot before, or as it is found to be.
async fn begin_in_session(
    connection: &mut AnyConnection,
    database: &Database,
    begin: &'static str,
    zones: &Zones,
    known: Option<Session>,
) -> Result<Option<Session>> {
    let dialect = database.dialect;
    let begun = async {
        match (dialect, known) {
            (Dialect::Sqlite, _) => {
                connection
                    .execute(begin)
                    .await
                    .map_err(statement_failed(BEGINNING, Whose::Source))?;
                Ok(None)
            }
            (Dialect::Postgres, Some(session)) => {
                session.begin_again(connection, begin).await?;
                Ok(Some(session))
            }
            (Dialect::Postgres, None) => Session::begin(connection, begin, zones).await.map(Some),
        }
    };
    within(database.silence, BEGINNING, Whose::Source, begun).await
}

const BEGINNING: &str = "beginning a snapshot";

/// What of the contract is there.
async fn catalog(connection: &mut AnyConnection, database: &Database) -> Result<Catalog> {
    let read = Catalog::read(connection, database.dialect);
    within(
        database.silence,
        "reading the source's columns",
        Whose::Source,
        read,
    )
    .await
}
