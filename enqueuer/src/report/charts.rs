//! Charts as inline SVG. Each is drawn twice, for wide pages and for narrow ones, because text shrinks with its drawing;
//! positions are whole tenths of a unit.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::durations::{Bin, Durations};
use super::timeline::{Settled, Timeline};
use crate::numbers::{counted, date_time, grouped, span_ms};

/// A drawing's size in units of CSS pixels.
#[derive(Debug, Clone, Copy)]
struct Size {
    class: &'static str,
    width: i64,
    height: i64,
    /// Labels that have room below.
    labels: i64,
}

const SIZES: [Size; 2] = [
    Size {
        class: "wide",
        width: 1000,
        height: 300,
        labels: 10,
    },
    Size {
        class: "narrow",
        width: 360,
        height: 240,
        labels: 4,
    },
];

const LEFT: i64 = 66;
const RIGHT: i64 = 14;
const TOP: i64 = 44;
const BOTTOM: i64 = 30;

impl Size {
    fn across(self) -> i64 {
        (self.width - LEFT - RIGHT) * 10
    }

    fn up(self) -> i64 {
        (self.height - TOP - BOTTOM) * 10
    }

    /// The position of a part of a whole, in units.
    fn x(self, part: i64, whole: i64) -> String {
        tenths(LEFT * 10 + scale(part, whole, self.across()))
    }

    fn y(self, part: i64, whole: i64) -> String {
        tenths((self.height - BOTTOM) * 10 - scale(part, whole, self.up()))
    }

    fn floor(self) -> i64 {
        self.height - BOTTOM
    }
}

/// Documents over time.
pub fn over_time(timeline: &Timeline, deadline: Option<Timestamp>, zone: &TimeZone) -> Markup {
    let last = timeline.last();
    let title = format!(
        "{} published and {} failed between {} and {}",
        grouped(last.succeeded),
        grouped(last.failed),
        date_time(timeline.from, zone),
        date_time(timeline.end, zone)
    );
    html! {
        @for size in SIZES {
            svg class=(size.class) viewBox={ "0 0 " (size.width) " " (size.height) } role="img" {
                title { "Documents finished over time" }
                desc { (title) }
                (curves(timeline, deadline, zone, size))
            }
        }
    }
}

fn curves(timeline: &Timeline, deadline: Option<Timestamp>, zone: &TimeZone, size: Size) -> Markup {
    let highest = timeline.last();
    let (step, top) = scale_of(highest.succeeded.max(highest.failed));
    let steps = i64::try_from(timeline.until.len()).unwrap_or(i64::MAX);
    // A deadline not far behind is shown in its place.
    let length = timeline.length_ms().max(1);
    let to_deadline =
        deadline.map(|deadline| deadline.as_millisecond() - timeline.from.as_millisecond());
    let shown = to_deadline.filter(|ms| (0..=length * 3 / 2).contains(ms));
    let across = length.max(shown.map_or(0, |ms| ms + length / 25));
    let line = |of: fn(Settled) -> i64| {
        let mut path = format!(
            "M{},{}",
            size.x(0, across),
            size.y(of(timeline.before), top)
        );
        for (n, sum) in (1..=steps).zip(&timeline.until) {
            let x = size.x((n * timeline.step_ms).min(length), across);
            let _ = write!(path, " L{x},{}", size.y(of(*sum), top));
        }
        path
    };
    let done = line(|sum| sum.succeeded);
    let floor = size.floor();
    html! {
        @for tick in (0..=top / step).map(|n| n * step) {
            line class="axis" x1=(LEFT) x2=(size.width - RIGHT) y1=(size.y(tick, top)) y2=(size.y(tick, top)) {}
            text x=(LEFT - 8) y=(size.y(tick, top)) dy="4" text-anchor="end" { (grouped(tick)) }
        }
        @for (ms, label) in time_ticks(timeline.from, across, zone, size.labels) {
            line class="axis" x1=(size.x(ms, across)) x2=(size.x(ms, across)) y1=(floor) y2=(floor + 5) {}
            text x=(size.x(ms, across)) y=(floor + 20) text-anchor="middle" { (label) }
        }
        path class="under" d={ (done) " L" (size.x(length, across)) "," (floor) " L" (size.x(0, across)) "," (floor) " Z" } {}
        path class="done" d=(done) {}
        @if highest.failed > 0 {
            path class="fail" d=(line(|sum| sum.failed)) {}
        }
        @if let Some(ms) = shown {
            line class="late" x1=(size.x(ms, across)) x2=(size.x(ms, across)) y1=(TOP - 10) y2=(floor) {}
            text class="strong" x=(size.x(ms, across)) y=(TOP - 16) text-anchor=(anchor(ms, across)) { "deadline" }
        }
    }
}

