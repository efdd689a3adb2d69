//! How a period stands: looked up again and again, as cheaply as it can be.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::config::{Config, Deployment};
use common::ledger::{
    Command, Failures, Hold, Kept, Ledger, MonthEndRun, PeriodRun, Selection, State,
};
use common::statement::Period;
use common::{Class, Error, Result};
use jiff::{SignedDuration, Timestamp};

use super::pace::{self, Pace};
use crate::context::open_ledger;
use crate::deadline::Deadline;

/// A ledger that has not answered for so long is away.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Failures are grouped again when there are more or fewer of them, and after so long at the latest.
const FAILURES_AFTER: Duration = Duration::from_secs(30);

/// How a period stands.
#[derive(Debug, Clone)]
pub struct Standing {
    pub period: Period,
    /// By the ledger's clock.
    pub now: Timestamp,
    pub counts: BTreeMap<State, i64>,
    /// Those that go on; otherwise the newest.
    pub runs: Vec<PeriodRun>,
    pub failures: Vec<Failures>,
    pub hold: Option<Hold>,
    /// Documents per thousand seconds.
    pub in_last_minute: Option<i64>,
    pub over_run: Option<i64>,
    pub outlook: Outlook,
    pub deadline: Option<Timestamp>,
    /// How it was kept, once it was.
    pub kept: Option<Kept>,
    /// A schedule begins the next run.
    pub is_scheduled: bool,
}

/// What is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// The period has no run yet.
    NoRun,
    /// A run looks for what is due.
    Recording,
    /// Nothing is open, and nobody looks for more.
    Complete,
    /// As complete, but a run died before it had recorded what it found.
    Interrupted,
    /// Nothing is submitted as long as the period is held.
    Held,
    /// Locally: documents are due, and no run that would submit them.
    Abandoned,
    TooEarly,
    /// Nothing has been settled for ten minutes.
    Stalled,
    Ends(Timestamp),
}

impl Standing {
    pub fn of(&self, state: State) -> i64 {
        self.counts.get(&state).copied().unwrap_or_default()
    }

    /// Published or failed.
    pub fn settled(&self) -> i64 {
        self.of(State::Succeeded) + self.of(State::Superseded) + self.of(State::Failed)
    }

    pub fn open(&self) -> i64 {
        self.of(State::Due) + self.of(State::Submitted) + self.of(State::Running)
    }

    /// All but the excused.
    pub fn total(&self) -> i64 {
        self.settled() + self.open()
    }

    /// Nothing is open and nothing will come by itself.
    pub fn is_over(&self) -> bool {
        match self.outlook {
            Outlook::Complete => true,
            Outlook::Interrupted => !self.is_scheduled,
            _ => false,
        }
    }

    /// Whatever goes on began after the deadline, and is not the month end.
    fn is_afterwards(&self, month_end: &MonthEndRun, deadline: Timestamp) -> bool {
        self.runs
            .iter()
            .all(|run| run.started_at > deadline && run.run_id != month_end.run_id)
    }

    /// When the last run ended, if all have.
    fn ended_at(&self) -> Option<Timestamp> {
        let ended: Option<Vec<Timestamp>> = self.runs.iter().map(|run| run.ended_at).collect();
        ended?.into_iter().max()
    }

    /// How long before the deadline it is or will be done, negative after it; `None` = nobody knows, or there is no deadline.
    pub fn margin(&self) -> Option<SignedDuration> {
        let deadline = self.deadline?;
        if let Some(kept) = self.kept {
            return Some(deadline.duration_since(kept.last_settled_at?));
        }
        match self.outlook {
            Outlook::Ends(end) => Some(deadline.duration_since(end)),
            // Whatever happens, it is missed by that much at least.
            _ if !self.is_over() && self.now > deadline => Some(deadline.duration_since(self.now)),
            _ => None,
        }
    }
}

