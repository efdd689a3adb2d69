//! What is said of a cause wherever it is shown: an alert, a watch, a report.

use common::ledger::HoldCause;
use common::statement::Period;

use super::causes::{self, Cause};

/// What a cause means, where to read on, and the line that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mending {
    pub meaning: &'static str,
    /// The file of that name in `runbooks/`, without `.md`.
    pub runbook: &'static str,
    /// To be pasted.
    pub command: String,
}

/// Of documents that have failed by a cause of the ledger.
pub fn of_failure(cause: &str, period: Period) -> Mending {
    of(Cause::of_documents(cause), cause, period)
}

/// Of documents that were published with a warning of the gate.
pub fn of_warning(period: Period) -> Mending {
    let known = &causes::PUBLISHED_WITH_WARNING;
    of(known, known.name, period)
}

/// Of a period that is held.
pub fn of_hold(cause: HoldCause, period: Period) -> Mending {
    let known = match cause {
        HoldCause::Refusals => &causes::HELD_BY_REFUSALS,
        HoldCause::Config => &causes::HELD_BY_SETTINGS,
        HoldCause::Stopped => &causes::HELD_BY_OPERATOR,
    };
    of(known, known.name, period)
}

fn of(known: &'static Cause, name: &str, period: Period) -> Mending {
    Mending {
        meaning: known.meaning,
        runbook: known.runbook,
        command: command(known, name, period),
    }
}

/// The line that mends it.
pub(super) fn command(known: &Cause, name: &str, period: Period) -> String {
    let command = known.command.replace("{period}", &period.to_string());
    // A word that the shell would read otherwise is not one of ours: then all failed documents are meant.
    if is_word(name) {
        command.replace("{cause}", name)
    } else {
        command.replace(" --cause {cause}", "")
    }
}

fn is_word(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}
