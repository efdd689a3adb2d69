//! Alerts that are sent once: claimed before they are sent, so that two sweeps do not both send one, and claimed anew when
//! the claimer died before it could.

use super::Ledger;
use crate::Result;
use crate::database::{Whose, statement_failed};

/// A claim that is not confirmed by then is anyone's.
const CLAIM_MS: i64 = 120_000;

/// The answer to claiming an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertClaim {
    /// It is the caller's to send.
    Mine,
    /// Another process is about to send it.
    Busy,
    Sent,
}

impl Ledger {
    /// Claims an alert.
    pub async fn claim_alert(&self, alert_id: &str) -> Result<AlertClaim> {
        let failed = |reason| statement_failed("claiming an alert", Whose::Ledger)(reason);
        let claimed = sqlx::query(self.sql(&format!(
            "INSERT INTO export_alerts (alert_id, claimed_at) VALUES ($1, {{NOW_MS}})
             ON CONFLICT (alert_id) DO UPDATE SET claimed_at = excluded.claimed_at
             WHERE export_alerts.sent_at IS NULL AND export_alerts.claimed_at < excluded.claimed_at - {CLAIM_MS}"
        )))
        .bind(alert_id)
        .execute(self.bounded())
        .await
        .map_err(failed)?;
        if claimed.rows_affected() == 1 {
            return Ok(AlertClaim::Mine);
        }
        let sent: Option<i64> = sqlx::query_scalar(
            self.sql("SELECT count(sent_at) FROM export_alerts WHERE alert_id = $1"),
        )
        .bind(alert_id)
        .fetch_optional(self.bounded())
        .await
        .map_err(failed)?;
        Ok(if sent == Some(1) {
            AlertClaim::Sent
        } else {
            AlertClaim::Busy
        })
    }

    /// For how many milliseconds the alert has been claimed; `None` = nobody has.
    pub async fn alert_age_ms(&self, alert_id: &str) -> Result<Option<i64>> {
        sqlx::query_scalar(
            self.sql("SELECT {NOW_MS} - claimed_at FROM export_alerts WHERE alert_id = $1"),
        )
        .bind(alert_id)
        .fetch_optional(self.bounded())
        .await
        .map_err(statement_failed("looking for an alert", Whose::Ledger))
    }

    /// Says that a claimed alert was sent, or gives it back so that it is sent again.
    pub async fn end_alert(&self, alert_id: &str, sent: bool) -> Result<()> {
        let statement = if sent {
            "UPDATE export_alerts SET sent_at = {NOW_MS} WHERE alert_id = $1"
        } else {
            "DELETE FROM export_alerts WHERE alert_id = $1 AND sent_at IS NULL"
        };
        sqlx::query(self.sql(statement))
            .bind(alert_id)
            .execute(self.bounded())
            .await
            .map_err(statement_failed("settling an alert", Whose::Ledger))?;
        Ok(())
    }
}
