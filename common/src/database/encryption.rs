//! How well a server of PostgreSQL is known, and what goes to it hidden.

use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Database;
use crate::dialect::Dialect;

const MEND: &str =
    "write sslmode=verify-full and sslrootcert=PATH of its authority's certificate into the URL";

impl Database {
    /// What an operator should know of the way to the server: `None` = its certificate is verified, or no network is between. As the
    /// driver reads URL and environment (`PGSSLMODE`).
    pub fn unprotected(&self) -> Option<String> {
        if self.dialect != Dialect::Postgres {
            return None;
        }
        let options: PgConnectOptions = self.url.expose().parse().ok()?;
        if options.get_socket().is_some() || is_this_machine(options.get_host()) {
            return None;
        }
        let note = match options.get_ssl_mode() {
            PgSslMode::VerifyFull | PgSslMode::VerifyCa => return None,
            PgSslMode::Require => {
                "is encrypted to whoever answers there: sslmode=require verifies no certificate"
            }
            PgSslMode::Disable => {
                "goes over the network unencrypted, with the password: sslmode=disable"
            }
            PgSslMode::Allow | PgSslMode::Prefer => {
                "may go over the network unencrypted, with the password: no sslmode demands TLS"
            }
        };
        Some(format!("what is read and written {note}; {MEND}"))
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::DatabaseUrl;

    fn note(url: &str) -> Option<String> {
        let url = DatabaseUrl::new(url);
        let database = Database::new(&url, Duration::from_secs(1)).unwrap();
        database.unprotected()
    }

    #[test]
    fn what_a_network_could_read_or_forge_is_told() {
        for (parameters, told) in [
            ("?sslmode=disable", "sslmode=disable"),
            ("?ssl-mode=disable", "sslmode=disable"),
            ("", "no sslmode demands TLS"),
            ("?sslmode=prefer", "no sslmode demands TLS"),
            ("?sslmode=allow", "no sslmode demands TLS"),
            ("?sslmode=require", "verifies no certificate"),
        ] {
            let note = note(&format!("postgres://u:secret@db.example/x{parameters}")).unwrap();
            assert!(
                note.contains(told) && note.contains("verify-full"),
                "{note}"
            );
            assert!(!note.contains("secret"), "{note}");
        }
    }

    #[test]
    fn what_needs_no_note_has_none() {
        for url in [
            "postgres://u@db.example/x?sslmode=verify-full",
            "postgres://u@db.example/x?sslmode=verify-ca",
            "postgres://u@localhost/x?sslmode=disable",
            "postgres://u@127.0.0.1:5433/x",
            "postgres://u@[::1]/x",
            "postgres://u@db.example/x?host=/var/run/postgresql",
            "sqlite://var/x.db",
        ] {
            assert_eq!(note(url), None, "{url}");
        }
    }
}
