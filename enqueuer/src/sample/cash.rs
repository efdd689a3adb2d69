//! The cash side of an account's month: what its trades, holdings and its holder move, and the balances around it.

use fastrand::Rng;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::accounts::{Plan, Style};
use super::banking;
use super::calendar::Month;
use super::income;
use super::market::fx_rate;
use super::portfolio::Portfolio;
use super::rows::{Balance, Movement, Side, Trade};
use super::securities::Currency;

/// The movements after the opening and up to the closing snapshot, in the order in which statements print them, and
/// the balances of both snapshots.
pub fn cash_month(
    plan: &Plan,
    month: &Month,
    opening: &Portfolio,
    trades: &[Trade],
    rng: &mut Rng,
) -> (Vec<Movement>, Vec<Balance>) {
    if plan.style == Style::Dormant {
        return (Vec::new(), empty_balances(plan, month, rng));
    }
    let settled = |trade: &&Trade| {
        trade.side.is_paid() && month.settles_between_snapshots(trade.settlement_date)
    };
    let mut movements: Vec<_> = trades
        .iter()
        .filter(settled)
        .map(|trade| of_trade(trade, plan))
        .collect();
    movements.extend(income::movements(plan, month, opening, rng));
    movements.extend(banking::movements(plan, month, rng));
    // Stable: within a day, trades come first.
    movements.sort_by_key(|movement| movement.booked_on);

    let mut balances = Vec::new();
    for currency in [Currency::Jpy, Currency::Usd] {
        let needed = needed_at_opening(&movements, currency);
        let used = movements
            .iter()
            .any(|movement| movement.currency == currency);
        let mut cash = needed + spare_cash(currency, rng);
        if plan.opened_in_period {
            if currency == Currency::Jpy {
                movements.insert(0, banking::first_deposit(cash, plan));
            }
            cash = Decimal::ZERO;
        } else if currency == Currency::Jpy || used || plan.style == Style::Global {
            balances.push(balance(plan, currency, month.opening, cash));
        }
        let closing = cash + sum(&movements, currency);
        if currency == Currency::Jpy || used || plan.style == Style::Global {
            balances.push(balance(plan, currency, month.closing, closing));
        }
    }
    number(plan, &mut movements);
    (movements, balances)
}

/// A firm may keep a line for an account without money, or none.
fn empty_balances(plan: &Plan, month: &Month, rng: &mut Rng) -> Vec<Balance> {
    if rng.bool() || plan.account.closed_on.is_some() || plan.opened_in_period {
        return Vec::new();
    }
    [month.opening, month.closing]
        .map(|as_of| balance(plan, Currency::Jpy, as_of, Decimal::ZERO))
        .into()
}

pub fn movement(
    plan: &Plan,
    booked_on: Date,
    kind: &'static str,
    description: String,
    currency: Currency,
    amount: Decimal,
) -> Movement {
    Movement {
        number: 0,
        booked_on,
        sequence: None,
        kind,
        description,
        currency,
        pocket: plan.pocket(currency),
        amount,
        trade_id: None,
        security: None,
        gross_amount: None,
        income_tax: None,
        local_tax: None,
        foreign_tax: None,
    }
}

fn of_trade(trade: &Trade, plan: &Plan) -> Movement {
    let (currency, amount) = trade.settlement();
    let side = match trade.side {
        Side::Buy => plan.words("買付", "Buy"),
        Side::Sell => plan.words("売付", "Sell"),
        _ => plan.words("償還", "Redemption"),
    };
    let description = format!("{side}　{}", trade.security.name);
    Movement {
        trade_id: Some(trade.id()),
        security: Some(trade.security),
        ..movement(
            plan,
            trade.settlement_date,
            "trade",
            description,
            currency,
            amount,
        )
    }
}

/// What must be there at the opening so that the balance never falls below zero.
fn needed_at_opening(movements: &[Movement], currency: Currency) -> Decimal {
    let (mut balance, mut lowest) = (Decimal::ZERO, Decimal::ZERO);
    for movement in movements
        .iter()
        .filter(|movement| movement.currency == currency)
    {
        balance += movement.amount;
        lowest = lowest.min(balance);
    }
    if lowest.is_zero() { lowest } else { -lowest }
}

fn spare_cash(currency: Currency, rng: &mut Rng) -> Decimal {
    if rng.u32(..12) == 0 {
        return Decimal::ZERO;
    }
    match currency {
        Currency::Jpy => Decimal::from(rng.u32(0..2_000_000)),
        Currency::Usd => Decimal::new(rng.i64(0..400_000), 2),
    }
}

fn sum(movements: &[Movement], currency: Currency) -> Decimal {
    movements
        .iter()
        .filter(|movement| movement.currency == currency)
        .map(|movement| movement.amount)
        .sum()
}

fn balance(plan: &Plan, currency: Currency, as_of: Date, amount: Decimal) -> Balance {
    Balance {
        as_of,
        currency,
        pocket: plan.pocket(currency),
        amount,
        fx_rate: fx_rate(currency, as_of),
    }
}

fn number(plan: &Plan, movements: &mut [Movement]) {
    let mut day = None;
    let mut sequence = 0;
    for (number, movement) in (1..).zip(movements) {
        sequence = if day == Some(movement.booked_on) {
            sequence + 1
        } else {
            1
        };
        day = Some(movement.booked_on);
        movement.number = number;
        movement.sequence = plan.numbers_movements.then_some(sequence);
    }
}
