//! The words of a document: kind, period, account, document id.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a document states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 取引明細書: the trades and cash movements of a period.
    Trade,
    /// 残高明細書: holdings and cash at the end of a period.
    Balance,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Trade, Kind::Balance];

    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Trade => "trade",
            Kind::Balance => "balance",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                Error::config(format!(
                    "statement kind {text:?} is not known: write trade or balance"
                ))
            })
    }
}

/// One calendar month in the business time zone, written `2026-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first_day: Date,
}

impl Period {
    /// The last complete month before `instant` in `zone`.
    pub fn last_complete(instant: Timestamp, zone: &TimeZone) -> Self {
        let today = instant.to_zoned(zone.clone()).date();
        Self {
            first_day: today.first_of_month(),
        }
        .previous()
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self {
            first_day: self.first_day.saturating_sub(1.month()),
        }
    }

    pub fn first_day(self) -> Date {
        self.first_day
    }

    pub fn last_day(self) -> Date {
        self.first_day.last_of_month()
    }

    /// The instant at which it ends in `zone`: the first one of the next month.
    pub fn end(self, zone: &TimeZone) -> Zoned {
        let next = self.first_day.saturating_add(1.month());
        next.to_zoned(zone.clone())
            .unwrap_or_else(|_| Timestamp::MAX.to_zoned(zone.clone()))
    }

    pub fn contains(self, date: Date) -> bool {
        self.first_day <= date && date <= self.last_day()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.first_day.year(),
            self.first_day.month()
        )
    }
}

impl FromStr for Period {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::config(format!(
                "period {text:?} is not a month: write YYYY-MM, e.g. 2026-10"
            ))
        };
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits =
            |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let year: i16 = year.parse().map_err(|_| wrong())?;
        // Excel's calendar starts in 1900.
        if year < 1900 {
            return Err(wrong());
        }
        let month: i8 = month.parse().map_err(|_| wrong())?;
        let first_day = Date::new(year, month, 1).map_err(|_| wrong())?;
        Ok(Self { first_day })
    }
}

/// Parses a calendar date, strictly `YYYY-MM-DD`, within Excel's calendar (1900-01-01 to 9999-12-31).
pub fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0i16, |value, byte| {
            byte.is_ascii_digit()
                .then(|| value * 10 + i16::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if year < 1900 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    Ja,
    En,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Ja, Language::En];

    pub const fn as_str(self) -> &'static str {
        match self {
            Language::Ja => "ja",
            Language::En => "en",
        }
    }
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Language::ALL
            .into_iter()
            .find(|language| language.as_str() == text)
            .ok_or_else(|| Error::config(format!("language {text:?} is not known: write ja or en")))
    }
}

/// An account id of the source: 1 to 64 letters, digits, `_` and `-`, so that it is safe in object keys and job names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::data(
                "shape",
                format!(
                    "account_id {text:?} is not usable: 1 to 64 ASCII letters, digits, '_' and '-' are"
                ),
            ))
        }
    }
}

/// One statement of one account, kind, period and revision: `2026-10.trade.A0001`, from revision 2 on
/// `2026-10.trade.A0001.r2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId {
    pub period: Period,
    pub kind: Kind,
    pub account_id: AccountId,
    /// 1, then 2… when the document is reissued.
    pub revision: u32,
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.period, self.kind, self.account_id)?;
        if self.revision > 1 {
            write!(f, ".r{}", self.revision)?;
        }
        Ok(())
    }
}

impl FromStr for DocumentId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::config(format!(
                "document id {text:?} is not of the form PERIOD.KIND.ACCOUNT, e.g. 2026-10.trade.A0001"
            ))
        };
        let mut parts = text.split('.');
        let (Some(period), Some(kind), Some(account_id)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let revision = match (parts.next(), parts.next()) {
            (None, _) => 1,
            (Some(revision), None) => revision
                .strip_prefix('r')
                .and_then(|number| number.parse().ok())
                .filter(|number| *number >= 2 && format!("r{number}") == revision)
                .ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        Ok(Self {
            period: period.parse().map_err(|_| wrong())?,
            kind: kind.parse().map_err(|_| wrong())?,
            account_id: account_id.parse().map_err(|_| wrong())?,
            revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_real_month() {
        for text in ["2026-10", "2024-02", "9999-12"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        for text in [
            "2026-13",
            "2026-00",
            "2026-1",
            "26-10",
            "2026",
            "2026-10-01",
            "+026-10",
            "1899-12",
            "２０２６-10",
            "",
        ] {
            let error = text.parse::<Period>().unwrap_err();
            assert!(
                error.to_string().contains("write YYYY-MM"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn the_last_complete_month_is_of_the_business_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let of =
            |instant: &str| Period::last_complete(instant.parse().unwrap(), &tokyo).to_string();
        // 00:10 on the first in Tokyo is still the month before in UTC.
        assert_eq!(of("2026-11-01T00:10:00+09:00"), "2026-10");
        assert_eq!(of("2026-10-31T15:10:00Z"), "2026-10");
        assert_eq!(of("2026-10-31T14:50:00Z"), "2026-09");
        assert_eq!(of("2026-12-31T15:00:00Z"), "2026-12");
        assert_eq!(of("2027-01-01T00:00:00+09:00"), "2026-12");
    }

    #[test]
    fn a_period_ends_with_the_business_zones_next_month() {
        let end = |period: &str, zone: &str| {
            let zone = TimeZone::get(zone).unwrap();
            period
                .parse::<Period>()
                .unwrap()
                .end(&zone)
                .timestamp()
                .to_string()
        };
        assert_eq!(end("2026-10", "Asia/Tokyo"), "2026-10-31T15:00:00Z");
        assert_eq!(end("2026-12", "Asia/Tokyo"), "2026-12-31T15:00:00Z");
        // New York's clocks go back on 1 November, after its midnight.
        assert_eq!(end("2026-10", "America/New_York"), "2026-11-01T04:00:00Z");
        assert_eq!(end("9999-12", "UTC"), "9999-12-30T22:00:00.999999999Z");
    }

    #[test]
    fn document_ids_round_trip() {
        for text in [
            "2026-10.trade.A0001",
            "2026-10.balance.a_B-9",
            "2026-10.trade.A0001.r2",
            "2026-10.trade.A0001.r12",
        ] {
            assert_eq!(text.parse::<DocumentId>().unwrap().to_string(), text);
        }
        for text in [
            "2026-10.trade",
            "2026-10.x.A",
            "2026-13.trade.A",
            "2026-10.trade.A.r1",
            "2026-10.trade.A.r02",
            "2026-10.trade.A.r2.x",
            "2026-10.trade.A/B",
        ] {
            assert!(text.parse::<DocumentId>().is_err(), "{text}");
        }
    }

    #[test]
    fn dates_are_strict() {
        assert_eq!(parse_date("2024-02-29").unwrap().to_string(), "2024-02-29");
        for text in [
            "2023-02-29",
            "2026/10/01",
            "2026-1-01",
            "20261001",
            "infinity",
            "1899-12-31",
            "-001-01-01",
        ] {
            assert!(parse_date(text).is_none(), "{text}");
        }
    }
}
