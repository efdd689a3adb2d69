//! What is published is in the store, and nothing else is.

use std::collections::{HashMap, HashSet};

use common::ledger::{DocumentRow, State};
use common::statement::DocumentId;
use common::store::ObjectKey;

use crate::numbers::number;

/// The period's objects by their keys.
pub type Objects = HashMap<String, Listed>;

/// An object as the store lists it.
#[derive(Debug)]
pub struct Listed {
    pub bytes: u64,
    /// `None` in a directory.
    pub etag: Option<String>,
}

/// What the store comes to, held against the ledger.
#[derive(Debug, Default)]
pub struct Compared<'a> {
    /// In words.
    pub problems: Vec<String>,
    /// Published documents whose objects are there with their sizes.
    pub there: Vec<&'a DocumentRow>,
}

/// Every published document is in the store with its size, and nothing else is. What is being made may be there already: the
/// store is looked at after the ledger.
pub fn compare_store<'a>(documents: &'a [DocumentRow], objects: &Objects) -> Compared<'a> {
    let mut there = Vec::new();
    let mut problems = Vec::new();
    let mut expected = HashSet::new();
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    for document in documents
        .iter()
        .filter(|document| matches!(document.state, State::Succeeded | State::Superseded))
    {
        let key = document.object_key.as_deref().unwrap_or_default();
        expected.insert(key);
        match objects.get(key) {
            None => missing.push(key),
            Some(object) if i64::try_from(object.bytes).ok() != document.bytes => changed.push(key),
            Some(_) => there.push(document),
        }
    }
    let open: HashSet<ObjectKey> = documents
        .iter()
        .filter(|document| {
            matches!(
                document.state,
                State::Due | State::Submitted | State::Running
            )
        })
        .filter_map(|document| document.document_id.parse().ok())
        .map(|document: DocumentId| ObjectKey::of(&document))
        .collect();
    let open: HashSet<&str> = open.iter().map(ObjectKey::as_str).collect();
    let mut foreign: Vec<&str> = objects
        .keys()
        .map(String::as_str)
        .filter(|key| !expected.contains(key) && !open.contains(key))
        .collect();
    foreign.sort_unstable();
    for (keys, one, many) in [
        (
            missing,
            "published document is not in the store",
            "published documents are not in the store",
        ),
        (
            changed,
            "published document has another size in the store",
            "published documents have another size in the store",
        ),
        (
            foreign,
            "object in the store is no published document of the ledger",
            "objects in the store are no published documents of the ledger",
        ),
    ] {
        if let Some(first) = keys.first() {
            let problem = number(keys.len(), one, many);
            problems.push(format!("{problem}, e.g. {first}"));
        }
    }
    Compared { problems, there }
}

#[cfg(test)]
mod tests {
    use super::super::samples::document;
    use super::*;

    #[test]
    fn ledger_and_store_are_compared_both_ways() {
        let documents = [
            document("A", 1, State::Superseded),
            document("A", 2, State::Succeeded),
            document("B", 1, State::Failed),
        ];
        let objects = |list: &[(&str, u64)]| -> Objects {
            let listed = |bytes| Listed { bytes, etag: None };
            list.iter()
                .map(|(key, bytes)| ((*key).to_owned(), listed(*bytes)))
                .collect()
        };
        let all = objects(&[("A.1", 10), ("A.2", 10)]);
        let compared = compare_store(&documents, &all);
        assert_eq!((compared.problems.len(), compared.there.len()), (0, 2));
        let some = objects(&[("A.1", 11), ("B.1", 10)]);
        let compared = compare_store(&documents, &some);
        assert_eq!(
            (compared.problems.len(), compared.there.len()),
            (3, 0),
            "{:?}",
            compared.problems
        );
        // Published between the look at the ledger and that at the store.
        let running = [document("C", 1, State::Running)];
        let object = ObjectKey::of(&"2026-10.trade.C".parse().unwrap());
        let there = objects(&[(object.as_str(), 10)]);
        assert!(compare_store(&running, &there).problems.is_empty());
    }
}
