//! What a run found in the source that no document can tell of.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Ledger, Run};
use crate::database::{Whose, statement_failed};
use crate::statement::Period;
use crate::{Error, Result};

/// Rows of a relation whose account_id no account can have, so that they are in no statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableIds {
    pub relation: String,
    /// How many rows; 0 = the run looked, and found none.
    pub rows: u64,
    /// The first of them.
    pub examples: Vec<UnusableId>,
}

/// One such row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableId {
    /// As text that any terminal can show; `None` = it is null.
    pub account_id: Option<String>,
    /// What else identifies the row in its relation.
    pub row: String,
}

/// What a run found that no document can tell of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unaccounted {
    /// A line for every relation that was looked at.
    pub unusable: Vec<UnusableIds>,
    /// Due documents of accounts that were closed before the period.
    pub closed_active: u64,
}

/// Relation, rows, examples.
type UnusableRow = (String, i64, String);

impl Ledger {
    /// Records what a run found, with the run.
    pub async fn record_unaccounted(&self, run: &Run, found: &Unaccounted) -> Result<()> {
        let failed = |reason| statement_failed("recording what was found", Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        sqlx::query(self.sql("UPDATE export_runs SET closed_active = $1 WHERE run_id = $2"))
            .bind(i64::try_from(found.closed_active).unwrap_or(i64::MAX))
            .bind(run.run_id.clone())
            .execute(transaction.bounded())
            .await
            .map_err(failed)?;
        for unusable in &found.unusable {
            sqlx::query(self.sql(
                "INSERT INTO export_unusable_ids (run_id, relation, row_count, examples) VALUES ($1, $2, $3, $4)",
            ))
            .bind(run.run_id.clone())
            .bind(unusable.relation.clone())
            .bind(i64::try_from(unusable.rows).unwrap_or(i64::MAX))
            .bind(examples_json(&unusable.examples))
            .execute(transaction.bounded())
            .await
            .map_err(failed)?;
        }
        transaction.commit("recording what was found").await
    }

    /// What a run found of it.
    pub async fn unaccounted_of(&self, run_id: &str) -> Result<Unaccounted> {
        let failed = |reason| statement_failed("reading what a run found", Whose::Ledger)(reason);
        let closed_active: i64 = sqlx::query_scalar(
            self.sql("SELECT COALESCE(max(closed_active), 0) FROM export_runs WHERE run_id = $1"),
        )
        .bind(run_id)
        .fetch_one(self.bounded())
        .await
        .map_err(failed)?;
        let rows: Vec<UnusableRow> = sqlx::query_as(self.sql(
            "SELECT relation, row_count, examples FROM export_unusable_ids WHERE run_id = $1 ORDER BY relation",
        ))
        .bind(run_id)
        .fetch_all(self.bounded())
        .await
        .map_err(failed)?;
        Ok(Unaccounted {
            unusable: rows.into_iter().map(unusable).collect::<Result<_>>()?,
            closed_active: u64::try_from(closed_active).unwrap_or_default(),
        })
    }

    /// The unusable ids of a period: of each relation what the newest run found that looked at it.
    pub async fn unusable_ids(&self, period: Period) -> Result<Vec<UnusableIds>> {
        let rows: Vec<UnusableRow> = sqlx::query_as(self.sql(
            "SELECT u.relation, u.row_count, u.examples
             FROM export_unusable_ids u JOIN export_runs r ON r.run_id = u.run_id
             WHERE r.period = $1 ORDER BY r.started_at, r.run_id",
        ))
        .bind(period.to_string())
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("reading unusable ids", Whose::Ledger))?;
        let mut newest = BTreeMap::new();
        for row in rows {
            newest.insert(row.0.clone(), row);
        }
        newest.into_values().map(unusable).collect()
    }
}

fn examples_json(examples: &[UnusableId]) -> String {
    let examples: Vec<_> = examples
        .iter()
        .map(|example| json!({"account_id": example.account_id, "row": example.row}))
        .collect();
    json!(examples).to_string()
}

fn unusable((relation, rows, examples): UnusableRow) -> Result<UnusableIds> {
    let examples: Vec<serde_json::Value> = serde_json::from_str(&examples).map_err(|reason| {
        Error::bug("the ledger holds examples that cannot be read").because(reason)
    })?;
    let examples = examples.iter().map(|example| UnusableId {
        account_id: example["account_id"].as_str().map(str::to_owned),
        row: example["row"].as_str().unwrap_or_default().to_owned(),
    });
    Ok(UnusableIds {
        relation,
        rows: u64::try_from(rows).unwrap_or_default(),
        examples: examples.collect(),
    })
}
