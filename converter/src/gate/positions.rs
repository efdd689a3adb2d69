//! Rule 2, positions: the opening quantity and the movements make the closing quantity.

use common::{Error, Result};

use crate::rows::quantity::QuantityMovement;

/// Refuses a holding that does not roll forward.
pub fn check(line: &QuantityMovement) -> Result<()> {
    let expected = line.expected_closing();
    if line.closing == expected {
        return Ok(());
    }
    let custody = line
        .custody
        .map(|custody| format!("{custody:?}"))
        .unwrap_or_default();
    let market = if line.market.is_empty() {
        String::new()
    } else {
        format!(" of {}", line.market)
    };
    Err(Error::data(
        "positions",
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
    ))
}