/// Looks at a period.
pub struct Observer<'a> {
    config: &'a Config,
    period: Period,
    deadline: Option<Deadline>,
    /// `None` = the connection was lost.
    ledger: Option<Ledger>,
    /// Since when the pace is measured, and the pace.
    pace: Option<(Timestamp, Pace)>,
    /// The run by which the deadline is told, and the runs among which it was found.
    month_end: Option<(Vec<PeriodRun>, Option<MonthEndRun>)>,
    /// What was found of so many failed documents, and when.
    failures: Option<(i64, Instant, Vec<Failures>)>,
}

impl<'a> Observer<'a> {
    pub fn new(
        config: &'a Config,
        ledger: Ledger,
        period: Period,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            config,
            period,
            deadline,
            ledger: Some(ledger),
            pace: None,
            month_end: None,
            failures: None,
        }
    }

    /// Looks once. After an error of class `Retry` the next look connects anew.
    pub async fn look(&mut self) -> Result<Standing> {
        let looked = tokio::time::timeout(ANSWER_WITHIN, self.look_at_ledger()).await;
        let looked = looked.unwrap_or_else(|_| {
            let seconds = ANSWER_WITHIN.as_secs();
            Err(Error::retry(
                "database",
                format!("the ledger has not answered for {seconds} s"),
            ))
        });
        if looked
            .as_ref()
            .is_err_and(|error| error.class() == Class::Retry)
        {
            self.ledger = None;
        }
        looked
    }

    async fn look_at_ledger(&mut self) -> Result<Standing> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => open_ledger(self.config).await?,
        };
        let ledger = &*self.ledger.insert(ledger);
        let now = ledger.now().await?;
        let runs = ledger.runs(self.period).await?;
        let counts = ledger.counts(&Selection::all(self.period)).await?;
        let hold = ledger.held(self.period).await?;
        let mut standing = Standing {
            period: self.period,
            now,
            counts,
            runs: going_on_or_newest(runs.clone(), self.config.deployment),
            failures: Vec::new(),
            hold,
            in_last_minute: None,
            over_run: None,
            outlook: Outlook::NoRun,
            deadline: None,
            kept: None,
            is_scheduled: self.config.deployment == Deployment::Aws,
        };
        let failed = standing.of(State::Failed);
        standing.failures = match self.failures.take() {
            Some((then, asked, found)) if then == failed && asked.elapsed() < FAILURES_AFTER => {
                self.failures = Some((then, asked, found.clone()));
                found
            }
            _ if failed == 0 => Vec::new(),
            _ => {
                let found = ledger.failures(self.period).await?;
                self.failures = Some((failed, Instant::now(), found.clone()));
                found
            }
        };
        let Some(began) = standing.runs.first().map(|run| run.started_at) else {
            return Ok(standing);
        };
        let pace = match self.pace.take() {
            Some((since, mut pace)) if since == began => {
                pace.observe(now, standing.settled());
                pace
            }
            _ => {
                let lately = ledger.settled_lately(self.period, now, began).await?;
                Pace::of(began, now, standing.settled(), lately)
            }
        };
        if let Some(ended) = standing.ended_at() {
            // It does not get slower by being looked at later.
            let took = ended.as_millisecond() - began.as_millisecond();
            standing.over_run =
                Some(pace.settled_since_began().saturating_mul(1_000_000) / took.max(1));
        } else {
            standing.in_last_minute = pace.in_last_minute();
            standing.over_run = pace.over_run();
        }
        let someone_works = !matches!(self.config.deployment, Deployment::Local)
            || standing.of(State::Running) > 0 && ledger.running_alive(self.period).await? > 0;
        standing.outlook = outlook(&standing, &pace, someone_works);
        self.pace = Some((began, pace));
        if let Some(deadline) = &self.deadline {
            let known = self.month_end.take().filter(|(then, _)| *then == runs);
            // The month end's run may still be finding documents.
            let is_growing = |run: &PeriodRun| run.is_being_submitted && !run.is_recorded;
            let found = match known.filter(|_| !runs.iter().any(is_growing)) {
                Some((_, found)) => found,
                None => ledger.month_end_run(self.period).await?,
            };
            if let Some(month_end) = &found {
                let at = deadline.after(month_end.started_at, &self.config.business_timezone);
                standing.deadline = Some(at);
                if standing.outlook == Outlook::Complete || standing.is_afterwards(month_end, at) {
                    let kept = ledger.kept(self.period, month_end, at).await?;
                    standing.kept = Some(kept).filter(|kept| kept.open == 0);
                }
            }
            self.month_end = Some((runs, found));
        }
        Ok(standing)
    }
}

