//! `--verify`: rebuilds a published document and compares it with what was published. Changes nothing.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::config::Config;
use common::ledger::{Ledger, PublishedDocument};
use common::source::SourceSnapshots;
use common::statement::DocumentId;
use common::termination::Termination;
use common::{Error, PROGRAM_VERSION, Result};

use crate::build::{Builder, Built};
use crate::deliver::{self, Opened, Partial, Store};
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
    let store = Store::open(&config.store).await?;
    let Opened {
        file,
        sha256: found,
        ..
    } = tokio::select! {
        () = termination.requested() => return Err(lease::terminated()),
        opened = published_file(&store, &published) => opened?,
    };
    let partial = Partial::unnamed()?;
    // Today's source may break a rule: that is said, too, but the document is rebuilt and compared all the same.
    let mut builder =
        Builder::that_refuses_nothing(config.clone(), SourceSnapshots::apart(config.clone()));
    let stop = Arc::<AtomicBool>::default();
    let built = tokio::select! {
        () = termination.requested() => {
            stop.store(true, Ordering::Relaxed);
            return Err(lease::terminated());
        }
        built = builder.build(&published.assignment, partial, stop.clone()) => built.map_err(|error| {
            error.context(format!("{document} was published, but cannot be rebuilt"))
        })?,
    };
    builder.close().await;
    if found != published.sha256 {
        return Err(tampered(&published, &found, &file, &built));
    }
    if built.finished.sha256 == published.sha256 {
        return Ok(published.sha256);
    }
    Err(different(config, &published, &file, &built))
}

/// The published file, which must say that it is the document.
async fn published_file(store: &Store, published: &PublishedDocument) -> Result<Opened> {
    let document = &published.assignment.document;
    let Some(opened) = store.open_published(document).await? else {
        return Err(Error::data(
            "missing",
            format!(
                "{document} is succeeded in the ledger, but is not in the store: see STORE_URL and its history"
            ),
        ));
    };
    match deliver::read_back(&opened, document) {
        Ok(_) => Ok(opened),
        Err(why) => Err(Error::data(
            "tampered",
            format!("what is published under the key of {document} {why}"),
        )),
    }
}

/// What is in the store is not what was published.
fn tampered(published: &PublishedDocument, found: &str, file: &File, built: &Built) -> Error {
    let difference = if built.finished.sha256 == published.sha256 {
        let difference = workbook_diff::first(built.finished.file.as_file(), file)
            .unwrap_or_else(|reason| format!("the files cannot be compared: {reason}"));
        format!(
            "rebuilt, it is as it was published, and the first difference to that is {difference}"
        )
    } else {
        "rebuilt, it is neither".to_owned()
    };
    Error::data(
        "tampered",
        format!(
            "{} was changed after it was published: the store holds SHA-256 {found}, the ledger recorded {}; {difference}",
            published.assignment.document, published.sha256
        ),
    )
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
        // Whether the same rows in another order, nobody can say.
        (Some(_), Some(rows))
            if !published.has_section_digests && rows == built.proof.source_rows =>
        {
            changed.push(format!(
                "the source cannot be compared: version {} read rows in another order ({rows} then and now)",
                published.program_version
            ));
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
    if let Some(warning) = &built.proof.warning {
        changed.push(format!(
            "the gate says of the rebuilt one: {}",
            warning.text
        ));
    }
    changed.join(", ")
}
