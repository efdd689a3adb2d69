use std::process::ExitCode;

use common::dialect::Dialect;
use common::{Error, Result};

use crate::contract_text;
use crate::out::line;

/// Prints the source contract, or templates of views that fulfil it
#[derive(Debug, clap::Args)]
pub struct Contract {
    /// Prints view templates for this engine: postgres or sqlite
    #[arg(long, value_name = "ENGINE")]
    views: Option<String>,
}

impl Contract {
    pub fn execute(self) -> Result<ExitCode> {
        let text = match self.views.as_deref() {
            None => contract_text::contract(),
            Some("postgres" | "postgresql") => contract_text::views(Dialect::Postgres),
            Some("sqlite") => contract_text::views(Dialect::Sqlite),
            Some(other) => {
                return Err(Error::config(format!(
                    "--views {other:?} is no known engine: write postgres or sqlite"
                )));
            }
        };
        line!("{}", text.trim_end());
        Ok(ExitCode::SUCCESS)
    }
}
