//! Documents → jobs and slots, as a run and the ledger's `record_job` make them: heaviest class first, or in turns, heaviest document
//! first, dealt out over a job's slots so that these weigh alike.

use super::model::Model;
use super::past::as_f64;
use super::place::Place;
use super::simulation::{Job, Slot, Work};
use crate::queue::{SUBMIT_EVERY, Turns};

/// Seconds of a document to be recorded, and to be submitted with its job: docs/plan.md.
pub const RECORDED_PER_DOCUMENT: f64 = 25e-6;
pub const SUBMITTED_PER_DOCUMENT: f64 = 35e-6;

/// What a run would submit: estimated rows, heaviest first.
#[derive(Debug, Default, Clone)]
pub struct Due {
    /// May share a slot.
    pub packable: Vec<i64>,
    /// Lost once: a slot of its own.
    pub alone: Vec<i64>,
}

impl Due {
    pub fn documents(&self) -> usize {
        self.packable.len() + self.alone.len()
    }

    /// Slots of them at most.
    pub fn slots(&self, documents_per_slot: u32) -> u32 {
        let packed = self.packable.len().div_ceil(documents_per_slot as usize);
        u32::try_from(packed + self.alone.len()).unwrap_or(u32::MAX)
    }

    pub fn all(&self) -> impl Iterator<Item = i64> + '_ {
        self.packable.iter().chain(&self.alone).copied()
    }

    pub fn rows(&self) -> i64 {
        self.all().fold(0, i64::saturating_add)
    }

    pub fn sort(&mut self) {
        self.packable.sort_unstable_by(|a, b| b.cmp(a));
        self.alone.sort_unstable_by(|a, b| b.cmp(a));
    }
}

/// What is made of a class's documents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Packed {
    pub documents: u64,
    pub rows: i64,
    pub slots: u64,
    pub jobs: u64,
    /// Expected seconds of the longest slot, without its start.
    pub longest: f64,
    pub heaviest_rows: i64,
}

/// The work, and what each class of the place has of it. `begins_at`: seconds after the run's begin at which the source has been
/// looked at.
pub fn pack(
    due: &Due,
    model: &Model,
    place: &Place,
    documents_per_slot: u32,
    begins_at: f64,
) -> (Work, Vec<Packed>) {
    let mut packer = Packer {
        work: Work::default(),
        packed: vec![Packed::default(); place.classes().len()],
        model,
        submitted_at: begins_at + count(due.documents()) * RECORDED_PER_DOCUMENT,
        paced: !place.is_local(),
    };
    // A slot each: those that may be packed and those that may not take turns by weight.
    let together: Vec<i64>;
    let passes: Vec<(&[i64], u32)> = if documents_per_slot > 1 {
        vec![(&due.packable, documents_per_slot), (&due.alone, 1)]
    } else {
        let mut all: Vec<i64> = due.all().collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        together = all;
        vec![(&together, 1)]
    };
    let heaviest_first = place.classes().iter().enumerate().rev();
    let lines = heaviest_first.flat_map(|(class, weight)| {
        passes.iter().map(move |(documents, per_slot)| {
            let from = documents.partition_point(|rows| *rows >= weight.rows.end);
            let until = documents.partition_point(|rows| *rows >= weight.rows.start);
            (class, &documents[from..until], *per_slot as usize)
        })
    });
    let mut turns = Turns::new(lines, place.classes().len(), place.converters());
    while let Some(((class, documents, per_slot), max_slots)) = turns.next() {
        if documents.is_empty() {
            continue;
        }
        let (job, rest) = documents.split_at(documents.len().min(max_slots as usize * per_slot));
        packer.add(class, job, per_slot);
        turns.again((class, rest, per_slot));
    }
    (packer.work, packer.packed)
}

struct Packer<'a> {
    work: Work,
    packed: Vec<Packed>,
    model: &'a Model,
    submitted_at: f64,
    /// SubmitJob is called so often at most.
    paced: bool,
}

