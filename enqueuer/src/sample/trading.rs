//! What an account holds at the start, and what it does with it until the period ends.

use std::collections::VecDeque;

use fastrand::Rng;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::accounts::{Plan, Style};
use super::calendar::Month;
use super::dealing::{Order, deal};
use super::holders::pick;
use super::market::traded;
use super::portfolio::{Holding, Portfolio};
use super::rows::{Side, Trade};
use super::securities::{AssetClass, Currency, Security};

/// The trades of the period and those before it that settle within it, by trade date, numbered. `actions` are what
/// happens to the holdings without the customer trading, by date.
pub fn trade_month(
    plan: &Plan,
    month: &Month,
    opening: &Portfolio,
    actions: Vec<Trade>,
    rng: &mut Rng,
) -> Vec<Trade> {
    let mut portfolio = opening.clone();
    let mut withheld = Decimal::from(rng.u32(0..40_000));
    let mut actions = VecDeque::from(actions);
    let mut trades = Vec::new();
    for day in trade_days(plan, month, rng) {
        while let Some(action) = actions.pop_front_if(|action| action.trade_date <= day) {
            portfolio.apply(&action);
            trades.push(action);
        }
        let Some(order) = order(plan, month, day, &portfolio, rng) else {
            continue;
        };
        let mut trade = deal(&order, plan, &mut withheld);
        // What settled before the period is in the opening holdings already.
        if trade.settlement_date <= month.opening {
            continue;
        }
        trade.note = note(rng);
        portfolio.apply(&trade);
        trades.push(trade);
    }
    trades.extend(actions);
    for (number, trade) in (1..).zip(&mut trades) {
        trade.number = number;
    }
    trades
}

/// The day of each trade, in order: one in twenty on the last days before the period.
fn trade_days(plan: &Plan, month: &Month, rng: &mut Rng) -> Vec<Date> {
    let open_days: Vec<_> = month
        .days
        .iter()
        .copied()
        .filter(|day| *day >= plan.account.opened_on)
        .collect();
    let mut days: Vec<_> = (0..plan.trades)
        .map(|_| match rng.u32(..20) {
            0 if !plan.opened_in_period => pick(&month.eve, rng),
            _ => pick(&open_days, rng),
        })
        .collect();
    days.sort_unstable();
    days
}

/// Sells something held or buys something watched.
fn order(
    plan: &Plan,
    month: &Month,
    day: Date,
    portfolio: &Portfolio,
    rng: &mut Rng,
) -> Option<Order> {
    let for_sale: Vec<_> = portfolio
        .holdings
        .iter()
        .filter(|holding| !holding.reserved)
        .collect();
    let sells_in_100 = match plan.style {
        Style::Saver => 10,
        Style::DayTrader => 52,
        _ => 42,
    };
    let sells = !for_sale.is_empty() && rng.u32(..100) < sells_in_100;
    let (side, security, custody, average_cost, quantity) = if sells {
        let holding = pick(&for_sale, rng);
        (
            Side::Sell,
            holding.security,
            holding.custody,
            holding.average_cost,
            quantity_to_sell(holding, rng),
        )
    } else {
        if plan.watchlist.is_empty() {
            return None;
        }
        let security = pick(&plan.watchlist, rng);
        (
            Side::Buy,
            security,
            plan.custody_for(security, rng),
            Decimal::ZERO,
            quantity_to_buy(security, plan.style, rng),
        )
    };
    Some(Order {
        trade_date: day,
        security,
        side,
        custody,
        quantity,
        unit_price: traded(security, day, month, rng),
        average_cost,
        in_yen: security.currency == Currency::Usd && rng.u32(..3) == 0,
    })
}

pub fn quantity_to_buy(security: &Security, style: Style, rng: &mut Rng) -> Decimal {
    let yen = 10_000
        * if style == Style::DayTrader {
            rng.i64(60..=300)
        } else {
            rng.i64(1..=80)
        };
    // The price is in ten-thousandths.
    let price = security.price;
    match (security.class, security.currency) {
        (AssetClass::Fund, _) => Decimal::from(yen * 10_000 * security.price_unit / price),
        (AssetClass::Bond, _) => Decimal::from(rng.u32(1..=10) * security.lot),
        // A tenth of the amount, in grams to six decimals.
        (AssetClass::Other, _) => Decimal::new(yen * 1_000 * 1_000_000 / price, 6),
        (_, Currency::Usd) if rng.u32(..10) == 0 => Decimal::new(rng.i64(1_000..=400_000), 4),
        (_, Currency::Usd) => Decimal::from(rng.u32(1..=60)),
        (_, Currency::Jpy) => {
            let shares = yen * 10_000 / price;
            let lot = i64::from(security.lot);
            // Who cannot afford a lot buys single shares.
            Decimal::from(if shares < lot {
                shares.max(1)
            } else {
                shares / lot * lot
            })
        }
    }
}

/// All of it or about half.
fn quantity_to_sell(holding: &Holding, rng: &mut Rng) -> Decimal {
    if rng.u32(..10) < 4 {
        return holding.quantity;
    }
    let lots = holding.quantity / Decimal::from(holding.security.lot) / Decimal::TWO;
    let half = lots.round_dp_with_strategy(0, RoundingStrategy::ToZero)
        * Decimal::from(holding.security.lot);
    if half.is_zero() {
        holding.quantity
    } else {
        half
    }
}

fn note(rng: &mut Rng) -> Option<&'static str> {
    match rng.u32(..30) {
        0 | 1 => Some("成行"),
        2 => Some("逆指値"),
        3 => Some("ＳＯＲ"),
        _ => None,
    }
}
