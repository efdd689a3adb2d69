//! Connecting, and the class of a failed statement.

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::config::DatabaseUrl;
use crate::dialect::Dialect;
use crate::{Error, Result};

/// A database: where, and which engine.
#[derive(Debug, Clone)]
pub struct Database {
    pub url: DatabaseUrl,
    pub dialect: Dialect,
}

impl Database {
    pub fn new(url: &DatabaseUrl) -> Result<Self> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        Ok(Self {
            url: url.clone(),
            dialect: Dialect::of(url)?,
        })
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<PathBuf> {
        let rest = self.url.expose().strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
        (!path.is_empty() && !path.contains(":memory:")).then(|| PathBuf::from(path))
    }

    /// Creates the file of an SQLite database, and its directory, when there is none.
    pub fn create_file(&self) -> Result<()> {
        let Some(file) = self.file() else {
            return Ok(());
        };
        let create = || {
            if let Some(directory) = file
                .parent()
                .filter(|directory| !directory.as_os_str().is_empty())
            {
                std::fs::create_dir_all(directory)?;
            }
            std::fs::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&file)
                .map(drop)
        };
        create().map_err(|reason| {
            Error::config(format!(
                "the database file {} cannot be created; is its directory writable?",
                file.display()
            ))
            .because(reason)
        })
    }

    fn options(&self, read_only: bool) -> Result<AnyConnectOptions> {
        if let Some(file) = self.file()
            && !file.exists()
        {
            return Err(Error::config(format!(
                "there is no database file {}: `enqueuer demo`, `load` or `migrate` creates it, or set DATABASE_URL",
                file.display()
            )));
        }
        let url = self.url.expose();
        let url = match self.dialect {
            Dialect::Sqlite if read_only && !url.contains("mode=") => {
                format!("{url}{}mode=ro", if url.contains('?') { '&' } else { '?' })
            }
            _ => url.to_owned(),
        };
        let options: AnyConnectOptions = url
            .parse()
            .map_err(|reason: sqlx::Error| self.cannot_connect(reason))?;
        Ok(options.disable_statement_logging())
    }

    /// Connects for reading only, as a source is read: it is never written.
    pub async fn connect_read_only(&self) -> Result<AnyConnection> {
        let options = self.options(true)?;
        let mut connection = AnyConnection::connect_with(&options)
            .await
            .map_err(|reason| self.cannot_connect(reason))?;
        if self.dialect == Dialect::Sqlite {
            for pragma in [
                "PRAGMA query_only = ON",
                "PRAGMA busy_timeout = 60000",
                "PRAGMA cache_size = -8192",
            ] {
                connection
                    .execute(pragma)
                    .await
                    .map_err(|reason| self.cannot_connect(reason))?;
            }
        }
        Ok(connection)
    }

    /// Connects once, to tell at once and exactly what is wrong: a pool would try again until its time is up.
    pub async fn verify(&self) -> Result<()> {
        let mut connection = AnyConnection::connect_with(&self.options(false)?)
            .await
            .map_err(|reason| self.cannot_connect(reason))?;
        set_up(&mut connection, self.dialect)
            .await
            .map_err(|reason| self.cannot_connect(reason))?;
        connection
            .close()
            .await
            .map_err(|reason| self.cannot_connect(reason))
    }

    /// Opens a pool for reading and writing our own tables.
    pub async fn connect_pool(&self, max_connections: u32) -> Result<AnyPool> {
        self.pool_options(max_connections)
            .connect_with(self.options(false)?)
            .await
            .map_err(|reason| self.cannot_connect(reason))
    }

    /// A pool of one connection that is made when it is first needed.
    pub fn spare_connection(&self) -> Result<AnyPool> {
        Ok(self.pool_options(1).connect_lazy_with(self.options(false)?))
    }

    fn pool_options(&self, max_connections: u32) -> AnyPoolOptions {
        let dialect = self.dialect;
        AnyPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A connection that was lost shows itself with the next statement, which is a retry.
            .test_before_acquire(false)
            .after_connect(move |connection, _| Box::pin(set_up(connection, dialect)))
    }

    fn cannot_connect(&self, reason: sqlx::Error) -> Error {
        let message = format!(
            "cannot connect to the {} database {}",
            self.dialect, self.url
        );
        match classify(&reason) {
            // What TLS says of a certificate comes as data that makes no sense.
            _ if is_invalid_data(&reason) => Error::config(format!(
                "{message}: its certificate cannot be verified; name its authority's in the URL, sslrootcert=PATH, and the host as the certificate does"
            ))
            .because(reason),
            Fault::Lost => Error::retry("database", format!("{message}; is it up and reachable?"))
                .because(reason),
            _ => Error::config(format!(
                "{message}; check DATABASE_URL and SOURCE_DATABASE_URL"
            ))
            .because(reason),
        }
    }
}

