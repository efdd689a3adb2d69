//! Connections of the database as a consumable resource of AWS Batch: a job asks for those that its converter holds, and begins only
//! when so many are free.

use aws_sdk_batch::types::{ConsumableResourceProperties, ConsumableResourceRequirement};
use common::{Error, Result, aws};

use super::BatchQueue;

/// Units of this type come back when a job ends.
const REPLENISHABLE: &str = "REPLENISHABLE";

/// So many parts of the connections may be free for a moment while all are wanted.
const COMES_AND_GOES: i64 = 10;

/// What one database has for converters.
#[derive(Debug, Clone)]
pub struct Budget {
    /// The consumable resource, by name or ARN.
    pub resource: String,
    pub connections: u32,
    /// How many of them a converter holds.
    pub per_converter: u32,
    /// How many converters that lets run at a time.
    pub converters: u32,
}

/// How many connections are free, as Batch counts them; it may lag by half a minute.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    pub total: i64,
    pub in_use: i64,
    pub available: i64,
    pub per_converter: i64,
}

impl Units {
    /// No further converter can begin, or only in the place of those that just ended: what little comes and goes is no room.
    pub fn are_short(&self) -> bool {
        self.available < self.per_converter.max(self.total / COMES_AND_GOES)
    }
}

impl BatchQueue {
    /// What a job asks for; `None` = connections are not counted.
    pub(super) fn connections_of_a_job(&self) -> Option<ConsumableResourceProperties> {
        let budget = self.budget.as_ref()?;
        let wanted = ConsumableResourceRequirement::builder()
            .consumable_resource(&budget.resource)
            .quantity(budget.per_converter.into())
            .build();
        let asked = ConsumableResourceProperties::builder().consumable_resource_list(wanted);
        Some(asked.build())
    }

    /// How many connections are free; `None` = they are not counted.
    pub async fn units(&self) -> Result<Option<Units>> {
        let Some(budget) = &self.budget else {
            return Ok(None);
        };
        Ok(Some(self.described(budget).await?.0))
    }

    /// Whether the resource has the connections of the settings. Tells how many are in use.
    pub async fn check_connections(&self) -> Result<Option<String>> {
        let Some(budget) = &self.budget else {
            return Ok(None);
        };
        let (units, kind) = self.described(budget).await?;
        let resource = &budget.resource;
        let mend = "terraform apply makes and sizes it (database_connections)";
        if kind != REPLENISHABLE {
            return Err(Error::config(format!(
                "the consumable resource {resource} is {kind}, so that its connections never come back: {mend}"
            )));
        }
        if units.total != i64::from(budget.connections) {
            return Err(Error::config(format!(
                "the consumable resource {resource} has {} connections, and DATABASE_CONNECTIONS says {}: {mend}",
                units.total, budget.connections
            )));
        }
        Ok((units.in_use > 0).then(|| {
            format!(
                "{} of {} are in use; while no job runs they are lost: runbooks/waiting-for-database.md",
                units.in_use, units.total
            )
        }))
    }

    /// The resource's units and type.
    async fn described(&self, budget: &Budget) -> Result<(Units, String)> {
        let resource = &budget.resource;
        let asked = self.client.describe_consumable_resource();
        let asked = asked.consumable_resource(resource).send().await;
        let answer = asked.map_err(|error| {
            let doing = format!(
                "describing the consumable resource {resource} (BATCH_CONSUMABLE_RESOURCE)"
            );
            aws::failed(&doing, error)
        })?;
        let units = Units {
            total: answer.total_quantity.unwrap_or_default(),
            in_use: answer.in_use_quantity.unwrap_or_default(),
            available: answer.available_quantity.unwrap_or_default(),
            per_converter: budget.per_converter.into(),
        };
        Ok((units, answer.resource_type.unwrap_or_default()))
    }
}