/// How long documents took.
pub fn distribution(durations: &Durations) -> Markup {
    let told = |ms: Option<i64>| ms.map_or_else(String::new, span_ms);
    let description = format!(
        "{}; half took at most {}, 95 percent at most {}, the longest {}",
        counted(durations.documents, "document"),
        told(durations.p50_ms),
        told(durations.p95_ms),
        told(durations.longest_ms)
    );
    html! {
        @for size in SIZES {
            svg class=(size.class) viewBox={ "0 0 " (size.width) " " (size.height) } role="img" {
                title { "Distribution of durations" }
                desc { (description) }
                (bars(durations, size))
            }
        }
    }
}

fn bars(durations: &Durations, size: Size) -> Markup {
    let bins = &durations.bins;
    let count = i64::try_from(bins.len()).unwrap_or(i64::MAX);
    // A bin of room on both sides.
    let across = (count + 2) * 1000;
    let (step, top) = scale_of(bins.iter().map(|bin| bin.documents).max().unwrap_or(0));
    let floor = size.floor();
    let width = tenths((scale(1000, across, size.across()) - 15).max(10));
    html! {
        @for tick in (0..=top / step).map(|n| n * step) {
            line class="axis" x1=(LEFT) x2=(size.width - RIGHT) y1=(size.y(tick, top)) y2=(size.y(tick, top)) {}
            text x=(LEFT - 8) y=(size.y(tick, top)) dy="4" text-anchor="end" { (grouped(tick)) }
        }
        @for (n, bin) in (1..).zip(bins).filter(|(_, bin)| bin.documents > 0) {
            rect class="bar" x=(size.x(n * 1000, across)) width=(width) y=(size.y(bin.documents, top))
                height=(tenths(scale(bin.documents, top, size.up()))) {
                title { (counted(bin.documents, "document")) ", " (range(bin)) }
            }
        }
        @for (n, label) in duration_ticks(bins, size.labels) {
            line class="axis" x1=(size.x(n * 1000, across)) x2=(size.x(n * 1000, across)) y1=(floor) y2=(floor + 5) {}
            text x=(size.x(n * 1000, across)) y=(floor + 20) text-anchor="middle" { (label) }
        }
        @for (row, name, ms) in [(0, "P50", durations.p50_ms), (1, "P95", durations.p95_ms)] {
            @if let Some(ms) = ms {
                @let place = position(bins, ms);
                @let bottom = TOP - 26 + row * 16;
                line class="mark" x1=(size.x(place, across)) x2=(size.x(place, across)) y1=(bottom + 3) y2=(floor) {}
                text class="strong" x=(size.x(place, across)) y=(bottom) dx=(if anchor(place, across) == "end" { -5 } else { 5 })
                    text-anchor=(anchor(place, across)) { (name) " " (span_ms(ms)) }
            }
        }
    }
}

/// What a bin holds, in words.
pub fn range(bin: &Bin) -> String {
    match bin.from_ms {
        0 => format!("under {}", span_ms(bin.until_ms)),
        from => format!("{} to {}", span_ms(from), span_ms(bin.until_ms)),
    }
}

/// Where a duration stands among the bins, in thousandths of one.
fn position(bins: &[Bin], ms: i64) -> i64 {
    let after = bins.partition_point(|bin| bin.from_ms <= ms).max(1);
    let bin = &bins[after - 1];
    let within = scale(ms - bin.from_ms, bin.until_ms - bin.from_ms, 1000);
    i64::try_from(after).unwrap_or(i64::MAX) * 1000 + within.min(1000)
}

/// Which bins have a label: those that begin with 1, 2 or 5, or with 1 alone where there is less room.
fn duration_ticks(bins: &[Bin], labels: i64) -> Vec<(i64, String)> {
    let label = |leading: &[i64]| -> Vec<(i64, String)> {
        let edges = (1..).zip(bins.iter().map(|bin| bin.from_ms));
        let round = |ms: i64| {
            let mut digits = ms;
            while digits > 0 && digits % 10 == 0 {
                digits /= 10;
            }
            leading.contains(&digits)
        };
        let ticks = edges.filter(|(_, ms)| round(*ms));
        ticks.map(|(n, ms)| (n, span_ms(ms))).collect()
    };
    let leading: [&[i64]; 3] = [&[1, 2, 5], &[1, 3, 32], &[1]];
    let all = leading.map(label);
    let limit = usize::try_from(labels).unwrap_or(1);
    let [first, _, last] = &all;
    if first.len() <= limit {
        return first.clone();
    }
    let apart = last.len().div_ceil(limit).max(1);
    last.iter().step_by(apart).cloned().collect()
}

