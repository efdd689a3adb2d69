//! Rule 5, shape: dates lie where they select a row, and ids are unique. Signs are checked as each row is read; what could
//! not even be shown as it is (nulls, unknown codes, numbers too fine or too long) is refused there whatever the policy
//! (`rows::reader`).

use common::contract::{POSITIONS, Relation};
use common::database::{Whose, statement_failed};
use common::profile::Rule;
use common::source::Source;
use common::statement::{AccountId, Period};
use common::{Error, Result};
use jiff::civil::Date;

use super::Gate;
use crate::rows::cash::CashMovement;
use crate::rows::position::Position;
use crate::rows::trade::{Trade, TradeSelection};

/// Refuses a trade whose dates contradict each other or the section it is in.
pub fn check_trade(gate: &mut Gate, trade: &Trade, selection: TradeSelection) -> Result<()> {
    let Trade {
        trade_id,
        trade_date,
        settlement_date,
        ..
    } = trade;
    check_settlement(gate, trade_id, *trade_date, *settlement_date)?;
    if !selection.contains(trade) {
        broken(
            gate,
            format!(
                "trade {trade_id}: trade_date {trade_date}, settlement_date {settlement_date} is outside of what was asked for"
            ),
        )
        .map_err(at("statement_trades.trade_date"))?;
    }
    Ok(())
}

/// Refuses a trade that settles before it is made.
pub fn check_settlement(
    gate: &mut Gate,
    trade_id: &str,
    trade_date: Date,
    settlement_date: Date,
) -> Result<()> {
    if settlement_date >= trade_date {
        return Ok(());
    }
    broken(
        gate,
        format!(
            "trade {trade_id}: settlement_date {settlement_date} is before trade_date {trade_date}"
        ),
    )
    .map_err(at("statement_trades.settlement_date"))
}

/// Refuses a movement outside of the days asked for.
pub fn check_movement(
    gate: &mut Gate,
    movement: &CashMovement,
    after: Date,
    period: Period,
) -> Result<()> {
    if after < movement.booked_on && movement.booked_on <= period.last_day() {
        return Ok(());
    }
    broken(
        gate,
        format!(
            "cash movement {}: booked_on {} is outside of what was asked for, after {after} up to {}",
            movement.movement_id,
            movement.booked_on,
            period.last_day()
        ),
    )
    .map_err(at("statement_cash_movements.booked_on"))
}

/// Refuses a position of another day or with a price from its future.
pub fn check_position(gate: &mut Gate, position: &Position, as_of: Date) -> Result<()> {
    let Position {
        security_code,
        as_of: on,
        ..
    } = position;
    if *on != as_of {
        broken(
            gate,
            format!("position {security_code}: as_of {on} is not the day of the snapshot, {as_of}"),
        )
        .map_err(at("statement_positions.as_of"))?;
    }
    check_price_date(gate, security_code, position.price_date, as_of)
}

/// Refuses a price from the future of its snapshot.
pub fn check_price_date(
    gate: &mut Gate,
    security_code: &str,
    price_date: Option<Date>,
    as_of: Date,
) -> Result<()> {
    match price_date {
        Some(price_date) if price_date > as_of => broken(
            gate,
            format!("position {security_code}: price_date {price_date} is after as_of {as_of}"),
        )
        .map_err(at("statement_positions.price_date")),
        _ => Ok(()),
    }
}

/// Refuses a snapshot in which a holding occurs twice: it would be valued twice.
pub async fn refuse_duplicate_positions(
    gate: &mut Gate,
    source: &mut Source,
    account_id: &AccountId,
    as_of: Date,
) -> Result<()> {
    if !gate.looks_at(Rule::Shape) {
        return Ok(());
    }
    let market = source.catalog.present(&POSITIONS, "market");
    let dialect = source.database.dialect;
    let query = format!(
        "SELECT CAST(min(t.security_code) AS text), CAST(min(t.custody) AS text), count(*)
         FROM statement_positions t WHERE {} AND t.as_of = date($2)
         GROUP BY {}, {}, {} HAVING count(*) > 1 ORDER BY 1, 2 LIMIT 1",
        source.catalog.is_account(&POSITIONS),
        dialect.bytes(&format!("COALESCE({market}, '')")),
        source.catalog.bytes(&POSITIONS, "security_code"),
        source.catalog.bytes(&POSITIONS, "custody")
    );
    let query = source.sql(&query);
    let duplicate: Option<(String, String, i64)> = sqlx::query_as(query)
        .bind(account_id.as_str())
        .bind(as_of.to_string())
        .fetch_optional(source.connection())
        .await
        .map_err(statement_failed(
            "looking for duplicate positions",
            Whose::Source,
        ))?;
    match duplicate {
        None => Ok(()),
        Some((security_code, custody, rows)) => broken(
            gate,
            format!(
                "statement_positions: security_code {security_code}, custody {custody} occurs {rows} times on {as_of}; \
                 market, security_code and custody must be unique"
            ),
        )
        .map_err(at("statement_positions.security_code")),
    }
}

/// Refuses an account in which an id of one of the relations occurs twice.
pub async fn refuse_duplicates(
    gate: &mut Gate,
    source: &mut Source,
    ids: &[(&Relation, &str)],
    account_id: &AccountId,
) -> Result<()> {
    if !gate.looks_at(Rule::Shape) {
        return Ok(());
    }
    // One query: a small document's time is round trips.
    let queries: Vec<String> = (0..)
        .zip(ids)
        .map(|(n, (relation, id))| {
            let (name, is_account) = (relation.name, source.catalog.is_account(relation));
            let bytes = source.catalog.bytes(relation, id);
            format!(
                "SELECT * FROM (SELECT {n} AS relation, CAST(min({bytes}) AS text) AS id, count(*) AS occurrences
                                FROM {name} t WHERE {is_account}
                                GROUP BY {bytes} HAVING count(*) > 1 ORDER BY 2 LIMIT 1) AS d{n}"
            )
        })
        .collect();
    let query = source.sql(&format!("{} ORDER BY 1", queries.join(" UNION ALL ")));
    let duplicates: Vec<(i32, Option<String>, i64)> = sqlx::query_as(query)
        .bind(account_id.as_str())
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed("looking for duplicate ids", Whose::Source))?;
    for (relation, value, rows) in duplicates {
        let place = usize::try_from(relation).ok().and_then(|n| ids.get(n));
        let (name, id) = place.map_or(("?", "?"), |(relation, id)| (relation.name, *id));
        broken(
            gate,
            format!(
                "{name}: {id} {:?} occurs {rows} times; it must be unique per account",
                value.unwrap_or_else(|| "null".to_owned())
            ),
        )
        .map_err(at(format!("{name}.{id}")))?;
    }
    Ok(())
}

/// Says which column of the source a break is about.
fn at(place: impl Into<Box<str>>) -> impl FnOnce(Error) -> Error {
    move |error| error.at(place)
}

fn broken(gate: &mut Gate, what: String) -> Result<()> {
    gate.broken(Rule::Shape, what)
}
