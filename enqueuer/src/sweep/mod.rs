//! The sweep: settles what Batch lost, and submits what is due and was never submitted. Safe at any time, also beside
//! itself and beside a run; yet one is enough at a time (`turn.rs`).

mod ending;
mod settle;
pub mod turn;
mod waiting;

use settle::Found;
pub use settle::Stuck;
use waiting::Database;
pub use waiting::Waiting;

use std::collections::BTreeSet;

use common::Result;
use common::config::Config;
use common::ledger::{Ledger, Which};
use common::termination::Termination;

use crate::progress::Progress;
use crate::queue::{BatchQueue, Queue};
use crate::submission::Submitter;
use crate::{conclude, holds};

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Swept {
    /// Documents that Batch's jobs had left open.
    pub settled: u64,
    /// Documents submitted.
    pub submitted: u64,
}

/// Settles and submits on AWS Batch.
pub async fn settle_and_submit(
    config: &Config,
    ledger: &Ledger,
    queue: &Queue,
    cancel: &Termination,
    refusals_percent: u32,
) -> Result<Swept> {
    let Queue::Batch(batch) = queue else {
        return Ok(Swept::default());
    };
    let mut found = Found::default();
    let (database, asked) = Database::of(batch).await;
    // Whatever Batch does not say of some jobs, the rest is done.
    let settled = settle::all(ledger, batch, &database, cancel, &mut found).await;
    let orphans = ledger.settle_orphans().await?;
    conclude::stuck(config, ledger, &found.stuck).await?;
    // What was not seen whole stays as it was noted.
    if settled.is_ok() && asked.is_ok() {
        conclude::waiting(config, ledger, &found.waiting).await?;
    }
    let submitted = submit(config, ledger, queue, batch, cancel, refusals_percent).await;
    asked.and(settled)?;
    Ok(Swept {
        settled: found.settled + orphans,
        submitted: submitted?,
    })
}

/// Submits what is due of runs that nobody submits for any more; what is held is cancelled instead.
async fn submit(
    config: &Config,
    ledger: &Ledger,
    queue: &Queue,
    batch: &BatchQueue,
    cancel: &Termination,
    refusals_percent: u32,
) -> Result<u64> {
    let mut submitted = 0;
    let mut outcome = Ok(());
    let mut cancelled = BTreeSet::new();
    for open in ledger.open_runs().await? {
        let run = &open.run;
        if let Some(hold) = holds::of_run(ledger, run, refusals_percent).await? {
            if cancelled.insert(run.period) {
                let queued = holds::cancel_queued(ledger, batch, run.period, &hold.reason).await;
                outcome = outcome.and(queued.map(drop));
            }
            continue;
        }
        if open.is_being_submitted || cancel.is_requested() {
            continue;
        }
        let submitter = Submitter {
            config,
            ledger,
            queue,
            cancel,
            run,
            documents_per_slot: open.documents_per_slot,
            again: true,
            refusals_percent,
        };
        let which = Which::OfRun(&run.run_id, run.period);
        // What cannot be submitted for one run keeps no other from it.
        match submitter.submit(which, &mut Progress::begin()).await {
            Ok(documents) => submitted += documents,
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome.map(|()| submitted)
}
