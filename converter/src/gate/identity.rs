//! Rule 1, identity: the amounts of every trade listed add up to its net amount, and what is settled is the net amount.

use common::Result;
use common::currency::Currency;
use common::profile::Rule;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::codes::Side;
use crate::rows::trade::Trade;

/// By what a settlement amount is judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// The currency that rates are in; `None` = not known, so that no rate is looked at.
    pub base_currency: Option<Currency>,
    /// How far a settlement in that currency may be from net amount × rate.
    pub settlement_rate_percent: u8,
}

/// Refuses a trade whose net amount is not what its other amounts make, or whose settlement amount is not its net amount.
pub fn check(gate: &mut Gate, trade: &Trade, terms: Terms) -> Result<()> {
    check_net(gate, trade)?;
    match trade.settlement_amount {
        Some(settled) => check_settled(gate, trade, settled, terms),
        None => Ok(()),
    }
}

/// Every tax and fee that the statement prints counts, whatever the side.
fn check_net(gate: &mut Gate, trade: &Trade) -> Result<()> {
    let zero = |amount: Option<Decimal>| amount.unwrap_or(Decimal::ZERO);
    let fees = trade.commission + zero(trade.foreign_fees) + trade.consumption_tax;
    let deducted = fees + trade.withholding_tax;
    let gross = trade.gross_amount + zero(trade.accrued_interest);
    let (expected, rule) = match trade.side {
        Side::Buy => (
            -(gross + deducted),
            "−(gross + accrued interest + fees + withholding tax)",
        ),
        Side::Sell | Side::Redemption => (
            gross - deducted,
            "gross + accrued interest − fees − withholding tax",
        ),
        // A cost that is taken over with the securities is no payment.
        Side::Receipt | Side::Delivery => (-deducted, "−(fees + withholding tax)"),
    };
    if trade.net_amount == expected {
        return Ok(());
    }
    // Nothing is 0, not −0.
    let expected = expected.normalize();
    let Trade {
        net_amount,
        currency,
        ..
    } = trade;
    broken(
        gate,
        trade,
        &format!(
            "net_amount is {net_amount} {currency}, but {rule} is {expected}, a difference of {}",
            net_amount - expected
        ),
    )
}

/// What moves on the customer's bank account.
fn check_settled(gate: &mut Gate, trade: &Trade, settled: Decimal, terms: Terms) -> Result<()> {
    let (net, currency) = (trade.net_amount, trade.currency);
    let settled_in = trade.settlement_currency.unwrap_or(currency);
    let both =
        format!("settlement_amount is {settled} {settled_in}, but net_amount is {net} {currency}");
    if settled_in == currency {
        if settled == net {
            return Ok(());
        }
        return broken(
            gate,
            trade,
            &format!("{both}, a difference of {}", settled - net),
        );
    }
    let rate = trade
        .fx_rate
        .filter(|_| Some(settled_in) == terms.base_currency);
    let made = rate.map(|rate| (rate, (net * rate).normalize()));
    let is_nothing =
        made.is_some_and(|(_, made)| settled.is_zero() && made.abs() < minor_unit(settled_in));
    let sign = |amount: Decimal| amount.cmp(&Decimal::ZERO);
    if sign(settled) != sign(net) && !is_nothing {
        return broken(gate, trade, &format!("{both}: the signs must agree"));
    }
    let Some((rate, made)) = made else {
        return Ok(());
    };
    let percent = terms.settlement_rate_percent;
    let difference = settled - made;
    // Rounding to the minor unit, up or down, is not the bank's rate.
    let allowed = made.abs() * Decimal::new(percent.into(), 2) + minor_unit(settled_in);
    if difference.abs() <= allowed {
        return Ok(());
    }
    broken(
        gate,
        trade,
        &format!(
            "{both}, which at the rate of {rate} makes {made} {settled_in}: a difference of {difference}, more than {percent} % of it"
        ),
    )
}

fn minor_unit(currency: Currency) -> Decimal {
    Decimal::new(1, currency.exponent())
}

fn broken(gate: &mut Gate, trade: &Trade, what: &str) -> Result<()> {
    let Trade {
        trade_id,
        trade_date,
        security_code,
        ..
    } = trade;
    gate.broken(
        Rule::Identity,
        format!("trade {trade_id} of {trade_date} in {security_code}: {what}"),
    )
}