impl Packer<'_> {
    fn add(&mut self, class: usize, documents: &[i64], per_slot: usize) {
        self.submitted_at += count(documents.len()) * SUBMITTED_PER_DOCUMENT;
        if self.paced {
            self.submitted_at += SUBMIT_EVERY.as_secs_f64();
        }
        let slots = documents.len().div_ceil(per_slot);
        let line = self.model.classes[class].seconds;
        let packed = &mut self.packed[class];
        for slot in 0..slots {
            let (mut seconds, mut squares, mut documents_of_slot) = (0.0, 0.0, 0);
            for rows in documents.iter().skip(slot).step_by(slots) {
                let of_document = line.at(as_f64(*rows).max(0.0));
                seconds += of_document;
                squares += of_document * of_document;
                documents_of_slot += 1;
            }
            let spread = if seconds > 0.0 {
                f64::sqrt(squares) / seconds
            } else {
                0.0
            };
            packed.longest = packed.longest.max(seconds);
            self.work.slots.push(Slot {
                seconds,
                spread,
                documents: documents_of_slot,
            });
        }
        packed.documents += documents.len() as u64;
        packed.rows = documents
            .iter()
            .fold(packed.rows, |sum, rows| sum.saturating_add(*rows));
        packed.slots += slots as u64;
        packed.jobs += 1;
        packed.heaviest_rows = packed
            .heaviest_rows
            .max(documents.first().copied().unwrap_or_default());
        self.work.jobs.push(Job {
            submitted_at: self.submitted_at,
            class,
            slots: u32::try_from(slots).unwrap_or(u32::MAX),
        });
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of documents")]
fn count(documents: usize) -> f64 {
    documents as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: &str = "small:1000:0.25:512:900,large::2:4096:14400";

    fn due(packable: &[i64], alone: &[i64]) -> Due {
        let mut due = Due {
            packable: packable.to_vec(),
            alone: alone.to_vec(),
        };
        due.sort();
        due
    }

    fn packed(due: &Due, documents_per_slot: u32) -> (Work, Vec<Packed>) {
        let place = Place::on_aws(CLASSES, 4);
        let model = Model::of(&[], &place);
        pack(due, &model, &place, documents_per_slot, 7.0)
    }

    #[test]
    fn the_heaviest_class_and_in_it_the_heaviest_document_is_first() {
        // The bound of a class is the next one's.
        let due = due(&[3, 9000, 999, 1], &[1000, 2]);
        let (work, packed) = packed(&due, 1);
        let jobs: Vec<(usize, u32)> = work.jobs.iter().map(|job| (job.class, job.slots)).collect();
        assert_eq!(jobs, [(1, 2), (0, 4)]);
        for of_class in [&work.slots[..2], &work.slots[2..]] {
            let falls = |slots: &[Slot]| slots[0].seconds > slots[1].seconds;
            assert!(of_class.windows(2).all(falls), "{of_class:?}");
        }
        let told: Vec<(u64, i64, i64)> = packed
            .iter()
            .map(|packed| (packed.documents, packed.rows, packed.heaviest_rows))
            .collect();
        assert_eq!(told, [(4, 1005, 999), (2, 10_000, 9000)]);
    }

    #[test]
    fn classes_take_turns_where_connections_are_counted() {
        let place = Place::on_aws(CLASSES, 4).with_converters(5);
        let due = due(&[3000, 2000, 1000, 9, 8, 7, 6, 5, 4], &[]);
        let (work, packed) = pack(&due, &Model::of(&[], &place), &place, 1, 0.0);
        let jobs: Vec<(usize, u32)> = work.jobs.iter().map(|job| (job.class, job.slots)).collect();
        assert_eq!(jobs, [(1, 2), (0, 2), (1, 1), (0, 2), (0, 2)]);
        assert_eq!(packed[1].slots + packed[0].slots, 9);
    }

    #[test]
    fn documents_are_dealt_out_over_slots_that_weigh_alike() {
        let (work, packed) = packed(&due(&[10_000, 9000, 2000, 1000], &[5000]), 2);
        let place = Place::on_aws(CLASSES, 4);
        let line = Model::of(&[], &place).classes[1].seconds;
        let seconds: Vec<f64> = work.slots.iter().map(|slot| slot.seconds).collect();
        // The heaviest with the third, the second with the fourth; what was lost once by itself.
        let expected = [
            line.at(10_000.0) + line.at(2000.0),
            line.at(9000.0) + line.at(1000.0),
            line.at(5000.0),
        ];
        let alike = seconds.iter().zip(expected);
        assert!(
            seconds.len() == 3
                && alike
                    .clone()
                    .all(|(found, known)| (found - known).abs() < 1e-9),
            "{seconds:?} and {expected:?}"
        );
        assert!((packed[1].longest - expected[0]).abs() < 1e-9, "{packed:?}");
        assert_eq!((packed[1].slots, packed[1].jobs), (3, 2));
    }

    #[test]
    fn what_a_slot_takes_is_the_surer_the_more_documents_it_has() {
        let spread = |documents_per_slot| {
            let (work, _) = packed(&due(&[10; 4], &[]), documents_per_slot);
            work.slots[0].spread
        };
        assert!((spread(1) - 1.0).abs() < 1e-9, "{}", spread(1));
        assert!((spread(4) - 0.5).abs() < 1e-9, "{}", spread(4));
    }

    #[test]
    fn a_job_has_ten_thousand_slots_at_most_and_follows_the_one_before_it() {
        let (work, packed) = packed(&due(&vec![10; 25_000], &[]), 2);
        let slots: Vec<u32> = work.jobs.iter().map(|job| job.slots).collect();
        assert_eq!(slots, [10_000, 2500]);
        assert_eq!((packed[0].slots, packed[0].jobs), (12_500, 2));
        // All are recorded before any is submitted.
        let recorded = 7.0 + 25_000.0 * RECORDED_PER_DOCUMENT;
        let submit_every = SUBMIT_EVERY.as_secs_f64();
        let first = recorded + 20_000.0 * SUBMITTED_PER_DOCUMENT + submit_every;
        let second = first + 5000.0 * SUBMITTED_PER_DOCUMENT + submit_every;
        for (job, expected) in work.jobs.iter().zip([first, second]) {
            assert!((job.submitted_at - expected).abs() < 1e-9, "{job:?}");
        }
    }
}
