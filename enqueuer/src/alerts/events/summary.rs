//! The end of a run: what became of its documents, and how its period stands by then.

use std::fmt::Write as _;
use std::time::Duration;

use super::{alert, counted, span};
use crate::alerts::{About, Alert, Urgency, causes};

/// How the documents of a whole period stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodStanding {
    pub published: u64,
    pub failed: u64,
    /// Neither settled nor excused.
    pub open: u64,
}

impl PeriodStanding {
    fn due(self) -> u64 {
        self.published + self.failed + self.open
    }
}

/// A run at its end.
#[derive(Debug, Clone)]
pub struct RunSummary {
    pub about: About,
    /// Documents that the run found due.
    pub found: u64,
    pub published: u64,
    /// Failed documents by cause, most first.
    pub failed: Vec<(String, u64)>,
    pub excused: u64,
    /// Documents of accounts that were closed before the period.
    pub closed_active: u64,
    /// Rows whose account_id no account can have: they are in no document.
    pub unusable_rows: u64,
    /// Of the published ones, for paper: without consent to electronic delivery.
    pub paper: u64,
    pub duration: Duration,
    /// What other runs of the period did counts here, too.
    pub period: PeriodStanding,
}

/// A run at its end.
pub fn run_summary(run: &RunSummary) -> Alert {
    let cause = &causes::RUN_SUMMARY;
    let failed: u64 = run.failed.iter().map(|(_, documents)| documents).sum();
    let mut title = format!(
        "{}: {} published, {failed} failed",
        run.about.period,
        counted(run.published, "document")
    );
    let period = run.period;
    // Where the run is not all there is of its period, its own numbers alone would mislead.
    if (period.published, period.due()) != (run.published, run.found) {
        let _ = write!(
            title,
            "; of the period {} of {} published, {} failed",
            period.published,
            period.due(),
            period.failed
        );
    }
    let mut facts = vec![
        format!(
            "Found {}, published {}, of them {} for paper, excused {}, in {}",
            run.found,
            run.published,
            run.paper,
            run.excused,
            span(run.duration)
        ),
        format!(
            "The period as it stands: {} of {} published, {} failed, {} open",
            period.published,
            counted(period.due(), "document"),
            period.failed,
            period.open
        ),
    ];
    if failed > 0 {
        let causes: Vec<_> = run
            .failed
            .iter()
            .map(|(cause, documents)| format!("{cause} {documents}"))
            .collect();
        facts.push(format!("Failed by cause: {}", causes.join(", ")));
    }
    if run.closed_active > 0 {
        facts.push(format!(
            "Of accounts closed before the period that still moved or held something: {}",
            counted(run.closed_active, "document")
        ));
    }
    if run.unusable_rows > 0 {
        facts.push(format!(
            "In no document, because no account can have their account_id: {}",
            counted(run.unusable_rows, "row")
        ));
    }
    let urgency = if failed > 0 || period.failed > 0 || run.unusable_rows > 0 {
        Urgency::Warning
    } else {
        Urgency::Note
    };
    Alert {
        documents: Some(run.found),
        facts,
        ..alert(cause, cause.name, urgency, title, &run.about)
    }
}
