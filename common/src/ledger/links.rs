//! What decides whether a customer may be given a link to a document.

use super::{Ledger, State};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;

/// A document that somebody wants a link to.
#[derive(Debug, Clone)]
pub struct LinkCandidate {
    pub state: State,
    /// Why it failed or is excused.
    pub cause: Option<String>,
    /// Made without consent to electronic delivery.
    pub on_paper: bool,
    /// Of what was published; `None` = nothing was.
    pub object_key: Option<String>,
    pub sha256: Option<String>,
    pub bytes: Option<i64>,
    /// The newest published revision of the same statement.
    pub newest: Option<DocumentId>,
}

type Row = (
    String,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
);

impl Ledger {
    /// How a document stands, for whoever wants a link to it.
    pub async fn link_candidate(&self, document: &DocumentId) -> Result<LinkCandidate> {
        let failed = |reason| statement_failed("reading the document", Whose::Ledger)(reason);
        let row: Option<Row> = sqlx::query_as(self.sql(
            "SELECT state, cause, delivery, object_key, sha256, bytes FROM export_documents WHERE document_id = $1",
        ))
        .bind(document.to_string())
        .fetch_optional(self.bounded())
        .await
        .map_err(failed)?;
        let Some((state, cause, delivery, object_key, sha256, bytes)) = row else {
            return Err(self.unknown(document));
        };
        let newest: Option<String> = sqlx::query_scalar(self.sql(
            "SELECT document_id FROM export_documents
             WHERE kind = $1 AND account_id = $2 AND period = $3 AND state = 'succeeded' ORDER BY revision DESC LIMIT 1",
        ))
        .bind(document.kind.as_str())
        .bind(document.account_id.as_str())
        .bind(document.period.to_string())
        .fetch_optional(self.bounded())
        .await
        .map_err(failed)?;
        Ok(LinkCandidate {
            state: State::parse(&state)?,
            cause,
            // Whatever is not known to be electronic is not linked.
            on_paper: delivery != "electronic",
            object_key,
            sha256,
            bytes,
            newest: newest.map(|id| id.parse()).transpose()?,
        })
    }
}
