//! What would make a deadline that is missed: capacity, or documents per slot; each found by simulation.

use super::model::Model;
use super::packing::{Due, Packed, pack};
use super::place::Place;
use super::replications::{Distribution, distribution, quick_p95};
use super::simulation::{Class, Queue};
use super::words;
use crate::numbers::grouped;

/// Documents per slot that are tried; between two of them the smallest is searched.
const PACKINGS: [u32; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// As many vCPU as nobody has.
const MOST_VCPUS: u32 = 1_000_000;

/// A search by single replications is this much off at most; then the whole distribution decides.
const TRIES: u32 = 8;

/// A run in one place, as it is planned.
#[derive(Clone, Copy)]
pub struct Scenario<'a> {
    pub due: &'a Due,
    pub model: &'a Model,
    pub place: &'a Place,
    pub documents_per_slot: u32,
    /// Seconds that the look into the source takes.
    pub begins_at: f64,
}

/// A change that makes the deadline.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// vCPUs, or processes.
    pub capacity: u32,
    pub documents_per_slot: u32,
    /// Seconds after the run's begin.
    pub p95: f64,
}

impl Scenario<'_> {
    pub fn pack(&self) -> (super::simulation::Work, Vec<Packed>) {
        pack(
            self.due,
            self.model,
            self.place,
            self.documents_per_slot,
            self.begins_at,
        )
    }

    pub fn queue(&self) -> Queue {
        Queue {
            capacity: u64::from(self.place.capacity()) * 1000,
            converters: self.place.converters(),
            classes: self
                .place
                .classes()
                .iter()
                .zip(&self.model.classes)
                .map(|(weight, pace)| Class {
                    vcpu: weight.thousandths(),
                    start_up: pace.start_up,
                    ratios: pace.ratios.clone(),
                    billed_at_least: self.place.billed_at_least(),
                })
                .collect(),
            launches: self.place.launches(),
            retry: self.place.retry(self.model.to_nothing),
            job_by_job: self.place.is_local(),
        }
    }

    pub fn distribution(&self) -> Distribution {
        distribution(&self.pack().0, &self.queue(), self.model.months_deviate)
    }

    fn quick_p95(&self) -> f64 {
        quick_p95(&self.pack().0, &self.queue(), self.model.months_deviate)
    }

    /// The smallest capacity with which the P95 is within so many seconds.
    fn capacity_for(&self, allowed: f64) -> Option<Suggestion> {
        let work = self.pack().0;
        let at = |capacity: u32| self.place.with_capacity(capacity);
        let p95 = |place: &Place| {
            quick_p95(
                &work,
                &Scenario { place, ..*self }.queue(),
                self.model.months_deviate,
            )
        };
        let (from, most) = (self.place.capacity() + 1, self.most_capacity());
        if from > most || p95(&at(most)) > allowed {
            return None;
        }
        let mut capacity = smallest(from, most, |capacity| p95(&at(capacity)) <= allowed);
        for _ in 0..TRIES {
            let place = at(capacity);
            let p95 = Scenario {
                place: &place,
                ..*self
            }
            .distribution()
            .p95;
            if p95 <= allowed {
                return Some(Suggestion {
                    capacity,
                    documents_per_slot: self.documents_per_slot,
                    p95,
                });
            }
            capacity = (capacity + capacity.div_ceil(50)).min(most);
        }
        None
    }

    /// The fewest documents per slot with which the P95 is within so many seconds.
    fn packing_for(&self, allowed: f64) -> Option<Suggestion> {
        let with = |documents_per_slot| Scenario {
            documents_per_slot,
            ..*self
        };
        let within = |documents_per_slot| with(documents_per_slot).quick_p95() <= allowed;
        let mut last = self.documents_per_slot;
        let found = PACKINGS.into_iter().find(|packing| {
            if *packing <= self.documents_per_slot {
                return false;
            }
            let found = within(*packing);
            if !found {
                last = *packing;
            }
            found
        })?;
        let mut documents_per_slot = smallest(last + 1, found, within);
        for _ in 0..TRIES {
            let p95 = with(documents_per_slot).distribution().p95;
            if p95 <= allowed {
                return Some(Suggestion {
                    capacity: self.place.capacity(),
                    documents_per_slot,
                    p95,
                });
            }
            documents_per_slot += documents_per_slot.div_ceil(10);
        }
        None
    }

    /// More than that changes nothing: every slot runs at once, or every core works.
    fn most_capacity(&self) -> u32 {
        match self.place {
            Place::Local { cores, .. } => u32::try_from(*cores).unwrap_or(u32::MAX),
            Place::Aws { .. } => MOST_VCPUS,
        }
    }
}

