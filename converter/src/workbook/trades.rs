//! 取引明細 / Trades, and 未受渡取引 / Unsettled trades of a balance statement.

use std::collections::BTreeMap;

use common::currency::Currency;
use common::profile::{Basis, Word};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::cell::{Cell, displayed};
use super::labels;
use super::layout::{ColumnSpec, Layout};
use super::style::ColumnStyle::{self, Amount, Code, Price, Quantity, Rate, Text};
use super::words::Words;
use crate::rows::codes::Side;
use crate::rows::trade::{Trade, TradesOutline};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    TradeDate,
    TradeTime,
    SettlementDate,
    SecurityCode,
    SecurityName,
    Market,
    Side,
    Custody,
    Quantity,
    UnitPrice,
    Currency,
    FxRate,
    GrossAmount,
    AccruedInterest,
    ForeignFees,
    Commission,
    ConsumptionTax,
    WithholdingTax,
    NetAmount,
    SettlementCurrency,
    SettlementAmount,
    TradeId,
    Note,
}

/// The trades section, and that of unsettled ones.
pub struct Trades<'p> {
    pub words: Words<'p>,
}

/// Totals are per currency.
const BY_CURRENCY: &[Column] = &[Column::Currency];

/// The columns, in the order of the statement; the optional ones only when the document has a value in them.
pub fn columns(outline: TradesOutline) -> Vec<ColumnSpec<Column>> {
    use Column as C;
    let column = ColumnSpec::new;
    let (name, side) = widths_of_name_and_side(outline);
    let amount = |of, name, heading| column(of, name, heading, Amount).sum_by(BY_CURRENCY);
    let mut columns = vec![column(
        C::TradeDate,
        "trade_date",
        Word::HeadTradeDate,
        ColumnStyle::Date,
    )];
    if outline.with_trade_time {
        columns.push(column(
            C::TradeTime,
            "trade_time",
            Word::HeadTradeTime,
            Text(8),
        ));
    }
    columns.extend([
        column(
            C::SettlementDate,
            "settlement_date",
            Word::HeadSettlementDate,
            ColumnStyle::Date,
        ),
        column(
            C::SecurityCode,
            "security_code",
            Word::HeadSecurityCode,
            Code(14),
        ),
        column(
            C::SecurityName,
            "security_name",
            Word::HeadSecurityName,
            Text(name),
        ),
        column(C::Market, "market", Word::HeadMarket, Text(30)).on_screen_only(),
        column(C::Side, "side", Word::HeadSide, Text(side)),
        column(C::Custody, "custody", Word::HeadCustody, Text(14)),
        column(C::Quantity, "quantity", Word::HeadQuantity, Quantity),
        column(C::UnitPrice, "unit_price", Word::HeadUnitPrice, Price),
        column(C::Currency, "currency", Word::HeadCurrency, Text(6)),
        column(C::FxRate, "fx_rate", Word::HeadFxRate, Rate),
        amount(C::GrossAmount, "gross_amount", Word::HeadGrossAmount),
    ]);
    if outline.with_accrued_interest {
        columns.push(amount(
            C::AccruedInterest,
            "accrued_interest",
            Word::HeadAccruedInterest,
        ));
    }
    if outline.with_foreign_fees {
        columns.push(amount(
            C::ForeignFees,
            "foreign_fees",
            Word::HeadForeignFees,
        ));
    }
    columns.extend([
        amount(C::Commission, "commission", Word::HeadCommission),
        amount(
            C::ConsumptionTax,
            "consumption_tax",
            Word::HeadConsumptionTax,
        ),
        amount(
            C::WithholdingTax,
            "withholding_tax",
            Word::HeadWithholdingTax,
        ),
        amount(C::NetAmount, "net_amount", Word::HeadNetAmount),
    ]);
    if outline.with_settlement {
        columns.extend([
            column(
                C::SettlementCurrency,
                "settlement_currency",
                Word::HeadSettlementCurrency,
                Text(6),
            ),
            column(
                C::SettlementAmount,
                "settlement_amount",
                Word::HeadSettlementAmount,
                Amount,
            )
            .sum_by(&[C::SettlementCurrency]),
        ]);
    }
    columns.extend([
        column(C::TradeId, "trade_id", Word::HeadTradeId, Code(40))
            .rarely_repeated()
            .on_screen_only(),
        column(C::Note, "note", Word::HeadNote, Text(40))
            .rarely_repeated()
            .on_screen_only(),
    ]);
    columns
}

/// More columns leave less to the name, so that the page stays readable.
fn widths_of_name_and_side(outline: TradesOutline) -> (u16, u16) {
    let further = [
        outline.with_trade_time,
        outline.with_accrued_interest,
        outline.with_foreign_fees,
        outline.with_settlement,
    ];
    match further.into_iter().filter(|shown| *shown).count() {
        0 => (36, 18),
        1 => (30, 16),
        2 => (24, 12),
        _ => (20, 12),
    }
}

