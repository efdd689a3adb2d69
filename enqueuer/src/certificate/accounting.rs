//! Source, ledger and store side by side: all three give their accounts in the order in which a store lists them, so that one look goes
//! through all, account by account, and keeps numbers and examples only.

use std::collections::{BTreeMap, HashMap};

use common::Result;
use common::ledger::{Accounted, Ledger, Selection, Snapshots, State};
use common::profile::Basis;
use common::source::Source;
use common::statement::{AccountId, DocumentId, Kind, Period};
use futures_util::{Stream, TryStreamExt};
use jiff::Timestamp;

use super::counts::Counts;
use super::purge::Gone;
use super::store::StoreCounts;
use crate::activity;
use crate::published::{Object, PublishedStore};
use crate::row_counts::{self, Counted, Differences};
use crate::targets::{self, Gives, Seen};

/// In the order of object keys.
const KINDS: [Kind; 2] = [Kind::Balance, Kind::Trade];

/// What is gone through.
pub struct Accounting<'a> {
    pub period: Period,
    pub ledger: &'a Ledger,
    pub store: &'a PublishedStore,
    /// Of the newest run.
    pub snapshots: Snapshots,
    pub trade_basis: Basis,
    /// By the ledger's clock, before the source's snapshot.
    pub began_at: Timestamp,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Accounts {
    pub kinds: BTreeMap<Kind, OfKind>,
    pub store: StoreCounts,
    /// Published documents with other numbers of rows than the source.
    pub row_counts: Differences,
    pub documents: u64,
    /// There was an account id that no account can have.
    pub has_unusable: bool,
}

/// What was found of a kind.
#[derive(Debug, Default)]
pub struct OfKind {
    pub counts: Counts,
    pub gone: Gone,
}

/// All there is of one account and kind.
#[derive(Debug)]
pub struct Account {
    pub kind: Kind,
    pub account_id: AccountId,
    /// As the source has it.
    pub seen: Option<Seen>,
    /// Its revisions.
    pub documents: Vec<Accounted>,
    pub objects: Vec<Object>,
}

impl Account {
    /// The latest revision.
    pub fn latest(&self) -> Option<&Accounted> {
        let revision = |document: &&Accounted| document.revision;
        self.documents.iter().max_by_key(revision)
    }

    pub fn gives(&self) -> Gives {
        self.seen.as_ref().map_or(Gives::Nothing, |seen| seen.gives)
    }

    pub fn id_of(&self, period: Period, revision: u32) -> DocumentId {
        DocumentId {
            period,
            kind: self.kind,
            account_id: self.account_id.clone(),
            revision,
        }
    }
}

impl Accounting<'_> {
    /// Goes through all. The ledger is read after the source's snapshot has begun, since what is due there is recorded before it is
    /// made, and the store is listed after the ledger is read, since what is being made may be there already.
    pub async fn take(&self, source: &mut Source) -> Result<Accounts> {
        let runs = self.ledger.snapshots_by_run(self.period).await?;
        let of_runs: Vec<Snapshots> = runs.values().copied().collect();
        let everything = Selection::all(self.period);
        let basis = self.trade_basis.column();
        let documents = self.ledger.accounted(self.period, basis, self.began_at);
        let mut documents = Ordered::of(documents).await?;
        let mut objects = Ordered::of(self.store.list(self.period)).await?;
        let mut found = Accounts::default();
        for kind in KINDS {
            let active = activity::of(kind, self.period, &self.snapshots, self.trade_basis);
            let counted = Counted::of(kind, self.period, &of_runs, self.trade_basis);
            let rows: Vec<_> = counted.iter().map(|counted| counted.rows.clone()).collect();
            let accounts = targets::accounts(source, &everything, &active, &rows);
            let mut accounts = Ordered::of(accounts).await?;
            loop {
                // No account can have such an id: that is told otherwise.
                let is_unusable = |seen: &Seen| seen.account_id.is_none();
                while accounts.next_if(is_unusable).await?.is_some() {
                    found.has_unusable = true;
                }
                let is_nobodys = |object: &Object| account_of(object).is_none();
                while let Some(object) = objects.next_if(is_nobodys).await? {
                    found.store.add_foreign(&object.key);
                }
                let heads = [
                    accounts
                        .head
                        .as_ref()
                        .and_then(|seen| seen.account_id.as_ref())
                        .map(AccountId::as_str),
                    documents
                        .head
                        .as_ref()
                        .and_then(|document| of_kind(kind, (document.kind, &document.account_id))),
                    objects
                        .head
                        .as_ref()
                        .and_then(account_of)
                        .and_then(|account| of_kind(kind, account)),
                ];
                let Some(next) = heads
                    .into_iter()
                    .flatten()
                    .min_by_key(|account| key(account))
                else {
                    break;
                };
                let account_id: AccountId = next.parse()?;
                let next = account_id.as_str();
                let account = Account {
                    kind,
                    seen: accounts
                        .next_if(|seen| seen.account_id.as_ref() == Some(&account_id))
                        .await?,
                    documents: documents
                        .while_it(|document| document.kind == kind && document.account_id == next)
                        .await?,
                    objects: objects
                        .while_it(|object| account_of(object) == Some((kind, next)))
                        .await?,
                    account_id: account_id.clone(),
                };
                found.add(self.period, &account);
                found.compare_rows(self.period, &account, &counted, &runs);
            }
        }
        while let Some(object) = objects.next().await? {
            found.store.add_foreign(&object.key);
        }
        Ok(found)
    }
}

