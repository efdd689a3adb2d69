//! Where a run would be worked: this machine's processes, or Batch on Fargate with so many vCPU.

use std::time::Duration;

use common::config::{Config, Deployment};
use common::{Error, Result};

use super::simulation::{Launches, Retry};
use crate::queue::{CapacitySettings, QueueSettings, SizeClass, cores};

/// Fargate's pace of starts, per account and region: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html>.
const FARGATE: Launches = Launches {
    burst: 100.0,
    per_second: 20.0,
};

/// Fargate bills a task a minute at least.
const BILLED_AT_LEAST: f64 = 60.0;

/// Where it is worked.
#[derive(Debug, Clone)]
pub enum Place {
    Local {
        parallel: usize,
        cores: usize,
        class: Weight,
    },
    Aws {
        max_vcpus: u32,
        /// That the database's connections let run at a time; `None` = they are not counted.
        converters: Option<u32>,
        classes: Vec<Weight>,
    },
}

/// Slots of one size.
#[derive(Debug, Clone)]
pub struct Weight {
    pub name: String,
    /// Estimated rows of its documents.
    pub rows: std::ops::Range<i64>,
    pub vcpu: f64,
    /// `None` on this machine.
    pub memory_mib: Option<u32>,
    size_class: Option<SizeClass>,
    local_timeout: Duration,
}

impl Place {
    pub fn of(config: &Config, queue: &QueueSettings, capacity: &CapacitySettings) -> Result<Self> {
        if config.deployment == Deployment::Local {
            return Ok(Place::Local {
                parallel: queue.local_parallel(),
                cores: cores(),
                class: Weight::of_this_machine(queue.local_timeout()),
            });
        }
        let max_vcpus = capacity.max_vcpus().ok_or_else(|| {
            Error::config(
                "MAX_VCPUS is not set: with DEPLOYMENT=aws nothing has a default; it is maxvCpus of the queue's compute environments together",
            )
        })?;
        let classes = SizeClass::parse_all(&queue.size_classes)?
            .into_iter()
            .map(Weight::of)
            .collect();
        Ok(Place::Aws {
            max_vcpus,
            converters: queue.most_converters(config)?,
            classes,
        })
    }

    pub fn is_local(&self) -> bool {
        matches!(self, Place::Local { .. })
    }

    /// By rising rows.
    pub fn classes(&self) -> &[Weight] {
        match self {
            Place::Local { class, .. } => std::slice::from_ref(class),
            Place::Aws { classes, .. } => classes,
        }
    }

    /// vCPUs, or processes.
    pub fn capacity(&self) -> u32 {
        match self {
            Place::Local { parallel, .. } => u32::try_from(*parallel).unwrap_or(u32::MAX),
            Place::Aws { max_vcpus, .. } => *max_vcpus,
        }
    }

    #[must_use]
    pub fn with_capacity(&self, capacity: u32) -> Self {
        let mut place = self.clone();
        match &mut place {
            Place::Local { parallel, .. } => *parallel = capacity as usize,
            Place::Aws { max_vcpus, .. } => *max_vcpus = capacity,
        }
        place
    }

    /// As crowded as it is with so many slots.
    #[must_use]
    pub fn with_capacity_at_most(&self, slots: u32) -> Self {
        self.with_capacity(self.capacity().min(slots.max(1)))
    }

    /// How many times as long everything takes as it did when so many ran at a time (by default: few enough), since more
    /// processes than cores only wait for each other.
    pub fn crowding(&self, measured_at: Option<usize>) -> f64 {
        let Place::Local {
            parallel, cores, ..
        } = self
        else {
            return 1.0;
        };
        #[expect(clippy::cast_precision_loss, reason = "processes and cores")]
        let per_core = |parallel: usize| (parallel as f64 / *cores as f64).max(1.0);
        per_core(*parallel) / measured_at.map_or(1.0, per_core)
    }

    pub fn launches(&self) -> Option<Launches> {
        (!self.is_local()).then_some(FARGATE)
    }

    pub fn retry(&self, share: f64) -> Retry {
        Retry {
            share,
            in_place: self.is_local(),
        }
    }

    pub fn billed_at_least(&self) -> f64 {
        if self.is_local() {
            0.0
        } else {
            BILLED_AT_LEAST
        }
    }

    /// Converters that the database's connections let run at a time; `None` = they are not counted.
    pub fn converters(&self) -> Option<u32> {
        match self {
            Place::Local { .. } => None,
            Place::Aws { converters, .. } => *converters,
        }
    }

