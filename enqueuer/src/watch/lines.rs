//! A standing as one line: of a log, or JSON for a program.

use common::Error;
use common::ledger::Hold;
use common::statement::Period;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::standing::{Outlook, Standing};
use super::words;
use crate::alerts::{mending_of_failure, mending_of_hold};
use crate::numbers::{grouped, instant};
use crate::printable::printable;

/// The line of a log.
pub fn plain(standing: &Standing, zone: &TimeZone) -> String {
    let states: Vec<String> = words::states(standing)
        .into_iter()
        .map(|(state, count)| format!("{state} {}", grouped(count)))
        .collect();
    let mut parts = vec![format!(
        "{} {}: {} of {} settled ({})",
        instant(standing.now, zone),
        standing.period,
        grouped(standing.settled()),
        grouped(standing.total()),
        words::share(standing)
    )];
    if !states.is_empty() {
        parts.push(states.join(", "));
    }
    parts.extend(words::rate(standing));
    parts.push(format!("end {}", words::end(standing, zone)));
    parts.extend(
        words::waiting_for_database(&standing.runs).map(|waiting| format!("waiting {waiting}")),
    );
    if let Some(mend) = words::mend(standing) {
        parts.push(format!("`{mend}`"));
    }
    if let Some(deadline) = words::deadline(standing, zone) {
        parts.push(format!("deadline {deadline}"));
    }
    if let Some(hold) = &standing.hold {
        let mend = mending_of_hold(hold.cause, standing.period).command;
        let cause = hold.cause.as_str();
        parts.push(format!("HELD, {cause}: {}, `{mend}`", hold.reason));
    }
    for failure in &standing.failures {
        let mend = mending_of_failure(&failure.cause, standing.period).command;
        let failed = words::failed(&failure.cause, failure.documents);
        parts.push(format!(
            "FAILED {failed}, e.g. {}, `{mend}`",
            failure.example
        ));
    }
    printable(&parts.join("; "))
}

/// The line for a program. Rates are documents per second, instants RFC 3339.
pub fn json(standing: &Standing) -> Value {
    let period = standing.period;
    let counts: serde_json::Map<_, _> = standing
        .counts
        .iter()
        .map(|(state, count)| (state.to_string(), json!(count)))
        .collect();
    let runs: Vec<_> = standing
        .runs
        .iter()
        .map(|run| {
            json!({"run_id": run.run_id, "command": run.command.as_str(), "started_at": run.started_at.to_string(),
                   "ended_at": run.ended_at.map(|ended| ended.to_string())})
        })
        .collect();
    let failures: Vec<_> = standing
        .failures
        .iter()
        .map(|failure| {
            let mend = mending_of_failure(&failure.cause, period);
            json!({"cause": failure.cause, "documents": failure.documents, "example": failure.example,
                   "runbook": mend.runbook, "command": mend.command})
        })
        .collect();
    let hold = standing.hold.as_ref();
    let hold = hold.map(|hold| hold_json(hold, period));
    let ends_at = match standing.outlook {
        Outlook::Ends(end) => Some(end.to_string()),
        _ => None,
    };
    let margin = standing.margin();
    json!({
        "period": period.to_string(),
        "at": standing.now.to_string(),
        "counts": counts,
        "total": standing.total(),
        "settled": standing.settled(),
        "open": standing.open(),
        "documents_per_second": {
            "last_minute": standing.in_last_minute.map(per_second),
            "run": standing.over_run.map(per_second),
        },
        "outlook": outlook(standing.outlook),
        "ends_at": ends_at,
        "deadline": standing.deadline.map(|deadline| deadline.to_string()),
        "margin_seconds": margin.map(|margin| margin.as_secs()),
        "runs": runs,
        "failures": failures,
        "hold": hold,
        "waiting_for_database": words::slots_waiting_for_database(&standing.runs),
        "complete": standing.outlook == Outlook::Complete,
    })
}

