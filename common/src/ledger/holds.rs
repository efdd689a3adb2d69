//! Holds: as long as a period is held, nothing of it is submitted.

use super::{Ledger, Run, literals};
use crate::database::{Whose, statement_failed};
use crate::profile::Rule;
use crate::statement::Period;
use crate::{Error, Result};

/// Why a period is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldCause {
    /// An operator stopped it.
    Stopped,
    /// The gate refused too many documents.
    Refusals,
    /// Converters are misconfigured.
    Config,
}

impl HoldCause {
    const ALL: [HoldCause; 3] = [HoldCause::Stopped, HoldCause::Refusals, HoldCause::Config];

    pub const fn as_str(self) -> &'static str {
        match self {
            HoldCause::Stopped => "stopped",
            HoldCause::Refusals => "refusals",
            HoldCause::Config => "config",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        HoldCause::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| Error::bug(format!("the ledger holds a hold of cause {text:?}")))
    }
}

/// A period that is held.
#[derive(Debug, Clone)]
pub struct Hold {
    pub hold_id: String,
    pub cause: HoldCause,
    /// In words, for the operator.
    pub reason: String,
}

impl Ledger {
    /// Holds a period. `false` = it was held already.
    pub async fn hold(&self, period: Period, cause: HoldCause, reason: &str) -> Result<bool> {
        let held = sqlx::query(self.sql(
            "INSERT INTO export_holds (hold_id, period, cause, reason, held_at) VALUES ($1, $2, $3, $4, {NOW_MS})
             ON CONFLICT DO NOTHING",
        ))
        .bind(format!("{period}-{:016x}", fastrand::u64(..)))
        .bind(period.to_string())
        .bind(cause.as_str())
        .bind(reason)
        .execute(self.bounded())
        .await
        .map_err(statement_failed("holding the period", Whose::Ledger))?;
        if held.rows_affected() == 0 && cause == HoldCause::Stopped {
            // What an operator says of a hold counts more than what found it.
            sqlx::query(self.sql(
                "UPDATE export_holds SET cause = $1, reason = $2
                 WHERE period = $3 AND lifted_at IS NULL AND cause <> $1",
            ))
            .bind(cause.as_str())
            .bind(reason)
            .bind(period.to_string())
            .execute(self.bounded())
            .await
            .map_err(statement_failed("holding the period", Whose::Ledger))?;
        }
        Ok(held.rows_affected() == 1)
    }

    /// The hold of a period, if it is held.
    pub async fn held(&self, period: Period) -> Result<Option<Hold>> {
        let row: Option<(String, String, String)> = sqlx::query_as(self.sql(
            "SELECT hold_id, cause, reason FROM export_holds WHERE period = $1 AND lifted_at IS NULL",
        ))
        .bind(period.to_string())
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed("looking for a hold", Whose::Ledger))?;
        row.map(|(hold_id, cause, reason)| {
            Ok(Hold {
                hold_id,
                cause: HoldCause::parse(&cause)?,
                reason,
            })
        })
        .transpose()
    }

    /// Lifts a period's hold. `false` = there was none.
    pub async fn lift_hold(&self, period: Period) -> Result<bool> {
        let lifted = sqlx::query(self.sql(
            "UPDATE export_holds SET lifted_at = {NOW_MS} WHERE period = $1 AND lifted_at IS NULL",
        ))
        .bind(period.to_string())
        .execute(self.bounded())
        .await
        .map_err(statement_failed("lifting the hold", Whose::Ledger))?;
        Ok(lifted.rows_affected() == 1)
    }

    /// How many of a run's documents the gate has refused since its period was last released.
    pub async fn refused(&self, run: &Run) -> Result<i64> {
        let rules = literals(Rule::ALL.map(Rule::as_str));
        sqlx::query_scalar(self.sql(&format!(
            "SELECT count(*) FROM export_documents d
             WHERE d.period = $1 AND d.state = 'failed' AND d.cause IN ({rules})
               AND d.run_id = $2
               AND d.settled_at > COALESCE((SELECT max(lifted_at) FROM export_holds WHERE period = $1), 0)"
        )))
        .bind(run.period.to_string())
        .bind(run.run_id.clone())
        .fetch_one(self.bounded())
        .await
        .map_err(statement_failed("counting refusals", Whose::Ledger))
    }
}
