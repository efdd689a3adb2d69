//! One month end in a model of the queue: inputs → when it ends. Pure: the same inputs and seed give the same answer.
//!
//! Slots begin in the order of their submission, never one before another that waits for room: a job that needs two vCPU
//! holds up the quarters behind it, as the head of Batch's queue does, and so does one that waits for connections of the database. What is
//! tried again goes to the queue's end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use common::ledger::MAX_ATTEMPTS;
use fastrand::Rng;

use crate::queue::pause_after;

/// What is to be done, in the order of submission.
#[derive(Debug, Clone, Default)]
pub struct Work {
    pub jobs: Vec<Job>,
    pub slots: Vec<Slot>,
}

/// One SubmitJob call.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Seconds after the run's begin at which its slots may begin.
    pub submitted_at: f64,
    pub class: usize,
    /// So many of the slots, after those of the jobs before it.
    pub slots: u32,
}

/// A converter's documents.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Expected seconds of all its documents.
    pub seconds: f64,
    /// Relative spread of their sum as a share of that of a single document: 1 for one document, 1/√n for n alike.
    pub spread: f64,
    pub documents: u32,
}

/// Where it is done.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Thousandths of a vCPU for all slots at a time; locally thousandths of a process.
    pub capacity: u64,
    /// Slots that the database's connections let run at a time, whatever their class; `None` = they are not counted.
    pub converters: Option<u32>,
    pub classes: Vec<Class>,
    pub launches: Option<Launches>,
    pub retry: Retry,
    /// Locally a job is worked to its end before the next one begins.
    pub job_by_job: bool,
}

/// What the slots of a class have in common.
#[derive(Debug, Clone)]
pub struct Class {
    /// Thousandths that a slot takes.
    pub vcpu: u64,
    /// Seconds from a slot's launch to its first document, and from its last one to its end.
    pub start_up: f64,
    /// How single documents fell out beside what was expected of them, 1 on average. Never empty.
    pub ratios: Vec<f64>,
    /// Seconds that a slot is billed at least.
    pub billed_at_least: f64,
}

/// A token bucket: so many launches at once, and so many per second.
#[derive(Debug, Clone, Copy)]
pub struct Launches {
    pub burst: f64,
    pub per_second: f64,
}

/// What becomes of attempts that come to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// The share of attempts at a document that are given back or lost.
    pub share: f64,
    /// Locally a slot keeps its place and waits; on AWS it goes to the queue's end.
    pub in_place: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Seconds after the run's begin.
    pub finished_at: f64,
    /// Seconds that slots of each class held their place, and those that are billed.
    pub busy: Vec<f64>,
    pub billed: Vec<f64>,
    /// Converters at a time.
    pub at_peak: u32,
}

/// Simulates one month end in which everything takes `slowness` times as long as expected.
pub fn simulate(work: &Work, queue: &Queue, slowness: f64, seed: u64) -> Outcome {
    let mut simulation = Simulation::new(queue, slowness, seed);
    let mut slots = work.slots.iter();
    for job in &work.jobs {
        if queue.job_by_job {
            simulation.wait_for_all();
        }
        for slot in slots.by_ref().take(job.slots as usize) {
            simulation.launch(Attempt {
                ready_at: job.submitted_at,
                class: job.class,
                slot: *slot,
                number: 1,
            });
        }
    }
    // What failed goes to the queue's end, in the order in which it failed.
    while !simulation.failed.is_empty() {
        let mut again = std::mem::take(&mut simulation.failed);
        again
            .make_contiguous()
            .sort_by(|a, b| a.ready_at.total_cmp(&b.ready_at));
        for attempt in again {
            simulation.launch(attempt);
        }
    }
    simulation.wait_for_all();
    simulation.outcome
}

/// One try of a slot.
#[derive(Clone, Copy)]
struct Attempt {
    ready_at: f64,
    class: usize,
    slot: Slot,
    number: i64,
}

/// When a running slot ends, in nanoseconds, and what it gives back.
type End = Reverse<(u64, u64)>;

struct Simulation<'a> {
    queue: &'a Queue,
    slowness: f64,
    random: Rng,
    now: f64,
    free: u64,
    running: BinaryHeap<End>,
    tokens: f64,
    tokens_at: f64,
    failed: VecDeque<Attempt>,
    outcome: Outcome,
}

impl<'a> Simulation<'a> {
    fn new(queue: &'a Queue, slowness: f64, seed: u64) -> Self {
        Self {
            queue,
            slowness,
            random: Rng::with_seed(seed),
            now: 0.0,
            free: queue.capacity,
            running: BinaryHeap::new(),
            tokens: queue.launches.map_or(0.0, |launches| launches.burst),
            tokens_at: 0.0,
            failed: VecDeque::new(),
            outcome: Outcome {
                busy: vec![0.0; queue.classes.len()],
                billed: vec![0.0; queue.classes.len()],
                ..Outcome::default()
            },
        }
    }

