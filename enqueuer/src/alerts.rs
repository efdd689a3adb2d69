//! Alerts: one message per cause, never a customer's name, address or amounts. Failing to alert never fails a document.

use common::Error;
use common::config::AlertsTo;
use common::ledger::{CauseCount, State};
use common::statement::Period;

/// The month end cannot begin yet.
pub fn run_refused(to: &AlertsTo, error: &Error) {
    if error.cause() != "source_not_ready" {
        return;
    }
    match to {
        AlertsTo::Log => tracing::error!(alert = error.cause(), "{error}"),
        AlertsTo::Sns { .. } | AlertsTo::Slack { .. } => {}
    }
}

/// Documents were published although the gate noted something: one message per rule.
pub fn published_with_warnings(to: &AlertsTo, period: Period, causes: &[CauseCount]) {
    for warned in causes
        .iter()
        .filter(|cause| cause.state == State::Succeeded)
    {
        match to {
            AlertsTo::Log => tracing::warn!(
                alert = "published_with_warning",
                %period,
                rule = warned.cause,
                documents = warned.documents,
                "{} documents of {period} are published with a warning of the gate, rule {}; e.g. {}",
                warned.documents,
                warned.cause,
                warned.example
            ),
            AlertsTo::Sns { .. } | AlertsTo::Slack { .. } => {}
        }
    }
}
