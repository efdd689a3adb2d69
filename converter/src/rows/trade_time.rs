//! The time at which a trade was made, where the firm knows it: it orders the trades of a day.

use common::catalog::cast;
use common::contract::TRADES;
use common::source::Source;

/// Orders a day's trades by time, those without one first. Nothing where no trade has a time, so that an index serves: the order is
/// the same.
pub fn time_order(source: &Source, with_time: bool) -> String {
    if with_time {
        let time = cast(&source.column(&TRADES, "trade_time"));
        format!("COALESCE({time}, '') COLLATE {{C}}, ")
    } else {
        String::new()
    }
}

/// Whether a text is a time of day, so that times sort as texts: `HH:MM`, `HH:MM:SS` or with a fraction of a second.
pub fn is_time(text: &str) -> bool {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.split(':');
    let is_below = |part: Option<&str>, limit: u8| {
        part.is_some_and(|part| {
            part.len() == 2
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && part.parse().is_ok_and(|number: u8| number < limit)
        })
    };
    let has_seconds = whole.len() > "HH:MM".len();
    is_below(parts.next(), 24)
        && is_below(parts.next(), 60)
        && (!has_seconds || is_below(parts.next(), 60))
        && parts.next().is_none()
        && fraction.is_none_or(|digits| {
            has_seconds && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::is_time;

    #[test]
    fn only_what_sorts_as_a_time_is_one() {
        for time in ["00:00", "09:05", "23:59:59", "09:05:00.123456"] {
            assert!(is_time(time), "{time}");
        }
        for other in [
            "",
            "9:05",
            "24:00",
            "09:60",
            "09:05:60",
            "09:05.5",
            "09:05:00.",
            "0905",
            "09:05:00+09",
            "９：０５",
            "+9:05",
        ] {
            assert!(!is_time(other), "{other}");
        }
    }
}
