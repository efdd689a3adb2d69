//! What a standing says, in words that need no colour.

use common::ledger::{PeriodRun, State};
use jiff::tz::TimeZone;

use super::standing::{Outlook, Standing};
use crate::numbers::{counted, date_time, percent, span, thousandths, time_of_day};

/// `63.4 %`; of nothing, nothing.
pub fn share(standing: &Standing) -> String {
    percent(standing.settled(), standing.total())
}

/// `412/s in the last minute, 330/s over the run`; `None` = nobody knows.
pub fn rate(standing: &Standing) -> Option<String> {
    let rates = [
        (standing.in_last_minute, "in the last minute"),
        (standing.over_run, "over the run"),
    ];
    let known: Vec<String> = rates
        .into_iter()
        .filter_map(|(rate, when)| Some(format!("{}/s {when}", thousandths(rate?))))
        .collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// When it ends, or why nobody knows.
pub fn end(standing: &Standing, zone: &TimeZone) -> String {
    let period = standing.period;
    match standing.outlook {
        Outlook::NoRun => format!("no run of {period} yet: waiting for one"),
        Outlook::Recording => "a run looks for what is due".to_owned(),
        Outlook::Complete => "complete: nothing is open".to_owned(),
        Outlook::Interrupted => "INTERRUPTED: a run died early".to_owned(),
        Outlook::Held => "HELD: nothing is submitted".to_owned(),
        Outlook::Abandoned => "ABANDONED: no run works on it".to_owned(),
        Outlook::TooEarly => "too early to tell".to_owned(),
        Outlook::Stalled => "STALLED: nothing was settled for ten minutes".to_owned(),
        Outlook::Ends(end) => format!(
            "about {}, in {}",
            near(end, standing, zone),
            span(end.duration_since(standing.now))
        ),
    }
}

/// The line that makes it go on, when nothing else does.
pub fn mend(standing: &Standing) -> Option<String> {
    let is_over = matches!(standing.outlook, Outlook::Interrupted | Outlook::Abandoned);
    is_over.then(|| format!("enqueuer run --period {}", standing.period))
}

/// The deadline and whether it will be met; `None` = there is none.
pub fn deadline(standing: &Standing, zone: &TimeZone) -> Option<String> {
    let deadline = standing.deadline?;
    let when = near(deadline, standing, zone);
    let Some(margin) = standing.margin() else {
        return Some(when);
    };
    let (meets, misses, at_least) = match standing.outlook {
        _ if standing.kept.is_some() => ("met", "MISSED", ""),
        Outlook::Ends(_) => ("meets", "MISSES", ""),
        _ => ("meets", "MISSES", " at least"),
    };
    let apart = span(margin.abs());
    Some(if margin.is_negative() {
        format!("{when}, {misses} it by {apart}{at_least}")
    } else {
        format!("{when}, {meets} it by {apart}")
    })
}

/// `run since 00:15:02, 16 min: 2026-10-…`.
pub fn run(run: &PeriodRun, standing: &Standing, zone: &TimeZone) -> String {
    let (command, run_id) = (run.command.as_str(), &run.run_id);
    let until = run.ended_at.unwrap_or(standing.now);
    let took = span(until.duration_since(run.started_at));
    if run.ended_at.is_some() {
        return format!("{command} took {took}: {run_id}");
    }
    let since = near(run.started_at, standing, zone);
    format!("{command} since {since}, {took}: {run_id}")
}

/// `9,800 slots for connections of the database`: what of runs that go on waits for these; `None` = nothing.
pub fn waiting_for_database(runs: &[PeriodRun]) -> Option<String> {
    let slots = slots_waiting_for_database(runs)?;
    Some(format!(
        "{} for connections of the database",
        counted(slots, "slot")
    ))
}

/// How many slots wait for connections of the database.
pub fn slots_waiting_for_database(runs: &[PeriodRun]) -> Option<i64> {
    let going_on = runs.iter().filter(|run| run.ended_at.is_none());
    going_on
        .filter_map(|run| run.waiting_for_database)
        .reduce(|sum, slots| sum + slots)
}

/// Every state that occurs, as `due 1,204`.
pub fn states(standing: &Standing) -> Vec<(State, i64)> {
    let occurs = standing.counts.iter().filter(|(_, count)| **count > 0);
    occurs.map(|(state, count)| (*state, *count)).collect()
}

/// `3 documents failed by positions`.
pub fn failed(cause: &str, documents: i64) -> String {
    format!("{} failed by {cause}", counted(documents, "document"))
}

/// The time of day, and the date, too, when it is another one.
fn near(instant: jiff::Timestamp, standing: &Standing, zone: &TimeZone) -> String {
    let date = |instant: jiff::Timestamp| instant.to_zoned(zone.clone()).date();
    if date(instant) == date(standing.now) {
        time_of_day(instant, zone)
    } else {
        date_time(instant, zone)
    }
}
