//! Connecting, and the class of a failed statement.

mod bounded;
mod credentials;
mod encryption;
#[cfg(test)]
mod hidden_passwords;
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
use tokio::time::timeout;

use crate::config::{Config, DatabaseUrl};
use crate::dialect::Dialect;
use crate::{Error, Result, files};

use self::meaning::Meaning;

pub use bounded::{Bounded, answer};

/// A database: where, and which engine.
#[derive(Debug, Clone)]
pub struct Database {
    pub url: DatabaseUrl,
    pub dialect: Dialect,
    /// How long a statement may go on without an answer or another row.
    pub silence: Duration,
}

impl Database {
    pub fn new(url: &DatabaseUrl, silence: Duration) -> Result<Self> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        Ok(Self {
            url: url.clone(),
            dialect: Dialect::of(url)?,
            silence,
        })
    }

    /// The one that has the ledger.
    pub fn of_ledger(config: &Config) -> Result<Self> {
        Self::new(&config.database_url, config.silence)
    }

    /// The one that has the firm's relations.
    pub fn of_source(config: &Config) -> Result<Self> {
        Self::new(&config.source_database_url, config.silence)
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
            files::demand_file_or_nothing(&file)?;
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
                self.url
            ))
            .because(reason)
        })
    }

    fn options(&self, read_only: bool) -> Result<AnyConnectOptions> {
        credentials::refuse_unreadable(&self.url, self.dialect)?;
        let file = self.file();
        let refused = |reason| {
            Error::config(format!(
                "the database file {} cannot be opened; name another one",
                self.url
            ))
            .because(reason)
        };
        if let Some(file) = &file {
            files::demand_file_or_nothing(file).map_err(refused)?;
        }
        if file.is_some_and(|file| !file.exists()) {
            return Err(Error::config(format!(
                "there is no database file {}: `enqueuer demo`, `load` or `migrate` creates it, or set DATABASE_URL",
                self.url
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
        let mut connection = self.connect(true).await?;
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
        let mut connection = self.connect(false).await?;
        set_up(&mut connection, self.dialect)
            .await
            .map_err(|reason| self.cannot_connect(reason))?;
        let refused = pooler::refuse(self, &mut connection);
        within(self.silence, "looking for a pooler", Whose::Ledger, refused).await?;
        say_farewell(connection).await;
        Ok(())
    }

    async fn connect(&self, read_only: bool) -> Result<AnyConnection> {
        let options = self.options(read_only)?;
        answer(CONNECT_TIMEOUT, AnyConnection::connect_with(&options))
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
            .acquire_timeout(CONNECT_TIMEOUT)
            // A connection that was lost shows itself with the next statement, which is a retry.
            .test_before_acquire(false)
            .after_connect(move |connection, _| Box::pin(set_up(connection, dialect)))
    }

    fn cannot_connect(&self, reason: sqlx::Error) -> Error {
        let message = format!(
            "cannot connect to the {} database {}",
            self.dialect, self.url
        );
        if reason.as_database_error().is_none()
            && let Some(unreadable) = tls_files::first_unreadable(&self.url)
        {
            return unreadable.context(message);
        }
        let error = match Meaning::of(&reason, Whose::Ledger) {
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
            Meaning::Silent => Error::retry(
                "database",
                format!(
                    "{message}: nothing answers there as a database does; is it up, and is that its port?"
                ),
            ),
            Meaning::Passing(_) => {
                Error::retry("database", format!("{message}; is it up and reachable?"))
            }
            Meaning::Misconfigured(fix) => Error::config(format!("{message}: {fix}")),
            _ => Error::config(format!(
                "{message}; check DATABASE_URL and SOURCE_DATABASE_URL"
            )),
        };
        // The driver's and the server's words repeat parts of the URL.
        if self.url.is_shown() {
            error.because(reason)
        } else {
            error
        }
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
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the end of a connection is waited for. Nothing depends on it.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// Ends a connection, so that the server sees a farewell instead of a lost client.
pub async fn say_farewell(connection: AnyConnection) {
    let _ = answer(FAREWELL_TIMEOUT, connection.close()).await;
}

/// The same for all connections of a pool.
pub(crate) async fn close_pool(pool: &AnyPool) {
    let _ = timeout(FAREWELL_TIMEOUT, pool.close()).await;
}

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

/// Does something that takes several statements in as long as one may take.
pub(crate) async fn within<T>(
    silence: Duration,
    doing: &str,
    whose: Whose,
    done: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(silence, done)
        .await
        .unwrap_or_else(|_| Err(Meaning::Silent.error(doing, whose)))
}

/// Whether what failed may succeed when it is tried again.
pub(crate) fn passes_by_itself(reason: &sqlx::Error) -> bool {
    matches!(
        Meaning::of(reason, Whose::Ledger),
        Meaning::Passing(_) | Meaning::Silent
    )
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
