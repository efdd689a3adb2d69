//! The key figures of the summary, and the chart's numbers beside them.

use common::currency::Currency;
use common::profile::Word;
use rust_decimal::Decimal;

use super::super::cash::{in_base, pocket_name};
use super::super::cell::displayed;
use super::super::holdings::HoldingFigures;
use super::super::labels;
use super::super::trades::TradeFigures;
use super::grid::{BUYS, DAY, Grid, SELLS, SHARE, VALUE};
use crate::rows::cash::CashBalance;
use crate::rows::codes::AssetClass;

/// Rows from one to another, both included.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    pub first: u32,
    pub last: u32,
}

/// Places the figures of a trade statement. Returns the row below.
pub fn place_trades(grid: &mut Grid, figures: &TradeFigures, mut row: u32) -> u32 {
    grid.label(row, Word::NumberOfTrades);
    grid.number(
        (row, VALUE),
        figures.trades.into(),
        &grid.styles.number(0).format,
    );
    row += 1;
    for (word, count) in [
        (Word::OfTheseBuys, figures.buys),
        (Word::OfTheseSells, figures.sells),
    ] {
        grid.part(row, word);
        grid.number((row, VALUE), count.into(), &grid.styles.number(0).format);
        row += 1;
    }
    // What a trade costs is in its own currency, and what was paid for it may be in another: they never share a line.
    let net = if figures.settles_elsewhere {
        Word::NetAmount
    } else {
        Word::NetSettlement
    };
    for (currency, amounts) in &figures.by_currency {
        grid.money(row, Word::Commission, *currency, amounts.commission);
        grid.money(row + 1, Word::Taxes, *currency, amounts.tax);
        grid.money(row + 2, net, *currency, amounts.net);
        row += 3;
    }
    for (currency, settled) in figures.settled.iter().filter(|_| figures.settles_elsewhere) {
        grid.money(row, Word::NetSettlement, *currency, *settled);
        row += 1;
    }
    row
}

/// Places the days of the chart under a header. Returns the days' rows.
pub fn place_days(grid: &mut Grid, figures: &TradeFigures, header: u32) -> Option<Rows> {
    let (styles, looks) = (grid.styles, grid.looks);
    if figures.days.is_empty() {
        return None;
    }
    for (column, word) in [
        (DAY, Word::ChartDay),
        (BUYS, Word::SideBuy),
        (SELLS, Word::SideSell),
    ] {
        let heading = grid.words.get(word);
        grid.text((header, column), column, heading, &styles.header);
    }
    let mut row = header;
    for (day, counts) in &figures.days {
        row += 1;
        grid.date((row, DAY), *day, &looks.day);
        grid.number((row, BUYS), counts.buys.into(), &styles.number(0).format);
        grid.number((row, SELLS), counts.sells.into(), &styles.number(0).format);
    }
    Some(Rows {
        first: header + 1,
        last: row,
    })
}

/// Places the figures of a balance statement. Returns the row below, and the rows of the asset classes.
pub fn place_balance(
    grid: &mut Grid,
    holdings: &HoldingFigures,
    cash: &[CashBalance],
    (base, is_whole): (Currency, bool),
    mut row: u32,
) -> (u32, Option<Rows>) {
    let share = grid.words.get(Word::Share);
    grid.text((row - 1, SHARE), SHARE, share, &grid.looks.heading_right);
    grid.money(row, Word::TotalValuation, base, holdings.total);
    row += 1;
    let only_base = holdings
        .by_currency
        .keys()
        .all(|currency| *currency == base);
    for (currency, value) in holdings.by_currency.iter().filter(|_| !only_base) {
        grid.money_part(row, Word::ByCurrency, *currency, *value);
        row += 1;
    }
    let first = row;
    for class in AssetClass::ALL {
        let Some(value) = holdings.by_class.get(&class) else {
            continue;
        };
        grid.money_part(row, labels::asset_class(class), base, *value);
        if let Some(share) = value.checked_div(holdings.total) {
            grid.number((row, SHARE), share.round_dp(6), &grid.looks.percent);
        }
        row += 1;
    }
    let classes = (row > first).then_some(Rows {
        first,
        last: row - 1,
    });
    for balance in cash {
        let label = match pocket_name(&balance.pocket) {
            None => grid.words.get(Word::CashFigure).to_owned(),
            Some(pocket) => grid
                .words
                .fill(Word::CashFigureOf, &[("pocket", &displayed(pocket))]),
        };
        grid.text((row, 0), 0, label, &grid.looks.label);
        grid.amount(row, balance.currency, balance.amount);
        row += 1;
    }
    if holdings.unvalued_count > 0 {
        grid.label(row, Word::UnvaluedHoldings);
        let count = Decimal::from(holdings.unvalued_count);
        grid.number((row, VALUE), count, &grid.styles.number(0).format);
        row += 1;
    }
    let rounding = grid.words.profile.rounding;
    // Without a rate for each there is no sum of all.
    let cash_in_base: Option<Decimal> = cash
        .iter()
        .map(|cash| in_base((cash.amount, cash.currency, cash.fx_rate), base, rounding))
        .sum();
    if let Some(cash) = cash_in_base.filter(|_| is_whole) {
        grid.money(row, Word::ValuationAndCash, base, holdings.total + cash);
        row += 1;
    }
    (row, classes)
}
