//! One consistent snapshot of the source after the other, for as long as a document needs each.

use super::session::{Session, Zones};
use super::{Borrowed, Connection, Source, begin_in_session};
use crate::Result;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::database::{Whose, statement_failed};
use crate::dialect::Dialect;
use crate::ledger::Ledger;
use sqlx::{Any, Executor};

/// Where snapshots come from.
pub enum SourceSnapshots {
    /// A connection of its own, made with the first one.
    Apart {
        config: Config,
        source: Option<Box<Source>>,
    },
    /// The source is in the ledger's PostgreSQL: the connection that the ledger has. A second one would cost a small document more time
    /// than it takes.
    BesideLedger {
        ledger: Ledger,
        zones: Zones,
        /// What the snapshot before had.
        known: Option<(Catalog, Option<Session>)>,
    },
}

impl SourceSnapshots {
    pub fn apart(config: Config) -> Self {
        Self::Apart {
            config,
            source: None,
        }
    }

    /// Of the source that the settings name, which may be the ledger's database.
    pub fn new(config: &Config, ledger: &Ledger) -> Self {
        // The same words: another user may have other rights. A SQLite file is soon opened once more, for reading only; forbidding a
        // connection that writes to write for a while would have all its statements parsed anew.
        let is_lent = config.source_database_url.expose() == config.database_url.expose()
            && ledger.database().dialect == Dialect::Postgres;
        if is_lent {
            Self::BesideLedger {
                ledger: ledger.clone(),
                zones: Zones::of(config),
                known: None,
            }
        } else {
            Self::apart(config.clone())
        }
    }

    /// The ledger for who must be heard while rows are read.
    pub fn ledger_beside(&self, ledger: &Ledger) -> Result<Ledger> {
        match self {
            Self::Apart { .. } => Ok(ledger.clone()),
            Self::BesideLedger { .. } => ledger.spare(),
        }
    }

    /// Begins a snapshot. One that is dropped without [`end`](Self::end) takes its connection with it.
    pub async fn begin(&mut self) -> Result<Source> {
        match self {
            Self::Apart { config, source } => {
                let mut source = match source.take() {
                    Some(mut source) => {
                        source.look_for_pooler().await?;
                        *source
                    }
                    None => Source::open(config).await?,
                };
                source.begin_snapshot().await?;
                Ok(source)
            }
            Self::BesideLedger {
                ledger,
                zones,
                known,
            } => {
                let mut borrowed = Borrowed(Some(ledger.connection().await?));
                let database = ledger.database().clone();
                let begin = database.dialect.begin_snapshot();
                let (catalog, session) = known
                    .take()
                    .map_or((None, None), |(catalog, session)| (Some(catalog), session));
                let connection = borrowed.connection();
                let session =
                    begin_in_session(connection, &database, begin, zones, session).await?;
                let catalog = match catalog {
                    Some(catalog) => catalog,
                    None => super::catalog(borrowed.connection(), &database).await?,
                };
                catalog.demand_all()?;
                Ok(Source {
                    connection: Connection::OfLedger(borrowed),
                    // A ledger behind a pooler that mixes sessions up is refused.
                    own_session: Some(true),
                    database,
                    catalog,
                    zones: zones.clone(),
                    session,
                })
            }
        }
    }

    /// Ends a snapshot; there is nothing to commit.
    pub async fn end(&mut self, mut read: Source) -> Result<()> {
        execute(read.connection(), "ROLLBACK", "ending the snapshot").await?;
        match self {
            Self::Apart { source, .. } => *source = Some(Box::new(read)),
            Self::BesideLedger { known, .. } => {
                if let Connection::OfLedger(borrowed) = read.connection {
                    borrowed.give_back();
                }
                *known = Some((read.catalog, read.session));
            }
        }
        Ok(())
    }

    pub async fn close(self) {
        if let Self::Apart {
            source: Some(source),
            ..
        } = self
        {
            source.close().await;
        }
    }
}

async fn execute<'c>(
    connection: impl Executor<'c, Database = Any>,
    text: &'static str,
    doing: &str,
) -> Result<()> {
    connection
        .execute(text)
        .await
        .map_err(statement_failed(doing, Whose::Source))?;
    Ok(())
}
