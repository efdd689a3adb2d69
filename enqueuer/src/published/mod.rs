//! The store as its readers see it: whether it is there, what is published, and links to it. Publishing is the
//! converter's.

mod bucket;
mod directory;

use std::time::Duration;

use common::statement::Period;
use common::store::StoreUrl;
use common::{Error, Result};
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
}

/// What a link must lead to, as the ledger has it.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub key: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub bytes: u64,
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

    /// Everything that is published of a period, by key.
    pub async fn list(&self, period: Period) -> Result<Vec<Object>> {
        let mut objects = match self {
            Self::Directory(directory) => directory.list(period)?,
            Self::Bucket(bucket) => bucket.list(period).await?,
        };
        objects.sort();
        Ok(objects)
    }

    /// A link to an object, from `now` on, which must be there and be what the ledger says.
    pub async fn link(
        &self,
        wanted: &Wanted,
        now: Timestamp,
        expires: Duration,
    ) -> Result<SignedLink> {
        match self {
            Self::Directory(directory) => directory.link(wanted),
            Self::Bucket(bucket) => bucket.link(wanted, now, expires).await,
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
             says what is different"
        ),
    )
}
