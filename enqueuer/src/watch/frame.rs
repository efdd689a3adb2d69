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
mod tests {
    use common::ledger::{Command, Hold, HoldCause, Kept, PeriodRun};
    use jiff::Timestamp;

    use super::super::standing::Outlook;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn standing() -> Standing {
        let failure = |cause: &str, documents| Failures {
            cause: cause.to_owned(),
            documents,
            example: "2026-10.balance.A000123456".to_owned(),
        };
        Standing {
            period: "2026-10".parse().unwrap(),
            now: at("2026-11-01T00:31:07+09:00"),
            counts: [
                (State::Due, 100_000),
                (State::Submitted, 80_000),
                (State::Running, 2_996),
                (State::Succeeded, 316_800),
                (State::Failed, 204),
                (State::Excused, 1_020),
            ]
            .into(),
            runs: vec![PeriodRun {
                run_id: "2026-10-20261031T151502Z-a1b2c3".to_owned(),
                command: Command::Run,
                started_at: at("2026-11-01T00:15:02+09:00"),
                ended_at: None,
                is_being_submitted: false,
                is_recorded: true,
            }],
            failures: vec![failure("positions", 200), failure("identity", 4)],
            hold: None,
            in_last_minute: Some(412_300),
            over_run: Some(328_500),
            outlook: Outlook::Ends(at("2026-11-01T00:38:31+09:00")),
            deadline: Some(at("2026-11-01T06:00:00+09:00")),
            kept: None,
            is_scheduled: true,
        }
    }

    fn tokyo() -> TimeZone {
        TimeZone::get("Asia/Tokyo").unwrap()
    }

    #[test]
    fn a_screen_of_eighty_columns() {
        let shown = frame(&standing(), None, &tokyo(), 80, 24).join("\n");
        let expected =
            r#"Month end 2026-10                                        2026-11-01 00:31:07 +09
run since 00:15:02, 16 min: 2026-10-20261031T151502Z-a1b2c3

[############################################--------------------------]  63.4 %
317,004 of 500,000 documents settled

  due           100,000    succeeded     316,800
  submitted      80,000    failed            204
  running         2,996    excused         1,020

Rate       412/s in the last minute, 329/s over the run
End        about 00:38:31, in 7 min 24 s
Deadline   06:00:00, meets it by 5 h 21 min

FAILED 200 by positions, e.g. 2026-10.balance.A000123456
  enqueuer resubmit --failed --period 2026-10 --cause positions --reason "..."
FAILED 4 by identity, e.g. 2026-10.balance.A000123456
  enqueuer resubmit --failed --period 2026-10 --cause identity --reason "..."
"#
            .trim_end();
        assert_eq!(shown, expected, "\n{shown}");
    }

    #[test]
    fn nothing_is_wider_or_higher_than_the_screen() {
        let mut standing = standing();
        standing.hold = Some(Hold {
            hold_id: String::new(),
            cause: HoldCause::Stopped,
            reason: "時価ファイルが誤っているため、正しいものが届くまで止めておく。\u{1b}[31m 担当：山田".to_owned(),
        });
        standing.outlook = Outlook::Interrupted;
        assert!(!standing.is_over(), "the next scheduled run follows");
        for columns in 1..200 {
            for rows in [3, 10, 16, 19, 24, 50] {
                let lost = "since 00:31:07: cannot connect to the database 東京";
                let shown = frame(&standing, Some(lost), &tokyo(), columns, rows);
                assert!(shown.len() <= rows, "{columns}x{rows}: {}", shown.len());
                for line in &shown {
                    assert!(width(line) <= columns, "{columns}: {line}");
                    assert!(!line.contains(char::is_control), "{line:?}");
                }
            }
        }
        let shown = frame(&standing, None, &tokyo(), 60, 22).join("\n");
        assert!(
            shown.contains("HELD       stopped: 時価ファイル"),
            "{shown}"
        );
        assert!(
            shown.contains("enqueuer run --period 2026-10 --resume"),
            "{shown}"
        );
        assert!(
            shown.ends_with("FAILED by 1 more cause: enqueuer status --period 2026-10"),
            "{shown}"
        );
    }

    #[test]
    fn a_command_can_be_pasted_or_is_another_one() {
        let standing = standing();
        let narrow = frame(&standing, None, &tokyo(), 60, 24).join("\n");
        let broken = "  enqueuer resubmit --failed --period 2026-10 \\\n    --cause positions --reason \"...\"\n";
        assert!(narrow.contains(broken), "{narrow}");
        let narrower = frame(&standing, None, &tokyo(), 45, 24).join("\n");
        assert!(!narrower.contains("resubmit"), "{narrower}");
        assert!(
            narrower.contains("\n  enqueuer status --period 2026-10"),
            "{narrower}"
        );
    }

    #[test]
    fn a_deadline_that_is_missed_is_said_in_a_word() {
        let mut standing = standing();
        standing.deadline = Some(at("2026-11-01T00:35:00+09:00"));
        let said = |standing: &Standing| words::deadline(standing, &tokyo()).unwrap();
        assert_eq!(said(&standing), "00:35:00, MISSES it by 3 min 31 s");
        standing.outlook = Outlook::Stalled;
        assert_eq!(said(&standing), "00:35:00", "nobody knows");
        standing.outlook = Outlook::Complete;
        let last_settled = |last: &str| {
            let last_settled_at = Some(at(last));
            Some(Kept {
                last_settled_at,
                ..Kept::default()
            })
        };
        standing.kept = last_settled("2026-11-01T00:33:00+09:00");
        assert_eq!(said(&standing), "00:35:00, met it by 2 min 00 s");
        standing.kept = last_settled("2026-11-01T00:45:00+09:00");
        assert_eq!(said(&standing), "00:35:00, MISSED it by 10 min");
        standing.outlook = Outlook::Stalled;
        standing.kept = None;
        standing.deadline = Some(at("2026-10-31T23:31:07+09:00"));
        assert_eq!(
            said(&standing),
            "2026-10-31 23:31:07, MISSES it by 1 h 00 min at least"
        );
    }
}
