//! Whether published documents are still what the source says: the rows of each are read again, by converters side by side, and their
//! digests are compared with those that the ledger keeps. Memory does not grow with documents.

mod change;
mod digester;

use common::Result;
use common::config::{Config, Settings};
use common::digests::{DigestRequest, SectionDigests};
use common::ledger::{Change, Comparison, Ledger, PublishedRows};
use common::statement::Period;
use futures_util::future::try_join_all;
use tokio::sync::Mutex;

use self::change::{Outcome, difference};
use self::digester::Digester;
use crate::progress::Progress;
use crate::queue::cores;

/// Documents that a converter is given at once. Their requests and answers fit into a pipe each, so that neither side waits for the
/// other to read.
const AT_ONCE: i64 = 100;

/// Fewer documents than this do not pay another converter.
const DOCUMENTS_PER_CONVERTER: usize = 200;

/// Compares every published document of a period, by its latest revision. What changed is kept in the ledger as it is found; the
/// comparison itself is not recorded yet.
pub async fn compare(
    config: &Config,
    settings: &Settings,
    ledger: &Ledger,
    period: Period,
) -> Result<Comparison> {
    let documents = usize::try_from(ledger.published_count(period).await?).unwrap_or_default();
    let tally = Mutex::new(Tally::begin(ledger, period, documents));
    let pages = Mutex::new(Pages {
        ledger,
        period,
        after: period.to_string(),
    });
    let converters = cores().min(documents.div_ceil(DOCUMENTS_PER_CONVERTER));
    let working = (0..converters).map(|_| work(config, settings, &pages, &tally));
    let worked = try_join_all(working).await;
    let mut tally = tally.into_inner();
    tally.progress.end();
    worked?;
    tally.keep().await?;
    Ok(tally.comparison)
}

/// The period's published documents, page by page.
struct Pages<'a> {
    ledger: &'a Ledger,
    period: Period,
    /// The last document of the page before.
    after: String,
}

impl Pages<'_> {
    async fn next(&mut self) -> Result<Vec<PublishedRows>> {
        let page = self
            .ledger
            .published_rows(self.period, &self.after, AT_ONCE)
            .await?;
        if let Some(last) = page.last() {
            self.after = last.request.document.to_string();
        }
        Ok(page)
    }
}

/// What is found.
struct Tally<'a> {
    ledger: &'a Ledger,
    comparison: Comparison,
    /// Found, and not in the ledger yet.
    changes: Vec<Change>,
    progress: Progress,
}

impl<'a> Tally<'a> {
    fn begin(ledger: &'a Ledger, period: Period, documents: usize) -> Self {
        let mut progress = Progress::begin();
        progress.expect(documents as u64);
        Self {
            ledger,
            comparison: Comparison {
                comparison_id: format!("{period}-{:016x}", fastrand::u64(..)),
                compared: 0,
                changed: 0,
                purged: 0,
                incomparable: 0,
            },
            changes: Vec::new(),
            progress,
        }
    }

    fn add(&mut self, document_id: String, outcome: Outcome) {
        match outcome {
            Outcome::Incomparable => self.comparison.incomparable += 1,
            Outcome::Same => self.comparison.compared += 1,
            Outcome::Changed { change, is_loss } => {
                self.comparison.compared += 1;
                self.comparison.changed += 1;
                self.changes.push(Change {
                    document_id,
                    change,
                    is_loss,
                });
            }
        }
    }

    /// Keeps what was found in the ledger.
    async fn keep(&mut self) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        let id = &self.comparison.comparison_id;
        self.ledger.record_changes(id, &changes).await
    }
}

/// Has pages digested by one converter until there is none left.
async fn work(
    config: &Config,
    settings: &Settings,
    pages: &Mutex<Pages<'_>>,
    tally: &Mutex<Tally<'_>>,
) -> Result<()> {
    let mut digester: Option<Digester> = None;
    loop {
        let page = pages.lock().await.next().await?;
        if page.is_empty() {
            break;
        }
        let documents = page.len() as u64;
        let (known, unknown) = with_digests(page);
        let answers = if known.is_empty() {
            Vec::new()
        } else {
            let digester = match &mut digester {
                Some(digester) => digester,
                none => none.insert(Digester::start(config, settings)?),
            };
            let requests = known.iter().map(|(request, _)| request);
            digester.digest(requests).await?
        };
        let mut tally = tally.lock().await;
        for document in unknown {
            tally.add(document, Outcome::Incomparable);
        }
        for ((request, then), now) in known.iter().zip(&answers) {
            tally.add(request.document.to_string(), difference(then, now));
        }
        tally.keep().await?;
        tally.progress.advance(documents);
    }
    match digester {
        Some(digester) => digester.end().await,
        None => Ok(()),
    }
}

/// Documents with their digests, and those that have none that can be compared.
fn with_digests(page: Vec<PublishedRows>) -> (Vec<(DigestRequest, SectionDigests)>, Vec<String>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for PublishedRows { request, digests } in page {
        match digests.as_deref().and_then(SectionDigests::from_json) {
            Some(digests) => known.push((request, digests)),
            None => unknown.push(request.document.to_string()),
        }
    }
    (known, unknown)
}