/// Lengths of time between labels, in seconds.
const TICKS: [i64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    172_800, 604_800,
];

/// Round times of day, and where they stand.
fn time_ticks(from: Timestamp, across_ms: i64, zone: &TimeZone, labels: i64) -> Vec<(i64, String)> {
    let fits = |step: &i64| across_ms / 1000 / step < labels;
    let days = across_ms / 1000 / labels / 86_400 + 1;
    let step = TICKS.into_iter().find(fits).unwrap_or(days * 86_400);
    let local = from.to_zoned(zone.clone());
    let offset = i64::from(local.offset().seconds());
    let format = match step {
        ..60 => "%H:%M:%S",
        60..86_400 => "%H:%M",
        _ => "%m-%d",
    };
    let first = (from.as_second() + offset).div_euclid(step) * step - offset;
    let ticks = (0..).map(|n| first + n * step);
    let ticks = ticks.take_while(|second| second * 1000 - from.as_millisecond() <= across_ms);
    let ticks = ticks.filter(|second| second * 1000 >= from.as_millisecond());
    ticks
        .filter_map(|second| {
            let at = Timestamp::from_second(second).ok()?;
            let label = at.to_zoned(zone.clone()).strftime(format).to_string();
            Some((second * 1000 - from.as_millisecond(), label))
        })
        .collect()
}

/// The distance of the lines of an axis, and its end: round numbers, three to six lines.
fn scale_of(highest: i64) -> (i64, i64) {
    let mut size = 1;
    loop {
        for step in [1, 2, 5] {
            let step = step * size;
            let lines = (highest.max(1) + step - 1) / step;
            if lines <= 5 {
                return (step, lines * step);
            }
        }
        size *= 10;
    }
}

/// Labels near the right edge end at their place.
fn anchor(part: i64, whole: i64) -> &'static str {
    if part * 10 > whole * 8 {
        "end"
    } else {
        "start"
    }
}

fn scale(part: i64, whole: i64, length: i64) -> i64 {
    let scaled = i128::from(part) * i128::from(length) / i128::from(whole.max(1));
    i64::try_from(scaled).unwrap_or(length)
}

fn tenths(value: i64) -> String {
    match value % 10 {
        0 => (value / 10).to_string(),
        rest => format!("{}.{}", value / 10, rest.abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let scales = [0, 1, 4, 7, 100, 316_800].map(scale_of);
        assert_eq!(
            scales,
            [
                (1, 1),
                (1, 1),
                (1, 4),
                (2, 8),
                (20, 100),
                (100_000, 400_000)
            ]
        );
    }

    #[test]
    fn times_are_round_in_the_business_time_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let from: Timestamp = "2026-11-01T00:15:02+09:00".parse().unwrap();
        let ticks = |ms, labels| time_ticks(from, ms, &tokyo, labels);
        assert_eq!(
            ticks(960_000, 5),
            [(298_000, "00:20"), (598_000, "00:25"), (898_000, "00:30")]
                .map(|(ms, label)| (ms, label.to_owned()))
        );
        let seconds = ticks(9_500, 10);
        assert_eq!((seconds.len(), seconds[0].1.as_str()), (10, "00:15:02"));
        for ms in [
            1,
            50_000,
            3_000_000,
            40_000_000,
            5_000_000_000,
            90_000_000_000,
        ] {
            assert!(ticks(ms, 4).len() <= 4, "{ms}: {:?}", ticks(ms, 4));
        }
    }

    #[test]
    fn a_duration_stands_within_its_bin() {
        let bin = |from_ms, until_ms| Bin {
            from_ms,
            until_ms,
            documents: 1,
        };
        let bins = [bin(100, 130), bin(130, 160), bin(160, 200)];
        assert_eq!(
            [100, 115, 130, 200, 9999].map(|ms| position(&bins, ms)),
            [1000, 1500, 2000, 4000, 4000]
        );
    }
}
