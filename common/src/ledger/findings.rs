//! What a run found out about its source, kept with the run.

use std::sync::Arc;

use super::{Ledger, Run};
use crate::agreement::Findings;
use crate::database::{Whose, statement_failed};
use crate::{Error, Result};

impl Ledger {
    /// Keeps what a run found, before its first document is recorded. Nothing found is nothing kept.
    pub async fn keep_findings(&self, run: &Run, findings: &Findings) -> Result<()> {
        if *findings == Findings::default() {
            return Ok(());
        }
        let text = serde_json::to_string(findings)
            .map_err(|reason| Error::bug("findings could not be written").because(reason))?;
        sqlx::query(self.sql("UPDATE export_runs SET findings = $1 WHERE run_id = $2"))
            .bind(text)
            .bind(run.run_id.clone())
            .execute(self.bounded())
            .await
            .map_err(statement_failed(
                "keeping the run's findings",
                Whose::Ledger,
            ))?;
        Ok(())
    }
}

/// The findings as the ledger keeps them.
pub(super) fn findings_of(text: Option<String>) -> Result<Arc<Findings>> {
    let Some(text) = text else {
        return Ok(Arc::default());
    };
    serde_json::from_str(&text)
        .map(Arc::new)
        .map_err(|reason| Error::bug("the ledger holds findings that are none").because(reason))
}
