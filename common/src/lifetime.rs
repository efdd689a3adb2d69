//! When an account was opened and closed, as back offices write it: dates that stand for none are told from days.

use jiff::civil::Date;

use crate::blank::is_absent;
use crate::statement::parse_date;

/// When an account was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    On(Date),
    /// 1900-01-01 or earlier is how systems write that they do not know: the account is older than any period.
    Unknown,
}

impl Opened {
    /// `None` = the text is no date.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "-infinity" || text.ends_with(" BC") {
            return Some(Opened::Unknown);
        }
        match parse_date(text) {
            Some(day) if day > EPOCH => Some(Opened::On(day)),
            Some(_) => Some(Opened::Unknown),
            // Before Excel's calendar, yet a day: 0001-01-01, not 0000-00-00.
            None => early_date(text).map(|_| Opened::Unknown),
        }
    }

    /// Whether the account certainly had nothing before a day.
    pub fn is_from(self, day: Date) -> bool {
        matches!(self, Opened::On(opened_on) if opened_on >= day)
    }
}

/// When an account was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    On(Date),
    /// It is open: null, blank, or a day of the year 9999.
    Not,
}

impl Closed {
    /// `None` = the text is no date.
    pub fn parse(text: Option<&str>) -> Option<Self> {
        let Some(text) = text.filter(|text| !is_absent(text)) else {
            return Some(Closed::Not);
        };
        if text == "infinity" {
            return Some(Closed::Not);
        }
        let day = parse_date(text).or_else(|| early_date(text))?;
        Some(if day.year() == OPEN_YEAR {
            Closed::Not
        } else {
            Closed::On(day)
        })
    }

    /// Whether the account was closed before a day. What contradicts its opening says nothing: its documents are refused.
    pub fn is_before(self, day: Date, opened: Opened) -> bool {
        matches!(self, Closed::On(closed_on) if closed_on < day) && !self.contradicts(opened)
    }

    /// Whether it was closed before it was opened.
    pub fn contradicts(self, opened: Opened) -> bool {
        match (self, opened) {
            (Closed::On(closed_on), Opened::On(opened_on)) => closed_on < opened_on,
            _ => false,
        }
    }
}

/// The first day of Excel's calendar.
const EPOCH: Date = jiff::civil::date(1900, 1, 1);

/// In this year systems let end what has no end.
const OPEN_YEAR: i16 = 9999;

/// A day of the years 1 to 1899.
fn early_date(text: &str) -> Option<Date> {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| {
            matches!(at, 4 | 7) == (byte == b'-') && (byte == b'-' || byte.is_ascii_digit())
        });
    let day: Date = is_shaped.then(|| text.parse().ok())??;
    (day.year() > 0).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        parse_date(text).unwrap()
    }

    #[test]
    fn days_before_the_calendar_mean_that_the_opening_is_not_known() {
        for text in [
            "1900-01-01",
            "1899-12-30",
            "0001-01-01",
            "0001-12-31 BC",
            "-infinity",
        ] {
            assert_eq!(Opened::parse(text), Some(Opened::Unknown), "{text}");
        }
        let known = Opened::parse("1900-01-02").unwrap();
        assert_eq!(known, Opened::On(day("1900-01-02")));
        assert!(known.is_from(day("1900-01-02")) && !known.is_from(day("1900-01-03")));
        assert!(!Opened::Unknown.is_from(day("1900-01-01")));
        for text in [
            "0000-00-00",
            "0000-01-01",
            "2026-02-30",
            "",
            "infinity",
            "1899-1-001",
            "-001-01-01",
            "0001/01/01",
        ] {
            assert_eq!(Opened::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_year_9999_means_that_an_account_is_open() {
        for text in [
            None,
            Some(""),
            Some(" \u{3000}"),
            Some("9999-12-31"),
            Some("9999-01-01"),
            Some("infinity"),
        ] {
            assert_eq!(Closed::parse(text), Some(Closed::Not), "{text:?}");
        }
        for text in ["9998-12-31", "2026-10-31", "0001-01-01"] {
            assert!(
                matches!(Closed::parse(Some(text)), Some(Closed::On(_))),
                "{text}"
            );
        }
        for text in ["0000-00-00", "2026/10/31", "-infinity", "open"] {
            assert_eq!(Closed::parse(Some(text)), None, "{text}");
        }
    }

    #[test]
    fn closed_before_opened_is_a_contradiction_and_no_closure() {
        let closed = Closed::On(day("2026-09-30"));
        let (october, opened) = (day("2026-10-01"), Opened::On(day("2026-09-30")));
        assert!(closed.is_before(october, opened) && !closed.contradicts(opened));
        assert!(!closed.is_before(day("2026-09-30"), opened));
        let later = Opened::On(october);
        assert!(closed.contradicts(later) && !closed.is_before(october, later));
        assert!(closed.is_before(october, Opened::Unknown));
        assert!(!Closed::Not.is_before(october, opened) && !Closed::Not.contradicts(later));
    }
}
