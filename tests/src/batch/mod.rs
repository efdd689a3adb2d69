//! AWS Batch, as far as this project uses it: a server in the test's process that speaks its API as the real one, and runs
//! the real converter as Batch runs containers. Faults are methods of its handle.
//!
//! request → `api` (fault, operation, record) → `submit` → queue → `run` → `settle` (rules of `retry`) → SUCCEEDED, FAILED or
//! the queue again

mod api;
mod cancel;
mod consumable;
mod definition;
mod describe;
mod faults;
mod list;
mod place;
mod record;
mod retry;
mod run;
mod settle;
mod state;
mod submit;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::timeout;

pub use api::Operation;
pub use definition::{Definition, retry_strategy};
pub use faults::{Disturbance, Fault};
pub use record::{Call, Running, Submission};
pub use state::Status;

use crate::loopback::Loopback;
use state::Shared;

/// How long a test waits for the server's jobs.
const PATIENCE: Duration = Duration::from_mins(5);

/// The server. Dropped, it kills what it runs. It answers on the runtime of the test, which must not block its thread.
pub struct BatchServer {
    shared: Arc<Shared>,
    loopback: Loopback,
}

impl BatchServer {
    /// Starts a server with one job queue and one job definition.
    pub async fn start(definition: Definition) -> Result<Self> {
        let shared = Shared::new(definition)?;
        let answering = shared.clone();
        let loopback =
            Loopback::serve(move |request| api::answer(answering.clone(), request)).await?;
        Ok(Self { shared, loopback })
    }

    /// What `AWS_ENDPOINT_URL_BATCH` is set to.
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// The settings with which an AWS SDK finds the server: `BATCH_JOB_QUEUE` and `BATCH_JOB_DEFINITION` are ours.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let definition = &self.shared.definition;
        vec![
            ("AWS_ENDPOINT_URL_BATCH", self.url()),
            ("AWS_REGION", "ap-northeast-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDTESTTESTTESTTEST".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("BATCH_JOB_QUEUE", definition.job_queue.clone()),
            ("BATCH_JOB_DEFINITION", definition.job_definition.clone()),
        ]
    }

    /// Waits until nothing is queued or running any more. What is held, or only accepted, is not waited for.
    pub async fn wait_idle(&self) -> Result<()> {
        self.wait_until("nothing is queued or running", |server| {
            server.shared.state().is_idle()
        })
        .await
    }

    /// Waits until `condition` holds; it is asked whenever a request came or a job's status changed.
    pub async fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) -> Result<()> {
        let waiting = async {
            loop {
                // Taken before the condition is asked, so that no change between goes unheard.
                let changed = self.shared.changed.notified();
                if condition(self) {
                    return;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .with_context(|| format!("waited in vain until {what}"))
    }
}

impl Drop for BatchServer {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.closed = true;
        for slot in state.every_slot() {
            state.child(slot).kill();
        }
    }
}
