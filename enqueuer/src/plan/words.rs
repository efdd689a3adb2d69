//! Estimates as people read them: rounded, where `numbers` leaves off what is below.

use jiff::{SignedDuration, Timestamp};

/// `45 s`, `12 min`, `3 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let seconds = whole(seconds);
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5400 => format!("{} min", (seconds + 30) / 60),
        _ => {
            let minutes = (seconds + 30) / 60;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

/// Short ones: `7 ms`, `30 s`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.0} s")
    }
}

/// `23 kB`, `11.5 GB`.
pub fn bytes(bytes: f64) -> String {
    let (divisor, unit) = match bytes {
        _ if bytes >= 1e9 => (1e9, "GB"),
        _ if bytes >= 1e6 => (1e6, "MB"),
        _ => (1e3, "kB"),
    };
    format!("{:.1} {unit}", bytes / divisor)
}

/// An instant so many seconds later; milliseconds are kept.
pub fn after(start: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = i64::try_from(whole(seconds * 1000.0)).unwrap_or(i64::MAX);
    start
        .checked_add(SignedDuration::from_millis(milliseconds))
        .unwrap_or(Timestamp::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and rounded on purpose"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0.4, 89.4, 90.0, 5399.0, 5400.0, 11_100.0].map(duration),
            ["0 s", "89 s", "2 min", "90 min", "1 h 30 min", "3 h 05 min"]
        );
        assert_eq!(
            [0.007, 0.35, 30.0].map(seconds),
            ["7.0 ms", "0.35 s", "30 s"]
        );
        assert_eq!([23_030.0, 11.5e9].map(bytes), ["23.0 kB", "11.5 GB"]);
        let start: Timestamp = "2026-11-01T00:10:00Z".parse().unwrap();
        assert_eq!(after(start, 61.4).to_string(), "2026-11-01T00:11:01.4Z");
    }
}
