//! A run: readiness → targets → ledger → submission → settled.

use std::time::Duration;

use common::Result;
use common::clock::Clock;
use common::config::{Config, Deployment};
use common::ledger::{Command, Hold, Ledger, Run, RunCounts, Selection, Snapshots, State, Which};
use common::source::Source;
use common::store::StoreUrl;
use common::termination::Termination;
use jiff::civil::Date;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::progress::Progress;
use crate::queue::Queue;
use crate::submission::Submitter;
use crate::targets::Targets;
use crate::{alerts, checks, conclude, deviations, partials, readiness, sweep, targets};

/// The longest pause between two looks at Batch.
const WAIT_AT_MOST: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Debug, Clone)]
pub struct Request {
    pub selection: Selection,
    /// A snapshot day that is accepted although it is too old.
    pub accept_snapshot: Option<Date>,
    pub documents_per_slot: u32,
    pub refusals_percent: u32,
    /// Lifts the period's hold.
    pub resume: bool,
    /// Follows the documents to the end on AWS, too.
    pub wait: bool,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Report {
    pub run: Run,
    pub excused: u64,
    /// Of the documents that this run found due and submitted; another one that began at the same time has its own.
    pub counts: RunCounts,
    /// Documents of the selection that are neither settled nor excused: another run completes them.
    pub open: u64,
    /// Failed documents of the selection, of this run and of earlier ones.
    pub failed_in_all: i64,
    pub cancelled: bool,
    /// Why nothing more is submitted.
    pub held: Option<Hold>,
    /// The documents are followed to their ends; otherwise Batch works on them.
    pub followed: bool,
}

/// Finds what is due, submits it, and follows it to the end where that is asked for.
pub async fn run(
    config: &Config,
    ledger: &Ledger,
    queue: &Queue,
    clock: Clock,
    request: &Request,
    cancel: &Termination,
) -> Result<Report> {
    let selection = &request.selection;
    let (snapshots, found) = find(config, request).await?;
    if request.resume && ledger.lift_hold(selection.period).await? {
        tracing::info!(period = %selection.period, "the hold is lifted");
    }
    let run = ledger
        .record_run(
            selection.period,
            clock.today(&config.business_timezone),
            snapshots,
            Command::Run,
            request.documents_per_slot,
            clock.now(),
        )
        .await?;
    let lease = keep_lease(ledger.clone(), run.run_id.clone());
    let work = Work {
        config,
        ledger,
        queue,
        cancel,
        run: &run,
        which: Which::Selected(selection),
        documents_per_slot: request.documents_per_slot,
        refusals_percent: request.refusals_percent,
        wait: request.wait,
    };
    let worked = async {
        let excused = record(config, ledger, &run, selection, &found).await?;
        work.to_the_end().await?;
        Ok(excused)
    }
    .await;
    lease.abort();
    ledger.release_run(&run.run_id).await?;
    conclude::runs(config, ledger, None).await?;
    if matches!(queue, Queue::Processes(_)) {
        // Here a run is its process; what it left open is the next one's.
        ledger.end_run(&run.run_id).await?;
    }
    let excused = worked?;
    work.report(excused).await
}

/// Looks into the source: which snapshots, and which documents they give rise to.
async fn find(config: &Config, request: &Request) -> Result<(Snapshots, Targets)> {
    let selection = &request.selection;
    checks::store(config).await?;
    let mut source = Source::open(config).await?;
    source.begin_snapshot().await?;
    deviations::preflight(&mut source).await?;
    let snapshots = readiness::snapshots(
        &mut source,
        selection.period,
        &selection.kinds,
        request.accept_snapshot,
    )
    .await;
    let snapshots = match snapshots {
        Ok(snapshots) => snapshots,
        Err(error) => {
            alerts::run_refused(&config.alerts, selection.period, &error).await;
            return Err(error);
        }
    };
    let trade_basis = config.profile.trade_basis;
    let found = targets::find(&mut source, selection, &snapshots, trade_basis).await?;
    Ok((snapshots, found))
}

/// Records what was found. Returns how many documents are newly excused.
async fn record(
    config: &Config,
    ledger: &Ledger,
    run: &Run,
    selection: &Selection,
    found: &Targets,
) -> Result<u64> {
    if config.deployment == Deployment::Local {
        take_over(ledger, &config.store, selection).await?;
    }
    let profile_hash = &config.profile.hash;
    let new = ledger.record_due(run, profile_hash, &found.due).await?;
    let readmitted = ledger.readmit(run, profile_hash, &found.due).await?;
    let mut excused = ledger
        .record_excuses(run, profile_hash, &found.excused)
        .await?;
    if !selection.groups.is_empty() {
        excused += ledger.leave_out(run, &found.excused).await?;
    }
    tracing::info!(
        run.id = run.run_id,
        new,
        readmitted,
        excused,
        "documents found"
    );
    Ok(excused)
}

/// A recorded run whose documents are to be submitted.
pub struct Work<'a> {
    pub config: &'a Config,
    pub ledger: &'a Ledger,
    pub queue: &'a Queue,
    pub cancel: &'a Termination,
    pub run: &'a Run,
    pub which: Which<'a>,
    pub documents_per_slot: u32,
    pub refusals_percent: u32,
    pub wait: bool,
}

