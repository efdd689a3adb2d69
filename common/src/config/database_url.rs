//! The URL of a database. Users write passwords into it, also where none belong: what is shown of it is what a URL parser
//! took apart, never a piece of the text.

use std::fmt;

use url::{Host, Url};

use super::Deployment;

/// The parameters that the driver of PostgreSQL knows.
/// https://docs.rs/sqlx/0.9.0/sqlx/postgres/struct.PgConnectOptions.html
pub(super) const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

/// A database URL. Shown without its password, or not at all.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(super) String);

impl DatabaseUrl {
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// On AWS the server's certificate is verified unless the URL says how else: libpq's own default would take any
    /// server, even without TLS.
    pub(super) fn of(url: String, deployment: Deployment) -> Self {
        let postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let says = url.split_once('?').is_some_and(|(_, parameters)| {
            parameters.contains("sslmode=") || parameters.contains("ssl-mode=")
        });
        if deployment == Deployment::Local || !postgres || says {
            return Self(url);
        }
        let joined = if url.contains('?') { '&' } else { '?' };
        Self(format!("{url}{joined}sslmode=verify-full"))
    }

    /// With the password, for connecting only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the URL can be shown, and with it what a driver or server says about its parts.
    pub fn is_shown(&self) -> bool {
        self.shown().is_some()
    }

    /// The parameters that the driver of PostgreSQL ignores, by their number. Their names are not told: a raw `&` in a password
    /// makes a name of what follows it.
    pub(super) fn ignored_parameters(&self) -> Vec<usize> {
        match Url::parse(&self.0) {
            Ok(url) if url.scheme().starts_with("postgres") => url
                .query_pairs()
                .zip(1..)
                .filter(|((name, _), _)| {
                    !PARAMETERS.contains(&&**name) && !name.starts_with("options[")
                })
                .map(|(_, number)| number)
                .collect(),
            _ => Vec::new(),
        }
    }

    fn shown(&self) -> Option<String> {
        match self.0.split_once(':')? {
            ("sqlite", path) if Url::parse(&self.0).is_ok() => shown_file(path),
            ("postgres" | "postgresql", rest) if rest.starts_with("//") => {
                shown_server(&Url::parse(&self.0).ok()?, rest)
            }
            _ => None,
        }
    }
}

/// The path of an SQLite database. No path begins as `user:password@host` or `host=…` does.
fn shown_file(path: &str) -> Option<String> {
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next()?;
    let is_path = path == ":memory:" || !path.split('/').next()?.contains([':', '=']);
    is_path.then(|| format!("sqlite://{path}"))
}

/// User, host, port and database. A password with a raw `@`, `/`, `?` or `#` reaches into what follows it: then nothing is shown.
/// `rest` is the URL behind its scheme, as it was written.
fn shown_server(url: &Url, rest: &str) -> Option<String> {
    let database = url.path().strip_prefix('/').unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let is_host = matches!(url.host(), Some(Host::Ipv6(_))) || is_name(host);
    let are_parameters = url.query().is_none_or(|query| {
        !query.contains('@') && query.split('&').all(|pair| pair.contains('='))
    });
    // The parser escapes what belongs to no user, such as a second `@`.
    let is_user = is_name(url.username()) && rest[2..].starts_with(url.username());
    let is_read_as_meant =
        is_user && is_host && is_name(database) && are_parameters && url.fragment().is_none();
    if !is_read_as_meant {
        return None;
    }
    let scheme = url.scheme();
    let user = url.username();
    if user.is_empty() {
        // A port without a user may be a password of digits without a host.
        return Some(format!("{scheme}://{host}/{database}"));
    }
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{scheme}://{user}@{host}{port}/{database}"))
}

/// Whether a part is only a name: no `:` or `@` of something else, no `password=…` of a list of keys and values.
fn is_name(part: &str) -> bool {
    part.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Some(shown) => f.write_str(&shown),
            None => {
                f.write_str("(its URL, of DATABASE_URL or SOURCE_DATABASE_URL, is not shown: it may hold a password where none belongs)")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
