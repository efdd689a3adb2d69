//! A directory as store.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use common::ledger::StoredAs;
use common::store::{ObjectKey, StoreUrl};
use common::{Error, Result, files, hashing};

use super::{Opened, Outcome, Partial};

/// Documents as files below a directory.
#[derive(Debug, Clone)]
pub struct DirectoryStore {
    directory: PathBuf,
    partial: PathBuf,
}

impl DirectoryStore {
    /// Opens the store, creating its directories.
    pub fn open(directory: &Path) -> Result<Self> {
        let partial = StoreUrl::partial_directory(directory);
        fs::create_dir_all(&partial).map_err(|reason| unusable(directory, reason))?;
        Ok(Self {
            directory: directory.to_owned(),
            partial,
        })
    }

    /// A temp file on the store's own file system, so that publishing is one rename.
    pub fn create_partial(&self, prefix: &str) -> Result<Partial> {
        tempfile::Builder::new()
            .prefix(prefix)
            .suffix(".xlsx")
            .tempfile_in(&self.partial)
            .map(Partial::Named)
            .map_err(|reason| unusable(&self.directory, reason))
    }

    pub fn path(&self, key: &ObjectKey) -> PathBuf {
        self.directory.join(key.as_str())
    }

    pub fn read(&self, key: &ObjectKey) -> Result<Option<Opened>> {
        match files::open(&self.path(key)).and_then(hashed) {
            Ok(opened) => Ok(Some(opened)),
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(crate::disk::failed(
                "reading the published document",
                reason,
            )),
        }
    }

    /// One rename that refuses to replace. The bytes are on the disk before the name is, and the name before the
    /// ledger hears of it.
    pub fn publish(&self, file: Partial, key: &ObjectKey) -> Result<Outcome> {
        let path = self.path(key);
        let parent = path.parent().unwrap_or(&self.directory);
        let failed = |reason| crate::disk::failed("publishing the document", reason);
        fs::create_dir_all(parent).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        match file.persist_noclobber(&path)? {
            Ok(()) => {
                File::open(parent)
                    .and_then(|directory| directory.sync_all())
                    .map_err(failed)?;
                Ok(Outcome::Published(StoredAs::default()))
            }
            Err(refused) if refused.kind() == io::ErrorKind::AlreadyExists => {
                Ok(Outcome::AlreadyThere)
            }
            Err(refused) => Err(failed(refused)),
        }
    }
}

fn hashed(mut file: File) -> io::Result<Opened> {
    let (sha256, bytes) = hashing::sha256(&mut file)?;
    file.rewind()?;
    Ok(Opened {
        file,
        sha256,
        bytes,
        stored: StoredAs::default(),
    })
}

fn unusable(directory: &Path, reason: io::Error) -> Error {
    match reason.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            crate::disk::failed("opening the store", reason)
        }
        _ => Error::config(format!(
            "the store directory {} cannot be written; check STORE_URL",
            directory.display()
        ))
        .because(reason),
    }
}
