//! 取引明細 / Trades, and 未受渡取引 / Unsettled trades of a balance statement.

use std::collections::BTreeMap;

use common::statement::Language;
use rust_decimal::Decimal;

use super::cell::Cell;
use super::labels;
use super::section::{ColumnSpec, Section};
use super::style::ColumnStyle::{Amount, Code, Date, Price, Quantity, Rate, Text};
use crate::rows::codes::Side;
use crate::rows::currency::Currency;
use crate::rows::trade::{Trade, TradesOutline};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    TradeDate,
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

/// The trades section.
pub struct Trades {
    pub language: Language,
}

/// The columns, in the order of the statement; the optional ones only when the document has a value in them.
pub fn columns(language: Language, outline: TradesOutline) -> Vec<ColumnSpec<Column>> {
    const BY_CURRENCY: &[Column] = &[Column::Currency];
    let column =
        |column, heading, width, style| ColumnSpec::new(column, heading, language, width, style);
    let amount = |of, heading| column(of, heading, 14.0, Amount).sum_by(BY_CURRENCY);
    let mut columns = vec![
        column(Column::TradeDate, ("約定日", "Trade date"), 11.5, Date),
        column(
            Column::SettlementDate,
            ("受渡日", "Settlement date"),
            11.5,
            Date,
        ),
        column(Column::SecurityCode, ("銘柄コード", "Code"), 11.0, Code),
        column(Column::SecurityName, ("銘柄名", "Name"), 32.0, Text),
        column(Column::Market, ("市場", "Market"), 15.0, Text),
        column(Column::Side, ("取引", "Side"), 13.0, Text),
        column(Column::Custody, ("預り区分", "Custody"), 13.0, Text),
        column(Column::Quantity, ("数量", "Quantity"), 13.0, Quantity),
        column(Column::UnitPrice, ("単価", "Unit price"), 12.0, Price),
        column(Column::Currency, ("通貨", "Currency"), 9.0, Text),
        column(Column::FxRate, ("為替レート", "FX rate"), 10.0, Rate),
        amount(Column::GrossAmount, ("約定代金", "Gross amount")),
    ];
    if outline.with_accrued_interest {
        columns.push(amount(
            Column::AccruedInterest,
            ("経過利子", "Accrued interest"),
        ));
    }
    if outline.with_foreign_fees {
        columns.push(amount(Column::ForeignFees, ("現地手数料", "Foreign fees")));
    }
    columns.extend([
        amount(Column::Commission, ("手数料", "Commission")),
        amount(Column::ConsumptionTax, ("消費税", "Consumption tax")),
        amount(Column::WithholdingTax, ("譲渡益税等", "Withholding tax")),
        amount(Column::NetAmount, ("受渡金額", "Net amount")),
    ]);
    if outline.with_settlement {
        columns.extend([
            column(
                Column::SettlementCurrency,
                ("決済通貨", "Settlement currency"),
                11.0,
                Text,
            ),
            column(
                Column::SettlementAmount,
                ("決済金額", "Settlement amount"),
                14.0,
                Amount,
            )
            .sum_by(&[Column::SettlementCurrency]),
        ]);
    }
    columns.extend([
        column(Column::TradeId, ("取引番号", "Trade ID"), 18.0, Code),
        column(Column::Note, ("備考", "Note"), 24.0, Text),
    ]);
    columns
}

impl Section for Trades {
    type Row = Trade;
    type Column = Column;

    fn cell<'r>(&self, trade: &'r Trade, column: Column) -> Cell<'r> {
        let amount = |value| Cell::Amount(value, trade.currency);
        let settled_in = trade
            .settlement_currency
            .as_ref()
            .unwrap_or(&trade.currency);
        match column {
            Column::TradeDate => Cell::Date(trade.trade_date),
            Column::SettlementDate => Cell::Date(trade.settlement_date),
            Column::SecurityCode => Cell::Text(&trade.security_code),
            Column::SecurityName => Cell::Text(&trade.security_name),
            Column::Market => Cell::text(trade.market.as_deref()),
            Column::Side => side(trade, self.language),
            Column::Custody => {
                Cell::Text(labels::pick(labels::custody(trade.custody), self.language))
            }
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
fn side(trade: &Trade, language: Language) -> Cell<'_> {
    let side = labels::pick(labels::side(trade.side), language);
    match (&trade.event, language) {
        (None, _) => Cell::Text(side),
        (Some(event), Language::Ja) => Cell::Joined(format!("{side}（{event}）")),
        (Some(event), Language::En) => Cell::Joined(format!("{side} ({event})")),
    }
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
}

#[derive(Debug, Clone, Default)]
pub struct TradeAmounts {
    pub commission: Decimal,
    /// Consumption and withholding tax.
    pub tax: Decimal,
}

impl TradeFigures {
    pub fn add(&mut self, trade: &Trade) {
        self.trades += 1;
        match trade.side {
            Side::Buy => self.buys += 1,
            Side::Sell => self.sells += 1,
            Side::Receipt | Side::Delivery | Side::Redemption => {}
        }
        let amounts = self.by_currency.entry(trade.currency).or_default();
        amounts.commission += trade.commission;
        amounts.tax += trade.consumption_tax + trade.withholding_tax;
        *self
            .settled
            .entry(trade.settlement_currency.unwrap_or(trade.currency))
            .or_default() += trade.settlement_amount.unwrap_or(trade.net_amount);
    }
}
