//! Holding a period: nothing more of it is submitted, and what Batch has not begun is cancelled.

use common::Result;
use common::ledger::{Command, Hold, HoldCause, Ledger, Run, Selection, State};
use common::statement::Period;

use crate::queue::{BatchQueue, STOPPED};

/// Fewer refusals never hold a period, however few documents it has.
const REFUSALS_AT_LEAST: i64 = 20;

/// Batch takes 1,024 characters as the reason of a cancellation; ours stands before it.
const REASON_CHARACTERS: usize = 900;

/// Whether a run's period is held: as somebody said, or from now on because the gate refuses too much.
pub async fn of_run(ledger: &Ledger, run: &Run, percent: u32) -> Result<Option<Hold>> {
    hold_if_refused(ledger, run, percent).await?;
    ledger.held(run.period).await
}

/// Holds a run's period when the gate has refused more than so many percent of its documents: a wrong price file must not
/// become half a million refusals.
async fn hold_if_refused(ledger: &Ledger, run: &Run, percent: u32) -> Result<()> {
    let refused = ledger.refused(run).await?;
    if refused < REFUSALS_AT_LEAST {
        return Ok(());
    }
    let documents = match run.command {
        Command::Run | Command::Draft => ledger.run_progress(&run.run_id).await?.due(),
        // A few dozen that fail again say little of the period.
        Command::Resubmit | Command::Reissue => {
            let counts = ledger.counts(&Selection::all(run.period)).await?;
            counts.values().sum::<i64>() - counts[&State::Excused]
        }
    };
    if refused * 100 <= documents * i64::from(percent) {
        return Ok(());
    }
    let reason =
        format!("the gate refused {refused} of {documents} documents, more than {percent} %");
    let held = ledger
        .hold(run.period, HoldCause::Refusals, &reason)
        .await?;
    if held {
        // Whoever concludes the run alerts, and the run's own answer says it.
        tracing::info!(period = %run.period, refused, documents, "{reason}: the period is held");
    }
    Ok(())
}

/// Cancels what Batch has not begun of a held period. Its documents become due again with the next sweep.
pub async fn cancel_queued(
    ledger: &Ledger,
    queue: &BatchQueue,
    period: Period,
    reason: &str,
) -> Result<usize> {
    let reason: String = reason.chars().take(REASON_CHARACTERS).collect();
    let mut cancelled = 0;
    for job in ledger.open_jobs().await? {
        let Some(batch_job_id) = &job.batch_job_id else {
            continue;
        };
        if job.period == period && !ledger.open_slots(&job.job_id).await?.is_empty() {
            queue
                .cancel(batch_job_id, &format!("{STOPPED}: {reason}"))
                .await?;
            cancelled += 1;
        }
    }
    Ok(cancelled)
}
