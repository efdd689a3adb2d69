//! Whether published documents are still what the source says: their digests, what comparisons of them came to, and the certificates
//! that were taken.

use std::fmt::Write as _;

use futures_util::{Stream, TryStreamExt};
use jiff::Timestamp;

use super::Ledger;
use super::figures::instant;
use super::runs::{MADE_BY, Snapshots};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::digests::DigestRequest;
use crate::statement::Period;

/// A published document as it is compared.
#[derive(Debug, Clone)]
pub struct PublishedRows {
    pub request: DigestRequest,
    /// Of the rows that it was made from, as the ledger keeps them; `None` = published by an older program.
    pub digests: Option<String>,
}

/// A document that is no longer what the source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub document_id: String,
    /// In words.
    pub change: String,
    /// Rows were lost, and nothing else happened.
    pub is_loss: bool,
}

/// What a comparison of a period's published documents with the source came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub comparison_id: String,
    /// Documents.
    pub compared: i64,
    pub changed: i64,
    /// Whose rows went with most others of the period: nothing can be compared with them any more.
    pub purged: i64,
    /// With nothing to compare with.
    pub incomparable: i64,
}

/// The newest comparison of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastComparison {
    pub compared_at: Timestamp,
    pub comparison: Comparison,
    /// Of those that changed, documents that nobody has reissued since.
    pub outstanding: i64,
}

/// The newest certificate of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenCertificate {
    pub taken_at: Timestamp,
    /// `complete`, or why it is not.
    pub verdict: String,
    /// It compared rows, too.
    pub compared: bool,
}

/// Changes in one statement.
const CHUNK: usize = 200;

/// Published, and the latest revision of its document.
pub(super) const PUBLISHED: &str = "d.state = 'succeeded'
    AND NOT EXISTS (SELECT 1 FROM export_documents n WHERE n.kind = d.kind AND n.account_id = d.account_id
                    AND n.period = d.period AND n.revision > 1 AND n.revision > d.revision)";

/// What the newest comparison of its period found changed: it leaves none of the earlier ones.
pub(super) const CHANGED: &str = "EXISTS (SELECT 1 FROM export_changes c
    JOIN export_comparisons m ON m.comparison_id = c.comparison_id WHERE c.document_id = d.document_id)";

