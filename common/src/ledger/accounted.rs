//! The documents of a period as a certificate reads them: in the order in which a store lists what is published, so that both are
//! gone through side by side, and none of them is ever in memory as a whole.

use std::collections::HashMap;

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use serde::Deserialize;

use super::listing::from_json;
use super::runs::MADE_BY;
use super::{Ledger, Snapshots, State};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::{Kind, Period};

/// A document as a certificate sees it.
#[derive(Debug, Clone, Deserialize)]
pub struct Accounted {
    pub kind: Kind,
    pub account_id: String,
    pub revision: u32,
    pub state: State,
    pub cause: Option<String>,
    pub object_key: Option<String>,
    pub bytes: Option<i64>,
    /// Rows per section of what is published, as JSON.
    pub row_counts: Option<String>,
    /// As the bucket listed what was published.
    pub etag: Option<String>,
    /// The run whose snapshots it was made from.
    pub made_by: String,
    /// `SectionDigests` as JSON, of a document that was made by another basis than is asked for.
    pub of_other_basis: Option<String>,
    /// It was settled before the instant that is asked for, so that it was made from what the source had then.
    pub is_settled: i64,
}

// In the order of the fields.
const ROW: &str = "d.kind, d.account_id, d.revision, d.state, d.cause, d.object_key, d.bytes, d.row_counts, d.etag";

impl Ledger {
    /// Every document of a period, by kind and then by account, each followed by a slash as in an object's key. `basis` is the column
    /// by which the firm counts trades today.
    pub fn accounted<'l>(
        &'l self,
        period: Period,
        basis: &str,
        settled_before: Timestamp,
    ) -> impl Stream<Item = Result<Accounted>> + Unpin + use<'l> {
        let statement = self.sql(&format!(
            "SELECT CAST({{JSON_ARRAY}}({ROW}, {MADE_BY},
                    CASE WHEN d.section_digests LIKE '%/%' AND d.section_digests NOT LIKE '%/' || $2 || '\"%' THEN d.section_digests END,
                    CASE WHEN d.settled_at < $3 THEN 1 ELSE 0 END) AS text)
             FROM export_documents d WHERE d.period = $1
             ORDER BY d.kind COLLATE {{C}}, (d.account_id || '/') COLLATE {{C}}"
        ));
        let rows = sqlx::query_scalar(statement)
            .bind(period.to_string())
            .bind(basis.to_owned())
            .bind(settled_before.as_millisecond())
            .fetch(self.bounded());
        rows.map(|row| {
            let row: String =
                row.map_err(statement_failed("reading the documents", Whose::Ledger))?;
            from_json(&row)
        })
    }

    /// The snapshots that each run of a period pinned.
    pub async fn snapshots_by_run(&self, period: Period) -> Result<HashMap<String, Snapshots>> {
        type Row = (
            String,
            Option<String>,
            Option<String>,
            Option<String>,
            Option<String>,
        );
        let rows: Vec<Row> = sqlx::query_as(self.sql(
            "SELECT run_id, positions_opening, positions_closing, cash_opening, cash_closing
             FROM export_runs WHERE period = $1",
        ))
        .bind(period.to_string())
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed(
            "reading the runs' snapshots",
            Whose::Ledger,
        ))?;
        rows.into_iter()
            .map(|(run, a, b, c, d)| Ok((run, Snapshots::from_texts([a, b, c, d])?)))
            .collect()
    }

    /// How many published documents of a period list a trade.
    pub async fn published_with_trades(&self, period: Period) -> Result<i64> {
        sqlx::query_scalar(self.sql(
            "SELECT count(*) FROM export_documents d WHERE d.period = $1 AND d.state = 'succeeded'
             AND d.row_counts LIKE '%\"trades\":%' AND d.row_counts NOT LIKE '%\"trades\":0%'",
        ))
        .bind(period.to_string())
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed(
            "counting documents with trades",
            Whose::Ledger,
        ))
    }
}
