//! What tells a job that waits for connections of the database from one that is stuck: both are RUNNABLE, and Batch gives no reason
//! that is the database's alone.

use common::Result;

use crate::queue::{BatchQueue, Units};

/// Whether the database has connections for a further converter.
pub enum Database {
    /// Or they are not counted: what does not begin is kept from it by something else.
    Free,
    Short(Units),
    /// Batch did not say: nobody can tell why a job does not begin.
    Unknown,
}

impl Database {
    pub async fn of(batch: &BatchQueue) -> (Self, Result<()>) {
        match batch.units().await {
            Ok(Some(units)) if units.are_short() => (Self::Short(units), Ok(())),
            Ok(_) => (Self::Free, Ok(())),
            Err(error) => (Self::Unknown, Err(error)),
        }
    }
}

/// Slots of a run that wait for the database.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub slots: u64,
    pub units: Units,
}
