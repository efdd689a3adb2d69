//! Attempts: a converter claims a document under a lease, renews it, and settles the document, each by one conditional
//! UPDATE; the settler puts right what an attempt left behind.

use super::change::{Change, Parameters};
use super::stored::StoredAs;
use super::transaction::Transaction;
use super::{Ledger, State, literals};
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;
use crate::{Class, Error, Result};

/// A try of a document that holds its lease.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub attempt_id: String,
    pub document: DocumentId,
}

/// The answer to claiming a document.
#[derive(Debug, Clone)]
pub enum Claim {
    /// It is ours under a lease.
    Claimed(Attempt),
    /// Another attempt holds its lease.
    Busy,
    /// Nothing to do: it is settled, or belongs to another submission by now.
    NotOurs(State),
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub object_key: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub bytes: i64,
    /// Rows of all sections.
    pub rows: i64,
    /// Rows per section, as JSON.
    pub row_counts: String,
    pub stored: StoredAs,
    pub proof: Proof,
}

/// What a workbook was made from and with, and what the gate let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub profile_hash: String,
    pub program_version: String,
    /// Of all rows that were read, in lower-case hexadecimal.
    pub source_digest: String,
    pub source_rows: i64,
    /// Of the rows alone, per section (`SectionDigests` as JSON); `None` in what an older program made.
    pub section_digests: Option<String>,
    pub warning: Option<Warning>,
}

/// What a published document's gate noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The first rule's name.
    pub cause: String,
    /// Every break and what could not be proven.
    pub text: String,
}

/// Which of the attempts `m` that were about to publish the same bytes made what is published: one that came to its end or was lost, before
/// one that was given back and so did not publish, as far as it knows.
const LIKELIEST: &str =
    "CASE WHEN m.outcome IN ('succeeded', 'lost') THEN 0 ELSE 1 END, m.started_at";

/// Renews a lease that still holds.
const RENEWAL: &str = "UPDATE export_documents SET lease_expires_at = {NOW_MS} + $1
             WHERE document_id = $2 AND attempt_id = $3 AND state = 'running' AND lease_expires_at >= {NOW_MS}";

