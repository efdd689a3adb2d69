//! Every account stands once: what the source gives rise to, held against the latest revisions of the ledger.

use std::fmt;

use common::ledger::{Accounted, CLOSED, State};
use common::statement::{Kind, Period};

use super::accounting::Account;
use crate::numbers::number;
use crate::targets::{Gives, Seen};

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

/// How many there are, and one of them.
#[derive(Debug, Default)]
pub struct Example {
    pub number: usize,
    pub first: Option<String>,
}

impl Example {
    pub fn add(&mut self, one: impl fmt::Display) {
        self.number += 1;
        if self.first.is_none() {
            self.first = Some(one.to_string());
        }
    }
}

/// What was found of a kind's accounts.
#[derive(Debug, Default)]
pub struct Counts {
    pub count: KindCount,
    /// Documents of accounts that the source does not have any more.
    vanished: Example,
    /// Documents that are due by the source and that the ledger does not know.
    unrecorded: Example,
}

impl Counts {
    /// Adds an account. Ids that only rows name are accounts to it, too, while they have rows; but what was published of them had an
    /// account then, and so nobody can say any more whether all is accounted for. A document that was excused because its account had
    /// been closed, and that is due now, is not known either: the account has moved since.
    pub fn add(&mut self, period: Period, account: &Account) {
        let latest = account.latest();
        let is_known = |seen: &Seen| seen.is_account || seen.is_active;
        let is_there = account.seen.as_ref().is_some_and(is_known);
        self.count.accounts += u64::from(is_there);
        let state = match latest.map(|document| document.state) {
            Some(State::Excused) => &mut self.count.excused,
            Some(State::Succeeded | State::Superseded) => &mut self.count.succeeded,
            Some(State::Failed) => &mut self.count.failed,
            Some(State::Due | State::Submitted | State::Running) => &mut self.count.open,
            None if is_there => &mut self.count.nothing_to_report,
            None => return,
        };
        *state += 1;
        let KindCount {
            succeeded,
            failed,
            open,
            ..
        } = self.count;
        self.count.due = succeeded + failed + open;
        if latest.is_some_and(|latest| has_vanished(account, latest)) {
            self.vanished.add(&account.account_id);
        }
        if matches!(account.gives(), Gives::Due(_)) && latest.is_none_or(excused_as_closed) {
            self.unrecorded.add(account.id_of(period, 1));
        }
    }

    /// Documents of accounts that the source does not have any more.
    pub fn vanished(&self, kind: Kind) -> Option<String> {
        let first = self.vanished.first.as_ref()?;
        Some(format!(
            "{kind}: {} of accounts that have vanished from the source since the run, e.g. {first}",
            number(self.vanished.number, "document is", "documents are")
        ))
    }
}

/// What the source gives rise to and the ledger does not know: rows that came after the run.
pub fn unrecorded<'c>(period: Period, kinds: impl Iterator<Item = &'c Counts>) -> Option<String> {
    let (mut number_of, mut first) = (0, None);
    for Counts { unrecorded, .. } in kinds {
        number_of += unrecorded.number;
        first = first.or(unrecorded.first.as_ref());
    }
    let first = first?;
    Some(format!(
        "{} due by the source and not recorded, e.g. {first}: `enqueuer run --period {period}` records what is missing",
        number(number_of, "document is", "documents are"),
    ))
}

fn has_vanished(account: &Account, latest: &Accounted) -> bool {
    match &account.seen {
        Some(seen) if seen.is_account => false,
        Some(seen) if seen.is_active => {
            matches!(latest.state, State::Succeeded | State::Superseded)
        }
        _ => true,
    }
}

fn excused_as_closed(document: &Accounted) -> bool {
    document.state == State::Excused && document.cause.as_deref() == Some(CLOSED)
}

/// What has neither accounts nor documents adds up, and is complete only by what is missing.
pub fn nothing(has_accounts: bool, documents: u64) -> Option<String> {
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
    use super::super::samples::{account, document, seen};
    use super::*;
    use crate::targets::Weight;

    const PERIOD: &str = "2026-10";

    const WEIGHT: Weight = Weight {
        on_paper: false,
        estimated_rows: 1,
    };

    fn counted(accounts: &[Account]) -> Counts {
        let mut counts = Counts::default();
        for account in accounts {
            counts.add(PERIOD.parse().unwrap(), account);
        }
        counts
    }

    fn of(id: &str, revisions: &[State], seen: Option<Seen>) -> Account {
        let revisions = (1..).zip(revisions);
        let documents = revisions.map(|(revision, state)| document(id, revision, *state));
        Account {
            seen,
            ..account(id, documents.collect(), Vec::new())
        }
    }

    fn all(of_b: Option<Seen>, of_c: Option<Seen>) -> [Account; 6] {
        let there = || Some(seen(true, Gives::Nothing));
        [
            of("A", &[State::Superseded, State::Succeeded], there()),
            of("B", &[State::Succeeded, State::Failed], of_b),
            of("C", &[State::Excused], of_c),
            of("D", &[State::Running], there()),
            of("E", &[], there()),
            of("F", &[], there()),
        ]
    }

    #[test]
    fn every_account_stands_once_by_its_latest_revision() {
        let there = || Some(seen(true, Gives::Nothing));
        let counts = counted(&all(there(), there()));
        let expected = KindCount {
            accounts: 6,
            due: 3,
            succeeded: 1,
            failed: 1,
            open: 1,
            excused: 1,
            nothing_to_report: 2,
        };
        assert_eq!(counts.count, expected);
        assert_eq!(counts.vanished(Kind::Trade), None);
        let problem = counted(&all(there(), None)).vanished(Kind::Trade).unwrap();
        assert!(
            problem.contains("1 document is") && problem.ends_with("e.g. C"),
            "{problem}"
        );
        // Rows name them, and nothing else knows them any more: of B a document has failed, and never had an account.
        let named = || Some(seen(false, Gives::Due(WEIGHT)));
        assert_eq!(counted(&all(named(), there())).vanished(Kind::Trade), None);
        let published = of("A", &[State::Succeeded], named());
        assert!(counted(&[published]).vanished(Kind::Trade).is_some());
        // Rows that make nothing due are no sign of an account.
        let idle = Some(seen(false, Gives::Nothing));
        let counts = counted(&[of("A", &[], idle)]);
        assert_eq!(counts.count, KindCount::default());
    }

    #[test]
    fn what_came_after_the_run_is_named() {
        let due = || Some(seen(true, Gives::Due(WEIGHT)));
        let told = |accounts: &[Account]| {
            unrecorded(PERIOD.parse().unwrap(), [&counted(accounts)].into_iter())
        };
        let known = || of("A", &[State::Succeeded], due());
        assert_eq!(told(&[known()]), None);
        let problem = told(&[known(), of("B", &[], due())]).unwrap();
        assert!(
            problem.starts_with("1 document is") && problem.contains("2026-10.trade.B"),
            "{problem}"
        );
    }

    #[test]
    fn a_closed_account_that_moved_after_the_run_is_missing() {
        let excused = |cause: &str| {
            let mut account = of("A", &[State::Excused], Some(seen(true, Gives::Due(WEIGHT))));
            account.documents[0].cause = Some(cause.to_owned());
            unrecorded(PERIOD.parse().unwrap(), [&counted(&[account])].into_iter())
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
