//! Attempts: a converter claims a document under a lease, renews it, and settles the document, each by one conditional
//! UPDATE; the settler puts right what an attempt left behind.

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

type ProofRow = (
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
        let failed = |reason| statement_failed("claiming the document", Whose::Ledger)(reason);
        let attempt_id = format!("{document}-{:016x}", fastrand::u64(..));
        let job_id = job.map(|(job_id, _)| job_id.to_owned());
        // Without a job (an operator runs the converter by hand) a document that waits for one may be taken, too.
        let claimable = match job {
            Some(_) => "job_id = $4 AND (state = 'submitted' OR (state = 'running' AND lease_expires_at < {NOW_MS}))",
            None => {
                "CAST($4 AS text) IS NULL
                 AND (state IN ('due', 'submitted') OR (state = 'running' AND lease_expires_at < {NOW_MS}))"
            }
        };
        let mut transaction = self.begin().await?;
        let claimed = sqlx::query(self.sql(&format!(
            "UPDATE export_documents
             SET state = 'running', attempts = attempts + 1, attempt_id = $1, lease_expires_at = {{NOW_MS}} + $2
             WHERE document_id = $3 AND {claimable}"
        )))
        .bind(attempt_id.clone())
        .bind(self.lease_ms())
        .bind(document.to_string())
        .bind(job_id.clone())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?
        .rows_affected();
        if claimed == 1 {
            // An attempt that was still open here lost its lease.
            self.end_lost_attempts(&mut transaction, &[document.to_string()])
                .await?;
            sqlx::query(self.sql(
                "INSERT INTO export_attempts (attempt_id, document_id, job_id, slot, number, started_at, run_id, issued_on)
                 SELECT $1, d.document_id, $3, $4, $5, {NOW_MS}, d.run_id, d.issued_on
                 FROM export_documents d WHERE d.document_id = $2",
            ))
            .bind(attempt_id.clone())
            .bind(document.to_string())
            .bind(job_id)
            .bind(job.map(|(_, slot)| i64::from(slot)))
            .bind(i64::from(number))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            return Ok(Claim::Claimed(Attempt {
                attempt_id,
                document: document.clone(),
            }));
        }
        transaction.rollback().await.map_err(failed)?;

        let (state, same_job): (String, i64) = sqlx::query_as(self.sql(
            "SELECT state, CASE WHEN CAST($1 AS text) IS NULL OR job_id = $1 THEN 1 ELSE 0 END
             FROM export_documents WHERE document_id = $2",
        ))
        .bind(job.map(|(job_id, _)| job_id.to_owned()))
        .bind(document.to_string())
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        let state = State::parse(&state)?;
        match state {
            State::Running | State::Submitted if same_job == 1 => Ok(Claim::Busy),
            _ => Ok(Claim::NotOurs(state)),
        }
    }

    /// Renews an attempt's lease. An error of class `Retry` when it is lost: someone else has the document.
    pub async fn renew(&self, attempt: &Attempt) -> Result<()> {
        let renewed = sqlx::query(self.sql(
            "UPDATE export_documents SET lease_expires_at = {NOW_MS} + $1
             WHERE document_id = $2 AND attempt_id = $3 AND state = 'running' AND lease_expires_at >= {NOW_MS}",
        ))
        .bind(self.lease_ms())
        .bind(attempt.document.to_string())
        .bind(attempt.attempt_id.clone())
        .execute(&self.pool)
        .await
        .map_err(statement_failed("renewing the lease", Whose::Ledger))?;
        if renewed.rows_affected() == 1 {
            Ok(())
        } else {
            Err(lease_lost(attempt))
        }
    }

    /// Renews the lease for the last time before publishing, and records what is about to be published.
    pub async fn intend_to_publish(
        &self,
        attempt: &Attempt,
        sha256: &str,
        proof: &Proof,
    ) -> Result<()> {
        let warning = proof.warning.as_ref();
        sqlx::query(self.sql(
            "UPDATE export_attempts
             SET sha256 = $1, source_digest = $2, source_rows = $3, warning_cause = $4, warning = $5, profile_hash = $6,
                 program_version = $7
             WHERE attempt_id = $8",
        ))
        .bind(sha256)
        .bind(proof.source_digest.clone())
        .bind(proof.source_rows)
        .bind(warning.map(|warning| warning.cause.clone()))
        .bind(warning.map(|warning| warning.text.clone()))
        .bind(proof.profile_hash.clone())
        .bind(proof.program_version.clone())
        .bind(attempt.attempt_id.clone())
        .execute(&self.pool)
        .await
        .map_err(statement_failed("recording the attempt", Whose::Ledger))?;
        self.renew(attempt).await
    }

    /// What an attempt of this ledger knew of exactly these bytes when it was about to publish them as the document;
    /// `None` = no attempt was.
    pub async fn intended_to_publish(
        &self,
        document: &DocumentId,
        sha256: &str,
    ) -> Result<Option<Proof>> {
        let row: Option<ProofRow> = sqlx::query_as(self.sql(
            "SELECT source_digest, source_rows, warning_cause, warning, profile_hash, program_version FROM export_attempts
             WHERE document_id = $1 AND sha256 = $2 ORDER BY started_at LIMIT 1",
        ))
        .bind(document.to_string())
        .bind(sha256)
        .fetch_optional(&self.pool)
        .await
        .map_err(statement_failed(
            "reading the document's attempts",
            Whose::Ledger,
        ))?;
        Ok(
            row.map(|(digest, rows, cause, text, profile, version)| Proof {
                profile_hash: profile.unwrap_or_default(),
                program_version: version.unwrap_or_default(),
                source_digest: digest.unwrap_or_default(),
                source_rows: rows.unwrap_or_default(),
                warning: cause.zip(text).map(|(cause, text)| Warning { cause, text }),
            }),
        )
    }

    /// Settles a published document. An error of class `Retry` when the lease is lost: whoever has the document finds
    /// it published and adopts it.
    pub async fn settle_succeeded(&self, attempt: &Attempt, published: &Published) -> Result<()> {
        let failed = |reason| statement_failed("settling the document", Whose::Ledger)(reason);
        let warning = published.proof.warning.as_ref();
        let mut transaction = self.begin().await?;
        // Adopted, it has the date of issue and the snapshots of the attempt that made it, whatever was decided since.
        let made_with = "FROM export_attempts m
                         WHERE m.document_id = $12 AND m.sha256 = $2 ORDER BY m.started_at LIMIT 1";
        let settled = sqlx::query(self.sql(&format!(
            "UPDATE export_documents
             SET state = 'succeeded', object_key = $1, sha256 = $2, bytes = $3, row_count = $4, row_counts = $5,
                 program_version = $6, cause = $7, error = $8, source_digest = $9, source_rows = $10, profile_hash = $11,
                 issued_on = COALESCE((SELECT m.issued_on {made_with}), issued_on),
                 run_id = COALESCE((SELECT m.run_id {made_with}), run_id),
                 lease_expires_at = NULL, settled_at = {{NOW_MS}}
             WHERE document_id = $12 AND attempt_id = $13 AND state = 'running'"
        )))
        .bind(published.object_key.clone())
        .bind(published.sha256.clone())
        .bind(published.bytes)
        .bind(published.rows)
        .bind(published.row_counts.clone())
        .bind(published.proof.program_version.clone())
        .bind(warning.map(|warning| warning.cause.clone()))
        .bind(warning.map(|warning| warning.text.clone()))
        .bind(published.proof.source_digest.clone())
        .bind(published.proof.source_rows)
        .bind(published.proof.profile_hash.clone())
        .bind(attempt.document.to_string())
        .bind(attempt.attempt_id.clone())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?
        .rows_affected();
        if settled == 1 && attempt.document.revision > 1 {
            self.supersede(&mut transaction, &attempt.document).await?;
        }
        let outcome = if settled == 1 { "succeeded" } else { "lost" };
        self.end_attempt(&mut transaction, attempt, outcome, None)
            .await?;
        transaction.commit().await.map_err(failed)?;
        if settled == 1 {
            Ok(())
        } else {
            Err(lease_lost(attempt))
        }
    }

    /// Settles a failed attempt: given back to the same job when it may be tried again or the settings must be mended first,
    /// failed otherwise.
    pub async fn settle_failed(&self, attempt: &Attempt, error: &Error) -> Result<()> {
        let failed = |reason| statement_failed("settling the document", Whose::Ledger)(reason);
        let (state, outcome) = match error.class() {
            // What someone must mend first is no fault of the document: the settler makes it due again.
            Class::Retry | Class::Config => (State::Submitted, "given_back"),
            Class::Data | Class::Bug => (State::Failed, "failed"),
        };
        let mut transaction = self.begin().await?;
        sqlx::query(self.sql(
            "UPDATE export_documents
             SET state = $1, cause = $2, error = $3, attempt_id = NULL, lease_expires_at = NULL,
                 settled_at = CASE WHEN $1 = 'failed' THEN {NOW_MS} END
             WHERE document_id = $4 AND attempt_id = $5 AND state = 'running'",
        ))
        .bind(state.as_str())
        .bind(error.cause())
        .bind(error.chain())
        .bind(attempt.document.to_string())
        .bind(attempt.attempt_id.clone())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        self.end_attempt(&mut transaction, attempt, outcome, Some(error))
            .await?;
        transaction.commit().await.map_err(failed)
    }

    async fn end_attempt(
        &self,
        transaction: &mut sqlx::AnyConnection,
        attempt: &Attempt,
        outcome: &str,
        error: Option<&Error>,
    ) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE export_attempts SET ended_at = {NOW_MS}, outcome = $1, cause = $2, error = $3
             WHERE attempt_id = $4 AND ended_at IS NULL",
        ))
        .bind(outcome.to_owned())
        .bind(error.map(Error::cause))
        .bind(error.map(Error::chain))
        .bind(attempt.attempt_id.clone())
        .execute(transaction)
        .await
        .map_err(statement_failed("settling the attempt", Whose::Ledger))?;
        Ok(())
    }

    /// Ends the attempts of documents that nobody works on any more, or that a new attempt has.
    pub(super) async fn end_lost_attempts(
        &self,
        transaction: &mut sqlx::AnyConnection,
        documents: &[String],
    ) -> Result<()> {
        for chunk in documents.chunks(500) {
            let ids = literals(chunk);
            sqlx::query(self.sql(&format!(
                "UPDATE export_attempts SET ended_at = {{NOW_MS}}, outcome = 'lost'
                 WHERE ended_at IS NULL AND document_id IN ({ids})"
            )))
            .execute(&mut *transaction)
            .await
            .map_err(statement_failed("ending lost attempts", Whose::Ledger))?;
        }
        Ok(())
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
