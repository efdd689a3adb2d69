//! A run at work: its documents recorded and submitted under its lease, followed where that is asked for, and told of.

use std::time::Duration;

use common::Result;
use common::agreement::Findings;
use common::ledger::{CauseCount, Hold, Ledger, Run, RunCounts, State, Unaccounted, Which};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::progress::Progress;
use crate::queue::Queue;
use crate::submission::Submitter;
use crate::{conclude, month_end, sweep};

/// The longest pause between two looks at Batch.
const WAIT_AT_MOST: Duration = Duration::from_secs(10);

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Report {
    pub run: Run,
    pub excused: u64,
    /// What the run found that no document can tell of.
    pub unaccounted: Unaccounted,
    /// Of the documents that this run found due and submitted; another one that began at the same time has its own.
    pub counts: RunCounts,
    /// Documents of the selection that are neither settled nor excused: another run completes them.
    pub open: u64,
    /// By what documents of this run failed, or were published with a warning.
    pub causes: Vec<CauseCount>,
    /// Failed documents of the selection, of this run and of earlier ones.
    pub failed_in_all: i64,
    pub cancelled: bool,
    /// Why nothing more is submitted.
    pub held: Option<Hold>,
    /// The documents are followed to their ends; otherwise Batch works on them.
    pub followed: bool,
    /// What the run found out about the source before its first document.
    pub findings: Findings,
}

/// A recorded run whose documents are to be submitted.
pub struct Work<'a> {
    pub submitter: Submitter<'a>,
    pub which: Which<'a>,
    /// Follows the documents to the end on AWS, too.
    pub wait: bool,
}

