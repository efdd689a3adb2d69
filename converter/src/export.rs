//! The way of one document: claim → snapshot → rows → gate → workbook → store → ledger.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use common::config::Config;
use common::ledger::{Assignment, Attempt, Claim, Ledger, Proof, Published, StoredAs};
use common::metrics::{AttemptMetrics, AttemptOutcome, Metrics};
use common::source::SourceSnapshots;
use common::statement::DocumentId;
use common::store::ObjectKey;
use common::termination::Termination;
use common::{Class, Error, Result};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::build::{Builder, Built};
use crate::deliver::{Found, Outcome, Store};
use crate::lease::{self, Lease};
use crate::workbook;

/// How long a document is left alone that another attempt holds.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What a converter process works with, for all its documents.
pub struct Exporter {
    config: Config,
    ledger: Ledger,
    /// The ledger as leases are renewed, also while rows are read.
    renewals: Ledger,
    store: Store,
    builder: Builder,
    metrics: Metrics,
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
        let source = SourceSnapshots::new(&config, &ledger);
        let store = Store::open(&config.store).await?;
        Ok(Self {
            renewals: source.ledger_beside(&ledger)?,
            builder: Builder::new(config.clone(), source),
            metrics: Metrics::new(config.deployment),
            config,
            ledger,
            store,
            termination,
        })
    }

    pub async fn close(self) {
        self.builder.close().await;
        self.renewals.close().await;
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
        async {
            let converted = self.convert_in_span(assignment, origin).await;
            if let Err(error) = &converted {
                log_failure(&assignment.document, error, origin);
            }
            converted
        }
        .instrument(span)
        .await
    }

    async fn convert_in_span(&mut self, assignment: &Assignment, origin: &Origin) -> Result<()> {
        let Some(attempt) = self.claim(&assignment.document, origin).await? else {
            return Ok(());
        };
        let began = Instant::now();
        let outcome = {
            let (renewals, termination) = (self.renewals.clone(), self.termination.clone());
            let lease = Lease::hold(renewals, attempt.clone(), termination);
            AssertUnwindSafe(self.make(assignment, &attempt, lease))
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(crate::disk::panicked(&*panic)))
        };
        let measured = |outcome| {
            self.metrics.attempt(&AttemptMetrics {
                document: &assignment.document,
                run_id: &assignment.run_id,
                attempt: origin.number,
                duration: began.elapsed(),
                outcome,
            });
        };
        match outcome {
            Ok(published) => {
                let settled = self.ledger.settle_succeeded(&attempt, &published);
                lease::for_as_long(self.ledger.lease(), settled).await?;
                tracing::info!(
                    object_key = published.object_key,
                    bytes = published.bytes,
                    rows = published.rows,
                    "published"
                );
                measured(AttemptOutcome::Succeeded {
                    rows: published.rows,
                    bytes: published.bytes,
                });
                Ok(())
            }
            Err(error) => {
                measured(AttemptOutcome::Failed(&error));
                if error.cause() == lease::LOST {
                    // Whoever has the document next finds this attempt lost.
                    return Err(error);
                }
                let settled = self.ledger.settle_failed(&attempt, &error);
                if let Err(unsettled) = lease::for_as_long(self.ledger.lease(), settled).await {
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
        if let Some(found) = lease.or_over(self.store.find(document)).await?
            && let Some(published) = lease.or_over(self.adoptable(document, &found)).await?
        {
            return Ok(published);
        }
        check_profile(assignment, &self.config)?;
        let stop = lease.stop_flag();
        let partial = self.store.create_partial(document)?;
        let built = self.builder.build(assignment, partial, stop);
        let built = lease.or_over(built).await?;
        let Built {
            finished,
            tables,
            proof,
        } = built;
        if let Some(warning) = &proof.warning {
            tracing::warn!(
                document.id = %document,
                rule = warning.cause,
                "broken, and let pass by the profile; `enqueuer status` says more"
            );
        }
        // The last look before the document becomes visible.
        let intended = self
            .ledger
            .intend_to_publish(attempt, &finished.sha256, &proof);
        lease.or_over(intended).await?;
        let mut published = Published {
            object_key: ObjectKey::of(document).to_string(),
            sha256: finished.sha256.clone(),
            bytes: i64::try_from(finished.bytes).unwrap_or(i64::MAX),
            rows: tables
                .iter()
                .map(|table| i64::try_from(table.rows).unwrap_or(i64::MAX))
                .sum(),
            row_counts: workbook::row_counts(&tables),
            stored: StoredAs::default(),
            proof,
        };
        let publishing = self.store.publish(finished, document);
        if let Outcome::Published(stored) = lease.or_over(publishing).await? {
            published.stored = stored;
            return Ok(published);
        }
        let Some(found) = lease.or_over(self.store.find(document)).await? else {
            return Err(Error::retry(
                "store",
                "the published document was there and is gone; trying again",
            ));
        };
        if found.sha256 == published.sha256 {
            return Ok(adopted(document, found, published.proof));
        }
        if let Some(published) = lease.or_over(self.adoptable(document, &found)).await? {
            return Ok(published);
        }
        let why = format!(
            "was made by another ledger or from other data (SHA-256 {})",
            found.sha256
        );
        Err(self.store.foreign(document, &why))
    }

    /// What was found published, if an attempt of this ledger was about to publish those very bytes.
    async fn adoptable(&self, document: &DocumentId, found: &Found) -> Result<Option<Published>> {
        let intended = self
            .ledger
            .intended_to_publish(document, &found.sha256)
            .await?;
        Ok(intended.map(|proof| adopted(document, found.clone(), proof)))
    }
}

/// A document made with another profile than the one recorded for it would not be the document that is due.
fn check_profile(assignment: &Assignment, config: &Config) -> Result<()> {
    let (recorded, ours) = (&assignment.profile_hash, &config.profile.hash);
    if recorded == ours {
        return Ok(());
    }
    Err(Error::config(format!(
        "{} is recorded with profile {recorded}, but STATEMENT_PROFILE here is {ours}: give the converter the profile of the enqueuer",
        assignment.document
    )))
}

fn adopted(document: &DocumentId, found: Found, proof: Proof) -> Published {
    tracing::info!(%document, "already published: adopted");
    let counts: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&found.row_counts).unwrap_or_default();
    Published {
        object_key: ObjectKey::of(document).to_string(),
        sha256: found.sha256,
        bytes: i64::try_from(found.bytes).unwrap_or(i64::MAX),
        rows: counts.values().filter_map(serde_json::Value::as_i64).sum(),
        row_counts: found.row_counts,
        stored: found.stored,
        proof,
    }
}

/// Logs why a document of a slot was not made, once. Whoever names a document hears of it as the program ends.
fn log_failure(document: &DocumentId, error: &Error, origin: &Origin) {
    // What bad data says of itself holds amounts: the ledger has it, the log must not.
    let said = (error.class() != Class::Data).then(|| error.chain());
    let cause = error.cause();
    if origin.job.is_some() {
        tracing::warn!(document.id = %document, cause, error = said, "not published");
    } else {
        tracing::info!(document.id = %document, cause, error = said, "not published");
    }
}
