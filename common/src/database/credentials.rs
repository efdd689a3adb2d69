//! Users and passwords in URLs: a character that means something there makes another URL of it. No error repeats a part of a URL
//! that does not parse.

use std::io::ErrorKind;
use std::path::Path;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use url::Url;

use super::tls_files::PARAMETERS;
use crate::config::DatabaseUrl;
use crate::dialect::Dialect;
use crate::{Error, Result, files};

/// What to do about a user or password with such a character. It shows nothing of either.
pub(super) const PERCENT_ENCODE: &str = "in the user and password of a URL every character that is no letter, no digit and none of -._~ \
                                         is written percent-encoded, # as %23, / as %2F, ? as %3F and % as %25";

/// Refuses a URL that the driver cannot read. What the driver says is left out: it repeats values of parameters.
pub(super) fn refuse_unreadable(url: &DatabaseUrl, dialect: Dialect) -> Result<()> {
    let text = url.expose();
    if seem_raw(url) {
        return Err(Error::config(format!(
            "cannot connect to the {dialect} database {url}: {PERCENT_ENCODE}"
        )));
    }
    let parsed = Url::parse(text).map_err(|reason| {
        Error::config(format!(
            "the URL of the {dialect} database, of DATABASE_URL or SOURCE_DATABASE_URL, cannot be read: write postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH; \
             {PERCENT_ENCODE}"
        ))
        .because(reason)
    })?;
    let (is_read, parameters) = match dialect {
        Dialect::Postgres => (
            text.parse::<PgConnectOptions>().is_ok(),
            "sslmode is disable, allow, prefer, require, verify-ca or verify-full, port a number, hostaddr an address",
        ),
        Dialect::Sqlite => (
            text.parse::<SqliteConnectOptions>().is_ok(),
            "there are mode, cache, immutable and vfs",
        ),
    };
    if !is_read {
        return Err(Error::config(format!(
            "the URL of the {dialect} database, of DATABASE_URL or SOURCE_DATABASE_URL, has a parameter that cannot be read: {parameters}; escapes (%) are of UTF-8"
        )));
    }
    certificates_are_files(&parsed)
}

/// The driver would wait for a named pipe without end.
fn certificates_are_files(url: &Url) -> Result<()> {
    for (name, value) in url.query_pairs() {
        // A certificate itself may stand there, too, which is the name of no file.
        if PARAMETERS.contains(&&*name)
            && let Err(reason) = files::demand_file_or_nothing(Path::new(&*value))
            && reason.kind() == ErrorKind::InvalidInput
        {
            return Err(Error::config(format!(
                "what {name} names in the URL of a database cannot be read; name a file"
            ))
            .because(reason));
        }
    }
    Ok(())
}

/// Whether a user or password seems to hold one of the characters that end what stands before a path, a query or a fragment: the
/// host and port that are read are then parts of the password.
pub(super) fn seem_raw(url: &DatabaseUrl) -> bool {
    let Some((scheme, rest)) = url.expose().split_once("://") else {
        return false;
    };
    if !scheme.starts_with("postgres") {
        return false;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, beyond) = rest.split_at(end);
    let (path, parameters) = beyond.split_once('?').unwrap_or((beyond, ""));
    let is_no_parameter = |pair: &str| {
        pair.split_once('@')
            .is_some_and(|(before, _)| !before.contains('='))
    };
    // No URL of a database has a fragment. A host and a path beyond what should have held them are no parameter's value.
    beyond.contains('#')
        || path.contains('@')
        || parameters.split('&').any(is_no_parameter)
        || (!authority.contains('@')
            && beyond
                .rsplit_once('@')
                .is_some_and(|(_, server)| server.contains('/')))
}

/// Whether the URL has an escape, which may have been meant as it stands.
pub(super) fn have_escape(url: &DatabaseUrl) -> bool {
    url.expose().contains('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_passwords_are_told_from_parameters() {
        for raw in [
            "postgres://firm:pa#ss@db.example:5432/firm",
            "postgres://firm:pa/ss@db.example:5432/firm",
            "postgres://firm:pa?ss@db.example:5432/firm",
            // What stands before the character would do as a port.
            "postgresql://firm:12#34@db.example/firm",
            "postgres://firm:12/34@db.example/firm",
            "postgres://fi?rm@db.example/firm",
            "postgres://firm:p@ss#word@db.example/firm",
            "postgres://firm:p@ss/word@db.example/firm",
            "postgres://firm:p@ss?word@db.example/firm",
        ] {
            assert!(seem_raw(&DatabaseUrl::new(raw)), "{raw}");
        }
        for plain in [
            "postgres://firm:p%23ss@db.example:5432/firm?sslmode=require",
            "postgres://db.example:5432/firm?user=firm@example",
            "postgres://firm:p@ss@db.example/firm",
            "postgres:///firm?host=/run/postgresql",
            "sqlite:///data/a#b@c/firm.db",
        ] {
            assert!(!seem_raw(&DatabaseUrl::new(plain)), "{plain}");
        }
    }
}
