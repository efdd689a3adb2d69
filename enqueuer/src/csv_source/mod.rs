//! Reads the source relations from `DIR/statement_*.csv`, for `enqueuer load`: file → records → rows → writer, one row at
//! a time. Every error names file, line and column; the writer's transaction is what leaves nothing half loaded.

mod guard;
mod rows;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;

use common::contract::{RELATIONS, Relation};
use common::{Error, Result};

use self::rows::Rows;
use crate::source_writer::SourceWriter;

/// The character encoding of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// Shift JIS as Windows writes it.
    Cp932,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Cp932 => "cp932",
        })
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Encoding::Utf8),
            "cp932" | "shift_jis" | "sjis" | "windows-31j" => Ok(Encoding::Cp932),
            _ => Err(Error::config(format!(
                "encoding {text:?} is not known: write utf-8 or cp932 (Shift JIS)"
            ))),
        }
    }
}

/// What was read of one relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub relation: &'static str,
    pub rows: u64,
    /// Without a file the relation is an empty table.
    pub file_found: bool,
}

/// Reads every relation's file of `directory` into `writer`. The caller finishes the writer; dropping it after an error
/// undoes all of it.
pub async fn load(
    writer: &mut SourceWriter,
    directory: &Path,
    encoding: Encoding,
) -> Result<Vec<Loaded>> {
    let files = find_files(directory)?;
    let mut loaded = Vec::with_capacity(RELATIONS.len());
    for relation in RELATIONS {
        let file_found = files.contains(&file_name(relation));
        let rows = if file_found {
            load_relation(writer, directory, relation, encoding).await?
        } else {
            0
        };
        loaded.push(Loaded {
            relation: relation.name,
            rows,
            file_found,
        });
    }
    Ok(loaded)
}

async fn load_relation(
    writer: &mut SourceWriter,
    directory: &Path,
    relation: &'static Relation,
    encoding: Encoding,
) -> Result<u64> {
    let name = file_name(relation);
    let path = directory.join(&name);
    let file = File::open(&path).map_err(|reason| {
        Error::config(format!(
            "{} cannot be read; are you allowed to?",
            path.display()
        ))
        .because(reason)
    })?;
    let mut rows = Rows::open(file, name, relation, encoding)?;
    let mut count = 0;
    while let Some(row) = rows.next_row()? {
        writer.insert(relation, row).await?;
        count += 1;
    }
    Ok(count)
}

fn file_name(relation: &Relation) -> String {
    format!("{}.csv", relation.name)
}

/// The names of the contract's files in `directory`. A `statement_*.csv` of another name is most likely a typo: taken
/// for missing, its relation would silently be empty.
fn find_files(directory: &Path) -> Result<BTreeSet<String>> {
    let cannot_read = |reason: std::io::Error| {
        let mend = match reason.kind() {
            std::io::ErrorKind::NotFound => "there is no such directory",
            std::io::ErrorKind::NotADirectory => {
                "it is not a directory; give the one that holds the CSV files"
            }
            _ => "are you allowed to?",
        };
        Error::config(format!("{} cannot be read: {mend}", directory.display())).because(reason)
    };
    let known = RELATIONS.map(file_name);
    let mut files = BTreeSet::new();
    let mut strangers = BTreeSet::new();
    for entry in std::fs::read_dir(directory).map_err(cannot_read)? {
        let name = entry
            .map_err(cannot_read)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        let lower = name.to_lowercase();
        if known.contains(&name) {
            files.insert(name);
        } else if lower.starts_with("statement_")
            && Path::new(&lower)
                .extension()
                .is_some_and(|ending| ending == "csv")
        {
            strangers.insert(name);
        }
    }
    let expected = known.join(", ");
    if let Some(stranger) = strangers.first() {
        return Err(Error::data(
            "load",
            format!(
                "{stranger:?} in {} is no relation of the contract: rename it to one of {expected}",
                directory.display()
            ),
        ));
    }
    if files.is_empty() {
        return Err(Error::data(
            "load",
            format!(
                "{} holds none of the contract's files: expected are {expected}",
                directory.display()
            ),
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use common::Class;

    use super::*;

    fn directory(files: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(directory.path().join(file), "").unwrap();
        }
        directory
    }

    #[test]
    fn encodings_have_several_names() {
        for name in ["utf-8", "UTF8"] {
            assert_eq!(name.parse::<Encoding>().unwrap(), Encoding::Utf8);
        }
        for name in ["cp932", "Shift_JIS", "SJIS", "Windows-31J"] {
            assert_eq!(name.parse::<Encoding>().unwrap(), Encoding::Cp932);
        }
        let error = "euc-jp".parse::<Encoding>().unwrap_err();
        assert_eq!(error.class(), Class::Config);
        assert!(
            error.to_string().contains("write utf-8 or cp932"),
            "{error}"
        );
    }

    #[test]
    fn other_files_are_left_alone() {
        let directory = directory(&[
            "statement_trades.csv",
            "README.md",
            "trades.csv",
            "statement_notes.txt",
        ]);
        assert_eq!(
            find_files(directory.path())
                .unwrap()
                .into_iter()
                .collect::<Vec<_>>(),
            ["statement_trades.csv"]
        );
    }

    #[test]
    fn a_misspelt_file_is_named() {
        for stranger in ["statement_trade.csv", "Statement_Positions.CSV"] {
            let directory = directory(&["statement_trades.csv", stranger]);
            let error = find_files(directory.path()).unwrap_err();
            assert_eq!(error.class(), Class::Data);
            assert!(error.to_string().contains(stranger), "{error}");
            assert!(
                error
                    .to_string()
                    .contains("statement_trades.csv, statement_cash_movements.csv"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_directory_without_any_file_is_an_error() {
        let empty = directory(&[]);
        let error = find_files(empty.path()).unwrap_err();
        assert_eq!(error.class(), Class::Data);
        assert!(
            error
                .to_string()
                .contains("expected are statement_accounts.csv"),
            "{error}"
        );

        let error = find_files(&empty.path().join("nowhere")).unwrap_err();
        assert_eq!(error.class(), Class::Config);
        assert!(
            error
                .to_string()
                .contains("nowhere cannot be read: there is no such directory"),
            "{error}"
        );

        let file = directory(&["statement_trades.csv"]);
        let error = find_files(&file.path().join("statement_trades.csv")).unwrap_err();
        assert!(error.to_string().contains("not a directory"), "{error}");
    }
}
