//! Rule 6, value: an amount is what quantity and price make it, within the tolerances of `docs/gate.md`.
//!
//! Both sides of every comparison are multiplied by the price unit, so that nothing is divided: products of the contract's decimals are
//! exact, quotients are not.

mod comparison;

use common::Result;
use common::currency::Currency;
use common::profile::Rule;
use rust_decimal::Decimal;

use self::comparison::Comparison;
use super::Gate;
use super::scales::Scales;
use crate::rows::codes::{AssetClass, Code, Side};
use crate::rows::position::Position;
use crate::rows::trade::Trade;

/// What a row's price is for, beside what its page shows.
#[derive(Debug, Clone, Copy)]
pub struct Quote {
    pub asset_class: AssetClass,
    pub price_unit: Decimal,
    /// `None` = 1.
    pub price_factor: Option<Decimal>,
}

/// What a source states of a holding's value, beside what its page shows.
#[derive(Debug, Clone, Copy)]
pub struct Valuation {
    pub quote: Quote,
    /// `None` where the page shows what we computed.
    pub market_value: Option<Decimal>,
    /// Part of the market value or of the result where they include it.
    pub accrued_interest: Option<Decimal>,
    /// Of the average cost.
    pub cost_currency: Currency,
}

/// Refuses a purchase, sale or redemption whose gross amount is not quantity × price. A receipt's or delivery's is a book value.
pub fn check_trade(gate: &mut Gate, trade: &Trade, quote: &Quote) -> Result<()> {
    if !gate.looks_at(Rule::Value) || matches!(trade.side, Side::Receipt | Side::Delivery) {
        return Ok(());
    }
    let of_trade = || {
        format!(
            "trade {} of {} in {}",
            trade.trade_id, trade.trade_date, trade.security_code
        )
    };
    let comparison = Comparison::of_price(quote, trade.quantity, trade.unit_price, trade.currency)
        .and_then(|comparison| comparison.with_fixed_amount(quote, trade.unit_price));
    let Some(comparison) = comparison else {
        return too_large(gate, &of_trade());
    };
    if comparison.allows(trade.gross_amount) || comparison.allows_any(&all_in(trade)) {
        return Ok(());
    }
    let formula = formula(quote, trade.quantity, "unit_price", trade.unit_price);
    comparison.refuse(
        gate,
        &of_trade(),
        "gross_amount",
        trade.gross_amount,
        &formula,
    )
}

/// What a gross amount is together with what the net amount adds to it: a unit price may be quoted with the accrued interest (dirty) or with
/// fees. A gross amount that contains what the net amount adds once more is none of these: the customer would pay it twice.
fn all_in(trade: &Trade) -> [Decimal; 9] {
    let zero = |amount: Option<Decimal>| amount.unwrap_or(Decimal::ZERO);
    let dirty = trade.gross_amount + zero(trade.accrued_interest);
    let domestic = trade.commission + trade.consumption_tax;
    let abroad = zero(trade.foreign_fees);
    let signed = |fees: Decimal| if trade.side == Side::Buy { fees } else { -fees };
    let [domestic, abroad, fees] = [domestic, abroad, domestic + abroad].map(signed);
    let taxed = if trade.side == Side::Buy {
        fees
    } else {
        fees - trade.withholding_tax
    };
    [
        dirty,
        trade.gross_amount + domestic,
        trade.gross_amount + abroad,
        trade.gross_amount + fees,
        trade.gross_amount + taxed,
        dirty + domestic,
        dirty + abroad,
        dirty + fees,
        dirty + taxed,
    ]
}

/// Refuses a rate of the account's base currency in itself that is not 1: what stands beside it in the base currency would not be amount ×
/// rate.
pub fn check_rate(
    gate: &mut Gate,
    row: impl FnOnce() -> String,
    currency: Currency,
    rate: Option<Decimal>,
) -> Result<()> {
    let is_own = gate.base == Some(currency);
    let Some(rate) = rate.filter(|rate| is_own && *rate != Decimal::ONE) else {
        return Ok(());
    };
    let what = format!(
        "{}: fx_rate is {rate}, but the rate of {currency}, the account's base currency, in itself is 1, a difference of {}",
        row(),
        rate - Decimal::ONE
    );
    gate.broken(Rule::Value, what)
}

/// Refuses a holding whose market value or unrealised result is not what price, cost and quantity make it.
pub fn check_position(gate: &mut Gate, position: &Position, valuation: &Valuation) -> Result<()> {
    if !gate.looks_at(Rule::Value) {
        return Ok(());
    }
    let (currency, rate) = (position.currency, position.fx_rate);
    check_rate(gate, || of_position(position), currency, rate)?;
    let Some(price) = position.price else {
        return check_result_of_value(gate, position, valuation);
    };
    check_market_value(gate, position, price, valuation)?;
    check_result(gate, position, price, valuation)
}

