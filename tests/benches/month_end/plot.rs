//! Lines on logarithmic axes as SVG: two panels a row. Readable without colour: each line has its own dashes and marks.

use std::fmt::Write as _;

use crate::report::number;

/// A panel, as wide and high as its frame and what stands around it.
const PANEL: (f64, f64) = (520.0, 330.0);
/// Of the frame within its panel.
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const FRAME: (f64, f64) = (420.0, 240.0);
const HEADING: f64 = 34.0;

/// Colour and dashes of each line.
const LINES: [(&str, &str); 4] = [
    ("#0b5cad", "none"),
    ("#b5480a", "7 4"),
    ("#3d7a2a", "2 3"),
    ("#7a2a78", "9 3 2 3"),
];

pub struct Panel {
    pub title: &'static str,
    /// What the upward axis holds at least; `None`: what the lines need.
    pub reach: Option<(f64, f64)>,
    pub series: Vec<Series>,
}

pub struct Series {
    pub name: &'static str,
    /// Both above zero.
    pub points: Vec<(f64, f64)>,
}

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Axis {
    /// From and to 1, 2 or 5 times a power of ten.
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(0.0, f64::max);
        let (least, most) = if most > 0.0 {
            (least.max(1e-3), most)
        } else {
            (1.0, 10.0)
        };
        let steps: Vec<f64> = (-3..=9)
            .flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)))
            .collect();
        let below = steps.iter().rposition(|step| *step <= least * 1.001);
        let above = steps.iter().position(|step| *step >= most * 0.999);
        let (below, above) = (below.unwrap_or(0), above.unwrap_or(steps.len() - 1));
        // A line that is level still needs an axis.
        let above = above.max(below + 2).min(steps.len() - 1);
        let few = above - below <= 7;
        let ticks = steps[below..=above].iter().copied();
        Self {
            from: steps[below],
            to: steps[above],
            ticks: ticks.filter(|tick| few || is_power_of_ten(*tick)).collect(),
        }
    }

    /// 0 at its beginning, 1 at its end.
    fn place(&self, value: f64) -> f64 {
        (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
    }
}

fn is_power_of_ten(value: f64) -> bool {
    let power = value.log10();
    (power - power.round()).abs() < 1e-6
}

pub fn svg(title: &str, panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(2);
    #[expect(clippy::cast_precision_loss, reason = "there are few panels")]
    let (width, height) = (2.0 * PANEL.0, HEADING + rows as f64 * PANEL.1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"26\" font-size=\"18\" font-weight=\"bold\" fill=\"#222222\">{title}</text>\n"
    );
    for (n, panel) in panels.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "there are few panels")]
        let (x, y) = ((n % 2) as f64 * PANEL.0, HEADING + (n / 2) as f64 * PANEL.1);
        let _ = writeln!(text, "<g transform=\"translate({x} {y})\">");
        draw(panel, &mut text);
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    text
}

fn draw(panel: &Panel, text: &mut String) {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let (across, up) = (
        Axis::of(points().map(|point| point.0)),
        Axis::of(
            points()
                .map(|point| point.1)
                .chain(panel.reach.into_iter().flat_map(|(from, to)| [from, to])),
        ),
    );
    let x = |value: f64| LEFT + across.place(value) * FRAME.0;
    let y = |value: f64| TOP + (1.0 - up.place(value)) * FRAME.1;
    let (right, bottom) = (LEFT + FRAME.0, TOP + FRAME.1);
    let _ = writeln!(
        text,
        "<text x=\"{LEFT}\" y=\"{}\" font-size=\"14\" font-weight=\"bold\" fill=\"#222222\">{}</text>",
        TOP - 12.0,
        panel.title
    );
    for tick in &across.ticks {
        let (at, label) = (x(*tick), label(*tick));
        let _ = writeln!(
            text,
            "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#dddddd\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#444444\">{label}</text>",
            bottom + 19.0
        );
    }
    for tick in &up.ticks {
        let (at, label) = (y(*tick), label(*tick));
        let _ = writeln!(
            text,
            "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#dddddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444444\">{label}</text>",
            LEFT - 8.0,
            at + 4.5
        );
    }
    let _ = writeln!(
        text,
        "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888888\"/>",
        FRAME.0, FRAME.1
    );
    for (n, series) in panel.series.iter().enumerate() {
        let places: Vec<(f64, f64)> = series
            .points
            .iter()
            .map(|point| (x(point.0), y(point.1)))
            .collect();
        line(n, &places, text);
        #[expect(clippy::cast_precision_loss, reason = "there are few lines")]
        let at = TOP + 16.0 + n as f64 * 18.0;
        legend(n, series.name, at, text);
    }
}

fn line(n: usize, places: &[(f64, f64)], text: &mut String) {
    let (color, dashes) = LINES[n % LINES.len()];
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = writeln!(
        text,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
        path.join(" ")
    );
    for (x, y) in places {
        mark(n, *x, *y, text);
    }
}

/// A circle, a square, a diamond, or a ring.
fn mark(n: usize, x: f64, y: f64, text: &mut String) {
    let (color, _) = LINES[n % LINES.len()];
    let _ = match n % LINES.len() {
        0 => writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"/>"
        ),
        1 => writeln!(
            text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7.6\" height=\"7.6\" fill=\"{color}\"/>",
            x - 3.8,
            y - 3.8
        ),
        2 => writeln!(
            text,
            "<path d=\"M{x:.1} {:.1}l5 5l-5 5l-5 -5z\" fill=\"{color}\"/>",
            y - 5.0
        ),
        _ => writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#ffffff\" stroke=\"{color}\" stroke-width=\"2\"/>"
        ),
    };
}

fn legend(n: usize, name: &str, at: f64, text: &mut String) {
    let (begin, end) = (LEFT + 10.0, LEFT + 44.0);
    line(n, &[(begin, at), (end, at)], text);
    let _ = writeln!(
        text,
        "<text x=\"{}\" y=\"{}\" fill=\"#222222\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\">{name}</text>",
        end + 10.0,
        at + 4.5
    );
}

/// As short as the number is.
fn label(value: f64) -> String {
    if value >= 1.0 {
        return number(value, 0);
    }
    format!("{value:.3}").trim_end_matches('0').to_owned()
}
