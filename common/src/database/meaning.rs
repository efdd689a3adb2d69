//! What a failed statement means, whatever the engine.

use super::bounded::is_silence;
use super::{Whose, sqlite_code, sqlstate};
use crate::Error;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// What may be done about a failed statement. Texts are ends of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The connection, the server or its resources, or somebody else's work: what it is passes by itself.
    Passing(&'static str),
    /// Nothing came for as long as may be waited.
    Silent,
    /// Somebody must fix it, and how.
    Misconfigured(&'static str),
    /// A relation or column is missing or of another kind.
    Contract,
    /// A right is missing.
    Right,
    /// Row-level security would have left rows out.
    Filtered,
    /// A row cannot be read.
    Data,
    /// A mistake of ours.
    Ours,
}

impl Meaning {
    #[cfg(test)]
    pub(super) const fn class(self) -> crate::Class {
        use crate::Class;
        match self {
            Meaning::Passing(_) | Meaning::Silent => Class::Retry,
            Meaning::Misconfigured(_) | Meaning::Contract | Meaning::Right | Meaning::Filtered => {
                Class::Config
            }
            Meaning::Data => Class::Data,
            Meaning::Ours => Class::Bug,
        }
    }

    /// What a failure means for what reads the source or works on the ledger.
    pub(super) fn of(error: &sqlx::Error, whose: Whose) -> Self {
        const LOST: Meaning = Meaning::Passing("the connection was lost");
        match error {
            silent if is_silence(silent) => Meaning::Silent,
            // A pool waits no longer than for a connection.
            sqlx::Error::PoolTimedOut => Meaning::Silent,
            sqlx::Error::Io(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            // Answers in another order than was asked: a pooler or a proxy between, or the connection broke.
            | sqlx::Error::Protocol(_) => LOST,
            sqlx::Error::Database(reported) if is_row_security(reported.as_ref()) => Meaning::Filtered,
            sqlx::Error::Database(reported) => match reported.code().as_deref() {
                Some("08P01") => sqlstate::meaning(pooler_state(reported.message()), whose),
                Some(code) if code.len() == 5 => sqlstate::meaning(code, whose),
                Some(code) => {
                    let code = code.parse().unwrap_or_default();
                    sqlite_code::meaning(code, reported.message(), whose)
                }
                None => Self::unknown(whose),
            },
            _ => Self::unknown(whose),
        }
    }

    const fn unknown(whose: Whose) -> Self {
        match whose {
            Whose::Source => Meaning::Data,
            Whose::Ledger => Meaning::Ours,
        }
    }

    /// The error of whoever was `doing` something.
    pub(super) fn error(self, doing: &str, whose: Whose) -> Error {
        match (self, whose) {
            (Meaning::Passing(what), _) => {
                Error::retry("database", format!("{doing}: the database failed, {what}"))
            }
            (Meaning::Silent, _) => Error::retry(
                "database",
                format!(
                    "{doing}: the database said nothing for too long; it is frozen or gone, or a lock is in the way, or the statement takes longer than STALL_SECONDS"
                ),
            ),
            (Meaning::Misconfigured(fix), _) => Error::config(format!("{doing}: {fix}")),
            (Meaning::Contract, Whose::Source) => Error::config(format!(
                "{doing}: the source does not follow the contract; `enqueuer check` names every deviation"
            )),
            (Meaning::Contract, Whose::Ledger) => Error::config(format!(
                "{doing}: the ledger is not usable; `enqueuer migrate` brings it up to date"
            )),
            (Meaning::Right, Whose::Source) => Error::config(format!(
                "{doing}: the database user has no right to; `enqueuer check` prints the GRANT that the source's owner runs"
            )),
            (Meaning::Right, Whose::Ledger) => Error::config(format!(
                "{doing}: the database user has no right to; the ledger's user owns its tables, and creates them: as owner of the database, or by GRANT CREATE ON SCHEMA"
            )),
            (Meaning::Filtered, _) => Error::config(format!(
                "{doing}: row-level security hides rows from the reader; `enqueuer check` names the relations and the fix"
            )),
            (Meaning::Data, _) => Error::data(
                "source",
                format!("{doing}: the source's data could not be read"),
            ),
            (Meaning::Ours, _) => Error::bug(format!("{doing}: the statement failed")),
        }
    }
}

/// What a pooler means that says no more than "protocol violation", as PgBouncer does of a client that it turns away.
fn pooler_state(message: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&["authentication failed", "no such user"]) {
        "28P01"
    } else if says(&["no such database"]) {
        "3D000"
    } else {
        "08P01"
    }
}

/// Whether row-level security stopped a statement, as it does where `row_security` is off. It has no SQLSTATE of its own; messages are
/// translated, the names of the server's functions are not.
fn is_row_security(reported: &dyn DatabaseError) -> bool {
    reported
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|error| error.code() == "42501" && error.routine() == Some("check_enable_rls"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooler_that_turns_a_client_away_is_understood() {
        for (says, state) in [
            ("password authentication failed", "28P01"),
            ("SASL authentication failed", "28P01"),
            ("no such user: reader", "28P01"),
            ("no such database: statements", "3D000"),
            ("server conn crashed?", "08P01"),
        ] {
            assert_eq!(pooler_state(says), state, "{says}");
        }
    }
}
