//! The certificate: does everything add up, account by account, from the source over the ledger to the store, and is what was published
//! still what the source says.

mod accounting;
mod contents;
mod counts;
pub mod purge;
#[cfg(test)]
pub mod samples;
mod store;
mod told;

use std::collections::BTreeMap;

use common::config::{Config, Settings};
use common::ledger::{Change, LastComparison, Ledger, Selection, State};
use common::source::Source;
use common::statement::{Kind, Period};
use common::{Error, Result, telemetry};

use self::accounting::{Accounting, OfKind};
pub use contents::Contents;
pub use counts::KindCount;
pub use told::{Last, last_words, summary};

use crate::comparison;
use crate::published::PublishedStore;
use crate::row_counts::Differences;
use crate::{local_time, targets, unusable, whole_source};

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
        // What a comparison has just named is not told a second time.
        if !row_counts.is_empty() {
            row_counts
                .leave_out(ledger.changed_documents(period))
                .await?;
        }
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
) -> Result<(Certificate, Differences)> {
    let snapshots = ledger.newest_snapshots(period).await?.ok_or_else(|| {
        Error::config(format!(
            "the ledger at {} has no run of {period}: `enqueuer run --period {period}` makes one",
            config.database_url
        ))
    })?;
    let everything = Selection::all(period);
    let with_trades = ledger.published_with_trades(period).await?;
    let trade_basis = config.profile.trade_basis;
    let store = PublishedStore::open(&config.store).await?;
    let accounting = Accounting {
        period,
        ledger,
        store: &store,
        snapshots,
        trade_basis,
        began_at: ledger.now().await?,
    };
    let mut source = open_source(config).await?;
    let mut lost = purge::lost(&mut source, period, trade_basis, &snapshots).await?;
    lost.retain(|lost| lost.was_there(with_trades));
    let has_accounts = whole_source::accounts(&mut source).await? > 0;
    let mut found = accounting.take(&mut source).await?;
    let unusable = targets::unusable(
        &mut source,
        &everything,
        &snapshots,
        trade_basis,
        found.has_unusable,
    )
    .await?;
    source.close().await;
    if deep {
        found.store.look_at_all(&store, ledger, period).await?;
    }
    let causes = ledger.causes(&everything).await?;
    let failed = causes
        .into_iter()
        .filter(|cause| cause.state == State::Failed);

    let mut problems = Vec::new();
    problems.extend(counts::nothing(has_accounts, found.documents));
    let of_kinds = found.kinds.values();
    problems.extend(counts::unrecorded(
        period,
        of_kinds.map(|kind| &kind.counts),
    ));
    problems.extend(found.store.problems());
    problems.extend(found.store.contents.problem(period));
    problems.extend(unusable::words(&unusable));
    let mut is_purged = !lost.is_empty();
    problems.extend(lost.into_iter().map(|lost| lost.says));
    let mut kinds = BTreeMap::new();
    let none = OfKind::default();
    for kind in Kind::ALL {
        let of_kind = found.kinds.get(&kind).unwrap_or(&none);
        problems.extend(of_kind.counts.vanished(kind));
        let purged = of_kind.gone.says(kind);
        is_purged |= purged.is_some();
        problems.extend(purged);
        kinds.insert(kind, of_kind.counts.count);
    }
    let mut certificate = Certificate {
        period,
        kinds,
        objects: found.store.objects,
        contents: found.store.contents,
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
    known_of_rows(ledger, &mut certificate).await?;
    Ok((certificate, found.row_counts))
}

/// The source, in one snapshot.
async fn open_source(config: &Config) -> Result<Source> {
    let mut source = Source::open(config).await?;
    source.begin_snapshot().await?;
    if let Some(told) = source.other_zone() {
        telemetry::say(&format!("note: {told}"));
    }
    local_time::demand_business_time(&mut source, &config.business_timezone).await?;
    Ok(source)
}

/// Not of a purged period: there the numbers differ because of that, and nothing is to be reissued.
fn tell_row_counts(found: &mut Certificate, row_counts: &Differences) {
    if !found.is_purged {
        found.problems.extend(row_counts.words());
    }
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
