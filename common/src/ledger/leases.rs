//! The lease of sweeps: one at a time works, by the ledger's clock. Whoever dies loses it after a while.

use super::Ledger;
use crate::Result;
use crate::database::{Whose, statement_failed};

impl Ledger {
    /// Takes the lease of sweeps. `false` = another process has it.
    pub async fn take_sweep(&self, holder: &str) -> Result<bool> {
        let taken = sqlx::query(self.sql(
            "INSERT INTO export_leases AS d (name, holder, lease_expires_at) VALUES ('sweep', $1, {NOW_MS} + $2)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_expires_at = excluded.lease_expires_at
             WHERE {OVER:d.}",
        ))
        .bind(holder)
        .bind(self.lease_ms())
        .execute(self.bounded())
        .await
        .map_err(statement_failed("taking the lease of sweeps", Whose::Ledger))?;
        Ok(taken.rows_affected() == 1)
    }

    /// Says that the holder is alive. `false` = its lease was over, and another process has taken it.
    pub async fn renew_sweep(&self, holder: &str) -> Result<bool> {
        let renewed = sqlx::query(self.sql(
            "UPDATE export_leases SET lease_expires_at = {NOW_MS} + $2 WHERE name = 'sweep' AND holder = $1",
        ))
        .bind(holder)
        .bind(self.lease_ms())
        .execute(self.bounded())
        .await
        .map_err(statement_failed("renewing the lease of sweeps", Whose::Ledger))?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives the lease back, if the holder still has it.
    pub async fn release_sweep(&self, holder: &str) -> Result<()> {
        sqlx::query(self.sql("DELETE FROM export_leases WHERE name = 'sweep' AND holder = $1"))
            .bind(holder)
            .execute(self.bounded())
            .await
            .map_err(statement_failed(
                "giving back the lease of sweeps",
                Whose::Ledger,
            ))?;
        Ok(())
    }
}
