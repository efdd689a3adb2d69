//! `status --watch`: looks at a period every few seconds until nothing is open and nothing will come. Reads only.

mod first;
mod frame;
mod lines;
mod pace;
mod screen;
mod standing;
mod words;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::config::Config;
use common::ledger::Ledger;
use common::statement::Period;
use common::termination::Termination;
use common::{Class, Error, Result};
use tokio::signal::unix::{SignalKind, signal};

pub use self::lines::hold_json;
use self::screen::{Form, Screen};
use self::standing::{Observer, Outlook, Standing};
pub use self::words::{slots_waiting_for_database, waiting_for_database};
use crate::deadline::Deadline;
use crate::out;

/// Seconds between two looks, where somebody sees the screen and elsewhere.
const EVERY_ON_SCREEN: Duration = Duration::from_secs(2);
const EVERY_LINE: Duration = Duration::from_secs(10);

/// A ledger is looked at for a tenth of the time at most, however slow it is; and once a minute at least.
const PAUSE_PER_LOOK: u32 = 10;
const PAUSE_AT_MOST: Duration = Duration::from_mins(1);

/// What is watched, and how it is shown.
#[derive(Debug)]
pub struct Watch {
    /// `None` = that of the newest run; where there is none yet, of the first one.
    pub period: Option<Period>,
    pub deadline: Option<Deadline>,
    /// `None` = as it suits.
    pub every: Option<Duration>,
    pub json: bool,
}

impl Watch {
    /// Watches to the end: exit 0 when the period is complete, or nobody reads any more; 1 when its run died and none will follow;
    /// 75 when it is told to end before, or cannot show anything.
    pub async fn follow(self, config: &Config, ledger: Ledger) -> Result<ExitCode> {
        let form = Form::of_stdout(self.json);
        let every = self.every.unwrap_or(match form {
            Form::Screen => EVERY_ON_SCREEN,
            Form::Plain | Form::Json => EVERY_LINE,
        });
        let mut cancel = Termination::listen()?;
        let mut resized = signal(SignalKind::window_change())
            .map_err(|reason| Error::bug("signals cannot be listened to").because(reason))?;
        let period = match self.period {
            Some(period) => period,
            None => match first::run(&ledger, form, every, &mut cancel).await? {
                Some(period) => period,
                None => return Ok(told_to_end()),
            },
        };
        let mut observer = Observer::new(config, ledger, period, self.deadline);
        let mut screen = match Screen::open(form, period, config) {
            Ok(screen) => screen,
            Err(reason) => return not_shown(reason),
        };
        loop {
            let began = Instant::now();
            let looked = tokio::select! {
                () = cancel.requested() => return Ok(told_to_end()),
                looked = observer.look() => looked,
            };
            let mut over = None;
            let shown = match looked {
                Ok(standing) => {
                    over = standing.is_over().then(|| exit_code(&standing));
                    screen.show(standing)
                }
                Err(error) if error.class() == Class::Retry => screen.lose(&error),
                Err(error) => return Err(error),
            };
            if let Err(reason) = shown {
                return not_shown(reason);
            }
            if let Some(code) = over {
                return Ok(code);
            }
            let pause = (began.elapsed() * PAUSE_PER_LOOK).clamp(every, PAUSE_AT_MOST.max(every));
            let next = tokio::time::sleep(pause);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = cancel.requested() => return Ok(told_to_end()),
                    _ = resized.recv() => if let Err(reason) = screen.redraw() {
                        return not_shown(reason);
                    },
                    () = &mut next => break,
                }
            }
        }
    }
}

/// Of a period that is over.
fn exit_code(standing: &Standing) -> ExitCode {
    if standing.outlook == Outlook::Complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whoever closes the pipe has seen enough.
fn not_shown(reason: std::io::Error) -> Result<ExitCode> {
    out::keep(Err(reason));
    out::arrived().map(|()| ExitCode::SUCCESS)
}

fn told_to_end() -> ExitCode {
    ExitCode::from(Class::Retry.exit_code())
}