/// Runs that go on; otherwise the newest. Nobody ends a run whose process was killed on this machine, or before it had
/// recorded what it found: the next one takes over what it left.
fn going_on_or_newest(runs: Vec<PeriodRun>, deployment: Deployment) -> Vec<PeriodRun> {
    let newest = runs.last().cloned();
    let is_of_sweep = |run: &PeriodRun| deployment == Deployment::Aws && run.is_recorded;
    let going_on: Vec<PeriodRun> = runs
        .into_iter()
        .filter(|run| run.ended_at.is_none())
        .filter(|run| run.is_being_submitted || is_of_sweep(run) || newest.as_ref() == Some(run))
        .collect();
    if going_on.is_empty() {
        newest.into_iter().collect()
    } else {
        going_on
    }
}

/// `someone_works`: what runs gives signs of life, or, on AWS, is the next sweep's to settle.
fn outlook(standing: &Standing, pace: &Pace, someone_works: bool) -> Outlook {
    let open = standing.open();
    let is_alive = |run: &PeriodRun| run.is_being_submitted;
    let someone_submits = standing.runs.iter().any(is_alive);
    let died_early =
        |run: &PeriodRun| run.command == Command::Run && run.ended_at.is_none() && !run.is_recorded;
    match open {
        0 if someone_submits => Outlook::Recording,
        0 if standing.runs.iter().any(died_early) => Outlook::Interrupted,
        0 => Outlook::Complete,
        _ if standing.hold.is_some()
            && standing.of(State::Submitted) + standing.of(State::Running) == 0 =>
        {
            Outlook::Held
        }
        _ if !someone_submits && !someone_works => Outlook::Abandoned,
        _ => match pace.forecast(open) {
            pace::Forecast::In(ms) => standing
                .now
                .checked_add(SignedDuration::from_millis(ms))
                .map_or(Outlook::Stalled, Outlook::Ends),
            pace::Forecast::TooEarly => Outlook::TooEarly,
            pace::Forecast::Stalled => Outlook::Stalled,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(run_id: &str, ended: bool, recorded: bool) -> PeriodRun {
        PeriodRun {
            run_id: run_id.to_owned(),
            command: Command::Run,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: ended.then_some(Timestamp::UNIX_EPOCH),
            is_being_submitted: false,
            is_recorded: recorded,
            waiting_for_database: None,
        }
    }

    fn shown(runs: &[PeriodRun], deployment: Deployment) -> Vec<String> {
        let runs = going_on_or_newest(runs.to_vec(), deployment);
        runs.into_iter().map(|run| run.run_id).collect()
    }

    #[test]
    fn a_run_that_was_killed_does_not_go_on_once_another_followed() {
        let killed = [run("killed", false, false), run("next", true, true)];
        assert_eq!(shown(&killed, Deployment::Local), ["next"]);
        assert_eq!(shown(&killed, Deployment::Aws), ["next"]);
        assert_eq!(shown(&killed[..1], Deployment::Local), ["killed"]);
        // Its documents are under way in Batch.
        let submitted = [run("month", false, true), run("resubmit", true, true)];
        assert_eq!(shown(&submitted, Deployment::Aws), ["month"]);
        assert_eq!(shown(&submitted, Deployment::Local), ["resubmit"]);
        assert_eq!(shown(&[], Deployment::Local), [""; 0]);
    }
}
