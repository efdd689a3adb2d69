//! What people and the scheduler decided: runs, operators' actions, holds. Reasons are in their own words.

use common::ledger::{PeriodRun, State};
use maud::{Markup, html};

use super::gathered::Gathered;
use super::shortened;
use crate::numbers::{date_time, grouped, span};

/// Rows of a table.
const ROWS: usize = 50;

/// Every run with its command.
pub fn runs(of: &Gathered) -> Markup {
    if of.runs.is_empty() {
        return html! {};
    }
    let hidden = of.runs.len().saturating_sub(ROWS);
    html! {
        h2 { "Runs" }
        @if hidden > 0 { p.soft { "The newest " (ROWS) "; " (hidden) " went before." } }
        div.scroll { table {
            thead { tr {
                th { "command" } th { "run" } th { "started" } th { "ended" } th.n { "took" }
                th.n { "documents" } th.n { "published" } th.n { "failed" }
            } }
            tbody { @for run in &of.runs[hidden..] { (row(of, run)) } }
        } }
        p.soft { "A document is counted with the run that submitted it last." }
    }
}

fn row(of: &Gathered, run: &PeriodRun) -> Markup {
    let count =
        |which: fn(State) -> bool| of.sum(|alike| alike.run_id == run.run_id && which(alike.state));
    let took = run
        .ended_at
        .map(|ended| span(ended.duration_since(run.started_at)));
    html! {
        tr {
            td { (run.command.as_str()) }
            td { code { (run.run_id) } }
            td { (date_time(run.started_at, &of.zone)) }
            td { @match run.ended_at { Some(ended) => (date_time(ended, &of.zone)), None => "not yet" } }
            td.n { @if let Some(took) = took { (took) } }
            td.n { (grouped(count(|_| true))) }
            td.n { (grouped(count(|state| matches!(state, State::Succeeded | State::Superseded)))) }
            td.n { (grouped(count(|state| state == State::Failed))) }
        }
    }
}

/// What operators did to documents.
pub fn actions(of: &Gathered) -> Markup {
    html! {
        h2 { "Operators' actions" }
        @if of.actions.is_empty() {
            p.soft { "None." }
        } @else {
            div.scroll { table {
                thead { tr { th { "action" } th.n { "documents" } th { "reason" } th { "first" } th { "last" } } }
                tbody { @for action in of.actions.iter().take(ROWS) {
                    tr {
                        td { (action.action) }
                        td.n { (grouped(action.documents)) }
                        td.wide { (shortened(&action.reason)) }
                        td { (date_time(action.first_at, &of.zone)) }
                        td { (date_time(action.last_at, &of.zone)) }
                    }
                } }
            } }
            @if of.actions.len() > ROWS { p.soft { "And for " (of.actions.len() - ROWS) " more reasons." } }
        }
    }
}

/// When nothing was submitted, and why.
pub fn holds(of: &Gathered) -> Markup {
    html! {
        h2 { "Holds" }
        @if of.holds.is_empty() {
            p.soft { "None." }
        } @else {
            div.scroll { table {
                thead { tr { th { "cause" } th { "reason" } th { "held" } th { "lifted" } } }
                tbody { @for hold in of.holds.iter().take(ROWS) {
                    tr {
                        td { (hold.cause.as_str()) }
                        td.wide { (shortened(&hold.reason)) }
                        td { (date_time(hold.held_at, &of.zone)) }
                        td { @match hold.lifted_at { Some(lifted) => (date_time(lifted, &of.zone)), None => strong { "not yet" } } }
                    }
                } }
            } }
            @if of.holds.len() > ROWS { p.soft { "And " (of.holds.len() - ROWS) " more." } }
        }
    }
}
