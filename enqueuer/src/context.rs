//! What every command works with.

use std::io::IsTerminal;

use common::Result;
use common::catalog::Catalog;
use common::config::{Config, Settings};
use common::contract::RELATIONS;
use common::database::{Database, Whose, statement_failed};
use common::ledger::Ledger;
use sqlx::{AnyConnection, Executor};

/// Connections that the enqueuer holds to the ledger at once.
const LEDGER_CONNECTIONS: u32 = 4;

/// The firm's relations, for reading.
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

    /// Everything read from now on is of one consistent snapshot, until the connection is dropped.
    pub async fn begin_snapshot(&mut self) -> Result<()> {
        let begin = self.database.dialect.begin_snapshot();
        self.connection
            .execute(begin)
            .await
            .map_err(statement_failed("beginning a snapshot", Whose::Source))?;
        Ok(())
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
}

/// Opens the ledger.
pub async fn open_ledger(config: &Config) -> Result<Ledger> {
    Database::new(&config.database_url)?.verify().await?;
    Ledger::open(config, LEDGER_CONNECTIONS).await
}

/// The profile's file as the operator named it; `None` = the built-in profile.
pub fn profile_file(settings: &Settings) -> Option<&str> {
    let file = settings.statement_profile.as_deref();
    file.filter(|file| !file.trim().is_empty())
}

/// Whether the operator looks at a terminal.
pub fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}
