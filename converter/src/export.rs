//! The way of one document: claim → snapshot → rows → gate → workbook → store → ledger.

use std::io::BufWriter;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::config::Config;
use common::ledger::{Assignment, Attempt, Claim, Ledger, Published};
use common::statement::DocumentId;
use common::store::ObjectKey;
use common::termination::Termination;
use common::{Error, Result};
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::deliver::{Finished, Found, HashingWriter, Outcome, Store};
use crate::lease::{self, Lease};
use crate::rows::source::Source;
use crate::sections;
use crate::workbook::{self, Heading, Incoming, TableDone, WriteError};

/// How long a document is left alone that another attempt holds.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What a converter process works with, for all its documents.
pub struct Exporter {
    config: Config,
    ledger: Ledger,
    store: Store,
    /// Connected with the first document that needs it.
    source: Option<Source>,
    termination: Termination,
}

/// Where a document's attempt comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Job and slot; `None` when an operator names the document.
    pub job: Option<(String, u32)>,
    /// Batch's number of the attempt, from 1.
    pub number: u32,
}

impl Exporter {
    pub async fn open(config: Config, termination: Termination) -> Result<Self> {
        let ledger = Ledger::open(&config, 1).await?;
        let store = Store::open(&config.store)?;
        Ok(Self {
            config,
            ledger,
            store,
            source: None,
            termination,
        })
    }

    pub async fn close(self) {
        if let Some(source) = self.source {
            source.close().await;
        }
        self.ledger.close().await;
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Converts one document and settles it. A document that is settled already, or that another submission has by now,
    /// is success: there is nothing left to do.
    pub async fn convert(&mut self, assignment: &Assignment, origin: &Origin) -> Result<()> {
        // The root span of the attempt.
        let span = tracing::info_span!(
            "attempt",
            run.id = assignment.run_id,
            job.id = origin.job.as_ref().map(|(job, _)| job.as_str()),
            slot = origin.job.as_ref().map(|(_, slot)| slot),
            document.id = %assignment.document,
            attempt = origin.number,
        );
        self.convert_in_span(assignment, origin)
            .instrument(span)
            .await
    }

    async fn convert_in_span(&mut self, assignment: &Assignment, origin: &Origin) -> Result<()> {
        let Some(attempt) = self.claim(&assignment.document, origin).await? else {
            return Ok(());
        };
        let outcome = {
            let (ledger, termination) = (self.ledger.clone(), self.termination.clone());
            let lease = Lease::hold(ledger, attempt.clone(), termination);
            AssertUnwindSafe(self.make(assignment, &attempt, lease))
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(crate::disk::panicked(&*panic)))
        };
        match outcome {
            Ok(published) => {
                self.ledger
                    .settle_succeeded(&attempt, &published, None)
                    .await?;
                tracing::info!(
                    object_key = published.object_key,
                    bytes = published.bytes,
                    rows = published.rows,
                    "published"
                );
                Ok(())
            }
            Err(error) => {
                tracing::warn!(
                    cause = error.cause(),
                    error = error.chain(),
                    "not published"
                );
                if let Err(unsettled) = self.ledger.settle_failed(&attempt, &error).await {
                    // The settler finds the document running and its process gone.
                    tracing::warn!(error = unsettled.chain(), "the ledger could not be told");
                }
                Err(error)
            }
        }
    }

    /// Claims the document; waits while another attempt's lease is alive.
    async fn claim(&mut self, document: &DocumentId, origin: &Origin) -> Result<Option<Attempt>> {
        let job = origin.job.as_ref().map(|(job, slot)| (job.as_str(), *slot));
        loop {
            lease::check(&self.termination)?;
            match self.ledger.claim(document, job, origin.number).await? {
                Claim::Claimed(attempt) => return Ok(Some(attempt)),
                Claim::NotOurs(state) => {
                    // An operator who named the document wants to hear of it.
                    if job.is_some() {
                        tracing::info!(%document, %state, "nothing to do");
                    } else {
                        tracing::warn!(%document, %state, "nothing to do");
                    }
                    return Ok(None);
                }
                Claim::Busy => {
                    lease::sleep(CLAIM_AGAIN_AFTER, &mut self.termination).await?;
                }
            }
        }
    }