impl Work<'_> {
    /// Records the run's documents under its lease, submits what is due, follows it where that is asked for, and tells how it
    /// stands. `recorded` returns how many documents are newly excused.
    pub async fn through(self, recorded: impl Future<Output = Result<u64>>) -> Result<Report> {
        let Submitter {
            config,
            ledger,
            queue,
            run,
            ..
        } = self.submitter;
        let lease = keep_lease(ledger.clone(), run.run_id.clone());
        let worked = async {
            // Boxed: together they would make every command's future too large for a stack.
            let excused = Box::pin(recorded).await?;
            Box::pin(self.to_the_end()).await?;
            Ok(excused)
        }
        .await;
        lease.abort();
        let released = ledger.release_run(&run.run_id).await;
        let concluded = Box::pin(conclude::by_a_run(config, ledger)).await;
        let ended = match queue {
            // Here a run is its process; what it left open is the next one's.
            Queue::Processes(_) => ledger.end_run(&run.run_id).await.map(drop),
            Queue::Batch(_) => Ok(()),
        };
        // The first error is the one that says why.
        let excused = worked?;
        released.and(concluded.map(drop)).and(ended)?;
        self.report(excused).await
    }

    /// Submits what is due; on this machine, or when asked to wait, follows it to the end.
    async fn to_the_end(&self) -> Result<()> {
        self.renew_profile().await?;
        let mut progress = Progress::begin();
        self.submitter.submit(self.which, &mut progress).await?;
        let outcome = match self.submitter.queue {
            Queue::Processes(_) => self.wait_for_others(&mut progress).await,
            Queue::Batch(_) if self.wait => Box::pin(self.wait_for_batch(&progress)).await,
            Queue::Batch(_) => Ok(()),
        };
        progress.end();
        outcome
    }

    /// Waits for what other runs of this machine hold, and takes it over when they are gone.
    async fn wait_for_others(&self, progress: &mut Progress) -> Result<()> {
        let Submitter { config, ledger, .. } = self.submitter;
        let Which::Selected(selection) = self.which else {
            return Ok(());
        };
        let mut waiting = false;
        while !self.submitter.cancel.is_requested() {
            let elsewhere = ledger.open_elsewhere(selection).await?;
            if elsewhere == 0 {
                break;
            }
            if !waiting {
                progress.say(&format!(
                    "waiting for {elsewhere} documents that another run or converter holds"
                ));
                waiting = true;
            }
            self.pause(Duration::from_millis(500)).await;
            month_end::take_over(ledger, &config.store, selection).await?;
            self.renew_profile().await?;
            self.submitter.submit(self.which, progress).await?;
        }
        Ok(())
    }

    /// Does what `sweep` does, until nothing of the run is open.
    async fn wait_for_batch(&self, progress: &Progress) -> Result<()> {
        let Submitter {
            config,
            ledger,
            queue,
            cancel,
            run,
            refusals_percent,
            ..
        } = self.submitter;
        ledger.release_run(&run.run_id).await?;
        let pace = (ledger.lease() / 3).clamp(Duration::from_millis(500), WAIT_AT_MOST);
        let mut told = i64::MAX;
        while !cancel.is_requested() {
            // While another process sweeps, it does this.
            let sweep = sweep::settle_and_submit(config, ledger, queue, cancel, refusals_percent);
            Box::pin(sweep::turn::take(ledger, sweep)).await?;
            let open = ledger.run_progress(&run.run_id).await?.open();
            let held = ledger.held(run.period).await?.is_some();
            if open == 0 || held {
                break;
            }
            if open != told {
                progress.say(&format!("{open} documents are open"));
                told = open;
            }
            self.pause(pace).await;
        }
        Ok(())
    }

    async fn pause(&self, time: Duration) {
        let mut cancel = self.submitter.cancel.clone();
        tokio::select! {
            () = sleep(time) => {}
            () = cancel.requested() => {}
        }
    }

    /// What earlier runs left due is made with the profile of this one.
    async fn renew_profile(&self) -> Result<()> {
        let hash = &self.submitter.config.profile.hash;
        let renewed = self
            .submitter
            .ledger
            .renew_profile(self.which, hash)
            .await?;
        if renewed > 0 {
            tracing::warn!(
                documents = renewed,
                profile.hash = hash,
                "the profile has changed since these documents became due; they are made with the new one"
            );
        }
        Ok(())
    }

    /// How it stands now.
    async fn report(&self, excused: u64) -> Result<Report> {
        let counts = self
            .submitter
            .ledger
            .run_counts(&self.submitter.run.run_id)
            .await?;
        let unaccounted = self
            .submitter
            .ledger
            .unaccounted_of(&self.submitter.run.run_id)
            .await?;
        let causes = self
            .submitter
            .ledger
            .causes_of_run(&self.submitter.run.run_id)
            .await?;
        let (open, failed_in_all) = match self.which {
            Which::Selected(selection) => {
                let states = self.submitter.ledger.counts(selection).await?;
                let open = [State::Due, State::Submitted, State::Running];
                let open: i64 = open.iter().map(|state| states[state]).sum();
                (open, states[&State::Failed])
            }
            Which::OfRun(run_id, _) => {
                let progress = self.submitter.ledger.run_progress(run_id).await?;
                (progress.open(), progress.of(State::Failed))
            }
        };
        Ok(Report {
            run: self.submitter.run.clone(),
            excused,
            unaccounted,
            counts,
            causes,
            open: u64::try_from(open).unwrap_or_default(),
            failed_in_all,
            cancelled: self.submitter.cancel.is_requested(),
            held: self
                .submitter
                .ledger
                .held(self.submitter.run.period)
                .await?,
            followed: self.wait || matches!(self.submitter.queue, Queue::Processes(_)),
            findings: Findings::default(),
        })
    }
}

/// Renews the run's lease until it is aborted.
fn keep_lease(ledger: Ledger, run_id: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            sleep(ledger.lease() / 3).await;
            if let Err(error) = ledger.renew_run(&run_id).await {
                tracing::warn!(
                    error = error.chain(),
                    "the run's lease could not be renewed"
                );
            }
        }
    })
}
