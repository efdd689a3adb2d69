//! The libraries that write the same cells, each as a process of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::measure::{self, Measured};
use crate::{alone, settings};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    RustXlsxwriter,
    Libxlsxwriter,
    XlsxWriter,
    Openpyxl,
}

impl Peer {
    pub const ALL: [Self; 4] = [
        Self::RustXlsxwriter,
        Self::Libxlsxwriter,
        Self::XlsxWriter,
        Self::Openpyxl,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::RustXlsxwriter => "`rust_xlsxwriter` alone",
            Self::Libxlsxwriter => "libxlsxwriter alone (C)",
            Self::XlsxWriter => "XlsxWriter alone (Python)",
            Self::Openpyxl => "openpyxl alone (Python)",
        }
    }

    /// Takes minutes where others take seconds.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::XlsxWriter | Self::Openpyxl)
    }

    /// The process that writes so many documents of so many rows, `0.xlsx` and so on.
    pub fn command(self, documents: u32, rows: u32, directory: &Path) -> Result<Command> {
        let mut command = match self {
            Self::RustXlsxwriter => Command::new(std::env::current_exe()?),
            Self::Libxlsxwriter => Command::new(settings::prepared("BENCH_LIBXLSXWRITER")?),
            Self::XlsxWriter | Self::Openpyxl => python()?,
        };
        match self {
            Self::RustXlsxwriter => command.arg("--alone"),
            Self::Libxlsxwriter => &mut command,
            Self::XlsxWriter => command.arg("XlsxWriter"),
            Self::Openpyxl => command.arg("openpyxl"),
        };
        command
            .args([documents.to_string(), rows.to_string()])
            .arg(directory);
        if self != Self::RustXlsxwriter {
            command.arg(alone::LEVEL.to_string());
        }
        Ok(command)
    }

    /// Lets it write into a directory of its own below `scratch`, which is gone afterwards.
    pub fn measure(self, documents: u32, rows: u32, scratch: &Path) -> Result<Measured> {
        let directory = scratch.join("peer");
        std::fs::create_dir(&directory)?;
        let measured = measure::process(&mut self.command(documents, rows, &directory)?)?;
        let last = directory.join(format!("{}.xlsx", documents - 1));
        ensure!(last.exists(), "{} did not write {documents}", self.name());
        let file_mb = measure::megabytes(&last)?;
        std::fs::remove_dir_all(&directory)?;
        Ok(Measured {
            file_mb,
            ..measured
        })
    }
}

/// Python's libraries, and what a script would do: rows from PostgreSQL by psycopg, written by XlsxWriter.
pub fn python() -> Result<Command> {
    let mut command = Command::new(settings::prepared("BENCH_PYTHON")?);
    command.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/benches/peers/python_libraries.py"
    ));
    Ok(command)
}

/// The script's process.
pub fn script(database_url: &str, directory: &Path) -> Result<Command> {
    let mut command = python()?;
    command
        .args(["psycopg", database_url])
        .arg(directory)
        .arg(alone::LEVEL.to_string());
    Ok(command)
}
