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

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where documents are published (`STORE_URL`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `file:PATH`: a directory of this machine.
    Directory(PathBuf),
}

/// Where a directory store keeps workbooks that are not published yet: on the same file system, so that publishing is
/// one rename, and out of the way of whoever lists a period.
const PARTIAL_DIRECTORY: &str = ".partial";

impl StoreUrl {
    /// The directory, below which object keys are paths.
    pub fn directory(&self) -> &Path {
        match self {
            StoreUrl::Directory(directory) => directory,
        }
    }

    /// Where the converter writes what is not published yet.
    pub fn partial_directory(&self) -> PathBuf {
        self.directory().join(PARTIAL_DIRECTORY)
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
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with("s3://") {
            return Err(Error::config(format!(
                "STORE_URL {text:?}: S3 comes with a later version; use file:PATH, e.g. file:var/statements"
            )));
        }
        match text
            .strip_prefix("file:")
            .map(|path| path.strip_prefix("//").unwrap_or(path))
        {
            Some(path) if !path.is_empty() => Ok(StoreUrl::Directory(PathBuf::from(path))),
            _ => Err(Error::config(format!(
                "STORE_URL {text:?} is not a store: write file:PATH, e.g. file:var/statements"
            ))),
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
                text.parse::<StoreUrl>().unwrap().directory(),
                Path::new(path)
            );
        }
        for text in ["", "file:", "file://", "var/x", "s3://bucket/x"] {
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
