//! The files below a directory, one after the other, in the order in which a bucket would list them.

use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use common::{Error, Result};

use super::Object;

/// Files below a directory. Of each directory on the way to the next file the names of its entries are held.
pub struct Walk {
    store: PathBuf,
    open: Vec<Open>,
}

/// A directory on the way.
struct Open {
    path: PathBuf,
    key: String,
    /// What is left of it, the next one last.
    entries: Vec<Entry>,
}

struct Entry {
    name: OsString,
    /// Of the file; `None` = it is a directory.
    bytes: Option<u64>,
}

impl Entry {
    /// A directory's ends with a slash.
    fn part_of_key(&self) -> String {
        let slash = if self.bytes.is_none() { "/" } else { "" };
        format!("{}{slash}", self.name.to_string_lossy())
    }

    /// As their keys are in order.
    fn order(&self, other: &Self) -> Ordering {
        let slash = |entry: &Self| entry.bytes.is_none().then_some(b'/');
        let (one, another) = (self.name.to_string_lossy(), other.name.to_string_lossy());
        let (one, another) = (
            one.bytes().chain(slash(self)),
            another.bytes().chain(slash(other)),
        );
        one.cmp(another)
    }
}

impl Walk {
    /// Those below a directory of the store; one that is not there has none.
    pub fn below(store: &Path, directory: &str) -> Self {
        let root = Entry {
            name: directory.into(),
            bytes: None,
        };
        Self {
            store: store.to_owned(),
            open: vec![Open {
                path: store.to_owned(),
                key: String::new(),
                entries: vec![root],
            }],
        }
    }

    fn step(&mut self) -> io::Result<Option<Object>> {
        loop {
            let Some(directory) = self.open.last_mut() else {
                return Ok(None);
            };
            let Some(entry) = directory.entries.pop() else {
                self.open.pop();
                continue;
            };
            let key = format!("{}{}", directory.key, entry.part_of_key());
            if let Some(bytes) = entry.bytes {
                return Ok(Some(Object {
                    key,
                    bytes,
                    etag: None,
                }));
            }
            let path = directory.path.join(&entry.name);
            let entries = entries_of(&path)?;
            self.open.push(Open { path, key, entries });
        }
    }
}

/// What a directory has, the first one last.
fn entries_of(directory: &Path) -> io::Result<Vec<Entry>> {
    let read = match fs::read_dir(directory) {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut entries = Vec::new();
    for entry in read {
        let entry = entry?;
        let file_type = entry.file_type()?;
        let bytes = if file_type.is_dir() {
            None
        } else {
            // Of a link what it leads to.
            let metadata = if file_type.is_symlink() {
                fs::metadata(entry.path())?
            } else {
                entry.metadata()?
            };
            (!metadata.is_dir()).then_some(metadata.len())
        };
        entries.push(Entry {
            name: entry.file_name(),
            bytes,
        });
    }
    entries.sort_unstable_by(|one, other| other.order(one));
    Ok(entries)
}

impl Iterator for Walk {
    type Item = Result<Object>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().map_err(|reason| {
            Error::config(format!(
                "the store directory {} cannot be read",
                self.store.display()
            ))
            .because(reason)
        });
        step.transpose()
    }
}
