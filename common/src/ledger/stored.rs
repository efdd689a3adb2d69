//! How the store names what it keeps of a document.

use super::Ledger;
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::{DocumentId, Period};

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

/// What was published of a document, as the ledger has it.
#[derive(Debug, Clone)]
pub struct PublishedObject {
    pub document: DocumentId,
    pub object_key: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub bytes: i64,
    pub stored: StoredAs,
}

type Row = (
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

impl Ledger {
    /// The next `limit` of what is published of a period, also what a revision superseded, by document; `after` is the last document of
    /// those before, and at first the period.
    pub async fn published_objects(
        &self,
        period: Period,
        after: &str,
        limit: i64,
    ) -> Result<Vec<PublishedObject>> {
        let rows: Vec<Row> = sqlx::query_as(self.sql(
            "SELECT document_id, object_key, sha256, bytes, etag, version_id FROM export_documents
             WHERE period = $1 AND document_id > $2 AND state IN ('succeeded', 'superseded')
             ORDER BY document_id LIMIT $3",
        ))
        .bind(period.to_string())
        .bind(after.to_owned())
        .bind(limit)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("reading what is published", Whose::Ledger))?;
        rows.into_iter()
            .map(|(id, object_key, sha256, bytes, etag, version_id)| {
                Ok(PublishedObject {
                    document: id.parse()?,
                    object_key: object_key.unwrap_or_default(),
                    sha256: sha256.unwrap_or_default(),
                    bytes: bytes.unwrap_or_default(),
                    stored: StoredAs { etag, version_id },
                })
            })
            .collect()
    }

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
