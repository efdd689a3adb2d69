//! How the store names what it keeps of a document.

use super::Ledger;
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;

/// How S3 names an object that it keeps. A directory has no such names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredAs {
    /// The same as long as it is the same object, and no digest where S3 encrypts with a key of KMS: it is compared for equality only.
    pub etag: Option<String>,
    /// `None` = the bucket keeps no versions.
    pub version_id: Option<String>,
}

impl StoredAs {
    /// As S3 answers.
    pub fn of(etag: Option<&str>, version_id: Option<&str>) -> Self {
        Self {
            etag: etag.map(bare_etag),
            version_id: version_id.map(ToOwned::to_owned),
        }
    }
}

/// An ETag without its quotes, which not every answer of every server has.
pub fn bare_etag(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

impl Ledger {
    /// Notes how the store names a published document by now, whose bytes were found to be those of this SHA-256: it was put back, or an
    /// older program published it.
    pub async fn note_stored_as(
        &self,
        document: &DocumentId,
        sha256: &str,
        stored: &StoredAs,
    ) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE export_documents SET etag = $1, version_id = $2
             WHERE document_id = $3 AND sha256 = $4 AND state IN ('succeeded', 'superseded')",
        ))
        .bind(stored.etag.clone())
        .bind(stored.version_id.clone())
        .bind(document.to_string())
        .bind(sha256.to_owned())
        .execute(self.bounded())
        .await
        .map_err(statement_failed(
            "noting how the store names the document",
            Whose::Ledger,
        ))?;
        Ok(())
    }
}
