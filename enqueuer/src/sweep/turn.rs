//! One sweep at a time: each would ask Batch and the ledger the same.

use common::ledger::Ledger;
use common::{Error, Result};
use tokio::time::sleep;

/// Sweeps under the ledger's lease, which is renewed meanwhile and given back at the end. `None` = another process has it, and nothing
/// is done.
///
/// A sweep that was frozen for so long that another one has taken its lease ends with an error (75).
pub async fn take<T>(ledger: &Ledger, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    let holder = format!("{:016x}", fastrand::u64(..));
    if !ledger.take_sweep(&holder).await? {
        return Ok(None);
    }
    let worked = tokio::select! {
        biased;
        lost = until_lost(ledger, &holder) => Err(lost),
        worked = work => worked,
    };
    let released = ledger.release_sweep(&holder).await;
    // The first error is the one that says why.
    let worked = worked?;
    released?;
    Ok(Some(worked))
}

/// Renews the lease until another process has it.
async fn until_lost(ledger: &Ledger, holder: &str) -> Error {
    loop {
        sleep(ledger.lease() / 3).await;
        match ledger.renew_sweep(holder).await {
            Ok(true) => {}
            Ok(false) => {
                return Error::retry(
                    "lease_lost",
                    "another sweep has taken over: this one was silent for longer than LEASE_SECONDS",
                );
            }
            Err(error) => tracing::warn!(
                error = error.chain(),
                "the lease of sweeps could not be renewed"
            ),
        }
    }
}
