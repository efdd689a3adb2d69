//! How counts, rates, instants and durations are written for people.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// `1,234,567`.
pub fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        grouped.push('-');
    }
    for (n, digit) in digits.char_indices() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 document`, `2,000 documents`.
pub fn counted(count: impl Into<i128>, noun: &str) -> String {
    let count = count.into();
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// A count with the noun that stands with it.
pub fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A share in tenths of a percent, never rounded up to the whole: `99.9 %`.
pub fn percent(part: i64, whole: i64) -> String {
    let tenths = if whole > 0 { part * 1000 / whole } else { 0 };
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Thousandths as a number of about three digits: `0.42`, `4.2`, `1,312`.
pub fn thousandths(value: i64) -> String {
    match value {
        0 => "0".to_owned(),
        ..10_000 => format!("{}.{:02}", value / 1000, value % 1000 / 10),
        10_000..100_000 => format!("{}.{}", value / 1000, value % 1000 / 100),
        _ => grouped((value + 500) / 1000),
    }
}

/// `640 ms`, `4.2 s`, `5 min 04 s`, `12 min`, `3 h 07 min`, `12 d 03 h`.
pub fn span(duration: SignedDuration) -> String {
    let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let seconds = ms / 1000;
    match ms {
        ..1000 => format!("{ms} ms"),
        1000..10_000 if ms % 1000 >= 100 => format!("{}.{} s", seconds, ms % 1000 / 100),
        1000..60_000 => format!("{seconds} s"),
        60_000..600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        600_000..3_600_000 => format!("{} min", seconds / 60),
        3_600_000..172_800_000 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Milliseconds, as [`span`] writes them.
pub fn span_ms(ms: i64) -> String {
    span(SignedDuration::from_millis(ms))
}

/// `640 KB`, `1.2 GB`: of 1,000 each.
pub fn bytes(bytes: i64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "KB")];
    match units.into_iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) if bytes / size < 100 => {
            format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size)
        }
        Some((size, unit)) => format!("{} {unit}", grouped(bytes / size)),
        None => format!("{bytes} B"),
    }
}

/// Date and time in the business time zone: `2026-11-01 00:31:07`.
pub fn date_time(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Date and time with the business time zone's offset then: `2026-11-01 00:31:07 +09`.
pub fn instant(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M:%S %:::z").to_string()
}

/// The time of day in the business time zone: `00:31:07`.
pub fn time_of_day(instant: Timestamp, zone: &TimeZone) -> String {
    let local = instant.to_zoned(zone.clone());
    local.strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let counts = [0, 999, 1000, 500_000, -1_234_567].map(grouped);
        assert_eq!(counts, ["0", "999", "1,000", "500,000", "-1,234,567"]);
        let shares =
            [(0, 0), (1, 3), (499_999, 500_000), (5, 5)].map(|(part, whole)| percent(part, whole));
        assert_eq!(shares, ["0.0 %", "33.3 %", "99.9 %", "100.0 %"]);
        let rates = [0, 420, 4_260, 42_600, 412_700, 1_312_000].map(thousandths);
        assert_eq!(rates, ["0", "0.42", "4.26", "42.6", "413", "1,312"]);
        let spans = [
            640,
            4_280,
            42_000,
            304_000,
            725_000,
            11_220_000,
            1_047_600_000,
        ]
        .map(span_ms);
        assert_eq!(
            spans,
            [
                "640 ms",
                "4.2 s",
                "42 s",
                "5 min 04 s",
                "12 min",
                "3 h 07 min",
                "12 d 03 h"
            ]
        );
        let sizes = [999, 64_200, 640_000, 1_234_000_000].map(bytes);
        assert_eq!(sizes, ["999 B", "64.2 KB", "640 KB", "1.2 GB"]);
    }
}
