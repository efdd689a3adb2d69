//! How a statement reaches the source: prepared under a name only where the session is ours.

use std::fmt;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::error::BoxDynError;
use sqlx::{Any, AnyConnection, Arguments, Either, Execute, Executor, SqlStr};

/// A connection of the source, for one statement.
///
/// A statement that is prepared under a name is parsed once per session. Behind a pooler in transaction mode the session of the
/// next transaction is another one, where the name is unknown or, worse, another statement's. Without a name it is parsed each
/// time, in the transaction that it runs in. One without values goes in a single message, which also serves outside of transactions.
pub struct Reading<'c> {
    pub(super) connection: &'c mut AnyConnection,
    pub(super) is_own_session: bool,
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("is_own_session", &self.is_own_session)
            .finish_non_exhaustive()
    }
}

impl Reading<'_> {
    fn statement<E>(&self, query: E) -> Statement<E> {
        Statement {
            query,
            is_named: self.is_own_session,
        }
    }
}

impl<'c> Executor<'c> for Reading<'c> {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let statement = self.statement(query);
        self.connection.fetch_many(statement)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let statement = self.statement(query);
        self.connection.fetch_optional(statement)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }
}

/// A query, with or without a name on the server.
struct Statement<E> {
    query: E,
    is_named: bool,
}

impl<'q, E: Execute<'q, Any>> Execute<'q, Any> for Statement<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&AnyStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<AnyArguments>, BoxDynError> {
        let arguments = self.query.take_arguments()?;
        Ok(arguments.filter(|arguments| self.is_named || arguments.len() > 0))
    }

    fn persistent(&self) -> bool {
        self.is_named && self.query.persistent()
    }
}
