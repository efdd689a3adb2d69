//! Publishing: the finished workbook becomes visible in one step, and never over another.

mod adopt;
mod dir;
mod file_name;
mod partial;
mod probe;
mod s3;

use std::fs::File;

use common::ledger::StoredAs;
use common::statement::DocumentId;
use common::store::{ObjectKey, StoreUrl};
use common::{Error, Result};

pub use adopt::read_back;
pub use file_name::FileName;
pub use partial::Partial;

/// A workbook that is finished and not published yet.
#[derive(Debug)]
pub struct Finished {
    pub file: Partial,
    pub sha256: String,
    pub bytes: u64,
    /// The name under which the customer saves it.
    pub file_name: FileName,
}

/// A published file, to be read. What it is nobody has looked at yet.
#[derive(Debug)]
pub struct Opened {
    pub file: File,
    pub sha256: String,
    pub bytes: u64,
    pub stored: StoredAs,
}

/// A published workbook, as found in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub sha256: String,
    pub bytes: u64,
    /// Rows per section, as JSON.
    pub row_counts: String,
    pub stored: StoredAs,
}

/// The answer to publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Published(StoredAs),
    /// Someone was first; nothing was changed.
    AlreadyThere,
}

/// Where documents are published.
#[derive(Debug, Clone)]
pub enum Store {
    Directory(dir::DirectoryStore),
    Bucket(s3::BucketStore),
}

impl Store {
    pub async fn open(url: &StoreUrl) -> Result<Self> {
        match url {
            StoreUrl::Directory(directory) => {
                dir::DirectoryStore::open(directory).map(Store::Directory)
            }
            StoreUrl::S3 { bucket, prefix } => s3::BucketStore::open(bucket, prefix)
                .await
                .map(Store::Bucket),
        }
    }

    /// A temp file for a document that is being made.
    pub fn create_partial(&self, document: &DocumentId) -> Result<Partial> {
        self.create_temp(&StoreUrl::partial_prefix(document))
    }

    fn create_temp(&self, prefix: &str) -> Result<Partial> {
        match self {
            Store::Directory(store) => store.create_partial(prefix),
            // A bucket has no place for what is not published.
            Store::Bucket(_) => Partial::unnamed(),
        }
    }

    /// The document's published workbook, if there is one.
    pub async fn find(&self, document: &DocumentId) -> Result<Option<Found>> {
        self.open_published(document)
            .await?
            .map(|opened| read_back(&opened, document).map_err(|why| self.foreign(document, &why)))
            .transpose()
    }

    /// Something lies under the document's key that is not ours to adopt or to replace. It is neither our bug nor a setting that
    /// holds the period: beside a stray file, or after the ledger was restored, all other documents go on.
    pub fn foreign(&self, document: &DocumentId, why: &str) -> Error {
        let place = self.place(&ObjectKey::of(document));
        let message = format!(
            "what is at {place}, the key of {document}, {why}; nothing was changed: give this ledger a STORE_URL of its own, or \
             move it away"
        );
        Error::data("foreign_object", message)
    }

    /// Opens the document's published workbook, if there is one.
    pub async fn open_published(&self, document: &DocumentId) -> Result<Option<Opened>> {
        self.read(&ObjectKey::of(document)).await
    }

    async fn read(&self, key: &ObjectKey) -> Result<Option<Opened>> {
        match self {
            Store::Directory(store) => store.read(key),
            Store::Bucket(store) => store.read(key).await,
        }
    }

    fn place(&self, key: &ObjectKey) -> String {
        match self {
            Store::Directory(store) => store.path(key).display().to_string(),
            Store::Bucket(store) => store.place(key),
        }
    }

    /// Publishes a finished workbook, unless there is one already. Dropped before its end, it publishes nothing or the
    /// whole document.
    pub async fn publish(&self, finished: Finished, document: &DocumentId) -> Result<Outcome> {
        match self {
            Store::Directory(store) => store.publish(finished.file, &ObjectKey::of(document)),
            Store::Bucket(store) => store.publish(finished, document).await,
        }
    }
}
