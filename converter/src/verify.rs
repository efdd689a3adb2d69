//! `--verify`: rebuilds a published document and compares it with what was published. Changes nothing.

use std::fs::File;
use std::sync::Arc;

use common::config::Config;
use common::ledger::{Ledger, PublishedDocument};
use common::statement::DocumentId;
use common::termination::Termination;
use common::{Error, PROGRAM_VERSION, Result};

use crate::build::{Builder, Built};
use crate::deliver::Store;
use crate::{lease, workbook_diff};

/// Rebuilds the document and compares. Returns its SHA-256 when both are equal; otherwise the error names the first
/// difference and what changed since: the source, the profile or the program.
pub async fn verify(
    config: &Config,
    ledger: &Ledger,
    document: &DocumentId,
    termination: &mut Termination,
) -> Result<String> {
    let published = ledger.published(document).await?;
    let store = Store::open(&config.store)?;
    let file = published_file(&store, &published)?;
    let partial = tempfile::Builder::new()
        .prefix("verify-")
        .suffix(".xlsx")
        .tempfile()
        .map_err(|reason| crate::disk::failed("rebuilding the document", reason))?;
    let mut builder = Builder::new(config.clone());
    let stop = Arc::default();
    let built = tokio::select! {
        () = termination.requested() => return Err(lease::terminated()),
        built = builder.build(&published.assignment, partial, stop) => built.map_err(|error| {
            error.context(format!("{document} was published, but cannot be rebuilt"))
        })?,
    };
    builder.close().await;
    if built.finished.sha256 == published.sha256 {
        return Ok(published.sha256);
    }
    Err(different(config, &published, &file, &built))
}

/// The published file, which must still be the one that the ledger knows.
fn published_file(store: &Store, published: &PublishedDocument) -> Result<File> {
    let document = &published.assignment.document;
    let found = store.find(document)?;
    let (Some(found), Some(file)) = (found, store.open_published(document)?) else {
        return Err(Error::data(
            "missing",
            format!(
                "{document} is succeeded in the ledger, but is not in the store: see STORE_URL and its history"
            ),
        ));
    };
    if found.sha256 == published.sha256 {
        return Ok(file);
    }
    Err(Error::data(
        "tampered",
        format!(
            "{document} was changed after it was published: the store holds SHA-256 {}, the ledger recorded {}",
            found.sha256, published.sha256
        ),
    ))
}

fn different(config: &Config, published: &PublishedDocument, file: &File, built: &Built) -> Error {
    let difference = workbook_diff::first(file, built.finished.file.as_file())
        .unwrap_or_else(|reason| format!("the files cannot be compared: {reason}"));
    Error::data(
        "different",
        format!(
            "{} rebuilt is SHA-256 {}, published was {}; the first difference is {difference}; {}",
            published.assignment.document,
            built.finished.sha256,
            published.sha256,
            what_changed(config, published, built)
        ),
    )
}

/// The source, the profile or the program: whatever is not as it was.
fn what_changed(config: &Config, published: &PublishedDocument, built: &Built) -> String {
    let mut changed = Vec::new();
    match (&published.source_digest, published.source_rows) {
        (Some(digest), _) if *digest == built.proof.source_digest => {
            changed.push("the source is the same".to_owned());
        }
        (Some(_), rows) => changed.push(format!(
            "the source changed ({} rows were read then, {} now)",
            rows.unwrap_or_default(),
            built.proof.source_rows
        )),
        (None, _) => changed.push("the ledger has no digest of the source".to_owned()),
    }
    let (recorded, ours) = (&published.assignment.profile_hash, &config.profile.hash);
    if recorded != ours {
        changed.push(format!("the profile changed ({recorded} then, {ours} now)"));
    }
    if published.program_version != PROGRAM_VERSION {
        changed.push(format!(
            "the program changed (version {} then, {PROGRAM_VERSION} now)",
            published.program_version
        ));
    } else if changed.len() == 1
        && published.source_digest.as_ref() == Some(&built.proof.source_digest)
    {
        changed
            .push("profile and version are, too: the program was built from other code".to_owned());
    }
    changed.join(", ")
}
