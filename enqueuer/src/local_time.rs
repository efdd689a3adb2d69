//! Views of SQLite that turn instants into days by `localtime`: that is the time zone of the machine, whatever business the firm does.

use common::database::{Whose, statement_failed};
use common::dialect::Dialect;
use common::source::Source;
use common::{Error, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How far local time is from UTC in the middle of each of the last two years' months, and of the next two's.
const OFFSETS: &str = "
    WITH RECURSIVE months (n, at) AS (
        SELECT -24, unixepoch('now', 'start of month', '-24 months', '+14 days')
        UNION ALL
        SELECT n + 1, unixepoch('now', 'start of month', (n + 1) || ' months', '+14 days') FROM months WHERE n < 24)
    SELECT at, unixepoch(at, 'unixepoch', 'localtime') - at FROM months";

/// Refuses such views where the machine's time zone is not that of the business: rows would be on other days.
pub async fn demand_business_time(source: &mut Source, zone: &TimeZone) -> Result<()> {
    if source.database.dialect != Dialect::Sqlite {
        return Ok(());
    }
    let view: Option<String> = sqlx::query_scalar(
        "SELECT min(name) FROM sqlite_schema WHERE type = 'view' AND lower(sql) LIKE '%localtime%'",
    )
    .fetch_one(source.connection())
    .await
    .map_err(statement_failed(
        "looking for views by local time",
        Whose::Source,
    ))?;
    let Some(view) = view else { return Ok(()) };
    let offsets: Vec<(i64, i64)> = sqlx::query_as(OFFSETS)
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed("looking at local time", Whose::Source))?;
    if offsets
        .into_iter()
        .all(|(at, offset)| is_of(zone, at, offset))
    {
        return Ok(());
    }
    let name = zone.iana_name().unwrap_or("UTC");
    Err(Error::config(format!(
        "the source's view {view} turns instants into days by localtime, which is the time zone of this machine and not BUSINESS_TIMEZONE {name}: `export TZ={name}`, or write the offset into the view"
    )))
}

/// Whether the zone is so many seconds from UTC at an instant.
fn is_of(zone: &TimeZone, at: i64, offset: i64) -> bool {
    Timestamp::from_second(at).is_ok_and(|at| i64::from(zone.to_offset(at).seconds()) == offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_counts() {
        let new_york = TimeZone::get("America/New_York").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let (winter, summer) = (at("2026-01-15T00:00:00Z"), at("2026-07-15T00:00:00Z"));
        assert!(is_of(&new_york, winter, -5 * 3600) && is_of(&new_york, summer, -4 * 3600));
        assert!(!is_of(&new_york, summer, -5 * 3600));
    }
}
