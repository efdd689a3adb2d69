//! Consumable resources: DescribeConsumableResource, and who holds how many units. Units are taken at STARTING and given back at SUCCEEDED
//! and FAILED; Batch's documentation says nothing of a retry, so an attempt that ends gives them back here, too.

use serde_json::{Value, json};

use super::BatchServer;
use super::api::{Refusal, client_error, required};
use super::definition::arn;
use super::run::fill;
use super::state::{Shared, Slot, State, Status};

/// The one that a test has made.
#[derive(Debug, Clone)]
pub(super) struct ConsumableResource {
    pub name: String,
    pub total: i64,
    pub resource_type: &'static str,
    /// Units that nobody holds and nobody gives back.
    pub leaked: i64,
}

impl ConsumableResource {
    fn is_called(&self, name: &str) -> bool {
        name == self.name || name == arn("consumable-resource", &self.name)
    }
}

pub(super) fn describe(shared: &Shared, request: &Value) -> Result<Value, Refusal> {
    let wanted = required(request, "consumableResource")?;
    let state = shared.state();
    let resource = state.consumable.as_ref();
    let Some(resource) = resource.filter(|known| known.is_called(wanted)) else {
        return client_error(format!("ConsumableResource {wanted} not found"));
    };
    let in_use = state.units_in_use() + resource.leaked;
    Ok(json!({
        "consumableResourceName": resource.name,
        "consumableResourceArn": arn("consumable-resource", &resource.name),
        "totalQuantity": resource.total,
        "inUseQuantity": in_use,
        "availableQuantity": (resource.total - in_use).max(0),
        "resourceType": resource.resource_type,
        "createdAt": 0,
    }))
}

/// What Batch refuses of a submission.
pub(super) fn check(shared: &Shared, request: &Value) -> Result<(), Refusal> {
    let state = shared.state();
    for wanted in wanted_of(request) {
        let name = wanted["consumableResource"].as_str().unwrap_or_default();
        let known = state.consumable.as_ref();
        if !known.is_some_and(|known| known.is_called(name)) {
            return client_error(format!("ConsumableResource {name} not found"));
        }
    }
    Ok(())
}

fn wanted_of(request: &Value) -> impl Iterator<Item = &Value> {
    let list = &request["consumableResourcePropertiesOverride"]["consumableResourceList"];
    list.as_array().into_iter().flatten()
}

/// Units that each child of a submission takes.
pub(super) fn units(request: &Value) -> i64 {
    wanted_of(request)
        .filter_map(|wanted| wanted["quantity"].as_i64())
        .sum()
}

impl State {
    /// Of all children that start or run.
    fn units_in_use(&self) -> i64 {
        let holds = |slot: &Slot| {
            matches!(
                self.child(*slot).status(),
                Status::Starting | Status::Running
            )
        };
        let slots = self.every_slot().filter(holds);
        slots.map(|slot| units(&self.jobs[slot.job].request)).sum()
    }

    /// Whether a child may start as far as its units go.
    pub fn has_units_for(&self, slot: Slot) -> bool {
        let wanted = units(&self.jobs[slot.job].request);
        let known = self.consumable.as_ref();
        wanted == 0
            || known.is_some_and(|known| self.units_in_use() + known.leaked + wanted <= known.total)
    }
}

/// What a test does with it.
impl BatchServer {
    /// Makes the consumable resource, or makes it anew with another size.
    pub fn make_consumable_resource(&self, name: &str, total: i64) {
        self.shared.state().consumable = Some(ConsumableResource {
            name: name.to_owned(),
            total,
            resource_type: "REPLENISHABLE",
            leaked: 0,
        });
        fill(&self.shared);
    }

    /// Its units do not come back any more.
    pub fn make_units_come_back_no_more(&self) {
        if let Some(resource) = &mut self.shared.state().consumable {
            resource.resource_type = "NON_REPLENISHABLE";
        }
    }

    /// So many units are in use by nobody.
    pub fn leak_units(&self, units: i64) {
        if let Some(resource) = &mut self.shared.state().consumable {
            resource.leaked = units;
        }
        fill(&self.shared);
    }

    /// The queue cancels what is RUNNABLE for too long, as far as is told.
    pub fn limit_runnable(&self) {
        self.shared.state().limits_runnable = true;
    }
}
