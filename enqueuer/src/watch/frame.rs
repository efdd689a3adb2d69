//! A standing as a screen of so many columns and rows: no line is ever longer, and there are never more. Our own words and
//! the bar are ASCII, because some terminals show lines and blocks at double width; whatever else comes in counts double.

use common::ledger::{Failures, State};
use common::statement::Period;
use jiff::tz::TimeZone;

use super::standing::Standing;
use super::words;
use crate::alerts::{mending_of_failure, mending_of_hold};
use crate::numbers::{grouped, instant};
use crate::printable::{char_width, printable, width};

/// Runs that are shown.
const RUNS: usize = 3;

/// Columns of a label.
const LABEL: usize = 10;

/// The screen, a line each. `lost` says since when and why the ledger does not answer.
pub fn frame(
    standing: &Standing,
    lost: Option<&str>,
    zone: &TimeZone,
    columns: usize,
    rows: usize,
) -> Vec<String> {
    let period = standing.period;
    let mut lines = vec![head(standing, zone, columns)];
    for run in standing.runs.iter().take(RUNS) {
        lines.push(words::run(run, standing, zone));
    }
    lines.push(String::new());
    lines.push(bar(standing, columns));
    lines.push(format!(
        "{} of {} documents settled",
        grouped(standing.settled()),
        grouped(standing.total())
    ));
    lines.push(String::new());
    lines.extend(state_lines(standing));
    lines.push(String::new());
    if let Some(rate) = words::rate(standing) {
        lines.push(labelled("Rate", &rate));
    }
    lines.push(labelled("End", &words::end(standing, zone)));
    if let Some(mend) = words::mend(standing) {
        lines.extend(command(&mend, period, columns));
    }
    if let Some(waiting) = words::waiting_for_database(&standing.runs) {
        lines.push(labelled("Waiting", &waiting));
    }
    if let Some(deadline) = words::deadline(standing, zone) {
        lines.push(labelled("Deadline", &deadline));
    }
    if let Some(lost) = lost {
        lines.push(labelled("NO ANSWER", lost));
    }
    if let Some(hold) = &standing.hold {
        lines.push(String::new());
        lines.push(labelled(
            "HELD",
            &format!("{}: {}", hold.cause.as_str(), hold.reason),
        ));
        lines.extend(command(
            &mending_of_hold(hold.cause, period).command,
            period,
            columns,
        ));
    }
    lines.extend(failure_lines(
        standing,
        columns,
        rows.saturating_sub(lines.len()),
    ));
    lines.truncate(rows);
    lines.iter().map(|line| fit(line, columns)).collect()
}

fn head(standing: &Standing, zone: &TimeZone, columns: usize) -> String {
    let title = format!("Month end {}", standing.period);
    let now = instant(standing.now, zone);
    let gap = columns.saturating_sub(title.len() + now.len());
    format!("{title}{}{now}", " ".repeat(gap.max(1)))
}

/// `[#####-----]  50.0 %`, as wide as the screen.
fn bar(standing: &Standing, columns: usize) -> String {
    let share = words::share(standing);
    let room = columns.saturating_sub(share.len() + 4);
    let total = usize::try_from(standing.total()).unwrap_or(usize::MAX);
    let settled = usize::try_from(standing.settled()).unwrap_or(usize::MAX);
    // Full only when everything is settled.
    let filled = settled.saturating_mul(room).checked_div(total).unwrap_or(0);
    format!(
        "[{}{}]  {share}",
        "#".repeat(filled),
        "-".repeat(room.saturating_sub(filled))
    )
}

/// What is open on the left, what is settled on the right.
fn state_lines(standing: &Standing) -> Vec<String> {
    let pairs = [
        [State::Due, State::Succeeded],
        [State::Submitted, State::Failed],
        [State::Running, State::Excused],
    ];
    let cell = |state: State| format!("{:<10}{:>11}", state.as_str(), grouped(standing.of(state)));
    let mut lines: Vec<String> = pairs
        .into_iter()
        .map(|[left, right]| format!("  {}    {}", cell(left), cell(right)))
        .collect();
    if standing.of(State::Superseded) > 0 {
        lines.push(format!("  {:21}    {}", "", cell(State::Superseded)));
    }
    lines
}

/// A few lines per cause, as many causes as there is room for.
fn failure_lines(standing: &Standing, columns: usize, room: usize) -> Vec<String> {
    let failures = &standing.failures;
    if failures.is_empty() || room < 3 {
        return Vec::new();
    }
    let blocks: Vec<Vec<String>> = failures
        .iter()
        .map(|failure| failure_block(failure, standing.period, columns))
        .collect();
    // A blank line before, and one that counts the rest.
    let mut lines = vec![String::new()];
    let all: usize = blocks.iter().map(Vec::len).sum();
    let room = if all < room { room } else { room - 1 };
    let mut shown = 0;
    for block in blocks {
        if lines.len() + block.len() > room {
            break;
        }
        lines.extend(block);
        shown += 1;
    }
    let rest = failures.len() - shown;
    if rest > 0 {
        let more = if shown > 0 { " more" } else { "" };
        let cause = if rest == 1 { "cause" } else { "causes" };
        lines.push(format!(
            "FAILED by {rest}{more} {cause}: enqueuer status --period {}",
            standing.period
        ));
    }
    lines
}

fn failure_block(failure: &Failures, period: Period, columns: usize) -> Vec<String> {
    let (cause, documents) = (&failure.cause, grouped(failure.documents));
    let example = &failure.example;
    let mut lines = vec![format!("FAILED {documents} by {cause}, e.g. {example}")];
    let mend = mending_of_failure(cause, period).command;
    lines.extend(command(&mend, period, columns));
    lines
}

/// A command that can be pasted as it stands: with its reason left open, or on two lines, where it would be too long. Where
/// that is too long, too, the command that shows more.
fn command(command: &str, period: Period, columns: usize) -> Vec<String> {
    let fits = |line: &String| width(line) <= columns;
    let whole = format!("  {command}");
    if fits(&whole) {
        return vec![whole];
    }
    let open = match whole.split_once("--reason") {
        Some((before, _)) => format!("{before}--reason \"...\""),
        None => whole,
    };
    if fits(&open) {
        return vec![open];
    }
    let of_period = format!("--period {period}");
    if let Some((before, after)) = open.split_once(&format!("{of_period} ")) {
        let broken = vec![format!("{before}{of_period} \\"), format!("    {after}")];
        if broken.iter().all(fits) {
            return broken;
        }
    }
    vec![format!("  enqueuer status {of_period}")]
}

fn labelled(label: &str, text: &str) -> String {
    format!("{label:<LABEL$} {text}")
}

/// The text on one line of at most so many columns.
pub fn fit(text: &str, columns: usize) -> String {
    let text = printable(text);
    if width(&text) <= columns {
        return text;
    }
    let mut cut = String::new();
    let mut used = 0;
    for char in text.chars() {
        used += char_width(char);
        if used + 3 > columns {
            break;
        }
        cut.push(char);
    }
    cut.push_str(&"..."[..columns.min(3)]);
    cut
}

#[cfg(test)]
#[path = "frame_tests.rs"]
pub(super) mod tests;
