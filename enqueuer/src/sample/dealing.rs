//! What one trade costs: gross amount, fees, taxes and the net amount that follows from them.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::accounts::Plan;
use super::calendar::business_days_after;
use super::market::{fx_rate, rounded, rounded_down, worth};
use super::rows::{Custody, Side, Trade};
use super::securities::{AssetClass, Currency, Security};

/// What is agreed with the market.
#[derive(Clone, Copy)]
pub struct Order {
    pub trade_date: Date,
    pub security: &'static Security,
    pub side: Side,
    pub custody: Custody,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    /// What is sold once cost, per `price_unit`.
    pub average_cost: Decimal,
    /// Converts what is due in dollars to yen.
    pub in_yen: bool,
}

/// Settles accounts for an order. `withheld` is the tax on gains withheld this year so far: a loss gets part of it back.
pub fn deal(order: &Order, plan: &Plan, withheld: &mut Decimal) -> Trade {
    let Order {
        trade_date,
        security,
        side,
        custody,
        quantity,
        unit_price,
        ..
    } = *order;
    let currency = security.currency;
    let gross_amount = worth(security, quantity, unit_price);
    let accrued_interest =
        (security.class == AssetClass::Bond).then(|| accrued(security, side, quantity, trade_date));
    let commission = if plan.pays_commission && side != Side::Redemption && !custody.is_tax_free() {
        commission(security, gross_amount)
    } else {
        Decimal::ZERO
    };
    let foreign_fees =
        (currency == Currency::Usd).then(|| foreign_fees(security, side, gross_amount));
    let consumption_tax = rounded_down(commission * Decimal::new(10, 2), currency);
    let mut trade = Trade {
        number: 0,
        trade_date,
        settlement_date: match side {
            Side::Buy | Side::Sell => business_days_after(trade_date, security.settles_after),
            Side::Receipt | Side::Delivery | Side::Redemption => trade_date,
        },
        security,
        side,
        event: None,
        custody,
        quantity,
        unit_price,
        fx_rate: fx_rate(currency, trade_date),
        gross_amount,
        accrued_interest,
        commission,
        foreign_fees,
        consumption_tax,
        withholding_tax: Decimal::ZERO,
        net_amount: Decimal::ZERO,
        yen_amount: None,
        note: None,
    };
    let interest = accrued_interest.unwrap_or_default();
    match side {
        Side::Buy => trade.net_amount = -(gross_amount + interest + trade.fees()),
        Side::Sell | Side::Redemption => {
            let gain = gross_amount - trade.fees() - worth(security, quantity, order.average_cost);
            trade.withholding_tax = withholding_tax(gain, custody, currency, withheld);
            trade.net_amount = gross_amount + interest - trade.fees() - trade.withholding_tax;
        }
        Side::Receipt | Side::Delivery => {}
    }
    if let (true, Some(rate)) = (order.in_yen, trade.fx_rate) {
        trade.yen_amount = Some(rounded(trade.net_amount * rate, Currency::Jpy));
    }
    trade
}

/// A movement of securities without money: a transfer from or to another firm, a split.
pub fn transfer(order: &Order, event: &'static str) -> Trade {
    let Order {
        trade_date,
        security,
        side,
        custody,
        quantity,
        unit_price,
        ..
    } = *order;
    Trade {
        number: 0,
        trade_date,
        settlement_date: trade_date,
        security,
        side,
        event: Some(event),
        custody,
        quantity,
        unit_price,
        fx_rate: fx_rate(security.currency, trade_date),
        gross_amount: worth(security, quantity, unit_price),
        accrued_interest: None,
        commission: Decimal::ZERO,
        foreign_fees: None,
        consumption_tax: Decimal::ZERO,
        withholding_tax: Decimal::ZERO,
        net_amount: Decimal::ZERO,
        yen_amount: None,
        note: None,
    }
}

/// The interest since the last coupon; paid out with the coupon itself when the bond is redeemed.
fn accrued(security: &Security, side: Side, quantity: Decimal, day: Date) -> Decimal {
    if side == Side::Redemption {
        return Decimal::ZERO;
    }
    let days = Decimal::from(day.day_of_year() % 182);
    let yearly = quantity * Decimal::new(security.coupon, 4);
    rounded_down(yearly * days / Decimal::from(365), security.currency)
}

/// Without consumption tax.
fn commission(security: &Security, gross_amount: Decimal) -> Decimal {
    match (security.class, security.currency) {
        (AssetClass::Fund | AssetClass::Bond, _) => Decimal::ZERO,
        (_, Currency::Usd) => {
            let rate = Decimal::new(45, 4);
            rounded_down(gross_amount * rate, Currency::Usd).min(Decimal::from(20))
        }
        (_, Currency::Jpy) => {
            let steps = [
                (50_000, 50),
                (100_000, 90),
                (200_000, 105),
                (500_000, 250),
                (1_000_000, 487),
                (1_500_000, 582),
            ];
            let step = steps
                .iter()
                .find(|(up_to, _)| gross_amount <= Decimal::from(*up_to));
            Decimal::from(step.map_or(921, |(_, fee)| *fee))
        }
    }
}

/// The US supervisor's fee on sales, rounded up to the cent.
fn foreign_fees(security: &Security, side: Side, gross_amount: Decimal) -> Decimal {
    if side != Side::Sell || security.class == AssetClass::Bond {
        return Decimal::ZERO;
    }
    (gross_amount * Decimal::new(278, 7))
        .round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity)
}

/// 20.315 % of a gain in specific custody. A loss gets back at most what was withheld this year, which is kept in yen.
fn withholding_tax(
    gain: Decimal,
    custody: Custody,
    currency: Currency,
    withheld: &mut Decimal,
) -> Decimal {
    if custody != Custody::Specific {
        return Decimal::ZERO;
    }
    let tax = rounded_down(gain * Decimal::new(20_315, 5), currency);
    match currency {
        Currency::Usd => tax.max(Decimal::ZERO),
        Currency::Jpy => {
            let tax = tax.max(-*withheld);
            *withheld += tax;
            tax
        }
    }
}
