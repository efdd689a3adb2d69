//! A run: readiness → targets → ledger → queue → settled, to the end.

use std::time::Duration;

use common::clock::Clock;
use common::config::Config;
use common::ledger::{Job, Ledger, Run, RunCounts, Selection, State};
use common::source::Source;
use common::store::StoreUrl;
use common::termination::Termination;
use common::{Error, Result};
use jiff::civil::Date;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::progress::Progress;
use crate::queue::{ProcessQueue, SlotReport};
use crate::{alerts, checks, deviations, partials, readiness, targets};

/// AWS Batch's limit of an array job's children.
const MAX_SLOTS: u32 = 10_000;

/// What to run.
#[derive(Debug, Clone)]
pub struct Request {
    pub selection: Selection,
    /// A snapshot day that is accepted although it is too old.
    pub accept_snapshot: Option<Date>,
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
}

/// Runs a month end and follows it to the end.
pub async fn run(
    config: &Config,
    ledger: &Ledger,
    queue: &ProcessQueue,
    clock: Clock,
    request: &Request,
    cancel: &Termination,
) -> Result<Report> {
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
    .await
    .inspect_err(|error| alerts::run_refused(&config.alerts, error))?;
    let trade_basis = config.profile.trade_basis;
    let found = targets::find(&mut source, selection, &snapshots, trade_basis).await?;
    drop(source);

    let issued_on = clock.today(&config.business_timezone);
    let run = ledger
        .record_run(selection.period, issued_on, snapshots, clock.now())
        .await?;
    let lease = keep_lease(ledger.clone(), run.run_id.clone());
    let worked = async {
        take_over(ledger, &config.store, selection).await?;
        let profile_hash = &config.profile.hash;
        let new = ledger.record_due(&run, profile_hash, &found.due).await?;
        let excused = ledger
            .record_excuses(&run, profile_hash, &found.excused)
            .await?;
        tracing::info!(run.id = run.run_id, new, excused, "documents found");
        Worker {
            config,
            ledger,
            queue,
            cancel,
            run: &run,
            selection,
        }
        .work()
        .await?;
        Ok(excused)
    }
    .await;
    lease.abort();
    ledger.end_run(&run.run_id).await?;
    let excused = worked?;
    let counts = ledger.run_counts(&run.run_id).await?;
    let states = ledger.counts(selection).await?;
    let causes = ledger.causes_of_run(&run).await?;
    alerts::published_with_warnings(&config.alerts, selection.period, &causes);
    let open: i64 = [State::Due, State::Submitted, State::Running]
        .iter()
        .map(|state| states[state])
        .sum();
    let open = u64::try_from(open).unwrap_or_default();
    Ok(Report {
        run,
        excused,
        counts,
        open,
        failed_in_all: states[&State::Failed],
        cancelled: cancel.is_requested(),
    })
}

struct Worker<'a> {
    config: &'a Config,
    ledger: &'a Ledger,
    queue: &'a ProcessQueue,
    cancel: &'a Termination,
    run: &'a Run,
    selection: &'a Selection,
}

impl Worker<'_> {
    /// Works what is due, then waits for what other runs hold, and takes it over when they are gone.
    async fn work(&mut self) -> Result<()> {
        let mut progress = Progress::begin();
        let mut waiting = false;
        while !self.cancel.is_requested() {
            self.renew_profile().await?;
            while let Some(job) = self
                .ledger
                .record_job(self.run, self.selection, MAX_SLOTS)
                .await?
            {
                self.work_job(&job, &mut progress).await?;
                if self.cancel.is_requested() {
                    break;
                }
            }
            let elsewhere = self.ledger.open_elsewhere(self.selection).await?;
            if elsewhere == 0 {
                break;
            }
            if !waiting {
                progress.say(&format!(
                    "waiting for {elsewhere} documents that another run or converter holds"
                ));
                waiting = true;
            }
            let mut cancel = self.cancel.clone();
            tokio::select! {
                () = sleep(Duration::from_millis(500)) => {}
                () = cancel.requested() => {}
            }
            take_over(self.ledger, &self.config.store, self.selection).await?;
        }
        progress.end();
        Ok(())
    }

    /// What earlier runs left due is made with the profile of this one.
    async fn renew_profile(&self) -> Result<()> {
        let hash = &self.config.profile.hash;
        let renewed = self.ledger.renew_profile(self.selection, hash).await?;
        if renewed > 0 {
            tracing::warn!(
                documents = renewed,
                profile.hash = hash,
                "the profile has changed since these documents became due; they are made with the new one"
            );
        }
        Ok(())
    }

    async fn work_job(&mut self, job: &Job, progress: &mut Progress) -> Result<()> {
        tracing::info!(job.id = job.job_id, slots = job.slots, "submitted");
        progress.expect(job.slots.into());
        let report = |slot: SlotReport| {
            progress.advance();
            if slot.left_open.is_empty() {
                return Ok(());
            }
            partials::discard(&self.config.store, &slot.left_open)?;
            if slot.misconfigured {
                return Err(Error::config(format!(
                    "a converter could not begin: {}",
                    slot.last_words
                )));
            }
            progress.say(&format!(
                "a converter left its document open: {}",
                slot.last_words
            ));
            Ok(())
        };
        self.queue.work(job, self.cancel, report).await
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
