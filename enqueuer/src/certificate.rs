//! The certificate: does everything add up, account by account, from the source over the ledger to the store.

use std::collections::{BTreeMap, HashMap, HashSet};

use common::config::Config;
use common::ledger::{DocumentRow, Ledger, Listed, Selection, State};
use common::source::Source;
use common::statement::{DocumentId, Kind, Period};
use common::store::ObjectKey;
use common::{Error, Result};
use serde_json::json;

use crate::published::PublishedStore;
use crate::{row_counts, targets, unusable};

/// How a kind's accounts are accounted for: each stands in exactly one of excused, nothing to report, succeeded, failed and
/// open, by the latest revision of its document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindCount {
    pub accounts: u64,
    pub due: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub open: u64,
    pub excused: u64,
    pub nothing_to_report: u64,
}

/// What was found.
#[derive(Debug)]
pub struct Certificate {
    pub period: Period,
    pub kinds: BTreeMap<Kind, KindCount>,
    /// Objects that the store holds for the period, all of them documents of the ledger.
    pub objects: u64,
    /// Failures by cause, most first.
    pub failures: Vec<(String, i64)>,
    /// What does not add up, in words.
    pub problems: Vec<String>,
}

impl Certificate {
    pub fn open(&self) -> u64 {
        self.kinds.values().map(|kind| kind.open).sum()
    }

    pub fn adds_up(&self) -> bool {
        self.problems.is_empty() && self.open() == 0
    }

    pub fn to_json(&self) -> serde_json::Value {
        let kinds: serde_json::Map<_, _> = self
            .kinds
            .iter()
            .map(|(kind, count)| {
                let count = json!({
                    "accounts": count.accounts, "due": count.due, "succeeded": count.succeeded, "failed": count.failed,
                    "open": count.open, "excused": count.excused, "nothing_to_report": count.nothing_to_report,
                });
                (kind.to_string(), count)
            })
            .collect();
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|(cause, documents)| json!({"cause": cause, "documents": documents}))
            .collect();
        json!({"period": self.period.to_string(), "adds_up": self.adds_up(), "kinds": kinds, "objects": self.objects,
               "failures": failures, "problems": self.problems})
    }
}

/// Accounts for a period.
pub async fn certify(config: &Config, ledger: &Ledger, period: Period) -> Result<Certificate> {
    let snapshots = ledger.newest_snapshots(period).await?.ok_or_else(|| {
        Error::config(format!(
            "the ledger at {} has no run of {period}: `enqueuer run --period {period}` makes one",
            config.database_url
        ))
    })?;
    let everything = Selection::all(period);
    let mut source = Source::open(config).await?;
    source.begin_snapshot().await?;
    let basis = config.profile.trade_basis;
    let found = targets::find(&mut source, &everything, &snapshots, basis).await?;
    let published = ledger.published_counts(period).await?;
    let different = row_counts::compare(&mut source, period, basis, &published).await?;
    drop(source);
    let documents = ledger.documents(&everything, &Listed::default()).await?;
    let store = PublishedStore::open(&config.store).await?;
    let objects: HashMap<String, u64> = store
        .list(period)
        .await?
        .into_iter()
        .map(|object| (object.key, object.bytes))
        .collect();
    let causes = ledger.causes(&everything).await?;
    let failed = causes
        .into_iter()
        .filter(|cause| cause.state == State::Failed);

    let latest = latest_revisions(&documents);
    let mut problems = Vec::new();
    let due: Vec<&DocumentId> = found.due.iter().map(|due| &due.document).collect();
    problems.extend(unrecorded(&due, &latest));
    problems.extend(compare_store(&documents, &objects));
    problems.extend(different);
    problems.extend(unusable::words(&found.findings.unusable));
    let mut kinds = BTreeMap::new();
    let none = HashSet::new();
    for kind in Kind::ALL {
        let accounts = found.accounts.get(&kind).unwrap_or(&none);
        let count = count(kind, accounts, &latest);
        problems.extend(vanished(kind, accounts, &latest));
        kinds.insert(kind, count);
    }
    Ok(Certificate {
        period,
        kinds,
        objects: objects.len() as u64,
        failures: failed
            .map(|failed| (failed.cause, failed.documents))
            .collect(),
        problems,
    })
}

type Latest<'a> = HashMap<(Kind, &'a str), &'a DocumentRow>;

/// The latest revision of every account's document.
fn latest_revisions(documents: &[DocumentRow]) -> Latest<'_> {
    let mut latest: Latest<'_> = HashMap::with_capacity(documents.len());
    for document in documents {
        let key = (document.kind, document.account_id.as_str());
        let newer = latest
            .get(&key)
            .is_none_or(|known| known.revision < document.revision);
        if newer {
            latest.insert(key, document);
        }
    }
    latest
}

fn count(kind: Kind, accounts: &HashSet<String>, latest: &Latest<'_>) -> KindCount {
    let silent = accounts
        .iter()
        .filter(|account| !latest.contains_key(&(kind, account.as_str())));
    let mut count = KindCount {
        accounts: accounts.len() as u64,
        nothing_to_report: silent.count() as u64,
        ..KindCount::default()
    };
    for document in latest.values().filter(|document| document.kind == kind) {
        match document.state {
            State::Excused => count.excused += 1,
            State::Succeeded | State::Superseded => count.succeeded += 1,
            State::Failed => count.failed += 1,
            State::Due | State::Submitted | State::Running => count.open += 1,
        }
    }
    count.due = count.succeeded + count.failed + count.open;
    count
}

