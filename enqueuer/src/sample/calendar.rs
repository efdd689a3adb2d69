//! The days of the sample's month: when it trades, settles and takes its snapshots.

use common::statement::Period;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// The month that the sample is about, on the securities' side: all dates that the books need.
pub struct Month {
    /// The last day of the month before: the opening snapshot.
    pub opening: Date,
    /// The last day of the period: the closing snapshot.
    pub closing: Date,
    pub first_day: Date,
    /// The business days of the period.
    pub days: Vec<Date>,
    /// The last two business days before the period: most of what is traded then settles within it.
    pub eve: [Date; 2],
}

impl Month {
    pub fn of(period: Period) -> Self {
        let (first_day, closing) = (period.first_day(), period.last_day());
        let opening = period.previous().last_day();
        let days = std::iter::successors(Some(first_day), |day| day.tomorrow().ok())
            .take_while(|day| *day <= closing)
            .filter(|day| is_business_day(*day))
            .collect();
        let last = business_day_on_or_before(opening);
        let eve = [
            business_day_on_or_before(last.saturating_sub(1.day())),
            last,
        ];
        Self {
            opening,
            closing,
            first_day,
            days,
            eve,
        }
    }

    /// The day of the sample's one share split.
    pub fn split_on(&self) -> Date {
        self.days[self.days.len() / 3]
    }

    /// The day on which the maturing bond is paid back.
    pub fn matures_on(&self) -> Date {
        self.days[self.days.len() / 2]
    }

    /// Whether something settled on `date` lies between the opening and the closing snapshot.
    pub fn settles_between_snapshots(&self, date: Date) -> bool {
        self.opening < date && date <= self.closing
    }
}

/// Monday to Friday without the first three days of January. Other holidays do not matter to the books.
pub fn is_business_day(date: Date) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let new_year = date.month() == 1 && date.day() <= 3;
    !weekend && !new_year
}

pub fn business_day_on_or_before(mut date: Date) -> Date {
    while !is_business_day(date) {
        date = date.saturating_sub(1.day());
    }
    date
}

/// The `n`-th business day after `date`.
pub fn business_days_after(mut date: Date, n: u32) -> Date {
    for _ in 0..n {
        date = date.saturating_add(1.day());
        while !is_business_day(date) {
            date = date.saturating_add(1.day());
        }
    }
    date
}
