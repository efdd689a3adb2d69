//! The request to end: SIGTERM, as Batch and operators send it, Ctrl-C, or a time limit that is over. Whatever hangs then, the process
//! ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};
use std::{io, process, thread};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::{Class, Error, Result, telemetry};

/// How long a process may take to put things in order once it was told to end, and its children have ended.
const PUT_IN_ORDER: Duration = Duration::from_secs(4);

/// How long the rest of it may take to end by itself after that.
const AT_LAST: Duration = Duration::from_secs(1);

/// How often is looked whether children have ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Working,
    Requested,
    Overdue,
}

/// How long the process may take. `None` = as long as it takes.
static LIMIT: OnceLock<Duration> = OnceLock::new();

/// Processes that were told to end, too, and have a time of their own for it.
static CHILDREN: AtomicUsize = AtomicUsize::new(0);

/// Tells whether the process was asked to end.
#[derive(Debug, Clone)]
pub struct Termination(watch::Receiver<Stage>);

/// Counts a child process while it is there.
#[derive(Debug)]
pub struct Child(());

impl Child {
    pub fn begins() -> Self {
        CHILDREN.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        CHILDREN.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ends the process, as a signal would, once it has listened for that long. For who calls it before anything listens.
pub fn limit(limit: Duration) {
    let _ = LIMIT.set(limit);
}

impl Termination {
    /// Listens from the first call on, for the whole process.
    pub fn listen() -> Result<Self> {
        static OF_PROCESS: OnceLock<watch::Receiver<Stage>> = OnceLock::new();
        if let Some(stage) = OF_PROCESS.get() {
            return Ok(Self(stage.clone()));
        }
        let failed = || Error::bug("signals cannot be listened to");
        let (sender, receiver) = watch::channel(Stage::Working);
        let (listening, listens) = mpsc::channel();
        // A thread of its own: what the process hangs in may not be a wait of its runtime.
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let ended = runtime.and_then(|runtime| runtime.block_on(follow(&sender, &listening)));
            let _ = listening.send(ended);
        });
        let listens = listens.recv().map_err(|reason| failed().because(reason))?;
        listens.map_err(|reason| failed().because(reason))?;
        Ok(Self(OF_PROCESS.get_or_init(|| receiver).clone()))
    }

    pub fn is_requested(&self) -> bool {
        *self.0.borrow() >= Stage::Requested
    }

    /// Returns when it is requested.
    pub async fn requested(&mut self) {
        let _ = self.0.wait_for(|stage| *stage >= Stage::Requested).await;
    }

    /// Returns when it was requested and there was time to put everything in order.
    pub async fn overdue(&mut self) {
        let _ = self.0.wait_for(|stage| *stage == Stage::Overdue).await;
    }
}

/// Does something, but no longer than there is time for once the process was told to terminate.
pub async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut termination = Termination::listen()?;
    tokio::select! {
        biased;
        done = work => done,
        () = termination.overdue() => Err(told()),
    }
}

/// The process was told to terminate.
pub fn told() -> Error {
    Error::retry("terminated", "told to terminate")
}

/// Waits for the first signal or the end of the time limit, gives the process its time, and ends it.
async fn follow(
    stage: &watch::Sender<Stage>,
    listening: &mpsc::Sender<io::Result<()>>,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let _ = listening.send(Ok(()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        limit = end_of_limit() => telemetry::warn(&format!(
            "the time limit of {} s (TIME_LIMIT_SECONDS) is over: ending as when told to terminate",
            limit.as_secs()
        )),
    }
    stage.send_replace(Stage::Requested);
    let mut since = Instant::now();
    while since.elapsed() < PUT_IN_ORDER {
        sleep(LOOK_EVERY).await;
        if CHILDREN.load(Ordering::SeqCst) > 0 {
            since = Instant::now();
        }
    }
    stage.send_replace(Stage::Overdue);
    sleep(AT_LAST).await;
    telemetry::print(
        "told to terminate, and what was under way did not end: what is open is taken up by the next run",
    );
    process::exit(Class::Retry.exit_code().into());
}

/// Returns the time limit when it is over, and never where there is none.
async fn end_of_limit() -> Duration {
    match LIMIT.get() {
        Some(limit) => {
            sleep(*limit).await;
            *limit
        }
        None => std::future::pending().await,
    }
}
