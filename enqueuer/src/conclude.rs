//! The end of runs: one alert per cause, the deadline's forecast, the summary once.

use std::collections::BTreeMap;
use std::time::Duration;

use common::config::Config;
use common::ledger::{
    AlertClaim, CauseCount, Command, HoldCause, Ledger, OpenRun, RunProgress, Selection, State,
};
use common::statement::DocumentId;
use common::{Error, Result};

use crate::alerts::events::{
    DeadlineAtRisk, Documents, Held, PeriodHeld, PeriodStanding, RunSummary, WaitingForDatabase,
    deadline_at_risk, documents_failed, period_held, published_with_warning, queue_stuck,
    run_failed, run_summary, waiting_for_database,
};
use crate::alerts::{About, Alert, Alerts, mending_of_hold};
use crate::deadline::{self, Deadline, Forecast};
use crate::sweep::{Stuck, Waiting};
use crate::unusable;

/// Documents that an alert shows.
const EXAMPLES: i64 = 5;

/// What was concluded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Concluded {
    /// Runs that go on.
    pub open: u64,
    pub ended: u64,
    /// Alerts that were sent.
    pub alerts: u64,
}

/// Looks at every run that has not ended: says what must be said of it, and ends it when all its documents are settled.
pub async fn runs(
    config: &Config,
    ledger: &Ledger,
    deadline: Option<&Deadline>,
) -> Result<Concluded> {
    Conclusion::of(config, ledger).look_at_all(deadline).await
}

/// The same by a run, whose own answer tells how it stands.
pub async fn by_a_run(config: &Config, ledger: &Ledger) -> Result<Concluded> {
    let mut conclusion = Conclusion::of(config, ledger);
    conclusion.alerts = conclusion.alerts.beside_answer(config.deployment);
    conclusion.look_at_all(None).await
}

/// Jobs that do not begin: said once of each.
pub async fn stuck(config: &Config, ledger: &Ledger, stuck: &[Stuck]) -> Result<()> {
    let mut conclusion = Conclusion::of(config, ledger);
    for stuck in stuck {
        let alert = queue_stuck(&stuck.seen);
        let id = Stuck::alert_id(&stuck.job_id);
        conclusion.send_once(&id, &alert).await?;
    }
    Ok(())
}

/// What waits for connections of the database, by run: noted for whoever looks, and said once of each run.
pub async fn waiting(
    config: &Config,
    ledger: &Ledger,
    waiting: &BTreeMap<String, Waiting>,
) -> Result<()> {
    let mut conclusion = Conclusion::of(config, ledger);
    for open in ledger.open_runs().await? {
        let run_id = &open.run.run_id;
        let of_run = waiting.get(run_id);
        let slots = of_run.and_then(|of_run| i64::try_from(of_run.slots).ok());
        if slots != open.waiting_for_database {
            ledger.note_waiting_for_database(run_id, slots).await?;
        }
        if let Some(of_run) = of_run {
            let alert = waiting_for_database(&WaitingForDatabase {
                about: about(&open),
                slots: of_run.slots,
                free: of_run.units.available,
                connections: of_run.units.total,
                per_converter: of_run.units.per_converter,
            });
            let id = format!("{run_id}.database");
            conclusion.send_once(&id, &alert).await?;
        }
    }
    Ok(())
}

struct Conclusion<'a> {
    config: &'a Config,
    ledger: &'a Ledger,
    alerts: Alerts,
    concluded: Concluded,
}

impl<'a> Conclusion<'a> {
    fn of(config: &'a Config, ledger: &'a Ledger) -> Self {
        Self {
            config,
            ledger,
            alerts: Alerts::new(&config.alerts),
            concluded: Concluded::default(),
        }
    }

    async fn look_at_all(mut self, deadline: Option<&Deadline>) -> Result<Concluded> {
        for open in self.ledger.open_runs().await? {
            self.look_at(&open, deadline).await?;
        }
        Ok(self.concluded)
    }

