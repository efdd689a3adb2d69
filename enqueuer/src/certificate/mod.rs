//! The certificate: does everything add up, account by account, from the source over the ledger to the store, and is what was published
//! still what the source says.

mod contents;
mod counts;
pub mod purge;
#[cfg(test)]
mod samples;
mod store;
mod told;

use std::collections::{BTreeMap, HashSet};

use common::config::{Config, Settings};
use common::ledger::{
    Change, LastComparison, Ledger, Listed, PublishedCounts, Selection, Snapshots, State,
};
use common::source::Source;
use common::statement::{Kind, Period};
use common::{Error, Result, telemetry};

pub use contents::Contents;
pub use counts::KindCount;
pub use told::{Last, last_words, summary};

use crate::comparison;
use crate::published::{Object, PublishedStore};
use crate::row_counts::{self, Difference};
use crate::targets::{self, Targets};
use crate::{local_time, unusable, whole_source};
use store::Objects;

/// The ledger's word for a period whose source was purged.
pub const PURGED: &str = "purged";

/// Changed documents that are told by name; the ledger has all of them.
const NAMED: i64 = 1000;

/// What was found.
#[derive(Debug)]
pub struct Certificate {
    pub period: Period,
    pub kinds: BTreeMap<Kind, KindCount>,
    /// Objects that the store holds for the period, all of them documents of the ledger.
    pub objects: u64,
    /// What is known of their contents.
    pub contents: Contents,
    /// Failures by cause, most first.
    pub failures: Vec<(String, i64)>,
    /// What does not add up, in words.
    pub problems: Vec<String>,
    /// The source has lost the rows of most documents of a kind.
    pub is_purged: bool,
    /// Of a purged period: when it was complete, in words.
    pub last_complete: Option<String>,
    /// The newest comparison of published documents with the source; `None` = there was none.
    pub rows: Option<LastComparison>,
    /// It belongs to this certificate; otherwise to an earlier one.
    pub compared_now: bool,
    /// Documents that are no longer what the source says, by account: the first thousand.
    pub changes: Vec<Change>,
}

impl Certificate {
    pub fn open(&self) -> u64 {
        self.kinds.values().map(|kind| kind.open).sum()
    }

    pub fn failed(&self) -> u64 {
        self.kinds.values().map(|kind| kind.failed).sum()
    }

    /// Documents that are no longer what the source says, as far as is known.
    pub fn changed(&self) -> i64 {
        self.rows.as_ref().map_or(0, |rows| rows.outstanding)
    }

    /// Kinds of differences that the words name.
    pub fn differences(&self) -> usize {
        self.problems.len() + usize::from(self.changed() > 0)
    }

    /// Nothing is open, and nothing contradicts anything else.
    pub fn adds_up(&self) -> bool {
        self.differences() == 0 && self.open() == 0
    }

    /// It adds up, and no document has failed.
    pub fn is_complete(&self) -> bool {
        self.adds_up() && self.failed() == 0
    }

    /// The ledger's word.
    fn verdict(&self) -> &'static str {
        if self.is_purged {
            PURGED
        } else if !self.problems.is_empty() {
            "wrong"
        } else if self.changed() > 0 {
            "changed"
        } else if self.open() > 0 {
            "open"
        } else if self.failed() > 0 {
            "failed"
        } else {
            "complete"
        }
    }
}

/// How closely a certificate looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Depth {
    /// At the source's rows of every published document.
    pub rows: bool,
    /// At every byte that is published.
    pub contents: bool,
}

/// Accounts for a period, and records the certificate.
pub async fn take(
    config: &Config,
    settings: &Settings,
    ledger: &Ledger,
    period: Period,
    depth: Depth,
) -> Result<Certificate> {
    let accounted = account_for(config, ledger, period, depth.contents);
    let (mut found, mut row_counts) = Box::pin(accounted).await?;
    let mut comparison_id = None;
    if depth.rows {
        let compared = Box::pin(comparison::compare(config, settings, ledger, period)).await?;
        let recorded = ledger
            .record_comparison(period, compared, found.is_purged)
            .await?;
        comparison_id = Some(recorded);
        known_of_rows(ledger, &mut found).await?;
        found.compared_now = true;
        leave_to_comparison(ledger, period, &mut row_counts).await?;
    }
    tell_row_counts(&mut found, &row_counts);
    if found.is_purged {
        found.last_complete = last_complete(config, ledger, period).await?;
    }
    ledger
        .record_certificate(period, found.verdict(), comparison_id.as_deref())
        .await?;
    Ok(found)
}

/// Accounts for a period. Of its rows it says what the newest comparison found. Changes nothing.
pub async fn certify(config: &Config, ledger: &Ledger, period: Period) -> Result<Certificate> {
    let (mut found, row_counts) = account_for(config, ledger, period, false).await?;
    tell_row_counts(&mut found, &row_counts);
    Ok(found)
}

