//! What an account holds when the period opens, and what then happens to it without the customer trading: a split, a
//! redemption, transfers from and to other firms.

use fastrand::Rng;
use rust_decimal::Decimal;

use super::accounts::{Plan, Style};
use super::calendar::Month;
use super::dealing::{Order, deal, transfer};
use super::holders::pick;
use super::market::close;
use super::portfolio::{Holding, Portfolio, rounded_cost};
use super::rows::{Custody, Side, Trade};
use super::securities::{AssetClass, Currency, Security};
use super::trading::quantity_to_buy;
use super::universe::{EQUITIES, MATURING, SPLITTING, UNLISTED};

/// The settled holdings of the opening snapshot.
pub fn opening_holdings(plan: &Plan, month: &Month, rng: &mut Rng) -> Portfolio {
    let mut portfolio = Portfolio::default();
    let planted = plan.trouble.is_some();
    let holds_cash_only = rng.u32(..12) == 0 && !planted;
    if plan.style == Style::Dormant || plan.opened_in_period || holds_cash_only {
        return portfolio;
    }
    for security in &plan.watchlist {
        if planted || rng.u32(..10) < 7 {
            let custody = plan.custody_for(security, rng);
            let quantity =
                quantity_to_buy(security, plan.style, rng) * Decimal::from(rng.u32(1..=4));
            hold(&mut portfolio, security, custody, quantity, month, rng);
        }
        // What was bought under the NISA that ended in 2023.
        let old_nisa = security.class == AssetClass::Equity
            && security.currency == Currency::Jpy
            && plan.has_nisa;
        if old_nisa && plan.style != Style::DayTrader && rng.u32(..12) == 0 {
            let quantity = quantity_to_buy(security, plan.style, rng);
            hold(
                &mut portfolio,
                security,
                Custody::Nisa,
                quantity,
                month,
                rng,
            );
        }
    }
    let cautious = plan.style == Style::Cautious;
    let specials = [
        (&SPLITTING, rng.u32(..12) == 0),
        (&MATURING, cautious && rng.u32(..3) == 0),
        (&UNLISTED, rng.u32(..40) == 0),
    ];
    for (security, held) in specials {
        if held {
            let quantity = Decimal::from(rng.u32(1..=10) * security.lot);
            hold(
                &mut portfolio,
                security,
                plan.taxed_custody,
                quantity,
                month,
                rng,
            );
        }
    }
    let delivers = rng.u32(..25) == 0;
    if let Some(first) = portfolio.holdings.first_mut() {
        // A planted trouble needs something that is still held when the period closes.
        first.reserved |= delivers || planted;
    }
    portfolio
}

fn hold(
    portfolio: &mut Portfolio,
    security: &'static Security,
    custody: Custody,
    quantity: Decimal,
    month: &Month,
    rng: &mut Rng,
) {
    let special = [SPLITTING.code, MATURING.code, UNLISTED.code].contains(&security.code);
    let average_cost = if security.class == AssetClass::Bond {
        // Bought when it was issued.
        Decimal::ONE_HUNDRED
    } else {
        let percent = Decimal::new(rng.i64(45..=118), 2);
        rounded_cost(security, close(security, month.eve[1], month) * percent)
    };
    portfolio.holdings.push(Holding {
        security,
        custody,
        quantity,
        average_cost,
        reserved: special,
    });
}

/// What happens to the holdings, by date.
pub fn actions(plan: &Plan, month: &Month, opening: &Portfolio, rng: &mut Rng) -> Vec<Trade> {
    let mut actions = Vec::new();
    for holding in &opening.holdings {
        let code = holding.security.code;
        if code == SPLITTING.code {
            actions.push(split(holding, month));
        } else if code == MATURING.code {
            actions.push(redemption(holding, plan, month));
        } else if holding.reserved && code != UNLISTED.code && plan.trouble.is_none() {
            actions.push(delivery(holding, month, rng));
        }
    }
    // Customers bring their holdings along when they move.
    let brings = if plan.opened_in_period { 2 } else { 25 };
    if plan.style != Style::Dormant && rng.u32(..brings) == 0 {
        actions.push(receipt(plan, month, rng));
    }
    actions.sort_by_key(|action| action.trade_date);
    actions
}

/// One new share for each.
fn split(holding: &Holding, month: &Month) -> Trade {
    let mut order = order_on(holding, Side::Receipt, month);
    order.trade_date = month.split_on();
    order.unit_price = Decimal::ZERO;
    transfer(&order, "株式分割")
}

fn redemption(holding: &Holding, plan: &Plan, month: &Month) -> Trade {
    let mut order = order_on(holding, Side::Redemption, month);
    order.trade_date = month.matures_on();
    order.unit_price = Decimal::ONE_HUNDRED;
    // Bought at par, paid back at par: no gain that could be taxed.
    let mut withheld = Decimal::ZERO;
    deal(&order, plan, &mut withheld)
}

fn delivery(holding: &Holding, month: &Month, rng: &mut Rng) -> Trade {
    let mut order = order_on(holding, Side::Delivery, month);
    order.trade_date = pick(&month.days, rng);
    transfer(&order, "移管")
}

fn receipt(plan: &Plan, month: &Month, rng: &mut Rng) -> Trade {
    let days: Vec<_> = month
        .days
        .iter()
        .copied()
        .filter(|day| *day >= plan.account.opened_on)
        .collect();
    let trade_date = pick(&days, rng);
    let security = &EQUITIES[rng.usize(..EQUITIES.len())];
    let percent = Decimal::new(rng.i64(60..=105), 2);
    let unit_price = rounded_cost(security, close(security, trade_date, month) * percent);
    let order = Order {
        trade_date,
        security,
        side: Side::Receipt,
        custody: plan.taxed_custody,
        quantity: Decimal::from(rng.u32(1..=6) * security.lot),
        unit_price,
        average_cost: Decimal::ZERO,
        in_yen: false,
    };
    transfer(
        &order,
        if rng.u32(..4) == 0 {
            "相続"
        } else {
            "移管"
        },
    )
}

/// All of a holding at what it cost.
fn order_on(holding: &Holding, side: Side, month: &Month) -> Order {
    Order {
        trade_date: month.first_day,
        security: holding.security,
        side,
        custody: holding.custody,
        quantity: holding.quantity,
        unit_price: holding.average_cost,
        average_cost: holding.average_cost,
        in_yen: false,
    }
}
