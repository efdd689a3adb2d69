//! Settling what Batch's jobs left open, from DescribeJobs and ListJobs in bulk.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_batch::types::JobStatus as BatchStatus;
use common::Result;
use common::ledger::{HoldCause, Ledger, OpenJob, OpenSlot, SlotEnd, Slots};
use common::termination::Termination;

use super::ending;
use super::waiting::{Database, Waiting};
use crate::alerts::About;
use crate::alerts::events::QueueStuck;
use crate::queue::{BatchQueue, JobStatus, Phase, STUCK};

/// Waiting slots that are looked at for a reason.
const LOOKED_AT: usize = 1000;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Documents that were settled.
    pub settled: u64,
    pub stuck: Vec<Stuck>,
    /// What waits for connections of the database, by run.
    pub waiting: BTreeMap<String, Waiting>,
}

/// A job whose slots are ready and do not begin.
#[derive(Debug)]
pub struct Stuck {
    pub job_id: String,
    pub seen: QueueStuck,
}

/// Settles what every open job left open, and adds to `found` what it did, also where it could not do everything.
pub async fn all(
    ledger: &Ledger,
    queue: &BatchQueue,
    database: &Database,
    cancel: &Termination,
    found: &mut Found,
) -> Result<()> {
    let mut jobs = ledger.open_jobs().await?;
    for job in jobs.iter_mut().filter(|job| job.batch_job_id.is_none()) {
        recognise(ledger, queue, job).await?;
    }
    let ids: Vec<String> = jobs
        .iter()
        .filter_map(|job| job.batch_job_id.clone())
        .collect();
    let described = queue.describe(&ids).await?;
    let mut settler = Settler {
        ledger,
        queue,
        database,
        found,
    };
    // One that cannot be settled now keeps no other from it.
    let mut outcome = Ok(());
    for job in &jobs {
        if cancel.is_requested() {
            break;
        }
        let settled = settler.settle(job, &described).await;
        outcome = outcome.and(settled);
    }
    outcome
}

/// A submission whose answer was lost is found by its name, and never sent again blindly.
async fn recognise(ledger: &Ledger, queue: &BatchQueue, job: &mut OpenJob) -> Result<()> {
    if job.is_being_submitted {
        return Ok(());
    }
    if let Some(batch_job_id) = queue.find(&job.job_id).await? {
        ledger
            .confirm_submission(&job.job_id, &batch_job_id)
            .await?;
        tracing::warn!(
            job.id = job.job_id,
            batch.job_id = batch_job_id,
            "recognised a submission whose answer was lost"
        );
        job.batch_job_id = Some(batch_job_id);
    }
    Ok(())
}

struct Settler<'a> {
    ledger: &'a Ledger,
    queue: &'a BatchQueue,
    database: &'a Database,
    found: &'a mut Found,
}

