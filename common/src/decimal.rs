//! Decimals stay exact from the database to the cell: parsed from text, added up as decimals, and turned into the
//! nearest double only when a cell is written.

use rust_decimal::Decimal;

/// Excel keeps 15 significant digits; a value that needs more would be rounded silently.
pub const MAX_SIGNIFICANT_DIGITS: u32 = 15;

/// Parses a plain decimal (`-12.30`, no exponent, no grouping) and drops trailing zeros. `None` when the text is
/// anything else or has more digits than a decimal holds.
pub fn parse(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !fraction.is_none_or(is_number) {
        return None;
    }
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    // Nearly every value; what is longer takes the long way.
    if whole.len() + fraction.len() <= MAX_U64_DIGITS {
        let digits = whole.bytes().chain(fraction.bytes());
        let size = digits.fold(0, |size, digit| size * 10 + u64::from(digit - b'0'));
        let mut value = Decimal::from(size);
        value.set_scale(fraction.len().try_into().ok()?).ok()?;
        value.set_sign_negative(unsigned.len() < text.len() && size != 0);
        return Some(if size == 0 { Decimal::ZERO } else { value });
    }
    let value = Decimal::from_str_exact(without_padding(text)).ok()?;
    Some(if value.is_zero() {
        Decimal::ZERO
    } else {
        value
    })
}

/// So many digits of any number fit.
const MAX_U64_DIGITS: usize = 19;

/// A decimal's text without the zeros that PostgreSQL pads to the column's scale: they are no digits of the value.
pub fn without_padding(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// How many significant digits the value needs, trailing zeros of whole numbers not counted.
pub fn significant_digits(value: Decimal) -> u32 {
    let mut mantissa = value.mantissa().unsigned_abs();
    if mantissa == 0 {
        return 0;
    }
    while mantissa.is_multiple_of(10) {
        mantissa /= 10;
    }
    mantissa.ilog10() + 1
}

/// How many decimal places the value needs.
pub fn decimal_places(value: Decimal) -> u32 {
    // Whole numbers, most quantities and every yen, need no division.
    if value.scale() == 0 {
        0
    } else {
        value.normalize().scale()
    }
}

/// Powers of ten that a double holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The double nearest to the value. A mantissa below 2^53 over an exact power of ten is one correctly rounded
/// division; anything else goes through the correctly rounding parser.
pub fn nearest_f64(value: Decimal) -> f64 {
    let mantissa = value.mantissa();
    if let Some(power) = EXACT_POWERS.get(value.scale() as usize)
        && mantissa.unsigned_abs() < 1 << 53
    {
        #[expect(
            clippy::cast_precision_loss,
            reason = "below 2^53 the conversion is exact"
        )]
        return mantissa as f64 / power;
    }
    value
        .to_string()
        .parse()
        .expect("a decimal's text is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimals_are_parsed() {
        for text in ["1", "-1", "0.10", "100.00000000", "-0.5", "123456789012345"] {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "", "-", "1e5", "NaN", "Infinity", "1,000", "+1", ".5", "5.", "1_000", " 1", "１",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_way_of_parsing_says_the_same() {
        for text in [
            "0",
            "-0",
            "-0.000",
            "00012.50",
            "1.10",
            "-123456789.123456",
            "9999999999999999999",
            "-9999999999999999999",
            "999999999999999999.9",
            "99999999999999999999",
            "12345678901.1234567890000",
            "0.00000001",
        ] {
            let exact = Decimal::from_str_exact(without_padding(text)).unwrap();
            let parsed = parse(text).unwrap();
            assert_eq!(parsed, exact, "{text}");
            assert_eq!(
                parsed.scale(),
                if exact.is_zero() { 0 } else { exact.scale() },
                "{text}"
            );
            assert_eq!(
                parsed.is_sign_negative(),
                exact.is_sign_negative() && !exact.is_zero(),
                "{text}"
            );
        }
        for text in ["1.", ".1", "1.2.3", "--1", "1-", "9".repeat(40).as_str()] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn padding_zeros_are_not_digits() {
        let padded = parse("1000.25000000").unwrap();
        assert_eq!(padded.to_string(), "1000.25");
        assert_eq!(significant_digits(padded), 6);
        assert_eq!(significant_digits(parse("1000000000000000000").unwrap()), 1);
        assert_eq!(parse("-0.00").unwrap().to_string(), "0");
        assert_eq!(significant_digits(Decimal::ZERO), 0);
    }

    #[test]
    fn the_double_is_the_nearest_one() {
        for text in [
            "0.1",
            "123456789.123456",
            "99999999999999.9",
            "-0.00000001",
            "79228162514264337593543950335",
        ] {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(
                nearest_f64(parse(text).unwrap()).to_bits(),
                expected.to_bits(),
                "{text}"
            );
        }
    }
}
