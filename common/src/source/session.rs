//! What a session on the source is set to, so that whoever reads it sees the same rows on the same days: a time zone, by which views turn
//! instants into days, and no row-level security without a word. PostgreSQL only; SQLite has neither.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, Executor, Row};

use super::filtered::{self, Filtered};
use super::reading::Reading;
use crate::config::Config;
use crate::database::{Whose, query_text, statement_failed};
use crate::dialect::lock_timeout;
use crate::{Error, Result};

/// A lock is waited for as long as on SQLite. While a statement computes, the server shows every minute that the connection is alive:
/// what stands between may otherwise forget it.
const LIMITS: &str = concat!("SET LOCAL tcp_keepalives_idle = 60; ", lock_timeout!());

/// The time zones that settings name for sessions on the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zones {
    /// `BUSINESS_TIMEZONE`.
    business: String,
    /// As the URL's `options` say.
    url: Option<String>,
}

impl Zones {
    pub fn of(config: &Config) -> Self {
        let zone = config.business_timezone.iana_name().unwrap_or("UTC");
        Self {
            business: zone.to_owned(),
            url: zone_of_url(config.source_database_url.expose()),
        }
    }
}

/// Who says which time zone a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SaidBy {
    Business,
    Role,
    Url,
}

/// What a session on the source is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    zone: String,
    said_by: SaidBy,
    /// Row-level security is on, because its policies show all rows.
    shows_all: bool,
}

impl Session {
    /// Begins a snapshot with `begin`, sets the session for as long as that lasts, and says to what. One round trip, and another one
    /// where the database has policies for rows.
    pub(super) async fn begin(
        connection: &mut AnyConnection,
        begin: &str,
        zones: &Zones,
    ) -> Result<Self> {
        let of_url = zones.url.as_deref().map(literal);
        let session = include_str!("session.sql")
            .replace("{url}", of_url.as_deref().unwrap_or("CAST(NULL AS text)"))
            .replace("{business}", &literal(&zones.business));
        let text = format!("{begin}; SET LOCAL row_security = off; {session}; {LIMITS}");
        let rows = connection
            .fetch_all(query_text(text))
            .await
            .map_err(|reason| cannot_begin(reason, zones))?;
        let of_row = |column: usize| {
            let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
            row.try_get::<String, _>(column)
        };
        let of_row = |column| of_row(column).map_err(failed());
        let has_policies = of_row(2)? == "true";
        Ok(Self {
            zone: of_row(0)?,
            said_by: match of_row(1)?.as_str() {
                "url" => SaidBy::Url,
                "role" => SaidBy::Role,
                _ => SaidBy::Business,
            },
            shows_all: has_policies && turn_on_where_all_is_shown(connection).await?,
        })
    }

    /// Begins a further snapshot as this one was.
    pub(super) async fn begin_again(
        &self,
        connection: &mut AnyConnection,
        begin: &str,
    ) -> Result<()> {
        let text = format!(
            "{begin}; {LIMITS}; SET LOCAL row_security = {}; SET LOCAL TimeZone = {}",
            if self.shows_all { "on" } else { "off" },
            literal(&self.zone)
        );
        connection
            .execute(query_text(text))
            .await
            .map_err(failed())?;
        Ok(())
    }

    /// What is to be known when the session has another time zone than the business has: views that cast instants to dates
    /// put rows on that zone's days.
    pub(super) fn other_zone(&self, zones: &Zones) -> Option<String> {
        if self.zone.eq_ignore_ascii_case(&zones.business) {
            return None;
        }
        let who = match self.said_by {
            SaidBy::Business => return None,
            SaidBy::Role => "its role says so (ALTER ROLE … SET timezone)",
            SaidBy::Url => "its URL says so (options=-ctimezone=…)",
        };
        Some(format!(
            "the source is read in the time zone {}, not in BUSINESS_TIMEZONE {}: {who}; a view that casts instants to dates puts rows on that zone's days",
            self.zone, zones.business
        ))
    }
}

