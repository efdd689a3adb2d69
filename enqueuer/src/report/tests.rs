//! The page of a month end that is made up, so that every figure of it is known.

use common::ledger::{
    Actions, Alike, AttemptsAlike, Command, HoldCause, HoldSpan, Kept, OfCause, PeriodRun, State,
};
use common::profile::Bilingual;
use common::statement::Kind;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::durations::Durations;
use super::timeline::{Settled, Timeline};
use super::*;
use crate::certificate::{Certificate, Contents, KindCount};

fn at(time: &str) -> Timestamp {
    format!("2026-11-01T{time}+09:00").parse().unwrap()
}

fn alike(run_id: &str, kind: Kind, state: State, documents: i64) -> Alike {
    Alike {
        run_id: run_id.to_owned(),
        kind,
        state,
        on_paper: false,
        is_latest: true,
        documents,
        rows: documents * 10,
        bytes: documents * 1000,
        last_settled_at: None,
    }
}

fn took(duration_ms: i64, attempts: i64, rows_from: i64, rows: i64) -> AttemptsAlike {
    AttemptsAlike {
        outcome: Some("succeeded".to_owned()),
        rows_from,
        duration_ms,
        attempts,
        longest_ms: duration_ms,
        sum_ms: duration_ms * attempts,
        sum_rows: rows * attempts,
        first_started_at: at("00:00:05"),
    }
}

fn ended(outcome: &str, attempts: i64) -> AttemptsAlike {
    AttemptsAlike {
        outcome: Some(outcome.to_owned()),
        ..took(0, attempts, 0, 0)
    }
}

fn cause(state: State, cause: &str, documents: i64) -> OfCause {
    OfCause {
        state,
        cause: cause.to_owned(),
        documents,
        example: "2026-10.trade.A001".to_owned(),
    }
}

fn run(run_id: &str, command: Command, ended_at: Option<Timestamp>) -> PeriodRun {
    PeriodRun {
        run_id: run_id.to_owned(),
        command,
        started_at: at("00:00:00"),
        ended_at,
        is_being_submitted: false,
        is_recorded: true,
        waiting_for_database: None,
    }
}

const HOSTILE: &str = "<b onclick=x>\"A\" & 'B'</b>";

/// 400 were settled in four minutes, 100 of them failed; two were published anew.
fn gathered() -> Gathered {
    let attempts = vec![
        took(100, 60, 0, 5),
        took(130, 40, 10, 26),
        ended("lost", 3),
        ended("given_back", 4),
        ended("failed", 100),
    ];
    let paper = |documents: Alike| Alike {
        on_paper: true,
        ..documents
    };
    let settled = |succeeded, failed| Settled { succeeded, failed };
    Gathered {
        period: "2026-10".parse().unwrap(),
        firm: Bilingual {
            ja: HOSTILE.to_owned(),
            en: HOSTILE.to_owned(),
        },
        zone: TimeZone::get("Asia/Tokyo").unwrap(),
        made_at: at("05:00:00"),
        runs: vec![
            run("month", Command::Run, Some(at("00:04:10"))),
            run("later", Command::Reissue, None),
        ],
        documents: vec![
            paper(alike("month", Kind::Trade, State::Succeeded, 298)),
            Alike {
                is_latest: false,
                ..paper(alike("month", Kind::Trade, State::Superseded, 2))
            },
            paper(alike("later", Kind::Trade, State::Succeeded, 2)),
            // Published, and its next revision failed.
            Alike {
                is_latest: false,
                ..paper(alike("month", Kind::Trade, State::Succeeded, 1))
            },
            alike("later", Kind::Trade, State::Failed, 1),
            alike("month", Kind::Balance, State::Failed, 100),
            alike("month", Kind::Balance, State::Excused, 7),
        ],
        durations: Durations::of(&attempts),
        pruned: None,
        attempts,
        timeline: Some(Timeline {
            from: at("00:00:00"),
            end: at("00:04:00"),
            step_ms: 60_000,
            before: settled(0, 0),
            until: vec![
                settled(100, 0),
                settled(150, 0),
                settled(200, 40),
                settled(300, 100),
            ],
            after: settled(0, 0),
        }),
        causes: vec![
            cause(State::Failed, "identity", 99),
            cause(State::Failed, HOSTILE, 1),
            cause(State::Excused, "operator", 7),
            cause(State::Succeeded, "positions", 5),
        ],
        actions: vec![Actions {
            action: "excuse".to_owned(),
            reason: format!("{HOSTILE}{}", "x".repeat(400)),
            documents: 7,
            first_at: at("01:00:00"),
            last_at: at("02:00:00"),
        }],
        holds: vec![HoldSpan {
            cause: HoldCause::Stopped,
            reason: HOSTILE.to_owned(),
            held_at: at("03:00:00"),
            lifted_at: None,
        }],
        deadline: None,
        last_settled_at: Some(at("00:04:00")),
        certificate: Ok(certificate()),
    }
}

