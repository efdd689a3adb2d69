//! Progress: a bar on a terminal, a plain line every few seconds elsewhere.

use std::time::{Duration, Instant};

use common::telemetry;
use indicatif::{ProgressBar, ProgressStyle};

use crate::context::on_terminal;

/// Seconds between plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress over the documents of a run, or over other things.
pub struct Progress {
    /// Hidden where nobody looks at a terminal.
    bar: ProgressBar,
    noun: &'static str,
    plain: bool,
    last_line: Instant,
    expected: u64,
    ended: u64,
}

impl Progress {
    /// Over documents.
    pub fn begin() -> Self {
        Self::begin_of("documents")
    }

    /// Over anything else.
    pub fn begin_of(noun: &'static str) -> Self {
        let plain = !on_terminal();
        let bar = if plain {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(0)
        };
        let style = ProgressStyle::with_template(&format!(
            "{{bar:30}} {{pos}}/{{len}} {noun}  {{per_sec}}  {{eta}} left"
        ));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            noun,
            plain,
            last_line: Instant::now(),
            expected: 0,
            ended: 0,
        }
    }

    /// More documents are under way.
    pub fn expect(&mut self, documents: u64) {
        self.expected += documents;
        self.bar.set_length(self.expected);
    }

    /// So many documents have ended.
    pub fn advance(&mut self, documents: u64) {
        self.ended += documents;
        self.bar.set_position(self.ended);
        if self.plain && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            telemetry::print(&format!(
                "{} of {} {}",
                self.ended, self.expected, self.noun
            ));
        }
    }

    /// A message above the bar.
    pub fn say(&self, message: &str) {
        self.bar.suspend(|| telemetry::print(message));
    }

    pub fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}