/// Why nothing of the period is submitted, and the line that lifts it.
pub fn hold_json(hold: &Hold, period: Period) -> Value {
    json!({"cause": hold.cause.as_str(), "reason": hold.reason,
           "command": mending_of_hold(hold.cause, period).command})
}

/// The ledger does not answer.
pub fn lost_json(period: Period, error: &Error) -> Value {
    json!({"period": period.to_string(), "outlook": "no_answer", "error": error.to_string(), "complete": false})
}

/// A decimal, from documents per thousand seconds.
fn per_second(rate: i64) -> Value {
    let decimal = rust_decimal::Decimal::new(rate, 3).normalize().to_string();
    let number: Result<serde_json::Number, _> = decimal.parse();
    number.map_or(Value::Null, Value::Number)
}

fn outlook(outlook: Outlook) -> &'static str {
    match outlook {
        Outlook::NoRun => "no_run",
        Outlook::Recording => "recording",
        Outlook::Complete => "complete",
        Outlook::Interrupted => "interrupted",
        Outlook::Held => "held",
        Outlook::Abandoned => "abandoned",
        Outlook::TooEarly => "too_early",
        Outlook::Stalled => "stalled",
        Outlook::Ends(_) => "running",
    }
}

#[cfg(test)]
mod tests {
    use common::ledger::HoldCause;

    use super::super::frame::tests::{standing, tokyo};
    use super::*;

    #[test]
    fn a_line_says_as_much_as_a_screen() {
        let mut standing = standing();
        standing.failures.truncate(1);
        let mend = "enqueuer resubmit --failed --period 2026-10 --cause positions --reason 'movements or snapshot mended in the source'";
        let expected = [
            "2026-11-01 00:31:07 +09 2026-10: 317,004 of 500,000 settled (63.4 %)",
            "due 100,000, submitted 80,000, running 2,996, succeeded 316,800, failed 204, excused 1,020",
            "412/s in the last minute, 329/s over the run",
            "end about 00:38:31, in 7 min 24 s",
            "deadline 06:00:00, meets it by 5 h 21 min",
            &format!(
                "FAILED 200 documents failed by positions, e.g. 2026-10.balance.A000123456, `{mend}`"
            ),
        ];
        assert_eq!(plain(&standing, &tokyo()), expected.join("; "));
        standing.failures.clear();
        standing.outlook = Outlook::Abandoned;
        standing.hold = Some(Hold {
            hold_id: String::new(),
            cause: HoldCause::Stopped,
            reason: "ticket\n7".to_owned(),
        });
        let told = plain(&standing, &tokyo());
        let end = "; end ABANDONED: no run works on it; `enqueuer run --period 2026-10`; deadline 06:00:00; \
                   HELD, stopped: ticket 7, `enqueuer run --period 2026-10 --resume`";
        assert!(told.ends_with(end), "{told}");
    }

    #[test]
    fn a_program_reads_rate_end_and_margin() {
        let mut standing = standing();
        let told = json(&standing);
        assert_eq!(
            told["documents_per_second"],
            json!({"last_minute": per_second(412_300), "run": per_second(328_500)})
        );
        assert_eq!(told["documents_per_second"]["run"].to_string(), "328.5");
        assert_eq!(told["at"], "2026-10-31T15:31:07Z");
        assert_eq!(told["ends_at"], "2026-10-31T15:38:31Z");
        assert_eq!(told["outlook"], "running");
        assert_eq!(told["margin_seconds"], 5 * 3600 + 21 * 60 + 29);
        standing.outlook = Outlook::TooEarly;
        standing.in_last_minute = None;
        let told = json(&standing);
        assert_eq!(told["documents_per_second"]["last_minute"], Value::Null);
        assert_eq!(
            (&told["ends_at"], &told["margin_seconds"], &told["outlook"]),
            (&Value::Null, &Value::Null, &json!("too_early"))
        );
    }
}
