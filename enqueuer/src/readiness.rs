//! Which snapshots a period's documents are made from, and whether the source has them yet.

use common::contract::{CASH_BALANCES, POSITIONS, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::ledger::Snapshots;
use common::source::Source;
use common::statement::{Kind, Period, parse_date};
use common::{Error, Result};
use jiff::civil::Date;

/// A closing snapshot may be this many days older than the period's end: month ends fall on long weekends.
const MAX_DAYS_BEFORE_END: i32 = 4;

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
        let mend = "run again once it is there, or accept an older one with --accept-snapshot DATE";
        return Err(not_ready(name, period, found, mend));
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
