//! Alerts: one message per cause, to the log, an SNS topic or a Slack webhook, with the runbook and the line that mends it.
//! Never a customer's name, address or amounts: of a document only its id, and of an error only its cause. Failing to
//! alert never fails a command or a document.

mod causes;
pub mod events;
mod mending;
mod message;
mod topic;
mod webhook;

#[cfg(test)]
mod tests;

use common::clock::Clock;
use common::config::{AlertsTo, Config, Deployment};
use common::ledger::{AlertClaim, Ledger};
use common::statement::{DocumentId, Period};
use common::{Class, Error, Result};
use tokio::sync::OnceCell;

pub use self::mending::{
    of_failure as mending_of_failure, of_hold as mending_of_hold, of_warning as mending_of_warning,
};
use self::topic::Topic;
use self::webhook::Webhook;

/// Document ids that an alert shows.
const MAX_EXAMPLES: usize = 5;

/// How soon someone must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Nothing is wrong.
    Note,
    /// Within the working day.
    Warning,
    /// Now: the month end does not go on by itself, or documents are missing.
    Alarm,
}

/// Which period, and which run of it. A run's alerts are one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub period: Period,
    pub run_id: Option<String>,
}

/// One message. `events` makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The word by which it is found again: the ledger's cause, or that of an event.
    pub cause: String,
    pub urgency: Urgency,
    pub title: String,
    /// `None`: of no period, as a test is.
    pub about: Option<About>,
    /// How many documents it is about.
    pub documents: Option<u64>,
    pub examples: Vec<DocumentId>,
    /// Counts and instants, a line each.
    pub facts: Vec<String>,
    pub meaning: &'static str,
    /// The file of that name in `runbooks/`, without `.md`.
    pub runbook: &'static str,
    /// The line that mends it.
    pub command: String,
}

/// Sends alerts to where they go.
pub struct Alerts {
    to: AlertsTo,
    /// The command says the same itself, on the terminal that its log goes to.
    is_said: bool,
    topic: OnceCell<Topic>,
    webhook: OnceCell<Webhook>,
}

impl Alerts {
    pub fn new(to: &AlertsTo) -> Self {
        Self {
            to: to.clone(),
            is_said: false,
            topic: OnceCell::new(),
            webhook: OnceCell::new(),
        }
    }

    /// Of a command that tells the same in its answer. On this machine the log shows it with `LOG=info` only, so that nobody reads it
    /// twice; a log of AWS, a topic and a webhook have it as before.
    #[must_use]
    pub fn beside_answer(mut self, deployment: Deployment) -> Self {
        self.is_said = deployment == Deployment::Local;
        self
    }

    /// Sends an alert and says whether it arrived: whoever finds the same again may try again. Otherwise the log has it.
    pub async fn send(&self, alert: &Alert) -> bool {
        let sent = self.deliver(alert).await;
        if let Err(error) = &sent {
            log(alert, alert.urgency);
            tracing::warn!(
                alert = alert.cause,
                to = %self.to,
                error = error.chain(),
                "the alert could not be delivered"
            );
        }
        sent.is_ok()
    }

    /// In the log. That a run died is in no answer.
    fn urgency_of(&self, alert: &Alert) -> Urgency {
        if self.is_said && alert.cause != causes::RUN_FAILED.name {
            Urgency::Note
        } else {
            alert.urgency
        }
    }

    /// Whether there is a topic; tells when nobody would hear of anything. Nothing else can be asked without sending.
    pub async fn check(&self) -> Result<Option<String>> {
        match &self.to {
            AlertsTo::Sns { topic_arn } => Topic::open(topic_arn).await?.check().await,
            AlertsTo::Log | AlertsTo::Slack { .. } => Ok(None),
        }
    }

    /// Sends an alert; the error says why it did not arrive.
    pub async fn deliver(&self, alert: &Alert) -> Result<()> {
        match &self.to {
            AlertsTo::Log => log(alert, self.urgency_of(alert)),
            AlertsTo::Sns { topic_arn } => {
                let topic = self
                    .topic
                    .get_or_try_init(|| Topic::open(topic_arn))
                    .await?;
                topic
                    .publish(message::subject(alert), message::by_protocol(alert))
                    .await?;
                tracing::info!(alert = alert.cause, to = %self.to, "alert sent");
            }
            AlertsTo::Slack { webhook } => {
                let webhook = self
                    .webhook
                    .get_or_init(async || Webhook::new(webhook))
                    .await;
                webhook.post(&message::webhook_body(alert)).await?;
                tracing::info!(alert = alert.cause, to = %self.to, "alert sent");
            }
        }
        Ok(())
    }
}

fn log(alert: &Alert, urgency: Urgency) {
    let line = message::log_line(alert);
    let period = alert.about.as_ref().map(|about| about.period.to_string());
    let run_id = alert.about.as_ref().and_then(|about| about.run_id.clone());
    // A level belongs to a place in the code, hence one for each.
    macro_rules! log_at {
        ($level:ident) => {
            tracing::$level!(
                alert = alert.cause,
                period,
                run.id = run_id,
                documents = alert.documents,
                runbook = alert.runbook,
                command = alert.command,
                "{line}"
            )
        };
    }
    match urgency {
        Urgency::Note => log_at!(info),
        Urgency::Warning => log_at!(warn),
        Urgency::Alarm => log_at!(error),
    }
}

/// Whether documents can fail by this word.
pub fn is_cause(name: &str) -> bool {
    causes::OF_DOCUMENTS.iter().any(|cause| cause.name == name)
}

/// A run or a sweep that ended with an error, told of once an hour, since its schedule comes more often.
pub async fn failed_this_hour(
    config: &Config,
    ledger: &Ledger,
    who: &str,
    period: Period,
    error: &Error,
) {
    let Some(alert) = of_failure(&config.alerts, period, error) else {
        return;
    };
    // The error itself is the command's last word.
    let alerts = Alerts::new(&config.alerts).beside_answer(config.deployment);
    let hour = Clock::default().now().strftime("%Y-%m-%dT%H").to_string();
    let id = format!("{who}.{period}.{}.{hour}", error.cause());
    match ledger.claim_alert(&id).await {
        Ok(AlertClaim::Mine) => {
            let sent = alerts.send(&alert).await;
            // What cannot be noted is told of again.
            let _ = ledger.end_alert(&id, sent).await;
        }
        Ok(_) => {}
        // Rather twice than not at all.
        Err(_) => {
            alerts.send(&alert).await;
        }
    }
}

/// What is told of a failed run. One that is due to the surroundings is tried again by the next event, and told by what fails.
fn of_failure(to: &AlertsTo, period: Period, error: &Error) -> Option<Alert> {
    if error.cause() == causes::SOURCE_NOT_READY.name {
        return Some(events::source_not_ready(&events::SourceNotReady {
            period,
            missing: error.to_string(),
        }));
    }
    // The log has it anyway.
    let is_told = error.class() != Class::Retry && *to != AlertsTo::Log;
    is_told.then(|| events::run_failed(period, error))
}
