//! Whether published objects are still those that were published, beyond their sizes.

use common::Result;
use common::ledger::{Accounted, Ledger, PublishedObject};

use crate::published::{Found, PublishedStore, Wanted};

/// Replaced objects that are told by name.
const NAMED: usize = 1000;

/// What is known of the contents of a period's objects that are there with their sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// By SHA-256, every byte; otherwise by ETag, as far as a bucket lists them.
    pub deep: bool,
    /// The very objects that were published.
    pub compared: usize,
    /// Of which nothing is known but their sizes.
    pub not_compared: usize,
    /// Objects that are not what was published.
    pub replaced: usize,
    /// Their keys: the first thousand.
    pub named: Vec<String>,
}

impl Contents {
    /// Nothing yet, of a look at every byte.
    pub fn of_every_byte() -> Self {
        Self {
            deep: true,
            ..Self::default()
        }
    }

    /// Compares a document's ETag with the one that its object was listed with.
    pub fn compare_etag(&mut self, document: &Accounted, listed: Option<&str>) {
        match (document.etag.as_deref(), listed) {
            (Some(published), Some(listed)) if published == listed => self.compared += 1,
            (Some(_), Some(_)) => {
                self.add_replaced(document.object_key.as_deref().unwrap_or_default());
            }
            _ => self.not_compared += 1,
        }
    }

    pub fn add_replaced(&mut self, key: &str) {
        self.replaced += 1;
        if self.named.len() < NAMED {
            self.named.push(key.to_owned());
        }
    }

    /// All of them.
    pub fn objects(&self) -> usize {
        self.compared + self.not_compared + self.replaced
    }
}

/// Looks at a published document's object, and notes how the store names it if it is what was published.
pub async fn look_at(
    store: &PublishedStore,
    ledger: &Ledger,
    published: &PublishedObject,
) -> Result<Found> {
    let wanted = Wanted {
        key: published.object_key.clone(),
        sha256: published.sha256.clone(),
        bytes: u64::try_from(published.bytes).unwrap_or_default(),
    };
    let found = store.look_at(&wanted).await?;
    if let Found::Published(stored) = &found
        && *stored != published.stored
    {
        // Put back since, or published by an older program: from now on its listing is enough.
        ledger
            .note_stored_as(&published.document, &wanted.sha256, stored)
            .await?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use common::ledger::State;

    use super::super::samples::document;
    use super::*;

    #[test]
    fn what_has_no_etag_is_not_compared_and_never_fine() {
        let of = |etag: Option<&str>| Accounted {
            etag: etag.map(ToOwned::to_owned),
            ..document("A", 1, State::Succeeded)
        };
        let mut contents = Contents::default();
        contents.compare_etag(&of(Some("e")), Some("e"));
        assert_eq!((contents.compared, contents.not_compared), (1, 0));
        contents.compare_etag(&of(None), Some("e"));
        contents.compare_etag(&of(Some("e")), None);
        assert_eq!((contents.compared, contents.not_compared), (1, 2));
        contents.compare_etag(&of(Some("e")), Some("f"));
        assert_eq!((contents.replaced, contents.objects()), (1, 4));
        assert_eq!(contents.named, ["A.1"]);
    }

    #[test]
    fn of_half_a_million_replaced_objects_the_first_are_named() {
        let mut contents = Contents::default();
        for n in 0..=NAMED {
            contents.add_replaced(&n.to_string());
        }
        assert_eq!((contents.replaced, contents.named.len()), (1001, 1000));
    }
}