impl Work<'_> {
    /// Submits what is due; on this machine, or when asked to wait, follows it to the end.
    pub async fn to_the_end(&self) -> Result<()> {
        self.renew_profile().await?;
        let mut progress = Progress::begin();
        let submitter = Submitter {
            config: self.config,
            ledger: self.ledger,
            queue: self.queue,
            cancel: self.cancel,
            run: self.run,
            documents_per_slot: self.documents_per_slot,
            again: false,
            refusals_percent: self.refusals_percent,
        };
        submitter.submit(self.which, &mut progress).await?;
        let outcome = match self.queue {
            Queue::Processes(_) => self.wait_for_others(&submitter, &mut progress).await,
            Queue::Batch(_) if self.wait => self.wait_for_batch(&progress).await,
            Queue::Batch(_) => Ok(()),
        };
        progress.end();
        outcome
    }

    /// Waits for what other runs of this machine hold, and takes it over when they are gone.
    async fn wait_for_others(
        &self,
        submitter: &Submitter<'_>,
        progress: &mut Progress,
    ) -> Result<()> {
        let Which::Selected(selection) = self.which else {
            return Ok(());
        };
        let mut waiting = false;
        while !self.cancel.is_requested() {
            let elsewhere = self.ledger.open_elsewhere(selection).await?;
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
            take_over(self.ledger, &self.config.store, selection).await?;
            self.renew_profile().await?;
            submitter.submit(self.which, progress).await?;
        }
        Ok(())
    }

    /// Does what `sweep` does, until nothing of the run is open.
    async fn wait_for_batch(&self, progress: &Progress) -> Result<()> {
        self.ledger.release_run(&self.run.run_id).await?;
        let pace = (self.ledger.lease() / 3).clamp(Duration::from_millis(500), WAIT_AT_MOST);
        let mut told = i64::MAX;
        while !self.cancel.is_requested() {
            sweep::settle_and_submit(
                self.config,
                self.ledger,
                self.queue,
                self.cancel,
                self.refusals_percent,
            )
            .await?;
            let open = self.ledger.run_progress(&self.run.run_id).await?.open();
            let held = self.ledger.held(self.run.period).await?.is_some();
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
        let mut cancel = self.cancel.clone();
        tokio::select! {
            () = sleep(time) => {}
            () = cancel.requested() => {}
        }
    }

    /// What earlier runs left due is made with the profile of this one.
    async fn renew_profile(&self) -> Result<()> {
        let hash = &self.config.profile.hash;
        let renewed = self.ledger.renew_profile(self.which, hash).await?;
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
    pub async fn report(&self, excused: u64) -> Result<Report> {
        let counts = self.ledger.run_counts(&self.run.run_id).await?;
        let (open, failed_in_all) = match self.which {
            Which::Selected(selection) => {
                let states = self.ledger.counts(selection).await?;
                let open = [State::Due, State::Submitted, State::Running];
                let open: i64 = open.iter().map(|state| states[state]).sum();
                (open, states[&State::Failed])
            }
            Which::OfRun(run_id, _) => {
                let progress = self.ledger.run_progress(run_id).await?;
                (progress.open(), progress.of(State::Failed))
            }
        };
        Ok(Report {
            run: self.run.clone(),
            excused,
            counts,
            open: u64::try_from(open).unwrap_or_default(),
            failed_in_all,
            cancelled: self.cancel.is_requested(),
            held: self.ledger.held(self.run.period).await?,
            followed: self.wait || matches!(self.queue, Queue::Processes(_)),
        })
    }
}

/// Makes documents of runs whose process is gone due again, and clears away what their converters left half written.
async fn take_over(ledger: &Ledger, store: &StoreUrl, selection: &Selection) -> Result<()> {
    let taken = ledger.take_over_expired(selection).await?;
    if !taken.is_empty() {
        tracing::info!(
            documents = taken.len(),
            "taken over from runs that are gone"
        );
        partials::discard(store, &taken)?;
    }
    Ok(())
}

/// Locally, takes over what processes that are gone left open, of every run that has not ended.
pub async fn take_over_open_runs(config: &Config, ledger: &Ledger) -> Result<()> {
    if config.deployment == Deployment::Aws {
        return Ok(());
    }
    for open in ledger.open_runs().await? {
        take_over(ledger, &config.store, &Selection::all(open.run.period)).await?;
    }
    Ok(())
}

/// Renews the run's lease until it is aborted.
pub fn keep_lease(ledger: Ledger, run_id: String) -> JoinHandle<()> {
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
