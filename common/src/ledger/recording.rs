//! Recording what a run found: due and excused documents, in bulk.

use std::fmt::Write as _;

use serde_json::json;

use super::documents::delivery;
use super::transaction::Transaction;
use super::{DueDocument, Excuse, Ledger, Run, State};
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;
use crate::{PROGRAM_VERSION, Result};

/// Documents in one statement.
const CHUNK: usize = 10_000;

/// A document to be recorded.
struct New {
    document: DocumentId,
    state: State,
    delivery: &'static str,
    estimated_rows: i64,
    cause: Option<&'static str>,
}

impl Ledger {
    /// Records what a run found, all of it or nothing. Returns how many documents are newly due, and how many newly excused: what is
    /// there already, in whatever state, stays as it is, by the unique index.
    pub async fn record_found(
        &self,
        run: &Run,
        profile_hash: &str,
        due: impl Iterator<Item = DueDocument> + Send,
        excused: impl Iterator<Item = Excuse> + Send,
    ) -> Result<(u64, u64)> {
        let failed = |reason| statement_failed("recording documents", Whose::Ledger)(reason);
        let due = due.map(|due| New {
            document: due.document,
            state: State::Due,
            delivery: delivery(due.on_paper),
            estimated_rows: due.estimated_rows,
            cause: None,
        });
        let excused = excused.map(|excuse| New {
            document: excuse.document,
            state: State::Excused,
            delivery: delivery(excuse.on_paper),
            estimated_rows: excuse.estimated_rows,
            cause: Some(excuse.cause),
        });
        let mut transaction = self.begin().await?;
        let due = self
            .insert_documents(&mut transaction, run, profile_hash, due)
            .await?;
        let excused = self
            .insert_documents(&mut transaction, run, profile_hash, excused)
            .await?;
        sqlx::query(self.sql("UPDATE export_runs SET recorded_at = {NOW_MS} WHERE run_id = $1"))
            .bind(run.run_id.clone())
            .execute(transaction.bounded())
            .await
            .map_err(failed)?;
        transaction.commit("recording documents").await?;
        Ok((due, excused))
    }

    /// Rows go as one JSON text per statement: half a million of them bound one by one would take the databases' drivers
    /// longer than the databases. Documents come in the order of their accounts, so that indexes grow at one end.
    async fn insert_documents(
        &self,
        transaction: &mut Transaction,
        run: &Run,
        profile_hash: &str,
        mut documents: impl Iterator<Item = New> + Send,
    ) -> Result<u64> {
        let mut recorded = 0;
        loop {
            let rows = json_rows(documents.by_ref().take(CHUNK));
            if rows.is_empty() {
                return Ok(recorded);
            }
            // `WHERE 1 = 1`, because SQLite would read ON CONFLICT as a join's condition.
            recorded += sqlx::query(self.sql(
                "INSERT INTO export_documents (document_id, kind, account_id, revision, state, delivery, estimated_rows,
                     cause, period, run_id, issued_on, profile_hash, program_version, due_at)
                 SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, CAST(e.value ->> 3 AS bigint), e.value ->> 4,
                        e.value ->> 5, CAST(e.value ->> 6 AS bigint), e.value ->> 7, $2, $3, $4, $5, $6, {NOW_MS}
                 FROM {JSON_ROWS} WHERE 1 = 1
                 ON CONFLICT DO NOTHING",
            ))
            .bind(format!("[{rows}]"))
            .bind(run.period.to_string())
            .bind(run.run_id.clone())
            .bind(run.issued_on.to_string())
            .bind(profile_hash.to_owned())
            .bind(PROGRAM_VERSION)
            .execute(transaction.bounded())
            .await
            .map_err(statement_failed("recording documents", Whose::Ledger))?
            .rows_affected();
        }
    }
}

/// The documents as elements of a JSON array.
fn json_rows(documents: impl Iterator<Item = New>) -> String {
    let mut rows = String::new();
    for new in documents {
        let comma = if rows.is_empty() { "" } else { "," };
        let _ = write!(rows, "{comma}{}", as_json(&new));
    }
    rows
}

fn as_json(new: &New) -> serde_json::Value {
    let document = &new.document;
    json!([
        document.to_string(),
        document.kind.as_str(),
        document.account_id.as_str(),
        document.revision,
        new.state.as_str(),
        new.delivery,
        new.estimated_rows,
        new.cause,
    ])
}
