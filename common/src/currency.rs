//! Currencies: the code as printed and the minor unit that amounts are kept in.

use std::fmt;
use std::sync::LazyLock;

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

    /// Every code that [`from_code`](Self::from_code) knows, in order.
    pub fn codes() -> Vec<&'static str> {
        static CODES: LazyLock<Vec<String>> = LazyLock::new(|| {
            let letters = || 'A'..='Z';
            let codes = letters()
                .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
            codes
                .map(String::from_iter)
                .filter(|code| Currency::from_code(code).is_some())
                .collect()
        });
        CODES.iter().map(String::as_str).collect()
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
        let codes = Currency::codes();
        assert!(codes.len() > 150 && codes.contains(&"JPY") && !codes.contains(&"YEN"));
        for code in ["", "jpy", "YEN", "JPYX", "円"] {
            assert!(Currency::from_code(code).is_none(), "{code}");
        }
    }
}
