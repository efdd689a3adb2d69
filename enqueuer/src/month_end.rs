//! A run: whole source → readiness → targets → ledger → submission → settled.

use common::Result;
use common::agreement::Findings;
use common::clock::Clock;
use common::config::{Config, Deployment};
use common::ledger::{Command, Ledger, Run, Selection, Snapshots, SourceCounts, Which};
use common::store::StoreUrl;
use common::termination::Termination;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::agreement::Scope;
use crate::queue::Queue;
use crate::submission::Submitter;
use crate::targets::Targets;
use crate::work::{Report, Work};
use crate::{agreement, checks, partials, readiness, targets, whole_source};

/// What to run.
#[derive(Debug, Clone)]
pub struct Request {
    pub selection: Selection,
    /// A snapshot day that is accepted although it is too old.
    pub accept_snapshot: Option<Date>,
    /// Goes on although the source has far less than at the last run of a whole period.
    pub accept_fewer: bool,
    /// Marks what is made as a draft, and does not ask whether the period has ended.
    pub is_draft: bool,
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
    let look = Look {
        selection,
        accept_snapshot: request.accept_snapshot,
        now: clock.now(),
        is_draft: request.is_draft,
    };
    let found = find(config, look).await?;
    let earlier = ledger.earlier_source_counts(selection.period).await?;
    let fewer = whole_source::fewer(found.counts, earlier);
    whole_source::refuse_fewer(selection.period, fewer.as_deref(), request.accept_fewer)?;
    if request.resume && ledger.lift_hold(selection.period).await? {
        tracing::info!(period = %selection.period, "the hold is lifted");
    }
    let command = if request.is_draft {
        Command::Draft
    } else {
        Command::Run
    };
    let run = ledger
        .record_run(
            selection.period,
            clock.today(&config.business_timezone),
            found.snapshots,
            command,
            request.documents_per_slot,
            clock.now(),
        )
        .await?;
    let counts = selection.is_of_all_accounts().then_some(found.counts);
    ledger
        .note_source_counts(&run.run_id, counts, fewer.as_deref())
        .await?;
    agreement::keep(config, ledger, &run, &found.findings).await?;
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
    let recording = record(config, ledger, &run, selection, &found.targets);
    let report = work.through(recording).await?;
    Ok(Report {
        findings: found.findings,
        ..report
    })
}

/// What is looked for in the source, and when.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub selection: &'a Selection,
    pub accept_snapshot: Option<Date>,
    pub now: Timestamp,
    pub is_draft: bool,
}

/// What a look into the source found.
pub struct Found {
    pub snapshots: Snapshots,
    pub targets: Targets,
    pub counts: SourceCounts,
    /// In what it contradicts itself.
    pub findings: Findings,
}

/// Looks into the source: which snapshots, which documents they give rise to, how much there is, and in what it contradicts itself.
/// Changes nothing.
pub async fn find(config: &Config, look: Look<'_>) -> Result<Found> {
    let (period, kinds) = (look.selection.period, &look.selection.kinds);
    if !look.is_draft {
        readiness::demand_ended(period, look.now, &config.business_timezone)?;
    }
    let mut source = whole_source::open(config).await?;
    // What a draft is closed by is the latest there is.
    let accept = look.accept_snapshot.or(look.is_draft.then_some(Date::MIN));
    let snapshots = readiness::snapshots(&mut source, period, kinds, accept).await?;
    let basis = config.profile.trade_basis;
    let targets = targets::find(&mut source, look.selection, &snapshots, basis).await?;
    let counts = whole_source::count(&mut source, &snapshots, kinds).await?;
    let scope = Scope {
        profile: &config.profile,
        period,
        kinds,
        snapshots,
    };
    // Last: it may end the snapshot.
    let findings = agreement::find(&mut source, scope).await?;
    Ok(Found {
        snapshots,
        targets,
        counts,
        findings,
    })
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
    ledger.record_unaccounted(run, &found.unaccounted).await?;
    let profile_hash = &config.profile.hash;
    let readmitted = ledger
        .readmit(run, profile_hash, found.documents.due())
        .await?;
    let (new, mut excused) = ledger
        .record_found(
            run,
            profile_hash,
            found.documents.due(),
            found.documents.excused(),
        )
        .await?;
    if !selection.groups.is_empty() {
        excused += ledger.leave_out(run, found.documents.excused()).await?;
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
