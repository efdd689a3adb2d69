//! Which snapshots a period's documents are made from, and whether the source has them yet.

use common::contract::{CASH_BALANCES, POSITIONS, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::ledger::Snapshots;
use common::source::Source;
use common::statement::{Kind, Period, parse_date};
use common::{Error, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A closing snapshot may be this many days older than the period's end: month ends fall on long weekends.
const MAX_DAYS_BEFORE_END: i32 = 4;

/// Refuses a period that has not ended in the business time zone: statements of half a month would stand in the way of the whole
/// one's. The error is of class `Retry` and says until when it lasts.
pub fn demand_ended(period: Period, now: Timestamp, zone: &TimeZone) -> Result<()> {
    let end = period.end(zone);
    if now >= end.timestamp() {
        return Ok(());
    }
    let time = "%Y-%m-%d %H:%M %:z";
    Err(Error::retry(
        "period_not_over",
        format!(
            "{period} is not over: it lasts until {} in the business time zone ({}), where it is {} now; run again then, or make drafts with `enqueuer run --period {period} --draft`",
            end.strftime(time),
            zone.iana_name().unwrap_or("UTC"),
            now.to_zoned(zone.clone()).strftime(time)
        ),
    ))
}

/// Finds the snapshots of a period. The source is *not ready*, an error of class `Retry`, when it has snapshots at all
/// and the closing one is missing or too old, unless the operator accepts that of a day.
pub async fn snapshots(
    source: &mut Source,
    period: Period,
    kinds: &[Kind],
    accept: Option<Date>,
) -> Result<Snapshots> {
    // Holdings are of no concern to trade statements; cash is part of both kinds.
    let (positions_opening, positions_closing) = if kinds.contains(&Kind::Balance) {
        of_relation(source, &POSITIONS, period, accept).await?
    } else {
        (None, None)
    };
    let (cash_opening, cash_closing) = of_relation(source, &CASH_BALANCES, period, accept).await?;
    Ok(Snapshots {
        positions_opening,
        positions_closing,
        cash_opening,
        cash_closing,
    })
}

async fn of_relation(
    source: &mut Source,
    relation: &Relation,
    period: Period,
    accept: Option<Date>,
) -> Result<(Option<Date>, Option<Date>)> {
    let name = relation.name;
    let dates: (Option<String>, Option<String>, Option<String>) = sqlx::query_as(query_text(format!(
        "SELECT CAST((SELECT min(as_of) FROM {name}) AS text),
                CAST((SELECT max(as_of) FROM {name} WHERE as_of < date($1)) AS text),
                CAST((SELECT max(as_of) FROM {name} WHERE as_of >= date($1) AND as_of <= date($2)) AS text)"
    )))
    .bind(period.first_day().to_string())
    .bind(period.last_day().to_string())
    .fetch_one(source.connection())
    .await
    .map_err(statement_failed("looking for snapshots", Whose::Source))?;
    let date = |text: Option<String>| {
        text.map(|text| {
            parse_date(&text).ok_or_else(|| {
                Error::data(
                    "shape",
                    format!("{name}, column as_of: {text:?} is not a date, YYYY-MM-DD"),
                )
            })
        })
        .transpose()
    };
    let (any, opening, closing) = (date(dates.0)?, date(dates.1)?, date(dates.2)?);
    if any.is_none() || closing.is_some_and(|closing| is_timely(closing, period)) {
        return Ok((opening, closing));
    }
    let found = closing.or(opening);
    let Some(accepted) = accept else {
        let or_accept = found
            .map(|found| format!(", or accept that one with --accept-snapshot {found}"))
            .unwrap_or_default();
        let mend = format!("run again once it is there{or_accept}");
        return Err(not_ready(name, period, found, &mend));
    };
    match found {
        // An accepted snapshot from before the period opens with the one before it.
        Some(found) if found >= accepted => {
            let opening = if closing.is_some() {
                opening
            } else {
                before(source, relation, found).await?
            };
            Ok((opening, Some(found)))
        }
        _ => Err(not_ready(
            name,
            period,
            found,
            &format!("that is older than --accept-snapshot {accepted}"),
        )),
    }
}

/// The latest snapshot before a day.
async fn before(source: &mut Source, relation: &Relation, day: Date) -> Result<Option<Date>> {
    let latest: Option<String> = sqlx::query_scalar(query_text(format!(
        "SELECT CAST(max(as_of) AS text) FROM {} WHERE as_of < date($1)",
        relation.name
    )))
    .bind(day.to_string())
    .fetch_one(source.connection())
    .await
    .map_err(statement_failed("looking for snapshots", Whose::Source))?;
    Ok(latest.as_deref().and_then(parse_date))
}

fn is_timely(closing: Date, period: Period) -> bool {
    (period.last_day() - closing).get_days() <= MAX_DAYS_BEFORE_END
}

fn not_ready(relation: &str, period: Period, found: Option<Date>, mend: &str) -> Error {
    let found = found.map_or_else(
        || "there is none up to then".to_owned(),
        |date| format!("the latest is of {date}"),
    );
    Error::retry(
        "source_not_ready",
        format!(
            "the source is not ready for {period}: {relation} has no snapshot of the last {MAX_DAYS_BEFORE_END} days up to {} ({found}); {mend}",
            period.last_day()
        ),
    )
}

/// Parses `--accept-snapshot`.
pub fn accepted_snapshot(text: Option<&str>) -> Result<Option<Date>> {
    text.map(|text| {
        parse_date(text).ok_or_else(|| {
            Error::config(format!(
                "--accept-snapshot {text:?} is not a date: write YYYY-MM-DD"
            ))
        })
    })
    .transpose()
}

#[cfg(test)]
mod tests {
    use common::Class;

    use super::*;

    #[test]
    fn a_period_lasts_until_midnight_of_the_business_zone() {
        let zone = |name| TimeZone::get(name).unwrap();
        let demand = |now: &str, zone: &TimeZone| {
            demand_ended("2026-10".parse().unwrap(), now.parse().unwrap(), zone)
        };
        let tokyo = zone("Asia/Tokyo");
        assert!(demand("2026-10-31T15:00:00Z", &tokyo).is_ok());
        assert!(demand("2026-11-01T00:00:00+09:00", &tokyo).is_ok());
        let refused = demand("2026-10-31T14:59:59.999Z", &tokyo).unwrap_err();
        assert_eq!(
            (refused.class(), refused.cause()),
            (Class::Retry, "period_not_over")
        );
        let text = refused.to_string();
        assert!(text.contains("until 2026-11-01 00:00 +09:00"), "{text}");
        assert!(
            text.contains("Asia/Tokyo") && text.contains("2026-10-31 23:59 +09:00"),
            "{text}"
        );
        // The same instant in New York is still October's last day.
        assert!(demand("2026-10-31T15:00:00Z", &zone("America/New_York")).is_err());
    }
}
