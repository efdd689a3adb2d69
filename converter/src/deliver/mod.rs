//! Publishing: the finished workbook becomes visible in one step, and never over another.

mod adopt;
mod dir;
mod hashing;

use std::fs::File;

use common::Result;
use common::statement::DocumentId;
use common::store::{ObjectKey, StoreUrl};
use tempfile::NamedTempFile;

pub use hashing::{HashingWriter, hex};

/// A workbook that is finished and not published yet.
#[derive(Debug)]
pub struct Finished {
    pub file: NamedTempFile,
    pub sha256: String,
    pub bytes: u64,
}

/// A published workbook, as found in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub sha256: String,
    pub bytes: u64,
    /// Rows per section, as JSON.
    pub row_counts: String,
}

/// The answer to publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Published,
    /// Someone was first; nothing was changed.
    AlreadyThere,
}

/// Where documents are published.
#[derive(Debug, Clone)]
pub enum Store {
    Directory(dir::DirectoryStore),
}

impl Store {
    pub fn open(url: &StoreUrl) -> Result<Self> {
        match url {
            StoreUrl::Directory(directory) => {
                dir::DirectoryStore::open(directory).map(Store::Directory)
            }
            StoreUrl::S3 { .. } => Err(common::Error::config("S3 comes next")),
        }
    }

    /// A temp file for a document that is being made.
    pub fn create_partial(&self, document: &DocumentId) -> Result<NamedTempFile> {
        match self {
            Store::Directory(store) => store.create_partial(document),
        }
    }

    /// The document's published workbook, if there is one.
    pub fn find(&self, document: &DocumentId) -> Result<Option<Found>> {
        self.open_published(document)?
            .map(|file| adopt::read_back(file, document))
            .transpose()
    }

    /// Opens the document's published workbook, if there is one.
    pub fn open_published(&self, document: &DocumentId) -> Result<Option<File>> {
        match self {
            Store::Directory(store) => store.read(&ObjectKey::of(document)),
        }
    }

    /// Publishes a finished workbook, unless there is one already.
    pub fn publish(&self, finished: Finished, document: &DocumentId) -> Result<Outcome> {
        match self {
            Store::Directory(store) => store.publish(finished, &ObjectKey::of(document)),
        }
    }
}
