//! 入出金明細 / Cash movements, and 金銭残高 / Cash.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::month::Month;
use super::table::{Cell, Column, Table, minor_unit};
use super::words::{self, CASH, CASH_MOVEMENTS, Language};
use crate::source::{Row, Source};

/// A line of the cash movements.
struct Line<'s> {
    date: Date,
    kind: &'static str,
    currency: String,
    pocket: String,
    /// After the line; `None` when the opening balance is not known.
    balance: Option<Decimal>,
    /// `None` on the lines of the opening and the closing balance.
    movement: Option<&'s Row>,
}

/// What an account has of one currency in one pocket.
#[derive(Default)]
struct Pocket<'s> {
    opening: Option<Decimal>,
    movements: Vec<&'s Row>,
}

pub fn movements(
    source: &Source,
    month: &Month,
    account: &str,
    language: Language,
) -> Result<Table> {
    let mut lines = Vec::new();
    for ((currency, code), pocket) in pockets(source, month, account)? {
        let before = lines.len();
        let line = |date, kind, balance, movement| Line {
            date,
            kind,
            currency: currency.clone(),
            pocket: words::pocket(&code, language).to_owned(),
            balance,
            movement,
        };
        let mut balance = pocket.opening;
        let opening = language.pick(("前月末残高", "Opening balance"));
        lines.push(line(month.day_before()?, opening, balance, None));
        for movement in &pocket.movements {
            let amount = movement.decimal("amount")?;
            balance = balance.map(|balance| balance + amount);
            let kind = words::cash_kind(movement.text("kind")?, language)?;
            let booked_on = movement.date("booked_on")?;
            lines.push(line(booked_on, kind, balance, Some(*movement)));
        }
        let closing = language.pick(("当月末残高", "Closing balance"));
        lines.push(line(month.last, closing, balance, None));
        // Neither money nor movement: nothing to say.
        if pocket.movements.is_empty() && balance == Some(Decimal::ZERO) {
            lines.truncate(before);
        }
    }
    let mut columns = movement_columns();
    let mut gross_by = CURRENCY;
    if any_other_gross_currency(&lines)? {
        gross_by = GROSS_CURRENCY;
        columns.push(Column::new(
            ("税引前通貨", "Gross currency"),
            |l: &Line| {
                let stated = amount(l, "gross_amount")?;
                Ok(match (l.movement, stated) {
                    (Some(movement), Some(_)) => Cell::text(gross_currency(movement)?),
                    _ => Cell::Empty,
                })
            },
        ));
    }
    for (column, shown) in dividend_columns() {
        if any_value(&lines, shown)? {
            let by = if shown == "gross_amount" {
                gross_by
            } else {
                CURRENCY
            };
            columns.push(column.summed_by(by));
        }
    }
    Table::of(CASH_MOVEMENTS, language, &columns, &lines)
}

/// By currency and pocket: the balance before the month, and the month's movements in their order.
fn pockets<'s>(
    source: &'s Source,
    month: &Month,
    account: &str,
) -> Result<BTreeMap<(String, String), Pocket<'s>>> {
    let key = |row: &Row| -> Result<(String, String)> {
        let pocket = row.optional("pocket")?.unwrap_or("deposit");
        Ok((row.text("currency")?.to_owned(), pocket.to_owned()))
    };
    let is_new = source.account(account)?.date("opened_on")? >= month.first;
    // What no snapshot names was nothing; without any snapshot that is known of new accounts only.
    let unnamed = (month.cash.opening.is_some() || is_new).then_some(Decimal::ZERO);
    let mut pockets: BTreeMap<(String, String), Pocket> = BTreeMap::new();
    for balance in source.balances(account, month.cash.opening)? {
        pockets.entry(key(balance)?).or_default().opening = Some(balance.decimal("amount")?);
    }
    let after = match month.cash.opening {
        Some(day) => day,
        None => month.day_before()?,
    };
    for movement in source.movements(account) {
        let booked_on = movement.date("booked_on")?;
        if booked_on <= after || booked_on > month.last {
            continue;
        }
        let pocket = pockets.entry(key(movement)?).or_insert_with(|| Pocket {
            opening: unnamed,
            movements: Vec::new(),
        });
        if booked_on < month.first {
            let amount = movement.decimal("amount")?;
            pocket.opening = pocket.opening.map(|opening| opening + amount);
        } else {
            pocket.movements.push(movement);
        }
    }
    for pocket in pockets.values_mut() {
        sort(&mut pocket.movements)?;
    }
    Ok(pockets)
}

/// By day, sequence (none first) and id.
fn sort(movements: &mut Vec<&Row>) -> Result<()> {
    let mut sorted = BTreeMap::new();
    for movement in movements.drain(..) {
        let sequence: Option<i64> = movement.optional("sequence")?.map(str::parse).transpose()?;
        let id = movement.text("movement_id")?;
        sorted.insert((movement.date("booked_on")?, sequence, id), movement);
    }
    movements.extend(sorted.into_values());
    Ok(())
}

const CURRENCY: &[&str] = &["Currency"];
const GROSS_CURRENCY: &[&str] = &["Gross currency"];

