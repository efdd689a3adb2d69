//! What operators decide about documents: made again, reissued, excused. Each change is conditional on the state it was
//! decided for, so that what succeeded meanwhile stays, and is kept with its reason.

use super::comparisons::{CHANGED, PUBLISHED};
use super::documents::{Selection, delivery};
use super::{Ledger, Run, State, literals, selection_clause};
use crate::database::{Whose, statement_failed};
use crate::statement::{AccountId, DocumentId, Kind, Period};
use crate::{PROGRAM_VERSION, Result};

/// Which documents an operator means.
#[derive(Debug, Clone)]
pub enum Chosen {
    Named(Vec<DocumentId>),
    Filtered(Filter),
}

/// Documents of a period that stand alike.
#[derive(Debug, Clone)]
pub struct Filter {
    pub period: Period,
    pub among: Among,
    /// Only those of this cause.
    pub cause: Option<String>,
    /// Only those of this kind.
    pub kind: Option<Kind>,
    /// Only those of these accounts; empty = of all.
    pub accounts: Vec<AccountId>,
}

/// How they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    Failed,
    /// By their latest revisions.
    Published,
    /// Of these, what the newest comparison found to be no longer what the source says.
    Changed,
}

impl Filter {
    /// As a condition on `d`, from our own words and checked ids only; `$1` is the period, `$2` the cause or null.
    fn clause(&self) -> String {
        let among = match self.among {
            Among::Failed => "d.state = 'failed'".to_owned(),
            Among::Published => PUBLISHED.to_owned(),
            Among::Changed => format!("{PUBLISHED} AND {CHANGED}"),
        };
        let selection = Selection {
            period: self.period,
            kinds: self.kind.into_iter().collect(),
            accounts: self.accounts.clone(),
            groups: Vec::new(),
        };
        format!(
            "d.period = $1 AND (CAST($2 AS text) IS NULL OR d.cause = $2) AND {among}{}",
            selection_clause(&selection)
        )
    }
}

/// A document as it stands before it is steered.
#[derive(Debug, Clone)]
pub struct Found {
    pub document: DocumentId,
    pub state: State,
    pub cause: Option<String>,
    /// A later revision exists.
    pub is_replaced: bool,
    pub estimated_rows: i64,
}

/// A document that is made again.
#[derive(Debug, Clone)]
pub struct Remade {
    pub document: DocumentId,
    /// By the account's consent as it is now.
    pub on_paper: bool,
}

/// The next revision of a document.
#[derive(Debug, Clone)]
pub struct NewRevision<'a> {
    pub document: &'a DocumentId,
    pub on_paper: bool,
    pub estimated_rows: i64,
    pub customer_note: Option<&'a str>,
}

/// Ids in one statement.
const CHUNK: usize = 500;

const FOUND: &str = "SELECT d.document_id, d.state, d.cause,
        CASE WHEN EXISTS (SELECT 1 FROM export_documents n WHERE n.kind = d.kind AND n.account_id = d.account_id
                          AND n.period = d.period AND n.revision > 1 AND n.revision > d.revision) THEN 1 ELSE 0 END,
        d.estimated_rows
    FROM export_documents d";

