//! A plan for a person, 80 columns wide, and for a program.

use common::statement::Period;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::advice::Suggestion;
use super::{Deadline, Place, Plan, words};
use crate::agreement;
use crate::numbers::{grouped, instant};
use crate::out::line;
use crate::printable::{char_width, width};

const WIDTH: usize = 80;

/// For a person.
pub fn print(plan: &Plan, period: Period, zone: &TimeZone) {
    for text in lines(plan, period, zone) {
        line!("{text}");
    }
}

pub(super) fn lines(plan: &Plan, period: Period, zone: &TimeZone) -> Vec<String> {
    let mut lines = Vec::new();
    let count = |number: usize| grouped(number as u64);
    lines.push(format!(
        "{period}: {} documents, about {} rows, about {}.",
        count(plan.documents),
        grouped(plan.rows),
        words::bytes(plan.bytes)
    ));
    let besides = [
        (plan.settled.succeeded, "succeeded"),
        (plan.settled.failed, "failed"),
        (plan.settled.excused, "excused"),
        (plan.with_others, "submitted or running"),
        (plan.excused, "to be excused"),
    ];
    let besides: Vec<String> = besides
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    if !besides.is_empty() {
        lines.push(format!("Not among them: {}.", besides.join(", ")));
    }
    for remark in &plan.remarks {
        wrap(&mut lines, "", remark);
    }
    for finding in agreement::words::lines(&plan.findings) {
        let indent = if finding.starts_with(' ') { "  " } else { "" };
        wrap(&mut lines, indent, finding.trim_start());
    }
    if plan.documents > 0 {
        lines.push(String::new());
        push_classes(&mut lines, plan);
        lines.push(String::new());
        push_forecast(&mut lines, plan, zone);
    }
    if let Some(deadline) = plan.deadline.as_ref().filter(|_| plan.documents > 0) {
        push_deadline(&mut lines, plan, deadline, zone);
    }
    lines.push(String::new());
    lines.push("Assumed:".to_owned());
    for assumption in &plan.model.assumptions {
        let text = format!(
            "{}: {}; {}",
            assumption.what, assumption.value, assumption.origin
        );
        wrap(&mut lines, "  ", &text);
    }
    lines
}

fn push_classes(lines: &mut Vec<String>, plan: &Plan) {
    lines.push(format!(
        "{:<14}{:>11}{:>15}{:>9}{:>6}{:>7}{:>8}",
        "class", "documents", "about rows", "slots", "jobs", "vCPU", "MiB"
    ));
    for (class, packed) in plan.place.classes().iter().zip(&plan.packed).rev() {
        let name: String = class.name.chars().take(13).collect();
        lines.push(format!(
            "{name:<14}{:>11}{:>15}{:>9}{:>6}{:>7}{:>8}",
            grouped(packed.documents),
            grouped(packed.rows),
            grouped(packed.slots),
            packed.jobs,
            class.vcpu,
            class
                .memory_mib
                .map_or_else(|| "-".to_owned(), |mib| mib.to_string())
        ));
    }
}

fn push_forecast(lines: &mut Vec<String>, plan: &Plan, zone: &TimeZone) {
    let distribution = &plan.distribution;
    let capacity = plan.place.capacity();
    let of = if plan.place.is_local() {
        format!("LOCAL_PARALLEL {capacity}")
    } else {
        let connections = plan.connections.budget.map_or_else(String::new, |budget| {
            format!(", DATABASE_CONNECTIONS {}", grouped(budget))
        });
        format!("MAX_VCPUS {capacity}{connections}")
    };
    let slots = if plan.documents_per_slot == 1 {
        "1 document".to_owned()
    } else {
        format!("{} documents", plan.documents_per_slot)
    };
    lines.push(format!(
        "Converters    up to {} at a time ({of}, {slots} per slot)",
        grouped(distribution.at_peak)
    ));
    let connections = &plan.connections;
    lines.push(if connections.is_one_database() {
        format!(
            "Connections   up to {} to the one database",
            grouped(connections.at_most())
        )
    } else {
        format!(
            "Connections   up to {} to the source, {} to the ledger",
            grouped(connections.converters),
            grouped(connections.converters)
        )
    });
    lines.push(if plan.place.is_local() {
        format!(
            "Work          {:.2} core-hours; no cost but this machine's",
            plan.vcpu_hours
        )
    } else {
        format!(
            "Work          {:.2} vCPU-hours billed, {:.2} USD",
            plan.vcpu_hours, plan.cost_usd
        )
    });
    lines.push(format!("Start         {}", instant(plan.start, zone)));
    for (name, seconds) in [
        ("Finish, P50", distribution.p50),
        ("Finish, P95", distribution.p95),
    ] {
        let at = instant(words::after(plan.start, seconds), zone);
        lines.push(format!("{name}   {at}, after {}", words::duration(seconds)));
    }
}

fn push_deadline(lines: &mut Vec<String>, plan: &Plan, deadline: &Deadline, zone: &TimeZone) {
    let at = instant(deadline.at, zone);
    let by = words::duration(deadline.left.abs());
    lines.push(if deadline.is_met() {
        format!("Deadline      {at}: met, with {by} left at P95")
    } else {
        format!("Deadline      {at}: MISSED by {by} at P95")
    });
    match &deadline.suggestions {
        Ok(suggestions) => {
            for suggestion in suggestions {
                let end = instant(words::after(plan.start, suggestion.p95), zone);
                wrap(
                    lines,
                    "  ",
                    &format!("It is met with {}: P95 {end}", in_words(plan, suggestion)),
                );
            }
        }
        Err(why) => wrap(
            lines,
            "  ",
            &format!("No capacity and no packing makes it, because {why}"),
        ),
    }
}