fn is_invalid_data(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(reason) if reason.kind() == std::io::ErrorKind::InvalidData)
}

/// How long a connection is waited for.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes a connection ready for reading and writing our own tables.
async fn set_up(connection: &mut AnyConnection, dialect: Dialect) -> sqlx::Result<()> {
    if dialect == Dialect::Sqlite {
        // WAL lets readers and one writer work side by side. A power cut may lose the last commits, never the database;
        // published documents are adopted again.
        for pragma in [
            "PRAGMA busy_timeout = 60000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "PRAGMA foreign_keys = ON",
        ] {
            connection.execute(pragma).await?;
        }
    }
    Ok(())
}

/// A dynamic query that is safe: it is put together from our own text, values are always bound.
pub fn query_text(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}

/// What a failed statement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The connection, the server or its resources: try again.
    Lost,
    /// A relation or column is missing.
    Schema,
    /// A right is missing.
    Denied,
    /// Row-level security would have left rows out.
    Filtered,
    /// The statement itself.
    Other,
}

fn classify(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Fault::Lost,
        sqlx::Error::Database(reported) => match reported.code().as_deref() {
            _ if is_row_security(reported.as_ref()) => Fault::Filtered,
            Some(code) if code.len() == 5 => classify_sqlstate(code),
            // SQLite's result codes; the low byte is the primary one.
            Some(code) => match code.parse::<u32>().map(|code| code & 0xff) {
                // BUSY, LOCKED, NOMEM, IOERR, FULL, PROTOCOL
                Ok(5 | 6 | 7 | 10 | 13 | 15) => Fault::Lost,
                // ERROR is "no such table" among others; PERM, READONLY, CANTOPEN, AUTH, NOTADB
                Ok(1 | 3 | 8 | 14 | 23 | 26) => Fault::Schema,
                _ => Fault::Other,
            },
            None => Fault::Other,
        },
        _ => Fault::Other,
    }
}

/// Whether row-level security stopped a statement, as it does where `row_security` is off. It has no SQLSTATE of its own; messages are
/// translated, the names of the server's functions are not.
fn is_row_security(reported: &dyn DatabaseError) -> bool {
    reported
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|error| error.code() == "42501" && error.routine() == Some("check_enable_rls"))
}

/// Whether a statement failed because there is no such table.
pub(crate) fn lacks_relation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|reported| {
        reported.code().as_deref() == Some("42P01")
            || reported.message().starts_with("no such table")
    })
}

/// PostgreSQL's SQLSTATE classes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn classify_sqlstate(code: &str) -> Fault {
    match (&code[..2], code) {
        // Connection exception, insufficient resources, transaction rollback (also a snapshot cancelled by a replica's
        // recovery), operator intervention (shutdown, cancelled), system error.
        ("08" | "53" | "40" | "57" | "58", _) => Fault::Lost,
        (_, "42P01" | "42703" | "3D000" | "28000" | "28P01" | "3F000" | "42883" | "42804") => {
            Fault::Schema
        }
        (_, "42501") => Fault::Denied,
        _ => Fault::Other,
    }
}

/// Gives a failed statement its class. `doing` says what was being done, `whose` where (the source or the ledger).
pub fn statement_failed(doing: &str, whose: Whose) -> impl FnOnce(sqlx::Error) -> Error + use<'_> {
    move |reason| {
        let error = match (classify(&reason), whose) {
            (Fault::Lost, _) => Error::retry("database", format!("{doing}: the database failed")),
            (Fault::Schema, Whose::Source) => Error::config(format!(
                "{doing}: the source does not follow the contract; `enqueuer check` names every deviation"
            )),
            (Fault::Schema, Whose::Ledger) => Error::config(format!(
                "{doing}: the ledger is not usable; `enqueuer migrate` brings it up to date"
            )),
            (Fault::Denied, _) => Error::config(format!(
                "{doing}: the database user has no right to; GRANT it (SELECT on the source, all on the ledger)"
            )),
            (Fault::Filtered, _) => Error::config(format!(
                "{doing}: row-level security hides rows from the reader; `enqueuer check` names the relations and the fix"
            )),
            (Fault::Other, Whose::Source) => Error::data(
                "source",
                format!("{doing}: the source's data could not be read"),
            ),
            (Fault::Other, Whose::Ledger) => Error::bug(format!("{doing}: the statement failed")),
        };
        error.because(reason)
    }
}

/// Whose tables a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Source,
    Ledger,
}