impl Ledger {
    /// The documents that an operator means, by id. One that the ledger does not know is an error.
    pub async fn chosen(&self, chosen: &Chosen) -> Result<Vec<Found>> {
        let failed = |reason| statement_failed("looking for the documents", Whose::Ledger)(reason);
        let mut rows: Vec<(String, String, Option<String>, i64, i64)> = Vec::new();
        match chosen {
            Chosen::Named(documents) => {
                for chunk in documents.chunks(CHUNK) {
                    let statement = format!("{FOUND} WHERE d.document_id IN ({})", literals(chunk));
                    let found = sqlx::query_as(self.sql(&statement)).fetch_all(self.bounded());
                    rows.extend(found.await.map_err(failed)?);
                }
                let known: std::collections::HashSet<&str> =
                    rows.iter().map(|row| row.0.as_str()).collect();
                if let Some(unknown) = documents
                    .iter()
                    .find(|document| !known.contains(document.to_string().as_str()))
                {
                    return Err(self.unknown(unknown));
                }
            }
            Chosen::Filtered(filter) => {
                let statement = format!("{FOUND} WHERE {}", filter.clause());
                rows = sqlx::query_as(self.sql(&statement))
                    .bind(filter.period.to_string())
                    .bind(filter.cause.clone())
                    .fetch_all(self.bounded())
                    .await
                    .map_err(failed)?;
            }
        }
        let mut found = rows
            .into_iter()
            .map(|(id, state, cause, replaced, estimated_rows)| {
                Ok(Found {
                    document: id.parse()?,
                    state: State::parse(&state)?,
                    cause,
                    is_replaced: replaced == 1,
                    estimated_rows,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        found.sort_by(|a, b| a.document.cmp(&b.document));
        Ok(found)
    }

    /// Makes failed and excused documents due again as documents of `run`, each as heavy as `rows_at_least`. Returns how many;
    /// those that someone else changed meanwhile stay.
    pub async fn resubmit(
        &self,
        run: &Run,
        documents: &[Remade],
        rows_at_least: i64,
        profile_hash: &str,
        reason: &str,
    ) -> Result<u64> {
        let failed = |reason| statement_failed("resubmitting documents", Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        let mut changed = 0;
        for on_paper in [false, true] {
            let alike: Vec<&DocumentId> = documents
                .iter()
                .filter(|remade| remade.on_paper == on_paper)
                .map(|remade| &remade.document)
                .collect();
            for chunk in alike.chunks(CHUNK) {
                changed += sqlx::query(self.sql(&format!(
                    "UPDATE export_documents
                     SET state = 'due', run_id = $1, issued_on = $2, profile_hash = $3, program_version = $4,
                         attempts = 0, submissions = 0, job_id = NULL, cause = NULL, error = NULL, place = NULL, settled_at = NULL,
                         due_at = {{NOW_MS}}, delivery = $5,
                         estimated_rows = CASE WHEN estimated_rows < $6 THEN $6 ELSE estimated_rows END
                     WHERE state IN ('failed', 'excused') AND document_id IN ({})",
                    literals(chunk)
                )))
                .bind(run.run_id.clone())
                .bind(run.issued_on.to_string())
                .bind(profile_hash.to_owned())
                .bind(PROGRAM_VERSION)
                .bind(delivery(on_paper))
                .bind(rows_at_least)
                .execute(transaction.bounded())
                .await
                .map_err(failed)?
                .rows_affected();
            }
        }
        sqlx::query(self.sql(
            "INSERT INTO export_actions (action_id, document_id, action, reason, acted_at)
             SELECT $1 || '.' || document_id, document_id, 'resubmit', $2, {NOW_MS}
             FROM export_documents WHERE run_id = $1",
        ))
        .bind(run.run_id.clone())
        .bind(reason.to_owned())
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        transaction.commit("resubmitting documents").await?;
        Ok(changed)
    }

    /// Excuses documents that are due or failed. Returns how many.
    pub async fn excuse(&self, documents: &[DocumentId], reason: &str) -> Result<u64> {
        let failed = |reason| statement_failed("excusing documents", Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        let mut changed = 0;
        for chunk in documents.chunks(CHUNK) {
            let excused: Vec<String> = sqlx::query_scalar(self.sql(&format!(
                "UPDATE export_documents
                 SET state = 'excused', cause = 'operator', error = $1, settled_at = {{NOW_MS}}
                 WHERE state IN ('due', 'failed') AND document_id IN ({}) RETURNING document_id",
                literals(chunk)
            )))
            .bind(reason.to_owned())
            .fetch_all(transaction.bounded())
            .await
            .map_err(failed)?;
            changed += excused.len() as u64;
            if excused.is_empty() {
                continue;
            }
            let ids = literals(&excused);
            sqlx::query(self.sql(&format!(
                "INSERT INTO export_actions (action_id, document_id, action, reason, acted_at)
                 SELECT document_id || $1, document_id, 'excuse', $2, {{NOW_MS}}
                 FROM export_documents WHERE document_id IN ({ids})"
            )))
            .bind(format!("-{:016x}", fastrand::u64(..)))
            .bind(reason.to_owned())
            .execute(transaction.bounded())
            .await
            .map_err(failed)?;
        }
        transaction.commit("excusing documents").await?;
        Ok(changed)
    }

    /// Records the next revision of a published document as due. `false` = somebody else reissued it meanwhile.
    pub async fn reissue(
        &self,
        run: &Run,
        new: &NewRevision<'_>,
        profile_hash: &str,
        reason: &str,
    ) -> Result<bool> {
        let failed = |reason| statement_failed("reissuing the document", Whose::Ledger)(reason);
        let document = new.document;
        let mut transaction = self.begin().await?;
        let inserted = sqlx::query(self.sql(
            "INSERT INTO export_documents (document_id, kind, account_id, period, revision, state, delivery, estimated_rows,
                 run_id, issued_on, profile_hash, program_version, customer_note, due_at)
             VALUES ($1, $2, $3, $4, $5, 'due', $6, $7, $8, $9, $10, $11, $12, {NOW_MS}) ON CONFLICT DO NOTHING",
        ))
        .bind(document.to_string())
        .bind(document.kind.as_str())
        .bind(document.account_id.to_string())
        .bind(document.period.to_string())
        .bind(i64::from(document.revision))
        .bind(delivery(new.on_paper))
        .bind(new.estimated_rows)
        .bind(run.run_id.clone())
        .bind(run.issued_on.to_string())
        .bind(profile_hash.to_owned())
        .bind(PROGRAM_VERSION)
        .bind(new.customer_note.map(ToOwned::to_owned))
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            transaction.rollback("reissuing the document").await?;
            return Ok(false);
        }
        sqlx::query(self.sql(
            "INSERT INTO export_actions (action_id, document_id, action, reason, acted_at)
             VALUES ($1, $2, 'reissue', $3, {NOW_MS})",
        ))
        .bind(format!("{}.{document}", run.run_id))
        .bind(document.to_string())
        .bind(reason.to_owned())
        .execute(transaction.bounded())
        .await
        .map_err(failed)?;
        transaction.commit("reissuing the document").await?;
        Ok(true)
    }
}
