//! How the queue works: of the local one and of AWS Batch.

use std::num::{NonZeroU32, NonZeroUsize, ParseIntError};
use std::str::FromStr;
use std::time::Duration;

use common::config::{Config, Deployment, Settings};
use common::ledger::Ledger;
use common::{Error, Result, aws};

use super::size_class::{self, SizeClass};
use super::{BatchQueue, Budget, ProcessQueue, Queue};

/// The settings of the queue.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Queue")]
pub struct QueueSettings {
    /// Documents per slot of a job; each still succeeds or fails by itself
    #[arg(long, env = "DOCUMENTS_PER_SLOT", value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub documents_per_slot: u32,
    /// Holds a period when the gate refuses more than so many percent of a run's documents, and at least 20 (100 = never)
    #[arg(long, env = "REFUSALS_PERCENT", value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(0..=100))]
    pub refusals_percent: u32,
    /// Locally: converters at a time [default: the number of cores]
    #[arg(long, env = "LOCAL_PARALLEL", value_name = "N")]
    parallel: Option<Count>,
    /// Locally: seconds an attempt may take before it is stopped
    #[arg(long, env = "JOB_TIMEOUT_SECONDS", value_name = "N", default_value_t = 3600,
          value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    #[command(flatten)]
    place: BatchPlace,
    /// On AWS: NAME:BELOW_ROWS:VCPU:MEMORY_MIB:TIMEOUT_SECONDS, comma-separated, the last without rows
    #[arg(long, env = "SIZE_CLASSES", value_name = "CLASSES", default_value = size_class::DEFAULT)]
    pub size_classes: String,
    /// Connections that one database has for converters: on AWS jobs ask for theirs, locally more than these at peak is a warning
    /// [default: not counted]
    #[arg(long, env = "DATABASE_CONNECTIONS", value_name = "N")]
    database_connections: Option<Count>,
    /// On AWS: the consumable resource of Batch that has these connections, by name or ARN
    #[arg(long, env = "BATCH_CONSUMABLE_RESOURCE", value_name = "RESOURCE")]
    batch_consumable_resource: Option<String>,
    /// On AWS: seconds after which a job that Batch does not list counts as lost
    #[arg(
        long,
        env = "LOST_AFTER_SECONDS",
        value_name = "N",
        default_value_t = 600
    )]
    lost_after: u64,
}

/// Which queue of AWS Batch it is: all that a command needs which submits nothing.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Queue")]
pub struct BatchPlace {
    /// On AWS: the Batch job queue, by name or ARN
    #[arg(long, env = "BATCH_JOB_QUEUE", value_name = "QUEUE")]
    batch_job_queue: Option<String>,
    /// On AWS: the Batch job definition, by name, name:revision or ARN
    #[arg(long, env = "BATCH_JOB_DEFINITION", value_name = "DEFINITION")]
    batch_job_definition: Option<String>,
}

/// How much there is of it: what a run may take at a time.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Queue")]
pub struct CapacitySettings {
    /// On AWS: vCPUs that converters have at a time, maxvCpus of all compute environments of the queue
    #[arg(long, env = "MAX_VCPUS", value_name = "N")]
    max_vcpus: Option<Count>,
}

impl CapacitySettings {
    pub fn max_vcpus(&self) -> Option<u32> {
        self.max_vcpus.and_then(Count::get)
    }
}

/// At least one of something. An empty text is as if nothing had been said, as deployments write it that leave a setting out.
#[derive(Debug, Clone, Copy)]
struct Count(Option<NonZeroU32>);

impl Count {
    fn get(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }
}

impl FromStr for Count {
    type Err = ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseIntError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Count(None));
        }
        text.parse().map(Some).map(Count)
    }
}

/// Of this machine.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

impl QueueSettings {
    /// Converters at a time on this machine.
    pub fn local_parallel(&self) -> usize {
        let given = self.parallel.and_then(Count::get);
        given.map_or_else(cores, |parallel| parallel as usize)
    }

    /// What an attempt may take on this machine.
    pub fn local_timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// Opens the deployment's queue.
    pub async fn open(
        &self,
        config: &Config,
        settings: &Settings,
        ledger: &Ledger,
    ) -> Result<Queue> {
        match config.deployment {
            Deployment::Local => {
                let (parallel, timeout) = (self.local_parallel(), self.local_timeout());
                ProcessQueue::new(config, settings, ledger.clone(), parallel, timeout)
                    .map(Queue::Processes)
            }
            Deployment::Aws => self.batch(config).await.map(Queue::Batch),
        }
    }

    /// The queue on AWS Batch.
    pub async fn batch(&self, config: &Config) -> Result<BatchQueue> {
        let classes = SizeClass::parse_all(&self.size_classes)?;
        let lost_after = Duration::from_secs(self.lost_after);
        let budget = self.budget(config)?;
        self.place.open(classes, lost_after, budget).await
    }

    /// Connections that one database has for converters.
    pub fn database_connections(&self) -> Option<u32> {
        self.database_connections.and_then(Count::get)
    }

    /// On AWS, how many converters these connections let run at a time; `None` = they are not counted.
    pub fn most_converters(&self, config: &Config) -> Result<Option<u32>> {
        let Some(connections) = self.database_connections() else {
            return Ok(None);
        };
        let per_converter = connections_per_converter(config);
        if connections < per_converter {
            return Err(Error::config(format!(
                "DATABASE_CONNECTIONS is {connections}, and a converter holds {per_converter}: every job would wait for ever"
            )));
        }
        Ok(Some(connections / per_converter))
    }

    fn budget(&self, config: &Config) -> Result<Option<Budget>> {
        let (Some(connections), Some(converters)) =
            (self.database_connections(), self.most_converters(config)?)
        else {
            return Ok(None);
        };
        let why = "DATABASE_CONNECTIONS is: it is the consumable resource of which jobs take them";
        let resource = required(
            self.batch_consumable_resource.as_ref(),
            "BATCH_CONSUMABLE_RESOURCE",
            why,
        )?;
        Ok(Some(Budget {
            resource,
            connections,
            per_converter: connections_per_converter(config),
            converters,
        }))
    }
}

impl BatchPlace {
    /// The queue, for looking at jobs and cancelling them.
    pub async fn without_submissions(&self) -> Result<BatchQueue> {
        self.open(Vec::new(), Duration::MAX, None).await
    }

    async fn open(
        &self,
        classes: Vec<SizeClass>,
        lost_after: Duration,
        budget: Option<Budget>,
    ) -> Result<BatchQueue> {
        let set = |value: &Option<String>, name: &str| {
            required(
                value.as_ref(),
                name,
                "with DEPLOYMENT=aws nothing has a default",
            )
        };
        let queue = set(&self.batch_job_queue, "BATCH_JOB_QUEUE")?;
        let definition = set(&self.batch_job_definition, "BATCH_JOB_DEFINITION")?;
        let sdk = aws::sdk_config().await?;
        Ok(BatchQueue::new(
            &sdk, queue, definition, classes, lost_after, budget,
        ))
    }
}

/// A setting that has no default.
fn required(value: Option<&String>, name: &str, why: &str) -> Result<String> {
    value
        .filter(|value| !value.trim().is_empty())
        .cloned()
        .ok_or_else(|| Error::config(format!("{name} is not set: {why}")))
}

/// To one database: a converter holds one to the source and one to the ledger.
pub fn connections_per_converter(config: &Config) -> u32 {
    let together = config
        .database_url
        .is_same_database(&config.source_database_url);
    if together { 2 } else { 1 }
}
