//! The page: one file of HTML that needs nothing from anywhere. Whatever comes from the ledger is escaped where it is put in.

use common::ledger::State;
use jiff::SignedDuration;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::gathered::{Gathered, kinds};
use super::{accounts, charts, decisions, documents};
use crate::numbers::{bytes, counted, date_time, grouped, span, span_ms, thousandths};

const STYLE: &str = include_str!("style.css");

/// Nothing is fetched and nothing is run, whatever a text may try.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Renders it. The line with the time of making is the only one that differs when the data is the same.
pub fn render(of: &Gathered) -> String {
    let sections = [
        verdict(of),
        figures(of),
        documents::by_kind(of),
        decisions::runs(of),
        over_time(of),
        durations(of),
        documents::failures(of),
        documents::excused_and_warned(of),
        accounts::certificate(of),
        decisions::actions(of),
        decisions::holds(of),
    ];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Month end " (of.period) " - " (of.firm.en) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Month end " (of.period) }
                    p { (of.firm.ja) " / " (of.firm.en) }
                    (PreEscaped("\n"))
                    p.soft { "Made " (date_time(of.made_at, &of.zone)) " (" (of.zone.iana_name().unwrap_or("business time zone")) ") by enqueuer " (common::build_version()) }
                    (PreEscaped("\n"))
                }
                main {
                    @for section in &sections { (section) (PreEscaped("\n")) }
                }
            }
        }
    };
    // Short lines: a log that the page goes through may cut long ones.
    page.into_string()
        .replace("</tr>", "</tr>\n")
        .replace("</rect>", "</rect>\n")
}

/// How the month end stands, in a sentence.
pub fn sentence(of: &Gathered) -> (&'static str, String) {
    let (due, open, failed) = (of.due(), of.open(), of.of(State::Failed));
    let problems = of
        .certificate
        .as_ref()
        .map_or(0, |found| found.problems.len());
    if of.runs.is_empty() {
        return ("open", format!("{} has no run yet.", of.period));
    }
    if problems > 0 {
        let problems = counted(i64::try_from(problems).unwrap_or(i64::MAX), "difference");
        return (
            "bad",
            format!("It does not add up: the certificate below names {problems}."),
        );
    }
    let failures = match failed {
        0 => String::new(),
        failed => format!(", {} failed", grouped(failed)),
    };
    if open > 0 {
        return (
            "open",
            format!(
                "{} of {} are open{failures}.",
                grouped(open),
                counted(due, "document")
            ),
        );
    }
    if failed > 0 {
        return (
            "bad",
            format!(
                "{} of {} failed; all others are published.",
                grouped(failed),
                counted(due, "document")
            ),
        );
    }
    match &of.certificate {
        Ok(_) => (
            "good",
            format!(
                "Everything adds up: {} due, all published.",
                counted(due, "document")
            ),
        ),
        Err(_) => (
            "good",
            format!(
                "{} due, all published. The certificate could not be made.",
                counted(due, "document")
            ),
        ),
    }
}

fn verdict(of: &Gathered) -> Markup {
    let (class, sentence) = sentence(of);
    html! { p class={ "verdict " (class) } { (sentence) } }
}

fn figures(of: &Gathered) -> Markup {
    let durations = &of.durations;
    let rows: i64 = of.documents.iter().map(|alike| alike.rows).sum();
    let size: i64 = of.documents.iter().map(|alike| alike.bytes).sum();
    let attempts: i64 = of.attempts.iter().map(|attempts| attempts.attempts).sum();
    let outcomes = of.outcomes();
    let ended = |outcome: &str| outcomes.get(outcome).copied().unwrap_or_default();
    let retries = ended("given_back") + ended("lost");
    let started = of
        .attempts
        .iter()
        .map(|attempts| attempts.first_started_at)
        .min();
    let mut tiles = vec![
        ("Documents due", grouped(of.due())),
        ("Published", grouped(of.published())),
        ("Failed", grouped(of.of(State::Failed))),
        ("Open", grouped(of.open())),
        ("Excused", grouped(of.of(State::Excused))),
        (
            "Published for paper",
            grouped(of.sum(|alike| alike.on_paper && matches!(alike.state, State::Succeeded))),
        ),
        ("Rows", grouped(rows)),
        ("Size", bytes(size)),
        ("Attempts", grouped(attempts)),
        ("Attempts that were tried again", grouped(retries)),
    ];
    if let Some(started) = started {
        tiles.push(("First start", date_time(started, &of.zone)));
    }
    if let Some(timeline) = &of.timeline {
        tiles.push(("Last end", date_time(timeline.end, &of.zone)));
        tiles.push(("Took", span_ms(timeline.length_ms())));
        let rate = timeline.documents().saturating_mul(1_000_000) / timeline.length_ms().max(1);
        tiles.push(("Documents per second", thousandths(rate)));
    }
    for (name, ms) in [
        ("P50 of a document", durations.p50_ms),
        ("P95 of a document", durations.p95_ms),
        ("Longest document", durations.longest_ms),
    ] {
        if let Some(ms) = ms {
            tiles.push((name, span_ms(ms)));
        }
    }
    if durations.sum_ms > 0 {
        let rate = durations.sum_rows.saturating_mul(1_000_000) / durations.sum_ms;
        tiles.push(("Rows per second of a converter", thousandths(rate)));
    }
    html! {
        h2 { "Figures" }
        dl {
            @for (name, value) in &tiles { div { dt { (name) } dd { (value) } } }
        }
        @if let Some(sentence) = deadline(of) { p { (sentence) } }
    }
}

