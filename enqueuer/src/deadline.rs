//! The deadline of a month end, and whether it will be met.

use common::clock::parse_instant;
use common::ledger::{Ledger, OpenRun};
use common::{Error, Result};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// The pace is that of so long ago.
const PACE_OVER: SignedDuration = SignedDuration::from_mins(10);

/// When a month end must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    At(Timestamp),
    /// The next time of day after a run began, in the business time zone.
    Daily(Time),
}

impl Deadline {
    /// What a flag or the environment says; nothing, or an empty text, is no deadline.
    pub fn given(text: Option<&str>) -> Result<Option<Self>> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        text.map(Self::parse).transpose()
    }

    fn parse(text: &str) -> Result<Self> {
        let time = text.split_once(':').and_then(|(hour, minute)| {
            let is_number =
                |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            let number = |part: &str| is_number(part).then(|| part.parse::<i8>().ok()).flatten();
            Time::new(number(hour)?, number(minute)?, 0, 0).ok()
        });
        if let Some(time) = time {
            return Ok(Deadline::Daily(time));
        }
        parse_instant(text).map(Deadline::At).map_err(|_| {
            Error::config(format!(
                "--deadline {text:?} is no time: write HH:MM or RFC 3339, e.g. 06:00 or 2026-11-01T06:00:00+09:00"
            ))
        })
    }

    /// The deadline of a run that began then.
    pub fn after(&self, began: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Deadline::At(instant) => *instant,
            Deadline::Daily(time) => {
                let day = began.to_zoned(zone.clone());
                let same_day = day.date().to_datetime(*time).to_zoned(zone.clone());
                match same_day {
                    Ok(same_day) if same_day.timestamp() > began => same_day.timestamp(),
                    Ok(same_day) => same_day
                        .checked_add(1.day())
                        .map_or(began, |next| next.timestamp()),
                    Err(_) => began,
                }
            }
        }
    }
}

/// When a run is expected to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// At the pace of the last minutes.
    At(Timestamp),
    /// It has just begun.
    TooEarly,
    /// Nothing has ended in the last minutes.
    Stalled,
}

impl Forecast {
    pub fn instant(self) -> Option<Timestamp> {
        match self {
            Forecast::At(instant) => Some(instant),
            Forecast::TooEarly | Forecast::Stalled => None,
        }
    }
}

/// Forecasts the end of a run with so many documents left.
pub async fn forecast(ledger: &Ledger, open: &OpenRun, left: i64) -> Result<Forecast> {
    let elapsed = open.now.duration_since(open.started_at);
    let over = elapsed.clamp(SignedDuration::from_secs(1), PACE_OVER);
    let over_ms = i64::try_from(over.as_millis()).unwrap_or(i64::MAX);
    let settled = ledger.settled_within(&open.run.run_id, over_ms).await?;
    if settled == 0 {
        return Ok(if elapsed < PACE_OVER {
            Forecast::TooEarly
        } else {
            Forecast::Stalled
        });
    }
    let left_ms = left.saturating_mul(over_ms) / settled;
    let end = open.now.checked_add(SignedDuration::from_millis(left_ms));
    Ok(end.map_or(Forecast::Stalled, Forecast::At))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_that_of_the_clock_when_clocks_are_changed() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let began = "2026-10-24T07:00:00+02:00".parse().unwrap();
        let next = Deadline::parse("06:00").unwrap().after(began, &berlin);
        assert_eq!(next.to_string(), "2026-10-25T05:00:00Z", "06:00 +01:00");
    }

    #[test]
    fn a_time_of_day_is_the_next_one_after_the_run_began() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let at = |began: &str| {
            Deadline::parse("06:00")
                .unwrap()
                .after(began.parse().unwrap(), &tokyo)
                .to_string()
        };
        assert_eq!(at("2026-11-01T00:10:00+09:00"), "2026-10-31T21:00:00Z");
        assert_eq!(at("2026-11-01T06:00:00+09:00"), "2026-11-01T21:00:00Z");
        let instant = Deadline::parse("2026-11-01T06:00:00+09:00").unwrap();
        assert_eq!(
            instant.after(Timestamp::UNIX_EPOCH, &tokyo).to_string(),
            "2026-10-31T21:00:00Z"
        );
        let daily = Deadline::given(Some(" 06:00 ")).unwrap().unwrap();
        assert_eq!(daily, Deadline::Daily(Time::constant(6, 0, 0, 0)));
        assert_eq!(Deadline::given(Some(" ")).unwrap(), None);
        assert_eq!(Deadline::given(None).unwrap(), None);
        for wrong in [
            "", "6", "6:00", "+6:00", "06:+1", "25:00", "06:60", "tomorrow",
        ] {
            let error = Deadline::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("--deadline"), "{error}");
        }
    }
}
