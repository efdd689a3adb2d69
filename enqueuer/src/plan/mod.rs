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
#[cfg(test)]
mod tests;
mod words;

use common::agreement::Findings;
use common::config::{Config, Deployment};
use common::ledger::Selection;
use common::{Error, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use self::advice::{Scenario, Suggestion};
use self::found::Settled;
use self::model::Model;
use self::packing::{Due, Packed};
use self::replications::Distribution;
use crate::month_end::{self, Look};
use crate::numbers::grouped;
use crate::queue::{CapacitySettings, QueueSettings, connections_per_converter};
use crate::whole_source;

pub use self::cost::{GIB_HOUR_USD, Prices, VCPU_HOUR_USD, price};
#[cfg(test)]
pub use self::model::default_seconds_on_aws;
pub use self::place::Place;
pub use self::report::{answer, print};

/// From so many slots on Fargate's pace of starts is most of a month end.
const PACK_FROM: u64 = 50_000;

/// As `--documents-per-slot` takes them.
const MOST_PER_SLOT: u64 = 10_000;

/// What is asked.
pub struct Asked<'a> {
    pub selection: Selection,
    pub accept_snapshot: Option<Date>,
    pub accept_fewer: bool,
    /// Whether the period has ended is asked as of then.
    pub now: Timestamp,
    /// Of a draft, which has a ledger of its own.
    pub is_draft: bool,
    pub queue: &'a QueueSettings,
    pub capacity: &'a CapacitySettings,
    pub prices: Prices,
    /// When the run would begin.
    pub start: Timestamp,
    /// Otherwise the deadline is the next one after now, which may be another day's than that of the run.
    pub start_is_given: bool,
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
    pub settled: Settled,
    pub excused: usize,
    pub remarks: Vec<String>,
    /// In what the source contradicts itself.
    pub findings: Findings,
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
    pub converters: u32,
    /// To one database, of each.
    pub per_converter: u32,
    pub budget: Option<u32>,
}

impl Connections {
    pub fn of(config: &Config, converters: u32, budget: Option<u32>) -> Self {
        Self {
            converters,
            per_converter: connections_per_converter(config),
            budget,
        }
    }

    /// Source and ledger are one database.
    pub fn is_one_database(&self) -> bool {
        self.per_converter > 1
    }

    /// To one database.
    pub fn at_most(&self) -> u32 {
        self.converters.saturating_mul(self.per_converter)
    }

    /// What exceeds the budget, and the mend.
    pub fn warning(&self) -> Option<String> {
        let budget = self.budget.filter(|budget| self.at_most() > *budget)?;
        Some(format!(
            "converters may hold {} connections to one database, more than the {budget} of DATABASE_CONNECTIONS: raise the database's limit, or lower LOCAL_PARALLEL",
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
    if config.deployment == Deployment::Aws && capacity.max_vcpus().is_none() {
        return Ok(Some(
            "MAX_VCPUS is not set: `enqueuer plan` needs it".to_owned(),
        ));
    }
    let place = Place::of(config, queue, capacity)?;
    let converters = place.most_converters();
    if let Some(most) = place.converters() {
        return Ok((converters > most).then(|| place.waits(most)));
    }
    Ok(Connections::of(config, converters, queue.database_connections()).warning())
}

/// Plans a run.
pub async fn make(config: &Config, asked: Asked<'_>) -> Result<Plan> {
    let place = Place::of(config, asked.queue, asked.capacity)?;
    let began = Instant::now();
    let look = Look {
        selection: &asked.selection,
        accept_snapshot: asked.accept_snapshot,
        now: asked.now,
        is_draft: asked.is_draft,
    };
    let source = month_end::find(config, look).await?;
    let looked_for = began.elapsed().as_secs_f64();
    let known = found::look(
        config,
        &asked.selection,
        // What makes a deadline may be packing, even where nothing is packed.
        asked.queue.documents_per_slot > 1 || asked.deadline.is_some(),
        &source.targets,
    )
    .await?;
    if !asked.is_draft {
        let fewer = whole_source::fewer(source.counts, known.earlier);
        let period = asked.selection.period;
        whole_source::refuse_fewer(period, fewer.as_deref(), asked.accept_fewer)?;
    }
    let findings = source.findings;
    let slots = known.due.slots(asked.queue.documents_per_slot);
    let mut model = Model::of(&known.history, &place.with_capacity_at_most(slots));
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
            asked.queue.database_connections(),
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
        findings,
        place,
        model,
    };
    if let Some(at) = asked.deadline {
        plan.remark_deadline(at, asked.start_is_given, &config.business_timezone);
    }
    plan.remark(&asked.prices);
    Ok(plan)
}

fn deadline(scenario: Scenario<'_>, start: Timestamp, at: Timestamp, p95: f64) -> Deadline {
    let allowed = at.duration_since(start).as_secs_f64();
    let nothing_is_due = scenario.due.documents() == 0;
    let left = if nothing_is_due {
        allowed.max(0.0)
    } else {
        allowed - p95
    };
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

    /// What makes the deadline is told.
    fn is_advised(&self) -> bool {
        let deadline = self.deadline.as_ref();
        deadline.is_some_and(|deadline| {
            deadline
                .suggestions
                .as_ref()
                .is_ok_and(|suggestions| !suggestions.is_empty())
        })
    }

    fn remark_deadline(&mut self, at: Timestamp, start_is_given: bool, zone: &TimeZone) {
        if self.documents == 0 {
            self.remarks
                .push("Nothing is due: no deadline can be missed.".to_owned());
        } else if !start_is_given {
            self.remarks.push(format!(
                "From {} to the deadline: {}. That is the next one after now; for a run that begins later give --start.",
                self.start.to_zoned(zone.clone()).strftime("%H:%M"),
                words::duration(at.duration_since(self.start).as_secs_f64())
            ));
        }
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
            let more = self.slots().div_ceil(PACK_FROM) * 10 * u64::from(self.documents_per_slot);
            if self.slots() > PACK_FROM && !self.is_advised() {
                self.remarks.push(format!(
                    "{} slots are many to start at 20 per second: pack more documents per slot, e.g. --documents-per-slot {}.",
                    grouped(self.slots()),
                    more.min(MOST_PER_SLOT)
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
        let waits = self.place.converters();
        let waits = waits.filter(|most| self.distribution.at_peak >= *most);
        self.remarks.extend(
            waits
                .map(|most| self.place.waits(most))
                .or_else(|| self.connections.warning())
                .map(|told| format!("Connections: {told}.")),
        );
    }
}