type ProofRow = (
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

impl Ledger {
    /// Claims a document for an attempt. With a job, only a document that still belongs to that submission.
    pub async fn claim(
        &self,
        document: &DocumentId,
        job: Option<(&str, u32)>,
        number: u32,
    ) -> Result<Claim> {
        let attempt_id = format!("{document}-{:016x}", fastrand::u64(..));
        // Without a job (an operator runs the converter by hand) a document that waits for one may be taken, too.
        let claimable = match job {
            Some(_) => "job_id = $4 AND (state = 'submitted' OR (state = 'running' AND {OVER:}))",
            None => {
                "CAST($4 AS text) IS NULL
                 AND (state IN ('due', 'submitted') OR (state = 'running' AND {OVER:}))"
            }
        };
        let claimed = self
            .change(Change {
                doing: "claiming the document",
                update: &format!(
                    "UPDATE export_documents
                     SET state = 'running', attempts = attempts + 1, attempt_id = $1, lease_expires_at = {{NOW_MS}} + $2
                     WHERE document_id = $3 AND {claimable}"
                ),
                updated: "document_id = $3 AND attempt_id = $1",
                then: &[
                    // An attempt that was still open here lost its lease.
                    "UPDATE export_attempts SET ended_at = {NOW_MS}, outcome = 'lost'
                     WHERE ended_at IS NULL AND document_id IN (SELECT document_id FROM {CHANGED})",
                    "INSERT INTO export_attempts (attempt_id, document_id, job_id, slot, number, started_at, run_id, issued_on)
                     SELECT $1, document_id, $4, $5, $6, {NOW_MS}, run_id, issued_on FROM {CHANGED}",
                ],
                parameters: Parameters::default()
                    .text(attempt_id.clone())
                    .number(self.lease_ms())
                    .text(document.to_string())
                    .text(job.map(|(job_id, _)| job_id.to_owned()))
                    .number(job.map(|(_, slot)| i64::from(slot)))
                    .number(i64::from(number)),
            })
            .await?;
        if claimed {
            return Ok(Claim::Claimed(Attempt {
                attempt_id,
                document: document.clone(),
            }));
        }

        let (state, same_job): (String, i64) = sqlx::query_as(self.sql(
            "SELECT state, CASE WHEN CAST($1 AS text) IS NULL OR job_id = $1 THEN 1 ELSE 0 END
             FROM export_documents WHERE document_id = $2",
        ))
        .bind(job.map(|(job_id, _)| job_id.to_owned()))
        .bind(document.to_string())
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed("claiming the document", Whose::Ledger))?;
        let state = State::parse(&state)?;
        match state {
            State::Running | State::Submitted if same_job == 1 => Ok(Claim::Busy),
            _ => Ok(Claim::NotOurs(state)),
        }
    }

    /// Renews an attempt's lease. An error of class `Retry` when it is lost: someone else has the document.
    pub async fn renew(&self, attempt: &Attempt) -> Result<()> {
        let renewed = self
            .change(Change {
                doing: "renewing the lease",
                update: RENEWAL,
                updated: "",
                then: &[],
                parameters: self.renewal(attempt),
            })
            .await?;
        held(attempt, renewed)
    }

    /// The parameters of [`RENEWAL`].
    fn renewal(&self, attempt: &Attempt) -> Parameters {
        Parameters::default()
            .number(self.lease_ms())
            .text(attempt.document.to_string())
            .text(attempt.attempt_id.clone())
    }

    /// Renews the lease for the last time before publishing, and records what is about to be published.
    pub async fn intend_to_publish(
        &self,
        attempt: &Attempt,
        sha256: &str,
        proof: &Proof,
    ) -> Result<()> {
        let warning = proof.warning.as_ref();
        let renewed = self
            .change(Change {
                doing: "recording the attempt",
                update: RENEWAL,
                updated: "document_id = $2 AND attempt_id = $3 AND state = 'running'",
                then: &["UPDATE export_attempts
                     SET sha256 = $4, source_digest = $5, source_rows = $6, warning_cause = $7, warning = $8, profile_hash = $9,
                         program_version = $10, section_digests = $11
                     WHERE attempt_id IN (SELECT attempt_id FROM {CHANGED})"],
                parameters: self
                    .renewal(attempt)
                    .text(sha256.to_owned())
                    .text(proof.source_digest.clone())
                    .number(proof.source_rows)
                    .text(warning.map(|warning| warning.cause.clone()))
                    .text(warning.map(|warning| warning.text.clone()))
                    .text(proof.profile_hash.clone())
                    .text(proof.program_version.clone())
                    .text(proof.section_digests.clone()),
            })
            .await?;
        held(attempt, renewed)
    }

    /// What an attempt of this ledger knew of exactly these bytes when it was about to publish them as the document;
    /// `None` = no attempt was.
    pub async fn intended_to_publish(
        &self,
        document: &DocumentId,
        sha256: &str,
    ) -> Result<Option<Proof>> {
        let row: Option<ProofRow> = sqlx::query_as(self.sql(&format!(
            "SELECT m.section_digests, m.source_digest, m.source_rows, m.warning_cause, m.warning, m.profile_hash,
                    m.program_version
             FROM export_attempts m
             WHERE m.document_id = $1 AND m.sha256 = $2 ORDER BY {LIKELIEST} LIMIT 1"
        )))
        .bind(document.to_string())
        .bind(sha256)
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed(
            "reading the document's attempts",
            Whose::Ledger,
        ))?;
        Ok(row.map(
            |(sections, digest, rows, cause, text, profile, version)| Proof {
                profile_hash: profile.unwrap_or_default(),
                program_version: version.unwrap_or_default(),
                source_digest: digest.unwrap_or_default(),
                source_rows: rows.unwrap_or_default(),
                section_digests: sections,
                warning: cause.zip(text).map(|(cause, text)| Warning { cause, text }),
            },
        ))
    }

    /// Settles a published document. An error of class `Retry` when the lease is lost: whoever has the document finds
    /// it published and adopts it.
    pub async fn settle_succeeded(&self, attempt: &Attempt, published: &Published) -> Result<()> {
        let warning = published.proof.warning.as_ref();
        // Adopted, it has the date of issue and the snapshots of the attempt that made it, whatever was decided since. What this
        // attempt made itself is its own, even where an earlier one gave the same bytes back. The run that has the document
        // stays: it is the one that tells of it.
        let made_with = format!(
            "FROM export_attempts m WHERE m.document_id = $12 AND m.sha256 = $2
             ORDER BY CASE WHEN m.attempt_id = $13 THEN 0 ELSE 1 END, {LIKELIEST} LIMIT 1"
        );
        let ended = "UPDATE export_attempts
             SET ended_at = {NOW_MS}, outcome = CASE WHEN EXISTS (SELECT 1 FROM {CHANGED}) THEN 'succeeded' ELSE 'lost' END
             WHERE attempt_id = $13 AND ended_at IS NULL";
        let superseded = "UPDATE export_documents SET state = 'superseded'
             WHERE state = 'succeeded' AND document_id IN (
                 SELECT d.document_id FROM export_documents d JOIN {CHANGED}
                     ON d.kind = changed.kind AND d.account_id = changed.account_id AND d.period = changed.period
                         AND d.revision < changed.revision)";
        let then = [ended, superseded];
        let settled = self
            .change(Change {
                doing: "settling the document",
                update: &format!(
                    "UPDATE export_documents
                     SET state = 'succeeded', object_key = $1, sha256 = $2, bytes = $3, row_count = $4, row_counts = $5,
                         program_version = $6, cause = $7, error = $8, place = NULL, source_digest = $9, source_rows = $10, profile_hash = $11,
                         section_digests = $14, etag = $15, version_id = $16,
                         issued_on = COALESCE((SELECT m.issued_on {made_with}), issued_on),
                         made_run_id = (SELECT NULLIF(m.run_id, export_documents.run_id) {made_with}),
                         lease_expires_at = NULL, settled_at = {{NOW_MS}}
                     WHERE document_id = $12 AND attempt_id = $13 AND state = 'running'"
                ),
                updated: "document_id = $12 AND attempt_id = $13 AND state = 'succeeded'",
                then: if attempt.document.revision > 1 { &then } else { &then[..1] },
                parameters: Parameters::default()
                    .text(published.object_key.clone())
                    .text(published.sha256.clone())
                    .number(published.bytes)
                    .number(published.rows)
                    .text(published.row_counts.clone())
                    .text(published.proof.program_version.clone())
                    .text(warning.map(|warning| warning.cause.clone()))
                    .text(warning.map(|warning| warning.text.clone()))
                    .text(published.proof.source_digest.clone())
                    .number(published.proof.source_rows)
                    .text(published.proof.profile_hash.clone())
                    .text(attempt.document.to_string())
                    .text(attempt.attempt_id.clone())
                    .text(published.proof.section_digests.clone())
                    .text(published.stored.etag.clone())
                    .text(published.stored.version_id.clone()),
            })
            .await?;
        held(attempt, settled)
    }

    /// Settles a failed attempt: given back to the same job when it may be tried again or the settings must be mended first,
    /// failed otherwise.
    pub async fn settle_failed(&self, attempt: &Attempt, error: &Error) -> Result<()> {
        let (state, outcome) = match error.class() {
            // What someone must mend first is no fault of the document: the settler makes it due again.
            Class::Retry | Class::Config => (State::Submitted, "given_back"),
            Class::Data | Class::Bug => (State::Failed, "failed"),
        };
        self.change(Change {
            doing: "settling the document",
            update: "UPDATE export_documents
                 SET state = $1, cause = $2, error = $3, place = $7, attempt_id = NULL, lease_expires_at = NULL,
                     settled_at = CASE WHEN $1 = 'failed' THEN {NOW_MS} END
                 WHERE document_id = $4 AND attempt_id = $5 AND state = 'running'",
            // The attempt is over whoever has the document.
            updated: "1 = 0",
            then: &["UPDATE export_attempts SET ended_at = {NOW_MS}, outcome = $6, cause = $2, error = $3, place = $7
                 WHERE attempt_id = $5 AND ended_at IS NULL"],
            parameters: Parameters::default()
                .text(state.as_str().to_owned())
                .text(error.cause().to_owned())
                .text(error.chain())
                .text(attempt.document.to_string())
                .text(attempt.attempt_id.clone())
                .text(outcome.to_owned())
                .text(error.place().map(str::to_owned)),
        })
        .await?;
        Ok(())
    }

    /// Ends the attempts of documents that nobody works on any more, or that a new attempt has.
    pub(super) async fn end_lost_attempts(
        &self,
        transaction: &mut Transaction,
        documents: &[String],
    ) -> Result<()> {
        for chunk in documents.chunks(500) {
            let ids = literals(chunk);
            sqlx::query(self.sql(&format!(
                "UPDATE export_attempts SET ended_at = {{NOW_MS}}, outcome = 'lost'
                 WHERE ended_at IS NULL AND document_id IN ({ids})"
            )))
            .execute(transaction.bounded())
            .await
            .map_err(statement_failed("ending lost attempts", Whose::Ledger))?;
        }
        Ok(())
    }
}

fn held(attempt: &Attempt, is_held: bool) -> Result<()> {
    if is_held {
        Ok(())
    } else {
        Err(lease_lost(attempt))
    }
}

fn lease_lost(attempt: &Attempt) -> Error {
    Error::retry(
        "lease_lost",
        format!(
            "the lease of {} is lost: another attempt has the document",
            attempt.document
        ),
    )
}
