//! Which files of a directory are those of the contract. A file that is misnamed or missing is an error: its relation would silently be
//! empty, and its rows in no statement.

use std::collections::BTreeSet;
use std::path::Path;

use common::contract::RELATIONS;
use common::{Error, Result};

use super::file_name;

/// The names of the contract's files in `directory`. `empty` names the relations that have none.
pub(super) fn find(directory: &Path, empty: &[String]) -> Result<BTreeSet<String>> {
    let known = RELATIONS.map(file_name);
    let (files, strangers): (BTreeSet<String>, BTreeSet<String>) = names(directory)?
        .into_iter()
        .partition(|name| known.contains(name));
    let of_relation = |name: &&String| {
        let lower = name.to_lowercase();
        lower.starts_with("statement_") && has_ending(&lower)
    };
    if let Some(stranger) = strangers.iter().find(of_relation) {
        let nearest = nearest(stranger, known.iter())
            .map_or_else(String::new, |known| format!("; did you mean {known}?"));
        return Err(refused(format!(
            "{stranger:?} in {} is no relation of the contract: rename it to one of {}{nearest}",
            directory.display(),
            known.join(", ")
        )));
    }
    if files.is_empty() {
        return Err(refused(format!(
            "{} holds none of the contract's files: expected are {}",
            directory.display(),
            known.join(", ")
        )));
    }
    expect_empty(&files, empty)?;
    let is_missing = |relation: &&&common::contract::Relation| {
        !files.contains(&file_name(relation)) && !empty.iter().any(|name| name == relation.name)
    };
    match RELATIONS.iter().find(is_missing) {
        None => Ok(files),
        Some(relation) => Err(missing(directory, relation.name, &strangers)),
    }
}

fn missing(directory: &Path, relation: &str, strangers: &BTreeSet<String>) -> Error {
    let file = format!("{relation}.csv");
    let looks_like_it = |name: &&String| has_ending(&name.to_lowercase());
    let misnamed = nearest(&file, strangers.iter().filter(looks_like_it))
        .map_or_else(String::new, |near| {
            format!("rename {near:?} if it is that; ")
        });
    refused(format!(
        "there is no {file} in {}: {misnamed}a relation without rows is told by --empty {relation}, or by a file of which the first row alone is there",
        directory.display()
    ))
}

/// What was called empty must be of the contract, and have no file.
fn expect_empty(files: &BTreeSet<String>, empty: &[String]) -> Result<()> {
    for name in empty {
        let Some(relation) = RELATIONS.iter().find(|relation| relation.name == name) else {
            let names = RELATIONS.map(|relation| relation.name);
            return Err(Error::config(format!(
                "--empty {name:?} is no relation of the contract: write one of {}",
                names.join(", ")
            )));
        };
        let file = file_name(relation);
        if files.contains(&file) {
            return Err(Error::config(format!(
                "--empty {name}, but {file} is there: leave out one of them"
            )));
        }
    }
    Ok(())
}

fn names(directory: &Path) -> Result<Vec<String>> {
    let cannot_read = |reason: std::io::Error| {
        let fix = match reason.kind() {
            std::io::ErrorKind::NotFound => "there is no such directory",
            std::io::ErrorKind::NotADirectory => {
                "it is not a directory; give the one that holds the CSV files"
            }
            _ => "are you allowed to?",
        };
        Error::config(format!("{} cannot be read: {fix}", directory.display())).because(reason)
    };
    std::fs::read_dir(directory)
        .map_err(cannot_read)?
        .map(|entry| {
            let name = entry.map_err(cannot_read)?.file_name();
            Ok(name.to_string_lossy().into_owned())
        })
        .collect()
}

fn has_ending(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "csv")
}

fn refused(message: String) -> Error {
    Error::data("load", message)
}

/// The name that takes the fewest changes of letters, if it is near at all.
fn nearest<'n>(name: &str, others: impl Iterator<Item = &'n String>) -> Option<&'n String> {
    const FAR: usize = 10;
    others
        .map(|other| (changes(&name.to_lowercase(), &other.to_lowercase()), other))
        .min()
        .filter(|(changes, _)| *changes <= FAR)
        .map(|(_, other)| other)
}

/// How many letters must be added, removed or replaced to make one text of another (Levenshtein).
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (n, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], n + 1);
        for (at, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
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

    fn all_but(absent: &str) -> Vec<String> {
        let names = RELATIONS.map(|relation| relation.name.to_owned());
        names.into_iter().filter(|name| name != absent).collect()
    }

    fn found(files: &[&str], empty: &[String]) -> Result<Vec<String>> {
        let directory = directory(files);
        find(directory.path(), empty).map(|files| files.into_iter().collect())
    }

    #[test]
    fn other_files_are_left_alone() {
        let files = [
            "statement_trades.csv",
            "README.md",
            "trades.csv",
            "statement_notes.txt",
        ];
        let found = found(&files, &all_but("statement_trades")).unwrap();
        assert_eq!(found, ["statement_trades.csv"]);
    }

    #[test]
    fn a_misspelt_file_is_named_with_the_nearest() {
        for (stranger, nearest) in [
            ("statement_trade.csv", "did you mean statement_trades.csv?"),
            (
                "Statement_Positions.CSV",
                "did you mean statement_positions.csv?",
            ),
            (
                "statement_cash_balance (1).csv",
                "did you mean statement_cash_balances.csv?",
            ),
        ] {
            let files = ["statement_accounts.csv", stranger];
            // Not even when the relation is said to be empty.
            let error = found(&files, &all_but("statement_accounts")).unwrap_err();
            assert_eq!(error.class(), Class::Data);
            let error = error.to_string();
            assert!(
                error.contains(stranger) && error.contains(nearest),
                "{error}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_empty_only_when_told_so() {
        let files = ["statement_accounts.csv", "trades.csv", "notes.txt"];
        let told = all_but("statement_trades");
        let error = found(&files, &told[1..]).unwrap_err();
        assert_eq!(error.class(), Class::Data);
        for words in [
            "no statement_trades.csv",
            "rename \"trades.csv\"",
            "--empty statement_trades",
        ] {
            assert!(error.to_string().contains(words), "{error}");
        }
        found(&files, &all_but("statement_accounts")).unwrap();
    }

    #[test]
    fn what_is_told_to_be_empty_is_held_against_the_files() {
        let empty = all_but("statement_accounts");
        let files = ["statement_accounts.csv", "statement_trades.csv"];
        let error = found(&files, &empty).unwrap_err();
        assert!(error.to_string().contains("leave out one"), "{error}");
        let error = found(&files, &["trades".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("statement_positions"), "{error}");
    }

    #[test]
    fn a_directory_without_any_file_is_an_error() {
        let error = found(&[], &[]).unwrap_err();
        assert_eq!(error.class(), Class::Data);
        let error = error.to_string();
        assert!(
            error.contains("expected are statement_accounts.csv"),
            "{error}"
        );

        let empty = directory(&["statement_trades.csv"]);
        let error = find(&empty.path().join("nowhere"), &[]).unwrap_err();
        assert_eq!(error.class(), Class::Config);
        assert!(
            error
                .to_string()
                .contains("nowhere cannot be read: there is no such directory"),
            "{error}"
        );
        let error = find(&empty.path().join("statement_trades.csv"), &[]).unwrap_err();
        assert!(error.to_string().contains("not a directory"), "{error}");
    }

    #[test]
    fn changes_are_counted() {
        assert_eq!(changes("trade", "trades"), 1);
        assert_eq!(changes("kitten", "sitting"), 3);
        assert_eq!(changes("", "abc"), 3);
    }
}
