//! Prices and exchange rates: the same for every account, moving a little from day to day. Integer arithmetic
//! only, so that every machine finds the same market.

use fastrand::Rng;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::calendar::{Month, business_day_on_or_before};
use super::securities::{AssetClass, Currency, Security};
use super::universe::SPLITTING;

/// The closing price of a day, per `price_unit`.
pub fn close(security: &Security, day: Date, month: &Month) -> Decimal {
    price(
        security,
        drift(security.code, day),
        day,
        month,
        security.tick,
    )
}

/// A price at which a customer trades that day.
pub fn traded(security: &Security, day: Date, month: &Month, rng: &mut Rng) -> Decimal {
    let drift = drift(security.code, day);
    match security.class {
        // One price a day for everybody.
        AssetClass::Fund | AssetClass::Bond | AssetClass::Other => {
            price(security, drift, day, month, security.tick)
        }
        AssetClass::Equity | AssetClass::Etf => {
            // An order filled in parts has an average price, finer than the tick.
            let tick = if rng.u32(..20) == 0 { 1 } else { security.tick };
            price(security, drift + rng.i64(-80..=80), day, month, tick)
        }
    }
}

/// Yen per US dollar.
pub fn usd_jpy(day: Date) -> Decimal {
    Decimal::new(
        15_000 + drift("USD/JPY", business_day_on_or_before(day)) * 3 / 5,
        2,
    )
}

/// The rate that a currency's rows carry. The base currency needs none.
pub fn fx_rate(currency: Currency, day: Date) -> Option<Decimal> {
    (currency == Currency::Usd).then(|| usd_jpy(day))
}

fn price(security: &Security, drift: i64, day: Date, month: &Month, tick: i64) -> Decimal {
    // Bonds hardly move.
    let drift = if security.class == AssetClass::Bond {
        drift / 20
    } else {
        drift
    };
    let unsplit = security.code == SPLITTING.code && day < month.split_on();
    let middle = security.price * if unsplit { 2 } else { 1 };
    let exact = middle * (10_000 + drift) / 10_000;
    Decimal::new(((exact + tick / 2) / tick * tick).max(tick), 4).normalize()
}

/// How far a day is from the middle, in ten-thousandths: a slow move between monthly anchors and a daily one.
fn drift(code: &str, day: Date) -> i64 {
    let months = i64::from(day.year()) * 12 + i64::from(day.month());
    let anchor = |month: i64| noise(code, month, 600);
    let passed = i64::from(day.day());
    let slow = (anchor(months) * (31 - passed) + anchor(months + 1) * passed) / 31;
    slow + noise(code, months * 100 + passed, 120)
}

/// A number between `-reach` and `reach` that depends on nothing but `code` and `n`.
fn noise(code: &str, n: i64, reach: i64) -> i64 {
    let seed = code
        .bytes()
        .fold(n.unsigned_abs(), |seed, byte| mix(seed ^ u64::from(byte)));
    Rng::with_seed(seed).i64(-reach..=reach)
}

/// Spreads neighbouring numbers over all of `u64` (the finalizer of `SplitMix64`).
pub fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// To the currency's minor unit, halves away from zero.
pub fn rounded(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(
        currency.minor_unit(),
        RoundingStrategy::MidpointAwayFromZero,
    )
}

/// To the currency's minor unit, towards zero, as fees and taxes are.
pub fn rounded_down(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(currency.minor_unit(), RoundingStrategy::ToZero)
}

/// What a quantity is worth at a price, to the minor unit.
pub fn worth(security: &Security, quantity: Decimal, price: Decimal) -> Decimal {
    rounded(
        quantity * price / Decimal::from(security.price_unit),
        security.currency,
    )
}