    async fn look_at(&mut self, open: &OpenRun, deadline: Option<&Deadline>) -> Result<()> {
        let run_id = &open.run.run_id;
        let progress = self.ledger.run_progress(run_id).await?;
        let causes = self.ledger.causes_of_run(run_id).await?;
        self.say_causes(open, &causes).await?;
        self.say_hold(open, &progress).await?;
        if let Some(deadline) = deadline {
            self.say_deadline(open, &progress, deadline).await?;
        }
        if open.is_being_submitted || progress.open() > 0 {
            self.concluded.open += 1;
            return Ok(());
        }
        let said = if !open.is_recorded && open.run.command == Command::Run {
            self.say_interrupted(open).await?
        } else if progress.due() > 0 || self.is_empty_month(open).await? {
            self.say_summary(open, &progress, &causes).await?
        } else {
            // A run that found nothing new has nothing to say.
            true
        };
        if !said {
            self.concluded.open += 1;
            return Ok(());
        }
        if self.ledger.end_run(run_id).await? {
            self.concluded.ended += 1;
        }
        Ok(())
    }

    /// A run whose process died before the ledger had what it found: nobody else would ever look for it.
    async fn say_interrupted(&mut self, open: &OpenRun) -> Result<bool> {
        let interrupted = Error::retry(
            "interrupted",
            "the run died before it had recorded what it found",
        );
        let alert = run_failed(open.run.period, &interrupted);
        let id = format!("{}.interrupted", open.run.run_id);
        self.send_once(&id, &alert).await
    }

    /// Whether the period has no document at all: a wrong source would look like this.
    async fn is_empty_month(&self, open: &OpenRun) -> Result<bool> {
        let counts = self.ledger.counts(&Selection::all(open.run.period)).await?;
        Ok(open.run.command == Command::Run && counts.values().sum::<i64>() == 0)
    }

    /// One message per cause, and another one for ten times as many.
    async fn say_causes(&mut self, open: &OpenRun, causes: &[CauseCount]) -> Result<()> {
        for CauseCount {
            state,
            cause,
            documents,
            ..
        } in causes
        {
            let alert = match state {
                State::Failed => documents_failed,
                State::Succeeded => published_with_warning,
                _ => continue,
            };
            let documents = count(*documents);
            let magnitude = documents.max(1).ilog10();
            let id = format!("{}.{state}.{cause}.{magnitude}", open.run.run_id);
            // Before the examples are looked for: most sweeps find it sent.
            if self.ledger.claim_alert(&id).await? != AlertClaim::Mine {
                continue;
            }
            let examples = self
                .ledger
                .examples_of_run(&open.run.run_id, *state, cause, EXAMPLES)
                .await?;
            let alert = alert(&Documents {
                about: about(open),
                cause: cause.clone(),
                documents,
                examples: examples
                    .iter()
                    .map(|id| id.parse())
                    .collect::<Result<Vec<DocumentId>>>()?,
            });
            self.send_claimed(&id, &alert).await?;
        }
        Ok(())
    }

    async fn say_hold(&mut self, open: &OpenRun, progress: &RunProgress) -> Result<()> {
        let Some(hold) = self.ledger.held(open.run.period).await? else {
            return Ok(());
        };
        let why = match hold.cause {
            HoldCause::Refusals => {
                let refused = self.ledger.refused(&open.run).await?;
                if refused == 0 {
                    // It is for another run of the period to say.
                    return Ok(());
                }
                Held::Refusals {
                    refused: count(refused),
                    documents: count(progress.due()),
                }
            }
            HoldCause::Config => Held::Misconfigured {
                said: hold.reason.clone(),
            },
            HoldCause::Stopped => Held::Stopped,
        };
        let alert = period_held(&PeriodHeld {
            about: about(open),
            why,
            waiting: count(progress.of(State::Due)),
        });
        self.send_once(&format!("{}.held", hold.hold_id), &alert)
            .await?;
        Ok(())
    }

