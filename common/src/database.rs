//! Connecting, and the class of a failed statement.

mod credentials;
mod meaning;
pub(crate) mod pooler;
mod sqlite_code;
mod sqlstate;
mod tls_files;

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::config::DatabaseUrl;
use crate::dialect::Dialect;
use crate::{Error, Result};

use self::meaning::Meaning;

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

    /// Connects once, to tell at once and exactly what is wrong: a pool would try again until its time is up. For what is written
    /// to; a pooler between must then keep prepared statements apart.
    pub async fn verify(&self) -> Result<()> {
        let mut connection = AnyConnection::connect_with(&self.options(false)?)
            .await
            .map_err(|reason| self.cannot_connect(reason))?;
        set_up(&mut connection, self.dialect)
            .await
            .map_err(|reason| self.cannot_connect(reason))?;
        pooler::refuse(self, &mut connection).await?;
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
        if credentials::seem_raw(&self.url) {
            // The reason would be about a host and a port that nobody meant.
            return Error::config(format!("{message}: {}", credentials::PERCENT_ENCODE));
        }
        if reason.as_database_error().is_none()
            && let Some(unreadable) = tls_files::first_unreadable(&self.url)
        {
            return unreadable.context(message);
        }
        match Meaning::of(&reason, Whose::Ledger) {
            // What TLS says of a certificate comes as data that makes no sense.
            _ if is_invalid_data(&reason) => Error::config(format!(
                "{message}: its certificate cannot be verified; name its authority's in the URL, sslrootcert=PATH, and the host as the certificate does"
            )),
            _ if is_refused_password(&reason) && credentials::have_escape(&self.url) => {
                Error::config(format!(
                    "{message}: the server refuses user or password; {}",
                    credentials::PERCENT_ENCODE
                ))
            }
            _ if is_refused_parameter(&reason) => Error::config(format!(
                "{message}: a pooler refuses what the driver asks for at the start; in pgbouncer.ini, ignore_startup_parameters = extra_float_digits"
            )),
            Meaning::Passing(_) => {
                Error::retry("database", format!("{message}; is it up and reachable?"))
            }
            Meaning::Misconfigured(fix) => Error::config(format!("{message}: {fix}")),
            _ => Error::config(format!(
                "{message}; check DATABASE_URL and SOURCE_DATABASE_URL"
            )),
        }
        .because(reason)
    }
}

fn is_invalid_data(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(reason) if reason.kind() == std::io::ErrorKind::InvalidData)
}

fn is_refused_password(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "28000" | "28P01"))
}

/// PgBouncer's word for a parameter that it does not know.
fn is_refused_parameter(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|reported| reported.message().contains("unsupported startup parameter"))
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

/// Whether a statement failed because there is no such table.
pub(crate) fn lacks_relation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|reported| {
        reported.code().as_deref() == Some("42P01")
            || reported.message().starts_with("no such table")
    })
}

/// Gives a failed statement its class. `doing` says what was being done, `whose` where (the source or the ledger).
pub fn statement_failed(doing: &str, whose: Whose) -> impl FnOnce(sqlx::Error) -> Error + use<'_> {
    move |reason| {
        let error = Meaning::of(&reason, whose).error(doing, whose);
        error.of_failed_statement().because(reason)
    }
}

/// Whether what failed may succeed when it is tried again.
pub(crate) fn passes_by_itself(reason: &sqlx::Error) -> bool {
    matches!(Meaning::of(reason, Whose::Ledger), Meaning::Passing(_))
}

/// Whether row-level security stopped a statement.
pub(crate) fn is_row_security(reason: &sqlx::Error) -> bool {
    matches!(Meaning::of(reason, Whose::Source), Meaning::Filtered)
}

/// Whose tables a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Source,
    Ledger,
}