fn deadline(of: &Gathered) -> Option<String> {
    let kept = of.deadline?;
    let at = date_time(kept.at, &of.zone);
    let apart = |end: jiff::Timestamp| span(kept.at.duration_since(end).abs());
    let open = of.open();
    if open > 0 {
        let judged = if of.made_at > kept.at { "missed, " } else { "" };
        return Some(format!(
            "Deadline {at}: {judged}{} still open.",
            counted(open, "document")
        ));
    }
    let last = kept.last_settled_at?;
    Some(if kept.late == 0 {
        format!("Deadline {at}: met, {} before it.", apart(last))
    } else {
        format!(
            "Deadline {at}: missed. {} settled after it, the last {} later.",
            counted(kept.late, "document"),
            apart(last)
        )
    })
}

fn over_time(of: &Gathered) -> Markup {
    let Some(timeline) = &of.timeline else {
        return html! { h2 { "Documents over time" } p.soft { "Nothing was settled yet." } };
    };
    let (before, after) = (timeline.before.all(), timeline.after.all());
    // Some forty rows tell as much as the curve.
    let stride = timeline.until.len().div_ceil(40).max(1);
    let rows: Vec<_> = (1..=timeline.until.len())
        .filter(|n| n % stride == 0 || *n == timeline.until.len())
        .map(|n| {
            let ms = timeline.step_ms * i64::try_from(n).unwrap_or(i64::MAX);
            let at = timeline.from.checked_add(SignedDuration::from_millis(ms));
            (at.unwrap_or(timeline.from), timeline.until[n - 1])
        })
        .collect();
    html! {
        h2 { "Documents over time" }
        p.soft { span.key {} "published " @if timeline.last().failed > 0 { span class="key failed" {} "failed" } }
        (charts::over_time(timeline, of.deadline.as_ref(), &of.zone))
        @if before + after > 0 {
            p.soft { "The stretch in which most were settled; " (grouped(before)) " were before it, " (grouped(after)) " after it." }
        }
        details {
            summary { "As a table" }
            div.scroll { table {
                thead { tr { th { "until" } th.n { "published" } th.n { "failed" } } }
                tbody { @for (at, sum) in &rows {
                    tr { td { (date_time(*at, &of.zone)) } td.n { (grouped(sum.succeeded)) } td.n { (grouped(sum.failed)) } }
                } }
            } }
        }
    }
}

fn durations(of: &Gathered) -> Markup {
    let durations = &of.durations;
    if durations.bins.is_empty() {
        return html! {};
    }
    html! {
        h2 { "How long a document took" }
        p.soft { "From claiming it to settling it, by the attempt that succeeded; the scale of time is logarithmic." }
        (charts::distribution(durations))
        details {
            summary { "As a table" }
            div.scroll { table {
                thead { tr { th { "took" } th.n { "documents" } } }
                tbody { @for bin in durations.bins.iter().filter(|bin| bin.documents > 0) {
                    tr { td { (charts::range(bin)) } td.n { (grouped(bin.documents)) } }
                } }
            } }
        }
        (documents::by_rows(of))
    }
}

/// Whether there is anything to tell of a kind.
pub fn has_documents(of: &Gathered) -> bool {
    !kinds(&of.documents).is_empty()
}
