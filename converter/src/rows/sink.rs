//! The reading end of the bounded channel between SQL and the workbook: reading overlaps writing, and neither runs far
//! ahead of the other.

use std::collections::VecDeque;
use std::sync::Arc;

use common::{Error, Result};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc};

use super::BATCH_ROWS;

/// Batches that may wait for the writer.
const WAITING_BATCHES: usize = 8;

/// What travels to the writer.
#[derive(Debug)]
pub enum Batch<T> {
    Rows(Arc<Vec<T>>),
    /// The section is complete. A channel that closes without it means that the reader failed.
    End,
}

/// Takes the rows of one section.
pub struct Sink<T> {
    /// `None` = nobody takes them.
    sender: Option<mpsc::Sender<Batch<T>>>,
    pending: Vec<T>,
    /// What was sent, until the writer has surely let go of it: freeing what another thread allocated is slow, and the writer is the
    /// one who is waited for.
    sent: VecDeque<Arc<Vec<T>>>,
    is_long: Arc<Notify>,
}

/// A section's channel. `is_long` is notified when the section has a full batch; one without fits into its channel as a whole.
pub fn channel<T>(is_long: &Arc<Notify>) -> (Sink<T>, mpsc::Receiver<Batch<T>>) {
    let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
    (
        Sink {
            sender: Some(sender),
            pending: Vec::with_capacity(BATCH_ROWS),
            sent: VecDeque::new(),
            is_long: is_long.clone(),
        },
        receiver,
    )
}

/// The next batch; `None` when the reader failed. Blocks until there is one, which an asynchronous task must not: there, everything
/// must have been sent before.
pub fn next<T>(rows: &mut mpsc::Receiver<Batch<T>>) -> Option<Batch<T>> {
    match rows.try_recv() {
        Err(TryRecvError::Empty) => rows.blocking_recv(),
        sent_or_closed => sent_or_closed.ok(),
    }
}

impl<T> Sink<T> {
    /// For rows that are read for the sake of reading: they are let go of at once.
    pub fn to_nobody() -> Self {
        Self {
            sender: None,
            pending: Vec::new(),
            sent: VecDeque::new(),
            is_long: Arc::default(),
        }
    }

    pub async fn push(&mut self, row: T) -> Result<()> {
        if self.sender.is_none() {
            return Ok(());
        }
        self.pending.push(row);
        if self.pending.len() == BATCH_ROWS {
            let full = std::mem::replace(&mut self.pending, Vec::with_capacity(BATCH_ROWS));
            self.is_long.notify_one();
            self.send_rows(full).await?;
        }
        Ok(())
    }

    /// Sends what is pending and says that the section is complete.
    pub async fn end(mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.send_rows(rest).await?;
        }
        self.send(Batch::End).await
    }

    async fn send_rows(&mut self, rows: Vec<T>) -> Result<()> {
        // Beside those that wait, the writer has one.
        if self.sent.len() == WAITING_BATCHES + 2 {
            self.sent.pop_front();
        }
        let rows = Arc::new(rows);
        self.sent.push_back(rows.clone());
        self.send(Batch::Rows(rows)).await
    }

    async fn send(&self, batch: Batch<T>) -> Result<()> {
        let Some(sender) = &self.sender else {
            return Ok(());
        };
        // The writer's own error says why; this one is never shown.
        sender
            .send(batch)
            .await
            .map_err(|_| Error::bug("the writer stopped"))
    }
}
