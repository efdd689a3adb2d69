//! One consistent snapshot of the source after the other, for as long as a document needs each.

use super::{Connection, Source};
use crate::Result;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::database::{Whose, statement_failed};
use crate::ledger::Ledger;
use sqlx::Executor;

/// Where snapshots come from.
pub enum SourceSnapshots {
    /// A connection of its own, made with the first one.
    Apart {
        config: Config,
        source: Option<Source>,
    },
    /// The source is in the ledger's database: a connection that the ledger has at hand. A second one would cost a small
    /// document more time than it takes.
    BesideLedger {
        ledger: Ledger,
        catalog: Option<Catalog>,
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
        if config.source_database_url.expose() == config.database_url.expose() {
            Self::BesideLedger {
                ledger: ledger.clone(),
                catalog: None,
            }
        } else {
            Self::apart(config.clone())
        }
    }

    /// Begins a snapshot. One that is dropped without [`end`](Self::end) takes its connection with it.
    pub async fn begin(&mut self) -> Result<Source> {
        match self {
            Self::Apart { config, source } => {
                let mut source = match source.take() {
                    Some(source) => source,
                    None => Source::open(config).await?,
                };
                source.begin_snapshot().await?;
                Ok(source)
            }
            Self::BesideLedger { ledger, catalog } => {
                let mut transaction = ledger.begin_snapshot().await?;
                let database = ledger.database().clone();
                let catalog = match catalog.take() {
                    Some(catalog) => catalog,
                    None => Catalog::read(&mut transaction, database.dialect).await?,
                };
                catalog.demand_all()?;
                Ok(Source {
                    connection: Connection::OfLedger(transaction),
                    database,
                    catalog,
                })
            }
        }
    }

    /// Ends a snapshot; there is nothing to commit.
    pub async fn end(&mut self, mut read: Source) -> Result<()> {
        let failed = || statement_failed("ending the snapshot", Whose::Source);
        match self {
            Self::Apart { source, .. } => {
                read.connection()
                    .execute("ROLLBACK")
                    .await
                    .map_err(failed())?;
                *source = Some(read);
            }
            Self::BesideLedger { catalog, .. } => {
                if let Connection::OfLedger(transaction) = read.connection {
                    transaction.rollback().await.map_err(failed())?;
                }
                *catalog = Some(read.catalog);
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
