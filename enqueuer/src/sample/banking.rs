//! What the holder and the firm move besides trades and income: deposits, withdrawals, exchanges, fees.

use fastrand::Rng;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::accounts::{Plan, Style};
use super::calendar::Month;
use super::cash::movement;
use super::holders::pick;
use super::market::{rounded, usd_jpy};
use super::rows::Movement;
use super::securities::Currency;

pub fn movements(plan: &Plan, month: &Month, rng: &mut Rng) -> Vec<Movement> {
    let days: Vec<_> = month
        .days
        .iter()
        .copied()
        .filter(|day| *day >= plan.account.opened_on)
        .collect();
    let mut movements = Vec::new();
    let mut add =
        |one_in: u32, kind, description: &str, amount: fn(&mut Rng) -> i64, rng: &mut Rng| {
            if rng.u32(..one_in) == 0 {
                let amount = Decimal::from(amount(rng));
                movements.push(movement(
                    plan,
                    pick(&days, rng),
                    kind,
                    description.to_owned(),
                    Currency::Jpy,
                    amount,
                ));
            }
        };
    add(
        4,
        "deposit",
        plan.words("銀行振込", "Bank transfer"),
        |rng| 10_000 * rng.i64(1..=150),
        rng,
    );
    add(
        6,
        "deposit",
        plan.words("口座振替（積立）", "Direct debit"),
        |rng| pick(&[30_000, 33_333, 50_000, 100_000], rng),
        rng,
    );
    add(
        8,
        "withdrawal",
        plan.words("ご出金", "Payment to your bank account"),
        |rng| -10_000 * rng.i64(1..=80),
        rng,
    );
    add(
        20,
        "fee",
        plan.words("移管手数料", "Transfer fee"),
        |rng| pick(&[-330, -550, -1_100], rng),
        rng,
    );
    add(
        15,
        "interest",
        plan.words("預り金利息", "Interest on cash"),
        |rng| rng.i64(1..=480),
        rng,
    );
    add(
        30,
        "refund",
        plan.words("手数料キャッシュバック", "Commission refund"),
        |rng| rng.i64(50..=3_000),
        rng,
    );
    add(
        60,
        "tax",
        plan.words("源泉徴収税の過不足調整", "Withholding tax adjustment"),
        |rng| -rng.i64(1..=2_000),
        rng,
    );
    add(
        50,
        "other",
        plan.words("ポイント充当", "Points redeemed"),
        |rng| rng.i64(1..=5_000),
        rng,
    );
    if plan.style == Style::Global && rng.u32(..4) == 0 {
        movements.extend(exchange(plan, pick(&days, rng), rng));
    }
    movements
}

/// Yen to dollars, a quarter of a yen dearer than the market.
fn exchange(plan: &Plan, day: Date, rng: &mut Rng) -> [Movement; 2] {
    let dollars = Decimal::from(100 * rng.u32(1..=40));
    let rate = usd_jpy(day) + Decimal::new(25, 2);
    let yen = rounded(dollars * rate, Currency::Jpy);
    let description = format!(
        "{} USD/JPY {rate}",
        plan.words("外貨両替", "Currency exchange")
    );
    [(Currency::Jpy, -yen), (Currency::Usd, dollars)].map(|(currency, amount)| {
        movement(plan, day, "exchange", description.clone(), currency, amount)
    })
}

/// A new account's first money: enough for all that follows.
pub fn first_deposit(cash: Decimal, plan: &Plan) -> Movement {
    let step = Decimal::from(10_000);
    let amount =
        (cash / step).round_dp_with_strategy(0, RoundingStrategy::ToPositiveInfinity) * step;
    let description = plan.words("銀行振込", "Bank transfer").to_owned();
    let amount = amount.max(step);
    movement(
        plan,
        plan.account.opened_on,
        "deposit",
        description,
        Currency::Jpy,
        amount,
    )
}