/// Without a price the result is what the stated market value is more than the cost.
fn check_result_of_value(
    gate: &mut Gate,
    position: &Position,
    valuation: &Valuation,
) -> Result<()> {
    let (Some(result), Some(cost), Some(market_value)) = (
        position.unrealized_pl,
        position.average_cost,
        valuation.market_value,
    ) else {
        return Ok(());
    };
    if valuation.cost_currency != position.currency {
        return Ok(());
    }
    let (quote, quantity) = (&valuation.quote, position.quantity);
    let comparison = Comparison::of_value(quote, quantity, (market_value, cost), position.currency);
    let Some(comparison) = comparison else {
        return too_large(gate, &of_position(position));
    };
    let stated = with_or_without_accrued(valuation, result);
    let with_cost_paid = || comparison.with_cost_paid(quote, quantity, cost);
    if comparison.allows_any(&stated)
        || with_cost_paid().is_some_and(|paid| paid.allows_any(&stated))
    {
        return Ok(());
    }
    let formula = format!(
        "market_value {market_value} − average_cost {cost} × {}",
        times(quote, quantity)
    );
    comparison.refuse(
        gate,
        &of_position(position),
        "unrealized_pl",
        result,
        &formula,
    )
}

fn check_market_value(
    gate: &mut Gate,
    position: &Position,
    price: Decimal,
    valuation: &Valuation,
) -> Result<()> {
    let Some(market_value) = valuation.market_value else {
        return Ok(());
    };
    let quote = &valuation.quote;
    let comparison = Comparison::of_price(quote, position.quantity, price, position.currency);
    let Some(comparison) = comparison else {
        return too_large(gate, &of_position(position));
    };
    if comparison.allows_any(&with_or_without_accrued(valuation, market_value)) {
        return Ok(());
    }
    let formula = formula(quote, position.quantity, "price", price);
    comparison.refuse(
        gate,
        &of_position(position),
        "market_value",
        market_value,
        &formula,
    )
}

fn check_result(
    gate: &mut Gate,
    position: &Position,
    price: Decimal,
    valuation: &Valuation,
) -> Result<()> {
    let (Some(result), Some(cost)) = (position.unrealized_pl, position.average_cost) else {
        return Ok(());
    };
    if valuation.cost_currency != position.currency {
        return Ok(());
    }
    let (quote, quantity) = (&valuation.quote, position.quantity);
    let comparison = Comparison::of_result(quote, quantity, (price, cost), position.currency);
    let Some(comparison) = comparison else {
        return too_large(gate, &of_position(position));
    };
    // A cost may have been paid for the factor of its day, and is then stated with it.
    let with_cost_paid = || comparison.with_cost_paid(quote, quantity, cost);
    if comparison.allows_any(&with_or_without_accrued(valuation, result))
        || with_cost_paid().is_some_and(|paid| paid.allows(result))
    {
        return Ok(());
    }
    let formula = format!(
        "(price {price} − average_cost {cost}) × {}",
        times(quote, quantity)
    );
    comparison.refuse(
        gate,
        &of_position(position),
        "unrealized_pl",
        result,
        &formula,
    )
}

/// A stated figure as it is, without the accrued interest that it may include, and with what the price may include.
fn with_or_without_accrued(valuation: &Valuation, stated: Decimal) -> [Decimal; 3] {
    let accrued = valuation.accrued_interest.unwrap_or(Decimal::ZERO);
    [stated, stated - accrued, stated + accrued]
}

impl Quote {
    fn scales(&self) -> &'static Scales {
        Scales::of(self.asset_class)
    }

    /// Times the price unit: a step for each unit of what is priced, and so many minor units.
    fn tolerance(&self, priced: Decimal, step: Decimal, minor_units: Decimal) -> Option<Decimal> {
        let stepped = priced.abs().checked_mul(step)?;
        stepped.checked_add(minor_units.checked_mul(self.price_unit)?)
    }

    /// The quantity that the price counts for.
    fn priced(&self, quantity: Decimal) -> Option<Decimal> {
        match self.price_factor {
            Some(factor) => quantity.checked_mul(factor),
            None => Some(quantity),
        }
    }

    /// What so much is worth at a price; `None` where it is larger than a decimal holds.
    pub fn worth(&self, quantity: Decimal, price: Decimal) -> Option<Decimal> {
        self.priced(quantity)?
            .checked_mul(price)?
            .checked_div(self.price_unit)
    }
}

fn formula(quote: &Quote, quantity: Decimal, column: &str, price: Decimal) -> String {
    format!("{column} {price} × {}", times(quote, quantity))
}

fn times(quote: &Quote, quantity: Decimal) -> String {
    let factor = quote
        .price_factor
        .map_or(String::new(), |factor| format!(" × price_factor {factor}"));
    format!(
        "quantity {quantity}{factor} ÷ price_unit {}",
        quote.price_unit
    )
}

fn of_position(position: &Position) -> String {
    format!(
        "position {} ({}) of {}",
        position.security_code,
        position.custody.code(),
        position.as_of
    )
}

fn too_large(gate: &mut Gate, row: &str) -> Result<()> {
    let what = format!("{row}: quantity × price is larger than can be computed exactly");
    gate.broken(Rule::Value, what)
}

#[cfg(test)]
mod tests;