fn certificate() -> Certificate {
    let count = |due, failed, excused| KindCount {
        accounts: due + excused,
        due,
        succeeded: due - failed,
        failed,
        excused,
        ..KindCount::default()
    };
    Certificate {
        period: "2026-10".parse().unwrap(),
        kinds: [
            (Kind::Trade, count(300, 0, 0)),
            (Kind::Balance, count(100, 100, 7)),
        ]
        .into(),
        contents: Contents::default(),
        objects: 302,
        failures: Vec::new(),
        problems: vec![HOSTILE.to_owned()],
        is_purged: false,
        last_complete: None,
        rows: None,
        compared_now: false,
        changes: Vec::new(),
    }
}

fn expect(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

#[test]
fn somebody_s_words_are_text_and_no_longer_than_they_need_be() {
    let mut of = gathered();
    let page = render(&of);
    // Of the firm, causes, reasons, differences.
    assert!(page.matches("&lt;b onclick=x&gt;").count() >= 8, "{page}");
    assert!(!page.contains("<b onclick"), "{page}");
    let shown = "x".repeat(TEXT - HOSTILE.len());
    expect(&page, &[&format!("&lt;/b&gt;{shown}…<")]);
    of.certificate = Err(HOSTILE.to_owned());
    assert!(!render(&of).contains("<b onclick"));
}

#[test]
fn figures_are_those_of_the_latest_revisions() {
    expect(
        &render(&gathered()),
        &[
            "<dt>Documents due</dt><dd>401</dd>",
            "<dt>Published</dt><dd>300</dd>",
            "<dt>Superseded</dt><dd>2</dd>",
            "<dt>Published for paper</dt><dd>300</dd>",
            "<dt>Attempts</dt><dd>207</dd>",
            "<dt>Attempts that were tried again</dt><dd>7</dd>",
            "<dt>Took</dt><dd>4 min 00 s</dd>",
            // 400 in 240 s.
            "<dt>Documents per second</dt><dd>1.66</dd>",
            "<dt>P50 of a document</dt><dd>100 ms</dd>",
            "<dt>P95 of a document</dt><dd>130 ms</dd>",
            // 60 of 5 rows and 40 of 26 in 11.2 s.
            "<dt>Rows per second of a converter</dt><dd>120</dd>",
            // Every revision of trade statements, and rows and bytes of the latest.
            "<th>trade</th><td class=\"n\">301</td><td class=\"n\">1</td><td class=\"n\">0</td><td class=\"n\">2</td>\
             <td class=\"n\">3,010</td><td class=\"n\">301,000</td>",
            // The runs: documents, published (superseded ones, too), failed.
            "<td class=\"n\">4 min 10 s</td><td class=\"n\">408</td><td class=\"n\">301</td><td class=\"n\">100</td>",
            "<td>not yet</td><td class=\"n\"></td><td class=\"n\">3</td><td class=\"n\">2</td><td class=\"n\">1</td>",
        ],
    );
}

#[test]
fn curves_and_bars_stand_where_the_numbers_are() {
    let mut of = gathered();
    let page = render(&of);
    // 300 at the top of an axis that is 226 high and ends at 270; four minutes are 920 wide from 66 on.
    let done = "M66,270 L296,194.7 L526,157 L756,119.4 L986,44";
    let failed = "M66,270 L296,270 L526,270 L756,239.9 L986,194.7";
    expect(
        &page,
        &[
            &format!("<path class=\"done\" d=\"{done}\">"),
            &format!("<path class=\"under\" d=\"{done} L986,270 L66,270 Z\">"),
            &format!("<path class=\"fail\" d=\"{failed}\">"),
            "300 published and 100 failed between 2026-11-01 00:00:00 and 2026-11-01 00:04:00",
            // Sixty of the bin from 100 ms, forty of that from 130 ms.
            "<rect class=\"bar\" x=\"296\" width=\"228.5\" y=\"44\" height=\"226\">",
            "<rect class=\"bar\" x=\"526\" width=\"228.5\" y=\"119.4\" height=\"150.6\">",
            "<line class=\"mark\" x1=\"296\"",
            ">P50 100 ms<",
            "<line class=\"mark\" x1=\"526\"",
            ">P95 130 ms<",
        ],
    );
    assert!(!page.contains("class=\"late\""), "no deadline");
    of.deadline = Some((at("00:05:00"), Kept::default()));
    expect(
        &render(&of),
        &[
            "<line class=\"late\" x1=\"957.4\" x2=\"957.4\"",
            ">deadline<",
        ],
    );
    of.deadline = Some((at("00:06:01"), Kept::default()));
    assert!(!render(&of).contains("class=\"late\""), "far behind");
}

#[test]
fn tables_say_what_charts_show() {
    let mut of = gathered();
    expect(
        &render(&of),
        &[
            "<td>2026-11-01 00:03:00</td><td class=\"n\">200</td><td class=\"n\">40</td>",
            "<td>2026-11-01 00:04:00</td><td class=\"n\">300</td><td class=\"n\">100</td>",
            "<td>100 ms to 130 ms</td><td class=\"n\">60</td>",
            "<th>under 10</th><td class=\"n\">60</td><td class=\"n\">100 ms</td><td class=\"n\">100 ms</td>\
             <td class=\"n\">100 ms</td><td class=\"n\">50.0</td>",
            "<th>10 to 99</th><td class=\"n\">40</td><td class=\"n\">130 ms</td><td class=\"n\">130 ms</td>\
             <td class=\"n\">130 ms</td><td class=\"n\">200</td>",
        ],
    );
    // A curve of many steps is thinned out, and its end stays.
    if let Some(timeline) = &mut of.timeline {
        timeline.step_ms = 2000;
        timeline.until = vec![timeline.until[0]; 149];
        timeline.until.extend([Settled {
            succeeded: 300,
            failed: 77,
        }]);
    }
    let page = render(&of);
    expect(
        &page,
        &["<td>2026-11-01 00:05:00</td><td class=\"n\">300</td><td class=\"n\">77</td>"],
    );
    let rows = page.matches("<tr><td>2026-11-01 00:0").count();
    assert!((30..=41).contains(&rows), "{rows}");
}

#[test]
fn the_certificate_is_told_by_kind_and_cause() {
    let mut of = gathered();
    expect(
        &render(&of),
        &[
            "Of those failed: 99 <code>identity</code>, 1 <code>&lt;b",
            "Of those excused: 7 <code>operator</code>.",
            "It does not add up:",
        ],
    );
    if let Ok(found) = &mut of.certificate {
        found.problems.clear();
    }
    expect(
        &render(&of),
        &[
            "It is not complete: 100 documents failed.",
            "Rows were never compared with the source.",
        ],
    );
    if let Ok(found) = &mut of.certificate {
        found.kinds.remove(&Kind::Balance);
    }
    expect(&render(&of), &["Everything adds up."]);
}

#[test]
fn causes_are_counted_where_they_are_too_many_and_warnings_have_their_command() {
    let mut of = gathered();
    let page = render(&of);
    assert!(!page.contains("more causes"), "{page}");
    let warning = crate::alerts::mending_of_warning(of.period);
    expect(
        &page,
        &[
            &format!("runbooks/{}.md", warning.runbook),
            &format!("<pre>{}</pre>", warning.command.replace('"', "&quot;")),
        ],
    );
    of.causes = (0..33)
        .map(|n| cause(State::Failed, &format!("cause_{n}"), 1))
        .collect();
    let page = render(&of);
    expect(&page, &["<code>cause_29</code>", "And 3 more causes."]);
    assert!(!page.contains("failed by <code>cause_30"), "{page}");
    assert!(!page.contains(&warning.command.replace('"', "&quot;")));
}

#[test]
fn a_deadline_that_is_to_come_is_not_missed() {
    let mut of = gathered();
    let open = Kept {
        open: 3,
        ..Kept::default()
    };
    of.deadline = Some((at("06:00:00"), open));
    expect(
        &render(&of),
        &["Deadline 2026-11-01 06:00:00: 3 documents still open."],
    );
    of.deadline = Some((at("04:00:00"), open));
    expect(
        &render(&of),
        &["Deadline 2026-11-01 04:00:00: missed, 3 documents still open."],
    );
}
