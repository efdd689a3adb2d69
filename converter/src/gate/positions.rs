//! Rule 2, positions: the opening quantity and the movements make the closing quantity.

use common::Result;
use common::profile::Rule;

use super::Gate;
use crate::rows::codes::Code;
use crate::rows::quantity::QuantityMovement;

/// Refuses a holding that does not roll forward.
pub fn check(gate: &mut Gate, line: &QuantityMovement) -> Result<()> {
    let expected = line.expected_closing();
    if line.closing == expected {
        return Ok(());
    }
    let custody = line.custody.map_or("", Code::code);
    let market = if line.market.is_empty() {
        String::new()
    } else {
        format!(" of {}", line.market)
    };
    gate.broken(
        Rule::Positions,
        format!(
            "security {}{market} ({custody}): opening {} + bought {} + received {} − sold {} − delivered {} − redeemed {} = {expected}, \
             but the closing snapshot holds {}, a difference of {}",
            line.security_code,
            line.opening,
            line.bought,
            line.received,
            line.sold,
            line.delivered,
            line.redeemed,
            line.closing,
            line.closing - expected
        ),
    )
}
