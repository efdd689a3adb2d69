//! Recording what a run found: due and excused documents, in bulk.

use serde_json::json;

use super::documents::id_list;
use super::{DueDocument, Excuse, Ledger, NOT_IN_GROUP, Run, State};
use crate::database::{Whose, statement_failed};
use crate::statement::DocumentId;
use crate::{PROGRAM_VERSION, Result};

/// Documents in one statement.
const CHUNK: usize = 20_000;

/// A document to be recorded.
struct New<'a> {
    document: &'a DocumentId,
    state: State,
    delivery: &'static str,
    estimated_rows: i64,
    cause: Option<&'static str>,
}

impl Ledger {
    /// Records documents as due. Returns how many were not recorded before: what is there already, in whatever state,
    /// stays as it is, by the unique index.
    pub async fn record_due(
        &self,
        run: &Run,
        profile_hash: &str,
        documents: &[DueDocument],
    ) -> Result<u64> {
        let new = documents.iter().map(|due| New {
            document: &due.document,
            state: State::Due,
            delivery: if due.on_paper { "paper" } else { "electronic" },
            estimated_rows: due.estimated_rows,
            cause: None,
        });
        self.insert_documents(run, profile_hash, new.collect())
            .await
    }

    /// Records documents as excused. Returns how many were not recorded before.
    pub async fn record_excuses(
        &self,
        run: &Run,
        profile_hash: &str,
        excuses: &[Excuse],
    ) -> Result<u64> {
        let new = excuses.iter().map(|excuse| New {
            document: &excuse.document,
            state: State::Excused,
            delivery: "electronic",
            estimated_rows: 0,
            cause: Some(excuse.cause),
        });
        self.insert_documents(run, profile_hash, new.collect())
            .await
    }

    /// Rows go as one JSON text per statement: half a million of them bound one by one would take the databases' drivers
    /// longer than the databases.
    async fn insert_documents(
        &self,
        run: &Run,
        profile_hash: &str,
        mut documents: Vec<New<'_>>,
    ) -> Result<u64> {
        // Indexes grow at one end.
        documents.sort_by_key(|new| (new.document.kind, &new.document.account_id));
        let mut recorded = 0;
        for chunk in documents.chunks(CHUNK) {
            let rows: Vec<_> = chunk.iter().map(as_json).collect();
            // `WHERE 1 = 1`, because SQLite would read ON CONFLICT as a join's condition.
            recorded += sqlx::query(self.sql(
                "INSERT INTO export_documents (document_id, kind, account_id, revision, state, delivery, estimated_rows,
                     cause, period, run_id, issued_on, profile_hash, program_version, due_at)
                 SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, CAST(e.value ->> 3 AS bigint), e.value ->> 4,
                        e.value ->> 5, CAST(e.value ->> 6 AS bigint), e.value ->> 7, $2, $3, $4, $5, $6, {NOW_MS}
                 FROM {JSON_ROWS} WHERE 1 = 1
                 ON CONFLICT DO NOTHING",
            ))
            .bind(json!(rows).to_string())
            .bind(run.period.to_string())
            .bind(run.run_id.clone())
            .bind(run.issued_on.to_string())
            .bind(profile_hash.to_owned())
            .bind(PROGRAM_VERSION)
            .execute(&self.pool)
            .await
            .map_err(statement_failed("recording documents", Whose::Ledger))?
            .rows_affected();
        }
        Ok(recorded)
    }

    /// Excuses documents that an earlier run left due and that nobody has begun, because the rollout groups leave them out.
    pub async fn leave_out(&self, run: &Run, documents: &[Excuse]) -> Result<u64> {
        let mut left_out = 0;
        for chunk in documents.chunks(500) {
            let ids = id_list(chunk.iter().map(|excuse| &excuse.document));
            left_out += sqlx::query(self.sql(&format!(
                "UPDATE export_documents SET state = 'excused', cause = '{NOT_IN_GROUP}', run_id = $1
                 WHERE state = 'due' AND submissions = 0 AND revision = 1 AND document_id IN ({ids})"
            )))
            .bind(run.run_id.clone())
            .execute(&self.pool)
            .await
            .map_err(statement_failed("leaving documents out", Whose::Ledger))?
            .rows_affected();
        }
        Ok(left_out)
    }

    /// Makes documents due that an earlier run of a rollout group left out. Returns how many.
    pub async fn readmit(
        &self,
        run: &Run,
        profile_hash: &str,
        documents: &[DueDocument],
    ) -> Result<u64> {
        let failed = |reason| statement_failed("readmitting documents", Whose::Ledger)(reason);
        let left_out: i64 = sqlx::query_scalar(self.sql(&format!(
            "SELECT count(*) FROM export_documents
             WHERE period = $1 AND state = 'excused' AND cause = '{NOT_IN_GROUP}'"
        )))
        .bind(run.period.to_string())
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        let mut readmitted = 0;
        if left_out == 0 {
            return Ok(readmitted);
        }
        for chunk in documents.chunks(500) {
            let ids = id_list(chunk.iter().map(|due| &due.document));
            readmitted += sqlx::query(self.sql(&format!(
                "UPDATE export_documents
                 SET state = 'due', cause = NULL, run_id = $1, issued_on = $2, profile_hash = $3, due_at = {{NOW_MS}}
                 WHERE state = 'excused' AND cause = '{NOT_IN_GROUP}' AND document_id IN ({ids})"
            )))
            .bind(run.run_id.clone())
            .bind(run.issued_on.to_string())
            .bind(profile_hash.to_owned())
            .execute(&self.pool)
            .await
            .map_err(failed)?
            .rows_affected();
        }
        Ok(readmitted)
    }
}

fn as_json(new: &New<'_>) -> serde_json::Value {
    let document = new.document;
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
