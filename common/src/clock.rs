//! The clock is injected, so that a month end can be run for any instant.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{Error, Result};

/// Where "now" comes from: the system, or the instant given by `--at`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    fixed: Option<Timestamp>,
}

impl Clock {
    /// A clock that stands at `at`, or the system's when there is none.
    pub fn at(at: Option<Timestamp>) -> Self {
        Self { fixed: at }
    }

    pub fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the system clock"
        )]
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// The calendar date in `zone`.
    pub fn today(&self, zone: &TimeZone) -> Date {
        self.now().to_zoned(zone.clone()).date()
    }
}

/// Parses `--at`: RFC 3339 with an offset, e.g. `2026-11-01T00:10:00+09:00`.
pub fn parse_instant(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|reason: jiff::Error| {
        Error::config(format!(
            "--at {text:?} is not an instant: write RFC 3339 with an offset, e.g. 2026-11-01T00:10:00+09:00"
        ))
        .because(reason)
    })
}
