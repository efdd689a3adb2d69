//! 取引明細 / Trades, and 未受渡取引 / Unsettled trades.

use anyhow::Result;

use super::month::Month;
use super::table::{Cell, Column, Table};
use super::words::{self, Language, TRADES, UNSETTLED, Words};
use crate::source::{Row, Source};

struct Line<'s> {
    trade: &'s Row,
    language: Language,
}

/// The trades made in the month.
pub fn of_month(
    source: &Source,
    month: &Month,
    account: &str,
    language: Language,
) -> Result<Table> {
    let mut trades = Vec::new();
    for trade in source.trades(account) {
        if month.contains(trade.date("trade_date")?) {
            trades.push(trade);
        }
    }
    table(TRADES, trades, language)
}

/// Those made up to the closing snapshot and settled after it.
pub fn unsettled(
    source: &Source,
    month: &Month,
    account: &str,
    language: Language,
) -> Result<Table> {
    let closing = month.closing_day();
    let mut trades = Vec::new();
    for trade in source.trades(account) {
        if trade.date("trade_date")? <= closing && closing < trade.date("settlement_date")? {
            trades.push(trade);
        }
    }
    table(UNSETTLED, trades, language)
}

fn table(sheet: Words, mut trades: Vec<&Row>, language: Language) -> Result<Table> {
    let order = |trade: &Row| -> Result<_> {
        Ok((
            trade.date("trade_date")?,
            trade.optional("trade_time")?.map(ToOwned::to_owned),
            trade.text("trade_id")?.to_owned(),
        ))
    };
    // Every trade has its dates and its id: none may be left out of the order silently.
    trades.iter().try_for_each(|trade| order(trade).map(drop))?;
    trades.sort_by_cached_key(|trade| order(trade).ok());
    let lines: Vec<Line> = trades
        .into_iter()
        .map(|trade| Line { trade, language })
        .collect();
    let mut columns = common_columns(any_value(&lines, "trade_time")?);
    if any_not_zero(&lines, "accrued_interest")? {
        columns.push(
            Column::new(("経過利子", "Accrued interest"), |l: &Line| {
                optional_number(l, "accrued_interest")
            })
            .summed_by(CURRENCY),
        );
    }
    if any_not_zero(&lines, "foreign_fees")? {
        columns.push(
            Column::new(("現地手数料", "Foreign fees"), |l: &Line| {
                optional_number(l, "foreign_fees")
            })
            .summed_by(CURRENCY),
        );
    }
    columns.extend(charges());
    if any_value(&lines, "settlement_currency")? || any_value(&lines, "settlement_amount")? {
        columns.extend(settlement());
    }
    columns.push(Column::new(("取引番号", "Trade ID"), |l| {
        text(l, "trade_id")
    }));
    columns.push(Column::new(("備考", "Note"), |l| {
        optional_text(l, "note")
    }));
    Table::of(sheet, language, &columns, &lines)
}

const CURRENCY: &[&str] = &["Currency"];

fn common_columns<'s>(with_time: bool) -> Vec<Column<Line<'s>>> {
    let mut columns = vec![Column::new(("約定日", "Trade date"), |l: &Line| {
        date(l, "trade_date")
    })];
    if with_time {
        columns.push(Column::new(("約定時刻", "Trade time"), |l| {
            optional_text(l, "trade_time")
        }));
    }
    columns.extend([
        Column::new(("受渡日", "Settlement date"), |l| {
            date(l, "settlement_date")
        }),
        Column::new(("銘柄コード", "Code"), |l| text(l, "security_code")),
        Column::new(("銘柄名", "Name"), |l| text(l, "security_name")),
        Column::new(("市場", "Market"), |l| optional_text(l, "market")),
        Column::new(("取引", "Side"), |l| {
            let (side, event) = (l.trade.text("side")?, l.trade.optional("event")?);
            Ok(Cell::text(words::side(side, event, l.language)?))
        }),
        Column::new(("預り区分", "Custody"), |l| {
            let custody = words::custody(l.trade.text("custody")?, l.language)?;
            Ok(Cell::text(custody))
        }),
        Column::new(("数量", "Quantity"), |l| number(l, "quantity")),
        Column::new(("単価", "Unit price"), |l| number(l, "unit_price")),
        Column::new(("通貨", "Currency"), |l| text(l, "currency")),
        Column::new(("為替レート", "FX rate"), |l| {
            optional_number(l, "fx_rate")
        }),
        Column::new(("約定代金", "Gross amount"), |l| {
            number(l, "gross_amount")
        })
        .summed_by(CURRENCY),
    ]);
    columns
}

fn charges<'s>() -> [Column<Line<'s>>; 4] {
    [
        Column::new(("手数料", "Commission"), |l: &Line| {
            number(l, "commission")
        })
        .summed_by(CURRENCY),
        Column::new(("消費税", "Consumption tax"), |l| {
            number(l, "consumption_tax")
        })
        .summed_by(CURRENCY),
        Column::new(("譲渡益税等", "Withholding tax"), |l| {
            number(l, "withholding_tax")
        })
        .summed_by(CURRENCY),
        Column::new(("受渡金額", "Net amount"), |l| number(l, "net_amount")).summed_by(CURRENCY),
    ]
}

/// Without values of their own, a line's are its currency and net amount.
fn settlement<'s>() -> [Column<Line<'s>>; 2] {
    [
        Column::new(("決済通貨", "Settlement currency"), |l: &Line| {
            let settled_in = l.trade.optional("settlement_currency")?;
            Ok(Cell::text(
                settled_in.map_or_else(|| l.trade.text("currency"), Ok)?,
            ))
        }),
        Column::new(("決済金額", "Settlement amount"), |l: &Line| {
            let settled = l.trade.optional_decimal("settlement_amount")?;
            Ok(Cell::Number(
                settled.map_or_else(|| l.trade.decimal("net_amount"), Ok)?,
            ))
        })
        .summed_by(&["Settlement currency"]),
    ]
}

fn text(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::text(line.trade.text(column)?))
}

fn optional_text(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::optional_text(line.trade.optional(column)?))
}

fn date(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::Date(line.trade.date(column)?))
}

fn number(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::Number(line.trade.decimal(column)?))
}

fn optional_number(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::number(line.trade.optional_decimal(column)?))
}

fn any_value(lines: &[Line], column: &str) -> Result<bool> {
    for line in lines {
        if line.trade.optional(column)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Of columns whose absence means 0, 0 is no value.
fn any_not_zero(lines: &[Line], column: &str) -> Result<bool> {
    for line in lines {
        let amount = line.trade.optional_decimal(column)?;
        if amount.is_some_and(|amount| !amount.is_zero()) {
            return Ok(true);
        }
    }
    Ok(false)
}
