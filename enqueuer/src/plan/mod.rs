//! What a run would do, before it does it: source and ledger → documents → slots → simulated month ends → when it ends, what it costs,
//! and what would make a deadline. Nothing is changed by it.

mod advice;
mod cost;
mod fit;
mod found;
mod model;
mod packing;
mod past;
mod place;
mod replications;
mod report;
mod simulation;
mod words;

use common::config::{Config, Deployment};
use common::ledger::Selection;
use common::{Error, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::Instant;

use self::advice::{Scenario, Suggestion};
use self::model::Model;
use self::packing::{Due, Packed};
use self::replications::Distribution;
use crate::month_end;
use crate::queue::{CapacitySettings, QueueSettings};

pub use self::cost::{GIB_HOUR_USD, Prices, VCPU_HOUR_USD, price};
#[cfg(test)]
pub use self::model::default_seconds_on_aws;
pub use self::place::Place;
pub use self::report::{answer, print};

/// From so many slots on Fargate's pace of starts is most of a month end.
const PACK_FROM: u64 = 50_000;

/// What is asked.
pub struct Asked<'a> {
    pub selection: Selection,
    pub accept_snapshot: Option<Date>,
    pub queue: &'a QueueSettings,
    pub capacity: &'a CapacitySettings,
    pub prices: Prices,
    /// When the run would begin.
    pub start: Timestamp,
    pub deadline: Option<Timestamp>,
}

/// What a run would do.
pub struct Plan {
    pub place: Place,
    pub documents_per_slot: u32,
    pub documents: usize,
    pub rows: i64,
    pub bytes: f64,
    /// As the place's classes.
    pub packed: Vec<Packed>,
    pub model: Model,
    pub distribution: Distribution,
    pub start: Timestamp,
    pub deadline: Option<Deadline>,
    pub vcpu_hours: f64,
    pub cost_usd: f64,
    pub connections: Connections,
    pub with_others: usize,
    pub settled: usize,
    pub excused: usize,
    pub remarks: Vec<String>,
}

/// A deadline, and what would make it if it is missed.
pub struct Deadline {
    pub at: Timestamp,
    /// Seconds left at the P95; negative when it is missed.
    pub left: f64,
    pub suggestions: std::result::Result<Vec<Suggestion>, String>,
}

impl Deadline {
    pub fn is_met(&self) -> bool {
        self.left >= 0.0
    }
}

/// Connections of converters at peak.
pub struct Connections {
    pub source: u32,
    pub ledger: u32,
    /// Both are one database.
    pub together: bool,
    pub budget: Option<u32>,
}

impl Connections {
    /// Each converter holds one to the source and one to the ledger.
    pub fn of(config: &Config, converters: u32, budget: Option<u32>) -> Self {
        Self {
            source: converters,
            ledger: converters,
            together: config.database_url == config.source_database_url,
            budget,
        }
    }

    /// Of the database that has most.
    pub fn at_most(&self) -> u32 {
        if self.together {
            self.source.saturating_add(self.ledger)
        } else {
            self.source.max(self.ledger)
        }
    }

    /// What exceeds the budget, and the mend.
    pub fn warning(&self) -> Option<String> {
        let budget = self.budget.filter(|budget| self.at_most() > *budget)?;
        Some(format!(
            "converters may hold {} connections to one database, more than the {budget} of DATABASE_CONNECTIONS: raise the database's limit, or lower MAX_VCPUS (locally LOCAL_PARALLEL)",
            self.at_most()
        ))
    }
}

/// What is to be known of the connections when as many converters as there may be run at once.
pub fn connections_at_most(
    config: &Config,
    queue: &QueueSettings,
    capacity: &CapacitySettings,
) -> Result<Option<String>> {
    if config.deployment == Deployment::Aws && capacity.max_vcpus.is_none() {
        return Ok(Some(
            "MAX_VCPUS is not set: `enqueuer plan` needs it".to_owned(),
        ));
    }
    let converters = Place::of(config, queue, capacity)?.most_converters();
    Ok(Connections::of(config, converters, capacity.database_connections).warning())
}

