//! Alerts: one message per cause, never a customer's name, address or amounts. Failing to alert never fails a document.

use common::Error;
use common::config::AlertsTo;

/// The month end cannot begin yet.
pub fn run_refused(to: AlertsTo, error: &Error) {
    if error.cause() != "source_not_ready" {
        return;
    }
    match to {
        AlertsTo::Log => tracing::error!(alert = error.cause(), "{error}"),
    }
}
