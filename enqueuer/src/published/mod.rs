//! The store as its readers see it: whether it is there, what is published, and links to it. Publishing is the
//! converter's.

mod bucket;
mod directory;
mod walk;

use std::time::Duration;

use common::ledger::StoredAs;
use common::statement::Period;
use common::store::StoreUrl;
use common::{Error, Result};
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;

/// Where documents are published.
pub enum PublishedStore {
    Directory(directory::Directory),
    Bucket(Box<bucket::Bucket>),
}

/// A published object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Below the store's prefix, as the ledger has it.
    pub key: String,
    pub bytes: u64,
    /// Without quotes; `None` in a directory.
    pub etag: Option<String>,
}

/// A published object as it must be: as the ledger has it.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub key: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub bytes: u64,
}

/// What lies under a document's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Nothing,
    OfAnotherSize,
    /// It has other bytes, and as many of them.
    Another,
    /// What was published, byte by byte.
    Published(StoredAs),
}

/// A link that whoever has it may follow.
#[derive(Debug, Clone)]
pub struct SignedLink {
    pub url: String,
    /// Until when it was asked for; `None` = it does not end.
    pub expires_at: Option<Timestamp>,
    /// When the credentials that signed it end, and the link with them.
    pub credentials_expire_at: Option<Timestamp>,
}

impl PublishedStore {
    pub async fn open(url: &StoreUrl) -> Result<Self> {
        Ok(match url {
            StoreUrl::Directory(directory) => Self::Directory(directory::Directory::new(directory)),
            StoreUrl::S3 { bucket, prefix } => {
                Self::Bucket(Box::new(bucket::Bucket::open(bucket, prefix).await?))
            }
        })
    }

    /// An error unless the store is there and can be used.
    pub async fn check(&self) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.check(),
            Self::Bucket(bucket) => bucket.check().await,
        }
    }

    /// Everything that is published of a period, in the order of the keys' bytes, as it is read.
    pub fn list(&self, period: Period) -> BoxStream<'_, Result<Object>> {
        match self {
            Self::Directory(directory) => stream::iter(directory.list(period)).boxed(),
            Self::Bucket(bucket) => bucket.list(period).boxed(),
        }
    }

    /// Looks at an object's contents: by the SHA-256 that S3 keeps with it, or else by reading it.
    pub async fn look_at(&self, wanted: &Wanted) -> Result<Found> {
        match self {
            Self::Directory(directory) => directory.look_at(wanted).await,
            Self::Bucket(bucket) => bucket.look_at(wanted).await,
        }
    }

    /// How many objects are looked at at once: where files are read, as many as there are cores; where S3 is asked, which takes
    /// its time, so many that it is not waited for one by one.
    pub fn at_once(&self) -> usize {
        match self {
            Self::Directory(_) => std::thread::available_parallelism().map_or(1, usize::from),
            Self::Bucket(_) => 32,
        }
    }

    /// A link to an object, from `now` on, which must be there and be what was published, byte by byte.
    pub async fn link(
        &self,
        wanted: &Wanted,
        now: Timestamp,
        expires: Duration,
    ) -> Result<SignedLink> {
        let found = self.look_at(wanted).await?;
        let refused: Option<fn(&str) -> Error> = match found {
            Found::Nothing => Some(missing),
            Found::OfAnotherSize | Found::Another => Some(changed),
            Found::Published(_) => None,
        };
        match (self, refused) {
            (Self::Directory(directory), None) => directory.link(wanted),
            (Self::Bucket(bucket), None) => bucket.link(wanted, now, expires).await,
            (Self::Directory(directory), Some(refused)) => {
                Err(refused(&directory.path(wanted)?.display().to_string()))
            }
            (Self::Bucket(bucket), Some(refused)) => Err(refused(&bucket.place(wanted))),
        }
    }
}

fn missing(place: &str) -> Error {
    Error::data(
        "missing",
        format!(
            "{place} is not there, although the ledger says that it was published: see STORE_URL and the store's history"
        ),
    )
}

fn changed(place: &str) -> Error {
    Error::data(
        "tampered",
        format!(
            "{place} was changed after it was published: no link is given to it; `converter --document DOCUMENT --verify` \
             says what is different, and the runbook restore-deleted how it is put back"
        ),
    )
}
