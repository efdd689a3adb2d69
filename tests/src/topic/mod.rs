//! Where alerts go: a server that plays an SNS topic and a Slack webhook, and keeps what it is told.

mod slack;
mod sns;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::aws_bodies::{self, Body};
use crate::batch::Fault;
use crate::loopback::{Answer, Loopback, Request};

const TOPIC_ARN: &str = "arn:aws:sns:ap-northeast-1:123456789012:statements";
const WEBHOOK_PATH: &str = "/services/T0000/B0000/webhook";

/// How long a test waits for messages.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server.
pub struct Topic {
    shared: Arc<Shared>,
    loopback: Loopback,
}

/// What was told, and by which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The parameters of `Publish`, without `Action` and `Version`.
    Sns(Map<String, Value>),
    Slack(Value),
}

impl Message {
    /// The JSON text that SNS posts by HTTPS, as to Amazon Q Developer, or what Slack was told.
    pub fn json(&self) -> Result<Value> {
        if let Self::Slack(body) = self {
            return Ok(body.clone());
        }
        let text = self.by("https")?;
        serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
    }

    /// What SNS sends to a subscriber by a protocol.
    pub fn by(&self, protocol: &str) -> Result<String> {
        let Self::Sns(parameters) = self else {
            anyhow::bail!("not published to SNS: {self:?}");
        };
        let text = parameters["Message"].as_str().context("no message")?;
        if parameters.get("MessageStructure").is_none() {
            return Ok(text.to_owned());
        }
        let texts: Map<String, Value> = serde_json::from_str(text)?;
        let found = texts.get(protocol).or_else(|| texts.get("default"));
        Ok(found.and_then(Value::as_str).context("no text")?.to_owned())
    }

    /// The subject of a mail.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Sns(parameters) => parameters.get("Subject")?.as_str(),
            Self::Slack(_) => None,
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// What was accepted, whether its sender heard of it or not.
    messages: Vec<Message>,
    requests: usize,
    faults: Vec<Fault>,
    /// Nobody has confirmed a subscription.
    is_unheard: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Topic {
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let answering = shared.clone();
        let loopback = Loopback::serve(move |request| answer(answering.clone(), request)).await?;
        Ok(Self { shared, loopback })
    }

    /// What `AWS_ENDPOINT_URL_SNS` is set to.
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// `ALERTS=sns:…`.
    pub fn arn(&self) -> &'static str {
        TOPIC_ARN
    }

    /// `ALERTS=slack:…`.
    pub fn webhook(&self) -> String {
        format!("{}{WEBHOOK_PATH}", self.url())
    }

    /// The next requests have a fault, one after the other.
    pub fn disturb(&self, fault: Fault, times: usize) {
        let mut state = self.shared.state();
        state.faults.extend(std::iter::repeat_n(fault, times));
    }

    /// Nobody has confirmed a subscription any more.
    pub fn unsubscribe_all(&self) {
        self.shared.state().is_unheard = true;
    }

    /// The next requests fail (500).
    pub fn fail(&self, times: usize) {
        self.disturb(Fault::Fail, times);
    }

    /// What was accepted so far, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.state().messages.clone()
    }

    /// How many requests came, refused ones too.
    pub fn requests(&self) -> usize {
        self.shared.state().requests
    }

    /// Waits until so many messages were accepted.
    pub async fn wait_messages(&self, count: usize) -> Result<Vec<Message>> {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                let messages = self.messages();
                if messages.len() >= count {
                    return messages;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .with_context(|| format!("waited in vain for {count} messages: {:?}", self.messages()))
    }

    /// Demands that SNS would take what it was sent.
    pub async fn expect_valid_bodies(&self) -> Result<()> {
        let bodies: Vec<Value> = self
            .messages()
            .into_iter()
            .filter_map(|message| match message {
                Message::Sns(parameters) => Some(Value::Object(parameters)),
                Message::Slack(_) => None,
            })
            .collect();
        ensure!(!bodies.is_empty(), "nothing was published");
        let publish = |body| Body {
            service: "sns",
            operation: "Publish",
            is_request: true,
            body,
        };
        aws_bodies::expect_valid(bodies.iter().map(publish)).await
    }
}

async fn answer(shared: Arc<Shared>, request: Request) -> Option<Answer> {
    let fault = {
        let mut state = shared.state();
        state.requests += 1;
        let is_due = !state.faults.is_empty();
        is_due.then(|| state.faults.remove(0))
    };
    if let Some(Fault::Slow(delay)) = fault {
        sleep(delay).await;
    }
    let outcome = if request.path == WEBHOOK_PATH {
        slack::answer(&request, fault).map(|(message, answer)| (Some(message), answer))
    } else {
        let subscriptions = usize::from(!shared.state().is_unheard);
        sns::answer(&request, fault, subscriptions)
    };
    let answer = match outcome {
        Ok((message, answer)) => {
            shared.state().messages.extend(message);
            shared.changed.notify_waiters();
            answer
        }
        Err(refused) => refused,
    };
    if let Some(Fault::AnswerLate(delay)) = fault {
        sleep(delay).await;
    }
    (fault != Some(Fault::LoseAnswer)).then_some(answer)
}