fn gross_currency(movement: &Row) -> Result<&str> {
    let named = movement.optional("gross_currency")?;
    named.map_or_else(|| movement.text("currency"), Ok)
}

/// Whether a gross amount is of another currency than its movement.
fn any_other_gross_currency(lines: &[Line]) -> Result<bool> {
    for movement in lines.iter().filter_map(|line| line.movement) {
        let is_stated = movement.optional("gross_amount")?.is_some();
        if is_stated && gross_currency(movement)? != movement.text("currency")? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn movement_columns<'s>() -> Vec<Column<Line<'s>>> {
    vec![
        Column::new(("日付", "Date"), |l: &Line| Ok(Cell::Date(l.date))),
        Column::new(("区分", "Kind"), |l| Ok(Cell::text(l.kind))),
        Column::new(("摘要", "Description"), |l| {
            l.movement.map_or(Ok(Cell::Empty), |movement| {
                Ok(Cell::text(movement.text("description")?))
            })
        }),
        Column::new(("通貨", "Currency"), |l| Ok(Cell::text(&l.currency))),
        Column::new(("預り金区分", "Pocket"), |l| Ok(Cell::text(&l.pocket))),
        Column::new(("入金額", "In"), |l| {
            let amount = amount(l, "amount")?;
            Ok(Cell::number(
                amount.filter(|amount| *amount >= Decimal::ZERO),
            ))
        })
        .summed_by(CURRENCY),
        Column::new(("出金額", "Out"), |l| {
            let amount = amount(l, "amount")?;
            let out = amount.filter(|amount| *amount < Decimal::ZERO);
            Ok(Cell::number(out.map(|amount| -amount)))
        })
        .summed_by(CURRENCY),
        Column::new(("残高", "Balance"), |l| Ok(Cell::number(l.balance))),
    ]
}

/// Columns that only dividends have, and the source's column of each.
fn dividend_columns<'s>() -> [(Column<Line<'s>>, &'static str); 5] {
    [
        (
            Column::new(("税引前金額", "Gross amount"), |l: &Line| {
                Ok(Cell::number(amount(l, "gross_amount")?))
            }),
            "gross_amount",
        ),
        (
            Column::new(("所得税", "Income tax"), |l: &Line| {
                Ok(Cell::number(amount(l, "income_tax")?))
            }),
            "income_tax",
        ),
        (
            Column::new(("住民税", "Local tax"), |l: &Line| {
                Ok(Cell::number(amount(l, "local_tax")?))
            }),
            "local_tax",
        ),
        (
            Column::new(("外国税", "Foreign tax"), |l: &Line| {
                Ok(Cell::number(amount(l, "foreign_tax")?))
            }),
            "foreign_tax",
        ),
        (
            Column::new(("手数料", "Fee"), |l: &Line| {
                Ok(Cell::number(amount(l, "fee")?))
            }),
            "fee",
        ),
    ]
}

fn amount(line: &Line, column: &str) -> Result<Option<Decimal>> {
    line.movement
        .map_or(Ok(None), |movement| movement.optional_decimal(column))
}

fn any_value(lines: &[Line], column: &str) -> Result<bool> {
    for line in lines {
        if amount(line, column)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A balance of the closing snapshot.
struct Balance<'s> {
    row: &'s Row,
    base: &'s str,
    language: Language,
}

pub fn balances(
    source: &Source,
    month: &Month,
    account: &str,
    language: Language,
) -> Result<Table> {
    let base = source.account(account)?.text("base_currency")?;
    let mut sorted = BTreeMap::new();
    for row in source.balances(account, month.cash.closing)? {
        let pocket = row.optional("pocket")?.unwrap_or("deposit");
        sorted.insert((row.text("currency")?, pocket), row);
    }
    let lines: Vec<Balance> = sorted
        .into_values()
        .map(|row| Balance {
            row,
            base,
            language,
        })
        .collect();
    let columns = [
        Column::new(("通貨", "Currency"), |b: &Balance| {
            Ok(Cell::text(b.row.text("currency")?))
        }),
        Column::new(("預り金区分", "Pocket"), |b| {
            let code = b.row.optional("pocket")?.unwrap_or("deposit");
            Ok(Cell::text(words::pocket(code, b.language)))
        }),
        Column::new(("残高", "Amount"), |b: &Balance| {
            Ok(Cell::Number(b.row.decimal("amount")?))
        })
        .summed_by(CURRENCY),
        Column::new(("為替レート", "FX rate"), |b| {
            Ok(Cell::number(b.row.optional_decimal("fx_rate")?))
        }),
        Column::new(("基準通貨換算額", "In base currency"), |b| {
            Ok(Cell::number(in_base(
                b.row,
                b.row.decimal("amount")?,
                b.base,
            )?))
        }),
    ];
    Table::of(CASH, language, &columns, &lines)
}

/// An amount of a row in the base currency, half away from zero at its minor unit; `None` without a rate.
pub fn in_base(row: &Row, amount: Decimal, base: &str) -> Result<Option<Decimal>> {
    let rate = if row.text("currency")? == base {
        Some(Decimal::ONE)
    } else {
        row.optional_decimal("fx_rate")?
    };
    let places = minor_unit(base)?;
    Ok(rate.map(|rate| round(amount * rate, places)))
}

pub fn round(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
