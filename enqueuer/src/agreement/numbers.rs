//! Numbers of aggregates. What is no plain decimal is passed over here: its own document is refused for it.

use common::decimal;
use rust_decimal::Decimal;

/// A number as a database writes it; SQLite writes a small one with an exponent.
pub fn parse(text: &str) -> Option<Decimal> {
    decimal::parse(text).or_else(|| Decimal::from_scientific(text).ok())
}

/// A number above zero.
pub fn positive(text: &str) -> Option<Decimal> {
    parse(text).filter(|number| *number > Decimal::ZERO)
}

/// `1 row`, `2 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", crate::numbers::grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_databases_write_them() {
        let number = |text: &str| parse(text).map(|number| number.normalize().to_string());
        assert_eq!(number("152.50").as_deref(), Some("152.5"));
        assert_eq!(number("6.1e-05").as_deref(), Some("0.000061"));
        assert_eq!(number("NaN"), None);
        assert_eq!((positive("0"), positive("-1")), (None, None));
        assert_eq!(counted(1, "row") + &counted(1200, "row"), "1 row1,200 rows");
    }
}
