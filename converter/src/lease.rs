//! The lease of an attempt, renewed in the background, and the request to terminate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::ledger::{Attempt, Ledger};
use common::termination::Termination;
use common::{Class, Error, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, timeout};

/// An error once the process was asked to end.
pub fn check(termination: &Termination) -> Result<()> {
    if termination.is_requested() {
        Err(terminated())
    } else {
        Ok(())
    }
}

/// Sleeps, unless the process is asked to end.
pub async fn sleep(time: Duration, termination: &mut Termination) -> Result<()> {
    tokio::select! {
        () = termination.requested() => Err(terminated()),
        () = tokio::time::sleep(time) => Ok(()),
    }
}

/// The cause of what ends because its lease is over.
pub const LOST: &str = "lease_lost";

/// Tells the ledger something, for as long as a lease holds: after that it is another attempt's to tell.
pub async fn for_as_long<T>(lease: Duration, told: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(lease, told).await.unwrap_or_else(|_| Err(silent()))
}

fn silent() -> Error {
    Error::retry(
        LOST,
        "the ledger did not answer for as long as a lease holds",
    )
}

/// The process was asked to end.
pub fn terminated() -> Error {
    Error::retry(
        "terminated",
        "told to terminate; the document is given back",
    )
}

/// A held lease. Dropping it ends the renewal.
pub struct Lease {
    renewal: JoinHandle<()>,
    lost: oneshot::Receiver<Error>,
    termination: Termination,
    stop: Arc<AtomicBool>,
}

impl Lease {
    /// Renews the attempt's lease at a third of its time.
    pub fn hold(ledger: Ledger, attempt: Attempt, termination: Termination) -> Self {
        let (sender, lost) = oneshot::channel();
        let renewal = tokio::spawn(async move {
            let _ = sender.send(renew_until_lost(&ledger, &attempt).await);
        });
        Self {
            renewal,
            lost,
            termination,
            stop: Arc::default(),
        }
    }

    /// Set when the attempt must not go on; the writer looks at it.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Works until the work is done or the lease is over, which drops the work where it is.
    pub async fn or_over<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let stop = self.stop.clone();
        tokio::select! {
            // The lease first: whoever lost it or was told to terminate must not go on.
            biased;
            over = self.over() => {
                stop.store(true, Ordering::Relaxed);
                Err(over)
            }
            done = work => done,
        }
    }

    /// Returns when the lease is lost or termination is asked for, with the reason.
    pub async fn over(&mut self) -> Error {
        tokio::select! {
            lost = &mut self.lost => lost.unwrap_or_else(|_| Error::bug("the lease's renewal ended")),
            () = self.termination.requested() => terminated(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.renewal.abort();
    }
}

/// Renews until the ledger says that the lease is lost, or did not answer for so long that it must be taken for lost.
async fn renew_until_lost(ledger: &Ledger, attempt: &Attempt) -> Error {
    let mut held_until = Instant::now() + ledger.lease();
    let mut ticks = tokio::time::interval(ledger.lease() / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        match tokio::time::timeout_at(held_until, ledger.renew(attempt)).await {
            Ok(Ok(())) => held_until = asked + ledger.lease(),
            Ok(Err(error)) if error.class() != Class::Retry || error.cause() == LOST => {
                return error;
            }
            Ok(Err(error)) => {
                tracing::warn!(error = error.chain(), "the lease could not be renewed");
                if Instant::now() >= held_until {
                    return Error::retry(LOST, "the ledger failed for as long as a lease holds")
                        .because(error);
                }
            }
            Err(_) => {
                return silent();
            }
        }
    }
}
