//! Every account stands once: what the source gives rise to, held against the latest revisions of the ledger.

use std::collections::{HashMap, HashSet};

use common::ledger::{CLOSED, DocumentRow, DueDocument, State};
use common::statement::Kind;

use crate::numbers::number;

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

/// The latest revision of every account's document.
pub type Latest<'a> = HashMap<(Kind, &'a str), &'a DocumentRow>;

/// The latest revision of every account's document.
pub fn latest_revisions(documents: &[DocumentRow]) -> Latest<'_> {
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

/// How a kind's accounts are accounted for.
pub fn count(kind: Kind, accounts: &HashSet<String>, latest: &Latest<'_>) -> KindCount {
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

/// Documents of accounts that the source does not have any more, so that nobody can say whether all is accounted for. `unknown` are ids
/// that only rows name: what was published of them had an account then.
pub fn vanished(
    kind: Kind,
    accounts: &HashSet<String>,
    unknown: &HashSet<String>,
    latest: &Latest<'_>,
) -> Option<String> {
    let had_account =
        |document: &DocumentRow| matches!(document.state, State::Succeeded | State::Superseded);
    let mut vanished: Vec<&str> = latest
        .iter()
        .filter(|((of, _), _)| *of == kind)
        .filter(|((_, account), document)| {
            let is_unknown = unknown.contains(*account) && had_account(document);
            is_unknown || !accounts.contains(*account)
        })
        .map(|((_, account), _)| *account)
        .collect();
    vanished.sort_unstable();
    let first = vanished.first()?;
    Some(format!(
        "{kind}: {} of accounts that have vanished from the source since the run, e.g. {first}",
        number(vanished.len(), "document is", "documents are")
    ))
}

/// What the source gives rise to and the ledger does not know: rows that came after the run. A document that was excused because its
/// account had been closed, and that is due now, is not known either: the account has moved since.
pub fn unrecorded(due: &[DueDocument], latest: &Latest<'_>) -> Option<String> {
    let missing: Vec<_> = due
        .iter()
        .map(|due| &due.document)
        .filter(|due| {
            latest
                .get(&(due.kind, due.account_id.as_str()))
                .is_none_or(|known| excused_as_closed(known))
        })
        .collect();
    let first = missing.first()?;
    Some(format!(
        "{} due by the source and not recorded, e.g. {first}: `enqueuer run --period {}` records what is missing",
        number(missing.len(), "document is", "documents are"),
        first.period
    ))
}

fn excused_as_closed(document: &DocumentRow) -> bool {
    document.state == State::Excused && document.cause.as_deref() == Some(CLOSED)
}

/// What has neither accounts nor documents adds up, and is complete only by what is missing.
pub fn nothing(has_accounts: bool, documents: usize) -> Option<String> {
    if !has_accounts {
        return Some(
            "the source has no account, or shows the reader none: nobody can say whether all is accounted for"
                .to_owned(),
        );
    }
    (documents == 0).then(|| {
        "no document is recorded, so that there is nothing to certify: no account has a trade, a movement, a holding or cash in the period, or these are missing in the source"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::document;
    use super::*;

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
        let none = HashSet::new();
        assert_eq!(vanished(Kind::Trade, &all, &none, &latest), None);
        // As many accounts as before, and not the same.
        let others = accounts(&["A", "B", "D", "E", "F", "G"]);
        let problem = vanished(Kind::Trade, &others, &none, &latest).unwrap();
        assert!(
            problem.contains("1 document is") && problem.ends_with("e.g. C"),
            "{problem}"
        );
        assert_eq!(vanished(Kind::Balance, &others, &none, &latest), None);
        // Rows name them, and nothing else knows them any more: of B a document has failed, and never had an account.
        let problem = vanished(Kind::Trade, &all, &accounts(&["A", "B"]), &latest).unwrap();
        assert!(
            problem.contains("1 document is") && problem.ends_with("e.g. A"),
            "{problem}"
        );
    }

    #[test]
    fn what_came_after_the_run_is_named() {
        let documents = [document("A", 1, State::Succeeded)];
        let latest = latest_revisions(&documents);
        let due = |id: &str| DueDocument {
            document: id.parse().unwrap(),
            on_paper: false,
            estimated_rows: 1,
        };
        let (known, new) = (due("2026-10.trade.A"), due("2026-10.trade.B"));
        assert_eq!(unrecorded(std::slice::from_ref(&known), &latest), None);
        assert!(
            unrecorded(&[known, new], &latest)
                .unwrap()
                .contains("2026-10.trade.B")
        );
    }

    #[test]
    fn a_closed_account_that_moved_after_the_run_is_missing() {
        let due = [DueDocument {
            document: "2026-10.trade.A".parse().unwrap(),
            on_paper: false,
            estimated_rows: 1,
        }];
        let excused = |cause: &str| {
            let documents = [DocumentRow {
                cause: Some(cause.to_owned()),
                ..document("A", 1, State::Excused)
            }];
            unrecorded(&due, &latest_revisions(&documents))
        };
        assert!(
            excused("closed_before_period")
                .unwrap()
                .contains("2026-10.trade.A")
        );
        // Somebody decided it.
        assert_eq!(excused("operator"), None);
    }

    #[test]
    fn nothing_is_not_complete() {
        assert_eq!(nothing(true, 1), None);
        assert!(nothing(false, 1).unwrap().contains("no account"));
        assert!(nothing(true, 0).unwrap().contains("no document"));
    }
}
