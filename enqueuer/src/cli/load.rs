use std::path::PathBuf;
use std::process::ExitCode;

use common::Result;
use common::config::Settings;

use crate::csv_source::{Encoding, Export};
use crate::out::line;
use crate::source_database;
use crate::source_writer::SourceWriter;

/// Creates the source relations from DIR/statement_*.csv: try it on your own export
#[derive(Debug, clap::Args)]
pub struct Load {
    /// The directory with the CSV files
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// How the files are encoded: utf-8 or cp932
    #[arg(long, value_name = "ENCODING", default_value = "utf-8")]
    encoding: String,
    /// A relation that has no rows and therefore no file, e.g. statement_trades; may be given several times
    #[arg(long, value_name = "RELATION")]
    empty: Vec<String>,
    /// Replaces relations that an earlier `load` or `demo` created
    #[arg(long)]
    replace: bool,
}

impl Load {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let encoding: Encoding = self.encoding.parse()?;
        let config = settings.resolve()?;
        let (database, pool) = source_database::open_for_writing(&config).await?;
        let mut writer = SourceWriter::create(&database, &pool, "load", self.replace).await?;
        let export = Export {
            directory: &self.directory,
            encoding,
            empty: &self.empty,
        };
        let loaded = export.load(&mut writer).await?;
        if let Some(duplicate) = writer.finish_or_find_duplicate().await? {
            return Err(export.refuse(&duplicate)?);
        }
        pool.close().await;
        for relation in loaded {
            let note = if relation.file_found {
                ""
            } else {
                "  (no file, as told: empty)"
            };
            line!("{:<26}{:>10} rows{note}", relation.relation, relation.rows);
        }
        line!(
            "Loaded into {}. Next: `enqueuer check`, then `enqueuer run --period YYYY-MM`.",
            database.url
        );
        if self.replace {
            line!("Documents that are published already stay as they are.");
        }
        Ok(ExitCode::SUCCESS)
    }
}