/// Where policies filter, and each of them shows all rows, row-level security is turned on: off, it would refuse. Says whether it was.
async fn turn_on_where_all_is_shown(connection: &mut AnyConnection) -> Result<bool> {
    let unnamed = Reading {
        connection: &mut *connection,
        is_own_session: false,
    };
    let found = filtered::read(unnamed).await?;
    let shows_all = !found.is_empty() && found.iter().all(Filtered::shows_all);
    if shows_all {
        filtered::refuse_by_function(connection, &found).await?;
        connection
            .execute("SET LOCAL row_security = on")
            .await
            .map_err(failed())?;
    }
    Ok(shows_all)
}

fn failed() -> impl FnOnce(sqlx::Error) -> Error {
    statement_failed("beginning a snapshot", Whose::Source)
}

fn cannot_begin(reason: sqlx::Error, zones: &Zones) -> Error {
    let code = reason
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    // invalid_parameter_value
    if code.as_deref() != Some("22023") {
        return failed()(reason);
    }
    Error::config(format!(
        "the source's database does not know the time zone {}: update its time zone data, or give the reader's role one that it knows",
        zones.url.as_ref().unwrap_or(&zones.business)
    ))
    .because(reason)
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The time zone that a URL's `options` set, which the driver overrides with its own.
fn zone_of_url(url: &str) -> Option<String> {
    if !url.starts_with("postgres") || !url.contains("options") {
        return None;
    }
    let options: PgConnectOptions = url.parse().ok()?;
    zone_of_options(options.get_options()?)
}

/// The time zone that PostgreSQL's command line options set: `-c name=value`, `-cname=value` or `--name=value`. The last one counts.
fn zone_of_options(options: &str) -> Option<String> {
    let mut words = words_of(options).into_iter();
    let mut zone = None;
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next().unwrap_or_default(),
            Some(setting) => setting.to_owned(),
            None => continue,
        };
        if let Some((name, value)) = setting.split_once('=')
            && name.trim().eq_ignore_ascii_case("timezone")
        {
            zone = Some(value.to_owned());
        }
    }
    zone
}

/// Words apart by blanks; a backslash takes what follows as it is.
fn words_of(options: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = options.chars();
    while let Some(character) = characters.next() {
        let last = words.last_mut();
        match (character, last) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (blank, _) if blank.is_whitespace() => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_of_a_url_is_found_however_it_is_written() {
        for (url, zone) in [
            ("postgres://r@h/d", None),
            ("postgres://r@h/d?options=-csearch_path=firm", None),
            (
                "postgres://r@h/d?options=-ctimezone=Asia/Tokyo",
                Some("Asia/Tokyo"),
            ),
            (
                "postgresql://r@h/d?options=-c%20TimeZone%3DUTC",
                Some("UTC"),
            ),
            (
                "postgres://r@h/d?options=--timezone=UTC%20-csearch_path=firm",
                Some("UTC"),
            ),
            (
                "postgres://r@h/d?options[timezone]=Asia/Seoul",
                Some("Asia/Seoul"),
            ),
            (
                "postgres://r@h/d?options=-ctimezone=UTC%20-ctimezone=Asia/Tokyo",
                Some("Asia/Tokyo"),
            ),
            ("sqlite://options=-ctimezone=UTC", None),
        ] {
            assert_eq!(zone_of_url(url).as_deref(), zone, "{url}");
        }
    }

    #[test]
    fn words_are_taken_apart_as_postgresql_does() {
        assert_eq!(words_of(r" -c a=b\ c  -cx=\\ "), ["-c", "a=b c", r"-cx=\"]);
    }

    #[test]
    fn only_another_zone_is_told() {
        let zones = Zones {
            business: "Asia/Tokyo".to_owned(),
            url: None,
        };
        let told = |zone: &str, said_by| {
            let session = Session {
                zone: zone.to_owned(),
                said_by,
                shows_all: false,
            };
            session.other_zone(&zones)
        };
        assert_eq!(told("asia/tokyo", SaidBy::Role), None);
        assert_eq!(told("Asia/Tokyo", SaidBy::Business), None);
        let text = told("UTC", SaidBy::Role).unwrap();
        assert!(
            text.contains("UTC") && text.contains("ALTER ROLE"),
            "{text}"
        );
        assert!(told("UTC", SaidBy::Url).unwrap().contains("options="));
    }
}
