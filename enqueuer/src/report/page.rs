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
    if of.runs.is_empty() {
        return ("open", format!("{} has no run yet.", of.period));
    }
    let (problems, without) = match &of.certificate {
        Ok(found) => (found.differences(), ""),
        Err(_) => (0, " The certificate could not be made."),
    };
    let named = counted(problems as u64, "difference");
    let documents = counted(due, "document");
    if open > 0 {
        let failures = match failed {
            0 => String::new(),
            failed => format!(", {} failed", grouped(failed)),
        };
        // Source, ledger and store were not looked at in one instant.
        let so_far = match problems {
            0 => String::new(),
            _ => format!(" So far the certificate below names {named}."),
        };
        let open = grouped(open);
        return (
            "open",
            format!("{open} of {documents} are open{failures}.{so_far}{without}"),
        );
    }
    if problems > 0 {
        return (
            "bad",
            format!("It does not add up: the certificate below names {named}."),
        );
    }
    if failed > 0 {
        let failed = grouped(failed);
        return (
            "bad",
            format!("{failed} of {documents} failed; all others are published.{without}"),
        );
    }
    if of.certificate.is_err() {
        return ("open", format!("{documents} due, all published.{without}"));
    }
    (
        "good",
        format!("Everything adds up: {documents} due, all published."),
    )
}

fn verdict(of: &Gathered) -> Markup {
    let (class, sentence) = sentence(of);
    html! { p class={ "verdict " (class) } { (sentence) } }
}

fn figures(of: &Gathered) -> Markup {
    let durations = &of.durations;
    let (rows, size) = of.published_size();
    let superseded = of.sum(|alike| alike.state == State::Superseded);
    let there: i64 = of.attempts.iter().map(|attempts| attempts.attempts).sum();
    let pruned = of.pruned.as_ref();
    let attempts = there + pruned.map_or(0, |pruned| pruned.attempts);
    let outcomes = of.outcomes();
    let ended = |outcome: &str| outcomes.get(outcome).copied().unwrap_or_default();
    let retries = ended("given_back") + ended("lost") + pruned.map_or(0, |pruned| pruned.retries);
    let started = of
        .attempts
        .iter()
        .map(|attempts| attempts.first_started_at)
        .chain(pruned.and_then(|pruned| pruned.first_started_at))
        .min();
    let mut tiles =
        vec![
            ("Documents due", grouped(of.due())),
            ("Published", grouped(of.published())),
            ("Failed", grouped(of.of(State::Failed))),
            ("Open", grouped(of.open())),
            ("Excused", grouped(of.of(State::Excused))),
            (
                "Published for paper",
                grouped(of.sum(|alike| {
                    alike.on_paper && alike.is_latest && alike.state == State::Succeeded
                })),
            ),
            ("Rows", grouped(rows)),
            ("Size", bytes(size)),
            ("Attempts", grouped(attempts)),
            ("Attempts that were tried again", grouped(retries)),
        ];
    if superseded > 0 {
        tiles.insert(5, ("Superseded", grouped(superseded)));
    }
    if let Some(started) = started {
        tiles.push(("First start", date_time(started, &of.zone)));
    }
    if let Some(last) = of.last_settled_at {
        tiles.push(("Last end", date_time(last, &of.zone)));
    }
    if let Some(timeline) = &of.timeline {
        let [took, per_second] = if timeline.is_all() {
            ["Took", "Documents per second"]
        } else {
            ["Most of them took", "Of these per second"]
        };
        tiles.push((took, span_ms(timeline.length_ms())));
        let rate = timeline.documents().saturating_mul(1_000_000) / timeline.length_ms().max(1);
        tiles.push((per_second, thousandths(rate)));
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
        @if let Some(pruned) = pruned {
            p.soft {
                "Of these attempts " (grouped(pruned.attempts)) " were pruned, the last time on " (date_time(pruned.last_pruned_at, &of.zone))
                ": they are counted here, and the ledger has no more of them."
            }
        }
    }
}

fn deadline(of: &Gathered) -> Option<String> {
    let (deadline, kept) = of.deadline?;
    let at = date_time(deadline, &of.zone);
    let apart = |end: jiff::Timestamp| span(deadline.duration_since(end).abs());
    let later = match kept.later {
        0 => String::new(),
        later => format!(
            " Later: {} made after it, resubmitted or reissued; by these it is not judged.",
            counted(later, "document")
        ),
    };
    if kept.open > 0 {
        let judged = if of.made_at > deadline {
            "missed, "
        } else {
            ""
        };
        return Some(format!(
            "Deadline {at}: {judged}{} still open.{later}",
            counted(kept.open, "document")
        ));
    }
    Some(match kept.last_settled_at {
        // Whatever there was has been made again since.
        None if kept.later == 0 => return None,
        None => format!("Deadline {at}.{later}"),
        Some(last) if kept.late == 0 => {
            format!("Deadline {at}: met, {} before it.{later}", apart(last))
        }
        Some(last) => format!(
            "Deadline {at}: missed. {} settled after it, the last {} later.{later}",
            counted(kept.late, "document"),
            apart(last)
        ),
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
        (charts::over_time(timeline, of.deadline.map(|(at, _)| at), &of.zone))
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
