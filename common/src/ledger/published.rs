//! What the ledger keeps of a published document, for whoever rebuilds it.

use std::collections::HashMap;

use super::runs::MADE_BY;
use super::{Assignment, Ledger, Snapshots, State};
use crate::database::{Whose, statement_failed};
use crate::digests::SectionDigests;
use crate::statement::{DocumentId, Period};
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

/// How many rows a published document has, and the snapshots it was made from.
#[derive(Debug, Clone)]
pub struct PublishedCounts {
    pub document: DocumentId,
    /// By the name of the section.
    pub rows: HashMap<String, i64>,
    pub snapshots: Snapshots,
    /// The sections by which its rows can be compared, with the basis that they are of: `trades/trade_date`. Empty in a document that an
    /// older program made.
    pub sections: Vec<String>,
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

    /// The rows of every document of a period that is published and that no later revision replaced.
    pub async fn published_counts(&self, period: Period) -> Result<Vec<PublishedCounts>> {
        let rows: Vec<CountsRow> = sqlx::query_as(self.sql(&format!(
            "SELECT d.document_id, d.row_counts, r.positions_opening, r.positions_closing, r.cash_opening, r.cash_closing,
                    d.section_digests
             FROM export_documents d JOIN export_runs r ON r.run_id = {MADE_BY}
             WHERE d.period = $1 AND d.state = 'succeeded' ORDER BY d.document_id COLLATE {{C}}"
        )))
        .bind(period.to_string())
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed(
            "reading the rows of documents",
            Whose::Ledger,
        ))?;
        rows.into_iter()
            .map(|(document, rows, a, b, c, d, digests)| {
                Ok(PublishedCounts {
                    document: document.parse()?,
                    rows: rows
                        .and_then(|rows| serde_json::from_str(&rows).ok())
                        .unwrap_or_default(),
                    snapshots: Snapshots::from_texts([a, b, c, d])?,
                    sections: digests
                        .and_then(|digests| SectionDigests::from_json(&digests))
                        .map(|digests| digests.0.into_keys().collect())
                        .unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// Document, rows per section, the four snapshots of its run, and its digests.
type CountsRow = (
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);