    async fn say_deadline(
        &mut self,
        open: &OpenRun,
        progress: &RunProgress,
        deadline: &Deadline,
    ) -> Result<()> {
        let left = progress.open();
        if left == 0 {
            return Ok(());
        }
        let Some(month_end) = self.ledger.month_end_run(open.run.period).await? else {
            return Ok(());
        };
        let deadline = deadline.after(month_end.started_at, &self.config.business_timezone);
        // What is put right after the deadline was never to be done by it; what a run takes over from the month end was.
        let is_month_end = open.run.run_id == month_end.run_id
            || open.run.command == Command::Run && month_end.ended_at.is_none();
        if !is_month_end && open.started_at > deadline {
            return Ok(());
        }
        let forecast = deadline::forecast(self.ledger, open, left).await?;
        tracing::info!(run.id = open.run.run_id, forecast = forecast.instant().map(|instant| instant.to_string()), %deadline, left, "forecast");
        let in_time = match forecast {
            Forecast::At(instant) => instant <= deadline,
            Forecast::TooEarly => open.now <= deadline,
            Forecast::Stalled => false,
        };
        if in_time {
            return Ok(());
        }
        let held = self.ledger.held(open.run.period).await?;
        // More processors do nothing for what nobody submits, nor for what waits for the database.
        let (mend, command) = match (held, open.waiting_for_database) {
            (Some(hold), _) => (
                "the period is held, and nothing of it is submitted until it is resumed".to_owned(),
                Some(mending_of_hold(hold.cause, open.run.period).command),
            ),
            (None, Some(slots)) => (
                format!(
                    "{slots} slots wait for connections of the database: raise DATABASE_CONNECTIONS as far as it bears, or pack more documents per slot"
                ),
                None,
            ),
            (None, None) => (
                "raise maxvCpus of the compute environment, or pack more documents per slot"
                    .to_owned(),
                None,
            ),
        };
        let alert = deadline_at_risk(&DeadlineAtRisk {
            about: about(open),
            forecast: forecast.instant(),
            deadline,
            zone: self.config.business_timezone.clone(),
            left: count(left),
            mend,
            command,
        });
        self.send_once(&format!("{}.deadline", open.run.run_id), &alert)
            .await?;
        Ok(())
    }

    /// Whether the summary has been sent, now or before.
    async fn say_summary(
        &mut self,
        open: &OpenRun,
        progress: &RunProgress,
        causes: &[CauseCount],
    ) -> Result<bool> {
        let took = open.now.duration_since(open.started_at);
        let failed = causes.iter().filter(|cause| cause.state == State::Failed);
        let unaccounted = self.ledger.unaccounted_of(&open.run.run_id).await?;
        let published = count(progress.of(State::Succeeded) + progress.of(State::Superseded));
        let period = self.standing(open).await?;
        let alert = run_summary(&RunSummary {
            about: about(open),
            found: count(progress.due()),
            published,
            failed: failed
                .map(|failed| (failed.cause.clone(), count(failed.documents)))
                .collect(),
            excused: count(progress.of(State::Excused)),
            closed_active: unaccounted.closed_active,
            unusable_rows: unusable::rows(&unaccounted.unusable),
            paper: count(progress.paper),
            duration: Duration::try_from(took).unwrap_or_default(),
            period,
        });
        // A run that ended, and had documents again, tells anew what became of all.
        let id = format!("{}.summary.{published}.{}", open.run.run_id, progress.due());
        self.send_once(&id, &alert).await
    }

    /// How the run's period stands, by the latest revision of each document.
    async fn standing(&self, open: &OpenRun) -> Result<PeriodStanding> {
        let counts = self.ledger.counts(&Selection::all(open.run.period)).await?;
        let of = |state: State| count(counts.get(&state).copied().unwrap_or_default());
        Ok(PeriodStanding {
            published: of(State::Succeeded),
            failed: of(State::Failed),
            open: of(State::Due) + of(State::Submitted) + of(State::Running),
        })
    }

    /// Sends an alert that was never sent, and says whether it has been sent now. One that does not arrive is the next sweep's.
    async fn send_once(&mut self, id: &str, alert: &Alert) -> Result<bool> {
        match self.ledger.claim_alert(id).await? {
            AlertClaim::Sent => return Ok(true),
            AlertClaim::Busy => return Ok(false),
            AlertClaim::Mine => {}
        }
        self.send_claimed(id, alert).await
    }

    async fn send_claimed(&mut self, id: &str, alert: &Alert) -> Result<bool> {
        let sent = self.alerts.send(alert).await;
        self.ledger.end_alert(id, sent).await?;
        self.concluded.alerts += u64::from(sent);
        Ok(sent)
    }
}

fn about(open: &OpenRun) -> About {
    About {
        period: open.run.period,
        run_id: Some(open.run.run_id.clone()),
    }
}

fn count(documents: i64) -> u64 {
    u64::try_from(documents).unwrap_or_default()
}