impl Settler<'_> {
    async fn settle(
        &mut self,
        job: &OpenJob,
        described: &HashMap<String, JobStatus>,
    ) -> Result<()> {
        let known = job.batch_job_id.as_ref().and_then(|id| described.get(id));
        let Some(known) = known else {
            return self.settle_unlisted(job).await;
        };
        let open = self.ledger.open_slots(&job.job_id).await?;
        if !open.is_empty() {
            if job.slots == 1 {
                self.settle_single(job, known).await?;
            } else {
                self.settle_array(job, known, &open).await?;
            }
        }
        self.end(job, known.has_ended()).await
    }

    /// Nothing of a job that has ended can run any more; once nothing of it is open, it need not be looked at again.
    async fn end(&self, job: &OpenJob, has_ended: bool) -> Result<()> {
        if has_ended && self.ledger.open_slots(&job.job_id).await?.is_empty() {
            self.ledger.settle_job(&job.job_id).await?;
        }
        Ok(())
    }

    /// A job that Batch does not list may be about to appear: only after a while it counts as lost.
    async fn settle_unlisted(&mut self, job: &OpenJob) -> Result<()> {
        let lost_after = i64::try_from(self.queue.lost_after.as_millis()).unwrap_or(i64::MAX);
        if job.age_ms < lost_after {
            return Ok(());
        }
        let end = match &job.batch_job_id {
            Some(id) => SlotEnd::Lost {
                cause: "lost_job",
                error: format!("Batch does not list the job {id} any more"),
            },
            // It is being sent: Batch may throttle it for long.
            None if job.is_being_submitted => return Ok(()),
            None => SlotEnd::GivenBack {
                cause: "not_submitted",
                error: "the submission never reached Batch".to_owned(),
            },
        };
        tracing::warn!(job.id = job.job_id, ?end, "a job is lost");
        self.settle_slots(job, Slots::All, &end).await?;
        self.end(job, true).await
    }

    async fn settle_single(&mut self, job: &OpenJob, known: &JobStatus) -> Result<()> {
        if known.has_ended() {
            return self.ended(job, Slots::All, known).await;
        }
        let waiting = i32::from(known.phase == Phase::Runnable);
        if self.may_be_stuck(job, waiting) {
            self.stuck(job, known, known).await?;
        }
        Ok(())
    }

    async fn settle_array(
        &mut self,
        job: &OpenJob,
        parent: &JobStatus,
        open: &[OpenSlot],
    ) -> Result<()> {
        let ended = self.ended_slots(parent, open).await?;

        let mut ends: BTreeMap<SlotEnd, Vec<u32>> = BTreeMap::new();
        for open in open {
            if let Some(child) = ended.get(&open.slot) {
                ends.entry(self.ending(job, child).await?)
                    .or_default()
                    .push(open.slot);
            }
        }
        for (end, slots) in &ends {
            self.settle_slots(job, Slots::Some(slots), end).await?;
        }
        if parent.has_ended() {
            // Children that never came to be, because the whole was cancelled first. Not those whose own end is known, even if
            // their leases hold a moment longer.
            let unknown = open.iter().map(|open| open.slot);
            let unknown: Vec<u32> = unknown.filter(|slot| !ended.contains_key(slot)).collect();
            if unknown.is_empty() {
                return Ok(());
            }
            return self.ended(job, Slots::Some(&unknown), parent).await;
        }
        if !self.may_be_stuck(job, parent.count("RUNNABLE")) {
            return Ok(());
        }
        // Batch gives its reason on the job at the head of the queue, whichever that is.
        let waiting = self
            .queue
            .children(&parent.batch_job_id, BatchStatus::Runnable, Some(LOOKED_AT))
            .await?;
        let head = waiting.iter().find(|child| why_stuck(child).is_some());
        match head {
            Some(head) => self.stuck(job, parent, head).await,
            None => Ok(()),
        }
    }

    /// The open slots that have ended. A list of those that failed says which to look at; who ended one, only its description
    /// does.
    async fn ended_slots(
        &self,
        parent: &JobStatus,
        open: &[OpenSlot],
    ) -> Result<BTreeMap<u32, JobStatus>> {
        let mut ended: BTreeMap<u32, JobStatus> = BTreeMap::new();
        if parent.count("FAILED") > 0 || parent.phase == Phase::Failed {
            let failed = self
                .queue
                .children(&parent.batch_job_id, BatchStatus::Failed, None)
                .await?;
            ended.extend(by_slot(failed));
        }
        // A slot that is silent, or still open although the whole has ended, may have succeeded without a word.
        let may_have_ended = |open: &&OpenSlot| {
            ended.contains_key(&open.slot) || open.is_silent || parent.has_ended()
        };
        let ids: Vec<String> = open
            .iter()
            .filter(may_have_ended)
            .map(|open| format!("{}:{}", parent.batch_job_id, open.slot))
            .collect();
        let described = self.queue.describe(&ids).await?.into_values();
        ended.extend(by_slot(described.filter(JobStatus::has_ended).collect()));
        Ok(ended)
    }

    /// Whether so many slots in RUNNABLE may be kept there by something else than the database, whose connections they wait for as long
    /// as none is free.
    fn may_be_stuck(&mut self, job: &OpenJob, slots: i32) -> bool {
        let slots = u64::try_from(slots).unwrap_or_default();
        match self.database {
            Database::Free => slots > 0,
            Database::Unknown => false,
            Database::Short(units) => {
                if slots > 0 {
                    let of_run = self.found.waiting.entry(job.run_id.clone());
                    let of_run = of_run.or_insert(Waiting {
                        slots: 0,
                        units: *units,
                    });
                    of_run.slots += slots;
                }
                false
            }
        }
    }

    /// A job that waits for ever is told of; one that its own settings keep waiting is cancelled after a while, as the queue's time
    /// limit would do.
    async fn stuck(&mut self, job: &OpenJob, whole: &JobStatus, waiting: &JobStatus) -> Result<()> {
        let Some(why) = why_stuck(waiting) else {
            return Ok(());
        };
        let since = self
            .ledger
            .alert_age_ms(&Stuck::alert_id(&job.job_id))
            .await?;
        let waited_ms = u64::try_from(since.unwrap_or_default()).unwrap_or_default();
        let waited = Duration::from_millis(waited_ms);
        self.found.stuck.push(Stuck {
            job_id: job.job_id.clone(),
            seen: QueueStuck {
                about: About {
                    period: job.period,
                    run_id: Some(job.run_id.clone()),
                },
                reason: why.to_owned(),
                slots: u64::try_from(whole.count("RUNNABLE"))
                    .unwrap_or_default()
                    .max(1),
                waiting: Duration::from_millis(u64::try_from(job.age_ms).unwrap_or_default()),
            },
        });
        if !why.starts_with("MISCONFIGURATION") || since.is_none() || waited < self.queue.lost_after
        {
            return Ok(());
        }
        tracing::error!(
            job.id = job.job_id,
            reason = why,
            "the job is stuck in RUNNABLE: cancelled"
        );
        self.queue
            .cancel(&whole.batch_job_id, &format!("{STUCK}: {why}"))
            .await
    }

    async fn ended(&mut self, job: &OpenJob, slots: Slots<'_>, ended: &JobStatus) -> Result<()> {
        let end = self.ending(job, ended).await?;
        self.settle_slots(job, slots, &end).await
    }

    /// What the end of a slot comes to. What was cancelled while its period is held, was cancelled because of it. One
    /// misconfigured converter stands for all of them: the period is held before the document is due again, because a sweep
    /// beside this one would submit it at once.
    async fn ending(&self, job: &OpenJob, ended: &JobStatus) -> Result<SlotEnd> {
        if ended.exit_code == Some(78) {
            let said = self.ledger.misconfigured(&job.job_id).await?;
            let said = said.unwrap_or_else(|| {
                let words = ended.words();
                format!("it could not tell the ledger why, its log does ({words})")
            });
            let reason = format!("a converter is misconfigured: {said}");
            self.ledger
                .hold(job.period, HoldCause::Config, &reason)
                .await?;
        }
        let end = ending::of(ended);
        if let SlotEnd::Failed {
            cause: "cancelled",
            error,
        } = &end
            && self.ledger.held(job.period).await?.is_some()
        {
            return Ok(SlotEnd::GivenBack {
                cause: "stopped",
                error: error.clone(),
            });
        }
        Ok(end)
    }

    async fn settle_slots(&mut self, job: &OpenJob, slots: Slots<'_>, end: &SlotEnd) -> Result<()> {
        let settled = self.ledger.settle_slots(&job.job_id, slots, end).await?;
        if !settled.is_empty() {
            tracing::warn!(
                job.id = job.job_id,
                documents = settled.len(),
                example = %settled[0],
                end = ?end,
                "settled what a slot had left open"
            );
        }
        self.found.settled += settled.len() as u64;
        Ok(())
    }
}

impl Stuck {
    /// Id of the alert. It is sent once; its age is how long the job has been stuck.
    pub fn alert_id(job_id: &str) -> String {
        format!("{job_id}.stuck")
    }
}

/// Batch's words for why a job does not leave RUNNABLE.
/// <https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html>
fn why_stuck(waiting: &JobStatus) -> Option<&str> {
    let why = waiting.status_reason.as_str();
    let known = ["MISCONFIGURATION", "CAPACITY", "UNDETERMINED"];
    let is_stuck =
        waiting.phase == Phase::Runnable && known.iter().any(|known| why.starts_with(known));
    is_stuck.then_some(why)
}

fn by_slot(children: Vec<JobStatus>) -> impl Iterator<Item = (u32, JobStatus)> {
    children
        .into_iter()
        .filter_map(|child| child.slot.map(|slot| (slot, child)))
}
