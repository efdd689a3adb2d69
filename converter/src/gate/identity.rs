//! Rule 1, identity: the amounts of every trade listed add up to its net amount.

use common::Result;
use common::profile::Rule;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::codes::Side;
use crate::rows::trade::Trade;

/// Refuses a trade whose net amount is not what its other amounts make.
pub fn check(gate: &mut Gate, trade: &Trade) -> Result<()> {
    let zero = |amount: Option<Decimal>| amount.unwrap_or(Decimal::ZERO);
    let fees = trade.commission + zero(trade.foreign_fees) + trade.consumption_tax;
    let gross = trade.gross_amount + zero(trade.accrued_interest);
    let (expected, rule) = match trade.side {
        Side::Buy => (-(gross + fees), "−(gross + accrued interest + fees)"),
        Side::Sell | Side::Redemption => (
            gross - fees - trade.withholding_tax,
            "gross + accrued interest − fees − withholding tax",
        ),
        Side::Receipt | Side::Delivery => (Decimal::ZERO, "0, as nothing is paid"),
    };
    if trade.net_amount == expected {
        return Ok(());
    }
    gate.broken(
        Rule::Identity,
        format!(
            "trade {} of {} in {}: net_amount is {} {}, but {rule} is {expected}, a difference of {}",
            trade.trade_id,
            trade.trade_date,
            trade.security_code,
            trade.net_amount,
            trade.currency,
            trade.net_amount - expected
        ),
    )
}
