//! A ledger that has no run yet: the watch waits for the first one.

use std::time::Duration;

use common::Result;
use common::ledger::Ledger;
use common::statement::Period;
use common::termination::Termination;
use serde_json::json;

use super::screen::Form;
use crate::out::line;

/// The period of the newest run, once there is one. `None` = told to end before.
pub async fn run(
    ledger: &Ledger,
    form: Form,
    every: Duration,
    cancel: &mut Termination,
) -> Result<Option<Period>> {
    let mut is_said = false;
    loop {
        if let Some(period) = ledger.newest_period().await? {
            return Ok(Some(period));
        }
        if !is_said {
            say(ledger, form);
            is_said = true;
        }
        tokio::select! {
            () = cancel.requested() => return Ok(None),
            () = tokio::time::sleep(every) => {}
        }
    }
}

fn say(ledger: &Ledger, form: Form) {
    if form == Form::Json {
        let nothing = json!({"period": null, "outlook": "no_run", "complete": false});
        line!("{nothing}");
    } else {
        line!(
            "the ledger at {} has no run yet: waiting for the first one",
            ledger.database().url
        );
    }
}