/// Documents of accounts that the source does not have any more, so that nobody can say whether all is accounted for.
fn vanished(kind: Kind, accounts: &HashSet<String>, latest: &Latest<'_>) -> Option<String> {
    let mut vanished: Vec<&str> = latest
        .keys()
        .filter(|(of, account)| *of == kind && !accounts.contains(*account))
        .map(|(_, account)| *account)
        .collect();
    vanished.sort_unstable();
    let first = vanished.first()?;
    Some(format!(
        "{kind}: {} of accounts that have vanished from the source since the run, e.g. {first}",
        number(vanished.len(), "document is", "documents are")
    ))
}

/// What the source gives rise to and the ledger does not know: rows that came after the run.
fn unrecorded(due: &[&DocumentId], latest: &Latest<'_>) -> Option<String> {
    let missing: Vec<_> = due
        .iter()
        .filter(|due| !latest.contains_key(&(due.kind, due.account_id.as_str())))
        .collect();
    let first = missing.first()?;
    Some(format!(
        "{} due by the source and not recorded, e.g. {first}: `enqueuer run --period {}` records what is missing",
        number(missing.len(), "document is", "documents are"),
        first.period
    ))
}

/// Every published document is in the store with its size, and nothing else is. What is being made may be there already: the
/// store is looked at after the ledger.
fn compare_store(documents: &[DocumentRow], objects: &HashMap<String, u64>) -> Vec<String> {
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
            Some(bytes) if i64::try_from(*bytes).ok() != document.bytes => changed.push(key),
            Some(_) => {}
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
    problems
}

fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(account: &str, revision: i64, state: State) -> DocumentRow {
        DocumentRow {
            document_id: format!("2026-10.trade.{account}"),
            kind: Kind::Trade,
            account_id: account.into(),
            period: "2026-10".into(),
            revision,
            state,
            cause: None,
            error: None,
            place: None,
            attempts: 1,
            object_key: Some(format!("{account}.{revision}")),
            sha256: None,
            bytes: Some(10),
            rows: None,
            delivery: "electronic".to_owned(),
        }
    }

    #[test]
    fn every_account_stands_once_by_its_latest_revision() {
        let documents = [
            document("A", 1, State::Superseded),
            document("A", 2, State::Succeeded),
            document("B", 1, State::Succeeded),
            document("B", 2, State::Failed),
            document("C", 1, State::Excused),
            document("D", 1, State::Running),
        ];
        let accounts =
            |ids: &[&str]| -> HashSet<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
        let latest = latest_revisions(&documents);
        let all = accounts(&["A", "B", "C", "D", "E", "F"]);
        let expected = KindCount {
            accounts: 6,
            due: 3,
            succeeded: 1,
            failed: 1,
            open: 1,
            excused: 1,
            nothing_to_report: 2,
        };
        assert_eq!(count(Kind::Trade, &all, &latest), expected);
        assert_eq!(vanished(Kind::Trade, &all, &latest), None);
        // As many accounts as before, and not the same.
        let others = accounts(&["A", "B", "D", "E", "F", "G"]);
        let problem = vanished(Kind::Trade, &others, &latest).unwrap();
        assert!(
            problem.contains("1 document is") && problem.ends_with("e.g. C"),
            "{problem}"
        );
        assert_eq!(vanished(Kind::Balance, &others, &latest), None);
    }

    #[test]
    fn ledger_and_store_are_compared_both_ways() {
        let documents = [
            document("A", 1, State::Superseded),
            document("A", 2, State::Succeeded),
            document("B", 1, State::Failed),
        ];
        let objects = |list: &[(&str, u64)]| {
            list.iter()
                .map(|(key, bytes)| ((*key).to_owned(), *bytes))
                .collect::<HashMap<_, _>>()
        };
        assert_eq!(
            compare_store(&documents, &objects(&[("A.1", 10), ("A.2", 10)])),
            Vec::<String>::new()
        );
        let problems = compare_store(&documents, &objects(&[("A.1", 11), ("B.1", 10)]));
        assert_eq!(problems.len(), 3, "{problems:?}");
        // Published between the look at the ledger and that at the store.
        let running = [document("C", 1, State::Running)];
        let object = ObjectKey::of(&"2026-10.trade.C".parse().unwrap());
        let there = objects(&[(object.as_str(), 10)]);
        assert_eq!(compare_store(&running, &there), Vec::<String>::new());
    }

    #[test]
    fn what_came_after_the_run_is_named() {
        let documents = [document("A", 1, State::Succeeded)];
        let latest = latest_revisions(&documents);
        let (known, new): (DocumentId, DocumentId) = (
            "2026-10.trade.A".parse().unwrap(),
            "2026-10.trade.B".parse().unwrap(),
        );
        assert_eq!(unrecorded(&[&known], &latest), None);
        assert!(
            unrecorded(&[&known, &new], &latest)
                .unwrap()
                .contains("2026-10.trade.B")
        );
    }
}
