//! Where published documents live, and the key of each.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::statement::DocumentId;
use crate::{Error, Result};

/// The key of a published document below the store's prefix: `{period}/{kind}/{account_id}/{document_id}.xlsx`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    pub fn of(document: &DocumentId) -> Self {
        let DocumentId {
            period,
            kind,
            account_id,
            ..
        } = document;
        Self(format!("{period}/{kind}/{account_id}/{document}.xlsx"))
    }

    /// Of the object that a converter puts to see whether it may publish. No period is called like this, so that no document's key
    /// and no list of documents has it.
    pub fn of_probe() -> Self {
        Self(format!("{PROBE_DIRECTORY}/object"))
    }

    /// At which there is never anything: to see whether the store says so.
    pub fn of_nothing() -> Self {
        Self(format!("{PROBE_DIRECTORY}/nothing"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const PROBE_DIRECTORY: &str = ".probe";

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of an object of a bucket, below the prefix of which `key` is.
pub fn below(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}/{key}")
    }
}

/// Where documents are published (`STORE_URL`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `file:PATH`: a directory of this machine.
    Directory(PathBuf),
    /// `s3://BUCKET/PREFIX`; the prefix may be empty.
    S3 { bucket: String, prefix: String },
}

/// Where a directory store keeps workbooks that are not published yet: on the same file system, so that publishing is
/// one rename, and out of the way of whoever lists a period.
const PARTIAL_DIRECTORY: &str = ".partial";

impl StoreUrl {
    /// Where the object of a key is: a path or an S3 URL.
    pub fn locate(&self, key: &str) -> String {
        match self {
            StoreUrl::Directory(directory) => directory.join(key).display().to_string(),
            StoreUrl::S3 { .. } => format!("{self}/{key}"),
        }
    }

    /// Where a directory store keeps what is not published yet.
    pub fn partial_directory(directory: &Path) -> PathBuf {
        directory.join(PARTIAL_DIRECTORY)
    }

    /// The file name prefix of a document's unpublished workbook, by which what a killed converter left is found.
    pub fn partial_prefix(document: &DocumentId) -> String {
        format!("{document}~")
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Directory(directory) => write!(f, "file:{}", directory.display()),
            StoreUrl::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            StoreUrl::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // Without the text: it may be another setting's URL, with a password.
        let wrong = || {
            Error::config(
                "STORE_URL is not a store: write file:PATH, e.g. file:var/statements, or s3://BUCKET/PREFIX",
            )
        };
        if let Some(place) = text.strip_prefix("s3://") {
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            let prefix = prefix.trim_end_matches('/');
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
            let named = (3..=63).contains(&bucket.len())
                && bucket.bytes().all(|b| {
                    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.'
                });
            // A key has at most 1,024 bytes, of which ours take up to some 200.
            let short = prefix.len() <= 700 && !prefix.starts_with('/') && !prefix.contains("//");
            return if named && short {
                Ok(StoreUrl::S3 {
                    bucket: bucket.to_owned(),
                    prefix: prefix.to_owned(),
                })
            } else {
                Err(wrong())
            };
        }
        match text
            .strip_prefix("file:")
            .map(|path| path.strip_prefix("//").unwrap_or(path))
        {
            Some(path) if !path.is_empty() => Ok(StoreUrl::Directory(PathBuf::from(path))),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_document() {
        let document: DocumentId = "2026-10.trade.A0001.r2".parse().unwrap();
        assert_eq!(
            ObjectKey::of(&document).as_str(),
            "2026-10/trade/A0001/2026-10.trade.A0001.r2.xlsx"
        );
    }

    #[test]
    fn store_urls() {
        for (text, path) in [
            ("file:var/x", "var/x"),
            ("file:///srv/x", "/srv/x"),
            ("file:/srv/x", "/srv/x"),
        ] {
            assert_eq!(
                text.parse::<StoreUrl>().unwrap(),
                StoreUrl::Directory(path.into())
            );
        }
        for (text, bucket, prefix) in [
            ("s3://statements", "statements", ""),
            ("s3://statements/", "statements", ""),
            ("s3://statements.firm-1/a/b/", "statements.firm-1", "a/b"),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
            assert_eq!(url, StoreUrl::S3 { bucket, prefix });
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
        for text in [
            "",
            "file:",
            "file://",
            "var/x",
            "s3://",
            "s3:///x",
            "s3://UPPER/x",
            "s3://bucket//x",
            "ftp://x",
        ] {
            assert!(
                text.parse::<StoreUrl>()
                    .unwrap_err()
                    .to_string()
                    .contains("STORE_URL"),
                "{text}"
            );
        }
    }
}
