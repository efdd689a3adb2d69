//! Opens the source database for writing, which only `demo` and `load` do.

use common::config::{Config, Deployment};
use common::database::Database;
use common::{Error, Result};
use sqlx::AnyPool;

/// Creates the SQLite file when there is none. Refuses to write a firm's database on AWS.
pub async fn open_for_writing(config: &Config) -> Result<(Database, AnyPool)> {
    if config.deployment == Deployment::Aws {
        return Err(Error::config(
            "`demo` and `load` write source relations, which DEPLOYMENT=aws forbids",
        ));
    }
    let database = Database::of_source(config)?;
    database.create_file()?;
    database.verify().await?;
    let pool = database.connect_pool(1).await?;
    Ok((database, pool))
}
