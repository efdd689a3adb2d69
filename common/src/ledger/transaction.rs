//! Transactions of the ledger: every statement waits for so long and no longer, and a COMMIT whose answer is lost is looked up.

use std::time::Duration;

use sqlx::{Any, AnyConnection, AssertSqlSafe};
use tokio::time::sleep;

use super::Ledger;
use crate::database::{Bounded, Whose, answer, passes_by_itself, statement_failed};
use crate::dialect::Dialect;
use crate::{Error, Result};

/// How often a server is asked that still works on a commit, and how long after each time.
const LOOKS: u32 = 10;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A transaction of the ledger. Dropped, it is rolled back.
#[derive(Debug)]
pub(super) struct Transaction {
    inner: sqlx::Transaction<'static, Any>,
    ledger: Ledger,
}

impl Ledger {
    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        self.begin_with(self.database.dialect.begin_write()).await
    }

    /// Begins one by this statement.
    pub(super) async fn begin_with(&self, statement: &'static str) -> Result<Transaction> {
        let begin = self.pool.begin_with(statement);
        let inner = answer(self.database.silence, begin)
            .await
            .map_err(statement_failed("opening the ledger", Whose::Ledger))?;
        Ok(Transaction {
            inner,
            ledger: self.clone(),
        })
    }
}

impl Transaction {
    /// The connection, for one statement.
    pub fn bounded(&mut self) -> Bounded<&mut AnyConnection> {
        Bounded::new(&mut *self.inner, self.ledger.database.silence)
    }

    /// The connection without a bound, for a library that takes nothing else.
    pub fn unbounded(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// Commits. Where the answer is lost the ledger is asked whether it was committed: neither "done" nor "failed" may be said of what
    /// nobody knows.
    pub async fn commit(mut self, doing: &str) -> Result<()> {
        let failed = |reason| statement_failed(doing, Whose::Ledger)(reason);
        let silence = self.ledger.database.silence;
        let id: Option<String> = match self.ledger.database.dialect {
            Dialect::Postgres => {
                sqlx::query_scalar("SELECT CAST(txid_current_if_assigned() AS text)")
                    .fetch_one(self.bounded())
                    .await
                    .map_err(failed)?
            }
            // A commit is a call: its answer is not lost on the way.
            Dialect::Sqlite => None,
        };
        let Self { inner, ledger } = self;
        match (answer(silence, inner.commit()).await, id) {
            (Ok(()), _) => Ok(()),
            (Err(reason), Some(id)) if passes_by_itself(&reason) => {
                tracing::warn!(doing, "the answer to a COMMIT is lost; the ledger is asked");
                ledger.look_up_commit(&id, doing).await
            }
            (Err(reason), _) => Err(failed(reason)),
        }
    }

    /// Undoes everything.
    pub async fn rollback(self, doing: &str) -> Result<()> {
        answer(self.ledger.database.silence, self.inner.rollback())
            .await
            .map_err(statement_failed(doing, Whose::Ledger))
    }
}

impl Ledger {
    /// What became of a transaction whose COMMIT was not answered.
    async fn look_up_commit(&self, id: &str, doing: &str) -> Result<()> {
        let unknown = || {
            Error::retry(
                "commit_unknown",
                format!(
                    "{doing}: the database was lost at the very end, and does not say whether it was recorded; before you repeat it, look with `enqueuer status`"
                ),
            )
        };
        for _ in 0..LOOKS {
            let status: Option<String> =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT txid_status({id})")))
                    .fetch_one(self.bounded())
                    .await
                    .map_err(|reason| unknown().because(reason))?;
            match status.as_deref() {
                Some("committed") => return Ok(()),
                Some("aborted") => {
                    return Err(Error::retry(
                        "database",
                        format!(
                            "{doing}: the database was lost at the very end; nothing was recorded"
                        ),
                    ));
                }
                _ => sleep(LOOK_EVERY).await,
            }
        }
        Err(unknown())
    }
}
