//! The files of certificates and keys of a connection to PostgreSQL, as its URL or the environment names them.

use std::path::Path;

use sqlx::any::AnyConnectOptions;

use crate::Error;
use crate::certificates::{of_environment, unreadable};
use crate::config::DatabaseUrl;

/// Parameters of the URL, as the driver knows them.
pub(super) const PARAMETERS: [&str; 7] = [
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
];

/// What the driver reads where the URL does not say, and the authorities of this machine.
const VARIABLES: [&str; 4] = ["PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "SSL_CERT_FILE"];

/// The certificate or key itself may stand there, which is the name of no file.
fn is_inline(value: &str) -> bool {
    value.trim_start().starts_with("-----BEGIN")
}

/// What is wrong with the first of them that cannot be read.
pub(super) fn first_unreadable(url: &DatabaseUrl) -> Option<Error> {
    if !url.expose().starts_with("postgres") {
        return None;
    }
    let options: AnyConnectOptions = url.expose().parse().ok()?;
    let of_url = options
        .database_url
        .query_pairs()
        .filter(|(name, value)| PARAMETERS.contains(&&**name) && !is_inline(value))
        .find_map(|(name, file)| unreadable(&name, Path::new(&*file)));
    of_url.or_else(|| VARIABLES.iter().find_map(|name| of_environment(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_and_the_file_are_named() {
        let there = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let found = |query: &str| {
            let url = DatabaseUrl::new(format!("postgres://reader:secret@db.example/firm?{query}"));
            first_unreadable(&url).map(|error| error.to_string())
        };
        for (query, words) in [
            (
                "sslrootcert=/no/ca.pem".to_owned(),
                "sslrootcert names /no/ca.pem,",
            ),
            (
                "sslmode=verify-full&ssl-ca=/no%2Fca.pem".to_owned(),
                "ssl-ca names /no/ca.pem,",
            ),
            (
                format!("sslcert={there}&sslkey=/no/a+b.key"),
                "sslkey names /no/a b.key,",
            ),
        ] {
            let said = found(&query).unwrap();
            assert!(
                said.starts_with(words) && !said.contains("secret"),
                "{said}"
            );
        }
        assert_eq!(
            found(&format!("sslrootcert={there}&application_name=/no/file")),
            None
        );
        assert_eq!(found("sslrootcert=-----BEGIN CERTIFICATE-----%0AMII"), None);
        assert!(first_unreadable(&DatabaseUrl::new("sqlite:///data/firm.db")).is_none());
    }
}
