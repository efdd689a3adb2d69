//! A run: readiness → targets → ledger → submission → settled.

use common::Result;
use common::clock::Clock;
use common::config::{Config, Deployment};
use common::ledger::{Command, Ledger, Run, Selection, Snapshots, Which};
use common::source::Source;
use common::store::StoreUrl;
use common::termination::Termination;
use jiff::civil::Date;

use crate::queue::Queue;
use crate::submission::Submitter;
use crate::targets::Targets;
use crate::work::{Report, Work};
use crate::{checks, deviations, partials, readiness, targets};

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
    checks::store(config).await?;
    let (snapshots, found) = find(config, selection, request.accept_snapshot).await?;
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
    let work = Work {
        submitter: Submitter {
            config,
            ledger,
            queue,
            cancel,
            run: &run,
            documents_per_slot: request.documents_per_slot,
            again: false,
            refusals_percent: request.refusals_percent,
        },
        which: Which::Selected(selection),
        wait: request.wait,
    };
    work.through(record(config, ledger, &run, selection, &found))
        .await
}

/// Looks into the source: which snapshots, and which documents they give rise to. Changes nothing.
pub async fn find(
    config: &Config,
    selection: &Selection,
    accept_snapshot: Option<Date>,
) -> Result<(Snapshots, Targets)> {
    let mut source = Source::open(config).await?;
    source.begin_snapshot().await?;
    deviations::preflight(&mut source).await?;
    let (period, kinds) = (selection.period, &selection.kinds);
    let snapshots = readiness::snapshots(&mut source, period, kinds, accept_snapshot).await?;
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
    ledger.record_findings(run, &found.findings).await?;
    let profile_hash = &config.profile.hash;
    let readmitted = ledger.readmit(run, profile_hash, &found.due).await?;
    let (new, mut excused) = ledger
        .record_found(run, profile_hash, &found.due, &found.excused)
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

/// Makes documents of runs whose process is gone due again, and clears away what their converters left half written.
pub async fn take_over(ledger: &Ledger, store: &StoreUrl, selection: &Selection) -> Result<()> {
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
