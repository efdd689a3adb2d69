//! What is in the store.

use std::path::{Path, PathBuf};

use anyhow::Result;
use sha2::{Digest, Sha256};

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// Below the store's directory.
    pub key: String,
    pub path: PathBuf,
    pub sha256: String,
    pub bytes: u64,
}

/// Beside the documents: what is not published yet, and what a converter put that only tried.
const NO_DOCUMENTS: [&str; 2] = [".partial", ".probe"];

/// Every file below the store but these, by key.
pub fn published(store: &Path) -> Result<Vec<Published>> {
    let mut found = Vec::new();
    let mut directories = vec![store.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => continue,
            Err(reason) => return Err(reason.into()),
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                let name = path.file_name().unwrap_or_default();
                if !NO_DOCUMENTS.into_iter().any(|other| name == other) {
                    directories.push(path);
                }
                continue;
            }
            let content = std::fs::read(&path)?;
            let sha256 = format!("{:x}", Sha256::digest(&content));
            let key = path.strip_prefix(store)?.to_string_lossy().into_owned();
            found.push(Published {
                key,
                path,
                sha256,
                bytes: content.len() as u64,
            });
        }
    }
    found.sort();
    Ok(found)
}
