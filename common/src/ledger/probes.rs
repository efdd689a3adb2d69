//! What probes of converters found on AWS, where nobody hears a process's last words.

use super::Ledger;
use crate::Result;
use crate::database::{Whose, statement_failed};

impl Ledger {
    /// Keeps what a probe found: what is wrong, or nothing. A further attempt of the same job says it anew. Who waits for it reads it within
    /// minutes, so that those of days before go.
    pub async fn note_probe(&self, batch_job_id: &str, words: &str) -> Result<()> {
        const DOING: &str = "noting what the probe found";
        sqlx::query(self.sql("DELETE FROM export_probes WHERE ended_at < {NOW_MS} - 86400000"))
            .execute(self.bounded())
            .await
            .map_err(statement_failed(DOING, Whose::Ledger))?;
        sqlx::query(self.sql(
            "INSERT INTO export_probes (batch_job_id, words, ended_at) VALUES ($1, $2, {NOW_MS})
             ON CONFLICT (batch_job_id) DO UPDATE SET words = excluded.words, ended_at = excluded.ended_at",
        ))
        .bind(batch_job_id)
        .bind(words)
        .execute(self.bounded())
        .await
        .map_err(statement_failed(DOING, Whose::Ledger))?;
        Ok(())
    }

    /// What a probe said of itself; `None` = it did not come so far as to say anything here.
    pub async fn words_of_probe(&self, batch_job_id: &str) -> Result<Option<String>> {
        sqlx::query_scalar(self.sql("SELECT words FROM export_probes WHERE batch_job_id = $1"))
            .bind(batch_job_id)
            .fetch_optional(self.bounded())
            .await
            .map_err(statement_failed(
                "reading what the probe found",
                Whose::Ledger,
            ))
    }
}
