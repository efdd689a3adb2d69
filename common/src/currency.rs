//! Currencies: the code as printed and the minor unit that amounts are kept in.

use std::fmt;

use rust_decimal::Decimal;

use crate::profile::Rounding;

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    /// Decimal places of the minor unit: 0 for JPY, 2 for USD.
    exponent: u8,
}

impl Currency {
    /// The currency of a code; `None` when ISO 4217 has no such.
    pub fn from_code(text: &str) -> Option<Self> {
        let known = iso_currency::Currency::from_code(text)?;
        let code = text.as_bytes().try_into().ok()?;
        Some(Self {
            code,
            exponent: known
                .exponent()
                .and_then(|places| places.try_into().ok())
                .unwrap_or(2),
        })
    }

    pub fn code(&self) -> &str {
        // Only ISO codes get here, and those are ASCII.
        std::str::from_utf8(&self.code).unwrap_or("???")
    }

    /// Decimal places of the minor unit.
    pub fn exponent(self) -> u32 {
        u32::from(self.exponent)
    }

    /// Rounds to the minor unit.
    pub fn round(self, amount: Decimal, rounding: Rounding) -> Decimal {
        amount.round_dp_with_strategy(self.exponent(), rounding.strategy())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units() {
        for (code, exponent) in [("JPY", 0), ("USD", 2), ("KWD", 3), ("KRW", 0)] {
            assert_eq!(
                Currency::from_code(code).unwrap().exponent(),
                exponent,
                "{code}"
            );
        }
        for code in ["", "jpy", "YEN", "JPYX", "円"] {
            assert!(Currency::from_code(code).is_none(), "{code}");
        }
    }
}
