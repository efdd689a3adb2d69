//! 残高明細 / Holdings and 増減 / Movements.

use std::collections::BTreeMap;

use common::currency::Currency;
use common::decimal::MAX_SIGNIFICANT_DIGITS;
use common::profile::{Rounding, Word};
use common::{Error, Result};
use rust_decimal::Decimal;

use super::cash::in_base;
use super::cell::{Cell, displayed};
use super::labels;
use super::layout::{ColumnSpec, Layout};
use super::style::ColumnStyle::{Amount, Code, Date, Price, Quantity, Rate, Text};
use super::words::Words;
use crate::rows::codes::AssetClass;
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
pub struct Holdings<'p> {
    pub words: Words<'p>,
}

pub fn holding_columns() -> Vec<ColumnSpec<HoldingColumn>> {
    use HoldingColumn as C;
    const BY_CLASS_AND_CURRENCY: &[HoldingColumn] = &[C::AssetClass, C::Currency];
    let column = ColumnSpec::new;
    let amount =
        |of, name, heading| column(of, name, heading, Amount).sum_by(BY_CLASS_AND_CURRENCY);
    vec![
        column(
            C::AssetClass,
            "asset_class",
            Word::HoldingAssetClass,
            Text(12),
        ),
        column(
            C::SecurityCode,
            "security_code",
            Word::HoldingCode,
            Code(14),
        ),
        column(
            C::SecurityName,
            "security_name",
            Word::HoldingName,
            Text(44),
        ),
        column(C::Custody, "custody", Word::HoldingCustody, Text(14)),
        column(C::Quantity, "quantity", Word::HoldingQuantity, Quantity),
        column(
            C::AverageCost,
            "average_cost",
            Word::HoldingAverageCost,
            Price,
        ),
        column(C::Price, "price", Word::HoldingPrice, Price),
        column(C::PriceDate, "price_date", Word::HoldingPriceDate, Date),
        column(C::Currency, "currency", Word::HoldingCurrency, Text(6)),
        column(C::FxRate, "fx_rate", Word::HoldingFxRate, Rate),
        amount(C::MarketValue, "market_value", Word::HoldingMarketValue),
        amount(C::UnrealizedPl, "unrealized_pl", Word::HoldingUnrealizedPl),
    ]
}

impl Layout for Holdings<'_> {
    type Row = Position;
    type Column = HoldingColumn;

    fn cell<'r>(&'r self, position: &'r Position, column: HoldingColumn) -> Cell<'r> {
        use HoldingColumn as C;
        let word = |word| Cell::Text(self.words.get(word));
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
    /// Refuses a valuation that no statement could show; sums of others cannot overflow.
    pub fn add(&mut self, position: &Position, base: Currency, rounding: Rounding) -> Result<()> {
        let value = position.market_value;
        if let Some(value) = value {
            *self.by_currency.entry(position.currency).or_default() += value;
        }
        let in_base = value.and_then(|value| {
            in_base((value, position.currency, position.fx_rate), base, rounding)
        });
        if let Some(value) = in_base {
            if value.abs() >= Decimal::from(10_u64.pow(MAX_SIGNIFICANT_DIGITS)) {
                return Err(Error::data(
                    "shape",
                    format!(
                        "position {}: its value in {base} is {value}, larger than a statement can hold",
                        position.security_code
                    ),
                ));
            }
            *self.by_class.entry(position.asset_class).or_default() += value;
            self.total += value;
        } else {
            self.unvalued_count += 1;
            if self.unvalued.len() < MAX_NAMED {
                self.unvalued.push(named(position));
            }
        }
        Ok(())
    }

    /// The sentences below the table: what prices are good for, and what is in no valuation.
    pub fn notes(&self, words: &Words) -> Vec<String> {
        let mut notes = Vec::new();
        if self.unvalued_count > 0 {
            let mut names = self.unvalued.join(", ");
            let more = self.unvalued_count - self.unvalued.len();
            if more > 0 {
                let more = more.to_string();
                names = words.fill(Word::UnvaluedMore, &[("names", &names), ("more", &more)]);
            }
            notes.push(words.fill(Word::Unvalued, &[("names", &names)]));
        }
        notes.push(words.get(Word::ReferencePrices).to_owned());
        notes
    }
}

/// Code and name; of a name as long as a cell can be, enough to know it by, so that the sentence fits a cell, too.
fn named(position: &Position) -> String {
    const CHARACTERS: usize = 60;
    let cut = |text| {
        let text = displayed(text);
        text.chars().take(CHARACTERS).collect::<String>()
    };
    format!(
        "{} {}",
        cut(&position.security_code),
        cut(&position.security_name)
    )
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
pub struct Movements<'p> {
    pub words: Words<'p>,
    /// Without an opening snapshot the opening quantity is not known and stays blank.
    pub opening_known: bool,
}

pub fn movement_columns() -> Vec<ColumnSpec<MovementColumn>> {
    use MovementColumn as C;
    let column = ColumnSpec::new;
    let quantity = |of, name, heading| column(of, name, heading, Quantity);
    vec![
        column(
            C::SecurityCode,
            "security_code",
            Word::MovementCode,
            Code(14),
        ),
        column(
            C::SecurityName,
            "security_name",
            Word::MovementName,
            Text(44),
        ),
        column(C::Market, "market", Word::MovementMarket, Text(30)).on_screen_only(),
        column(C::Custody, "custody", Word::MovementCustody, Text(14)),
        quantity(C::Opening, "opening", Word::MovementOpening),
        quantity(C::Bought, "bought", Word::MovementBought),
        quantity(C::Received, "received", Word::MovementReceived),
        quantity(C::Sold, "sold", Word::MovementSold),
        quantity(C::Delivered, "delivered", Word::MovementDelivered),
        quantity(C::Redeemed, "redeemed", Word::MovementRedeemed),
        quantity(C::Closing, "closing", Word::MovementClosing),
    ]
}

impl Layout for Movements<'_> {
    type Row = QuantityMovement;
    type Column = MovementColumn;

    fn cell<'r>(&'r self, line: &'r QuantityMovement, column: MovementColumn) -> Cell<'r> {
        use MovementColumn as C;
        match column {
            C::SecurityCode => Cell::Text(&line.security_code),
            C::SecurityName => Cell::Text(&line.security_name),
            C::Market => Cell::text(Some(&*line.market).filter(|market| !market.is_empty())),
            C::Custody => Cell::text(
                line.custody
                    .map(|custody| self.words.get(labels::custody(custody))),
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
