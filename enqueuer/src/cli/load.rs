use std::path::PathBuf;
use std::process::ExitCode;

use common::Result;
use common::config::Settings;

use crate::csv_source::{self, Encoding};
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
        let loaded = csv_source::load(&mut writer, &self.directory, encoding).await?;
        writer.finish().await?;
        pool.close().await;
        for relation in loaded {
            let note = if relation.file_found {
                ""
            } else {
                "  (no file: empty)"
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
