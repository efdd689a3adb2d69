//! The request to end: SIGTERM, as Batch and operators send it, or Ctrl-C.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::{Error, Result};

/// Tells whether the process was asked to end.
#[derive(Debug, Clone)]
pub struct Termination(watch::Receiver<bool>);

impl Termination {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let listen = |kind| {
            signal(kind)
                .map_err(|reason| Error::bug("signals cannot be listened to").because(reason))
        };
        let (mut terminate, mut interrupt) = (
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
        );
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let _ = sender.send(true);
            // Keeps the channel open: a closed one would look like a signal.
            std::future::pending::<()>().await;
        });
        Ok(Self(receiver))
    }

    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is requested.
    pub async fn requested(&mut self) {
        let _ = self.0.wait_for(|requested| *requested).await;
    }
}
