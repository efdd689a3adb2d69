//! Reads the source relations from `DIR/statement_*.csv`, for `enqueuer load`: file → records → rows → writer, one row at
//! a time. Every error names file, line and column; the writer's transaction is what leaves nothing half loaded.

mod date;
mod files;
mod guard;
mod rows;
mod value;

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;

use common::contract::{RELATIONS, Relation};
use common::{Error, Result};

use self::rows::Rows;
use crate::source_writer::{Duplicate, SourceWriter};

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

/// The files to read, and how.
#[derive(Debug, Clone, Copy)]
pub struct Export<'e> {
    pub directory: &'e Path,
    pub encoding: Encoding,
    /// Relations without a file: empty tables.
    pub empty: &'e [String],
}

impl Export<'_> {
    /// Reads every relation's file into `writer`. The caller finishes the writer; dropping it after an error undoes all of it.
    pub async fn load(&self, writer: &mut SourceWriter) -> Result<Vec<Loaded>> {
        let files = files::find(self.directory, self.empty)?;
        let mut loaded = Vec::with_capacity(RELATIONS.len());
        for relation in RELATIONS {
            let file_found = files.contains(&file_name(relation));
            let rows = if file_found {
                self.load_relation(writer, relation).await?
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
        &self,
        writer: &mut SourceWriter,
        relation: &'static Relation,
    ) -> Result<u64> {
        let mut rows = self.open(relation)?;
        let mut count = 0;
        while let Some(row) = rows.next_row()? {
            writer.insert(relation, row).await?;
            count += 1;
        }
        Ok(count)
    }

    /// The error of two rows with one key: the file is read once more for their lines.
    pub fn refuse(&self, duplicate: &Duplicate) -> Result<Error> {
        let mut rows = self.open(duplicate.relation)?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next_row()? {
            if duplicate.is_of(&row) {
                lines.push(rows.line());
            }
        }
        let [first, second, ..] = lines[..] else {
            return Err(Error::bug(format!(
                "{duplicate} is in no two rows of the file"
            )));
        };
        let file = file_name(duplicate.relation);
        Ok(Error::data(
            "load",
            format!(
                "{file} line {second}: {duplicate} is already in line {first}; each must be unique"
            ),
        ))
    }

    fn open(&self, relation: &'static Relation) -> Result<Rows<File>> {
        let name = file_name(relation);
        let path = self.directory.join(&name);
        let file = common::files::open(&path).map_err(|reason| {
            Error::config(format!(
                "{} cannot be read; give a file that you are allowed to read",
                path.display()
            ))
            .because(reason)
        })?;
        Rows::open(file, name, relation, self.encoding)
    }
}

fn file_name(relation: &Relation) -> String {
    format!("{}.csv", relation.name)
}

#[cfg(test)]
mod tests {
    use common::Class;

    use super::*;

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
}
