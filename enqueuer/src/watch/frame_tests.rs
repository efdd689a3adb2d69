//! Screens of a standing, as wide and as high as they may be.

use common::ledger::{Command, Hold, HoldCause, Kept, PeriodRun};
use jiff::Timestamp;

use super::super::standing::Outlook;
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn standing() -> Standing {
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
            waiting_for_database: None,
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

pub fn tokyo() -> TimeZone {
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
        reason:
            "時価ファイルが誤っているため、正しいものが届くまで止めておく。\u{1b}[31m 担当：山田"
                .to_owned(),
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

#[test]
fn what_waits_for_the_database_is_told_as_long_as_its_run_goes_on() {
    let mut standing = standing();
    standing.runs[0].waiting_for_database = Some(9800);
    let said = "\nWaiting    9,800 slots for connections of the database\n";
    let shown = |standing: &Standing| frame(standing, None, &tokyo(), 60, 24).join("\n");
    assert!(shown(&standing).contains(said), "{}", shown(&standing));
    standing.runs[0].ended_at = Some(standing.now);
    assert!(
        !shown(&standing).contains("Waiting"),
        "{}",
        shown(&standing)
    );
}

#[test]
fn what_makes_it_go_on_stands_below_its_end() {
    let mut standing = standing();
    standing.outlook = Outlook::Abandoned;
    let shown = frame(&standing, None, &tokyo(), 80, 24).join("\n");
    let said =
        "\nEnd        ABANDONED: no run works on it\n  enqueuer run --period 2026-10\nDeadline";
    assert!(shown.contains(said), "{shown}");
}

#[test]
fn a_bar_is_full_only_when_everything_is_settled() {
    let with = |due: i64, superseded: i64| {
        let mut standing = standing();
        standing.counts = [
            (State::Due, due),
            (State::Succeeded, 100_000),
            (State::Superseded, superseded),
        ]
        .into();
        frame(&standing, None, &tokyo(), 80, 24)
    };
    let of = |lines: &[String]| {
        let bar = lines.iter().find(|line| line.starts_with('['));
        bar.cloned().unwrap_or_default()
    };
    let nearly = with(1, 0);
    assert!(of(&nearly).ends_with("#-]  99.9 %"), "{nearly:?}");
    assert!(!nearly.iter().any(|line| line.contains("superseded")));
    let full = with(0, 3);
    assert!(of(&full).ends_with("##]  100.0 %"), "{full:?}");
    let superseded = "                           superseded          3";
    assert!(full.contains(&superseded.to_owned()), "{full:#?}");
}

#[test]
fn a_few_runs_are_shown_at_most() {
    let mut standing = standing();
    for runs in [2, 3, 5] {
        standing.runs = vec![standing.runs[0].clone(); runs];
        let shown = frame(&standing, None, &tokyo(), 80, 40);
        let runs_shown = shown.iter().filter(|line| line.starts_with("run since"));
        assert_eq!(runs_shown.count(), runs.min(3), "{shown:#?}");
    }
}
