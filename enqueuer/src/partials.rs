//! Clearing away what killed converters left half written.

use common::statement::DocumentId;
use common::store::StoreUrl;
use common::{Error, Result};

/// Removes the unpublished workbooks of documents that nobody works on.
pub fn discard(store: &StoreUrl, documents: &[DocumentId]) -> Result<()> {
    // What waits for a bucket has no name, and goes with its converter.
    let StoreUrl::Directory(directory) = store else {
        return Ok(());
    };
    let directory = StoreUrl::partial_directory(directory);
    let prefixes: std::collections::HashSet<String> =
        documents.iter().map(StoreUrl::partial_prefix).collect();
    let failed = |reason| {
        Error::config(format!(
            "the store directory {} cannot be cleared of partial files",
            directory.display()
        ))
        .because(reason)
    };
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(reason) => return Err(failed(reason)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some((prefix, _)) = name.to_str().and_then(|name| name.split_once('~')) else {
            continue;
        };
        if prefixes.contains(&format!("{prefix}~")) {
            match std::fs::remove_file(entry.path()) {
                Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(reason));
                }
                _ => {}
            }
        }
    }
    Ok(())
}
