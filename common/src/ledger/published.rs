//! What the ledger keeps of a published document, for whoever rebuilds it.

use super::{Assignment, Ledger, State};
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;
use crate::{Error, Result};

/// A published document.
#[derive(Debug, Clone)]
pub struct PublishedDocument {
    pub assignment: Assignment,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub program_version: String,
    /// `None` in a document that an older program made.
    pub source_digest: Option<String>,
    pub source_rows: Option<i64>,
    /// Whether its digest is of rows in the order of today: those of versions before 0.2 came by settlement date.
    pub has_section_digests: bool,
}

type Row = (
    String,
    Option<String>,
    String,
    Option<String>,
    Option<i64>,
    Option<String>,
);

impl Ledger {
    /// A document that was published, also one that a later revision superseded.
    pub async fn published(&self, document: &DocumentId) -> Result<PublishedDocument> {
        let assignment = self.assignment(document).await?;
        let (state, sha256, program_version, source_digest, source_rows, sections): Row =
            sqlx::query_as(self.sql(
                "SELECT state, sha256, program_version, source_digest, source_rows, section_digests
                 FROM export_documents WHERE document_id = $1",
            ))
            .bind(document.to_string())
            .fetch_one(self.bounded())
            .await
            .map_err(statement_failed("reading the document", Whose::Ledger))?;
        match (State::parse(&state)?, sha256) {
            (State::Succeeded | State::Superseded, Some(sha256)) => Ok(PublishedDocument {
                assignment,
                sha256,
                program_version,
                source_digest,
                source_rows,
                has_section_digests: sections.is_some(),
            }),
            (state, _) => Err(Error::config(format!(
                "{document} is {state}: only what is published can be verified"
            ))),
        }
    }
}