    /// Makes and publishes the document, or adopts it when it is published already.
    async fn make(
        &mut self,
        assignment: &Assignment,
        attempt: &Attempt,
        mut lease: Lease,
    ) -> Result<Published> {
        let document = &assignment.document;
        // Published by an attempt that died before it could say so.
        if let Some(found) = self.store.find(document)?
            && self
                .ledger
                .intended_to_publish(document, &found.sha256)
                .await?
        {
            return Ok(adopted(document, found));
        }
        let stop = lease.stop_flag();
        let (finished, tables) = tokio::select! {
            // The lease first: whoever lost it or was told to terminate must not go on.
            biased;
            over = lease.over() => {
                stop.store(true, Ordering::Relaxed);
                return Err(over);
            }
            built = self.build(assignment, stop.clone()) => built?,
        };
        // The last look before the document becomes visible.
        self.ledger
            .intend_to_publish(attempt, &finished.sha256)
            .await?;
        lease::check(&self.termination)?;
        let published = Published {
            object_key: ObjectKey::of(document).to_string(),
            sha256: finished.sha256.clone(),
            bytes: i64::try_from(finished.bytes).unwrap_or(i64::MAX),
            rows: tables
                .iter()
                .map(|table| i64::try_from(table.rows).unwrap_or(i64::MAX))
                .sum(),
            row_counts: workbook::row_counts(&tables),
        };
        if self.store.publish(finished, document)? == Outcome::Published {
            return Ok(published);
        }
        let Some(found) = self.store.find(document)? else {
            return Err(Error::retry(
                "store",
                "the published document was there and is gone; trying again",
            ));
        };
        let ours = found.sha256 == published.sha256
            || self
                .ledger
                .intended_to_publish(document, &found.sha256)
                .await?;
        if ours {
            return Ok(adopted(document, found));
        }
        Err(Error::bug(format!(
            "what is published under the key of {document} was made by another ledger or from other data (SHA-256 {}); \
             nothing was changed: give this ledger a STORE_URL of its own",
            found.sha256
        )))
    }

    /// Reads the rows and writes the workbook, both at once.
    async fn build(
        &mut self,
        assignment: &Assignment,
        stop: Arc<AtomicBool>,
    ) -> Result<(Finished, Vec<TableDone>)> {
        // A source whose snapshot did not end well is not used again.
        let mut source = match self.source.take() {
            Some(source) => source,
            None => Source::connect(&self.config).await?,
        };
        source.begin_snapshot().await?;
        let built = self.build_from(&mut source, assignment, stop).await?;
        source.end_snapshot().await?;
        self.source = Some(source);
        Ok(built)
    }

    async fn build_from(
        &self,
        source: &mut Source,
        assignment: &Assignment,
        stop: Arc<AtomicBool>,
    ) -> Result<(Finished, Vec<TableDone>)> {
        let plan = sections::plan(source, assignment, &self.config.profile).await?;
        crate::disk::check_temp_space(&std::env::temp_dir(), plan.rows)?;
        let (feeds, sections) = sections::channels(&plan);
        let partial = self.store.create_partial(&assignment.document)?;
        let writer = spawn_writer(plan.heading.clone(), sections, partial, stop);
        let read = async {
            for feed in feeds {
                feed.read(source, assignment, &plan).await?;
            }
            Ok(())
        }
        .await;
        let written = writer.await.unwrap_or_else(|panic| {
            let error = match panic.try_into_panic() {
                Ok(payload) => crate::disk::panicked(&*payload),
                Err(_) => Error::bug("the writing thread was cancelled"),
            };
            Err(WriteError::Failed(error))
        });
        match (read, written) {
            (Ok(()), Ok(done)) => Ok(done),
            // The writer stopped first: its error is the reason, and the reader's only says so.
            (_, Err(WriteError::Failed(error))) | (Err(error), _) => Err(error),
            (Ok(()), Err(WriteError::ReaderStopped)) => {
                Err(Error::bug("a section was not read to its end"))
            }
        }
    }
}

fn spawn_writer(
    heading: Heading,
    sections: Vec<Incoming>,
    partial: tempfile::NamedTempFile,
    stop: Arc<AtomicBool>,
) -> JoinHandle<Result<(Finished, Vec<TableDone>), WriteError>> {
    tokio::task::spawn_blocking(move || {
        let failed =
            |reason| WriteError::Failed(crate::disk::failed("writing the workbook", reason));
        let out = partial.as_file().try_clone().map_err(failed)?;
        let mut out = HashingWriter::new(BufWriter::with_capacity(1 << 18, out), stop);
        let tables = workbook::write(&heading, sections, &mut out)?;
        let (_, sha256, bytes) = out.finish().map_err(failed)?;
        Ok((
            Finished {
                file: partial,
                sha256,
                bytes,
            },
            tables,
        ))
    })
}

fn adopted(document: &DocumentId, found: Found) -> Published {
    tracing::info!(%document, "already published: adopted");
    let counts: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&found.row_counts).unwrap_or_default();
    Published {
        object_key: ObjectKey::of(document).to_string(),
        sha256: found.sha256,
        bytes: i64::try_from(found.bytes).unwrap_or(i64::MAX),
        rows: counts.values().filter_map(serde_json::Value::as_i64).sum(),
        row_counts: found.row_counts,
    }
}
