//! `--probe`: tries whatever a document will need, and makes none. For `enqueuer check`, which has another role than converters have.

use common::config::{Config, Deployment};
use common::contract::RELATIONS;
use common::database::{Whose, statement_failed};
use common::ledger::Ledger;
use common::source::SourceSnapshots;
use common::{Error, Result};

use crate::deliver::Store;

/// What is tried, and for whom.
pub struct Probe<'a> {
    /// The profile that documents are recorded with; `None` = whatever this converter has will do.
    pub profile_hash: Option<&'a str>,
    /// The job on AWS whose outcome the ledger is to keep.
    pub batch_job_id: Option<&'a str>,
}

impl Probe<'_> {
    /// Looks at profile, ledger, source and store, and names all that is wrong. An error has the class of the worst.
    pub async fn run(&self, config: &Config) -> Result<()> {
        let mut wrong = Vec::new();
        wrong.extend(self.profile(config).err());
        let ledger = Ledger::look(config).await;
        let read = match &ledger {
            Ok(ledger) => read(SourceSnapshots::new(config, ledger)).await,
            // Where ledger and source are one database, once is enough.
            Err(_) if config.source_database_url == config.database_url => Ok(()),
            Err(_) => read(SourceSnapshots::apart(config.clone())).await,
        };
        wrong.extend(read.err().map(|error| error.context("source")));
        wrong.extend(store(config).await.err());
        let ledger = match ledger {
            Ok(ledger) => Some(ledger),
            Err(error) => {
                wrong.insert(0, error.context("ledger"));
                None
            }
        };
        let found = joined(wrong);
        let Some(ledger) = ledger else { return found };
        let noted = self.note(config, &ledger, &found).await;
        ledger.close().await;
        // What it found is more than that it could not be noted.
        found.and(noted)
    }

    fn profile(&self, config: &Config) -> Result<()> {
        let ours = &config.profile.hash;
        match self.profile_hash {
            Some(wanted) if wanted != ours => Err(Error::config(format!(
                "the enqueuer records documents with profile {wanted}, but STATEMENT_PROFILE here is {ours}: give the converter the \
                 profile of the enqueuer"
            ))),
            _ => Ok(()),
        }
    }

    /// On AWS nobody hears what a process says. The ledger is written to as converters write to it.
    async fn note(&self, config: &Config, ledger: &Ledger, found: &Result<()>) -> Result<()> {
        let Some(job) = self
            .batch_job_id
            .filter(|_| config.deployment == Deployment::Aws)
        else {
            return Ok(());
        };
        let words = found.as_ref().err().map_or_else(String::new, Error::chain);
        ledger.note_probe(job, &words).await
    }
}

/// Reads a row of every relation, with all its columns, in a snapshot as a document's is.
async fn read(mut snapshots: SourceSnapshots) -> Result<()> {
    let mut source = snapshots.begin().await?;
    for relation in RELATIONS {
        let list = source.catalog.select_list(relation);
        let query = format!("SELECT {list} FROM {} t LIMIT 1", relation.name);
        let query = source.sql(&query);
        sqlx::query(query)
            .fetch_optional(source.connection())
            .await
            .map_err(statement_failed(
                &format!("reading a row of {}", relation.name),
                Whose::Source,
            ))?;
    }
    snapshots.end(source).await?;
    snapshots.close().await;
    Ok(())
}

async fn store(config: &Config) -> Result<()> {
    Store::open(&config.store).await?.probe().await
}

/// All that is wrong as one error.
fn joined(wrong: Vec<Error>) -> Result<()> {
    let words: Vec<String> = wrong.iter().map(Error::chain).collect();
    match wrong.into_iter().max_by_key(Error::class) {
        None => Ok(()),
        Some(only) if words.len() == 1 => Err(only),
        Some(worst) => Err(worst.restated(words.join("; "))),
    }
}
