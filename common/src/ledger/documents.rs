//! Documents: recording what is due or excused, and telling how it stands.

use std::collections::BTreeMap;

use super::runs::DOCUMENTS_OF_RUN;
use super::{Ledger, MAX_ATTEMPTS, State, Which, selection_clause};
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::statement::{AccountId, DocumentId, Kind, Period};

/// Which documents of a period a command is about. Empty accounts = all.
#[derive(Debug, Clone)]
pub struct Selection {
    pub period: Period,
    pub kinds: Vec<Kind>,
    pub accounts: Vec<AccountId>,
    /// Rollout groups; what they leave out is excused when documents are looked for.
    pub groups: Vec<String>,
}

impl Selection {
    /// Everything of a period.
    pub fn all(period: Period) -> Self {
        Self {
            period,
            kinds: Kind::ALL.to_vec(),
            accounts: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Whether it means an account, whatever its rollout group.
    pub fn has(&self, account_id: &AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account_id)
    }

    /// Whether it is of every account, whatever the kinds.
    pub fn is_of_all_accounts(&self) -> bool {
        self.accounts.is_empty() && self.groups.is_empty()
    }

    /// Whether it is a month end, and not an operator's few documents. That of a rollout group, or of one kind, is one.
    pub fn is_month_end(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Whether it is a month end of every kind.
    pub fn is_whole(&self) -> bool {
        self.is_month_end() && Kind::ALL.iter().all(|kind| self.kinds.contains(kind))
    }
}

/// A document that was found due.
#[derive(Debug, Clone)]
pub struct DueDocument {
    pub document: DocumentId,
    /// Without consent to electronic delivery a document is marked for paper and never linked.
    pub on_paper: bool,
    pub estimated_rows: i64,
}

/// A document that will not be made, and why. Should somebody want it after all, it is as heavy as this.
#[derive(Debug, Clone)]
pub struct Excuse {
    pub document: DocumentId,
    pub cause: &'static str,
    pub on_paper: bool,
    pub estimated_rows: i64,
}

/// Documents of one state and cause, and of one column where they are told apart by it, with an example.
#[derive(Debug, Clone)]
pub struct CauseCount {
    pub state: State,
    pub cause: String,
    /// As `relation.column`; `None` = it is about none, or columns are not told apart.
    pub place: Option<String>,
    pub documents: i64,
    pub example: String,
    pub example_error: Option<String>,
}

/// State, cause, place, documents, example, the example's error.
type CauseRow = (String, String, Option<String>, i64, String, Option<String>);

impl Ledger {
    /// Gives due documents of the selection the profile that they are going to be made with: whoever mends the profile
    /// between two runs means it for what is still to be made. Whoever finds one published already records the profile of
    /// the attempt that published it. Returns how many were changed.
    pub async fn renew_profile(&self, which: Which<'_>, profile_hash: &str) -> Result<u64> {
        let statement = format!(
            "UPDATE export_documents AS d SET profile_hash = $1
             WHERE d.period = $2{} AND d.state = 'due' AND d.profile_hash <> $1",
            which.clause()
        );
        let done = sqlx::query(self.sql(&statement))
            .bind(profile_hash.to_owned())
            .bind(which.period().to_string())
            .execute(self.bounded())
            .await
            .map_err(statement_failed(
                "renewing the profile of due documents",
                Whose::Ledger,
            ))?;
        Ok(done.rows_affected())
    }

    /// Locally, takes documents over from runs whose process is gone: those that nobody works on become due again, or
    /// failed when their attempts are used up. Returns their ids.
    pub async fn take_over_expired(&self, selection: &Selection) -> Result<Vec<DocumentId>> {
        let period = selection.period.to_string();
        let statement = format!(
            "UPDATE export_documents AS d
             SET state = CASE WHEN attempts >= {MAX_ATTEMPTS} THEN 'failed' ELSE 'due' END,
                 cause = CASE WHEN attempts >= {MAX_ATTEMPTS} THEN COALESCE(cause, 'killed') ELSE cause END,
                 settled_at = CASE WHEN attempts >= {MAX_ATTEMPTS} THEN {{NOW_MS}} END,
                 job_id = NULL, attempt_id = NULL, lease_expires_at = NULL
             WHERE d.period = $1{}
               AND (d.state = 'submitted' OR (d.state = 'running' AND {{OVER:d.}}))
               AND NOT EXISTS (SELECT 1 FROM export_jobs j JOIN export_runs r ON r.run_id = j.run_id
                               WHERE j.job_id = d.job_id AND {{LIVE:r.}})
             RETURNING document_id",
            selection_clause(selection)
        );
        let failed =
            |reason| statement_failed("taking over documents of ended runs", Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        let ids: Vec<String> = sqlx::query_scalar(self.sql(&statement))
            .bind(period)
            .fetch_all(transaction.bounded())
            .await
            .map_err(failed)?;
        self.end_lost_attempts(&mut transaction, &ids).await?;
        transaction
            .commit("taking over documents of ended runs")
            .await?;
        ids.iter().map(|id| id.parse()).collect()
    }

    /// How many documents of the selection someone works on or will: submitted or running.
    pub async fn open_elsewhere(&self, selection: &Selection) -> Result<i64> {
        let statement = format!(
            "SELECT count(*) FROM export_documents d WHERE d.period = $1{} AND d.state IN ('submitted', 'running')",
            selection_clause(selection)
        );
        sqlx::query_scalar(self.sql(&statement))
            .bind(selection.period.to_string())
            .fetch_one(self.bounded())
            .await
            .map_err(statement_failed("counting open documents", Whose::Ledger))
    }

    /// How many documents of the selection stand in each state; every state is there.
    pub async fn counts(&self, selection: &Selection) -> Result<BTreeMap<State, i64>> {
        let statement = format!(
            "SELECT d.state, count(*) FROM export_documents d WHERE d.period = $1{} GROUP BY d.state",
            selection_clause(selection)
        );
        let rows: Vec<(String, i64)> = sqlx::query_as(self.sql(&statement))
            .bind(selection.period.to_string())
            .fetch_all(self.bounded())
            .await
            .map_err(statement_failed("counting documents", Whose::Ledger))?;
        let mut counts: BTreeMap<State, i64> =
            State::ALL.into_iter().map(|state| (state, 0)).collect();
        for (state, count) in rows {
            counts.insert(State::parse(&state)?, count);
        }
        Ok(counts)
    }

    /// For how many milliseconds the oldest document of the selection has waited that nobody works on.
    pub async fn oldest_waiting_ms(&self, selection: &Selection) -> Result<Option<i64>> {
        let statement = format!(
            "SELECT {{NOW_MS}} - min(d.due_at) FROM export_documents d
             WHERE d.period = $1{} AND d.state IN ('due', 'submitted')",
            selection_clause(selection)
        );
        sqlx::query_scalar(self.sql(&statement))
            .bind(selection.period.to_string())
            .fetch_one(self.bounded())
            .await
            .map_err(statement_failed("looking for what waits", Whose::Ledger))
    }

    /// Failures, excuses, what was given back, and warnings of what succeeded, by cause, most first.
    pub async fn causes(&self, selection: &Selection) -> Result<Vec<CauseCount>> {
        let which = format!("d.period = $1{}", selection_clause(selection));
        self.causes_of(&which, "NULL", &selection.period.to_string())
            .await
    }

    /// The same by cause and column, so that one round fixes all.
    pub async fn causes_by_place(&self, selection: &Selection) -> Result<Vec<CauseCount>> {
        let which = format!("d.period = $1{}", selection_clause(selection));
        self.causes_of(&which, "d.place", &selection.period.to_string())
            .await
    }

    /// The same of the documents that a run recorded or submitted.
    pub async fn causes_of_run(&self, run_id: &str) -> Result<Vec<CauseCount>> {
        self.causes_of(DOCUMENTS_OF_RUN, "NULL", run_id).await
    }

    /// Up to `limit` documents of a run that stand so for this cause.
    pub async fn examples_of_run(
        &self,
        run_id: &str,
        state: State,
        cause: &str,
        limit: i64,
    ) -> Result<Vec<String>> {
        sqlx::query_scalar(self.sql(&format!(
            "SELECT d.document_id FROM export_documents d
             WHERE {DOCUMENTS_OF_RUN} AND d.state = $2 AND d.cause = $3 ORDER BY d.document_id LIMIT $4"
        )))
        .bind(run_id)
        .bind(state.as_str())
        .bind(cause)
        .bind(limit)
        .fetch_all(self.bounded())
        .await
        .map_err(statement_failed("looking for examples", Whose::Ledger))
    }

    /// `place` is the expression that tells columns apart.
    async fn causes_of(
        &self,
        which: &str,
        place: &str,
        parameter: &str,
    ) -> Result<Vec<CauseCount>> {
        let statement = format!(
            "SELECT c.state, c.cause, c.place, c.documents, c.example, e.error
             FROM (SELECT d.state, d.cause, CAST({place} AS text) AS place, count(*) AS documents,
                          min(d.document_id) AS example
                   FROM export_documents d
                   WHERE {which} AND d.cause IS NOT NULL
                   GROUP BY d.state, d.cause, CAST({place} AS text)) c
             JOIN export_documents e ON e.document_id = c.example
             ORDER BY c.documents DESC, c.state, c.cause, COALESCE(c.place, '')"
        );
        let rows: Vec<CauseRow> = sqlx::query_as(self.sql(&statement))
            .bind(parameter.to_owned())
            .fetch_all(self.bounded())
            .await
            .map_err(statement_failed("grouping failures", Whose::Ledger))?;
        rows.into_iter()
            .map(|(state, cause, place, documents, example, example_error)| {
                Ok(CauseCount {
                    state: State::parse(&state)?,
                    cause,
                    place,
                    documents,
                    example,
                    example_error,
                })
            })
            .collect()
    }
}

/// The ledger's word.
pub(super) fn delivery(on_paper: bool) -> &'static str {
    if on_paper { "paper" } else { "electronic" }
}

pub(super) fn unreadable(reason: sqlx::Error) -> crate::Error {
    crate::Error::bug("a column of the ledger could not be read").because(reason)
}
