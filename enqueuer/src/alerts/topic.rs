//! An SNS topic.

use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::timeout::TimeoutConfig;
use aws_sdk_sns::config::{Builder, Region};
use common::{Result, aws};

/// Until an answer must be there: an alert is small, and a command waits for it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// For all tries together.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    pub async fn open(arn: &str) -> Result<Self> {
        let shared = aws::sdk_config().await?;
        Ok(Self::with(Builder::from(&shared), arn))
    }

    /// The topic's region is its own, not that of queue and store.
    pub(super) fn with(config: Builder, arn: &str) -> Self {
        let region = arn.split(':').nth(3).unwrap_or_default().to_owned();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(ATTEMPT_TIMEOUT / 2)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(TIMEOUT)
            .build();
        let config = config.region(Region::new(region)).timeout_config(timeouts);
        Self {
            client: Client::from_conf(config.build()),
            arn: arn.to_owned(),
        }
    }

    /// Whether there is the topic. Tells when nobody would hear of anything.
    pub async fn check(&self) -> Result<Option<String>> {
        let asked = self.client.get_topic_attributes().topic_arn(&self.arn);
        let topic = asked
            .send()
            .await
            .map_err(|error| aws::failed("looking at the SNS topic of ALERTS", error))?;
        let confirmed = topic
            .attributes()
            .and_then(|attributes| attributes.get("SubscriptionsConfirmed"));
        let unheard =
            "nobody has subscribed to the topic, or nobody has confirmed it: runbooks/alerts.md";
        Ok(confirmed
            .is_some_and(|subscriptions| subscriptions == "0")
            .then(|| unheard.to_owned()))
    }

    /// Publishes a message, which is a JSON object of texts by protocol; the SDK tries again.
    pub async fn publish(&self, subject: String, message: String) -> Result<()> {
        let request = self.client.publish().topic_arn(&self.arn);
        request
            .subject(subject)
            .message_structure("json")
            .message(message)
            .send()
            .await
            .map(drop)
            .map_err(|error| aws::failed("publishing an alert to the SNS topic", error))
    }
}
