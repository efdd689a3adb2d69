//! What is known of the time before a period's movements, of holdings and of cash alike.

use common::lifetime::Opened;
use common::statement::Period;
use jiff::civil::Date;

/// The snapshot that opens a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Taken on that day; what it does not name was nothing.
    Snapshot(Date),
    /// There is no snapshot that early, but the account is not older than the period.
    Nothing,
    /// There is no snapshot that early, and the account may have had anything.
    Unknown,
}

impl Opening {
    /// The opening of an account's period.
    pub fn of(snapshot: Option<Date>, opened: Opened, period: Period) -> Self {
        match snapshot {
            Some(as_of) => Opening::Snapshot(as_of),
            None if opened.is_from(period.first_day()) => Opening::Nothing,
            None => Opening::Unknown,
        }
    }

    /// The last day before the movements that follow the opening.
    pub fn after(self, period: Period) -> Date {
        match self {
            Opening::Snapshot(as_of) => as_of,
            Opening::Nothing | Opening::Unknown => {
                let first_day = period.first_day();
                first_day.yesterday().unwrap_or(first_day)
            }
        }
    }

    pub fn is_known(self) -> bool {
        self != Opening::Unknown
    }
}
