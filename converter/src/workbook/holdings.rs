//! 残高明細 / Holdings and 増減 / Movements.

use std::collections::BTreeMap;

use common::statement::Language;
use rust_decimal::Decimal;

use super::cash::in_base;
use super::cell::Cell;
use super::labels;
use super::section::{ColumnSpec, Section};
use super::style::ColumnStyle::{Amount, Code, Date, Price, Quantity, Rate, Text};
use crate::rows::codes::AssetClass;
use crate::rows::currency::Currency;
use crate::rows::position::Position;
use crate::rows::quantity::QuantityMovement;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldingColumn {
    AssetClass,
    SecurityCode,
    SecurityName,
    Custody,
    Quantity,
    AverageCost,
    Price,
    PriceDate,
    Currency,
    FxRate,
    MarketValue,
    UnrealizedPl,
}

/// The holdings section.
pub struct Holdings {
    pub language: Language,
}

pub fn holding_columns(language: Language) -> Vec<ColumnSpec<HoldingColumn>> {
    use HoldingColumn as C;
    const BY_CLASS_AND_CURRENCY: &[HoldingColumn] = &[C::AssetClass, C::Currency];
    let column =
        |column, heading, width, style| ColumnSpec::new(column, heading, language, width, style);
    vec![
        column(C::AssetClass, ("資産区分", "Asset class"), 11.0, Text),
        column(C::SecurityCode, ("銘柄コード", "Code"), 12.0, Code),
        column(C::SecurityName, ("銘柄名", "Name"), 38.0, Text),
        column(C::Custody, ("預り区分", "Custody"), 14.0, Text),
        column(C::Quantity, ("数量", "Quantity"), 14.0, Quantity),
        column(
            C::AverageCost,
            ("平均取得単価", "Average cost"),
            13.5,
            Price,
        ),
        column(C::Price, ("参考単価", "Price"), 12.0, Price),
        column(C::PriceDate, ("単価基準日", "Price date"), 11.5, Date),
        column(C::Currency, ("通貨", "Currency"), 9.0, Text),
        column(C::FxRate, ("為替レート", "FX rate"), 10.5, Rate),
        column(C::MarketValue, ("評価額", "Market value"), 16.0, Amount)
            .sum_by(BY_CLASS_AND_CURRENCY),
        column(
            C::UnrealizedPl,
            ("評価損益", "Unrealised gain/loss"),
            16.0,
            Amount,
        )
        .sum_by(BY_CLASS_AND_CURRENCY),
    ]
}

impl Section for Holdings {
    type Row = Position;
    type Column = HoldingColumn;

    fn cell<'r>(&self, position: &'r Position, column: HoldingColumn) -> Cell<'r> {
        use HoldingColumn as C;
        let word = |words| Cell::Text(labels::pick(words, self.language));
        match column {
            C::AssetClass => word(labels::asset_class(position.asset_class)),
            C::SecurityCode => Cell::Text(&position.security_code),
            C::SecurityName => Cell::Text(&position.security_name),
            C::Custody => word(labels::custody(position.custody)),
            C::Quantity => Cell::Quantity(position.quantity),
            C::AverageCost => Cell::price(position.average_cost, position.currency),
            C::Price => Cell::price(position.price, position.currency),
            C::PriceDate => position.price_date.map_or(Cell::Empty, Cell::Date),
            C::Currency => Cell::Text(position.currency.code()),
            C::FxRate => Cell::rate(position.fx_rate),
            C::MarketValue => Cell::amount(position.market_value, position.currency),
            C::UnrealizedPl => Cell::amount(position.unrealized_pl, position.currency),
        }
    }
}

/// The most holdings without a value that are named below the table.
const MAX_NAMED: usize = 50;

/// Key figures of the summary, gathered as rows are written.
#[derive(Debug, Clone, Default)]
pub struct HoldingFigures {
    pub by_currency: BTreeMap<Currency, Decimal>,
    /// In the base currency.
    pub by_class: BTreeMap<AssetClass, Decimal>,
    /// In the base currency.
    pub total: Decimal,
    /// Holdings without a price or a rate, which no total contains: the first ones by name, and how many.
    pub unvalued: Vec<String>,
    pub unvalued_count: usize,
}

