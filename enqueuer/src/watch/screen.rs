//! Where a watch is shown: a terminal that is drawn over, or lines.

use std::io::{self, IsTerminal, Write};

use common::Error;
use common::config::Config;
use common::statement::Period;
use jiff::tz::TimeZone;

use super::frame::{fit, frame};
use super::lines;
use super::standing::Standing;
use crate::numbers::date_time;
use common::clock::Clock;

/// A terminal of its own, so that what was there before comes back, and no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Of a terminal that does not say how large it is.
const COLUMNS: usize = 80;
const ROWS: usize = 24;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Drawn in place.
    Screen,
    /// A line for a person's log.
    Plain,
    /// A JSON object on a line.
    Json,
}

impl Form {
    /// What suits stdout.
    pub fn of_stdout(json: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        match json {
            true => Form::Json,
            false if io::stdout().is_terminal() && !is_dumb => Form::Screen,
            false => Form::Plain,
        }
    }
}

/// Shows standings. Dropped, it leaves the terminal as it was.
pub struct Screen {
    form: Form,
    period: Period,
    zone: TimeZone,
    last: Option<Standing>,
    /// Since when the ledger does not answer, and why.
    lost: Option<(String, String)>,
}

impl Screen {
    pub fn open(form: Form, period: Period, config: &Config) -> io::Result<Self> {
        if form == Form::Screen {
            write(ENTER)?;
        }
        Ok(Self {
            form,
            period,
            zone: config.business_timezone.clone(),
            last: None,
            lost: None,
        })
    }

    /// Shows how it stands. An error: nobody reads any more.
    pub fn show(&mut self, standing: Standing) -> io::Result<()> {
        let line = match self.form {
            Form::Screen => None,
            Form::Plain => Some(lines::plain(&standing, &self.zone)),
            Form::Json => Some(lines::json(&standing).to_string()),
        };
        self.last = Some(standing);
        self.lost = None;
        match line {
            Some(line) => write(&format!("{line}\n")),
            None => self.redraw(),
        }
    }

    /// Says that the ledger does not answer; what was seen last stays.
    pub fn lose(&mut self, error: &Error) -> io::Result<()> {
        let now = date_time(Clock::default().now(), &self.zone);
        match self.form {
            Form::Json => write(&format!("{}\n", lines::lost_json(self.period, error))),
            Form::Plain => write(&format!(
                "{now} {}: NO ANSWER, trying again: {}\n",
                self.period,
                error.chain()
            )),
            Form::Screen => {
                let since = self.lost.take().map_or(now, |(since, _)| since);
                self.lost = Some((since, error.to_string()));
                self.redraw()
            }
        }
    }

    /// Draws what is known anew, as large as the terminal is now.
    pub fn redraw(&self) -> io::Result<()> {
        if self.form != Form::Screen {
            return Ok(());
        }
        let (columns, rows) = size();
        let mut drawn = String::from("\x1b[H");
        // No line feed after the last: it would scroll a screen that is full.
        for (n, line) in self.lines(columns, rows).iter().enumerate() {
            if n > 0 {
                drawn.push_str("\r\n");
            }
            drawn.push_str(line);
            drawn.push_str("\x1b[K");
        }
        drawn.push_str("\x1b[J");
        write(&drawn)
    }

    fn lines(&self, columns: usize, rows: usize) -> Vec<String> {
        let lost = self
            .lost
            .as_ref()
            .map(|(since, why)| format!("since {since}, trying again: {why}"));
        match (&self.last, lost) {
            (Some(standing), lost) => frame(standing, lost.as_deref(), &self.zone, columns, rows),
            (None, lost) => {
                let why = lost.map(|lost| fit(&format!("NO ANSWER {lost}"), columns));
                why.into_iter().collect()
            }
        }
    }
}

impl Drop for Screen {
    /// Gives the terminal back, and leaves on it what was seen last.
    fn drop(&mut self) {
        if self.form != Form::Screen {
            return;
        }
        let (columns, _) = size();
        let lines = self.lines(columns, usize::MAX);
        let _ = write(&format!("{LEAVE}{}\n", lines.join("\n")));
    }
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let (columns, rows) = size.map_or((0, 0), |size| (size.ws_col, size.ws_row));
    let or = |given: u16, otherwise| {
        if given == 0 {
            otherwise
        } else {
            usize::from(given)
        }
    };
    (or(columns, COLUMNS), or(rows, ROWS))
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