    /// What it means that the database lets so many converters run at a time.
    pub fn waits(&self, most: u32) -> String {
        format!(
            "DATABASE_CONNECTIONS lets {most} converters run at a time, MAX_VCPUS {}: the others wait for the database, and more vCPUs change nothing",
            self.most_converters()
        )
    }

    /// Converters for which there is room when all are of the smallest class.
    pub fn most_converters(&self) -> u32 {
        let smallest = self
            .classes()
            .iter()
            .map(Weight::thousandths)
            .min()
            .unwrap_or(1000);
        u32::try_from(u64::from(self.capacity()) * 1000 / smallest.max(1)).unwrap_or(u32::MAX)
    }
}

impl Weight {
    fn of(class: SizeClass) -> Self {
        Self {
            name: class.name.clone(),
            rows: class.rows.clone(),
            vcpu: class.vcpu.parse().unwrap_or(1.0),
            memory_mib: Some(class.memory_mib),
            local_timeout: Duration::ZERO,
            size_class: Some(class),
        }
    }

    /// The slots of local processes have one size.
    fn of_this_machine(timeout: Duration) -> Self {
        Self {
            name: "local".to_owned(),
            rows: i64::MIN..i64::MAX,
            vcpu: 1.0,
            memory_mib: None,
            size_class: None,
            local_timeout: timeout,
        }
    }

    /// As a plan calls it in a sentence.
    pub fn title(&self) -> String {
        match self.size_class {
            Some(_) => format!("class {}", self.name),
            None => "this machine".to_owned(),
        }
    }

    /// Of a vCPU.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0.25 to 16"
    )]
    pub fn thousandths(&self) -> u64 {
        (self.vcpu * 1000.0).round() as u64
    }

    /// Of an attempt at a slot.
    pub fn timeout(&self, documents_per_slot: u32) -> Duration {
        match &self.size_class {
            Some(class) => class.timeout(documents_per_slot),
            None => self.local_timeout,
        }
    }
}

#[cfg(test)]
impl Place {
    /// Batch with these size classes.
    pub fn on_aws(size_classes: &str, max_vcpus: u32) -> Self {
        let classes = SizeClass::parse_all(size_classes).unwrap();
        Place::Aws {
            max_vcpus,
            converters: None,
            classes: classes.into_iter().map(Weight::of).collect(),
        }
    }

    /// As it is with a database that lets so many converters run at a time.
    #[must_use]
    pub fn with_converters(mut self, most: u32) -> Self {
        if let Place::Aws { converters, .. } = &mut self {
            *converters = Some(most);
        }
        self
    }

    /// A machine with so many cores.
    pub fn of_cores(parallel: usize, cores: usize) -> Self {
        Place::Local {
            parallel,
            cores,
            class: Weight::of_this_machine(Duration::from_hours(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fargate_s_is_not_this_machine_s() {
        let aws = Place::on_aws("small:20:0.25:512:900,large::2:4096:900", 4);
        let local = Place::of_cores(4, 2);
        let launches = aws.launches().unwrap();
        let pace = [launches.burst, launches.per_second].map(|number| number.to_string());
        assert_eq!(pace, ["100", "20"], "as a plan says");
        assert!(local.launches().is_none());
        // What is given back goes to the queue's end there, and is tried again in its place here.
        assert!(!aws.retry(0.1).in_place);
        assert!(local.retry(0.1).in_place);
        assert!((aws.billed_at_least() - 60.0).abs() < 1e-9);
        assert!(local.billed_at_least() < 1e-9);
    }

    #[test]
    fn most_converters_are_those_of_the_smallest_class() {
        let aws = Place::on_aws("small:20:0.25:512:900,large::2:4096:900", 4);
        assert_eq!(aws.most_converters(), 16);
        assert_eq!(Place::of_cores(4, 2).most_converters(), 4);
    }

    #[test]
    fn processes_beyond_the_cores_wait_for_each_other() {
        let crowding = |parallel, measured_at| {
            let times = Place::of_cores(parallel, 2).crowding(measured_at);
            format!("{times}")
        };
        assert_eq!(crowding(2, None), "1");
        assert_eq!(crowding(8, None), "4");
        // As crowded as it was measured, and half as crowded.
        assert_eq!(crowding(8, Some(8)), "1");
        assert_eq!(crowding(4, Some(8)), "0.5");
        assert_eq!(crowding(1, Some(1)), "1");
        let aws = Place::on_aws("all::1:2048:900", 400);
        assert_eq!(format!("{}", aws.crowding(Some(8))), "1");
    }
}
