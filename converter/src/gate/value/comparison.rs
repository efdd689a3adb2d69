//! Figures beside each other, with a tolerance.

use common::Result;
use common::currency::Currency;
use common::profile::Rule;
use rust_decimal::Decimal;

use super::Quote;
use crate::gate::Gate;

const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);
const THOUSANDTH: Decimal = Decimal::from_parts(1, 0, 0, false, 3);

/// From this price unit on one unit is worth next to nothing.
const MANY_UNITS: Decimal = Decimal::ONE_THOUSAND;

/// What a figure must be, and by how much it may be off; both times the price unit.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    currency: Currency,
    price_unit: Decimal,
    expected: Decimal,
    tolerance: Decimal,
}

impl Comparison {
    fn new(quote: &Quote, currency: Currency, expected: Decimal, tolerance: Decimal) -> Self {
        Self {
            currency,
            price_unit: quote.price_unit,
            expected,
            tolerance,
        }
    }

    /// Of an amount at a price: half a step of the price, of which a price of next to nothing takes at most half of itself, and one minor
    /// unit. `None` where a product is larger than a decimal holds.
    pub fn of_price(
        quote: &Quote,
        quantity: Decimal,
        price: Decimal,
        currency: Currency,
    ) -> Option<Self> {
        let priced = quote.priced(quantity)?;
        let expected = priced.checked_mul(price)?;
        let half = half_price(quote, price, currency);
        let tolerance = quote.tolerance(priced, half, minor_units(1, currency))?;
        Some(Self::new(quote, currency, expected, tolerance))
    }

    /// Of an unrealised result: beside half a step of the price a whole one of the cost, and a minor unit each for value and cost.
    pub fn of_result(
        quote: &Quote,
        quantity: Decimal,
        (price, cost): (Decimal, Decimal),
        currency: Currency,
    ) -> Option<Self> {
        let priced = quote.priced(quantity)?;
        let step = half_price(quote, price, currency) + quote.scales().whole_cost(currency);
        let tolerance = quote.tolerance(priced, step, minor_units(2, currency))?;
        let expected = priced.checked_mul(price - cost)?;
        Some(Self::new(quote, currency, expected, tolerance))
    }

    /// Of an unrealised result beside a stated value: a whole step of the cost, and a minor unit each for value and cost.
    pub fn of_value(
        quote: &Quote,
        quantity: Decimal,
        (market_value, cost): (Decimal, Decimal),
        currency: Currency,
    ) -> Option<Self> {
        let priced = quote.priced(quantity)?;
        let value = market_value.checked_mul(quote.price_unit)?;
        let step = quote.scales().whole_cost(currency);
        let tolerance = quote.tolerance(priced, step, minor_units(2, currency))?;
        let expected = value.checked_sub(priced.checked_mul(cost)?)?;
        Some(Self::new(quote, currency, expected, tolerance))
    }

    /// Where the amount was fixed and the quantity follows from it, the quantity is rounded.
    pub fn with_fixed_amount(self, quote: &Quote, price: Decimal) -> Option<Self> {
        let Some(step) = quote.scales().quantity() else {
            return Some(self);
        };
        // Of a unit that has a price of its own, parts are bought.
        let step = if quote.price_unit < MANY_UNITS {
            step * THOUSANDTH
        } else {
            step
        };
        let rounded = quote.priced(step)?.checked_mul(price)?;
        Some(Self {
            tolerance: self.tolerance.checked_add(rounded)?,
            ..self
        })
    }

    /// The cost is stated with its own day's factor in it.
    pub fn with_cost_paid(self, quote: &Quote, quantity: Decimal, cost: Decimal) -> Option<Self> {
        let counted = quote.priced(quantity)?.checked_mul(cost)?;
        let paid = quantity.checked_mul(cost)?;
        Some(Self {
            expected: self.expected.checked_add(counted)?.checked_sub(paid)?,
            ..self
        })
    }

    pub fn allows(&self, stated: Decimal) -> bool {
        let times_unit = stated.checked_mul(self.price_unit);
        let off = times_unit.and_then(|stated| stated.checked_sub(self.expected));
        off.is_some_and(|off| off.abs() <= self.tolerance)
    }

    pub fn allows_any(&self, stated: &[Decimal]) -> bool {
        stated.iter().any(|stated| self.allows(*stated))
    }

    pub fn refuse(
        &self,
        gate: &mut Gate,
        row: &str,
        column: &str,
        stated: Decimal,
        formula: &str,
    ) -> Result<()> {
        let expected = self.expected.checked_div(self.price_unit);
        let difference = expected.and_then(|expected| stated.checked_sub(expected));
        gate.broken(
            Rule::Value,
            format!(
                "{row}: {column} is {stated} {}, but {formula} is {}, a difference of {}, more than the tolerance of {}",
                self.currency,
                shown(expected),
                shown(difference),
                shown(self.tolerance.checked_div(self.price_unit))
            ),
        )
    }
}

/// Half a step of a price; of one below a step at most half of itself.
fn half_price(quote: &Quote, price: Decimal, currency: Currency) -> Decimal {
    quote.scales().half_price(currency).min(price * HALF)
}

fn minor_units(count: i64, currency: Currency) -> Decimal {
    Decimal::new(count, currency.exponent())
}

/// With as many decimals as prices have, which is more than any amount.
fn shown(value: Option<Decimal>) -> String {
    value.map_or("too large to tell".to_owned(), |value| {
        value.round_dp(8).normalize().to_string()
    })
}
