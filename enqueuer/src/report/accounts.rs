//! The certificate's section: every account stands once.

use common::ledger::State;
use maud::{Markup, html};

use super::gathered::Gathered;
use crate::certificate::{Certificate, KindCount};
use crate::numbers::{counted, grouped};

/// Does everything add up.
pub fn certificate(of: &Gathered) -> Markup {
    html! {
        h2 { "Certificate" }
        p { "Accounts × kinds = due + excused + nothing to report; due = succeeded + failed + open." }
        @match &of.certificate {
            Ok(found) => (table(of, found)),
            Err(why) => {
                p { strong { "It could not be made: " } (why) "." }
                p.soft { "All other figures are the ledger's. Once the source and the store can be reached:" }
                pre { "enqueuer certificate --period " (of.period) }
            }
        }
    }
}

fn table(of: &Gathered, found: &Certificate) -> Markup {
    let mut all = KindCount::default();
    for count in found.kinds.values() {
        all.accounts += count.accounts;
        all.due += count.due;
        all.excused += count.excused;
        all.nothing_to_report += count.nothing_to_report;
        all.succeeded += count.succeeded;
        all.failed += count.failed;
        all.open += count.open;
    }
    let by_cause = [("failed", State::Failed), ("excused", State::Excused)];
    html! {
        div.scroll { table {
            thead { tr {
                th { "kind" } th.n { "accounts" } th.n { "= due" } th.n { "+ excused" } th.n { "+ nothing" }
                th.n { "due" } th.n { "= succeeded" } th.n { "+ failed" } th.n { "+ open" }
            } }
            tbody {
                @for (kind, count) in &found.kinds { tr { th { (kind) } (cells(count)) } }
                tr.sum { th { "all" } (cells(&all)) }
            }
        } }
        p.soft {
            "The store holds " (counted(found.objects, "object")) ". A document counts by its latest revision."
        }
        @for (word, state) in by_cause {
            @let causes = of.causes.iter().filter(|cause| cause.state == state);
            @if causes.clone().next().is_some() {
                p {
                    "Of those " (word) ": "
                    @for (n, cause) in causes.enumerate() {
                        @if n > 0 { ", " }
                        (grouped(cause.documents)) " " code { (super::shortened(&cause.cause)) }
                    }
                    "."
                }
            }
        }
        @if found.is_complete() {
            p { strong { "Everything adds up." } }
        } @else if found.adds_up() {
            p { strong { "It is not complete: " (counted(found.failed(), "document")) " failed." } }
        } @else if found.differences() == 0 {
            p { strong { (counted(found.open(), "document")) " open." } }
        } @else {
            p { strong { "It does not add up:" } }
            ul { @for problem in &found.problems { li { (problem) } } }
        }
        ul { @for line in found.contents_lines().iter().chain(&found.rows_lines(&of.zone)) { li { (line.trim()) } } }
    }
}

fn cells(count: &KindCount) -> Markup {
    let numbers = [
        count.accounts,
        count.due,
        count.excused,
        count.nothing_to_report,
        count.due,
        count.succeeded,
        count.failed,
        count.open,
    ];
    html! { @for value in numbers { td.n { (grouped(value)) } } }
}
