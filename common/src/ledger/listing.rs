//! Documents as a list, row by row: half a million of them are never in memory together.

use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use super::{Ledger, Selection, State, selection_clause};
use crate::database::{Whose, statement_failed};
use crate::statement::Kind;
use crate::{Error, Result};

/// How one document stands. As JSON it is an object, as `status --documents --json` has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DocumentRow {
    pub document_id: String,
    pub kind: Kind,
    pub account_id: String,
    pub period: String,
    pub revision: i64,
    pub state: State,
    pub cause: Option<String>,
    pub error: Option<String>,
    /// The column of the source that the error is about, as `relation.column`.
    #[serde(rename(serialize = "column"))]
    pub place: Option<String>,
    pub attempts: i64,
    pub object_key: Option<String>,
    pub sha256: Option<String>,
    pub bytes: Option<i64>,
    pub rows: Option<i64>,
    /// `electronic` or `paper`.
    pub delivery: String,
    /// As the bucket names what was published; `None` besides = it keeps no versions.
    pub version_id: Option<String>,
}

/// Which documents of a selection are listed, and how many at most.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    pub state: Option<State>,
    pub cause: Option<String>,
    pub limit: Option<u32>,
}

// A row comes as one text: sixteen values, each by itself, take the driver several times as long. In the order of the fields.
const ROW: &str = "{JSON_ARRAY}(d.document_id, d.kind, d.account_id, d.period, d.revision, d.state, d.cause, d.error, d.place,
        d.attempts, d.object_key, d.sha256, d.bytes, d.row_count, d.delivery, d.version_id)";

impl Ledger {
    /// The documents of the selection, by id, as one statement saw them.
    pub fn documents<'l>(
        &'l self,
        selection: &Selection,
        listed: &Listed,
    ) -> impl Stream<Item = Result<DocumentRow>> + Unpin + use<'l> {
        let statement = self.sql(&format!(
            "SELECT CAST({ROW} AS text) FROM export_documents d
             WHERE d.period = $1{} AND ($2 = '' OR d.state = $2) AND ($3 = '' OR d.cause = $3)
             ORDER BY d.document_id COLLATE {{C}} LIMIT $4",
            selection_clause(selection)
        ));
        let rows = sqlx::query_scalar(statement)
            .bind(selection.period.to_string())
            .bind(listed.state.map_or("", State::as_str))
            .bind(listed.cause.clone().unwrap_or_default())
            .bind(listed.limit.map_or(i64::MAX, i64::from))
            .fetch(self.bounded());
        rows.map(|row| {
            let row: String = row.map_err(statement_failed("listing documents", Whose::Ledger))?;
            from_json(&row)
        })
    }
}

/// A row of the ledger that comes as a JSON array.
pub(super) fn from_json<'r, R: Deserialize<'r>>(row: &'r str) -> Result<R> {
    serde_json::from_str(row)
        .map_err(|reason| Error::bug("a row of the ledger could not be read").because(reason))
}
