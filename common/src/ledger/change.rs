//! A change of a document's state with what follows from it, in one transaction: on PostgreSQL in one round trip.

use std::fmt::Write as _;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row};

use super::Ledger;
use crate::Result;
use crate::database::{Whose, statement_failed};
use crate::dialect::Dialect;

/// A conditional UPDATE of one document and the statements that follow from it. All have the same parameters.
pub(super) struct Change<'q> {
    /// For messages.
    pub doing: &'q str,
    /// `UPDATE export_documents …`.
    pub update: &'q str,
    /// What holds for the document's row once it is updated, and for no other row.
    pub updated: &'q str,
    /// They find the updated document as the relation `{CHANGED}`, which is empty when the UPDATE found nothing to do.
    /// They see nothing else that the UPDATE did, and are about other rows.
    pub then: &'q [&'q str],
    pub parameters: Parameters,
}

/// The parameters of a change's statements, `$1` first.
#[derive(Default)]
pub(super) struct Parameters(Vec<Parameter>);

enum Parameter {
    Text(Option<String>),
    Number(Option<i64>),
}

impl Parameters {
    #[must_use]
    pub fn text(mut self, value: impl Into<Option<String>>) -> Self {
        self.0.push(Parameter::Text(value.into()));
        self
    }

    #[must_use]
    pub fn number(mut self, value: impl Into<Option<i64>>) -> Self {
        self.0.push(Parameter::Number(value.into()));
        self
    }

    fn bind(&self, statement: AssertSqlSafe<String>) -> Query<'static, Any, AnyArguments> {
        self.0
            .iter()
            .fold(sqlx::query(statement), |query, parameter| match parameter {
                Parameter::Text(text) => query.bind(text.clone()),
                Parameter::Number(number) => query.bind(*number),
            })
    }
}

impl Ledger {
    /// Makes the change. `false` = the UPDATE found nothing to do.
    pub(super) async fn change(&self, change: Change<'_>) -> Result<bool> {
        match self.database.dialect {
            Dialect::Postgres => self.change_at_once(change).await,
            Dialect::Sqlite => self.change_in_turn(change).await,
        }
    }

    /// As one statement with data-modifying WITH clauses. They see other rows as they were when it began: where it waited for
    /// another one's change of the document, what that one left open is found by the next.
    async fn change_at_once(&self, change: Change<'_>) -> Result<bool> {
        let mut statement = format!("WITH changed AS ({} RETURNING *)", change.update);
        for (n, then) in (1..).zip(change.then) {
            let then = then.replace("{CHANGED}", "changed");
            let _ = write!(statement, ", then_{n} AS ({then})");
        }
        statement.push_str(" SELECT count(*) FROM changed");
        let counted = change
            .parameters
            .bind(self.sql(&statement))
            // To the end: what fails at the commit comes after the row.
            .fetch_all(self.bounded())
            .await
            .and_then(|rows| rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(0)));
        counted
            .map(|changed| changed > 0)
            .map_err(statement_failed(change.doing, Whose::Ledger))
    }

    /// As statements in turn, where a round trip is a call.
    async fn change_in_turn(&self, change: Change<'_>) -> Result<bool> {
        let failed = |reason| statement_failed(change.doing, Whose::Ledger)(reason);
        let mut transaction = self.begin().await?;
        let changed = change
            .parameters
            .bind(self.sql(change.update))
            .execute(transaction.bounded())
            .await
            .map_err(failed)?
            .rows_affected();
        let updated = if changed > 0 { change.updated } else { "1 = 0" };
        let relation = format!("(SELECT * FROM export_documents WHERE {updated}) AS changed");
        for then in change.then {
            change
                .parameters
                .bind(self.sql(&then.replace("{CHANGED}", &relation)))
                .execute(transaction.bounded())
                .await
                .map_err(failed)?;
        }
        transaction.commit(change.doing).await?;
        Ok(changed > 0)
    }
}