/// Accounts for a period. The published documents with other numbers of rows than the source are not told yet.
async fn account_for(
    config: &Config,
    ledger: &Ledger,
    period: Period,
    deep: bool,
) -> Result<(Certificate, Vec<Difference>)> {
    let snapshots = ledger.newest_snapshots(period).await?.ok_or_else(|| {
        Error::config(format!(
            "the ledger at {} has no run of {period}: `enqueuer run --period {period}` makes one",
            config.database_url
        ))
    })?;
    let everything = Selection::all(period);
    let published = ledger.published_counts(period).await?;
    let looked = look_at_source(config, &everything, &snapshots, &published).await?;
    let source = looked.targets;
    let documents = ledger.documents(&everything, &Listed::default()).await?;
    let store = PublishedStore::open(&config.store).await?;
    let objects = list(&store, period).await?;
    let causes = ledger.causes(&everything).await?;
    let failed = causes
        .into_iter()
        .filter(|cause| cause.state == State::Failed);

    let latest = counts::latest_revisions(&documents);
    let mut problems = Vec::new();
    problems.extend(counts::nothing(looked.has_accounts, documents.len()));
    problems.extend(counts::unrecorded(&source.due, &latest));
    let compared = store::compare_store(&documents, &objects);
    problems.extend(compared.problems);
    let contents = if deep {
        contents::look_at_all(&store, ledger, &compared.there).await?
    } else {
        let mut contents = Contents::default();
        for document in compared.there {
            let object = document
                .object_key
                .as_ref()
                .and_then(|key| objects.get(key));
            contents.compare_etag(document, object.and_then(|object| object.etag.as_deref()));
        }
        contents
    };
    problems.extend(contents.problems(period));
    problems.extend(unusable::words(&source.unaccounted.unusable));
    let mut kinds = BTreeMap::new();
    let none = HashSet::new();
    let mut is_purged = !looked.lost.is_empty();
    problems.extend(looked.lost.into_iter().map(|lost| lost.says));
    for kind in Kind::ALL {
        let accounts = source.accounts.get(&kind).unwrap_or(&none);
        problems.extend(counts::vanished(kind, accounts, &source.unknown, &latest));
        let purged = purge::of_kind(kind, &source, &latest);
        is_purged |= purged.is_some();
        problems.extend(purged);
        kinds.insert(kind, counts::count(kind, accounts, &latest));
    }
    let mut found = Certificate {
        period,
        kinds,
        objects: objects.len() as u64,
        contents,
        failures: failed
            .map(|failed| (failed.cause, failed.documents))
            .collect(),
        problems,
        is_purged,
        last_complete: None,
        rows: None,
        compared_now: false,
        changes: Vec::new(),
    };
    known_of_rows(ledger, &mut found).await?;
    Ok((found, looked.row_counts))
}

/// What a comparison has just named, is not told a second time.
async fn leave_to_comparison(
    ledger: &Ledger,
    period: Period,
    row_counts: &mut Vec<Difference>,
) -> Result<()> {
    if row_counts.is_empty() {
        return Ok(());
    }
    let changes = ledger.changes(period, i64::MAX).await?;
    let named: HashSet<String> = changes
        .into_iter()
        .map(|change| change.document_id)
        .collect();
    row_counts.retain(|different| !named.contains(&different.document.to_string()));
    Ok(())
}

/// Not of a purged period: there the numbers differ because of that, and nothing is to be reissued.
fn tell_row_counts(found: &mut Certificate, row_counts: &[Difference]) {
    if !found.is_purged {
        found.problems.extend(row_counts::words(row_counts));
    }
}

/// What a look into the source found.
struct Looked {
    targets: Targets,
    has_accounts: bool,
    /// Published documents with other numbers of rows than the source.
    row_counts: Vec<Difference>,
    /// Parts of the source that are gone for everybody.
    lost: Vec<purge::Lost>,
}

async fn look_at_source(
    config: &Config,
    everything: &Selection,
    snapshots: &Snapshots,
    published: &[PublishedCounts],
) -> Result<Looked> {
    let mut source = Source::open(config).await?;
    source.begin_snapshot().await?;
    if let Some(told) = source.other_zone() {
        telemetry::say(&format!("note: {told}"));
    }
    local_time::demand_business_time(&mut source, &config.business_timezone).await?;
    let basis = config.profile.trade_basis;
    let period = everything.period;
    let mut lost = purge::lost(&mut source, period, basis, snapshots).await?;
    lost.retain(|lost| lost.was_there(published));
    Ok(Looked {
        targets: targets::find(&mut source, everything, snapshots, basis).await?,
        has_accounts: whole_source::accounts(&mut source).await? > 0,
        row_counts: row_counts::compare(&mut source, period, basis, published).await?,
        lost,
    })
}

/// The period's objects.
async fn list(store: &PublishedStore, period: Period) -> Result<Objects> {
    let objects = store.list(period).await?.into_iter();
    let listed = objects.map(|Object { key, bytes, etag }| (key, store::Listed { bytes, etag }));
    Ok(listed.collect())
}

/// What the newest comparison says.
async fn known_of_rows(ledger: &Ledger, found: &mut Certificate) -> Result<()> {
    found.rows = ledger.last_comparison(found.period).await?;
    found.changes = ledger.changes(found.period, NAMED).await?;
    Ok(())
}

/// Of a purged period: when it was last complete.
async fn last_complete(config: &Config, ledger: &Ledger, period: Period) -> Result<Option<String>> {
    let complete = ledger.last_certificate(period, Some("complete")).await?;
    Ok(complete.map(|complete| {
        let taken = crate::numbers::instant(complete.taken_at, &config.business_timezone);
        format!("the period was complete when its certificate was taken at {taken}")
    }))
}
