//! Dividends and coupons of the opening holdings, and the taxes on them.

use fastrand::Rng;
use rust_decimal::Decimal;

use super::accounts::Plan;
use super::calendar::Month;
use super::cash::movement;
use super::holders::pick;
use super::market::rounded_down;
use super::portfolio::{Holding, Portfolio};
use super::rows::Movement;
use super::securities::{AssetClass, Currency};
use super::universe::{MATURING, SPLITTING};

pub fn movements(plan: &Plan, month: &Month, opening: &Portfolio, rng: &mut Rng) -> Vec<Movement> {
    let mut movements = Vec::new();
    for holding in &opening.holdings {
        let security = holding.security;
        let day = pick(&month.days, rng);
        let pays = rng.u32(..8) == 0;
        let paid = match security.class {
            // The last coupon comes with the redemption.
            AssetClass::Bond if security.code == MATURING.code => Some((
                month.matures_on(),
                "interest",
                plan.words("利金", "Coupon"),
                coupon(holding),
            )),
            AssetClass::Bond if pays => Some((
                day,
                "interest",
                plan.words("利金", "Coupon"),
                coupon(holding),
            )),
            AssetClass::Equity | AssetClass::Etf if pays && security.code != SPLITTING.code => {
                Some((
                    day,
                    "dividend",
                    plan.words("配当金", "Dividend"),
                    dividend(holding),
                ))
            }
            _ => None,
        };
        let Some((day, kind, word, gross)) = paid else {
            continue;
        };
        // Some fractions of a share earn nothing.
        if gross > Decimal::ZERO {
            let description = format!("{word}　{}", security.name);
            movements.push(taxed(
                holding,
                gross,
                movement(plan, day, kind, description, security.currency, gross),
            ));
        }
    }
    movements
}

/// Half a year's interest.
fn coupon(holding: &Holding) -> Decimal {
    let yearly = holding.quantity * Decimal::new(holding.security.coupon, 4);
    rounded_down(yearly / Decimal::TWO, holding.security.currency)
}

/// About one percent of the price: whole yen or cents per share.
fn dividend(holding: &Holding) -> Decimal {
    let security = holding.security;
    let per_share = match security.currency {
        Currency::Jpy => Decimal::from((security.price / 1_000_000).max(1)),
        Currency::Usd => Decimal::new((security.price / 10_000).max(1), 2),
    };
    rounded_down(holding.quantity * per_share, security.currency)
}

/// Takes the taxes off: 10 % abroad on US shares, then 15.315 % and 5 % at home unless the custody is tax free.
fn taxed(holding: &Holding, gross: Decimal, movement: Movement) -> Movement {
    let security = holding.security;
    let part = |amount: Decimal, rate: Decimal| rounded_down(amount * rate, security.currency);
    let abroad = security.currency == Currency::Usd && security.class != AssetClass::Bond;
    let foreign_tax = abroad.then(|| part(gross, Decimal::new(10, 2)));
    let taxable = if holding.custody.is_tax_free() {
        Decimal::ZERO
    } else {
        gross - foreign_tax.unwrap_or_default()
    };
    let income_tax = part(taxable, Decimal::new(15_315, 5));
    let local_tax = part(taxable, Decimal::new(5, 2));
    Movement {
        amount: gross - foreign_tax.unwrap_or_default() - income_tax - local_tax,
        security: Some(security),
        gross_amount: Some(gross),
        income_tax: Some(income_tax),
        local_tax: Some(local_tax),
        foreign_tax,
        ..movement
    }
}