    /// Begins an attempt as soon as it is ready, there is room, and Fargate launches.
    fn launch(&mut self, attempt: Attempt) {
        let class = &self.queue.classes[attempt.class];
        self.now = self.now.max(attempt.ready_at);
        self.end_until(self.now);
        while (self.free < class.vcpu || self.is_out_of_connections()) && self.end_next() {}
        self.take_token();
        let held = self.hold(attempt);
        self.free = self.free.saturating_sub(class.vcpu);
        self.running
            .push(Reverse((nanoseconds(self.now + held), class.vcpu)));
        let at_once = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        self.outcome.at_peak = self.outcome.at_peak.max(at_once);
    }

    fn is_out_of_connections(&self) -> bool {
        let most = self.queue.converters;
        most.is_some_and(|most| self.running.len() >= most as usize)
    }

    /// How long an attempt holds its place. What it leaves undone is put to the queue's end.
    fn hold(&mut self, attempt: Attempt) -> f64 {
        let Attempt {
            class: of_class,
            mut slot,
            mut number,
            ..
        } = attempt;
        let class = &self.queue.classes[of_class];
        let retry = self.queue.retry;
        let mut held = 0.0;
        loop {
            let ratio = class.ratios[self.random.usize(..class.ratios.len())];
            let seconds = slot.seconds * (1.0 + (ratio - 1.0) * slot.spread).max(0.05);
            held += class
                .start_up
                .mul_add(self.slowness, seconds * self.slowness);
            let undone = self.undone(slot.documents);
            if undone == 0 || number >= MAX_ATTEMPTS {
                break;
            }
            slot = slot.part(undone);
            if retry.in_place {
                held += pause_after(number).as_secs_f64();
                number += 1;
            } else {
                self.failed.push_back(Attempt {
                    ready_at: self.now + held,
                    class: of_class,
                    slot,
                    number: number + 1,
                });
                break;
            }
        }
        self.outcome.busy[of_class] += held;
        self.outcome.billed[of_class] += held.max(class.billed_at_least);
        held
    }

    /// How many of a slot's documents are not done by an attempt.
    fn undone(&mut self, documents: u32) -> u32 {
        let share = self.queue.retry.share;
        if share <= 0.0 {
            return 0;
        }
        // From one undone document to the next: a draw for each of those, and not for each document.
        let mut undone = 0;
        let mut looked_at = 0.0;
        loop {
            let passed =
                (self.random.f64().max(f64::MIN_POSITIVE).ln() / (1.0 - share).ln()).floor();
            looked_at += passed + 1.0;
            if looked_at > f64::from(documents) {
                return undone;
            }
            undone += 1;
        }
    }

    /// Fargate's pace.
    fn take_token(&mut self) {
        let Some(launches) = self.queue.launches else {
            return;
        };
        let since = (self.now - self.tokens_at).max(0.0);
        self.tokens = (self.tokens + since * launches.per_second).min(launches.burst);
        self.tokens_at = self.now;
        if self.tokens < 1.0 {
            self.now += (1.0 - self.tokens) / launches.per_second;
            self.tokens = 1.0;
            self.tokens_at = self.now;
            self.end_until(self.now);
        }
        self.tokens -= 1.0;
    }

    fn end_until(&mut self, instant: f64) {
        let instant = nanoseconds(instant);
        while self
            .running
            .peek()
            .is_some_and(|Reverse((end, _))| *end <= instant)
        {
            self.end_next();
        }
    }

    /// Lets the next slot end. `false` = none runs.
    fn end_next(&mut self) -> bool {
        let Some(Reverse((end, vcpu))) = self.running.pop() else {
            return false;
        };
        let end = seconds(end);
        self.now = self.now.max(end);
        self.free += vcpu;
        self.outcome.finished_at = self.outcome.finished_at.max(end);
        true
    }

    fn wait_for_all(&mut self) {
        while self.end_next() {}
    }
}

impl Slot {
    /// So many of its documents, as if they were all alike.
    fn part(self, documents: u32) -> Self {
        let part = f64::from(documents) / f64::from(self.documents.max(1));
        Self {
            seconds: self.seconds * part,
            spread: (self.spread / part.sqrt()).min(1.0),
            documents,
        }
    }
}

/// As a number that can be ordered.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a month end, never negative, far below 2^64 ns"
)]
fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a month end")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod tests;
