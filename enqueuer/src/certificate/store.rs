//! What is published is in the store, and nothing else is.

use common::ledger::{Ledger, State};
use common::statement::Period;
use common::store::ObjectKey;
use common::{Error, Result};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::accounting::Account;
use super::contents::{self, Contents};
use super::counts::Example;
use crate::numbers::number;
use crate::progress::Progress;
use crate::published::{Found, PublishedStore};

/// Published documents that are read at once to be looked at.
const AT_ONCE: i64 = 1000;

/// How the store's objects of a period and the ledger's documents stand to each other.
#[derive(Debug, Default)]
pub struct StoreCounts {
    pub objects: u64,
    missing: Example,
    changed: Example,
    foreign: Example,
    /// Of the objects that are there with their sizes.
    pub contents: Contents,
}

impl StoreCounts {
    /// Every published document is in the store with its size, and nothing else is. What is being made may be there already.
    pub fn add(&mut self, period: Period, account: &Account) {
        let is_published = |state| matches!(state, State::Succeeded | State::Superseded);
        let published = account
            .documents
            .iter()
            .filter(|document| is_published(document.state));
        for document in published.clone() {
            let key = document.object_key.as_deref().unwrap_or_default();
            match account.objects.iter().find(|object| object.key == key) {
                None => self.missing.add(key),
                Some(object) if i64::try_from(object.bytes).ok() != document.bytes => {
                    self.changed.add(key);
                }
                Some(object) => self.contents.compare_etag(document, object.etag.as_deref()),
            }
        }
        for object in &account.objects {
            let is_expected = |key: &str| key == object.key;
            let is_of_published = published
                .clone()
                .any(|document| document.object_key.as_deref().is_some_and(is_expected));
            let is_of_open = || {
                account.documents.iter().any(|document| {
                    let is_open = matches!(
                        document.state,
                        State::Due | State::Submitted | State::Running
                    );
                    let key = ObjectKey::of(&account.id_of(period, document.revision));
                    is_open && is_expected(key.as_str())
                })
            };
            if is_of_published || is_of_open() {
                self.objects += 1;
            } else {
                self.add_foreign(&object.key);
            }
        }
    }

    /// An object that no account's document can be.
    pub fn add_foreign(&mut self, key: &str) {
        self.objects += 1;
        self.foreign.add(key);
    }

    /// How many documents are published.
    fn published(&self) -> usize {
        self.missing.number + self.changed.number + self.contents.objects()
    }

    /// Looks at the contents of every published document's object, page by page, and notes how the store names those that are what was
    /// published. What the listing said of published documents is said anew by these looks.
    pub async fn look_at_all(
        &mut self,
        store: &PublishedStore,
        ledger: &Ledger,
        period: Period,
    ) -> Result<()> {
        let mut progress = Progress::begin();
        progress.expect(self.published() as u64);
        (self.missing, self.changed) = Default::default();
        self.contents = Contents::of_every_byte();
        let mut after = period.to_string();
        loop {
            let page = ledger.published_objects(period, &after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = last.document.to_string();
            let mut looks = stream::iter(&page)
                .map(async |published| {
                    let found = contents::look_at(store, ledger, published).await?;
                    Ok::<_, Error>((&published.object_key, found))
                })
                .buffered(store.at_once());
            while let Some((key, found)) = looks.try_next().await? {
                match found {
                    Found::Published(_) => self.contents.compared += 1,
                    Found::Another => self.contents.add_replaced(key),
                    Found::OfAnotherSize => self.changed.add(key),
                    Found::Nothing => self.missing.add(key),
                }
                progress.advance(1);
            }
        }
        progress.end();
        Ok(())
    }

    pub fn problems(&self) -> impl Iterator<Item = String> {
        let told = [
            (
                &self.missing,
                "published document is not in the store",
                "published documents are not in the store",
            ),
            (
                &self.changed,
                "published document has another size in the store",
                "published documents have another size in the store",
            ),
            (
                &self.foreign,
                "object in the store is no published document of the ledger",
                "objects in the store are no published documents of the ledger",
            ),
        ];
        told.into_iter().filter_map(|(found, one, many)| {
            let first = found.first.as_ref()?;
            Some(format!("{}, e.g. {first}", number(found.number, one, many)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{account, document, object};
    use super::*;

    fn problems(accounts: &[Account]) -> Vec<String> {
        let mut found = StoreCounts::default();
        for account in accounts {
            found.add("2026-10".parse().unwrap(), account);
        }
        found.problems().collect()
    }

    #[test]
    fn ledger_and_store_are_compared_both_ways() {
        let accounts = |objects: [&[(&str, u64)]; 2]| {
            let [a, b] = objects.map(|objects| {
                let objects = objects.iter().map(|(key, bytes)| object(key, *bytes));
                objects.collect::<Vec<_>>()
            });
            let revisions = vec![
                document("A", 1, State::Superseded),
                document("A", 2, State::Succeeded),
            ];
            [
                account("A", revisions, a),
                account("B", vec![document("B", 1, State::Failed)], b),
            ]
        };
        let found = problems(&accounts([&[("A.1", 10), ("A.2", 10)], &[]]));
        assert_eq!(found, Vec::<String>::new());
        let found = problems(&accounts([&[("A.1", 11)], &[("B.1", 10)]]));
        assert_eq!(found.len(), 3, "{found:?}");
        // Published between the look at the ledger and that at the store.
        let key = ObjectKey::of(&"2026-10.trade.C".parse().unwrap());
        let running = vec![document("C", 1, State::Running)];
        let there = account("C", running, vec![object(key.as_str(), 10)]);
        assert_eq!(problems(&[there]), Vec::<String>::new());
    }
}
