//! Whether published objects are still those that were published, beyond their sizes.

use common::Result;
use common::ledger::{DocumentRow, Ledger};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::progress::Progress;
use crate::published::{Found, PublishedStore, Wanted};

/// What is known of the contents of a period's objects that are there with their sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// By SHA-256, every byte; otherwise by ETag, as far as a bucket lists them.
    pub deep: bool,
    /// The very objects that were published.
    pub compared: usize,
    /// Of which nothing is known but their sizes.
    pub not_compared: usize,
    /// Keys of objects that are not what was published.
    pub replaced: Vec<String>,
    /// Keys of objects that were gone when they were to be looked at.
    pub gone: Vec<String>,
}

impl Contents {
    /// Compares a document's ETag with the one that its object was listed with.
    pub fn compare_etag(&mut self, document: &DocumentRow, listed: Option<&str>) {
        match (document.stored.etag.as_deref(), listed) {
            (Some(published), Some(listed)) if published == listed => self.compared += 1,
            (Some(_), Some(_)) => self.replaced.push(key(document).to_owned()),
            _ => self.not_compared += 1,
        }
    }
}

/// Looks at every one of these documents' objects, and notes how the store names those that are what was published.
pub async fn look_at_all(
    store: &PublishedStore,
    ledger: &Ledger,
    documents: &[&DocumentRow],
) -> Result<Contents> {
    let mut progress = Progress::begin();
    progress.expect(documents.len() as u64);
    let mut contents = Contents {
        deep: true,
        ..Contents::default()
    };
    let mut looks = stream::iter(documents)
        .map(|document| async move {
            let found = look_at(store, ledger, document).await?;
            Ok::<_, common::Error>((*document, found))
        })
        .buffer_unordered(store.at_once());
    while let Some((document, found)) = looks.try_next().await? {
        match found {
            Found::Published(_) => contents.compared += 1,
            Found::Another => contents.replaced.push(key(document).to_owned()),
            Found::Nothing => contents.gone.push(key(document).to_owned()),
        }
        progress.advance(1);
    }
    progress.end();
    contents.replaced.sort_unstable();
    contents.gone.sort_unstable();
    Ok(contents)
}

async fn look_at(store: &PublishedStore, ledger: &Ledger, document: &DocumentRow) -> Result<Found> {
    let wanted = Wanted {
        key: key(document).to_owned(),
        sha256: document.sha256.clone().unwrap_or_default(),
        bytes: document
            .bytes
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or_default(),
    };
    let found = store.look_at(&wanted).await?;
    if let Found::Published(stored) = &found
        && *stored != document.stored
    {
        // Put back since, or published by an older program: from now on its listing is enough.
        let id = document.document_id.parse()?;
        ledger.note_stored_as(&id, &wanted.sha256, stored).await?;
    }
    Ok(found)
}

fn key(document: &DocumentRow) -> &str {
    document.object_key.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use common::ledger::{State, StoredAs};

    use super::super::samples::document;
    use super::*;

    #[test]
    fn what_has_no_etag_is_not_compared_and_never_fine() {
        let of = |etag: Option<&str>| DocumentRow {
            stored: StoredAs::of(etag, None),
            ..document("A", 1, State::Succeeded)
        };
        let mut contents = Contents::default();
        contents.compare_etag(&of(Some("\"e\"")), Some("e"));
        assert_eq!((contents.compared, contents.not_compared), (1, 0));
        contents.compare_etag(&of(None), Some("e"));
        contents.compare_etag(&of(Some("e")), None);
        assert_eq!((contents.compared, contents.not_compared), (1, 2));
        contents.compare_etag(&of(Some("e")), Some("f"));
        assert_eq!(contents.replaced, ["A.1"]);
    }
}
