use std::process::ExitCode;

use common::Result;
use common::config::Settings;
use common::database::Database;
use common::ledger::Ledger;

use crate::out::line;

/// Creates or upgrades the ledger
#[derive(Debug, clap::Args)]
pub struct Migrate {}

impl Migrate {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let database = Database::of_ledger(&config)?;
        database.create_file()?;
        database.verify().await?;
        let ledger = Ledger::connect(&config, 1).await?;
        if ledger.is_current().await? {
            line!("The ledger at {} is up to date.", config.database_url);
        } else {
            ledger.migrate().await?;
            line!("The ledger at {} is now up to date.", config.database_url);
        }
        ledger.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