type Row = (
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

impl Ledger {
    /// How many documents of a period are published, by their latest revisions.
    pub async fn published_count(&self, period: Period) -> Result<i64> {
        sqlx::query_scalar(self.sql(&format!(
            "SELECT count(*) FROM export_documents d WHERE d.period = $1 AND {PUBLISHED}"
        )))
        .bind(period.to_string())
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed(
            "counting what is published",
            Whose::Ledger,
        ))
    }

    /// The next `limit` of them, by id; `after` is the last one of those before.
    pub async fn published_rows(
        &self,
        period: Period,
        after: &str,
        limit: i64,
    ) -> Result<Vec<PublishedRows>> {
        let rows: Vec<Row> = sqlx::query_as(self.sql(&format!(
            "SELECT d.document_id, r.positions_opening, r.positions_closing, r.cash_opening, r.cash_closing, d.section_digests
             FROM export_documents d JOIN export_runs r ON r.run_id = {MADE_BY}
             WHERE d.period = $1 AND d.document_id > $2 AND {PUBLISHED}
             ORDER BY d.document_id LIMIT $3"
        )))
        .bind(period.to_string())
        .bind(after.to_owned())
        .bind(limit)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("reading what is published", Whose::Ledger))?;
        rows.into_iter()
            .map(|(id, a, b, c, d, digests)| {
                let request = DigestRequest {
                    document: id.parse()?,
                    snapshots: Snapshots::from_texts([a, b, c, d])?,
                };
                Ok(PublishedRows { request, digests })
            })
            .collect()
    }

    /// Keeps what a comparison finds, while it goes on.
    pub async fn record_changes(&self, comparison_id: &str, changes: &[Change]) -> Result<()> {
        for chunk in changes.chunks(CHUNK) {
            let mut values = String::new();
            for n in 0..chunk.len() {
                let comma = if n > 0 { ", " } else { "" };
                let (id, change, lost) = (3 * n + 2, 3 * n + 3, 3 * n + 4);
                let _ = write!(values, "{comma}($1, ${id}, ${change}, ${lost})");
            }
            let mut insert = sqlx::query(self.sql(&format!(
                "INSERT INTO export_changes (comparison_id, document_id, change, lost) VALUES {values}"
            )))
            .bind(comparison_id.to_owned());
            for change in chunk {
                insert = insert
                    .bind(change.document_id.clone())
                    .bind(change.change.clone())
                    .bind(i64::from(change.is_loss));
            }
            insert
                .execute(self.bounded())
                .await
                .map_err(statement_failed("keeping what changed", Whose::Ledger))?;
        }
        Ok(())
    }

    /// Records a comparison that has ended, and returns its id; what earlier ones of the period found is let go of. Of a purged period
    /// the losses are no changes.
    pub async fn record_comparison(
        &self,
        period: Period,
        comparison: Comparison,
        is_purged: bool,
    ) -> Result<String> {
        let failed = |reason| statement_failed("recording the comparison", Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        let lost: i64 =
            if is_purged {
                sqlx::query_scalar(self.sql(
                    "SELECT count(*) FROM export_changes WHERE comparison_id = $1 AND lost = 1",
                ))
                .bind(comparison.comparison_id.clone())
                .fetch_one(transaction.bounded())
                .await
                .map_err(failed)?
            } else {
                0
            };
        sqlx::query(self.sql(
            "INSERT INTO export_comparisons (comparison_id, period, compared_at, compared, changed, purged, incomparable)
             VALUES ($1, $2, {NOW_MS}, $3, $4, $5, $6)",
        ))
        .bind(comparison.comparison_id.clone())
        .bind(period.to_string())
        .bind(comparison.compared)
        .bind(comparison.changed - lost)
        .bind(lost)
        .bind(comparison.incomparable)
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        // One that another process is at has recorded nothing yet: it keeps what it found.
        sqlx::query(self.sql(
            "DELETE FROM export_changes
             WHERE comparison_id IN (SELECT comparison_id FROM export_comparisons WHERE period = $1 AND comparison_id <> $2)
                OR (comparison_id = $2 AND lost = 1 AND $3 > 0)",
        ))
        .bind(period.to_string())
        .bind(comparison.comparison_id.clone())
        .bind(lost)
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        transaction.commit("recording the comparison").await?;
        Ok(comparison.comparison_id)
    }

    /// The newest comparison of a period; `None` = there was none.
    pub async fn last_comparison(&self, period: Period) -> Result<Option<LastComparison>> {
        let failed = |reason| statement_failed("reading the comparison", Whose::Ledger)(reason);
        let row: Option<(String, i64, i64, i64, i64, i64)> = sqlx::query_as(self.sql(
            "SELECT comparison_id, compared_at, compared, changed, purged, incomparable FROM export_comparisons
             WHERE period = $1 ORDER BY compared_at DESC, comparison_id DESC LIMIT 1",
        ))
        .bind(period.to_string())
        .fetch_optional(self.bounded())
        .await
        .map_err(failed)?;
        let Some((comparison_id, compared_at, compared, changed, purged, incomparable)) = row
        else {
            return Ok(None);
        };
        let outstanding = sqlx::query_scalar(self.sql(&format!(
            "SELECT count(*) FROM export_documents d WHERE d.period = $1 AND {PUBLISHED} AND {CHANGED}"
        )))
        .bind(period.to_string())
        .fetch_one(self.bounded())
        .await
        .map_err(failed)?;
        Ok(Some(LastComparison {
            compared_at: instant(compared_at)?,
            comparison: Comparison {
                comparison_id,
                compared,
                changed,
                purged,
                incomparable,
            },
            outstanding,
        }))
    }

    /// What the newest comparison found and nobody has reissued since, by account: `limit` documents at most.
    pub async fn changes(&self, period: Period, limit: i64) -> Result<Vec<Change>> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(self.sql(&format!(
            "SELECT d.document_id, c.change, c.lost FROM export_changes c
             JOIN export_comparisons m ON m.comparison_id = c.comparison_id
             JOIN export_documents d ON d.document_id = c.document_id
             WHERE m.period = $1 AND {PUBLISHED}
             ORDER BY d.account_id COLLATE {{C}}, d.kind LIMIT $2"
        )))
        .bind(period.to_string())
        .bind(limit)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("reading what changed", Whose::Ledger))?;
        let changes = rows.into_iter().map(|(document_id, change, lost)| Change {
            document_id,
            change,
            is_loss: lost == 1,
        });
        Ok(changes.collect())
    }

    /// The ids of all of them.
    pub fn changed_documents(&self, period: Period) -> impl Stream<Item = Result<String>> + Unpin {
        let ids = sqlx::query_scalar(self.sql(&format!(
            "SELECT d.document_id FROM export_changes c
             JOIN export_comparisons m ON m.comparison_id = c.comparison_id
             JOIN export_documents d ON d.document_id = c.document_id
             WHERE m.period = $1 AND {PUBLISHED}"
        )))
        .bind(period.to_string())
        .fetch(self.bounded());
        ids.map_err(|reason| statement_failed("reading what changed", Whose::Ledger)(reason))
    }

    /// Records that a certificate was taken, with the comparison that belongs to it.
    pub async fn record_certificate(
        &self,
        period: Period,
        verdict: &str,
        comparison_id: Option<&str>,
    ) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO export_certificates (certificate_id, period, taken_at, verdict, comparison_id)
             VALUES ($1, $2, {NOW_MS}, $3, $4)",
        ))
        .bind(format!("{period}-{:016x}", fastrand::u64(..)))
        .bind(period.to_string())
        .bind(verdict.to_owned())
        .bind(comparison_id.map(ToOwned::to_owned))
        .execute(self.bounded())
        .await
        .map_err(statement_failed("recording the certificate", Whose::Ledger))?;
        Ok(())
    }

    /// The newest certificate of a period, of any verdict or of one; `None` = none was taken.
    pub async fn last_certificate(
        &self,
        period: Period,
        verdict: Option<&str>,
    ) -> Result<Option<TakenCertificate>> {
        let row: Option<(i64, String, Option<String>)> = sqlx::query_as(self.sql(
            "SELECT taken_at, verdict, comparison_id FROM export_certificates
             WHERE period = $1 AND (CAST($2 AS text) IS NULL OR verdict = $2)
             ORDER BY taken_at DESC, certificate_id DESC LIMIT 1",
        ))
        .bind(period.to_string())
        .bind(verdict.map(ToOwned::to_owned))
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed("reading the certificate", Whose::Ledger))?;
        row.map(|(taken_at, verdict, comparison)| {
            Ok(TakenCertificate {
                taken_at: instant(taken_at)?,
                verdict,
                compared: comparison.is_some(),
            })
        })
        .transpose()
    }

    /// Whether a period has a run.
    pub async fn has_run(&self, period: Period) -> Result<bool> {
        let runs: i64 =
            sqlx::query_scalar(self.sql("SELECT count(*) FROM export_runs WHERE period = $1"))
                .bind(period.to_string())
                .fetch_one(self.bounded())
                .await
                .map_err(statement_failed(
                    "looking for the period's runs",
                    Whose::Ledger,
                ))?;
        Ok(runs > 0)
    }
}
