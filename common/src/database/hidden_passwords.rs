//! Whatever somebody writes for the URL of a database, its password is in nothing that is said of it.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::Database;
use crate::Error;
use crate::config::{DatabaseUrl, Settings};

/// A password of digits, too: it may pass for a port.
const MARKERS: [&str; 2] = ["geheim", "47114"];

/// What a URL begins with, mistyped as well.
const SCHEMES: [&str; 10] = [
    "postgres://",
    "postgresql://",
    "postgre://",
    "postgres:/",
    "postgres:",
    "mysql://",
    "sqlite://",
    "sqlite:",
    "//",
    "",
];

/// `S` is the scheme, `P` the password. User and host lead to this machine, where nobody listens.
const SHAPES: [&str; 26] = [
    "Slocalhost:P@127.0.0.1:1/db",
    "Slocalhost:P@127.0.0.1:1/db?sslmode=disable",
    "Slocalhost:P@127.0.0.1/db/db",
    "Slocalhost:P@127.0.0.1:port/db",
    "Slocalhost:P@127.0.0.1:99999/db",
    "Slocalhost:P@[127.0.0.1/db",
    "Slocalhost:P@127.0.0 .1:1/db",
    "Slocalhost:P127.0.0.1/db",
    "Slocalhost:P",
    "Slocalhost:P/db",
    "Slocalhost:P?sslmode=disable",
    "Slocalhost:P#127.0.0.1:1/db",
    "Slocalhost:P@",
    "S:P@127.0.0.1:1/db",
    "Slocalhost@127.0.0.1:1/db?password=P",
    "Slocalhost@127.0.0.1:1/db?passwort=P",
    "Slocalhost@127.0.0.1:1/db?sslmode=P",
    "Slocalhost@127.0.0.1:1/db?port=1&P",
    "Slocalhost@127.0.0.1:1/db?P",
    "Slocalhost@127.0.0.1:1/dbpassword=P",
    "Slocalhost@127.0.0.1:1/db;password=P",
    "Slocalhost@127.0.0.1:1&password=P",
    "Slocalhost password=P@127.0.0.1:1/db",
    "host=127.0.0.1 port=1 user=localhost password=P",
    "Shost=127.0.0.1 port=1 password=P",
    "Shost=127.0.0.1;password=P",
];

/// A password, with a character in it that means something in a URL, or none.
fn password() -> impl Strategy<Value = String> {
    let between = select("@:/?#&=%[]\\ ;+é\n".chars().collect::<Vec<_>>());
    (select(&MARKERS[..]), prop::option::of(between)).prop_map(|(marker, between)| match between {
        Some(between) => format!("{marker}{between}{marker}"),
        None => marker.to_owned(),
    })
}

fn url() -> impl Strategy<Value = String> {
    (select(&SHAPES[..]), select(&SCHEMES[..]), password())
        // Without its host, such a password makes a URL without a mistake: of another host or another database.
        .prop_filter("another URL", |(shape, _, password)| {
            shape.contains('@') || !password.contains(['@', '/'])
        })
        .prop_map(|(shape, scheme, password)| {
            shape.replacen('S', scheme, 1).replace('P', &password)
        })
}

/// All that is said of a URL on the way to a connection.
async fn said(text: &str) -> String {
    const PATIENCE: Duration = Duration::from_secs(2);
    let url = DatabaseUrl::new(text);
    let settings = Settings {
        database_url: Some(text.to_owned()),
        ..Settings::local()
    };
    let mut said = format!("{url} {url:?} {settings:?} {:?}", settings.resolve());
    let mut refused = |error: Option<Error>| {
        if let Some(error) = error {
            let _ = write!(said, "\n{error}\n{error:?}\n{}", error.chain());
        }
    };
    match Database::new(&url, Duration::from_mins(1)) {
        Err(error) => refused(Some(error)),
        Ok(database) => {
            let read = tokio::time::timeout(PATIENCE, database.connect_read_only()).await;
            refused(read.ok().and_then(Result::err));
            let written = tokio::time::timeout(PATIENCE, database.verify()).await;
            refused(written.ok().and_then(Result::err));
        }
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_password_is_shown(url in url()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let said = runtime.block_on(said(&url)).to_lowercase();
        for marker in MARKERS {
            prop_assert!(!said.contains(marker), "{url}: {said}");
        }
    }
}