impl Layout for Trades<'_> {
    type Row = Trade;
    type Column = Column;

    fn cell<'r>(&'r self, trade: &'r Trade, column: Column) -> Cell<'r> {
        let amount = |value| Cell::Amount(value, trade.currency);
        let settled_in = trade
            .settlement_currency
            .as_ref()
            .unwrap_or(&trade.currency);
        match column {
            Column::TradeDate => Cell::Date(trade.trade_date),
            Column::TradeTime => Cell::text(trade.trade_time.as_deref()),
            Column::SettlementDate => Cell::Date(trade.settlement_date),
            Column::SecurityCode => Cell::Text(&trade.security_code),
            Column::SecurityName => Cell::Text(&trade.security_name),
            Column::Market => Cell::text(trade.market.as_deref()),
            Column::Side => side(trade, &self.words),
            Column::Custody => Cell::Text(self.words.get(labels::custody(trade.custody))),
            Column::Quantity => Cell::Quantity(trade.quantity),
            Column::UnitPrice => Cell::Price(trade.unit_price, trade.currency),
            Column::Currency => Cell::Text(trade.currency.code()),
            Column::FxRate => Cell::rate(trade.fx_rate),
            Column::GrossAmount => amount(trade.gross_amount),
            Column::AccruedInterest => Cell::amount(trade.accrued_interest, trade.currency),
            Column::ForeignFees => Cell::amount(trade.foreign_fees, trade.currency),
            Column::Commission => amount(trade.commission),
            Column::ConsumptionTax => amount(trade.consumption_tax),
            Column::WithholdingTax => amount(trade.withholding_tax),
            Column::NetAmount => amount(trade.net_amount),
            Column::SettlementCurrency => Cell::Text(settled_in.code()),
            Column::SettlementAmount => Cell::Amount(
                trade.settlement_amount.unwrap_or(trade.net_amount),
                *settled_in,
            ),
            Column::TradeId => Cell::Text(&trade.trade_id),
            Column::Note => Cell::text(trade.note.as_deref()),
        }
    }
}

/// The side, with the event that explains it: 入庫（株式分割）.
fn side<'r>(trade: &'r Trade, words: &Words<'r>) -> Cell<'r> {
    let side = words.get(labels::side(trade.side));
    let event = displayed(trade.event.as_deref().unwrap_or_default());
    if event.is_empty() {
        return Cell::Text(side);
    }
    Cell::Joined(words.fill(Word::SideWithEvent, &[("side", side), ("event", &event)]))
}

/// Key figures of the summary, gathered as rows are written.
#[derive(Debug, Clone, Default)]
pub struct TradeFigures {
    pub trades: u64,
    pub buys: u64,
    pub sells: u64,
    pub by_currency: BTreeMap<Currency, TradeAmounts>,
    /// By the currency that was paid.
    pub settled: BTreeMap<Currency, Decimal>,
    /// Whether any trade was paid in another currency than its own.
    pub settles_elsewhere: bool,
    /// Buys and sells of each day that has any.
    pub days: BTreeMap<Date, DayCounts>,
}

/// What was traded on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCounts {
    pub buys: u32,
    pub sells: u32,
}

#[derive(Debug, Clone, Default)]
pub struct TradeAmounts {
    pub commission: Decimal,
    /// Consumption and withholding tax.
    pub tax: Decimal,
    pub net: Decimal,
}

impl TradeFigures {
    /// `basis` says which of its days a trade counts for.
    pub fn add(&mut self, trade: &Trade, basis: Basis) {
        self.trades += 1;
        let day = match basis {
            Basis::TradeDate => trade.trade_date,
            Basis::SettlementDate => trade.settlement_date,
        };
        match trade.side {
            Side::Buy => {
                self.buys += 1;
                self.days.entry(day).or_default().buys += 1;
            }
            Side::Sell => {
                self.sells += 1;
                self.days.entry(day).or_default().sells += 1;
            }
            Side::Receipt | Side::Delivery | Side::Redemption => {}
        }
        let amounts = self.by_currency.entry(trade.currency).or_default();
        amounts.commission += trade.commission;
        amounts.tax += trade.consumption_tax + trade.withholding_tax;
        amounts.net += trade.net_amount;
        let settled_in = trade.settlement_currency.unwrap_or(trade.currency);
        self.settles_elsewhere |= settled_in != trade.currency;
        *self.settled.entry(settled_in).or_default() +=
            trade.settlement_amount.unwrap_or(trade.net_amount);
    }
}
