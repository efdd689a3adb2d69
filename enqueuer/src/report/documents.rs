//! What became of documents: by kind, by size, by cause.

use std::collections::BTreeSet;

use common::ledger::{OfCause, State};
use maud::{Markup, html};

use super::durations::Durations;
use super::gathered::{Gathered, kinds};
use super::page::has_documents;
use super::shortened;
use crate::alerts::{mending_of_failure, mending_of_warning};
use crate::numbers::{counted, grouped, span_ms, thousandths};

/// Causes that are shown of each state.
const CAUSES: usize = 30;

/// Documents by kind and state.
pub fn by_kind(of: &Gathered) -> Markup {
    if !has_documents(of) {
        return html! {};
    }
    let shown: Vec<State> = State::ALL
        .into_iter()
        .filter(|state| of.sum(|alike| alike.state == *state) > 0)
        .collect();
    let count = |kind, state| of.of_kind(kind).get(&state).copied().unwrap_or_default();
    html! {
        h2 { "Documents by kind" }
        div.scroll { table {
            thead { tr {
                th { "kind" }
                @for state in &shown { th.n { (state.as_str()) } }
                th.n { "rows" } th.n { "bytes" }
            } }
            tbody {
                @for kind in kinds(&of.documents) {
                    tr {
                        th { (kind) }
                        @for state in &shown { td.n { (grouped(count(kind, *state))) } }
                        @let alike = of.documents.iter().filter(|alike| alike.kind == kind && alike.is_latest);
                        td.n { (grouped(alike.clone().map(|alike| alike.rows).sum::<i64>())) }
                        td.n { (grouped(alike.map(|alike| alike.bytes).sum::<i64>())) }
                    }
                }
                tr.sum {
                    th { "all" }
                    @for state in &shown { td.n { (grouped(of.sum(|alike| alike.state == *state))) } }
                    @let (rows, bytes) = of.published_size();
                    td.n { (grouped(rows)) }
                    td.n { (grouped(bytes)) }
                }
            }
        } }
    }
}

/// How long documents of about as many rows took.
pub fn by_rows(of: &Gathered) -> Markup {
    let sizes: BTreeSet<i64> = of
        .attempts
        .iter()
        .map(|attempts| attempts.rows_from)
        .collect();
    let sizes = sizes.into_iter().map(|from| {
        let alike = of
            .attempts
            .iter()
            .filter(move |attempts| attempts.rows_from == from);
        (from, Durations::of(alike))
    });
    let told = |ms: Option<i64>| ms.map_or_else(String::new, span_ms);
    html! {
        div.scroll { table {
            caption { "By rows of the document" }
            thead { tr { th { "rows" } th.n { "documents" } th.n { "P50" } th.n { "P95" } th.n { "longest" } th.n { "rows/s" } } }
            tbody { @for (from, durations) in sizes.filter(|(_, durations)| durations.documents > 0) {
                tr {
                    th { @match from { 0 => "under 10", 1_000_000 => "1,000,000 or more", from => { (grouped(from)) " to " (grouped(from * 10 - 1)) } } }
                    td.n { (grouped(durations.documents)) }
                    td.n { (told(durations.p50_ms)) }
                    td.n { (told(durations.p95_ms)) }
                    td.n { (told(durations.longest_ms)) }
                    td.n { (thousandths(durations.sum_rows.saturating_mul(1_000_000) / durations.sum_ms.max(1))) }
                }
            } }
        } }
    }
}

/// Failures, each with what mends it.
pub fn failures(of: &Gathered) -> Markup {
    let failed = of_state(of, State::Failed);
    html! {
        h2 { "Failures by cause" }
        @if failed.is_empty() { p.soft { "None." } }
        @for cause in failed.iter().take(CAUSES) {
            @let mend = mending_of_failure(&cause.cause, of.period);
            section.failure {
                h3 { (counted(cause.documents, "document")) " failed by " code { (shortened(&cause.cause)) } }
                p { (mend.meaning) }
                p.soft { "For example " code { (cause.example) } ". Runbook: " code { "runbooks/" (mend.runbook) ".md" } "." }
                pre { (mend.command) }
            }
        }
        (rest(failed.len()))
    }
}

/// Documents that nobody will make, and those that customers see in spite of a finding.
pub fn excused_and_warned(of: &Gathered) -> Markup {
    let lists = [
        ("Excused by cause", of_state(of, State::Excused)),
        (
            "Published with a warning of the gate, by cause",
            of_state(of, State::Succeeded),
        ),
    ];
    let warning = mending_of_warning(of.period);
    html! {
        @for (title, causes) in &lists {
            h2 { (title) }
            @if causes.is_empty() {
                p.soft { "None." }
            } @else {
                div.scroll { table {
                    thead { tr { th { "cause" } th.n { "documents" } th { "for example" } } }
                    tbody { @for cause in causes.iter().take(CAUSES) {
                        tr { td { code { (shortened(&cause.cause)) } } td.n { (grouped(cause.documents)) } td { code { (cause.example) } } }
                    } }
                } }
                (rest(causes.len()))
                @if causes.iter().any(|cause| cause.state == State::Succeeded) {
                    p { (warning.meaning) }
                    p.soft { "Runbook: " code { "runbooks/" (warning.runbook) ".md" } "." }
                    pre { (warning.command) }
                }
            }
        }
    }
}

fn of_state(of: &Gathered, state: State) -> Vec<&OfCause> {
    of.causes
        .iter()
        .filter(|cause| cause.state == state)
        .collect()
}

fn rest(causes: usize) -> Markup {
    html! {
        @if causes > CAUSES { p.soft { "And " (causes - CAUSES) " more causes." } }
    }
}