fn in_words(plan: &Plan, suggestion: &Suggestion) -> String {
    let capacity = match plan.place {
        Place::Local { .. } => format!("--parallel {}", suggestion.capacity),
        Place::Aws { .. } => format!("MAX_VCPUS {} (maxvCpus)", suggestion.capacity),
    };
    let packing = format!("--documents-per-slot {}", suggestion.documents_per_slot);
    match (
        suggestion.capacity == plan.place.capacity(),
        suggestion.documents_per_slot == plan.documents_per_slot,
    ) {
        (true, _) => packing,
        (_, true) => capacity,
        _ => format!("{capacity} and {packing}"),
    }
}

/// A text in lines of the width, those after the first indented further. A word that is longer than a line, as whole sentences
/// of Japanese are, is broken.
fn wrap(lines: &mut Vec<String>, indent: &str, text: &str) {
    let mut line = indent.to_owned();
    let mut used = 0;
    for word in text.split(' ') {
        if used > 0 && width(&line) + 1 + width(word) > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("{indent}  ")));
            used = 0;
        } else if used > 0 {
            line.push(' ');
        }
        for char in word.chars() {
            if width(&line) + char_width(char) > WIDTH {
                lines.push(std::mem::replace(&mut line, format!("{indent}  ")));
            }
            line.push(char);
            used += 1;
        }
    }
    lines.push(line);
}

/// For a program.
pub fn answer(plan: &Plan, period: Period, zone: &TimeZone) -> Value {
    let at = |seconds: f64| json!(rfc3339(words::after(plan.start, seconds), zone));
    let classes: Vec<Value> = plan
        .place
        .classes()
        .iter()
        .zip(&plan.packed)
        .map(|(class, packed)| {
            json!({
                "name": class.name, "documents": packed.documents, "rows": packed.rows, "slots": packed.slots, "jobs": packed.jobs,
                "vcpu": class.vcpu, "memory_mib": class.memory_mib, "longest_slot_seconds": packed.longest,
            })
        })
        .collect();
    let assumptions: Vec<Value> = plan
        .model
        .assumptions
        .iter()
        .map(|assumption| json!({"what": assumption.what, "value": assumption.value, "origin": assumption.origin}))
        .collect();
    let deadline = plan.deadline.as_ref();
    let suggestions: Vec<Value> = deadline
        .and_then(|deadline| deadline.suggestions.as_ref().ok())
        .into_iter()
        .flatten()
        .map(|suggestion| {
            let capacity = if plan.place.is_local() {
                "parallel"
            } else {
                "max_vcpus"
            };
            json!({
                capacity: suggestion.capacity, "documents_per_slot": suggestion.documents_per_slot,
                "finish_at_p95": at(suggestion.p95),
            })
        })
        .collect();
    json!({
        "period": period.to_string(),
        "documents": plan.documents,
        "rows": plan.rows,
        "bytes": plan.bytes.round(),
        "settled": plan.settled.all(),
        "findings": agreement::words::answer(&plan.findings),
        "succeeded": plan.settled.succeeded,
        "failed": plan.settled.failed,
        "with_others": plan.with_others,
        "excused": plan.excused,
        "jobs": plan.jobs(),
        "slots": plan.slots(),
        "submit_calls": if plan.place.is_local() { 0 } else { plan.jobs() },
        "documents_per_slot": plan.documents_per_slot,
        "capacity": plan.place.capacity(),
        "size_classes": classes,
        "converters_at_peak": plan.distribution.at_peak,
        "connections": {
            "source": plan.connections.converters, "ledger": plan.connections.converters, "one_database": plan.connections.is_one_database(),
            "budget": plan.connections.budget, "exceeded": plan.connections.warning().is_some(),
        },
        "vcpu_hours": plan.vcpu_hours,
        "cost_usd": plan.cost_usd,
        "start": rfc3339(plan.start, zone),
        "seconds_p50": plan.distribution.p50,
        "seconds_p95": plan.distribution.p95,
        "finish_at": at(plan.distribution.p50),
        "finish_at_p95": at(plan.distribution.p95),
        "deadline": deadline.map(|deadline| rfc3339(deadline.at, zone)),
        "meets_deadline": deadline.map(Deadline::is_met),
        "suggestions": suggestions,
        "no_suggestion_because": deadline.and_then(|deadline| deadline.suggestions.as_ref().err()),
        "replications": plan.distribution.replications,
        "assumptions": assumptions,
        "remarks": plan.remarks,
    })
}

/// With the offset of the business time zone.
fn rfc3339(instant: jiff::Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned(zone.clone())
        .strftime("%FT%T%.3f%:z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_stay_within_the_width() {
        let mut lines = Vec::new();
        wrap(&mut lines, "  ", &"word ".repeat(60));
        let mut japanese = Vec::new();
        wrap(&mut japanese, "", &"時価ファイルが誤っている、".repeat(9));
        assert!(
            japanese.iter().all(|line| width(line) <= WIDTH),
            "{japanese:#?}"
        );
        assert!(
            lines.len() > 3 && lines.iter().all(|line| line.chars().count() <= WIDTH),
            "{lines:#?}"
        );
        assert!(lines[1].starts_with("    word"), "{lines:#?}");
        assert_eq!(
            lines
                .iter()
                .map(|line| line.matches("word").count())
                .sum::<usize>(),
            60
        );
    }
}
