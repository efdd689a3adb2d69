//! Submitting what is due under a run: to the local queue, where it is followed to the end, or to AWS Batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::config::Config;
use common::ledger::{Job, JobRequest, Ledger, Run, Which};
use common::termination::Termination;
use common::{Error, Result};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::progress::Progress;
use crate::queue::{
    BatchQueue, MAX_SLOTS, ProcessQueue, Queue, SizeClass, SlotReport, Submission, Turns,
};
use crate::{holds, partials};

/// How often a run that works the local queue looks whether its period is held.
const LOOK_FOR_HOLD_EVERY: Duration = Duration::from_secs(1);

/// What submits, and for whom.
pub struct Submitter<'a> {
    pub config: &'a Config,
    pub ledger: &'a Ledger,
    pub queue: &'a Queue,
    pub cancel: &'a Termination,
    pub run: &'a Run,
    pub documents_per_slot: u32,
    /// Also what the run has submitted before.
    pub again: bool,
    pub refusals_percent: u32,
}

impl Submitter<'_> {
    /// Submits what is due, until nothing is, the period is held or termination is asked for. Returns the number of documents.
    pub async fn submit(&self, which: Which<'_>, progress: &mut Progress) -> Result<u64> {
        match self.queue {
            Queue::Processes(queue) => self.work(queue, which, progress).await,
            Queue::Batch(queue) => self.submit_to_batch(queue, which).await,
        }
    }

    async fn may_go_on(&self) -> Result<bool> {
        if self.cancel.is_requested() {
            return Ok(false);
        }
        let held = holds::of_run(self.ledger, self.run, self.refusals_percent).await?;
        Ok(held.is_none())
    }

    fn request<'a>(&'a self, which: Which<'a>, queue: &'static str) -> JobRequest<'a> {
        JobRequest {
            run_id: &self.run.run_id,
            which,
            queue,
            size_class: None,
            rows: i64::MIN..i64::MAX,
            max_slots: MAX_SLOTS,
            documents_per_slot: self.documents_per_slot,
            again: self.again,
        }
    }

    /// First what was never begun, packed; then what was lost, each document in a slot of its own.
    fn packings(&self) -> impl Iterator<Item = u32> + use<> {
        let packed = (self.documents_per_slot > 1).then_some(self.documents_per_slot);
        packed.into_iter().chain([1])
    }

    async fn submit_to_batch(&self, queue: &BatchQueue, which: Which<'_>) -> Result<u64> {
        let mut submitted = 0;
        let heaviest_first = queue.classes.iter().rev();
        let lines = heaviest_first.flat_map(|class| self.packings().map(move |each| (class, each)));
        let converters = queue.budget.as_ref().map(|budget| budget.converters);
        let mut turns = Turns::new(lines, queue.classes.len(), converters);
        while let Some(((class, documents_per_slot), max_slots)) = turns.next() {
            if !self.may_go_on().await? {
                break;
            }
            let request = JobRequest {
                size_class: Some(&class.name),
                rows: class.rows.clone(),
                max_slots,
                documents_per_slot,
                ..self.request(which, "batch")
            };
            let Some(job) = self.ledger.record_job(&request).await? else {
                continue;
            };
            self.submit_job(queue, &job, class, documents_per_slot)
                .await?;
            submitted += job.documents;
            turns.again((class, documents_per_slot));
        }
        Ok(submitted)
    }

    async fn submit_job(
        &self,
        queue: &BatchQueue,
        job: &Job,
        class: &SizeClass,
        documents_per_slot: u32,
    ) -> Result<()> {
        match queue.submit(job, self.run, class, documents_per_slot).await {
            Ok(Submission::Accepted(batch_job_id)) => {
                self.ledger
                    .confirm_submission(&job.job_id, &batch_job_id)
                    .await?;
                tracing::info!(
                    job.id = job.job_id,
                    batch.job_id = batch_job_id,
                    slots = job.slots,
                    documents = job.documents,
                    size_class = class.name,
                    "submitted"
                );
                Ok(())
            }
            Ok(Submission::Unknown(lost)) => {
                tracing::warn!(
                    job.id = job.job_id,
                    error = lost.chain(),
                    "the answer to a submission was lost; `enqueuer sweep` finds out whether Batch has it"
                );
                Ok(())
            }
            Ok(Submission::Silent(lost)) => Err(lost.context(format!(
                "whether Batch has job {} the next `enqueuer sweep` finds out, and submits what is left",
                job.job_id
            ))),
            // Batch has nothing: the documents are as due as before.
            Err(refused) => {
                self.ledger
                    .withdraw_job(&job.job_id, "not_submitted", &refused.chain())
                    .await?;
                Err(refused)
            }
        }
    }

    /// Works jobs on this machine, one after the other, to their ends.
    async fn work(
        &self,
        queue: &ProcessQueue,
        which: Which<'_>,
        progress: &mut Progress,
    ) -> Result<u64> {
        let halt = Arc::<AtomicBool>::default();
        let watch = watch_for_hold(
            self.ledger.clone(),
            self.run.clone(),
            self.refusals_percent,
            halt.clone(),
        );
        let mut worked = 0;
        let mut outcome = Ok(());
        for documents_per_slot in self.packings() {
            let request = JobRequest {
                documents_per_slot,
                ..self.request(which, "local")
            };
            while outcome.is_ok() && self.may_go_on().await? {
                let Some(job) = self.ledger.record_job(&request).await? else {
                    break;
                };
                worked += job.documents;
                outcome = self.work_job(queue, &job, &halt, progress).await;
            }
        }
        watch.abort();
        outcome.map(|()| worked)
    }

    async fn work_job(
        &self,
        queue: &ProcessQueue,
        job: &Job,
        halt: &AtomicBool,
        progress: &mut Progress,
    ) -> Result<()> {
        tracing::info!(job.id = job.job_id, slots = job.slots, "submitted");
        progress.expect(job.documents);
        let report = |slot: SlotReport| {
            progress.advance(job.documents_of(slot.slot));
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
        queue.work(job, self.cancel, halt, report).await?;
        self.ledger.settle_job(&job.job_id).await
    }
}

/// Sets `halt` as soon as the period is held, by an operator or because the gate refuses too much.
fn watch_for_hold(
    ledger: Ledger,
    run: Run,
    refusals_percent: u32,
    halt: Arc<AtomicBool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            sleep(LOOK_FOR_HOLD_EVERY).await;
            match holds::of_run(&ledger, &run, refusals_percent).await {
                Ok(None) => {}
                Ok(Some(_)) => halt.store(true, Ordering::Relaxed),
                Err(error) => tracing::warn!(error = error.chain(), "cannot look for a hold"),
            }
        }
    })
}