/// Plans a run.
pub async fn make(config: &Config, asked: Asked<'_>) -> Result<Plan> {
    let place = Place::of(config, asked.queue, asked.capacity)?;
    let began = Instant::now();
    let (_, targets) = month_end::find(config, &asked.selection, asked.accept_snapshot).await?;
    let looked_for = began.elapsed().as_secs_f64();
    let known = found::look(
        config,
        &asked.selection,
        asked.queue.documents_per_slot > 1,
        &targets,
    )
    .await?;
    drop(targets);
    let mut model = Model::of(&known.history, &place);
    model.assume(
        "looking into the source",
        words::seconds(looked_for),
        "measured just now",
    );
    let scenario = Scenario {
        due: &known.due,
        model: &model,
        place: &place,
        documents_per_slot: asked.queue.documents_per_slot,
        begins_at: looked_for,
    };
    let (_, packed) = scenario.pack();
    refuse_what_never_fits(&place, &packed)?;
    let distribution = scenario.distribution();
    let deadline = asked
        .deadline
        .map(|at| deadline(scenario, asked.start, at, distribution.p95));
    let (vcpu_hours, cost_usd) = asked.prices.of(&place, &distribution);
    let bytes = bytes(&known.due, &model);
    let mut plan = Plan {
        documents_per_slot: asked.queue.documents_per_slot,
        documents: known.due.documents(),
        rows: known.due.rows(),
        bytes,
        connections: Connections::of(
            config,
            distribution.at_peak,
            asked.capacity.database_connections,
        ),
        packed,
        distribution,
        start: asked.start,
        deadline,
        vcpu_hours,
        cost_usd,
        with_others: known.with_others,
        settled: known.settled,
        excused: known.excused,
        remarks: known.remarks,
        place,
        model,
    };
    plan.remark(&asked.prices);
    Ok(plan)
}

fn deadline(scenario: Scenario<'_>, start: Timestamp, at: Timestamp, p95: f64) -> Deadline {
    let allowed = at.duration_since(start).as_secs_f64();
    let left = allowed - p95;
    let suggestions = if left >= 0.0 {
        Ok(Vec::new())
    } else if allowed <= 0.0 {
        Err("it lies before the start".to_owned())
    } else {
        advice::suggest(scenario, allowed)
    };
    Deadline {
        at,
        left,
        suggestions,
    }
}

/// Batch would keep such a job waiting for ever.
fn refuse_what_never_fits(place: &Place, packed: &[Packed]) -> Result<()> {
    let never =
        place.classes().iter().zip(packed).find(|(class, packed)| {
            packed.documents > 0 && class.vcpu > f64::from(place.capacity())
        });
    never.map_or(Ok(()), |(class, packed)| {
        Err(Error::config(format!(
            "MAX_VCPUS {} is below the {} vCPU of size class {}: its {} documents would wait for ever; raise MAX_VCPUS, or change SIZE_CLASSES",
            place.capacity(),
            class.vcpu,
            class.name,
            packed.documents
        )))
    })
}

fn bytes(due: &Due, model: &Model) -> f64 {
    due.all()
        .map(|rows| model.bytes.at(past::as_f64(rows).max(0.0)))
        .fold(0.0, |sum, bytes| sum + bytes)
}

impl Plan {
    pub fn slots(&self) -> u64 {
        self.packed.iter().map(|packed| packed.slots).sum()
    }

    pub fn jobs(&self) -> u64 {
        self.packed.iter().map(|packed| packed.jobs).sum()
    }

    /// What whoever plans should see besides.
    fn remark(&mut self, prices: &Prices) {
        if !self.place.is_local() {
            self.model.assume(
                "starts of Fargate",
                "20 per second after a burst of 100",
                "AWS's documentation",
            );
            self.model.assume(
                "billing of a slot",
                "from its launch to its end, a minute at least",
                "AWS's documentation",
            );
            self.model
                .assume("prices", prices.to_string(), prices.origin());
            if self.slots() > PACK_FROM {
                self.remarks.push(format!(
                    "{} slots are many to start at 20 per second: pack several documents per slot, e.g. --documents-per-slot {}.",
                    words::count(self.slots()),
                    self.slots().div_ceil(PACK_FROM) * 10
                ));
            }
        }
        let tight = self
            .place
            .classes()
            .iter()
            .zip(&self.packed)
            .filter(|(class, packed)| {
                packed.longest * 2.0 > class.timeout(self.documents_per_slot).as_secs_f64()
            });
        let remarks: Vec<String> = tight
            .map(|(class, packed)| {
                format!(
                    "The longest slot of {} is expected to take {}, more than half of its timeout of {}: pack fewer documents, or give it more ({}).",
                    class.title(),
                    words::duration(packed.longest),
                    words::duration(class.timeout(self.documents_per_slot).as_secs_f64()),
                    if self.place.is_local() { "JOB_TIMEOUT_SECONDS" } else { "SIZE_CLASSES" }
                )
            })
            .collect();
        self.remarks.extend(remarks);
        self.remarks.extend(
            self.connections
                .warning()
                .map(|warning| format!("Connections: {warning}.")),
        );
    }
}