impl HoldingFigures {
    pub fn add(&mut self, position: &Position, base: Currency) {
        let value = position.market_value;
        if let Some(value) = value {
            *self.by_currency.entry(position.currency).or_default() += value;
        }
        let in_base =
            value.and_then(|value| in_base(value, position.currency, position.fx_rate, base));
        if let Some(value) = in_base {
            *self.by_class.entry(position.asset_class).or_default() += value;
            self.total += value;
        } else {
            self.unvalued_count += 1;
            if self.unvalued.len() < MAX_NAMED {
                self.unvalued.push(format!(
                    "{} {}",
                    position.security_code, position.security_name
                ));
            }
        }
    }

    /// The sentence below the table that names what is in no valuation.
    pub fn notes(&self, language: Language) -> Vec<String> {
        if self.unvalued_count == 0 {
            return Vec::new();
        }
        let names = self.unvalued.join(", ");
        let more = self.unvalued_count - self.unvalued.len();
        vec![match (language, more) {
            (Language::Ja, 0) => {
                format!("参考単価または為替レートがないため評価額合計に含まれない銘柄：{names}")
            }
            (Language::Ja, _) => {
                format!(
                    "参考単価または為替レートがないため評価額合計に含まれない銘柄：{names} 他{more}銘柄"
                )
            }
            (Language::En, 0) => {
                format!("Not in the total valuation, for want of a price or an FX rate: {names}")
            }
            (Language::En, _) => {
                format!(
                    "Not in the total valuation, for want of a price or an FX rate: {names} and {more} more"
                )
            }
        }]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementColumn {
    SecurityCode,
    SecurityName,
    Market,
    Custody,
    Opening,
    Bought,
    Received,
    Sold,
    Delivered,
    Redeemed,
    Closing,
}

/// The movements section: per security and custody, how the quantity went from the opening to the closing snapshot.
pub struct Movements {
    pub language: Language,
    /// Without an opening snapshot the opening quantity is not known and stays blank.
    pub opening_known: bool,
}

pub fn movement_columns(language: Language) -> Vec<ColumnSpec<MovementColumn>> {
    use MovementColumn as C;
    let column =
        |column, heading, width, style| ColumnSpec::new(column, heading, language, width, style);
    let quantity = |of, heading| column(of, heading, 13.0, Quantity);
    vec![
        column(C::SecurityCode, ("銘柄コード", "Code"), 12.0, Code),
        column(C::SecurityName, ("銘柄名", "Name"), 38.0, Text),
        column(C::Market, ("市場", "Market"), 15.0, Text),
        column(C::Custody, ("預り区分", "Custody"), 14.0, Text),
        quantity(C::Opening, ("前回残高", "Opening")),
        quantity(C::Bought, ("買付", "Bought")),
        quantity(C::Received, ("入庫", "Received")),
        quantity(C::Sold, ("売付", "Sold")),
        quantity(C::Delivered, ("出庫", "Delivered")),
        quantity(C::Redeemed, ("償還", "Redeemed")),
        quantity(C::Closing, ("今回残高", "Closing")),
    ]
}

impl Section for Movements {
    type Row = QuantityMovement;
    type Column = MovementColumn;

    fn cell<'r>(&self, line: &'r QuantityMovement, column: MovementColumn) -> Cell<'r> {
        use MovementColumn as C;
        match column {
            C::SecurityCode => Cell::Text(&line.security_code),
            C::SecurityName => Cell::Text(&line.security_name),
            C::Market => Cell::text(Some(&*line.market).filter(|market| !market.is_empty())),
            C::Custody => Cell::text(
                line.custody
                    .map(|custody| labels::pick(labels::custody(custody), self.language)),
            ),
            C::Opening if !self.opening_known => Cell::Empty,
            C::Opening => Cell::Quantity(line.opening),
            C::Bought => Cell::Quantity(line.bought),
            C::Received => Cell::Quantity(line.received),
            C::Sold => Cell::Quantity(line.sold),
            C::Delivered => Cell::Quantity(line.delivered),
            C::Redeemed => Cell::Quantity(line.redeemed),
            C::Closing => Cell::Quantity(line.closing),
        }
    }
}
