//! Rule 1, identity, of dividends, interest and redemptions: what is paid is the gross amount less taxes and fee.

use common::Result;
use common::currency::Currency;
use common::profile::Rule;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::cash::CashMovement;
use crate::rows::codes::{CashKind, Code};

/// Refuses a movement whose amount is not what is left of its gross amount. `base` is the account's base currency: a foreign tax
/// stated in it may be one that the payer has borne (分配時調整外国税相当額), so that it counts or does not.
pub fn check(gate: &mut Gate, movement: &CashMovement, base: Option<Currency>) -> Result<()> {
    if !is_income(movement.kind) || movement.gross_currency != movement.currency {
        return Ok(());
    }
    let Some(gross) = movement.gross_amount else {
        return Ok(());
    };
    let zero = |amount: Option<Decimal>| amount.unwrap_or(Decimal::ZERO);
    let foreign_tax = zero(movement.foreign_tax);
    let borne_by_payer =
        gross - zero(movement.income_tax) - zero(movement.local_tax) - zero(movement.fee);
    let expected = borne_by_payer - foreign_tax;
    if movement.amount == expected
        || (Some(movement.currency) == base && movement.amount == borne_by_payer)
    {
        return Ok(());
    }
    gate.broken(
        Rule::Identity,
        format!(
            "cash movement {} of {} ({}): amount is {} {}, but gross_amount {gross} − income_tax {} − local_tax {} − foreign_tax {foreign_tax} \
             − fee {} is {expected}, a difference of {}",
            movement.movement_id,
            movement.booked_on,
            movement.kind.code(),
            movement.amount,
            movement.currency,
            zero(movement.income_tax),
            zero(movement.local_tax),
            zero(movement.fee),
            movement.amount - expected
        ),
    )
}

fn is_income(kind: CashKind) -> bool {
    matches!(
        kind,
        CashKind::Dividend | CashKind::Interest | CashKind::Redemption
    )
}