impl Accounts {
    fn add(&mut self, period: Period, account: &Account) {
        let of_kind = self.kinds.entry(account.kind).or_default();
        of_kind.counts.add(period, account);
        of_kind.gone.add(account);
        self.store.add(period, account);
        self.documents += account.documents.len() as u64;
    }

    /// Every published document with the source, also one that is just being replaced. One that was made while the source was looked
    /// at may have rows that came later.
    fn compare_rows(
        &mut self,
        period: Period,
        account: &Account,
        counted: &[Counted],
        runs: &HashMap<String, Snapshots>,
    ) {
        let of_source = account.seen.as_ref().map_or(&[][..], |seen| &seen.counts);
        for document in &account.documents {
            let Some(snapshots) = runs.get(&document.made_by) else {
                continue;
            };
            if document.state != State::Succeeded || document.is_settled == 0 {
                continue;
            }
            let difference = row_counts::difference(counted, document, snapshots, of_source);
            if let Some(difference) = difference {
                let id = account.id_of(period, document.revision);
                self.row_counts.add(&id, &difference);
            }
        }
    }
}

/// Whose document an object is by its key, `{period}/{kind}/{account_id}/…`; `None` = no account's.
fn account_of(object: &Object) -> Option<(Kind, &str)> {
    let mut parts = object.key.splitn(4, '/').skip(1);
    let (kind, account, _) = (parts.next()?, parts.next()?, parts.next()?);
    account.parse::<AccountId>().ok()?;
    Some((kind.parse().ok()?, account))
}

fn of_kind(kind: Kind, (of, account): (Kind, &str)) -> Option<&str> {
    (of == kind).then_some(account)
}

/// By which accounts are in order.
fn key(account: &str) -> impl Ord + use<> {
    format!("{account}/")
}

/// A stream whose next item is known.
struct Ordered<S, T> {
    stream: S,
    head: Option<T>,
}

impl<T, S: Stream<Item = Result<T>> + Unpin> Ordered<S, T> {
    async fn of(mut stream: S) -> Result<Self> {
        let head = stream.try_next().await?;
        Ok(Self { stream, head })
    }

    async fn next(&mut self) -> Result<Option<T>> {
        let Some(next) = self.head.take() else {
            return Ok(None);
        };
        self.head = self.stream.try_next().await?;
        Ok(Some(next))
    }

    async fn next_if(&mut self, is_meant: impl Fn(&T) -> bool) -> Result<Option<T>> {
        if self.head.as_ref().is_some_and(is_meant) {
            self.next().await
        } else {
            Ok(None)
        }
    }

    async fn while_it(&mut self, is_meant: impl Fn(&T) -> bool) -> Result<Vec<T>> {
        let mut items = Vec::new();
        while let Some(item) = self.next_if(&is_meant).await? {
            items.push(item);
        }
        Ok(items)
    }
}