/// What makes it within so many seconds: more capacity, more documents per slot, or, where neither does alone, both. Otherwise why
/// nothing does.
pub fn suggest(scenario: Scenario<'_>, allowed: f64) -> Result<Vec<Suggestion>, String> {
    let alone: Vec<Suggestion> = [
        scenario.capacity_for(allowed),
        scenario.packing_for(allowed),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !alone.is_empty() {
        return Ok(alone);
    }
    let both = PACKINGS
        .into_iter()
        .filter(|packing| *packing > scenario.documents_per_slot)
        .find_map(|documents_per_slot| {
            Scenario {
                documents_per_slot,
                ..scenario
            }
            .capacity_for(allowed)
        });
    both.map_or_else(
        || Err(why_nothing_does(&scenario, allowed)),
        |both| Ok(vec![both]),
    )
}

fn why_nothing_does(scenario: &Scenario<'_>, allowed: f64) -> String {
    let (work, packed) = Scenario {
        documents_per_slot: 1,
        ..*scenario
    }
    .pack();
    let recorded = work
        .jobs
        .last()
        .map_or(scenario.begins_at, |job| job.submitted_at);
    if recorded > allowed {
        return format!(
            "looking into the source, recording and submitting alone take {}",
            words::duration(recorded)
        );
    }
    let heaviest = packed
        .iter()
        .zip(&scenario.model.classes)
        .filter(|(packed, _)| packed.documents > 0)
        .map(|(packed, pace)| (pace.start_up + packed.longest, packed.heaviest_rows))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match (heaviest, scenario.place) {
        (Some((seconds, rows)), _) if recorded + seconds * 1.2 > allowed => format!(
            "a slot with the heaviest document alone ({} rows) takes {} from its start",
            grouped(rows),
            words::duration(seconds)
        ),
        (_, Place::Local { cores, .. }) => {
            format!("this machine has {cores} cores, and they are busy until then")
        }
        (
            _,
            Place::Aws {
                converters: Some(most),
                ..
            },
        ) if scenario.distribution().at_peak >= *most => format!(
            "the database has connections for {} converters at a time: raise DATABASE_CONNECTIONS as far as it bears",
            grouped(*most)
        ),
        (_, Place::Aws { .. }) => {
            "starts, at 20 per second, and the documents' own time leave no room".to_owned()
        }
    }
}

/// The smallest number that will do, of a range whose end does.
fn smallest(mut from: u32, mut until: u32, mut will_do: impl FnMut(u32) -> bool) -> u32 {
    while from < until {
        let middle = from + (until - from) / 2;
        if will_do(middle) {
            until = middle;
        } else {
            from = middle + 1;
        }
    }
    until
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is suggested for so many documents of so many rows, a slot each.
    fn suggested(
        place: &Place,
        (documents, rows): (usize, i64),
        begins_at: f64,
        allowed: f64,
    ) -> Result<Vec<Suggestion>, String> {
        let due = Due {
            packable: vec![rows; documents],
            alone: Vec::new(),
        };
        let scenario = Scenario {
            due: &due,
            model: &Model::of(&[], place),
            place,
            documents_per_slot: 1,
            begins_at,
        };
        assert!(scenario.distribution().p95 > allowed, "nothing to mend");
        suggest(scenario, allowed)
    }

    #[test]
    fn where_neither_does_alone_both_are_suggested() {
        // Four converters at a time are too few however packed, and 8,000 starts too many for any capacity.
        let place = Place::on_aws("all::0.25:512:900", 1);
        let found = suggested(&place, (8000, 10), 0.0, 250.0).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].capacity > 1 && found[0].documents_per_slot > 1 && found[0].p95 <= 250.0,
            "{found:?}"
        );
    }

    #[test]
    fn no_more_is_suggested_than_it_takes() {
        let place = Place::on_aws("all::0.25:512:900", 4);
        let with = |capacity: u32, packing: u32| {
            let place = place.with_capacity(capacity);
            let due = Due {
                packable: vec![10; 160],
                alone: Vec::new(),
            };
            let model = Model::of(&[], &place);
            let scenario = Scenario {
                due: &due,
                model: &model,
                place: &place,
                documents_per_slot: packing,
                begins_at: 0.0,
            };
            scenario.distribution().p95
        };
        let allowed = f64::midpoint(with(4, 1), with(5, 1));
        let found = suggested(&place, (160, 10), 0.0, allowed).unwrap();
        let told: Vec<(u32, u32)> = found
            .iter()
            .map(|suggestion| (suggestion.capacity, suggestion.documents_per_slot))
            .collect();
        assert_eq!(told, [(5, 1), (4, 2)]);
    }

    #[test]
    fn the_reason_why_nothing_does_is_the_one_that_keeps_it_from_it() {
        let aws = Place::on_aws("all::0.25:512:900", 1);
        let why = suggested(&aws, (10, 10), 200.0, 100.0).unwrap_err();
        assert!(why.starts_with("looking into the source"), "{why}");
        assert!(
            why.ends_with("alone take 200 s") || why.ends_with("3 min"),
            "{why}"
        );
        let why = suggested(&aws, (10, 1_000_000), 0.0, 100.0).unwrap_err();
        assert!(why.contains("document alone (1,000,000 rows)"), "{why}");
        // Nor do processors without connections.
        let bounded = Place::on_aws("all::0.25:512:900", 64).with_converters(2);
        let why = suggested(&bounded, (100, 100_000), 0.0, 200.0).unwrap_err();
        assert!(
            why.starts_with("the database has connections for 2 converters"),
            "{why}"
        );
        // More processes than cores do not help.
        let local = Place::of_cores(1, 2);
        let why = suggested(&local, (100, 100_000), 0.0, 40.0).unwrap_err();
        assert!(why.starts_with("this machine has 2 cores"), "{why}");
        let found = suggested(&local, (100, 100_000), 0.0, 160.0).unwrap();
        assert_eq!(found[0].capacity, 2, "{found:?}");
    }
}
