//! 増減 / Movements: how each holding's quantity went from the opening to the closing snapshot.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use rust_decimal::Decimal;

use super::month::Month;
use super::table::{Cell, Column, Table};
use super::words::{self, Language, MOVEMENTS};
use crate::source::{Row, Source};

/// One security in one market and custody.
struct Line {
    code: String,
    name: String,
    market: String,
    custody: &'static str,
    /// Blank when there is no opening snapshot.
    opening: Option<Decimal>,
    bought: Decimal,
    received: Decimal,
    sold: Decimal,
    delivered: Decimal,
    redeemed: Decimal,
    closing: Decimal,
    /// Of a snapshot or of the period.
    is_current: bool,
}

pub fn table(source: &Source, month: &Month, account: &str, language: Language) -> Result<Table> {
    let mut lines = BTreeMap::new();
    if let Some(closing) = month.positions.closing {
        let mut add = |row, what| add(&mut lines, month, language, row, what);
        let opening = source.positions(account, month.positions.opening)?;
        let held = source.positions(account, Some(closing))?;
        let after = match month.positions.opening {
            Some(day) => day,
            None => month.day_before()?,
        };
        let mut held_in = HeldIn::new();
        for position in opening.iter().chain(&held) {
            held_in
                .entry((position.text("security_code")?, position.text("custody")?))
                .or_default()
                .insert(position.optional("market")?);
        }
        for trade in source.trades(account) {
            let settled_on = trade.date("settlement_date")?;
            if after < settled_on && settled_on <= closing {
                let market = market(trade, &held_in)?;
                let what = trade.text("side")?;
                // What is older than the period makes its opening.
                let before = settled_on < month.first;
                add(
                    (trade, market),
                    if before {
                        Moves::Opening(what)
                    } else {
                        Moves::Period(what)
                    },
                )?;
            }
        }
        // The name is the holding's, where there is one.
        for position in opening {
            add(
                (position, position.optional("market")?),
                Moves::Period("opening"),
            )?;
        }
        for position in held {
            add(
                (position, position.optional("market")?),
                Moves::Period("closing"),
            )?;
        }
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.retain(|line: &Line| {
        line.is_current || line.opening.is_some_and(|opening| !opening.is_zero())
    });
    Table::of(MOVEMENTS, language, &columns(), &lines)
}

/// What a row does to its line.
#[derive(Clone, Copy)]
enum Moves<'s> {
    /// A trade of that side, after the opening snapshot and before the period.
    Opening(&'s str),
    Period(&'s str),
}

/// By code and custody: the markets under which the snapshots hold it, or none.
type HeldIn<'s> = BTreeMap<(&'s str, &'s str), BTreeSet<Option<&'s str>>>;

/// The market whose holding a trade moves: its own, if that is held. A holding without a market is moved by all others; so is
/// what is not held, where no holding has one.
fn market<'s>(trade: &'s Row, held_in: &HeldIn<'s>) -> Result<Option<&'s str>> {
    if held_in.values().flatten().all(Option::is_none) {
        return Ok(None);
    }
    let holding = (trade.text("security_code")?, trade.text("custody")?);
    let named = trade.optional("market")?;
    Ok(match held_in.get(&holding) {
        Some(markets) if markets.contains(&named) => named,
        Some(markets) if markets.contains(&None) => None,
        Some(markets) => named.or(markets.last().copied().flatten()),
        None => named,
    })
}

/// By code, market and the contract's order of custodies.
type Lines<'s> = BTreeMap<(&'s str, &'s str, usize), Line>;

fn add<'s>(
    lines: &mut Lines<'s>,
    month: &Month,
    language: Language,
    (row, market): (&'s Row, Option<&'s str>),
    moves: Moves,
) -> Result<()> {
    let (code, custody) = (row.text("security_code")?, row.text("custody")?);
    let market = market.unwrap_or_default();
    let label = words::custody(custody, language)?;
    let line = lines
        .entry((code, market, words::rank(&words::CUSTODIES, custody)?))
        .or_insert_with(|| Line {
            code: code.to_owned(),
            name: String::new(),
            market: market.to_owned(),
            custody: label,
            opening: month.positions.opening.map(|_| Decimal::ZERO),
            bought: Decimal::ZERO,
            received: Decimal::ZERO,
            sold: Decimal::ZERO,
            delivered: Decimal::ZERO,
            redeemed: Decimal::ZERO,
            closing: Decimal::ZERO,
            is_current: false,
        });
    row.text("security_name")?.clone_into(&mut line.name);
    let quantity = row.decimal("quantity")?;
    let what = match moves {
        Moves::Period(what) => what,
        Moves::Opening(side) => {
            let comes = matches!(side, "buy" | "receipt");
            *line.opening.get_or_insert_default() += if comes { quantity } else { -quantity };
            return Ok(());
        }
    };
    line.is_current = true;
    let sum = match what {
        "opening" => line.opening.get_or_insert_default(),
        "closing" => &mut line.closing,
        "buy" => &mut line.bought,
        "receipt" => &mut line.received,
        "sell" => &mut line.sold,
        "delivery" => &mut line.delivered,
        "redemption" => &mut line.redeemed,
        _ => bail!("side {what:?}"),
    };
    *sum += quantity;
    Ok(())
}

fn columns() -> [Column<Line>; 11] {
    [
        Column::new(("銘柄コード", "Code"), |l: &Line| {
            Ok(Cell::text(&l.code))
        }),
        Column::new(("銘柄名", "Name"), |l| Ok(Cell::text(&l.name))),
        Column::new(("市場", "Market"), |l| {
            let market = Some(l.market.as_str()).filter(|market| !market.is_empty());
            Ok(Cell::optional_text(market))
        }),
        Column::new(("預り区分", "Custody"), |l| Ok(Cell::text(l.custody))),
        Column::new(("前回残高", "Opening"), |l| Ok(Cell::number(l.opening))),
        Column::new(("買付", "Bought"), |l| Ok(Cell::Number(l.bought))),
        Column::new(("入庫", "Received"), |l| Ok(Cell::Number(l.received))),
        Column::new(("売付", "Sold"), |l| Ok(Cell::Number(l.sold))),
        Column::new(("出庫", "Delivered"), |l| Ok(Cell::Number(l.delivered))),
        Column::new(("償還", "Redeemed"), |l| Ok(Cell::Number(l.redeemed))),
        Column::new(("今回残高", "Closing"), |l| Ok(Cell::Number(l.closing))),
    ]
}
