//! Rollout groups: what a run of some groups leaves out, and what comes back with the next one; so does what was excused of accounts
//! that were closed.

use std::collections::HashSet;

use super::documents::delivery;
use super::{DueDocument, Excuse, Ledger, Run, literals};
use crate::database::{Whose, statement_failed};
use crate::{PROGRAM_VERSION, Result};

/// The word under which accounts outside of the run's rollout groups are excused.
pub const NOT_IN_GROUP: &str = "not_in_group";

/// The word under which accounts closed before the period are excused that have nothing in it.
pub const CLOSED: &str = "closed_before_period";

/// Documents in one statement.
const CHUNK: usize = 500;

impl Ledger {
    /// Excuses documents that an earlier run left due and that nobody has begun, because the rollout groups leave them out.
    pub async fn leave_out(
        &self,
        run: &Run,
        mut documents: impl Iterator<Item = Excuse> + Send,
    ) -> Result<u64> {
        let mut left_out = 0;
        loop {
            let chunk = documents.by_ref().take(CHUNK);
            let ids = literals(chunk.map(|excuse| excuse.document));
            if ids.is_empty() {
                return Ok(left_out);
            }
            left_out += sqlx::query(self.sql(&format!(
                "UPDATE export_documents AS d SET state = 'excused', cause = '{NOT_IN_GROUP}', error = NULL, place = NULL, run_id = $1
                 WHERE d.state = 'due' AND d.revision = 1 AND d.document_id IN ({ids})
                   AND NOT EXISTS (SELECT 1 FROM export_attempts a WHERE a.document_id = d.document_id)"
            )))
            .bind(run.run_id.clone())
            .execute(self.bounded())
            .await
            .map_err(statement_failed("leaving documents out", Whose::Ledger))?
            .rows_affected();
        }
    }

    /// Makes documents due that an earlier run of a rollout group left out, or excused because the account was closed and had nothing
    /// in the period. Returns how many.
    pub async fn readmit(
        &self,
        run: &Run,
        profile_hash: &str,
        documents: impl Iterator<Item = DueDocument> + Send,
    ) -> Result<u64> {
        let failed = |reason| statement_failed("readmitting documents", Whose::Ledger)(reason);
        let left_out: Vec<String> = sqlx::query_scalar(self.sql(&format!(
            "SELECT document_id FROM export_documents
             WHERE period = $1 AND state = 'excused' AND cause IN ('{NOT_IN_GROUP}', '{CLOSED}')"
        )))
        .bind(run.period.to_string())
        .fetch_all(self.bounded())
        .await
        .map_err(failed)?;
        if left_out.is_empty() {
            return Ok(0);
        }
        let left_out: HashSet<String> = left_out.into_iter().collect();
        let mut documents = documents.filter(|due| left_out.contains(&due.document.to_string()));
        let mut readmitted = 0;
        loop {
            let chunk: Vec<DueDocument> = documents.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Ok(readmitted);
            }
            // Of our own words and checked ids only; both engines call the columns so.
            let found = chunk
                .iter()
                .map(|due| {
                    let delivery = delivery(due.on_paper);
                    format!("('{}', '{delivery}', {})", due.document, due.estimated_rows)
                })
                .collect::<Vec<_>>()
                .join(", ");
            readmitted += sqlx::query(self.sql(&format!(
                "UPDATE export_documents
                 SET state = 'due', cause = NULL, place = NULL, run_id = $1, issued_on = $2, profile_hash = $3, program_version = $4,
                     delivery = found.column2, estimated_rows = found.column3, due_at = {{NOW_MS}}
                 FROM (VALUES {found}) AS found
                 WHERE state = 'excused' AND cause IN ('{NOT_IN_GROUP}', '{CLOSED}') AND document_id = found.column1"
            )))
            .bind(run.run_id.clone())
            .bind(run.issued_on.to_string())
            .bind(profile_hash.to_owned())
            .bind(PROGRAM_VERSION)
            .execute(self.bounded())
            .await
            .map_err(failed)?
            .rows_affected();
        }
    }
}
